#include "api/page_file.hpp"

// Replaces the generated table when the program is built without the dashboard.
extern "C" {
extern const char gensetd_page_bytes[];
const char gensetd_page_bytes[] = "";
}

namespace gensetd::api {

std::span<const PageFile> page_files() { return {}; }

}  // namespace gensetd::api
