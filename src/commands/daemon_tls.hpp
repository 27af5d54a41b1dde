#pragma once

#include "commands/daemon_url.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <string>

namespace gensetd::commands {

// Which certificates of a daemon are trusted. Null for http://.
using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

// Trusts certificates signed by `ca`, a PEM file; when it is empty, by the system's authorities. Throws
// BadOption with the file and what is wrong with it, or when `ca` is given for http://.
TlsContext make_tls_context(const DaemonUrl& url, const std::string& ca);

// The handshake of `connection` then requests url.host and accepts only a certificate for that name or
// address. For the local daemon (is_local) it accepts any name.
void expect_certificate_of(const DaemonUrl& url, SSL* connection);

// Why the handshake failed, and what to do. The text does not contain the URL.
std::string handshake_failure(SSL* connection, const boost::system::error_code& failed);

}  // namespace gensetd::commands
