#include "services/wifi/migrations.h"

namespace simpul::wifi {

// A row is visible (readers see it), hidden (a newer row is the same session) or deleted (delete_us
// is set, kept for its revision). States are simpul.wifi.v1.Session.State: 1 ACTIVE, 2 ENDED.
std::span<const store::Migration> Migrations() {
  static constexpr store::Migration kSteps[] = {
      {1, R"(
CREATE TABLE wifi_hotspot (
  name TEXT PRIMARY KEY,
  department TEXT NOT NULL,
  source_revision BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  visible BIGINT NOT NULL,
  delete_us BIGINT NOT NULL,
  nas_address TEXT NOT NULL,
  resource BYTEA NOT NULL
);
CREATE INDEX wifi_hotspot_nas ON wifi_hotspot (department, nas_address, name) WHERE visible = 1;
CREATE INDEX wifi_hotspot_deleted ON wifi_hotspot (delete_us) WHERE delete_us > 0;

CREATE TABLE wifi_session (
  name TEXT PRIMARY KEY,
  department TEXT NOT NULL,
  source_revision BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  visible BIGINT NOT NULL,
  delete_us BIGINT NOT NULL,
  state BIGINT NOT NULL,
  unique_id TEXT NOT NULL,
  start_us BIGINT NOT NULL,
  nas_address TEXT NOT NULL,
  hotspot TEXT NOT NULL,
  silence_us BIGINT NOT NULL,
  lost_us BIGINT NOT NULL,
  resource BYTEA NOT NULL
);
CREATE INDEX wifi_session_department ON wifi_session (department, name) WHERE visible = 1;
CREATE INDEX wifi_session_hotspot ON wifi_session (hotspot, name) WHERE visible = 1;
CREATE INDEX wifi_session_active ON wifi_session (name) WHERE visible = 1 AND state = 1;
CREATE INDEX wifi_session_active_department ON wifi_session (department, name)
  WHERE visible = 1 AND state = 1;
CREATE INDEX wifi_session_active_hotspot ON wifi_session (hotspot, name)
  WHERE visible = 1 AND state = 1;
CREATE UNIQUE INDEX wifi_session_one_visible ON wifi_session (department, unique_id)
  WHERE visible = 1 AND unique_id <> '';
CREATE INDEX wifi_session_same ON wifi_session (department, unique_id) WHERE unique_id <> '';
CREATE INDEX wifi_session_nas ON wifi_session (department, nas_address, hotspot) WHERE visible = 1;
CREATE INDEX wifi_session_lost ON wifi_session (department, lost_us) WHERE lost_us > 0;
CREATE INDEX wifi_session_deleted ON wifi_session (delete_us) WHERE delete_us > 0;

CREATE TABLE wifi_relink (
  department TEXT NOT NULL,
  nas_address TEXT NOT NULL,
  PRIMARY KEY (department, nas_address)
);
CREATE TABLE wifi_source_topic (
  topic TEXT PRIMARY KEY
);
)"},
      {2, R"(
INSERT INTO source_topic (topic) SELECT topic FROM wifi_source_topic;
DROP TABLE wifi_source_topic;
)"},
  };
  return kSteps;
}

}  // namespace simpul::wifi
