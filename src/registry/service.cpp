#include "registry/service.hpp"

#include "log/log.hpp"
#include "reading/moment.hpp"
#include "registry/board.hpp"
#include "registry/database.hpp"
#include "registry/database_url.hpp"
#include "registry/edits.hpp"
#include "registry/keeper.hpp"
#include "registry/refusals.hpp"
#include "registry/room.hpp"
#include "registry/wake.hpp"
#include "supervision/exceptions.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

namespace gensetd::registry {
namespace {

namespace asio = boost::asio;

// How often the database is looked at when nobody asks for anything.
constexpr std::chrono::seconds look_interval{1};

// How long to wait after an attempt to find out about a change whose answer was lost.
constexpr std::chrono::seconds settle_pause{10};

// The database's own deadlines (connecting, statements, locks) end each wait earlier.
constexpr std::chrono::seconds silence_allowed{30};

Timestamp now() { return reading::system_now(); }

Refusal unavailable(std::string message) {
  return {.kind = Refusal::Kind::unavailable,
          .code = "registry_unavailable",
          .message = std::move(message),
          .field = {}};
}

Refusal not_answering() {
  return unavailable("the registry database does not answer, nothing was changed; try again later");
}

// Of a request that was begun: a lost connection may have lost the answer only.
Refusal gave_no_answer() {
  return unavailable(
      "the registry database did not answer; look whether the change was made before you try again");
}

Refusal too_many() { return unavailable("too many changes are waiting for the registry; try again later"); }

using Certainty = Service::Certainty;

// `handler`, and before it the witness of what was done. `trace` was written on the worker's thread, ahead of
// the answer that brings the result here.
template <class Row, class Made>
std::function<void(Result<Made>)> watched(std::function<void(Result<Made>)> handler,
                                          Service::Witness<Row> witness, std::shared_ptr<Trace<Row>> trace) {
  if (!witness) return handler;
  return [handler = std::move(handler), witness = std::move(witness),
          trace = std::move(trace)](Result<Made> result) {
    if (std::holds_alternative<Made>(result) && trace->before != trace->after)
      witness(trace->before, trace->after, Certainty::stored);
    handler(std::move(result));
  };
}

std::optional<Site> row_in(Store& store, const Site& like) { return store.site(like.id); }
std::optional<Device> row_in(Store& store, const Device& like) { return store.device(like.id); }

// What became of a change whose answer was lost. As a transaction that writes: it begins when one that the
// database may still be carrying out has ended.
template <class Row>
Certainty certainty_of(Store& store, const Trace<Row>& trace) {
  std::optional<Row> now;
  store.change([&] {
    now = row_in(store, trace.before ? *trace.before : *trace.after);
    return false;
  });
  if (now == trace.after) return Certainty::found;
  return now == trace.before ? Certainty::not_stored : Certainty::overtaken;
}

// Looks into the store what became of a change; without a store nobody knows. The result tells the witness.
using Settle = std::function<std::function<void()>(Store*)>;

template <class Row>
Settle settle(Service::Witness<Row> witness, std::shared_ptr<Trace<Row>> trace) {
  return [witness = std::move(witness), trace = std::move(trace)](Store* store) -> std::function<void()> {
    if (!witness || !trace->is_committing || trace->before == trace->after) return {};
    const Certainty certainty = store == nullptr ? Certainty::unknown : certainty_of(*store, *trace);
    return [witness, trace, certainty] { witness(trace->before, trace->after, certainty); };
  };
}

template <class Row>
std::function<bool()> differs(std::shared_ptr<Trace<Row>> trace) {
  return [trace = std::move(trace)] { return trace->before != trace->after; };
}

}  // namespace

// The thread with the database. A request goes: submit() on the executor's thread, its edit on the worker's,
// its answer posted to the executor, where the board changes first, then the listener hears, then the
// handler.
class Service::Worker {
 public:
  Worker(asio::any_io_executor executor, const std::string& database_url, const profile::Catalog& catalog)
      : profiles(catalog),
        executor_(std::move(executor)),
        keeper_(parse_database_url(database_url), stop_.get_token()) {
    auto whole = keeper_.news();
    if (!whole) {
      throw std::runtime_error("the registry database cannot be read: " + keeper_.problem() +
                               "; restore it from a backup, or name another file in DATABASE_URL");
    }
    board_->replace(std::move(*whole));
    thread_ = std::thread{[this] { run(); }};
  }

