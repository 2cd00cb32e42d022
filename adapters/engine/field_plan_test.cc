#include "adapters/engine/field_plan.h"

#include <random>

#include "adapters/engine/text_value.h"
#include "bus/testing/status_matchers.h"
#include "google/protobuf/text_format.h"
#include "simpul/mapping/v1/mapping.pb.h"
#include "simpul/wifi/v1/source.pb.h"
#include "simpul/wifi/v1/wifi.pb.h"

namespace simpul::engine {
namespace {

using simpul::testing::IsOk;
using simpul::testing::StatusIs;
using sources::Cell;
using ::testing::HasSubstr;

mapping::v1::Field Field(const std::string& text) {
  mapping::v1::Field field;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &field)) << text;
  return field;
}

absl::TimeZone Jakarta() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Asia/Jakarta", &zone));
  return zone;
}

// A plan of some fields of a message; the key is the column "id".
template <class Message>
FieldPlan Plan(const std::vector<std::pair<std::string, std::string>>& fields) {
  FieldPlan plan(*Message::descriptor(), "things/", "id", /*key_is_text=*/false);
  for (const auto& [name, text] : fields) {
    std::string part;
    EXPECT_THAT(
        plan.Add(*Message::descriptor()->FindFieldByName(name), Field(text), Jakarta(), part),
        IsOk());
  }
  plan.Finish();
  return plan;
}

// The message of one row whose first column is the key 7.
template <class Message>
Message Encode(const FieldPlan& plan, const Cell& value) {
  const Cell row[] = {Cell::Int(7), value};
  std::string out;
  Misfit misfit;
  EXPECT_TRUE(plan.Encode(plan.Bind({"id", "x"}), row, out, misfit))
      << misfit.field << " " << misfit.reason;
  Message message;
  EXPECT_TRUE(message.ParseFromString(out));
  return message;
}

std::string ReasonOf(const FieldPlan& plan, const Cell& value) {
  const Cell row[] = {Cell::Int(7), value};
  std::string out = "before";
  Misfit misfit;
  EXPECT_FALSE(plan.Encode(plan.Bind({"id", "x"}), row, out, misfit));
  EXPECT_EQ(out, "before");
  return misfit.field + " " + misfit.reason;
}

using wifi::v1::SourceSession;

TEST(FieldPlan, WritesTheBytesThatGeneratedCodeWrites) {
  const FieldPlan plan = Plan<SourceSession>({{"output_bytes", "column: 'out'"},
                                              {"unique_id", "column: 'unique'"},
                                              {"start_time", "column: 'start'"},
                                              {"session_time", "column: 'seconds'"},
                                              {"input_bytes", "column: 'in'"},
                                              {"user", "column: 'user'"},
                                              {"interim_interval", "constant: '10m'"}});
  const std::vector<std::string> columns = {"user",    "in",     "out", "START",
                                            "seconds", "unique", "id"};
  const PlanColumns bound = plan.Bind(columns);
  EXPECT_EQ(bound.missing, "");
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    const auto pick = [&]() -> int64_t {  // of every length a varint has
      return static_cast<int64_t>(random() >> (random() % 64)) * (random() % 2 ? 1 : -1);
    };
    const std::string user(random() % 300, 'u');
    const int64_t in = pick(), out = i % 10 == 0 ? 0 : pick(), id = pick();
    const int64_t start =
        static_cast<int64_t>(random() % 4'000'000'000'000'000) - 1'000'000'000'000'000;
    const int64_t seconds = pick() % 1'000'000;
    const bool has_start = random() % 4 != 0;
    const Cell row[] = {Cell::Text(user),   Cell::Int(in),
                        Cell::Int(out),     has_start ? Cell::Time(start) : Cell::Null(),
                        Cell::Int(seconds), Cell::Text("kaf\xc3\xa9"),
                        Cell::Int(id)};
    std::string bytes;
    Misfit misfit;
    ASSERT_TRUE(plan.Encode(bound, row, bytes, misfit)) << misfit.field << misfit.reason;

    SourceSession want;
    want.set_name("things/" + std::to_string(id));
    want.set_unique_id("kaf\xc3\xa9");
    want.set_input_bytes(in);
    want.set_output_bytes(out);
    want.set_user(user);
    if (has_start) {
      int64_t whole = start / 1'000'000, rest = start % 1'000'000;
      if (rest < 0) --whole, rest += 1'000'000;
      want.mutable_start_time()->set_seconds(whole);
      want.mutable_start_time()->set_nanos(static_cast<int32_t>(rest) * 1000);
    }
    want.mutable_session_time()->set_seconds(seconds);
    want.mutable_interim_interval()->set_seconds(600);
    ASSERT_EQ(bytes, want.SerializeAsString());
  }
}

