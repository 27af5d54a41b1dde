#pragma once

#include <boost/json/string_view.hpp>

#include <string_view>

namespace gensetd::events {

// Boost.JSON has its own type of string view.
inline boost::json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace gensetd::events
