#include "services/domain/row.h"

#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace simpul::domain {
namespace {

constexpr absl::Duration kForgetAfter = absl::Hours(24 * 14);

}  // namespace

void ReadHead(const store::Row& row, RowHead& head) {
  head.name = row.Text(0);
  head.department = row.Text(1);
  head.source_revision = head.stored_source_revision = row.Int(2);
  head.revision = head.stored_revision = row.Int(3);
  head.is_visible = row.Int(4) != 0;
  head.delete_us = row.Int(5);
}

absl::Status ReadResource(std::string_view bytes, google::protobuf::MessageLite& resource) {
  if (resource.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::OkStatus();
  return absl::DataLossError(
      "a stored resource is damaged; restore the store and resync the adapter");
}

absl::Status WriteRow(store::Transaction& transaction, std::string_view sql, store::Params params,
                      RowHead& head) {
  static const absl::Status& changed =
      *new absl::Status(absl::AbortedError("another transaction changed this row; try again"));
  if (auto s = transaction.Write(sql, params, changed); !s.ok()) return s;
  head.stored_source_revision = head.source_revision;
  head.stored_revision = head.revision;
  return absl::OkStatus();
}

absl::Status ForgetDeleted(store::Store& store, Clock& clock,
                           std::initializer_list<std::string_view> tables) {
  const int64_t before = absl::ToUnixMicros(clock.Now() - kForgetAfter);
  return store.Transact([&](store::Transaction& transaction) -> absl::Status {
    for (const std::string_view table : tables) {
      auto status =
          transaction.Write(absl::StrFormat("DELETE FROM %s WHERE name IN (SELECT name FROM %s "
                                            "WHERE delete_us > 0 AND delete_us < $1 LIMIT 1000)",
                                            table, table),
                            {before});
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  });
}

}  // namespace simpul::domain
