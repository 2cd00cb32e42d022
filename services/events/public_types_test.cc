#include "services/events/public_types.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/events/contract.h"
#include "services/events/test_contract.h"

namespace simpul::events {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kType[] = "test.v1.ThingEvent";

catalogue::v1::Part PartWith(const std::string& path, const std::string& topic,
                             const std::string& hash) {
  catalogue::v1::Part part;
  part.set_identity("spiffe://simpul.test/" + path);
  part.add_topics(topic);
  part.set_contract_hash(hash);
  return part;
}

class PublicTypesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string directory = ::testing::TempDir() + "/public_types.XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    directory_ = directory;
    Open();
  }
  void TearDown() override {
    types_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void Open() {
    types_.reset();
    store_.reset();
    absl::StatusOr<std::unique_ptr<store::Store>> store =
        store::Store::Open({"sqlite:" + directory_, "events"});
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    absl::StatusOr<std::unique_ptr<PublicTypes>> types =
        PublicTypes::Open(*store_, [this](const std::string&) { return Fetch(); });
    ASSERT_THAT(types, IsOk());
    types_ = *std::move(types);
  }
  absl::StatusOr<std::string> Fetch() {
    ++fetched_;
    if (!catalogue_.ok()) return catalogue_;
    return TestProtoset("test.v1", {"ThingEvent"});
  }
  absl::Status Check(const std::string& type) {
    return types_->Check(std::vector<std::string>{type});
  }

  std::string directory_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<PublicTypes> types_;
  absl::Status catalogue_;
  int fetched_ = 0;
};

TEST_F(PublicTypesTest, AreTheTopicsOfServicesWithAMessageOfThatName) {
  types_->Update({PartWith("service/test", kType, "thing")});
  types_->FetchMissing();
  EXPECT_THAT(Check(kType), IsOk());
  EXPECT_THAT(Check("test.v1.Unknown"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("\"test.v1.Unknown\"; there are: test.v1.ThingEvent")));
}

TEST_F(PublicTypesTest, AreNeverThoseOfSourcesOrAdapters) {
  types_->Update({PartWith("adapter/diskominfo", kType, "thing"),
                  PartWith("service/test", "simpul.source.diskominfo.radius.session", "thing"),
                  PartWith("service/test", "test.v1.NoMessage", "thing")});
  types_->FetchMissing();
  for (const char* type : {kType, "simpul.source.diskominfo.radius.session", "test.v1.NoMessage"}) {
    EXPECT_THAT(Check(type), StatusIs(absl::StatusCode::kInvalidArgument)) << type;
  }
}

TEST_F(PublicTypesTest, MayStillBecomeKnownUntilTheCatalogueHasTold) {
  EXPECT_FALSE(types_->heard());
  EXPECT_THAT(Check(kType), StatusIs(absl::StatusCode::kUnavailable));
  catalogue_ = absl::UnavailableError("away");
  types_->Update({PartWith("service/test", kType, "thing")});
  types_->FetchMissing();
  EXPECT_THAT(Check(kType), StatusIs(absl::StatusCode::kUnavailable));
  catalogue_ = absl::OkStatus();
  types_->FetchMissing();
  EXPECT_THAT(Check(kType), IsOk());
  types_->FetchMissing();
  EXPECT_EQ(fetched_, 2);
}

TEST_F(PublicTypesTest, AreKeptOverARestartAndWhileTheirOwnerIsAway) {
  types_->Update({PartWith("service/test", kType, "thing")});
  types_->FetchMissing();
  Open();
  EXPECT_TRUE(types_->heard());
  EXPECT_THAT(Check(kType), IsOk());
  types_->Update({});
  EXPECT_THAT(Check(kType), IsOk());
  EXPECT_EQ(*types_->WithoutPersonal(kType, TestData("note", "somebody")), "\x0a\x04note");
  EXPECT_EQ(fetched_, 1);
}

TEST_F(PublicTypesTest, FollowANewerContractOfTheirOwner) {
  types_->Update({PartWith("service/test", kType, "thing")});
  types_->FetchMissing();
  catalogue::v1::Part newer = PartWith("service/test", kType, "thing2");
  newer.mutable_register_time()->set_seconds(5);
  types_->Update({newer, PartWith("service/test", kType, "thing")});
  types_->FetchMissing();
  EXPECT_EQ(fetched_, 2);
  types_->Update({newer});
  types_->FetchMissing();
  EXPECT_EQ(fetched_, 2) << "it is the one we have";
}

TEST(Contract, LeavesPersonalFieldsOutAndKeepsTheRest) {
  absl::StatusOr<std::shared_ptr<const Contract>> contract =
      Contract::Load(TestProtoset("test.v1", {"ThingEvent"}), kType);
  ASSERT_THAT(contract, IsOk());
  EXPECT_TRUE((*contract)->has_personal_fields());
  EXPECT_EQ(*(*contract)->WithoutPersonal(TestData("note", "somebody")), "\x0a\x04note");
  EXPECT_THAT((*contract)->WithoutPersonal("\xff"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(Contract::Load("\xff", kType), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Contract::Load(TestProtoset("test.v1", {"Other"}), kType),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace simpul::events
