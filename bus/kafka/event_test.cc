#include "bus/kafka/event.h"

#include <random>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::kafka {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

Event Sample() {
  return {.id = "departments/a/sessions/1@17",
          .source = "//simpul/service/wifi",
          .type = "simpul.wifi.v1.SessionEvent",
          .subject = "departments/a/sessions/1",
          .time = absl::FromUnixMicros(1'764'000'000'123'456),
          .dataschema = "urn:simpul:contract:00ff",
          .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          .data = std::string("\0\x01", 2)};
}

TEST(Event, HasTheHeadersOfTheKafkaBinding) {
  EXPECT_THAT(
      ToHeaders(Sample()),
      ElementsAre(Pair("ce_specversion", "1.0"), Pair("ce_id", "departments/a/sessions/1@17"),
                  Pair("ce_source", "//simpul/service/wifi"),
                  Pair("ce_type", "simpul.wifi.v1.SessionEvent"),
                  Pair("ce_subject", "departments/a/sessions/1"),
                  Pair("ce_partitionkey", "departments/a/sessions/1"),
                  Pair("ce_time", "2025-11-24T16:00:00.123456Z"),
                  Pair("ce_dataschema", "urn:simpul:contract:00ff"),
                  Pair("ce_traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                  Pair("content-type", "application/protobuf")));
}

TEST(Event, ComesBackFromItsHeaders) {
  const Event event = Sample();
  auto back = FromHeaders(ToHeaders(event), event.data);
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->id, event.id);
  EXPECT_EQ(back->source, event.source);
  EXPECT_EQ(back->type, event.type);
  EXPECT_EQ(back->subject, event.subject);
  EXPECT_EQ(back->time, event.time);
  EXPECT_EQ(back->dataschema, event.dataschema);
  EXPECT_EQ(back->traceparent, event.traceparent);
  EXPECT_EQ(back->data, event.data);
}

TEST(Event, ReadsNamesInAnyCaseAndOtherHeadersNot) {
  auto headers = ToHeaders(Sample());
  for (auto& [name, value] : headers) {
    for (char& c : name) c = static_cast<char>(toupper(c));
  }
  headers.emplace_back("x-other", "1");
  EXPECT_THAT(FromHeaders(headers, ""), IsOk());
}

TEST(Event, NamesTheAttributeThatIsMissing) {
  for (const char* name :
       {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time"}) {
    auto headers = ToHeaders(Sample());
    std::erase_if(headers, [&](const auto& header) { return header.first == name; });
    EXPECT_THAT(FromHeaders(headers, ""),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(name)));
  }
}

TEST(Event, ReadsEveryFormOfTime) {
  const absl::Time noon = absl::FromUnixSeconds(1'764'072'000);
  const std::pair<const char*, absl::Time> times[] = {
      {"2025-11-25T12:00:00Z", noon},
      {"2025-11-25T12:00:00.5Z", noon + absl::Milliseconds(500)},
      {"2025-11-25T12:00:00.000001Z", noon + absl::Microseconds(1)},
      {"2025-11-25T12:00:00.123456789Z", noon + absl::Nanoseconds(123456789)},
      {"2025-11-25T19:00:00+07:00", noon},
      {"2025-11-25t12:00:00z", noon},
      {"2025-12-31T23:59:59Z", absl::FromUnixSeconds(1'767'225'599)},
  };
  for (const auto& [text, time] : times) {
    auto headers = ToHeaders(Sample());
    for (auto& header : headers) {
      if (header.first == "ce_time") header.second = text;
    }
    auto event = FromHeaders(headers, "");
    ASSERT_THAT(event, IsOk()) << text;
    EXPECT_EQ(event->time, time) << text;
  }
}

TEST(Event, WritesTimesAsAbslDoes) {
  std::mt19937_64 random(20261124);
  std::uniform_int_distribution<int64_t> seconds(0, 253'402'300'799);  // to the end of 9999
  for (int i = 0; i < 10'000; ++i) {
    Event event = Sample();
    // With few digits of a fraction and with many.
    event.time = absl::FromUnixSeconds(seconds(random)) +
                 absl::Microseconds(random() % 1'000'000 / (i % 7 == 0 ? 1 : 100'000) * 100'000);
    const auto headers = ToHeaders(event);
    ASSERT_EQ(headers[6].first, "ce_time");
    ASSERT_EQ(headers[6].second,
              absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", event.time, absl::UTCTimeZone()));
    ASSERT_EQ(FromHeaders(headers, "")->time, event.time);
  }
}

TEST(Event, RefusesAnotherVersionAndTimesThatAreNone) {
  for (const auto& [name, value] :
       {std::pair("ce_specversion", "0.3"), std::pair("ce_time", "now"),
        std::pair("ce_time", "2025-13-01T00:00:00Z"), std::pair("ce_time", "2025-02-30T00:00:00Z"),
        std::pair("ce_time", "2025-01-01T00:00:00.Z"), std::pair("ce_time", "infinite-future")}) {
    auto headers = ToHeaders(Sample());
    for (auto& header : headers) {
      if (header.first == name) header.second = value;
    }
    EXPECT_THAT(FromHeaders(headers, ""),
                StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr(value))));
  }
}

}  // namespace
}  // namespace simpul::kafka
