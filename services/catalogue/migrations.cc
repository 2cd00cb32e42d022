#include "services/catalogue/migrations.h"

namespace simpul::catalogue {

std::span<const store::Migration> Migrations() {
  static constexpr store::Migration kSteps[] = {
      {1, R"(
CREATE TABLE contract (
  hash TEXT PRIMARY KEY,
  protoset BYTEA NOT NULL
);
CREATE TABLE route (
  route TEXT PRIMARY KEY,
  identity TEXT NOT NULL,
  claim_us BIGINT NOT NULL
);
CREATE TABLE instance (
  name TEXT PRIMARY KEY,
  part BYTEA NOT NULL
);
CREATE TABLE api_key (
  key_id TEXT PRIMARY KEY,
  agency TEXT NOT NULL,
  digest BYTEA NOT NULL,
  create_us BIGINT NOT NULL,
  revoke_us BIGINT
);
)"},
      // Words with commas between; empty: it only reads.
      {2, "ALTER TABLE api_key ADD COLUMN writes TEXT NOT NULL DEFAULT '';"},
      // Status is simpul.catalogue.v1.Application.Status.
      {3, R"(
CREATE TABLE application (
  name TEXT PRIMARY KEY,
  department TEXT NOT NULL,
  status BIGINT NOT NULL,
  resource BYTEA NOT NULL
);
CREATE TABLE sighting (
  authority TEXT PRIMARY KEY,
  last_us BIGINT NOT NULL
);
)"},
  };
  return kSteps;
}

}  // namespace simpul::catalogue
