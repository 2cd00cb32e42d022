// The wifi service's tables.
#ifndef SIMPUL_SERVICES_WIFI_MIGRATIONS_H_
#define SIMPUL_SERVICES_WIFI_MIGRATIONS_H_

#include <span>

#include "bus/store/store.h"

namespace simpul::wifi {

// Apply with store::Migrate(store, "wifi", Migrations()), after domain::SourceMigrations().
std::span<const store::Migration> Migrations();

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_MIGRATIONS_H_
