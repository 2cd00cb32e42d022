// What both databases promise, run on each.
#include "bus/store/store.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::store {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;

constexpr Migration kSteps[] = {
    {1,
     "CREATE TABLE item (seq {serial}, name TEXT NOT NULL UNIQUE, data BYTEA, size BIGINT,"
     "  share DOUBLE PRECISION);"
     "-- a remark; with a semicolon\n"
     "CREATE INDEX item_size ON item (size);"},
    {2, "ALTER TABLE item ADD COLUMN note TEXT DEFAULT 'a;b';"},
};

class StoreTest : public ::testing::TestWithParam<Database> {
 protected:
  void SetUp() override {
    options_ = FreshStore(GetParam());
    ASSERT_NE(options_.url, "") << kNoPostgres;
    auto store = Store::Open(options_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    ASSERT_THAT(Migrate(*store_, "item", kSteps), IsOk());
  }

  absl::Status Insert(std::string_view name, int64_t size) {
    return store_->Transact([&](Transaction& t) {
      return t.Execute("INSERT INTO item (name, size) VALUES ($1, $2)", {name, size}).status();
    });
  }

  std::vector<std::string> Names() {
    std::vector<std::string> names;
    EXPECT_THAT(store_->Read([&](Transaction& t) {
      return t.Query("SELECT name FROM item ORDER BY seq", {}, [&](const Row& row) {
        names.emplace_back(row.Text(0));
        return absl::OkStatus();
      });
    }),
                IsOk());
    return names;
  }

  StoreOptions options_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Databases, StoreTest,
                         ::testing::Values(Database::kSqlite, Database::kPostgres),
                         [](const auto& info) { return NameOf(info.param); });

TEST_P(StoreTest, GivesBackEveryKindOfValue) {
  const std::string bytes("\0\x01\xff", 3);
  ASSERT_THAT(store_->Transact([&](Transaction& t) {
    return t
        .Execute("INSERT INTO item (name, data, size, share) VALUES ($1, $2, $3, $4)",
                 {"Jalan Merdeka ✓", Blob{bytes}, int64_t{-9'000'000'000'000}, 0.25})
        .status();
  }),
              IsOk());
  int rows = 0;
  ASSERT_THAT(store_->Read([&](Transaction& t) {
    return t.Query("SELECT name, data, size, share, note FROM item WHERE size < $1", {int64_t{0}},
                   [&](const Row& row) {
                     ++rows;
                     EXPECT_EQ(row.Text(0), "Jalan Merdeka ✓");
                     EXPECT_EQ(row.Bytes(1), bytes);
                     EXPECT_EQ(row.Int(2), -9'000'000'000'000);
                     EXPECT_EQ(row.Real(3), 0.25);
                     EXPECT_EQ(row.Text(4), "a;b");
                     EXPECT_FALSE(row.IsNull(0));
                     return absl::OkStatus();
                   });
  }),
              IsOk());
  EXPECT_EQ(rows, 1);
}

TEST_P(StoreTest, TellsNullFromEmpty) {
  ASSERT_THAT(store_->Transact([&](Transaction& t) {
    return t
        .Execute("INSERT INTO item (name, data, note, size) VALUES ($1, $2, $3, $4)",
                 {std::string_view(), Blob{}, std::string_view(), std::monostate()})
        .status();
  }),
              IsOk());
  ASSERT_THAT(store_->Read([&](Transaction& t) {
    return t.Query("SELECT name, data, note, size, share FROM item", {}, [&](const Row& row) {
      EXPECT_FALSE(row.IsNull(0));
      EXPECT_FALSE(row.IsNull(1));
      EXPECT_FALSE(row.IsNull(2));
      EXPECT_TRUE(row.IsNull(3));
      EXPECT_EQ(row.Int(3), 0);
      EXPECT_TRUE(row.IsNull(4));
      EXPECT_EQ(row.Text(0), "");
      return absl::OkStatus();
    });
  }),
              IsOk());
}

TEST_P(StoreTest, TakesParametersInAnyOrderAndMoreThanOnce) {
  ASSERT_THAT(Insert("a", 3), IsOk());
  int rows = 0;
  ASSERT_THAT(store_->Read([&](Transaction& t) {
    return t.Query("SELECT size FROM item WHERE name = $2 AND size > $1 AND size - $1 = $3",
                   {int64_t{1}, "a", int64_t{2}}, [&](const Row&) {
                     ++rows;
                     return absl::OkStatus();
                   });
  }),
              IsOk());
  EXPECT_EQ(rows, 1);
}

TEST_P(StoreTest, SumsAndCountsReadAsNumbers) {
  ASSERT_THAT(Insert("a", 5'000'000'000), IsOk());
  ASSERT_THAT(Insert("b", -20'000), IsOk());
  ASSERT_THAT(store_->Read([&](Transaction& t) {
    return t.Query("SELECT SUM(size), COUNT(*), MIN(size) FROM item", {}, [](const Row& row) {
      EXPECT_EQ(row.Int(0), 4'999'980'000);
      EXPECT_EQ(row.Int(1), 2);
      EXPECT_EQ(row.Int(2), -20'000);
      return absl::OkStatus();
    });
  }),
              IsOk());
}

TEST_P(StoreTest, CountsChangedRows) {
  ASSERT_THAT(Insert("a", 1), IsOk());
  ASSERT_THAT(Insert("b", 1), IsOk());
  ASSERT_THAT(store_->Transact([](Transaction& t) {
    EXPECT_THAT(t.Execute("UPDATE item SET size = 2 WHERE size = $1", {int64_t{1}}).value(), 2);
    EXPECT_THAT(t.Execute("UPDATE item SET size = 2 WHERE size = $1", {int64_t{1}}).value(), 0);
    EXPECT_THAT(t.Execute("DELETE FROM item").value(), 2);
    EXPECT_THAT(t.Execute("DELETE FROM item").value(), 0);
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(StoreTest, RollsBackWhatFailed) {
  EXPECT_THAT(store_->Transact([](Transaction& t) -> absl::Status {
    auto inserted = t.Execute("INSERT INTO item (name) VALUES ('gone')");
    EXPECT_THAT(inserted, IsOk());
    return absl::OutOfRangeError("no");
  }),
              StatusIs(absl::StatusCode::kOutOfRange, "no"));
  EXPECT_THAT(Names(), ElementsAre());
}

TEST_P(StoreTest, ATakenKeyIsToldAndEndsTheTransaction) {
  ASSERT_THAT(Insert("a", 1), IsOk());
  EXPECT_THAT(Insert("a", 2), StatusIs(absl::StatusCode::kAlreadyExists));
  // Swallowing the error does not save the rest, on either database.
  EXPECT_THAT(store_->Transact([](Transaction& t) -> absl::Status {
    EXPECT_THAT(t.Execute("INSERT INTO item (name) VALUES ('b')"), IsOk());
    EXPECT_THAT(t.Execute("INSERT INTO item (name) VALUES ('a')"),
                StatusIs(absl::StatusCode::kAlreadyExists));
    EXPECT_THAT(t.Execute("INSERT INTO item (name) VALUES ('c')"),
                StatusIs(absl::StatusCode::kAborted));
    return absl::OkStatus();
  }),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Names(), ElementsAre("a"));
  // ON CONFLICT meets it and goes on.
  EXPECT_THAT(store_->Transact([](Transaction& t) -> absl::Status {
    EXPECT_EQ(t.Execute("INSERT INTO item (name) VALUES ('a') ON CONFLICT DO NOTHING").value(), 0);
    return t.Execute("INSERT INTO item (name) VALUES ('d')").status();
  }),
              IsOk());
  EXPECT_THAT(Names(), ElementsAre("a", "d"));
}

TEST_P(StoreTest, AReaderKeepsItsSnapshotAndWaitsForNoWriter) {
  ASSERT_THAT(Insert("a", 1), IsOk());
  const auto count = [](Transaction& t) {
    int64_t n = -1;
    EXPECT_THAT(t.Query("SELECT COUNT(*) FROM item", {},
                        [&](const Row& row) {
                          n = row.Int(0);
                          return absl::OkStatus();
                        }),
                IsOk());
    return n;
  };
  absl::Notification written, read, committed;
  std::thread writer([&] {
    EXPECT_THAT(store_->Transact([&](Transaction& t) {
      auto inserted = t.Execute("INSERT INTO item (name) VALUES ('b')");
      written.Notify();
      read.WaitForNotification();
      return inserted.status();
    }),
                IsOk());
    committed.Notify();
  });
  written.WaitForNotification();
  EXPECT_THAT(store_->Read([&](Transaction& t) {
    EXPECT_EQ(count(t), 1);
    read.Notify();
    committed.WaitForNotification();
    EXPECT_EQ(count(t), 1);
    return absl::OkStatus();
  }),
              IsOk());
  writer.join();
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
}

TEST_P(StoreTest, AReadCannotWrite) {
  EXPECT_THAT(store_->Read([](Transaction& t) {
    return t.Execute("INSERT INTO item (name) VALUES ('x')").status();
  }),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Names(), ElementsAre());
}

TEST_P(StoreTest, ANestedTransactionIsRefusedInsteadOfWaitingForItself) {
  EXPECT_THAT(store_->Transact([&](Transaction&) { return Insert("x", 1); }),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Insert("y", 1), IsOk());
  EXPECT_THAT(Names(), ElementsAre("y"));
}

TEST_P(StoreTest, ACallbackMayRunStatementsAndEndTheQuery) {
  for (const char* name : {"a", "b", "c"}) ASSERT_THAT(Insert(name, 1), IsOk());
  EXPECT_THAT(store_->Transact([&](Transaction& t) {
    constexpr char kNames[] = "SELECT name FROM item ORDER BY seq";
    int outer = 0, inner = 0;
    auto s = t.Query(kNames, {}, [&](const Row& row) -> absl::Status {
      ++outer;
      auto nested = t.Query(kNames, {}, [&](const Row&) {
        ++inner;
        return absl::OkStatus();
      });
      if (!nested.ok()) return nested;
      if (row.Text(0) == "b") return absl::OutOfRangeError("enough");
      return absl::OkStatus();
    });
    EXPECT_THAT(s, StatusIs(absl::StatusCode::kOutOfRange));
    EXPECT_EQ(outer, 2);
    EXPECT_EQ(inner, 6);
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(StoreTest, ManyThreadsLoseNoUpdate) {
  ASSERT_THAT(Insert("counter", 0), IsOk());
  constexpr int kThreads = 4, kTimes = 50;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int done = 0; done < kTimes;) {
        // Read and write apart, as services do.
        const absl::Status status = store_->Transact([](Transaction& t) -> absl::Status {
          int64_t size = 0;
          auto s = t.Query("SELECT size FROM item WHERE name = 'counter'", {}, [&](const Row& row) {
            size = row.Int(0);
            return absl::OkStatus();
          });
          if (!s.ok()) return s;
          return t.Execute("UPDATE item SET size = $1 WHERE name = 'counter'", {size + 1}).status();
        });
        if (status.ok()) {
          ++done;
        } else {
          ASSERT_THAT(status, StatusIs(absl::StatusCode::kAborted));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_THAT(store_->Read([&](Transaction& t) {
    return t.Query("SELECT size FROM item", {}, [&](const Row& row) {
      EXPECT_EQ(row.Int(0), kThreads * kTimes);
      return absl::OkStatus();
    });
  }),
              IsOk());
}

TEST_P(StoreTest, MigratesOnceAndStepByStep) {
  ASSERT_THAT(Insert("a", 1), IsOk());
  EXPECT_THAT(Migrate(*store_, "item", kSteps), IsOk());
  const Migration more[] = {kSteps[0], kSteps[1], {3, "DELETE FROM item;"}};
  EXPECT_THAT(Migrate(*store_, "item", more), IsOk());
  EXPECT_THAT(Names(), ElementsAre());
  ASSERT_THAT(Insert("b", 1), IsOk());
  EXPECT_THAT(Migrate(*store_, "item", more), IsOk());
  EXPECT_THAT(Names(), ElementsAre("b"));
  EXPECT_THAT(Migrate(*store_, "item", kSteps), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(StoreTest, AFailedStepLeavesNothing) {
  const Migration broken[] = {
      {1, "CREATE TABLE half (a BIGINT); CREATE TABLE half_too (b NO SUCH SYNTAX (;"}};
  EXPECT_FALSE(Migrate(*store_, "half", broken).ok());
  const Migration mended[] = {{1, "CREATE TABLE half (a BIGINT);"}};
  EXPECT_THAT(Migrate(*store_, "half", mended), IsOk());
}

TEST_P(StoreTest, SerialNumbersNeverComeAgain) {
  ASSERT_THAT(Insert("a", 1), IsOk());
  const auto last = [&] {
    int64_t seq = 0;
    EXPECT_THAT(store_->Read([&](Transaction& t) {
      return t.Query("SELECT MAX(seq) FROM item", {}, [&](const Row& row) {
        seq = row.Int(0);
        return absl::OkStatus();
      });
    }),
                IsOk());
    return seq;
  };
  const int64_t first = last();
  ASSERT_THAT(
      store_->Transact([](Transaction& t) { return t.Execute("DELETE FROM item").status(); }),
      IsOk());
  ASSERT_THAT(Insert("b", 1), IsOk());
  EXPECT_GT(last(), first);
}

TEST_P(StoreTest, TellsTheNumberThatTheLastRowGot) {
  ASSERT_THAT(store_->Transact([](Transaction& t) -> absl::Status {
    for (const std::string_view name : {"a", "b"}) {
      if (auto s = t.Execute("INSERT INTO item (name) VALUES ($1)", {name}); !s.ok()) {
        return s.status();
      }
    }
    return t.Execute("UPDATE item SET size = 7 WHERE seq = lastval()").status();
  }),
              IsOk());
  int64_t sized = 0;
  ASSERT_THAT(store_->Read([&](Transaction& t) {
    return t.Query("SELECT seq FROM item WHERE size = 7 AND name = 'b'", {}, [&](const Row& row) {
      sized = row.Int(0);
      return absl::OkStatus();
    });
  }),
              IsOk());
  EXPECT_GT(sized, 0);
}

TEST(StoreOpen, RefusesUrlsAndPartsItDoesNotKnow) {
  EXPECT_THAT(Store::Open({"mysql://x", "wifi"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Store::Open({"sqlite:/tmp", "../wifi"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Store::Open({"sqlite:", "wifi"}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace simpul::store
