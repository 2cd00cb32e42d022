#include "services/catalogue/key_store.h"

#include <memory>
#include <set>
#include <string>

#include "absl/strings/escaping.h"
#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/catalogue/migrations.h"

namespace simpul::catalogue {
namespace {

using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

const std::string kPepper(32, 'p');

class KeyStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_ = store::FreshStore(store::Database::kSqlite);
    Restart();
  }

  void Restart() {
    keys_.reset();
    store_.reset();
    auto store = store::Store::Open(options_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    ASSERT_THAT(store::Migrate(*store_, "catalogue", Migrations()), IsOk());
    keys_ = std::make_unique<KeyStore>(*store_, clock_, kPepper);
  }

  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  store::StoreOptions options_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<KeyStore> keys_;
};

TEST_F(KeyStoreTest, MakesKeysOfTheAnnouncedShapeThatNeverRepeat) {
  std::set<std::string> texts;
  for (int i = 0; i < 200; ++i) {
    auto made = keys_->Create("dinkes");
    ASSERT_THAT(made, IsOk());
    EXPECT_THAT(made->text, ::testing::MatchesRegex("smp_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}"));
    EXPECT_EQ(made->key.name(), "keys/" + made->text.substr(4, 8));
    texts.insert(made->text);
  }
  EXPECT_THAT(texts, SizeIs(200));
}

TEST_F(KeyStoreTest, AKeyOnlyReadsUnlessItWasMadeToWrite) {
  ASSERT_THAT(keys_->Create("dinkes"), IsOk());
  EXPECT_THAT(keys_->Create("dinkes", {"complaints,wifi"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  auto made = keys_->Create("dpupr", {"complaints", "roadmap"});
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(made->digest.writes(), ::testing::ElementsAre("complaints", "roadmap"));
  Restart();
  const auto keys = keys_->List();
  ASSERT_THAT(keys, IsOk());
  for (const auto& key : *keys) {
    EXPECT_EQ(key.writes_size(), key.agency() == "dpupr" ? 2 : 0);
  }
  const auto digests = keys_->Digests();
  ASSERT_THAT(digests, IsOk());
  for (const auto& digest : *digests) {
    EXPECT_EQ(digest.writes_size(), digest.agency() == "dpupr" ? 2 : 0);
  }
}

TEST_F(KeyStoreTest, KeepsOnlyADigestByWhichTheTextIsRecognised) {
  auto made = keys_->Create("dinkes");
  ASSERT_THAT(made, IsOk());
  Restart();
  auto digests = keys_->Digests();
  ASSERT_THAT(digests, IsOk());
  ASSERT_THAT(*digests, SizeIs(1));
  EXPECT_EQ((*digests)[0].agency(), "dinkes");
  EXPECT_EQ((*digests)[0].digest(), KeyDigestOf(kPepper, made->text));
  EXPECT_NE((*digests)[0].digest(), KeyDigestOf(std::string(32, 'q'), made->text));
}

// RFC 4231, test case 2.
TEST_F(KeyStoreTest, DigestsAsRfc4231Says) {
  EXPECT_EQ(absl::BytesToHexString(KeyDigestOf("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_F(KeyStoreTest, ARevokedKeyHoldsNoMoreButIsListed) {
  auto made = keys_->Create("dinkes");
  ASSERT_THAT(made, IsOk());
  clock_.Advance(absl::Seconds(7));
  auto revoked = keys_->Revoke(made->key.name());
  ASSERT_THAT(revoked, IsOk());
  EXPECT_EQ(revoked->revoke_time().seconds() - revoked->create_time().seconds(), 7);
  clock_.Advance(absl::Seconds(7));
  EXPECT_EQ(keys_->Revoke(made->key.name())->revoke_time().seconds(),
            revoked->revoke_time().seconds());
  EXPECT_THAT(*keys_->Digests(), IsEmpty());
  EXPECT_THAT(*keys_->List(), SizeIs(1));
}

TEST_F(KeyStoreTest, ListsByCreation) {
  std::vector<std::string> made;
  for (const std::string agency : {"c", "a", "b"}) {
    made.push_back(keys_->Create(agency)->key.name());
    clock_.Advance(absl::Seconds(1));
  }
  auto listed = keys_->List();
  ASSERT_THAT(listed, IsOk());
  ASSERT_THAT(*listed, SizeIs(3));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ((*listed)[i].name(), made[i]);
}

TEST_F(KeyStoreTest, RefusesAgenciesThatAreNoNames) {
  for (const std::string& agency : {std::string(), std::string("Dinkes"), std::string("9a"),
                                    std::string("a_b"), std::string(64, 'a')}) {
    EXPECT_THAT(keys_->Create(agency), StatusIs(absl::StatusCode::kInvalidArgument)) << agency;
  }
  EXPECT_THAT(keys_->Create(std::string(63, 'a')), IsOk());
}

TEST_F(KeyStoreTest, DoesNotKnowNamesItDidNotMake) {
  EXPECT_THAT(keys_->Revoke("keys/00000000"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(keys_->Revoke("nothing"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace simpul::catalogue
