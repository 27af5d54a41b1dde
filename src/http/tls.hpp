#pragma once

#include <boost/asio/ssl/context.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace gensetd::http {

// PEM files: the certificate with the chain to its root, and its key without passphrase. Empty: no TLS.
struct TlsFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

// Why a PEM file cannot be used before anybody looks for PEM in it; empty when it holds something.
std::string why_unreadable(const std::filesystem::path& file);

// TLS 1.2 and up with these. Null when none are given. Throws std::runtime_error with one line that names the
// setting, the file and what is wrong with it.
std::shared_ptr<boost::asio::ssl::context> load_tls(const TlsFiles& files);

}  // namespace gensetd::http
