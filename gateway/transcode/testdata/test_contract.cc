#include "gateway/transcode/testdata/test_contract.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

namespace simpul::transcode {

std::string TestProtoset() {
  std::ifstream file(SIMPUL_TRANSCODE_TEST_PROTOSET, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const std::shared_ptr<const Contract>& TestContract() {
  static const auto contract = [] {
    auto loaded = Contract::Load(TestProtoset());
    if (!loaded.ok()) {
      std::cerr << loaded.status() << "\n";
      std::abort();
    }
    return *loaded;
  }();
  return contract;
}

const MessagePlan& TestPlan(std::string_view name) {
  const MessagePlan* plan = TestContract()->Plan("simpul.transcode.test." + std::string(name));
  if (plan == nullptr) plan = TestContract()->Plan(name);
  if (plan == nullptr) {
    std::cerr << "no message " << name << " in the test contract\n";
    std::abort();
  }
  return *plan;
}

absl::StatusOr<std::string> ToWire(std::string_view type, std::string_view json,
                                   const JsonToWireLimits& limits) {
  Buffer text;
  text.Append(json);
  Buffer out;
  absl::Status status = JsonToWire(TestPlan(type), text.Padded(), out, limits);
  if (!status.ok()) return status;
  return std::string(out.view());
}

absl::StatusOr<std::string> ToJson(std::string_view type, std::string_view wire,
                                   const WireToJsonOptions& options) {
  Buffer out;
  absl::Status status = WireToJson(TestPlan(type), wire, out, options);
  if (!status.ok()) return status;
  return std::string(out.view());
}

}  // namespace simpul::transcode
