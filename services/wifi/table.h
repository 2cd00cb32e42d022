// Rows of hotspots and sessions as the service keeps them.
#ifndef SIMPUL_SERVICES_WIFI_TABLE_H_
#define SIMPUL_SERVICES_WIFI_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bus/store/store.h"
#include "simpul/wifi/v1/wifi.pb.h"

namespace simpul::wifi {

// What every row has, whether of a hotspot or a session.
struct RowHead {
  std::string name;
  std::string department;
  int64_t source_revision = 0;
  int64_t revision = 0;     // 0: never published
  bool is_visible = false;  // readers see it
  int64_t delete_us = 0;    // when the source deleted it; 0: it is there
  std::string nas_address;
  // As they stand in the store, to see that nobody changed the row meanwhile; -1: no row yet.
  int64_t stored_source_revision = -1;
  int64_t stored_revision = -1;

  bool IsStored() const { return stored_revision >= 0; }
};

struct HotspotRow : RowHead {
  v1::Hotspot resource;
};

struct SessionRow : RowHead {
  std::string unique_id;
  int64_t start_us = 0;
  int64_t silence_us = 0;  // after which an open session is lost; 0: never
  int64_t lost_us = 0;     // when that will be; 0: it is not open, or never
  v1::Session resource;    // whole, with the personal fields
};

// The row of `name`; one that is not stored if there is none. DATA_LOSS: it is damaged.
absl::StatusOr<HotspotRow> LoadHotspot(store::Transaction& transaction, std::string_view name);
absl::StatusOr<SessionRow> LoadSession(store::Transaction& transaction, std::string_view name);

// Writes the row as it is now. ABORTED: another transaction changed it since it was loaded.
absl::Status Save(store::Transaction& transaction, HotspotRow& row);
absl::Status Save(store::Transaction& transaction, SessionRow& row);

// The name of the visible hotspot of this address, the first by name if there are several; empty:
// none.
absl::StatusOr<std::string> FindHotspot(store::Transaction& transaction,
                                        const std::string& department,
                                        const std::string& nas_address);

// Rows of this department that are there with this unique id, but `except`.
absl::StatusOr<std::vector<SessionRow>> LoadSame(store::Transaction& transaction,
                                                 const std::string& department,
                                                 const std::string& unique_id,
                                                 const std::string& except);

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_TABLE_H_
