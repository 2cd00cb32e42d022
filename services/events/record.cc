#include "services/events/record.h"

#include <algorithm>

#include "google/protobuf/io/coded_stream.h"
#include "simpul/events/v1/events.pb.h"

namespace simpul::events {
namespace {

using google::protobuf::io::CodedOutputStream;
using v1::SubscribeResponse;

// Room for `size` bytes as a field with this number, and where they go.
grpc::Slice MakeField(int number, size_t size, uint8_t** body) {
  const uint32_t tag = static_cast<uint32_t>(number) << 3 | 2;  // length-delimited
  const uint32_t length = static_cast<uint32_t>(size);
  const size_t head =
      CodedOutputStream::VarintSize32(tag) + CodedOutputStream::VarintSize32(length);
  grpc::Slice slice(head + size);
  uint8_t* at = const_cast<uint8_t*>(slice.begin());
  at = CodedOutputStream::WriteTagToArray(tag, at);
  *body = CodedOutputStream::WriteVarint32ToArray(length, at);
  return slice;
}

}  // namespace

grpc::Slice EncodeEvent(const kafka::Event& event, std::string_view data) {
  v1::Event message;
  message.set_id(event.id);
  message.set_source(event.source);
  message.set_type(event.type);
  message.set_subject(event.subject);
  const absl::Duration since = event.time - absl::UnixEpoch();
  const int64_t seconds = absl::ToUnixSeconds(event.time);
  message.mutable_time()->set_seconds(seconds);
  message.mutable_time()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(since - absl::Seconds(seconds))));
  message.set_dataschema(event.dataschema);
  message.mutable_data()->set_type_url("type.googleapis.com/" + event.type);
  message.mutable_data()->set_value(data.data(), data.size());
  uint8_t* body = nullptr;
  grpc::Slice slice =
      MakeField(SubscribeResponse::kEventFieldNumber, message.ByteSizeLong(), &body);
  message.SerializeWithCachedSizesToArray(body);
  return slice;
}

grpc::ByteBuffer EncodeResponse(const grpc::Slice* event, std::string_view resume_token) {
  uint8_t* body = nullptr;
  grpc::Slice token =
      MakeField(SubscribeResponse::kResumeTokenFieldNumber, resume_token.size(), &body);
  std::copy(resume_token.begin(), resume_token.end(), body);
  if (event == nullptr) return grpc::ByteBuffer(&token, 1);
  const grpc::Slice slices[] = {*event, token};
  return grpc::ByteBuffer(slices, 2);
}

}  // namespace simpul::events
