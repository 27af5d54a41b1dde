#pragma once

#include <boost/asio/ssl/context.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace gensetd::server {

// PEM files: the certificate with its chain, and its key without passphrase. Empty: no TLS.
struct TlsFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

// Why a file cannot be read, or that it is empty; an empty text if it has content. Does not parse the file.
std::string why_unreadable(const std::filesystem::path& file);

// A context for TLS 1.2 and 1.3 with these files; null when none are given. Throws std::runtime_error with
// one line that names the setting, the file and the cause.
std::shared_ptr<boost::asio::ssl::context> load_tls(const TlsFiles& files);

}  // namespace gensetd::server
