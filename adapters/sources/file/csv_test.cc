#include "adapters/sources/file/csv.h"

#include <string>
#include <vector>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::file {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

struct Parsed {
  absl::Status status;
  std::vector<std::vector<std::string>> rows;
  int64_t last = 0;
};

// Fed `step` bytes at a time, as from a file whose blocks end anywhere.
Parsed Parse(std::string_view text, size_t step = 1 << 20) {
  Parsed parsed;
  const auto next = [&]() -> absl::StatusOr<std::string_view> {
    const auto bytes = text.substr(0, step);
    text.remove_prefix(bytes.size());
    return bytes;
  };
  parsed.status = ParseCsv(next, [&](const SheetRow& row) {
    parsed.rows.push_back(row.cells);
    parsed.last = row.number;
    return absl::OkStatus();
  });
  return parsed;
}

TEST(Csv, ReadsQuotesLineBreaksInThemAndBlankLinesWhereverABlockEnds) {
  const std::string text = "a,\"b \"\"c\"\", d\r\ne\",\r\n\r\n\"\",f";
  for (const size_t step : {3, 5, 1000}) {
    const auto parsed = Parse(text, step);
    EXPECT_EQ(parsed.status, absl::OkStatus()) << step;
    EXPECT_THAT(parsed.rows, ElementsAre(ElementsAre("a", "b \"c\", d\r\ne", ""), ElementsAre(),
                                         ElementsAre("", "f")));
    EXPECT_EQ(parsed.last, 3);
  }
}

TEST(Csv, FindsTheSeparatorAndDropsTheByteOrderMark) {
  EXPECT_THAT(Parse("\xef\xbb\xbfKode;\"a,b,c\"\n1;2\n").rows,
              ElementsAre(ElementsAre("Kode", "a,b,c"), ElementsAre("1", "2")));
  EXPECT_THAT(Parse("a\tb\n").rows, ElementsAre(ElementsAre("a", "b")));
  EXPECT_THAT(Parse("alone\n").rows, ElementsAre(ElementsAre("alone")));
}

TEST(Csv, RefusesAnOpenQuoteAndTextThatIsNotUtf8AndSaysTheRow) {
  EXPECT_THAT(Parse("a\n\"b\nc\n").status,
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("row 2: a quote")));
  for (const char* bad : {"caf\xe9", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_THAT(Parse(std::string("a\nb,") + bad + "\n").status,
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("row 2: not UTF-8")))
        << bad;
  }
  EXPECT_EQ(Parse("caf\xc3\xa9,\xe2\x82\xac,\xf0\x9f\x98\x80\n").status, absl::OkStatus());
  EXPECT_THAT(Parse("a," + std::string((1 << 20) + 1, 'x')).status,
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("longer than 1 MiB")));
}

TEST(Csv, ReadsWhatItWrites) {
  const std::vector<std::string> cells = {"", "plain", "a,b", "x;y", "\"q\"", "two\nlines", " s "};
  EXPECT_THAT(Parse(CsvLine(cells)).rows, ElementsAre(cells));
}

}  // namespace
}  // namespace simpul::file
