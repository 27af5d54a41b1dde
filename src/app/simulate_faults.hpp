#pragma once

#include "app/simulate_command.hpp"
#include "simulator/options.hpp"

// How a simulated plant misbehaves, by the options of `gensetd simulate`. All throw BadOption.
namespace gensetd::app {

simulator::Faults faults_of(const SimulateOptions& options);
simulator::Limits limits_of(const SimulateOptions& options);
simulator::Outage outage_of(const SimulateOptions& options);
simulator::Identity identity_of(const SimulateOptions& options);
simulator::IdleStrays idle_strays_of(const SimulateOptions& options);
simulator::ConnectionHabits connections_of(const SimulateOptions& options);

}  // namespace gensetd::app
