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

// Ends the server's side of the transaction's connection.
absl::Status Cut(const StoreOptions& options, Transaction& t) {
  int64_t pid = 0;
  auto s = t.Query("SELECT pg_backend_pid()", {}, [&](const Row& row) {
    pid = row.Int(0);
    return absl::OkStatus();
  });
  if (!s.ok()) return s;
  PGconn* other = PQconnectdb(options.url.c_str());
  PQclear(PQexec(other, ("SELECT pg_terminate_backend(" + std::to_string(pid) + ")").c_str()));
  PQfinish(other);
  return absl::OkStatus();
}

TEST_F(PostgresStoreTest, ALostConnectionIsToldAndReplaced) {
  auto store = Store::Open(options_);
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT(Migrate(**store, "item", kSteps), IsOk());
  const auto insert = [](Transaction& t) {
    return t.Execute("INSERT INTO item (name) VALUES ('lost')").status();
  };
  EXPECT_THAT((*store)->Transact([&](Transaction& t) -> absl::Status {
    if (auto s = insert(t); !s.ok()) return s;
    if (auto s = Cut(options_, t); !s.ok()) return s;
    return insert(t);
  }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT((*store)->Transact([&](Transaction& t) -> absl::Status {
    if (auto s = insert(t); !s.ok()) return s;
    return Cut(options_, t);  // lost before the commit
  }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(CountItems(**store), 1);
  EXPECT_THAT((*store)->Transact(insert), IsOk());
  EXPECT_EQ(CountItems(**store), 2);
}

TEST_F(PostgresStoreTest, AConnectionLostBehindWritesLosesThemAll) {
  auto store = Store::Open(options_);
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT(Migrate(**store, "item", kSteps), IsOk());
  const std::string large(10'000, 'x');
  EXPECT_THAT((*store)->Transact([&](Transaction& t) -> absl::Status {
    for (int i = 0; i < 5'000; ++i) {
      if (i == 2'500) {
        if (auto s = Cut(options_, t); !s.ok()) return s;
      }
      const std::string name = std::to_string(i) + large;
      if (auto s = t.Write("INSERT INTO item (name) VALUES ($1)", {name}); !s.ok()) return s;
    }
    return absl::OkStatus();
  }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(CountItems(**store), 1);
}

// Both sides' buffers are full by then: neither may wait for the other.
TEST_F(PostgresStoreTest, ManyLargeWritesAndAnswersDoNotWaitForEachOther) {
  auto store = Store::Open(options_);
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT(Migrate(**store, "item", kSteps), IsOk());
  const std::string large(20'000, 'x');
  EXPECT_THAT((*store)->Transact([&](Transaction& t) -> absl::Status {
    for (int i = 0; i < 3'000; ++i) {
      if (auto s = t.Write("SELECT $1::text", {large}); !s.ok()) return s;
    }
    return t.Write("INSERT INTO item (name) VALUES ('last')");
  }),
              IsOk());
  EXPECT_EQ(CountItems(**store), 2);
}

// A failed transaction does not cost its connection: eight are all there are.
TEST_F(PostgresStoreTest, KeepsItsConnectionThroughFailedWrites) {
  auto store = Store::Open(options_);
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT(Migrate(**store, "item", kSteps), IsOk());
  const auto connection = [&] {
    int64_t pid = 0;
    EXPECT_THAT((*store)->Read([&](Transaction& t) {
      return t.Query("SELECT pg_backend_pid()", {}, [&](const Row& row) {
        pid = row.Int(0);
        return absl::OkStatus();
      });
    }),
                IsOk());
    return pid;
  };
  const int64_t before = connection();
  EXPECT_FALSE((*store)
                   ->Transact([](Transaction& t) -> absl::Status {
                     if (auto s = t.Write("INSERT INTO nothing (name) VALUES ('a')"); !s.ok()) {
                       return s;
                     }
                     return t.Write("INSERT INTO item (name) VALUES ('b')");
                   })
                   .ok());
  EXPECT_EQ(connection(), before);
  EXPECT_THAT((*store)->Transact([](Transaction& t) {
    return t.Write("INSERT INTO item (name) VALUES ('b')");  // was not prepared behind the failure
  }),
              IsOk());
  EXPECT_EQ(connection(), before);
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
