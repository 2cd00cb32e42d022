// A part's contract, by descriptors alone: an event's data without its personal fields.
#ifndef SIMPUL_SERVICES_EVENTS_CONTRACT_H_
#define SIMPUL_SERVICES_EVENTS_CONTRACT_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"

namespace simpul::events {

// One message type of a protoset. Immutable, thread-safe.
class Contract {
 public:
  // INVALID_ARGUMENT: it is no protoset. NOT_FOUND: it has no message of this name.
  static absl::StatusOr<std::shared_ptr<const Contract>> Load(std::string_view protoset,
                                                              const std::string& type);

  bool has_personal_fields() const { return has_personal_fields_; }

  // DATA_LOSS: `data` is no message of this type.
  absl::StatusOr<std::string> WithoutPersonal(std::string data) const;

 private:
  Contract() = default;

  google::protobuf::DescriptorPool pool_;
  mutable google::protobuf::DynamicMessageFactory factory_;  // locks itself
  const google::protobuf::Message* prototype_ = nullptr;
  bool has_personal_fields_ = false;
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_CONTRACT_H_
