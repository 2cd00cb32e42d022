#include "services/complaints/migrations.h"

namespace simpul::complaints {

// A complaint is visible (readers see it) or deleted (delete_us is set, kept for its revision).
// A command is open (phase 1: its outcome is not known), done (2: `response` is the complaint) or
// refused (3: `code` and `message` say why, nothing was written).
std::span<const store::Migration> Migrations() {
  static constexpr store::Migration kSteps[] = {
      {1, R"(
CREATE TABLE complaint (
  name TEXT PRIMARY KEY,
  department TEXT NOT NULL,
  source_revision BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  visible BIGINT NOT NULL,
  delete_us BIGINT NOT NULL,
  app TEXT NOT NULL,
  source_etag TEXT NOT NULL,
  state BIGINT NOT NULL,
  classification BIGINT NOT NULL,
  category TEXT NOT NULL,
  create_us BIGINT NOT NULL,
  resource BYTEA NOT NULL
);
CREATE INDEX complaint_department ON complaint (department, name) WHERE visible = 1;
CREATE INDEX complaint_state ON complaint (state, name) WHERE visible = 1;
CREATE INDEX complaint_department_state ON complaint (department, state, name) WHERE visible = 1;
CREATE INDEX complaint_deleted ON complaint (delete_us) WHERE delete_us > 0;

CREATE TABLE complaint_command (
  id TEXT PRIMARY KEY,
  department TEXT NOT NULL,
  digest BYTEA NOT NULL,
  phase BIGINT NOT NULL,
  code BIGINT NOT NULL,
  message TEXT NOT NULL,
  response BYTEA NOT NULL,
  begin_us BIGINT NOT NULL
);
CREATE INDEX complaint_command_begin ON complaint_command (begin_us);
)"},
  };
  return kSteps;
}

}  // namespace simpul::complaints
