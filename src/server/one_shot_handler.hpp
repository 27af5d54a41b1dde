#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace gensetd::server {

// A completion handler of any type that is called once. Its memory is freed before the call, as Asio requires
// of handlers.
template <class... Arguments>
class OneShotHandler {
 public:
  template <class Function>
    requires(!std::is_same_v<std::decay_t<Function>, OneShotHandler>)
  explicit OneShotHandler(Function function)
      : callable_(std::make_unique<Holder<Function>>(std::move(function))) {}

  void operator()(Arguments... arguments) {
    Callable& callable = *callable_;
    callable.call(std::move(callable_), std::move(arguments)...);
  }

 private:
  struct Callable {
    virtual ~Callable() = default;
    virtual void call(std::unique_ptr<Callable> self, Arguments... arguments) = 0;
  };

  template <class Function>
  struct Holder final : Callable {
    explicit Holder(Function wrapped) : function(std::move(wrapped)) {}
    void call(std::unique_ptr<Callable> self, Arguments... arguments) override {
      Function moved = std::move(function);
      self.reset();
      std::move(moved)(std::move(arguments)...);
    }
    Function function;
  };

  std::unique_ptr<Callable> callable_;
};

}  // namespace gensetd::server
