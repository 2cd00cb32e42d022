// Rows of resources as a domain service keeps them: what all have, and the rule to save them.
#ifndef SIMPUL_SERVICES_DOMAIN_ROW_H_
#define SIMPUL_SERVICES_DOMAIN_ROW_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "google/protobuf/message_lite.h"

namespace simpul::domain {

// What every row has, whatever the noun.
struct RowHead {
  std::string name;
  std::string department;
  int64_t source_revision = 0;
  int64_t revision = 0;     // 0: never published
  bool is_visible = false;  // readers see it
  int64_t delete_us = 0;    // when the source deleted it; 0: it is there
  // As they stand in the store, to see that nobody changed the row meanwhile; -1: no row yet.
  int64_t stored_source_revision = -1;
  int64_t stored_revision = -1;

  bool IsStored() const { return stored_revision >= 0; }
};

// Reads the six columns that a row begins with, in the order of RowHead.
void ReadHead(const store::Row& row, RowHead& head);

// DATA_LOSS: the bytes are damaged.
absl::Status ReadResource(std::string_view bytes, google::protobuf::MessageLite& resource);

// Writes a row that was loaded in this transaction: by an INSERT that does nothing on a conflict,
// or by an UPDATE whose WHERE names the stored revisions. ABORTED, by the commit at the latest:
// another transaction changed it since it was loaded.
absl::Status WriteRow(store::Transaction& transaction, std::string_view sql, store::Params params,
                      RowHead& head);

// Forgets names that were deleted longer ago than any topic keeps their events (14 days), some at a
// time, in each of these tables with columns name and delete_us.
absl::Status ForgetDeleted(store::Store& store, Clock& clock,
                           std::initializer_list<std::string_view> tables);

}  // namespace simpul::domain

#endif  // SIMPUL_SERVICES_DOMAIN_ROW_H_
