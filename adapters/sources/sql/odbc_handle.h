// Handles of ODBC, and what their diagnostics mean for us.
#ifndef SIMPUL_ADAPTERS_SOURCES_SQL_ODBC_HANDLE_H_
#define SIMPUL_ADAPTERS_SOURCES_SQL_ODBC_HANDLE_H_

#include <sql.h>

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"

namespace simpul::sources::sql {

// A handle with its owner. A connection is ended with it.
class Handle {
 public:
  Handle() = default;
  Handle(SQLSMALLINT type, SQLHANDLE parent) : type_(type) {
    SQLAllocHandle(type, parent, &handle_);
  }
  Handle(Handle&& other) noexcept
      : type_(other.type_), handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(type_, other.type_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Handle();

  SQLHANDLE get() const { return handle_; }
  SQLSMALLINT type() const { return type_; }

 private:
  SQLSMALLINT type_ = 0;
  SQLHANDLE handle_ = nullptr;
};

// Why the last call on a handle failed. The message may hold SQL and values: it goes nowhere.
struct Diagnosis {
  std::string state;  // SQLSTATE
  std::string message;
};

Diagnosis DiagnosisOf(const Handle& handle);

// The diagnosis as Connection says it. `sql`: the mapping's own text, of which a column or table
// may be named.
absl::Status StatusOf(const Diagnosis& diagnosis, std::string_view sql);

}  // namespace simpul::sources::sql

#endif  // SIMPUL_ADAPTERS_SOURCES_SQL_ODBC_HANDLE_H_
