#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace gensetd::http {

// A function that is called once; what it holds is freed before it is, as Asio asks of handlers.
template <class... Arguments>
class Once {
 public:
  template <class Function>
    requires(!std::is_same_v<std::decay_t<Function>, Once>)
  explicit Once(Function function) : held_(std::make_unique<Holder<Function>>(std::move(function))) {}

  void operator()(Arguments... arguments) {
    Held& held = *held_;
    held.call(std::move(held_), std::move(arguments)...);
  }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual void call(std::unique_ptr<Held> self, Arguments... arguments) = 0;
  };

  template <class Function>
  struct Holder final : Held {
    explicit Holder(Function its) : function(std::move(its)) {}
    void call(std::unique_ptr<Held> self, Arguments... arguments) override {
      Function now = std::move(function);
      self.reset();
      std::move(now)(std::move(arguments)...);
    }
    Function function;
  };

  std::unique_ptr<Held> held_;
};

}  // namespace gensetd::http
