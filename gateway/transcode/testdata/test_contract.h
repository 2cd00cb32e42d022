// The tests' contract, loaded as a gateway loads one, and short ways through the codec.
#ifndef SIMPUL_GATEWAY_TRANSCODE_TESTDATA_TEST_CONTRACT_H_
#define SIMPUL_GATEWAY_TRANSCODE_TESTDATA_TEST_CONTRACT_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gateway/transcode/contract.h"
#include "gateway/transcode/json_to_wire.h"
#include "gateway/transcode/wire_to_json.h"

namespace simpul::transcode {

// The serialized protoset of testdata/.
std::string TestProtoset();

// Loaded once.
const std::shared_ptr<const Contract>& TestContract();

// A message of simpul.transcode.test by its short name, or any by its full name.
const MessagePlan& TestPlan(std::string_view name);

absl::StatusOr<std::string> ToWire(std::string_view type, std::string_view json,
                                   const JsonToWireLimits& limits = {});
absl::StatusOr<std::string> ToJson(std::string_view type, std::string_view wire,
                                   const WireToJsonOptions& options = {});

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_TESTDATA_TEST_CONTRACT_H_
