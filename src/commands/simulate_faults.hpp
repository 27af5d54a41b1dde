#pragma once

#include "commands/simulate_command.hpp"
#include "simulator/options.hpp"

// The faults of a simulated plant from the options of `gensetd simulate`. All functions throw BadOption.
namespace gensetd::commands {

simulator::LineFaults faults_of(const SimulateOptions& options);
simulator::ReadLimits limits_of(const SimulateOptions& options);
simulator::LineOutage outage_of(const SimulateOptions& options);
simulator::ConverterIdentity identity_of(const SimulateOptions& options);
simulator::UnsolicitedData unsolicited_data_of(const SimulateOptions& options);
simulator::ConnectionBehaviour connections_of(const SimulateOptions& options);

}  // namespace gensetd::commands