  ~Worker() {
    board_->listener = nullptr;
    board_->when_changed = {};
    stop_.request_stop();
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    wake_.notify();
    thread_.join();
  }

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  Board& board() { return *board_; }

  // `edit` runs on the worker's thread, `put` tells the board of its success, `handler` hears the result.
  // `settle`: what to do when the answer to the edit is lost; may be empty. `has_changed`: whether an edit
  // that was stored changed a row; empty for a module with tables of its own.
  template <class T>
  void submit(std::function<Result<T>(Store&)> edit, std::function<void(Board&, const T&)> put,
              Handler<T> handler, Settle settle, std::function<bool()> has_changed) {
    const bool responds = board_->healthy && !heartbeat->hangs(std::chrono::steady_clock::now());
    if (!responds || board_->figures.waiting >= requests_max) {
      ++board_->figures.unavailable;
      Refusal refusal = responds ? too_many() : not_answering();
      return asio::post(executor_, [handler = std::move(handler), refusal = std::move(refusal)] {
        handler(Result<T>{refusal});
      });
    }
    ++board_->figures.waiting;
    // The executor's context does not end its run while an answer is due.
    asio::executor_work_guard<asio::any_io_executor> due{executor_};
    Job job = [this, edit = std::move(edit), put = std::move(put), handler = std::move(handler),
               settle = std::move(settle), due = std::move(due), has_changed = std::move(has_changed),
               asked_at = std::chrono::steady_clock::now()]() mutable {
      // The answer goes to the executor whatever happens: a client waits for it.
      struct Answer {
        Result<T> result = not_answering();
        std::optional<Directory> whole;
      };
      const auto answer = std::make_shared<Answer>();
      const auto failed = "this request is answered as unavailable";
      supervision::attempt(supervision::Task::registry, {}, failed, [&] {
        // What waits behind a lost request does not wait for the connection too; look() renews it.
        const bool tried = keeper_.answers();
        const bool answered = tried && keeper_.attempt([&](Store& store) { answer->result = edit(store); });
        if (tried && !answered) {
          answer->result = gave_no_answer();
          if (settle) unsettled_.push_back(settle);
        }
        if (has_changed) note_room(answer->result, has_changed);
        told_healthy_ = keeper_.answers();
        told_full_ = room_.is_full();
        if (answered) answer->whole = keeper_.news();
      });
      auto deliver = [board = board_, answer, healthy = keeper_.answers(), is_full = room_.is_full(),
                      put = std::move(put), handler = std::move(handler), due = std::move(due),
                      is_guest = !has_changed, asked_at] {
        --board->figures.waiting;
        auto& time = is_guest ? board->figures.guest_time : board->figures.request_time;
        time.note(std::chrono::steady_clock::now() - asked_at);
        board->healthy = healthy;
        board->is_full = is_full;
        supervision::attempt(supervision::Task::registry, {}, "the change is stored, and taken over later",
                             [&] {
                               if (answer->whole) {
                                 // Holds this change, and perhaps newer ones of other programs.
                                 board->replace(std::move(*answer->whole));
                               } else if (const T* value = std::get_if<T>(&answer->result)) {
                                 put(*board, *value);
                               }
                             });
        handler(std::move(answer->result));
      };
      supervision::persist([&] { asio::post(executor_, deliver); });
    };
    {
      const std::lock_guard lock{mutex_};
      jobs_.push_back(std::move(job));
    }
    wake_.notify();
  }

  void stop_soon() { stop_.request_stop(); }

  const ProfileNames profiles;
  const std::shared_ptr<supervision::Heartbeat> heartbeat = std::make_shared<supervision::Heartbeat>(
      "registry thread", silence_allowed, std::chrono::steady_clock::now());

 private:
  using Job = std::function<void()>;

  std::optional<Job> next_job() {
    const std::lock_guard lock{mutex_};
    if (jobs_.empty()) return std::nullopt;
    std::optional<Job> job{std::move(jobs_.front())};
    jobs_.pop_front();
    return job;
  }

