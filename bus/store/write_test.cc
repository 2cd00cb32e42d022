// What both databases promise of statements that nobody waits for.
#include <string>
#include <vector>

#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::store {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Migration kSteps[] = {
    {1, "CREATE TABLE item (seq {serial}, name TEXT NOT NULL UNIQUE, size BIGINT);"},
};
constexpr char kInsert[] = "INSERT INTO item (name) VALUES ($1)";

class StoreWriteTest : public ::testing::TestWithParam<Database> {
 protected:
  void SetUp() override {
    options_ = FreshStore(GetParam());
    ASSERT_NE(options_.url, "") << kNoPostgres;
    auto store = Store::Open(options_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    ASSERT_THAT(Migrate(*store_, "item", kSteps), IsOk());
  }

  static std::vector<std::string> NamesOf(Transaction& t) {
    std::vector<std::string> names;
    EXPECT_THAT(t.Query("SELECT name FROM item ORDER BY seq", {},
                        [&](const Row& row) {
                          names.emplace_back(row.Text(0));
                          return absl::OkStatus();
                        }),
                IsOk());
    return names;
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    EXPECT_THAT(store_->Read([&](Transaction& t) {
      names = NamesOf(t);
      return absl::OkStatus();
    }),
                IsOk());
    return names;
  }

  StoreOptions options_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Databases, StoreWriteTest,
                         ::testing::Values(Database::kSqlite, Database::kPostgres),
                         [](const auto& info) { return NameOf(info.param); });

TEST_P(StoreWriteTest, IsThereAfterTheCommitAndBeforeItForTheSameTransaction) {
  EXPECT_THAT(store_->Transact([](Transaction& t) -> absl::Status {
    if (auto s = t.Write(kInsert, {"a"}); !s.ok()) return s;
    if (auto s = t.Write(kInsert, {"b"}); !s.ok()) return s;
    EXPECT_THAT(NamesOf(t), ElementsAre("a", "b"));
    if (auto s = t.Write("UPDATE item SET size = 1"); !s.ok()) return s;
    EXPECT_EQ(t.Execute("UPDATE item SET size = 2 WHERE size = 1").value(), 2);
    return t.Write(kInsert, {"c"});
  }),
              IsOk());
  EXPECT_THAT(Names(), ElementsAre("a", "b", "c"));
}

TEST_P(StoreWriteTest, BorrowsItsValuesForTheCallOnly) {
  EXPECT_THAT(store_->Transact([](Transaction& t) -> absl::Status {
    for (const char c : {'a', 'b', 'c'}) {
      std::string name(100, c);
      if (auto s = t.Write(kInsert, {name}); !s.ok()) return s;
      name.assign(100, 'x');
    }
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_THAT(Names(),
              ElementsAre(std::string(100, 'a'), std::string(100, 'b'), std::string(100, 'c')));
}

TEST_P(StoreWriteTest, AnErrorInTheMiddleTakesAllBackAndIsToldOnceWithItsTable) {
  ASSERT_THAT(store_->Transact([](Transaction& t) { return t.Write(kInsert, {"taken"}); }), IsOk());
  int told = 0;
  EXPECT_THAT(store_->Transact([&](Transaction& t) -> absl::Status {
    absl::Status first;
    for (const std::string_view name : {"a", "taken", "b"}) {
      const absl::Status status = t.Write(kInsert, {name});
      if (absl::IsAlreadyExists(status)) ++told;
      first.Update(status);
    }
    return first;
  }),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("item")));
  EXPECT_LE(told, 1);
  EXPECT_THAT(Names(), ElementsAre("taken"));
  EXPECT_THAT(store_->Transact([](Transaction& t) { return t.Write(kInsert, {"c"}); }), IsOk());
}

TEST_P(StoreWriteTest, AnErrorThatIsSwallowedStillTakesAllBack) {
  ASSERT_THAT(store_->Transact([](Transaction& t) { return t.Write(kInsert, {"taken"}); }), IsOk());
  EXPECT_FALSE(store_
                   ->Transact([](Transaction& t) {
                     t.Write(kInsert, {"taken"}).IgnoreError();
                     t.Execute(kInsert, {"a"}).status().IgnoreError();
                     EXPECT_THAT(t.Execute(kInsert, {"b"}), StatusIs(absl::StatusCode::kAborted));
                     EXPECT_THAT(t.Write(kInsert, {"c"}), StatusIs(absl::StatusCode::kAborted));
                     return absl::OkStatus();
                   })
                   .ok());
  EXPECT_THAT(Names(), ElementsAre("taken"));
}

TEST_P(StoreWriteTest, GoesWithTheTransactionThatFailsForAnotherReason) {
  EXPECT_THAT(store_->Transact([](Transaction& t) -> absl::Status {
    if (auto s = t.Write(kInsert, {"a"}); !s.ok()) return s;
    return absl::OutOfRangeError("no");
  }),
              StatusIs(absl::StatusCode::kOutOfRange, "no"));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_P(StoreWriteTest, OneThatHasToChangeOneRowFailsTheTransactionWithTheStatusGiven) {
  constexpr char kResize[] = "UPDATE item SET size = 1 WHERE name = $1";
  const absl::Status gone = absl::NotFoundError("it is gone");
  const auto resize = [&](std::string_view name) {
    return store_->Transact([&](Transaction& t) -> absl::Status {
      if (auto s = t.Write(kInsert, {"new"}); !s.ok()) return s;
      return t.Write(kResize, {name}, gone);  // right before the commit
    });
  };
  ASSERT_THAT(store_->Transact([](Transaction& t) { return t.Write(kInsert, {"a"}); }), IsOk());
  EXPECT_THAT(resize("b"), StatusIs(absl::StatusCode::kNotFound, "it is gone"));
  EXPECT_THAT(Names(), ElementsAre("a"));
  EXPECT_THAT(resize("a"), IsOk());
  EXPECT_THAT(Names(), ElementsAre("a", "new"));
}

TEST_P(StoreWriteTest, TakesThousands) {
  constexpr int kMany = 10'000;
  EXPECT_THAT(store_->Transact([](Transaction& t) -> absl::Status {
    for (int i = 0; i < kMany; ++i) {
      if (auto s = t.Write(kInsert, {std::to_string(i)}); !s.ok()) return s;
    }
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(Names().size(), kMany);
}

TEST_P(StoreWriteTest, AReadCannotWriteEither) {
  EXPECT_THAT(store_->Read([](Transaction& t) { return t.Write(kInsert, {"x"}); }),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Names(), IsEmpty());
}

}  // namespace
}  // namespace simpul::store
