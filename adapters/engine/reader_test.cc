// What Get and List make of the answers of a legacy that misbehaves.
#include "adapters/engine/reader.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "bus/testing/status_matchers.h"
#include "simpul/wifi/v1/source.pb.h"

namespace simpul::engine {
namespace {

using simpul::testing::IsOk;
using simpul::testing::StatusIs;
using sources::Batch;
using sources::Bindings;
using sources::Cell;
using sources::EachBatch;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int64_t kRows = 40;

class ReaderTest : public ::testing::Test {
 protected:
  // Rows 1 to kRows, each with a text of 200,000 bytes.
  static absl::Status LargeRows(const MappedQuery&, const Bindings& bindings, EachBatch each) {
    static const auto& columns =
        *new std::vector<std::string>{"radacctid",        "acctuniqueid",
                                      "nasipaddress",     "acctstarttime",
                                      "acctupdatetime",   "acctstoptime",
                                      "acctsessiontime",  "acctinputoctets",
                                      "acctoutputoctets", "acctterminatecause",
                                      "username",         "callingstationid",
                                      "framedipaddress",  "ssid"};
    const std::string large(200'000, 'x');
    const int64_t limit = std::get<int64_t>(*bindings.Find("limit"));
    int64_t row = std::max<int64_t>(0, std::get<int64_t>(*bindings.Find("after")));
    for (int64_t count = 0; row < kRows && count < limit; ++count) {
      std::vector<Cell> cells(columns.size());
      cells[0] = Cell::Int(++row);
      cells[1] = Cell::Text("u");
      cells[10] = Cell::Text(large);
      ++rows_given;
      if (auto s = each({.columns = &columns, .cells = cells.data(), .rows = 1}); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  static inline int rows_given = 0;

  std::unique_ptr<const LoadedMapping> mapping_ =
      *LoadMapping(SIMPUL_SOURCE_DIR "/adapters/diskominfo/radius");
  rpc::TokenKey tokens_{std::string(32, 't')};
  Reader reader_{*mapping_, tokens_};
};

TEST_F(ReaderTest, EndsAPageBeforeItsMessageIsTooLargeForGrpc) {
  wifi::v1::ListSourceSessionsRequest request;
  int64_t rows = 0;
  do {
    auto answer = reader_.Answer("ListSessions", request.SerializeAsString(), LargeRows);
    ASSERT_THAT(answer, IsOk());
    EXPECT_LT(answer->size(), 4u << 20);
    wifi::v1::ListSourceSessionsResponse response;
    ASSERT_TRUE(response.ParseFromString(*answer));
    for (const auto& session : response.sessions()) {
      EXPECT_TRUE(absl::EndsWith(session.name(), "/" + std::to_string(++rows))) << session.name();
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(rows, kRows);
}

TEST_F(ReaderTest, ReadsNoMoreRowsOnceAPageIsFull) {
  rows_given = 0;
  ASSERT_THAT(reader_.Answer("ListSessions", "", LargeRows), IsOk());
  EXPECT_EQ(rows_given, (3 << 20) / 200'000 + 2);  // the one that fills it, and the one left over
}

TEST_F(ReaderTest, NamesAdapterRpcAndQueryOfWhateverTheSourceSays) {
  wifi::v1::GetSourceSessionRequest get;
  get.set_name("departments/diskominfo/sessions/1");
  for (const auto code : {absl::StatusCode::kDeadlineExceeded, absl::StatusCode::kUnavailable,
                          absl::StatusCode::kResourceExhausted,
                          absl::StatusCode::kFailedPrecondition, absl::StatusCode::kDataLoss}) {
    const auto fail = [&](const MappedQuery&, const Bindings&, EachBatch) {
      return absl::Status(code, "so it is");
    };
    const auto named = AllOf(HasSubstr("adapter diskominfo/radius"), HasSubstr("mapping.yaml:"),
                             HasSubstr("so it is"));
    EXPECT_THAT(reader_.Answer("GetSession", get.SerializeAsString(), fail).status(),
                StatusIs(code, AllOf(named, HasSubstr("GetSession"))));
    EXPECT_THAT(reader_.Answer("ListSessions", "", fail).status(),
                StatusIs(code, AllOf(named, HasSubstr("ListSessions"))));
  }
}

}  // namespace
}  // namespace simpul::engine
