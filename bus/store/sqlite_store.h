// The store on SQLite: one file, one process.
#ifndef SIMPUL_BUS_STORE_SQLITE_STORE_H_
#define SIMPUL_BUS_STORE_SQLITE_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bus/store/store.h"

namespace simpul::store {

// Opens `<directory>/<part>.db` and keeps `<directory>/<part>.db.lock` locked while it is open. One
// connection writes, the others read. Errors as Store::Open's.
absl::StatusOr<std::unique_ptr<Store>> OpenSqlite(const std::string& directory,
                                                  const std::string& part);

}  // namespace simpul::store

#endif  // SIMPUL_BUS_STORE_SQLITE_STORE_H_
