#pragma once

#include <string>

namespace gensetd::http {

// Changes with the files of the page: a page that was loaded from others can load itself anew.
std::string ui_version();

}  // namespace gensetd::http
