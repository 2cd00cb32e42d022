// The catalogue's tables.
#ifndef SIMPUL_SERVICES_CATALOGUE_MIGRATIONS_H_
#define SIMPUL_SERVICES_CATALOGUE_MIGRATIONS_H_

#include <span>

#include "bus/store/store.h"

namespace simpul::catalogue {

// Apply with store::Migrate(store, "catalogue", Migrations()).
std::span<const store::Migration> Migrations();

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_MIGRATIONS_H_
