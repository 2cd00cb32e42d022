#include "bus/kafka/suspects.h"

#include "bus/observe/log.h"

namespace simpul::kafka {

absl::StatusOr<bool> Suspects::SendAlone(const OutboxRow& row, const std::stop_token& stop) {
  if (!producer_.has_value()) {
    auto producer = Producer::Open(connection_, Producer::AfterRefusal::kGoOn);
    if (!producer.ok()) return producer.status();
    producer_.emplace(*std::move(producer));
  }
  Delivery delivery{.seq = row.seq};
  rd_kafka_resp_err_t error = producer_->Send(row, &delivery);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    while (!delivery.reported && !stop.stop_requested()) producer_->Poll(absl::Milliseconds(50));
    if (!delivery.reported) producer_.reset();  // it must not write to `delivery` later
    if (!delivery.reported) return false;
    error = delivery.error;
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR && !IsRefusal(error)) return ToStatus(error, row.topic);
  seqs_.erase(row.seq);
  if (seqs_.empty()) producer_.reset();
  const bool sent = error == RD_KAFKA_RESP_ERR_NO_ERROR;
  if (auto s = sent ? rows_.MarkSent({row.seq}) : Park(row.seq, error); !s.ok()) return s;
  return sent;
}

absl::Status Suspects::Park(int64_t seq, rd_kafka_resp_err_t error) {
  const std::string reason(rd_kafka_err2name(error));
  if (auto s = rows_.Park(seq, reason); !s.ok()) return s;
  metrics_.AddParked(1);
  observe::Log(observe::Severity::kError, part_,
               "Kafka refuses an event for good; it is parked in the outbox",
               {{"seq", seq}, {"reason", reason}});
  return absl::OkStatus();
}

}  // namespace simpul::kafka
