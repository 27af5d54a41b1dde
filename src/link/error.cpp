#include "link/error.hpp"

#include <string>

namespace gensetd::link {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "link"; }

  std::string message(int value) const override {
    switch (static_cast<Error>(value)) {
      case Error::name_not_found:
        return "the host name has no address";
      case Error::connect_timeout:
        return "no connection in time";
      case Error::connect_failed:
        return "cannot connect";
      case Error::connection_lost:
        return "the peer closed the connection";
      case Error::no_response:
        return "no response in time";
      case Error::indistinguishable:
        return "not requested: its response could not be distinguished from those of other masters";
      case Error::not_repeated:
        return "not repeated: a response could be mistaken for a late one";
      case Error::suspect_responses:
        return "responses remained suspect";
      case Error::loopback_not_allowed:
        return "a loopback address, this machine itself, is not connected to without "
               "ALLOW_LOOPBACK_DEVICES=1";
      case Error::address_not_allowed:
        return "a link-local, multicast, broadcast or unspecified address is not connected to";
      case Error::no_descriptor:
        return "gensetd has no file descriptor left for this connection";
    }
    return "unknown link error";
  }
};

}  // namespace

boost::system::error_code make_error_code(Error error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace gensetd::link
