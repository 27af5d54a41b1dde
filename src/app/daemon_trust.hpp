#pragma once

#include "app/daemon_url.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <string>

namespace gensetd::app {

// Which certificates of a daemon are believed. Null for http://, where there is none.
using Trust = std::shared_ptr<boost::asio::ssl::context>;

// Those signed by `ca`, a PEM file, or without one by the system's authorities. Throws BadOption, which names
// the file and what is wrong with it, or says that http:// has no use for one.
Trust trust_of(const DaemonUrl& url, const std::string& ca);

// Has the handshake of `connection` ask for url.host and accept only a certificate of that name or address;
// of an own daemon any.
void expect_certificate_of(const DaemonUrl& url, SSL* connection);

// Why the handshake failed, and what to do; without the URL.
std::string handshake_failure(SSL* connection, const boost::system::error_code& failed);

}  // namespace gensetd::app