TEST(FieldPlan, ReadsNumbersThatAreText) {
  const auto plan = Plan<SourceSession>({{"input_bytes", "column: 'x'"}});
  EXPECT_EQ(Encode<SourceSession>(plan, Cell::Text("-12")).input_bytes(), -12);
  EXPECT_EQ(Encode<SourceSession>(plan, Cell::Text("12.000")).input_bytes(), 12);
  EXPECT_EQ(Encode<SourceSession>(plan, Cell::Text("9223372036854775807")).input_bytes(),
            std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ReasonOf(plan, Cell::Text("9223372036854775808")), "input_bytes is no whole number");
  EXPECT_EQ(ReasonOf(plan, Cell::Text("1.5")), "input_bytes is no whole number");
  EXPECT_EQ(ReasonOf(plan, Cell::Text("")), "input_bytes is no whole number");
  EXPECT_EQ(ReasonOf(plan, Cell::Time(1)), "input_bytes is no whole number");
}

TEST(FieldPlan, HoldsNumbersToTheFieldsRange) {
  const auto plan = Plan<wifi::v1::Hotspot>({{"active_session_count", "column: 'x'"}});
  EXPECT_EQ(Encode<wifi::v1::Hotspot>(plan, Cell::Int(2147483647)).active_session_count(),
            2147483647);
  EXPECT_EQ(ReasonOf(plan, Cell::Int(2147483648)), "active_session_count is out of range");
}

TEST(FieldPlan, ScalesUnits) {
  const auto kib = Plan<SourceSession>({{"input_bytes", "column: 'x' scale: 1024"}});
  EXPECT_EQ(Encode<SourceSession>(kib, Cell::Int(3)).input_bytes(), 3072);
  EXPECT_EQ(Encode<SourceSession>(kib, Cell::Text("0.5")).input_bytes(), 512);
  EXPECT_EQ(ReasonOf(kib, Cell::Real(1e30)), "input_bytes is out of range");
  const auto millis = Plan<SourceSession>({{"session_time", "column: 'x' unit: MILLISECONDS"}});
  EXPECT_EQ(Encode<SourceSession>(millis, Cell::Int(-1500)).session_time().seconds(), -1);
  EXPECT_EQ(Encode<SourceSession>(millis, Cell::Int(-1500)).session_time().nanos(), -500'000'000);
  EXPECT_EQ(ReasonOf(millis, Cell::Int(std::numeric_limits<int64_t>::max())),
            "session_time is out of range");
}

TEST(FieldPlan, ReadsTimesInTheirZoneAndFormat) {
  const auto seconds = [](const FieldPlan& plan, const Cell& cell) {
    return Encode<SourceSession>(plan, cell).start_time().seconds();
  };
  constexpr int64_t kEight = 1795482000;  // 2026-11-24T08:00:00+07:00
  const auto iso = Plan<SourceSession>({{"start_time", "column: 'x'"}});
  EXPECT_EQ(seconds(iso, Cell::Text("2026-11-24 08:00:00")), kEight);
  EXPECT_EQ(seconds(iso, Cell::Text("2026-11-24T01:00:00Z")), kEight);
  EXPECT_EQ(seconds(iso, Cell::Text("2026-11-24T10:30:00+0930")), kEight);
  EXPECT_EQ(seconds(iso, Cell::LocalTime((kEight + 7 * 3600) * 1'000'000)), kEight);
  EXPECT_EQ(seconds(iso, Cell::Time(kEight * 1'000'000)), kEight);
  EXPECT_EQ(Encode<SourceSession>(iso, Cell::Time(-1)).start_time().nanos(), 999'999'000);
  const auto lapor =
      Plan<SourceSession>({{"start_time", "column: 'x' time { format: '%d-%m-%Y %H:%M:%S' }"}});
  EXPECT_EQ(seconds(lapor, Cell::Text("24-11-2026 08:00:00")), kEight);
  EXPECT_EQ(ReasonOf(lapor, Cell::Text("2026-11-24")), "start_time is no time of its format");
  const auto wit =
      Plan<SourceSession>({{"start_time", "column: 'x' time { zone: 'Asia/Jayapura' }"}});
  EXPECT_EQ(seconds(wit, Cell::Text("2026-11-24 10:00:00")), kEight);
  const auto unix = Plan<SourceSession>({{"start_time", "column: 'x' time { format: 'unix' }"}});
  EXPECT_EQ(seconds(unix, Cell::Int(kEight)), kEight);
  EXPECT_EQ(ReasonOf(iso, Cell::Text("2026-02-30 08:00:00")),
            "start_time is no time of its format");
  EXPECT_EQ(ReasonOf(iso, Cell::Text("0000-00-00 00:00:00")),
            "start_time is no time of its format");
  EXPECT_EQ(ReasonOf(iso, Cell::Time(253402300800LL * 1'000'000)), "start_time is out of range");
}

