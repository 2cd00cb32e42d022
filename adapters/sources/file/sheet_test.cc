#include "adapters/sources/file/sheet.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bus/testing/status_matchers.h"
#include "bus/testing/temporary_folder.h"
#include "gmock/gmock.h"

namespace simpul::file {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

class SheetTest : public ::testing::Test {
 protected:
  std::string PathOf(const std::string& name) const { return (folder_.path() / name).string(); }

  std::string Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(PathOf(name), std::ios::binary) << bytes;
    return PathOf(name);
  }

  // "Aplikasi 3: No|Kode" for each row that is not empty.
  absl::Status Read(const std::string& path, SheetLimits limits = {}) {
    lines_.clear();
    return ReadSheets(path, limits, [this](const SheetRow& row) {
      if (!row.cells.empty()) {
        lines_.push_back(
            absl::StrCat(row.sheet, " ", row.number, ": ", absl::StrJoin(row.cells, "|")));
      }
      return absl::OkStatus();
    });
  }

  // Writes a table of `rows` rows of 25 cells.
  absl::Status WriteRows(const std::string& path, int rows) {
    int next = 0;
    return WriteSheet(path, "Aplikasi",
                      [&](std::vector<std::string>& cells) -> absl::StatusOr<bool> {
                        cells.clear();
                        for (int i = 0; i < 25; ++i)
                          cells.push_back(absl::StrCat("v", next, "-", i));
                        return next++ <= rows;
                      });
  }

  const testing::TemporaryFolder folder_;
  std::vector<std::string> lines_;
};

const std::string kTestData = std::string(SIMPUL_SOURCE) + "/adapters/sources/file/testdata/";

TEST_F(SheetTest, ReadsAWorkbookOfOpenpyxl) {
  ASSERT_THAT(Read(kTestData + "openpyxl.xlsx"), IsOk());
  EXPECT_THAT(lines_, ElementsAre("Aplikasi 1: DAFTAR APLIKASI",
                                  "Aplikasi 3: No|Kode|Nama Aplikasi|Tahun|Aktif",
                                  "Aplikasi 4: 1|DAA-001|SIMPEG|2019|1",
                                  "Aplikasi 6: 2|DAA-002|dua\nbaris|2020/01/02|0",
                                  "Aplikasi 7: 3|007|Kepégawaian|3.5|ya", "Lain 1: satu"));
}

TEST_F(SheetTest, ReadsAnOpenDocumentOfLibreOffice) {
  ASSERT_THAT(Read(kTestData + "libreoffice.ods"), IsOk());
  EXPECT_THAT(lines_, ElementsAre("Aplikasi 1: DAFTAR APLIKASI",
                                  "Aplikasi 3: No|Kode|Nama Aplikasi|Tahun|Aktif",
                                  "Aplikasi 4: 1|DAA-001|SIMPEG|2019|1",
                                  "Aplikasi 6: 2|DAA-002|dua\nbaris|2020-01-02|0",
                                  "Aplikasi 7: 3|007|Kepégawaian|3.5|ya", "Lain 1: satu"));
}

TEST_F(SheetTest, ReadsWhatItWrites) {
  const std::vector<std::vector<std::string>> rows = {
      {"Kode", "Nama"}, {"007", "=1+1"}, {"", "dua\nbaris"}, {"a;b", "\"q\" & <x>"}};
  for (const char* name : {"a.xlsx", "a.csv"}) {
    size_t next = 0;
    ASSERT_THAT(WriteSheet(PathOf(name), "Aplikasi",
                           [&](std::vector<std::string>& cells) -> absl::StatusOr<bool> {
                             if (next < rows.size()) cells = rows[next];
                             return next++ < rows.size();
                           }),
                IsOk());
    std::vector<std::vector<std::string>> read;
    ASSERT_THAT(ReadSheets(PathOf(name), {},
                           [&](const SheetRow& row) {
                             read.push_back(row.cells);
                             return absl::OkStatus();
                           }),
                IsOk());
    EXPECT_EQ(read, rows) << name;
  }
  EXPECT_THAT(WriteRows(PathOf("a.ods"), 1), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(std::filesystem::exists(PathOf("a.ods")));
}

TEST_F(SheetTest, GivesNoRowOfWhatIsDamaged) {
  const std::string whole = [] {
    std::ifstream file(kTestData + "openpyxl.xlsx", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  for (const std::string& path :
       {Write("half.xlsx", whole.substr(0, whole.size() / 2)), Write("zip.xlsx", "PK\x03\x04zip"),
        Write("open.csv", "a,b\n1,2\n\"3,4\n"), Write("old.xls", "\xd0\xcf\x11\xe0\xa1")}) {
    EXPECT_THAT(Read(path), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(path)));
    EXPECT_THAT(lines_, IsEmpty()) << path;
  }
}

TEST_F(SheetTest, OpensRegularFilesAlone) {
  ASSERT_EQ(mkfifo(PathOf("pipe.csv").c_str(), 0600), 0);
  for (const std::string& path :
       {PathOf("pipe.csv"), folder_.path().string(), PathOf("none.csv"),
        std::string("/vsicurl/http://127.0.0.1:9/a.xlsx"), std::string("CSV:/etc/passwd")}) {
    EXPECT_THAT(Read(path), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(path)));
  }
}

TEST_F(SheetTest, HoldsToItsLimitsWhateverTheFileSays) {
  ASSERT_THAT(WriteRows(PathOf("big.xlsx"), 5000), IsOk());
  SheetLimits limits;
  limits.file_bytes = 1000;
  EXPECT_THAT(Read(PathOf("big.xlsx"), limits),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("larger than")));
  limits = {};
  limits.unpacked_bytes = 1 << 20;
  EXPECT_THAT(Read(PathOf("big.xlsx"), limits), StatusIs(absl::StatusCode::kInvalidArgument,
                                                         HasSubstr("unpacks to more than 1 MiB")));
  limits = {};
  limits.memory_bytes = 16 << 20;
  EXPECT_THAT(Read(PathOf("big.xlsx"), limits),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("16 MiB of memory")));
  EXPECT_THAT(lines_, IsEmpty());
  EXPECT_THAT(Read(PathOf("big.xlsx")), IsOk());
  EXPECT_EQ(lines_.size(), 5001u);
}

TEST_F(SheetTest, AReaderThatHasEnoughEndsIt) {
  int rows = 0;
  EXPECT_THAT(ReadSheets(kTestData + "openpyxl.xlsx", {},
                         [&](const SheetRow&) {
                           ++rows;
                           return absl::CancelledError("enough");
                         }),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(rows, 1);
}

}  // namespace
}  // namespace simpul::file
