#pragma once

#include "registry/database.hpp"

namespace gensetd::registry {

// One change of the database: everything between construction and commit(), or nothing.
class Transaction {
 public:
  Transaction(Database& database, Database::Access access) : database_(database) { database_.begin(access); }

  ~Transaction() {
    if (!committed_) database_.rollback();
  }

  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit() {
    database_.commit();
    committed_ = true;
  }

 private:
  Database& database_;
  bool committed_ = false;
};

}  // namespace gensetd::registry
