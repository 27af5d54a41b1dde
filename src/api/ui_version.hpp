#pragma once

#include <string>

namespace gensetd::api {

// Changes with the files of the page, so that a page that was loaded before an update can reload itself.
std::string ui_version();

}  // namespace gensetd::api
