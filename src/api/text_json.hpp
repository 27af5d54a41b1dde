#pragma once

#include "profile/text.hpp"

#include <boost/json/object.hpp>

namespace gensetd::api {

// A text of a profile in both languages.
inline boost::json::object text_json(const profile::Text& text) { return {{"en", text.en}, {"ru", text.ru}}; }

}  // namespace gensetd::api
