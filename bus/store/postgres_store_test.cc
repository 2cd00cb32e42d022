// What only PostgreSQL promises: parts and processes side by side, and recovery of lost
// connections.
#include "bus/store/postgres_store.h"

#include <libpq-fe.h>

#include <string>
#include <thread>
#include <vector>

#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::store {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Migration kSteps[] = {
    {1, "CREATE TABLE item (seq {serial}, name TEXT NOT NULL UNIQUE);"},
    {2, "CREATE INDEX item_name ON item (name);"},
    {3, "INSERT INTO item (name) VALUES ('once');"},
};

class PostgresStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_ = FreshStore(Database::kPostgres);
    ASSERT_NE(options_.url, "") << kNoPostgres;
  }
  StoreOptions options_;
};

int64_t CountItems(Store& store) {
  int64_t count = -1;
  EXPECT_THAT(store.Read([&](Transaction& t) {
    return t.Query("SELECT COUNT(*) FROM item", {}, [&](const Row& row) {
      count = row.Int(0);
      return absl::OkStatus();
    });
  }),
              IsOk());
  return count;
}

TEST_F(PostgresStoreTest, ManyProcessesMayOpenAndMigrateAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      auto store = Store::Open(options_);
      ASSERT_THAT(store, IsOk());
      EXPECT_THAT(Migrate(**store, "item", kSteps), IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();
  auto store = Store::Open(options_);
  ASSERT_THAT(store, IsOk());
  EXPECT_EQ(CountItems(**store), 1);
}

TEST_F(PostgresStoreTest, PartsDoNotSeeEachOther) {
  StoreOptions other = FreshStore(Database::kPostgres);
  auto one = Store::Open(options_);
  auto two = Store::Open(other);
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(two, IsOk());
  ASSERT_THAT(Migrate(**one, "item", kSteps), IsOk());
  EXPECT_FALSE((*two)
                   ->Read([](Transaction& t) {
                     return t.Query("SELECT name FROM item", {},
                                    [](const Row&) { return absl::OkStatus(); });
                   })
                   .ok());
}

TEST_F(PostgresStoreTest, ALostConnectionIsToldAndReplaced) {
  auto store = Store::Open(options_);
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT(Migrate(**store, "item", kSteps), IsOk());
  const auto insert = [](Transaction& t) {
    return t.Execute("INSERT INTO item (name) VALUES ('lost')").status();
  };
  const auto cut = [&](Transaction& t) -> absl::Status {
    int64_t pid = 0;
    auto s = t.Query("SELECT pg_backend_pid()", {}, [&](const Row& row) {
      pid = row.Int(0);
      return absl::OkStatus();
    });
    if (!s.ok()) return s;
    PGconn* other = PQconnectdb(options_.url.c_str());
    PQclear(PQexec(other, ("SELECT pg_terminate_backend(" + std::to_string(pid) + ")").c_str()));
    PQfinish(other);
    return absl::OkStatus();
  };
  EXPECT_THAT((*store)->Transact([&](Transaction& t) -> absl::Status {
    if (auto s = insert(t); !s.ok()) return s;
    if (auto s = cut(t); !s.ok()) return s;
    return insert(t);
  }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT((*store)->Transact([&](Transaction& t) -> absl::Status {
    if (auto s = insert(t); !s.ok()) return s;
    return cut(t);  // lost before the commit
  }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(CountItems(**store), 1);
  EXPECT_THAT((*store)->Transact(insert), IsOk());
  EXPECT_EQ(CountItems(**store), 2);
}

TEST_F(PostgresStoreTest, AValueThatDoesNotFitIsNotRepeatedInTheError) {
  auto store = Store::Open(options_);
  ASSERT_THAT(store, IsOk());
  const absl::Status status = (*store)->Read([](Transaction& t) {
    return t.Query("SELECT CAST($1 AS BIGINT)", {"3171234567890001x"},
                   [](const Row&) { return absl::OkStatus(); });
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("3171"))));
}

TEST(PostgresStoreOpen, NamesTheHostThatDoesNotAnswer) {
  EXPECT_THAT(Store::Open({"postgresql://nobody@127.0.0.1:1/none", "wifi"}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("127.0.0.1:1")));
}

}  // namespace
}  // namespace simpul::store