  bool is_stopping() {
    const std::lock_guard lock{mutex_};
    return stopping_;
  }

  void run() {
    while (true) {
      heartbeat->beat(std::chrono::steady_clock::now());
      if (std::optional<Job> job = next_job()) {
        supervision::attempt(supervision::Task::registry, {}, "its thread goes on with the next request",
                             *job);
      } else if (is_stopping()) {
        return give_up_unsettled();
      } else {
        // While the last message is on its way nothing is looked at, so the socket must not wake.
        const int socket = look_posted_->load() ? -1 : keeper_.socket();
        if (wake_.wait(socket, look_interval) == Wake::Why::other)
          supervision::attempt(supervision::Task::registry, {}, "it looks again in a second",
                               [this] { look(); });
      }
    }
  }

  template <class T>
  void note_room(const Result<T>& result, const std::function<bool()>& has_changed) {
    if (const auto* refusal = std::get_if<Refusal>(&result)) {
      room_.refused(*refusal, std::chrono::steady_clock::now());
    } else if (has_changed()) {
      room_.stored();
    }
  }

  void try_room() {
    if (!keeper_.answers() || !room_.is_due(std::chrono::steady_clock::now())) return;
    keeper_.attempt([&](Store& store) {
      try {
        store.rewrite_a_row();
        room_.stored();
      } catch (const NoRoom& full) {
        room_.refused(refused_without_room(full), std::chrono::steady_clock::now());
      }
    });
  }

  // Tells the board what changed without a request. At most one such message is on its way.
  void look() {
    if (look_posted_->load()) return;
    auto whole = keeper_.news();
    settle_all();
    try_room();
    if (!whole && keeper_.answers() == told_healthy_ && room_.is_full() == told_full_) return;
    told_healthy_ = keeper_.answers();
    told_full_ = room_.is_full();
    const auto news = std::make_shared<std::optional<Directory>>(std::move(whole));
    look_posted_->store(true);
    supervision::persist([&] {
      asio::post(executor_, [board = board_, posted = look_posted_, news, healthy = told_healthy_,
                             is_full = told_full_] {
        posted->store(false);
        board->healthy = healthy;
        board->is_full = is_full;
        supervision::attempt(supervision::Task::registry, {}, "the next change brings it again", [&] {
          if (*news) board->replace(std::move(**news));
        });
      });
    });
  }

  // One is lost with each connection at most, for nothing is tried then until the next one. The old
  // connection may hold its locks for a while, which is no reason to give up the new one.
  void settle_all() {
    while (!unsettled_.empty() && keeper_.answers() && std::chrono::steady_clock::now() >= settle_from_) {
      std::function<void()> report;
      bool is_settled = false;
      const bool answered = keeper_.attempt([&](Store& store) {
        try {
          report = unsettled_.front()(&store);
          is_settled = true;
        } catch (const std::exception&) {
          settle_from_ = std::chrono::steady_clock::now() + settle_pause;
        }
      });
      if (!answered || !is_settled) return;
      unsettled_.pop_front();
      if (report) supervision::persist([&] { asio::post(executor_, report); });
    }
  }

  void give_up_unsettled() {
    settle_all();
    for (const Settle& one : unsettled_) {
      supervision::attempt(supervision::Task::registry, {}, "this change has no audit line", [&] {
        if (auto report = one(nullptr)) asio::post(executor_, std::move(report));
      });
    }
  }

  asio::any_io_executor executor_;
  std::shared_ptr<Board> board_ = std::make_shared<Board>();  // outlives this for answers on their way
  std::shared_ptr<std::atomic<bool>> look_posted_ = std::make_shared<std::atomic<bool>>(false);

  std::stop_source stop_;

  // The worker's thread only, once it runs.
  Keeper keeper_;
  Room room_;
  bool told_healthy_ = true;
  bool told_full_ = false;
  std::deque<Settle> unsettled_;  // changes whose answer was lost
  std::chrono::steady_clock::time_point settle_from_;

  Wake wake_;
  std::mutex mutex_;  // guards the next two; at most requests_max jobs, for each is counted as waiting
  std::deque<Job> jobs_;
  bool stopping_ = false;

