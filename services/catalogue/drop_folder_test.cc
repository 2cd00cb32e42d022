#include "services/catalogue/drop_folder.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "bus/testing/temporary_folder.h"
#include "gmock/gmock.h"
#include "services/catalogue/migrations.h"

namespace simpul::catalogue {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

// Files are lines of words with spaces between; one that is "damaged" cannot be read.
absl::Status ReadLines(const std::string& path, TakeRow take) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text == "damaged") return absl::InvalidArgumentError(path + ": it is damaged");
  int64_t number = 0;
  for (const auto line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> cells = absl::StrSplit(line, ' ');
    if (auto status = take("", ++number, cells); !status.ok()) return status;
  }
  return absl::OkStatus();
}

class DropFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = store::Store::Open(store::FreshStore(store::Database::kSqlite));
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    ASSERT_THAT(store::Migrate(*store_, "catalogue", Migrations()), IsOk());
    inventory_ = std::make_unique<Inventory>(*store_, clock_, rpc::TokenKey(std::string(32, 'k')));
    drop_ = std::make_unique<DropFolder>(folder_.string(), *inventory_, clock_, ReadLines, stop_);
    std::filesystem::create_directories(folder_ / "dpupr");
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::app) << text;
  }

  // Looks now, and again when whatever is there has been quiet.
  void LookLater() {
    EXPECT_THAT(drop_->Look(), IsOk());
    clock_.Advance(absl::Seconds(5));
    EXPECT_THAT(drop_->Look(), IsOk());
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    EXPECT_THAT(inventory_->ForEach([&](const auto& one) { names.push_back(one.name()); }), IsOk());
    return names;
  }

  std::string ReportOf(const std::string& name) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "dpupr/read")) {
      if (!entry.path().string().ends_with(name + ".report")) continue;
      std::ifstream file(entry.path());
      return {std::istreambuf_iterator<char>(file), {}};
    }
    return "";
  }

  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  const testing::TemporaryFolder root_;
  const std::filesystem::path folder_ = root_.path() / "drop";
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Inventory> inventory_;
  std::atomic<bool> stop_{false};
  std::unique_ptr<DropFolder> drop_;
};

TEST_F(DropFolderTest, ReadsAFileOnceItIsQuietAndKeepsItBesideItsReport) {
  Write("dpupr/a.csv", "Kode Nama\nDAA-1 Satu\nDAA-2 Dua\n");
  LookLater();
  EXPECT_THAT(Names(), ElementsAre("departments/dpupr/applications/DAA-1",
                                   "departments/dpupr/applications/DAA-2"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "dpupr/a.csv"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "dpupr/read/2027-01-15T080005Z-a.csv"));
  EXPECT_THAT(ReportOf("a.csv"), AllOf(HasSubstr("\"row\":3"), HasSubstr("\"created\":2")));
}

TEST_F(DropFolderTest, DoesNotReadAFileThatIsStillWritten) {
  Write("dpupr/a.csv", "Kode Nama\nDAA-1 Sa");
  EXPECT_THAT(drop_->Look(), IsOk());
  clock_.Advance(absl::Seconds(4));
  Write("dpupr/a.csv", "tu\n");
  EXPECT_THAT(drop_->Look(), IsOk());
  clock_.Advance(absl::Seconds(4));
  EXPECT_THAT(drop_->Look(), IsOk());
  EXPECT_THAT(Names(), IsEmpty());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(drop_->Look(), IsOk());
  EXPECT_THAT(Names(), ElementsAre("departments/dpupr/applications/DAA-1"));
}

TEST_F(DropFolderTest, LeavesWorkingFilesAndLinksAlone) {
  for (const char* name : {"dpupr/.a.csv", "dpupr/~$a.csv", "dpupr/a.csv.part", "dpupr/a.tmp"}) {
    Write(name, "Kode Nama\nDAA-1 Satu\n");
  }
  Write("elsewhere", "Kode Nama\nDAA-1 Satu\n");
  std::filesystem::create_symlink(folder_ / "elsewhere", folder_ / "dpupr/link.csv");
  LookLater();
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(folder_ / "dpupr/a.csv.part"));
}

TEST_F(DropFolderTest, AFileThatCannotBeReadIsKeptWithTheReason) {
  Write("dpupr/a.csv", "damaged");
  Write("dpupr/b.csv", "Kode Nama\nDAA-1 Satu\n");
  LookLater();
  EXPECT_THAT(ReportOf("a.csv"), HasSubstr("it is damaged"));
  EXPECT_THAT(Names(), ElementsAre("departments/dpupr/applications/DAA-1"));
}

TEST_F(DropFolderTest, WhileItStopsAFileStaysWhereItIs) {
  Write("dpupr/a.csv", "Kode Nama\nDAA-1 Satu\n");
  EXPECT_THAT(drop_->Look(), IsOk());
  clock_.Advance(absl::Seconds(5));
  stop_ = true;
  EXPECT_THAT(drop_->Look(), IsOk());
  EXPECT_TRUE(std::filesystem::exists(folder_ / "dpupr/a.csv"));
}

TEST_F(DropFolderTest, AFolderThatCannotBeMadeIsNamed) {
  Write("file", "");
  DropFolder drop((folder_ / "file/drop").string(), *inventory_, clock_, ReadLines, stop_);
  EXPECT_THAT(drop.Look(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("file/drop")));
}

}  // namespace
}  // namespace simpul::catalogue
