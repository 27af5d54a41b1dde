#include "server/tls.hpp"

#include "log/log.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gensetd::server {
namespace {

namespace ssl = boost::asio::ssl;

// Forward secrecy and authenticated encryption only (RFC 9325, section 4.2). All ciphers of TLS 1.3 have
// both.
constexpr const char* ciphers_of_tls_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20";

[[noreturn]] void refuse(std::string_view setting, const std::filesystem::path& file, std::string_view why) {
  throw std::runtime_error(fmt::format("{} {}: {}", setting, file.string(), why));
}

void check_readable(std::string_view setting, const std::filesystem::path& file) {
  const std::string why = why_unreadable(file);
  if (!why.empty()) refuse(setting, file, why);
}

bool is_key_mismatch(const boost::system::error_code& failed) {
  const auto code = static_cast<unsigned long>(failed.value());
  return ERR_GET_LIB(code) == ERR_LIB_X509 && ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH;
}

// Browsers report this too, but the administrator should learn it first.
void warn_if_not_valid_now(SSL_CTX* context, const std::filesystem::path& file) {
  const X509* certificate = SSL_CTX_get0_certificate(context);
  const auto warn = [&](std::string_view what) {
    log::warning("tls_certificate_dates")
        .field("file", file.string())
        .say("TLS_CERT {}: the certificate {}; clients will reject it", file.string(), what);
  };
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) warn("has expired");
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) warn("is not valid yet");
}

}  // namespace

std::string why_unreadable(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream stream(file);
  if (stream.get() != std::ifstream::traits_type::eof()) return {};
  return errno == 0 ? "the file is empty" : std::strerror(errno);
}

std::shared_ptr<ssl::context> load_tls(const TlsFiles& files) {
  if (files.certificate.empty()) return nullptr;
  check_readable("TLS_CERT", files.certificate);
  check_readable("TLS_KEY", files.key);
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, ciphers_of_tls_1_2);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);

  boost::system::error_code failed;
  context->use_certificate_chain_file(files.certificate.string(), failed);
  if (failed)
    refuse("TLS_CERT", files.certificate,
           fmt::format("the file contains no valid PEM certificate ({})", failed.message()));
  // Without a callback OpenSSL would prompt for a passphrase at the terminal.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string{}; },
                                 failed);
  context->use_private_key_file(files.key.string(), ssl::context::pem, failed);
  if (is_key_mismatch(failed) || (!failed && SSL_CTX_check_private_key(native) != 1))
    refuse("TLS_KEY", files.key,
           fmt::format("the key does not match the certificate in TLS_CERT {}", files.certificate.string()));
  if (failed)
    refuse("TLS_KEY", files.key,
           fmt::format("the file contains no valid PEM key without a passphrase ({})", failed.message()));
  warn_if_not_valid_now(native, files.certificate);
  return context;
}

}  // namespace gensetd::server