  std::thread thread_;
};

Service::Service(asio::any_io_executor executor, const std::string& database_url,
                 const std::shared_ptr<const profile::Catalog>& profiles)
    : worker_(std::make_unique<Worker>(std::move(executor), database_url, *profiles)) {}

Service::~Service() = default;

void Service::stop_soon() { worker_->stop_soon(); }

void Service::listen(ChangeListener* listener) { worker_->board().listener = listener; }

void Service::when_changed(ChangeHandler hear) { worker_->board().when_changed = std::move(hear); }

const Directory& Service::directory() const { return worker_->board().directory(); }

const Figures& Service::figures() const { return worker_->board().figures; }

const std::shared_ptr<supervision::Heartbeat>& Service::heartbeat() const { return worker_->heartbeat; }

bool Service::healthy() const { return worker_->board().healthy; }

bool Service::is_full() const { return worker_->board().is_full; }

void Service::run(std::function<void(Store&)> use, Handler<std::monostate> handler) {
  worker_->submit<std::monostate>(
      [use = std::move(use)](Store& store) -> Result<std::monostate> {
        try {
          use(store);
        } catch (const NoRoom& full) {
          return refused_without_room(full);
        } catch (const Violation& violation) {
          return refused_by_database(violation);
        }
        return std::monostate{};
      },
      [](Board&, std::monostate) {}, std::move(handler), {}, {});
}

void Service::create_site(boost::json::object body, Handler<Site> handler, Witness<Site> witness) {
  auto trace = std::make_shared<Trace<Site>>();
  worker_->submit<Site>(
      [body = std::move(body), trace](Store& store) {
        return registry::create_site(store, body, now(), trace.get());
      },
      [](Board& board, const Site& site) { board.put(site); },
      watched<Site>(std::move(handler), witness, trace), settle(witness, trace), differs(trace));
}

void Service::update_site(std::int64_t id, boost::json::object body, Handler<Site> handler,
                          Witness<Site> witness) {
  auto trace = std::make_shared<Trace<Site>>();
  worker_->submit<Site>(
      [id, body = std::move(body), trace](Store& store) {
        return registry::update_site(store, id, body, now(), trace.get());
      },
      [](Board& board, const Site& site) { board.put(site); },
      watched<Site>(std::move(handler), witness, trace), settle(witness, trace), differs(trace));
}

void Service::remove_site(std::int64_t id, Handler<std::monostate> handler, Witness<Site> witness) {
  auto trace = std::make_shared<Trace<Site>>();
  worker_->submit<std::monostate>(
      [id, trace](Store& store) { return registry::remove_site(store, id, trace.get()); },
      [id](Board& board, std::monostate) { board.erase_site(id); },
      watched<Site>(std::move(handler), witness, trace), settle(witness, trace), differs(trace));
}

void Service::create_device(boost::json::object body, Handler<Device> handler, Witness<Device> witness) {
  auto trace = std::make_shared<Trace<Device>>();
  worker_->submit<Device>(
      [this_worker = worker_.get(), body = std::move(body), trace](Store& store) {
        return registry::create_device(store, body, this_worker->profiles, now(), trace.get());
      },
      [](Board& board, const Device& device) { board.put(device); },
      watched<Device>(std::move(handler), witness, trace), settle(witness, trace), differs(trace));
}

void Service::update_device(std::int64_t id, boost::json::object body, Handler<Device> handler,
                            Witness<Device> witness) {
  auto trace = std::make_shared<Trace<Device>>();
  worker_->submit<Device>(
      [this_worker = worker_.get(), id, body = std::move(body), trace](Store& store) {
        return registry::update_device(store, id, body, this_worker->profiles, now(), trace.get());
      },
      [](Board& board, const Device& device) { board.put(device); },
      watched<Device>(std::move(handler), witness, trace), settle(witness, trace), differs(trace));
}

void Service::remove_device(std::int64_t id, Handler<std::monostate> handler, Witness<Device> witness) {
  auto trace = std::make_shared<Trace<Device>>();
  worker_->submit<std::monostate>(
      [id, trace](Store& store) { return registry::remove_device(store, id, trace.get()); },
      [id](Board& board, std::monostate) { board.erase_device(id); },
      watched<Device>(std::move(handler), witness, trace), settle(witness, trace), differs(trace));
}

}  // namespace gensetd::registry
