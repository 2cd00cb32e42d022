// libFuzzer: hostile JSON and hostile wire bytes through both directions. The first byte chooses.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "gateway/transcode/strip_personal.h"
#include "gateway/transcode/testdata/test_contract.h"
#include "gateway/transcode/testdata/zoo.pb.h"

namespace simpul::transcode {
namespace {

[[noreturn]] void Die(const char* what, const std::string& text) {
  std::fprintf(stderr, "%s: %s\n", what, text.c_str());
  std::abort();
}

// What is printed at all must be read again, and then print the same.
void CheckJson(const MessagePlan& plan, const std::string& json) {
  Buffer text;
  text.Append(json);
  Buffer wire;
  absl::Status status = JsonToWire(plan, text.Padded(), wire, {.max_depth = 200});
  if (!status.ok()) Die("own JSON is refused", std::string(status.message()) + "\n" + json);
  Buffer again;
  status = WireToJson(plan, wire.view(), again, {.max_depth = 200, .omit_personal = false});
  if (!status.ok()) Die("own wire is refused", std::string(status.message()));
  Buffer third;
  text.Clear();
  text.Append(again.view());
  wire.Clear();
  (void)JsonToWire(plan, text.Padded(), wire, {.max_depth = 200});
  (void)WireToJson(plan, wire.view(), third, {.max_depth = 200, .omit_personal = false});
  if (third.view() != again.view()) Die("does not come back", std::string(again.view()));
}

// gRPC shows what REST shows.
void CheckStripped(const MessagePlan& plan, std::string_view wire, std::string_view json) {
  Buffer stripped;
  const absl::Status status = StripPersonal(plan, wire, stripped);
  if (!status.ok()) Die("printed, but not stripped", std::string(status.message()));
  Buffer again;
  std::string theirs(json);
  std::string ours;
  if (WireToJson(plan, stripped.view(), again, {.max_depth = 200, .omit_personal = false}).ok()) {
    ours = again.view();
  }
  std::sort(ours.begin(), ours.end());  // The order of what was merged may differ.
  std::sort(theirs.begin(), theirs.end());
  if (ours != theirs) {
    Die("stripped to something else", std::string(json) + "\n" + std::string(again.view()));
  }
}

void FuzzWire(const MessagePlan& plan, std::string_view wire) {
  Buffer out;
  (void)StripPersonal(plan, wire, out);
  out.Clear();
  if (WireToJson(plan, wire, out).ok()) CheckStripped(plan, wire, out.view());
  out.Clear();
  if (WireToJson(plan, wire, out, {.omit_personal = false}).ok()) {
    CheckJson(plan, std::string(out.view()));
  }
}

void FuzzJson(const MessagePlan& plan, std::string_view json) {
  // Exactly as much memory as promised, so that the sanitizer sees a look beyond.
  std::string padded(json);
  padded.append(PaddedText::kPadding, '\0');
  padded.shrink_to_fit();
  Buffer wire;
  if (!JsonToWire(plan, {padded.data(), json.size()}, wire).ok()) return;
  if (&plan == &TestPlan("Zoo")) {
    test::Zoo zoo;
    if (!zoo.ParseFromArray(wire.data(), static_cast<int>(wire.size()))) {
      Die("no message", std::string(json));
    }
  }
}

}  // namespace
}  // namespace simpul::transcode

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace simpul::transcode;
  if (size == 0) return 0;
  static const MessagePlan* const kPlans[] = {
      &TestPlan("Zoo"),    &TestPlan("WellKnown"),           &TestPlan("Maps"),
      &TestPlan("Person"), &TestPlan("google.protobuf.Any"), &TestPlan("google.protobuf.Value")};
  const MessagePlan& plan = *kPlans[(data[0] >> 1) % 6];
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] & 1) {
    FuzzWire(plan, input);
  } else {
    FuzzJson(plan, input);
  }
  return 0;
}
