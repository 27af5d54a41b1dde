#pragma once

#include "events/catalogue.hpp"
#include "profile/profile.hpp"
#include "reading/reading.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace gensetd::events {

// The fields of a register map that produce events, determined once for each map. Fields are recognised by
// their roles, whatever their names.
struct EventFields {
  struct Alarm {
    std::size_t field;
    std::string_view code;
    std::optional<profile::AlarmClass> alarm_class;
  };
  struct Bit {
    std::size_t field;
    std::string_view on;  // the event codes
    std::string_view off;
  };
  struct Coded {
    std::size_t field;
    std::string_view code;
  };

  explicit EventFields(const profile::Profile& profile);

  // Whether the engine is known to run, or known not to run.
  std::optional<bool> is_engine_running(const reading::Content& content) const;

  // Whether the controller is known to have no alarm of this class: neither its bit nor the common one is
  // set. A class without a bit has no alarm while the common bit is 0.
  bool is_class_off(const reading::Content& content, profile::AlarmClass alarm_class) const;

  std::optional<std::size_t> engine_state;
  std::array<std::optional<std::size_t>, 4> modes;  // bits: auto, manual, stop, test
  std::optional<std::size_t> mode;                  // the code of the mode, if there are no bits
  std::vector<Alarm> alarms;                        // those with a class
  std::optional<std::size_t> common_alarm;          // set by alarms of every class
  std::optional<std::size_t> alarms_total;
  std::vector<Bit> bits;
  std::vector<Coded> coded;
};

}  // namespace gensetd::events
