#include "services/catalogue/sheet_family.h"

#include <string>
#include <vector>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"

namespace simpul::catalogue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr std::string_view kSmall = R"(department: dpupr
columns:
  id: {headers: [Kode, "No. DAA"], required: true}
  display_name: {headers: [Nama Aplikasi], required: true}
  base: {headers: [Basis], list: base}
  status: {headers: [Status], list: status}
  electronic_signature: {headers: [TTE], list: electronic_signature}
  build_year: {headers: [Tahun]}
lists:
  base: {codes: [{code: web, spellings: [Berbasis Web]}, desktop]}
  status: {codes: [{code: ACTIVE, spellings: [Aktif]}, RETIRED]}
  electronic_signature: {codes: [{code: "true", spellings: [Ya]}, {code: "false", spellings: [Tidak]}]}
)";

std::string ProblemsOf(const std::string& old_text, const std::string& new_text) {
  std::string text(kSmall);
  const size_t at = text.find(old_text);
  EXPECT_NE(at, text.npos) << old_text;
  text.replace(at, old_text.size(), new_text);
  return std::string(SheetFamily::Parse(text, "f.yaml").status().message());
}

TEST(SheetFamily, SaysFileLineAndWhatWasExpected) {
  EXPECT_EQ(ProblemsOf("  base: {headers", "  bases: {headers").substr(0, 48),
            "f.yaml:5: unknown column 'bases'; expected one o");
  EXPECT_EQ(ProblemsOf("list: base}", "list: bases}"), "f.yaml:5: there is no list 'bases'");
  EXPECT_EQ(ProblemsOf("[Tahun]", "[nama-aplikasi]"),
            "f.yaml:8: the column display_name has this header too");
  EXPECT_EQ(ProblemsOf("{headers: [Status], list: status}", "[Status]").substr(0, 9), "f.yaml:6:");
  EXPECT_EQ(ProblemsOf(", list: status", ""), "f.yaml:6: expected list: status");
  EXPECT_EQ(ProblemsOf("RETIRED", "GONE"),
            "f.yaml:11: expected one of ACTIVE, PLANNED, RETIRED as the code");
  EXPECT_EQ(ProblemsOf(", desktop]", ", {code: desktop, spellings: [berbasis-web]}]"),
            "f.yaml:10: 'berbasis-web' is a spelling of 'web' too");
  EXPECT_EQ(ProblemsOf("  display_name: {headers: [Nama Aplikasi], required: true}\n", ""),
            "f.yaml:2: the column display_name is missing");
  EXPECT_EQ(ProblemsOf("[Basis]", "[\"-\"]"), "f.yaml:5: a header without a letter or digit");
}

TEST(SheetFamily, FindsColumnsInAnyOrderHoweverTheyAreSpelt) {
  const auto family = SheetFamily::Parse(kSmall, "f.yaml");
  ASSERT_THAT(family, IsOk());
  const std::vector<std::string> cells = {"No", "NAMA  APLIKASI *", "Catatan", "no daa:"};
  const auto header = family->Match(cells);
  ASSERT_THAT(header, IsOk());
  EXPECT_THAT(*header, ElementsAre(std::pair(1, 1), std::pair(3, 0)));
  EXPECT_THAT(family->Missing(*header), ElementsAre());
  EXPECT_THAT(family->Missing({{0, 1}}), ElementsAre("Kode"));
  const std::vector<std::string> twice = {"Kode", "No. DAA"};
  EXPECT_THAT(family->Match(twice),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'Kode' and 'No. DAA'")));
}

TEST(SheetFamily, LooksValuesUpAndSaysWhichColumnIsWrong) {
  const auto family = SheetFamily::Parse(kSmall, "f.yaml");
  ASSERT_THAT(family, IsOk());
  // The family's columns are in the order of Application: electronic_signature before status.
  const Header header = {{0, 0}, {1, 1}, {2, 2}, {3, 4}, {4, 3}, {5, 5}};
  v1::Application application;
  std::string id;
  std::string department;
  const auto fill = [&](const std::vector<std::string>& cells) {
    application.Clear();
    const auto fault = family->Fill(header, cells, application, id, department);
    return fault ? std::to_string(fault->column) + ": " + fault->reason : "";
  };
  EXPECT_EQ(fill({" DAA-1 ", "Simpeg", "berbasis web", "AKTIF", "tidak", "2019.0"}), "");
  EXPECT_EQ(id, "DAA-1");
  EXPECT_EQ(application.base(), "web");
  EXPECT_EQ(application.status(), v1::Application::ACTIVE);
  EXPECT_TRUE(application.has_electronic_signature());
  EXPECT_FALSE(application.electronic_signature());
  EXPECT_EQ(application.build_year(), 2019);
  EXPECT_EQ(fill({"DAA-1", "Simpeg", "-", ""}), "");
  EXPECT_FALSE(application.has_electronic_signature());
  EXPECT_EQ(fill({"", "Simpeg"}), "0: empty; expected a value");
  EXPECT_EQ(fill({"DAA-1", "Simpeg", "kertas"}), "2: not one of web, desktop");
  EXPECT_EQ(fill({"DAA-1", "Simpeg", "", "", "", "dua ribu"}), "5: not a year of four digits");
}

TEST(SheetFamily, TheBuiltInOneReadsWhatItExportsInEveryField) {
  const SheetFamily family = SheetFamily::BuiltIn();
  v1::Application application;
  application.set_name("departments/dpupr/applications/DAA-1");
  const auto* descriptor = v1::Application::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (field->cpp_type() == field->CPPTYPE_STRING && field->name() != "name")
      application.GetReflection()->SetString(&application, field, "nilai " + field->name());
  }
  application.set_base("mobile");
  application.set_license("own");
  application.set_electronic_signature(true);
  application.set_status(v1::Application::PLANNED);
  application.set_build_year(2021);

  const auto header = family.Match(family.ExportHeader());
  ASSERT_THAT(header, IsOk());
  v1::Application read;
  std::string id;
  std::string department;
  const auto fault = family.Fill(*header, family.ExportRow(application), read, id, department);
  ASSERT_FALSE(fault) << fault->reason;
  read.set_name("departments/" + department + "/applications/" + id);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(application, read))
      << read.DebugString();
}

}  // namespace
}  // namespace simpul::catalogue
