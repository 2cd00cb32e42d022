#include "services/catalogue/sheet_import.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::catalogue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using Outcome = v1::ImportOutcome;

// An import into a catalogue that says CREATED to everything, and refuses what is called "odd".
class SheetImportTest : public ::testing::Test {
 protected:
  SheetImport Start(const std::string& department = "dpupr") {
    return {
        family_, department,
        [this](std::vector<v1::Application> applications) -> absl::StatusOr<std::vector<Outcome>> {
          std::vector<Outcome> outcomes;
          for (const auto& application : applications) {
            names_.push_back(application.name());
            Outcome& outcome = outcomes.emplace_back();
            outcome.set_result(Outcome::CREATED);
            if (application.display_name() != "odd") continue;
            outcome.set_result(Outcome::REFUSED);
            outcome.add_fields("display_name");
            outcome.set_reason("odd");
          }
          largest_ = std::max(largest_, applications.size());
          return outcomes;
        },
        [this](const v1::RowReport& report) {
          lines_.push_back(absl::StrCat(report.sheet(), " ", report.row(), " ",
                                        Outcome::Result_Name(report.result()),
                                        report.column().empty() ? "" : " " + report.column(),
                                        report.reason().empty() ? "" : ": " + report.reason()));
        }};
  }

  void Give(SheetImport& import, const std::string& sheet,
            const std::vector<std::vector<std::string>>& rows) {
    int64_t number = 0;
    for (const auto& cells : rows) ASSERT_THAT(import.Take(sheet, ++number, cells), IsOk());
  }

  const SheetFamily family_ = SheetFamily::BuiltIn();
  std::vector<std::string> names_;
  std::vector<std::string> lines_;
  size_t largest_ = 0;
};

TEST_F(SheetImportTest, FindsTheHeaderBelowTitlesAndTellsOfEveryRow) {
  auto import = Start();
  Give(import, "Aplikasi",
       {{"DAFTAR APLIKASI"},
        {},
        {"No", "Nama Aplikasi", "Kode", "Basis"},
        {"(1)", "(2)", "(3)", "(4)"},
        {"1", "Simpeg", "DAA-1", "Website"},
        {"", " "},
        {"2", "odd", "DAA-2"},
        {"3", "Jalan", "DAA-3", "kertas"},
        {"4", "Jalan", "DAA-1", "web"}});
  ASSERT_THAT(import.Finish(), IsOk());
  EXPECT_THAT(lines_, ElementsAre("Aplikasi 5 CREATED", "Aplikasi 7 REFUSED B: odd",
                                  "Aplikasi 8 REFUSED D: not one of web, desktop, mobile, cloud",
                                  "Aplikasi 9 REFUSED C: row 5 of Aplikasi has the same code"));
  EXPECT_THAT(names_, ElementsAre("departments/dpupr/applications/DAA-1",
                                  "departments/dpupr/applications/DAA-2"));
}

TEST_F(SheetImportTest, EachSheetHasItsOwnHeaderAndOthersAreLeftOut) {
  auto import = Start();
  Give(import, "Petunjuk", std::vector<std::vector<std::string>>(30, {"Isilah", "dengan benar"}));
  Give(import, "A", {{"Kode", "Nama"}, {"DAA-1", "Satu"}});
  Give(import, "B", {{"Nama", "Kode"}, {"Dua", "DAA-2"}});
  ASSERT_THAT(import.Finish(), IsOk());
  EXPECT_THAT(lines_, ElementsAre("A 2 CREATED", "B 2 CREATED"));
}

TEST_F(SheetImportTest, AHeaderThatLacksAColumnIsNamedAndBlocksNoOtherSheet) {
  auto import = Start();
  Give(import, "A", {{"Nama", "Fungsi", "Status"}, {"Satu", "f", "Aktif"}});
  Give(import, "B", {{"Kode", "Kode DAA", "Nama"}, {"1", "2", "3"}});
  Give(import, "C", {{"Kode", "Nama"}, {"DAA-1", "Satu"}});
  ASSERT_THAT(import.Finish(), IsOk());
  EXPECT_THAT(lines_, ElementsAre("A 1 REFUSED: the header lacks the column Kode",
                                  HasSubstr("B 1 REFUSED: the headers 'Kode' and 'Kode DAA'"),
                                  "C 2 CREATED"));
}

TEST_F(SheetImportTest, WithoutAnyHeaderItSaysWhichColumnsItNeeds) {
  auto import = Start();
  Give(import, "", {{"a", "b"}, {"c", "d"}});
  EXPECT_THAT(import.Finish(), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("with the columns Kode, Nama Aplikasi")));
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(SheetImportTest, TheDepartmentComesFromTheRowOrTheCallerAndMustAgree) {
  const std::vector<std::vector<std::string>> rows = {
      {"Kode", "Nama", "Kode OPD"}, {"1", "Satu", "dpupr"}, {"2", "Dua", "dinkes"}, {"3", "Tiga"}};
  auto none = Start("");
  Give(none, "", rows);
  ASSERT_THAT(none.Finish(), IsOk());
  EXPECT_THAT(lines_, ElementsAre(" 2 CREATED", " 3 CREATED", HasSubstr(" 4 REFUSED C: nothing")));
  lines_.clear();
  auto given = Start("dpupr");
  Give(given, "", rows);
  ASSERT_THAT(given.Finish(), IsOk());
  EXPECT_THAT(lines_, ElementsAre(" 2 CREATED", " 3 REFUSED C: another department than dpupr",
                                  " 4 CREATED"));
}

TEST_F(SheetImportTest, HoldsOneBatchAtATime) {
  auto import = Start();
  std::vector<std::vector<std::string>> rows = {{"Kode", "Nama"}};
  for (int i = 0; i < 1201; ++i) rows.push_back({absl::StrCat("DAA-", i), "x"});
  Give(import, "", rows);
  EXPECT_EQ(lines_.size(), 1000u);
  ASSERT_THAT(import.Finish(), IsOk());
  EXPECT_EQ(lines_.size(), 1201u);
  EXPECT_EQ(largest_, 500u);
}

TEST(ColumnLetters, CountAsSpreadsheetsDo) {
  EXPECT_EQ(ColumnLetters(0), "A");
  EXPECT_EQ(ColumnLetters(25), "Z");
  EXPECT_EQ(ColumnLetters(26), "AA");
  EXPECT_EQ(ColumnLetters(701), "ZZ");
  EXPECT_EQ(ColumnLetters(702), "AAA");
}

}  // namespace
}  // namespace simpul::catalogue
