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
#include "services/domain/row.h"
#include "simpul/wifi/v1/wifi.pb.h"

namespace simpul::wifi {

// What both have, the address that links them too.
struct PlaceRow : domain::RowHead {
  std::string nas_address;
};

struct HotspotRow : PlaceRow {
  v1::Hotspot resource;
};

struct SessionRow : PlaceRow {
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
