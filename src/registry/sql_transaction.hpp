#pragma once

#include "registry/database.hpp"

namespace gensetd::registry {

// A transaction of the database: rolled back by the destructor unless commit() succeeded.
class SqlTransaction {
 public:
  SqlTransaction(Database& database, Database::Access access) : database_(database) {
    database_.begin(access);
  }

  ~SqlTransaction() {
    if (!committed_) database_.rollback();
  }

  SqlTransaction(const SqlTransaction&) = delete;
  SqlTransaction& operator=(const SqlTransaction&) = delete;

  void commit() {
    database_.commit();
    committed_ = true;
  }

 private:
  Database& database_;
  bool committed_ = false;
};

}  // namespace gensetd::registry
