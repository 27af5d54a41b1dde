#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace gensetd::link {

// How many connections to controllers may be open at once, so that file descriptors are left for HTTP, Redis
// and the database. Shared by all poll threads. Any thread.
class DescriptorBudget {
 public:
  explicit DescriptorBudget(std::size_t connections_max) : connections_max_(connections_max) {}

  // May be called at any time; open connections stay open.
  void set_connections_max(std::size_t count) { connections_max_.store(count, std::memory_order_relaxed); }
  std::size_t connections_max() const { return connections_max_.load(std::memory_order_relaxed); }

  std::size_t used() const { return used_.load(std::memory_order_relaxed); }      // open or being opened
  std::size_t wanted() const { return wanted_.load(std::memory_order_relaxed); }  // addresses in use
  // Addresses for which a connection was refused and that have had none since.
  std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  friend class DescriptorShare;

  bool take() {
    std::size_t used = used_.load(std::memory_order_relaxed);
    do {
      if (used >= connections_max()) return false;
    } while (!used_.compare_exchange_weak(used, used + 1, std::memory_order_relaxed));
    return true;
  }

  std::atomic<std::size_t> connections_max_;
  std::atomic<std::size_t> used_ = 0;
  std::atomic<std::size_t> wanted_ = 0;
  std::atomic<std::size_t> waiting_ = 0;
};

// The share of one address. Without a budget every connection is granted. One thread.
class DescriptorShare {
 public:
  explicit DescriptorShare(std::shared_ptr<DescriptorBudget> budget) : budget_(std::move(budget)) {
    if (budget_) ++budget_->wanted_;
  }
  ~DescriptorShare() {
    release();
    set_waiting(false);
    if (budget_) --budget_->wanted_;
  }
  DescriptorShare(const DescriptorShare&) = delete;
  DescriptorShare& operator=(const DescriptorShare&) = delete;

  // Whether a connection may be opened now.
  bool take() {
    if (!budget_ || is_held_) return true;
    is_held_ = budget_->take();
    set_waiting(!is_held_);
    return is_held_;
  }
  // The system itself had no descriptor.
  void refused_by_system() { set_waiting(true); }
  // The connection is closed.
  void release() {
    if (std::exchange(is_held_, false)) --budget_->used_;
  }

 private:
  void set_waiting(bool waiting) {
    if (!budget_ || std::exchange(is_waiting_, waiting) == waiting) return;
    if (waiting) {
      ++budget_->waiting_;
    } else {
      --budget_->waiting_;
    }
  }

  const std::shared_ptr<DescriptorBudget> budget_;
  bool is_held_ = false;
  bool is_waiting_ = false;
};

}  // namespace gensetd::link
