// The complaints service's tables.
#ifndef SIMPUL_SERVICES_COMPLAINTS_MIGRATIONS_H_
#define SIMPUL_SERVICES_COMPLAINTS_MIGRATIONS_H_

#include <span>

#include "bus/store/store.h"

namespace simpul::complaints {

// Apply with store::Migrate(store, "complaints", Migrations()).
std::span<const store::Migration> Migrations();

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_MIGRATIONS_H_
