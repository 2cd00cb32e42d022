// The codec beside protobuf's own JSON, on a message of ten fields and a page of a hundred.
#include <memory>
#include <string>

#include "benchmark/benchmark.h"
#include "gateway/transcode/request.h"
#include "gateway/transcode/testdata/test_contract.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver_util.h"

namespace simpul::transcode {
namespace {

constexpr char kPackage[] = "simpul.transcode.test.";

const std::string& One() {
  static const std::string json =
      "{\"id\":\"hs-11nQz7Vd84\",\"displayName\":\"Tall Cobalt Heron\",\"latitude\":48.858373,"
      "\"longitude\":2.292292,\"rewardTotal\":\"918273645546\",\"status\":\"STATUS_ACTIVE\","
      "\"online\":true,\"lastSeen\":\"2026-11-23T21:04:05.120Z\","
      "\"tags\":[\"outdoor\",\"rooftop\",\"eu868\"],"
      "\"radio\":{\"region\":\"EU868\",\"channel\":37,\"gainDbi\":5.8}}";
  return json;
}

const std::string& Page() {
  static const std::string json = [] {
    std::string text = "{\"hotspots\":[";
    for (int i = 0; i < 100; ++i) text += (i == 0 ? "" : ",") + One();
    return text + "],\"nextPageToken\":\"b2Zmc2V0OjEwMA\"}";
  }();
  return json;
}

const std::string& Json(bool page) { return page ? Page() : One(); }
std::string Type(bool page) { return page ? "ListHotspotsResponse" : "Hotspot"; }
std::string Wire(bool page) { return *ToWire(Type(page), Json(page)); }

google::protobuf::util::TypeResolver* Resolver() {
  static auto* const resolver = google::protobuf::util::NewTypeResolverForDescriptorPool(
      "type.googleapis.com", &TestContract()->pool());
  return resolver;
}

void Count(benchmark::State& state) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * Json(state.range(0)).size()));
}

void JsonToWireOurs(benchmark::State& state) {
  const MessagePlan& plan = TestPlan(Type(state.range(0)));
  Buffer text;
  text.Append(Json(state.range(0)));
  PaddedText json = text.Padded();
  Buffer out;
  for (auto _ : state) {
    out.Clear();
    if (!JsonToWire(plan, json, out).ok()) state.SkipWithError("refused");
  }
  Count(state);
}
BENCHMARK(JsonToWireOurs)->Arg(0)->Arg(1);

void WireToJsonOurs(benchmark::State& state) {
  const MessagePlan& plan = TestPlan(Type(state.range(0)));
  std::string wire = Wire(state.range(0));
  Buffer out;
  for (auto _ : state) {
    out.Clear();
    if (!WireToJson(plan, wire, out).ok()) state.SkipWithError("refused");
  }
  Count(state);
}
BENCHMARK(WireToJsonOurs)->Arg(0)->Arg(1);

void JsonToWireProtobuf(benchmark::State& state) {
  std::string type = std::string("type.googleapis.com/") + kPackage + Type(state.range(0));
  for (auto _ : state) {
    std::string out;
    if (!google::protobuf::util::JsonToBinaryString(Resolver(), type, Json(state.range(0)), &out)
             .ok()) {
      state.SkipWithError("refused");
    }
  }
  Count(state);
}
BENCHMARK(JsonToWireProtobuf)->Arg(0)->Arg(1);

void WireToJsonProtobuf(benchmark::State& state) {
  std::string type = std::string("type.googleapis.com/") + kPackage + Type(state.range(0));
  std::string wire = Wire(state.range(0));
  for (auto _ : state) {
    std::string out;
    if (!google::protobuf::util::BinaryToJsonString(Resolver(), type, wire, &out).ok()) {
      state.SkipWithError("refused");
    }
  }
  Count(state);
}
BENCHMARK(WireToJsonProtobuf)->Arg(0)->Arg(1);

void WireToJsonDynamicMessage(benchmark::State& state) {
  google::protobuf::DynamicMessageFactory factory;
  const auto* descriptor =
      TestContract()->pool().FindMessageTypeByName(kPackage + Type(state.range(0)));
  std::string wire = Wire(state.range(0));
  for (auto _ : state) {
    std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(descriptor)->New());
    std::string out;
    if (!message->ParseFromString(wire) ||
        !google::protobuf::util::MessageToJsonString(*message, &out).ok()) {
      state.SkipWithError("refused");
    }
  }
  Count(state);
}
BENCHMARK(WireToJsonDynamicMessage)->Arg(0)->Arg(1);

// With this many routes in the table.
void RouteAndBind(benchmark::State& state) {
  std::vector<std::unique_ptr<Method>> methods;
  const Method& get = *TestContract()->FindMethod("/simpul.transcode.test.LibraryService/GetBook");
  RestRouter::Builder builder;
  (void)builder.Add(TestContract(), get);
  for (int64_t i = 0; i < state.range(0); ++i) {
    methods.push_back(std::make_unique<Method>(get));
    methods.back()->rules = {{"GET", "/v1/{name=shelves" + std::to_string(i) + "/*/books/*}"}};
    (void)builder.Add(TestContract(), *methods.back());
  }
  auto router = std::move(builder).Build();
  Buffer none;
  PaddedText body = none.Padded();
  Buffer out;
  for (auto _ : state) {
    Match match;
    out.Clear();
    if (router->Find("GET", "/v1/shelves/12/books/345", match) != RouteResult::kFound ||
        !BuildRequest(match, "", body, out).ok()) {
      state.SkipWithError("not found");
    }
  }
}
BENCHMARK(RouteAndBind)->Arg(1)->Arg(10000);

}  // namespace
}  // namespace simpul::transcode

BENCHMARK_MAIN();
