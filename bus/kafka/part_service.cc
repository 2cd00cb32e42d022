#include "bus/kafka/part_service.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "bus/kafka/relay.h"
#include "bus/rpc/access.h"
#include "bus/rpc/status.h"

namespace simpul::kafka {
namespace {

constexpr int64_t kMost = 1000;

// What is no event may have any bytes for a key.
bool IsName(std::string_view key) {
  return std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~'; });
}

void SetTime(int64_t microseconds, google::protobuf::Timestamp& time) {
  time.set_seconds(microseconds / 1'000'000);
  time.set_nanos(static_cast<int32_t>(microseconds % 1'000'000 * 1'000));
}

absl::Status AddRefused(store::Transaction& transaction,
                        bus::v1::ListParkedEventsResponse& response) {
  return transaction.Query(
      "SELECT topic, subject, id, reason, recorded_at FROM outbox JOIN outbox_parked USING (seq)"
      " ORDER BY seq LIMIT $1",
      {kMost}, [&](const store::Row& row) {
        bus::v1::ParkedEvent& event = *response.add_events();
        event.set_topic(std::string(row.Text(0)));
        event.set_key(std::string(row.Text(1)));
        event.set_event_id(std::string(row.Text(2)));
        event.set_reason(std::string(row.Text(3)));
        SetTime(row.Int(4), *event.mutable_park_time());
        return absl::OkStatus();
      });
}

absl::Status AddNotApplied(store::Transaction& transaction,
                           bus::v1::ListParkedEventsResponse& response) {
  return transaction.Query(
      "SELECT topic, partition_id, record_offset, record_key, reason, parked_at FROM parked"
      " ORDER BY parked_at, topic, partition_id, record_offset LIMIT $1",
      {kMost}, [&](const store::Row& row) {
        bus::v1::ParkedEvent& event = *response.add_events();
        event.set_topic(std::string(row.Text(0)));
        event.set_partition(static_cast<int32_t>(row.Int(1)));
        event.set_offset(row.Int(2));
        if (IsName(row.Bytes(3))) event.set_key(std::string(row.Bytes(3)));
        event.set_reason(std::string(row.Text(4)));
        SetTime(row.Int(5), *event.mutable_park_time());
        return absl::OkStatus();
      });
}

}  // namespace

grpc::Status PartService::ResendEvents(grpc::ServerContext* context,
                                       const bus::v1::ResendEventsRequest* request,
                                       bus::v1::ResendEventsResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOperators); !peer.ok()) {
    return rpc::ToGrpc(peer.status());
  }
  if (!request->has_since()) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "since: expected a time"};
  }
  const auto count = Resend(store_, absl::FromUnixSeconds(request->since().seconds()));
  if (!count.ok()) return rpc::ToGrpc(count.status());
  response->set_events(*count);
  return grpc::Status::OK;
}

grpc::Status PartService::ListParkedEvents(grpc::ServerContext* context,
                                           const bus::v1::ListParkedEventsRequest*,
                                           bus::v1::ListParkedEventsResponse* response) {
  if (auto peer = rpc::Admit(*context, rpc::kOperators); !peer.ok()) {
    return rpc::ToGrpc(peer.status());
  }
  return rpc::ToGrpc(store_.Read([&](store::Transaction& transaction) -> absl::Status {
    response->Clear();
    if (auto s = AddRefused(transaction, *response); !s.ok()) return s;
    if (reads_ == Reads::kNothing) return absl::OkStatus();
    return AddNotApplied(transaction, *response);
  }));
}

}  // namespace simpul::kafka
