#include "commands/daemon_tls.hpp"

#include "commands/bad_option.hpp"
#include "server/tls.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <fmt/format.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>
#include <string_view>

namespace gensetd::commands {
namespace {

namespace ssl = boost::asio::ssl;

void load_authority(ssl::context& context, const std::string& file) {
  const std::string why = server::why_unreadable(file);
  if (!why.empty()) throw BadOption(fmt::format("--ca: {}: {}", file, why));
  boost::system::error_code failed;
  context.load_verify_file(file, failed);
  if (failed)
    throw BadOption(
        fmt::format("--ca: {}: the file contains no valid PEM certificate ({})", file, failed.message()));
  // The file may also contain the server's own certificate, whichever authority signed it.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.native_handle()), X509_V_FLAG_PARTIAL_CHAIN);
}

bool is_address(const std::string& host) {
  boost::system::error_code failed;
  boost::asio::ip::make_address(host, failed);
  return !failed;
}

std::string certificate_problem(long reason) {
  switch (reason) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the server's certificate is for another name or address; give the URL that the certificate is "
             "for";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the server's certificate has expired; renew TLS_CERT of the daemon";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the server's certificate is not valid yet; check the clock of this machine";
    default:
      return fmt::format(
          "the server's certificate is not trusted ({}); give --ca FILE with the certificate of its "
          "authority",
          X509_verify_cert_error_string(reason));
  }
}

// The errors of OpenSSL when the peer does not speak TLS. They depend on how it interprets the bytes.
bool is_not_tls(const boost::system::error_code& failed) {
  if (failed.category() != boost::asio::error::get_ssl_category()) return false;
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(failed.value()));
  return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
         reason == SSL_R_UNEXPECTED_MESSAGE;
}

}  // namespace

TlsContext make_tls_context(const DaemonUrl& url, const std::string& ca) {
  if (!url.tls) {
    if (!ca.empty()) throw BadOption("--ca: an http:// URL has no certificate to check; give https://");
    return nullptr;
  }
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_verify_mode(ssl::verify_peer);
  if (ca.empty()) {
    context->set_default_verify_paths();
  } else {
    load_authority(*context, ca);
  }
  return context;
}

void expect_certificate_of(const DaemonUrl& url, SSL* connection) {
  if (url.is_local) return;  // only its own certificate is trusted, whatever the name in it
  if (is_address(url.host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), url.host.c_str());
    return;
  }
  SSL_set_tlsext_host_name(connection, url.host.c_str());
  SSL_set1_host(connection, url.host.c_str());
}

std::string handshake_failure(SSL* connection, const boost::system::error_code& failed) {
  const long reason = SSL_get_verify_result(connection);
  if (reason != X509_V_OK) return certificate_problem(reason);
  if (is_not_tls(failed))
    return "the server there does not use TLS; give http:// if it is a gensetd without TLS_CERT";
  return fmt::format("the TLS handshake failed ({})", failed.message());
}

}  // namespace gensetd::commands
