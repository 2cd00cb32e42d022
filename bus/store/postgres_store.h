// The store on PostgreSQL: one schema per part.
#ifndef SIMPUL_BUS_STORE_POSTGRES_STORE_H_
#define SIMPUL_BUS_STORE_POSTGRES_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bus/store/store.h"

namespace simpul::store {

// Connects to the database at `url` (a libpq URI) and makes the schema of `part` if it is missing.
// A small pool of connections; one that broke is replaced at the next transaction. Transact runs at
// REPEATABLE READ, so two transactions that change one row end in ABORTED for one of them, never in
// a lost update. Errors as Store::Open's.
absl::StatusOr<std::unique_ptr<Store>> OpenPostgres(const std::string& url,
                                                    const std::string& part);

}  // namespace simpul::store

#endif  // SIMPUL_BUS_STORE_POSTGRES_STORE_H_