TEST(FieldPlan, LooksCodesUp) {
  const auto plan = Plan<wifi::v1::Session>(
      {{"state",
        "column: 'x' codes { key: '1' value: 'ACTIVE' } codes { key: 'E' value: 'ENDED' }"}});
  EXPECT_EQ(Encode<wifi::v1::Session>(plan, Cell::Int(1)).state(), wifi::v1::Session::ACTIVE);
  EXPECT_EQ(Encode<wifi::v1::Session>(plan, Cell::Text("E")).state(), wifi::v1::Session::ENDED);
  EXPECT_EQ(ReasonOf(plan, Cell::Text("Q")), "state is not in its code table");
  const auto other = Plan<wifi::v1::Session>(
      {{"state", "column: 'x' codes { key: '1' value: 'ACTIVE' } other: 'ENDED'"}});
  EXPECT_EQ(Encode<wifi::v1::Session>(other, Cell::Text("Q")).state(), wifi::v1::Session::ENDED);
}

TEST(FieldPlan, TreatsNullAsTheMappingSays) {
  EXPECT_FALSE(
      Encode<SourceSession>(Plan<SourceSession>({{"session_time", "column: 'x'"}}), Cell::Null())
          .has_session_time());
  EXPECT_EQ(Encode<SourceSession>(
                Plan<SourceSession>({{"session_time", "column: 'x' default: '9'"}}), Cell::Null())
                .session_time()
                .seconds(),
            9);
  EXPECT_EQ(
      ReasonOf(Plan<SourceSession>({{"unique_id", "column: 'x' required: true"}}), Cell::Null()),
      "unique_id is NULL");
}

TEST(FieldPlan, RefusesTextThatIsNotUtf8) {
  const auto plan = Plan<SourceSession>({{"ssid", "column: 'x'"}});
  EXPECT_EQ(Encode<SourceSession>(plan, Cell::Text("\xf0\x9f\x93\xb6 kota")).ssid(),
            "\xf0\x9f\x93\xb6 kota");
  for (const char* text : {"\xff", "abcdefg\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_EQ(ReasonOf(plan, Cell::Text(text)), "ssid is not UTF-8");
  }
}

TEST(FieldPlan, NamesAColumnThatIsMissing) {
  EXPECT_EQ(Plan<SourceSession>({{"ssid", "column: 'x'"}}).Bind({"id"}).missing, "x");
  EXPECT_EQ(Plan<SourceSession>({{"ssid", "column: 'x'"}}).Bind({"x"}).missing, "id");
}

TEST(FieldPlan, KeepsTextKeysToWhatANameMayHold) {
  const FieldPlan plan(*SourceSession::descriptor(), "things/", "id", /*key_is_text=*/true);
  std::string out;
  EXPECT_TRUE(plan.AppendKey(Cell::Text("b0a6-~.x"), out));
  EXPECT_EQ(out, "b0a6-~.x");
  EXPECT_FALSE(plan.AppendKey(Cell::Text("a/b"), out));
  EXPECT_FALSE(plan.AppendKey(Cell::Text(""), out));
  EXPECT_FALSE(plan.AppendKey(Cell::Null(), out));
}

TEST(FieldPlan, RefusesWhatCannotBeMade) {
  FieldPlan plan(*SourceSession::descriptor(), "things/", "id", false);
  const auto refused = [&](const std::string& name, const std::string& text) {
    std::string part;
    const auto status =
        plan.Add(*SourceSession::descriptor()->FindFieldByName(name), Field(text), Jakarta(), part);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << text;
    return part;
  };
  EXPECT_EQ(refused("ssid", ""), "");
  EXPECT_EQ(refused("input_bytes", "constant: 'many'"), "constant");
  EXPECT_EQ(refused("start_time", "column: 'x' time { zone: 'Mars/Base' }"), "time.zone");
  EXPECT_EQ(refused("input_bytes", "column: 'x' default: 'none'"), "default");
  EXPECT_EQ(refused("input_bytes", "column: 'x' other: '1'"), "other");
  EXPECT_EQ(refused("input_bytes", "column: 'x' codes { key: 'a' value: 'b' }"), "codes.a");
}

TEST(TextValue, IsReadStrictly) {
  int64_t value = 0;
  EXPECT_FALSE(ParseInteger("12.", value));
  EXPECT_FALSE(ParseInteger("1e3", value));
  EXPECT_FALSE(ParseInteger("-", value));
  EXPECT_TRUE(ParseInteger("-9223372036854775808", value));
  IsoTime time;
  EXPECT_FALSE(ParseIsoTime("2026-11-24T08:00", time));
  EXPECT_FALSE(ParseIsoTime("2026-11-24T08:00:00 WIB", time));
  EXPECT_TRUE(ParseIsoTime("2026-11-24", time));
}

}  // namespace
}  // namespace simpul::engine
