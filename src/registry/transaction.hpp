#pragma once

#include <soci/soci.h>

namespace gensetd::registry {

// One change of the database: everything between construction and commit(), or nothing.
class Transaction {
 public:
  // Takes the right to write at once: a transaction that begins by reading cannot wait for another writer
  // later (SQLite refuses it with 'database is locked' without waiting).
  explicit Transaction(soci::session& session) : session_(session) { session_ << "BEGIN IMMEDIATE"; }

  ~Transaction() {
    if (committed_) return;
    try {
      session_ << "ROLLBACK";
    } catch (const std::exception&) {
      // The error that led here has rolled back already, or the next BEGIN fails and the connection is
      // renewed.
    }
  }

  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit() {
    session_ << "COMMIT";
    committed_ = true;
  }

 private:
  soci::session& session_;
  bool committed_ = false;
};

}  // namespace gensetd::registry
