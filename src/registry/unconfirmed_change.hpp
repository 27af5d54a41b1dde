#pragma once

#include "registry/edits.hpp"
#include "registry/service.hpp"
#include "registry/store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

// What is reported of a change, and how the outcome of one is found whose confirmation was lost.
namespace gensetd::registry {

using ChangeOutcome = Service::ChangeOutcome;

// Calls the observer if the change was stored, then `handler`. `row_change` was written on the worker's
// thread before the result was posted.
template <class Row, class Made>
std::function<void(Result<Made>)> with_observer(std::function<void(Result<Made>)> handler,
                                                Service::ChangeObserver<Row> observer,
                                                std::shared_ptr<RowChange<Row>> row_change) {
  if (!observer) return handler;
  return [handler = std::move(handler), observer = std::move(observer),
          row_change = std::move(row_change)](Result<Made> result) {
    if (std::holds_alternative<Made>(result) && row_change->before != row_change->after)
      observer(row_change->before, row_change->after, ChangeOutcome::stored);
    handler(std::move(result));
  };
}

inline std::optional<Site> row_in(Store& store, const Site& like) { return store.site(like.id); }
inline std::optional<Device> row_in(Store& store, const Device& like) { return store.device(like.id); }

inline std::optional<StoredProfile> row_in(Store& store, const StoredProfile& like) {
  return store.profile(like.name);
}

// Whether an unconfirmed change was stored. Uses a write transaction, which begins only after the lost
// transaction has ended in the database.
template <class Row>
ChangeOutcome outcome_of(Store& store, const RowChange<Row>& row_change) {
  std::optional<Row> now;
  store.change([&] {
    now = row_in(store, row_change.before ? *row_change.before : *row_change.after);
    return false;
  });
  if (now == row_change.after) return ChangeOutcome::found;
  return now == row_change.before ? ChangeOutcome::not_stored : ChangeOutcome::overtaken;
}

// Finds the outcome of an unconfirmed change; null: the store is not available. Returns a function that
// notifies the observer, or empty.
using FindOutcome = std::function<std::function<void()>(Store*)>;

template <class Row>
FindOutcome find_outcome(Service::ChangeObserver<Row> observer, std::shared_ptr<RowChange<Row>> row_change) {
  return [observer = std::move(observer),
          row_change = std::move(row_change)](Store* store) -> std::function<void()> {
    if (!observer || !row_change->is_committing || row_change->before == row_change->after) return {};
    const ChangeOutcome outcome = store == nullptr ? ChangeOutcome::unknown : outcome_of(*store, *row_change);
    return [observer, row_change, outcome] { observer(row_change->before, row_change->after, outcome); };
  };
}

template <class Row>
std::function<bool()> differs(std::shared_ptr<RowChange<Row>> row_change) {
  return [row_change = std::move(row_change)] { return row_change->before != row_change->after; };
}

}  // namespace gensetd::registry
