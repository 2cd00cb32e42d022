// A record of a public topic as subscribers get it, encoded once for all of them.
#ifndef SIMPUL_SERVICES_EVENTS_RECORD_H_
#define SIMPUL_SERVICES_EVENTS_RECORD_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "bus/kafka/event.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace simpul::events {

// Immutable once made; shared by the ring and the writes under way.
struct EncodedRecord {
  int topic = 0;  // the Tail's number for it
  int32_t partition = 0;
  int64_t offset = 0;
  std::string subject;
  grpc::Slice event;  // the field `event` of a SubscribeResponse, tag and length included

  size_t bytes() const { return sizeof(*this) + subject.size() + event.size(); }
};

// The field `event` of a SubscribeResponse, with `data` in place of the event's own.
grpc::Slice EncodeEvent(const kafka::Event& event, std::string_view data);

// A SubscribeResponse that shares the bytes of `event`, if there is one.
grpc::ByteBuffer EncodeResponse(const grpc::Slice* event, std::string_view resume_token);

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_RECORD_H_
