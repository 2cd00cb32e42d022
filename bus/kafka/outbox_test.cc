// The outbox's tables on both databases.
#include "bus/kafka/outbox.h"

#include <thread>

#include "absl/synchronization/notification.h"
#include "bus/kafka/lease.h"
#include "bus/kafka/outbox_rows.h"
#include "bus/kafka/relay.h"
#include "bus/kafka/test_kafka.h"

namespace simpul::kafka {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class OutboxTest : public ::testing::TestWithParam<store::Database> {
 protected:
  void SetUp() override {
    options_ = store::FreshStore(GetParam());
    store_ = OpenStore(options_);
    ASSERT_NE(store_, nullptr);
    rows_ = std::make_unique<OutboxRows>(*store_);
  }

  std::vector<std::string> Unsent() {
    std::vector<std::string> ids;
    EXPECT_THAT(rows_->ReadUnsent({}, 100,
                                  [&](const OutboxRow& row) {
                                    ids.push_back(row.event.id);
                                    return true;
                                  }),
                IsOk());
    return ids;
  }
  std::vector<int64_t> UnsentSeqs(int64_t limit = 100) {
    std::vector<int64_t> seqs;
    EXPECT_THAT(rows_->ReadUnsent({}, limit,
                                  [&](const OutboxRow& row) {
                                    seqs.push_back(row.seq);
                                    return true;
                                  }),
                IsOk());
    return seqs;
  }

  store::StoreOptions options_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<OutboxRows> rows_;
};

INSTANTIATE_TEST_SUITE_P(Databases, OutboxTest,
                         ::testing::Values(store::Database::kSqlite, store::Database::kPostgres),
                         [](const auto& info) { return store::NameOf(info.param); });

TEST_P(OutboxTest, KeepsEveryAttributeAndTheOrder) {
  Event event = EventOf("a", 7, std::string("\0\xff", 2));
  event.traceparent = "00-a-b-01";
  event.time = absl::FromUnixMicros(1'764'000'000'123'456);
  ASSERT_THAT(Append(*store_, "t", {event, EventOf("b", 1)}), IsOk());
  std::vector<OutboxRow> rows;
  ASSERT_THAT(rows_->ReadUnsent({}, 10,
                                [&](const OutboxRow& row) {
                                  rows.push_back(row);
                                  return true;
                                }),
              IsOk());
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_LT(rows[0].seq, rows[1].seq);
  EXPECT_EQ(rows[0].topic, "t");
  EXPECT_EQ(rows[0].event.id, "a@7");
  EXPECT_EQ(rows[0].event.subject, "a");
  EXPECT_EQ(rows[0].event.data, event.data);
  EXPECT_EQ(rows[0].event.time, event.time);
  EXPECT_EQ(rows[0].event.traceparent, "00-a-b-01");
  EXPECT_EQ(rows[1].event.id, "b@1");
}

// SQLite has one writer at a time.
TEST(OutboxOnPostgres, ReadsWhatWasCommittedLateBeforeWhatItsWriterAddedAfterIt) {
  auto store = OpenStore(store::FreshStore(store::Database::kPostgres));
  ASSERT_NE(store, nullptr);
  absl::Notification appended;
  absl::Notification other_is_sent;
  std::thread slow([&] {
    EXPECT_THAT(store->Transact([&](store::Transaction& t) -> absl::Status {
      const absl::Status status = AppendToOutbox(t, "t", EventOf("slow", 1));
      appended.Notify();
      other_is_sent.WaitForNotification();
      return status;
    }),
                IsOk());
  });
  appended.WaitForNotification();
  EXPECT_THAT(Append(*store, "t", {EventOf("other", 1)}), IsOk());
  OutboxRows rows(*store);
  std::vector<std::string> ids;
  SeqSet under_way;
  const auto read = [&] {
    ids.clear();
    EXPECT_THAT(rows.ReadUnsent(under_way, 100,
                                [&](const OutboxRow& row) {
                                  ids.push_back(row.event.id);
                                  under_way.Insert(row.seq);
                                  return ids.size() < 100;
                                }),
                IsOk());
    return ids;
  };
  EXPECT_THAT(read(), ElementsAre("other@1"));
  other_is_sent.Notify();
  slow.join();
  EXPECT_THAT(Append(*store, "t", {EventOf("slow", 2)}), IsOk());
  EXPECT_THAT(read(), ElementsAre("slow@1", "slow@2"));
  EXPECT_THAT(read(), IsEmpty());
}

TEST_P(OutboxTest, RefusesAnIdThatItsTopicHas) {
  ASSERT_THAT(Append(*store_, "t", {EventOf("a", 1)}), IsOk());
  EXPECT_THAT(Append(*store_, "t", {EventOf("a", 2), EventOf("a", 1), EventOf("a", 3)}),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(Append(*store_, "other", {EventOf("a", 1)}), IsOk());
  EXPECT_THAT(Append(*store_, "t", {EventOf("a", 2)}), IsOk());
  EXPECT_THAT(Unsent(), ElementsAre("a@1", "a@1", "a@2"));
}

TEST_P(OutboxTest, MarksRunsAndSparesWhatIsBetweenThem) {
  ASSERT_THAT(
      Append(*store_, "t",
             {EventOf("a", 1), EventOf("a", 2), EventOf("a", 3), EventOf("a", 4), EventOf("a", 5)}),
      IsOk());
  const std::vector<int64_t> seqs = UnsentSeqs();
  ASSERT_THAT(rows_->MarkSent({seqs[4], seqs[0], seqs[1]}), IsOk());
  EXPECT_THAT(Unsent(), ElementsAre("a@3", "a@4"));
}

TEST_P(OutboxTest, ParkedRowsAreCountedAndNotRead) {
  ASSERT_THAT(Append(*store_, "t", {EventOf("a", 1), EventOf("a", 2)}), IsOk());
  ASSERT_THAT(rows_->Park(UnsentSeqs()[0], "MSG_SIZE_TOO_LARGE"), IsOk());
  EXPECT_THAT(Unsent(), ElementsAre("a@2"));
  auto counts = rows_->Count();
  ASSERT_THAT(counts, IsOk());
  EXPECT_EQ(counts->pending, 1);
  EXPECT_EQ(counts->parked, 1);
}

TEST_P(OutboxTest, MarksWhatTheTopicHasButNotRepeats) {
  ASSERT_THAT(Append(*store_, "t", {EventOf("a", 1), EventOf("b", 1), EventOf("c", 1)}), IsOk());
  ASSERT_THAT(rows_->MarkSent({UnsentSeqs()[2]}), IsOk());
  ASSERT_EQ(Resend(*store_, absl::Now() - absl::Minutes(1)).value(), 1);
  auto marked = rows_->MarkPresent({{"t", "a@1"}, {"t", "c@1"}, {"u", "b@1"}});
  ASSERT_THAT(marked, IsOk());
  EXPECT_EQ(*marked, 1);
  EXPECT_THAT(Unsent(), ElementsAre("b@1", "c@1"));
}

TEST_P(OutboxTest, ResendsWhatWasRecordedSince) {
  ASSERT_THAT(Append(*store_, "t", {EventOf("a", 1), EventOf("a", 2), EventOf("a", 3)}), IsOk());
  ASSERT_THAT(rows_->MarkSent(UnsentSeqs()), IsOk());
  EXPECT_EQ(Resend(*store_, absl::Now() + absl::Minutes(1)).value(), 0);
  EXPECT_THAT(Unsent(), IsEmpty());
  EXPECT_EQ(Resend(*store_, absl::Now() - absl::Minutes(1)).value(), 3);
  EXPECT_THAT(Unsent(), ElementsAre("a@1", "a@2", "a@3"));
}

TEST_P(OutboxTest, AResyncSendsAgainWhatIsRecordedAndAppendsWhatIsNot) {
  ASSERT_THAT(Append(*store_, "t", {EventOf("a", 1), EventOf("b", 1)}), IsOk());
  ASSERT_THAT(rows_->MarkSent(UnsentSeqs()), IsOk());
  ASSERT_THAT(store_->Transact([](store::Transaction& t) -> absl::Status {
    if (auto s = AppendAgain(t, "t", EventOf("a", 1)); !s.ok()) return s;
    return AppendAgain(t, "t", EventOf("c", 1));
  }),
              IsOk());
  EXPECT_THAT(Unsent(), ElementsAre("a@1", "c@1"));
}

TEST_P(OutboxTest, DeletesOldRowsThatAreDoneAndOnlyThose) {
  std::vector<Event> events;
  for (int i = 1; i <= 8; ++i) events.push_back(EventOf("a", i));
  ASSERT_THAT(Append(*store_, "t", events), IsOk());
  const auto seqs = UnsentSeqs();
  const absl::Time now = absl::Now();
  ASSERT_THAT(store_->Transact([&](store::Transaction& t) {
    return t
        .Execute("UPDATE outbox SET recorded_at = $1 WHERE seq <> $2",
                 {absl::ToUnixMicros(now - absl::Hours(200)), seqs[4]})
        .status();
  }),
              IsOk());
  ASSERT_THAT(rows_->Park(seqs[1], "too large"), IsOk());
  ASSERT_THAT(rows_->MarkSent({seqs[0], seqs[2], seqs[3], seqs[4], seqs[5]}), IsOk());
  for (int i = 0; i < 3; ++i) ASSERT_THAT(rows_->DeleteSome(now - absl::Hours(168)), IsOk());
  // 2 is parked, 5 is fresh, 6 waits behind 5, 7 and 8 are unsent.
  EXPECT_EQ(QueryInt(*store_, "SELECT COUNT(*) FROM outbox"), 5);
  EXPECT_EQ(QueryInt(*store_, "SELECT COUNT(*) FROM outbox_parked"), 1);
  ASSERT_THAT(rows_->DeleteSome(now + absl::Hours(1)), IsOk());
  EXPECT_EQ(QueryInt(*store_, "SELECT COUNT(*) FROM outbox"), 3);
  EXPECT_THAT(Unsent(), ElementsAre("a@7", "a@8"));
}

TEST_P(OutboxTest, DeletesAsOftenAsThereAreOldRows) {
  std::vector<Event> events;
  for (int i = 1; i <= 5000; ++i) events.push_back(EventOf("a", i));
  ASSERT_THAT(Append(*store_, "t", events), IsOk());
  ASSERT_THAT(rows_->MarkSent(UnsentSeqs(5000)), IsOk());
  int steps = 1;
  while (rows_->DeleteSome(absl::Now() + absl::Hours(1)).value()) ++steps;
  EXPECT_EQ(steps, 4) << "the last one finds nothing";
  EXPECT_EQ(QueryInt(*store_, "SELECT COUNT(*) FROM outbox"), 0);
}

TEST_P(OutboxTest, ReadsAroundWhatIsUnderWay) {
  std::vector<Event> events;
  for (int i = 1; i <= 1000; ++i) events.push_back(EventOf("a", i));
  ASSERT_THAT(Append(*store_, "t", events), IsOk());
  const auto seqs = UnsentSeqs(1000);
  SeqSet under_way;
  for (size_t i = 0; i < 1000; ++i) {
    // A short run, a long one, and single ones far from each other.
    if ((i >= 10 && i < 20) || (i >= 100 && i < 600) || i % 150 == 1) under_way.Insert(seqs[i]);
  }
  const auto read = [&](int64_t limit) {
    std::vector<int64_t> found;
    EXPECT_THAT(rows_->ReadUnsent(under_way, limit,
                                  [&](const OutboxRow& row) {
                                    found.push_back(row.seq);
                                    return true;
                                  }),
                IsOk());
    return found;
  };
  std::vector<int64_t> free;
  for (const int64_t seq : seqs) {
    if (!under_way.Contains(seq)) free.push_back(seq);
  }
  EXPECT_EQ(read(1000), free);
  for (const size_t limit : {1u, 9u, 10u, 90u, 400u}) {
    EXPECT_EQ(read(static_cast<int64_t>(limit)),
              std::vector<int64_t>(free.begin(), free.begin() + static_cast<long>(limit)));
  }
}

TEST_P(OutboxTest, ForgetsWhatIsToBeSentAndWasDeleted) {
  ASSERT_THAT(Append(*store_, "t", {EventOf("a", 1), EventOf("a", 2), EventOf("a", 3)}), IsOk());
  const auto seqs = UnsentSeqs();
  ASSERT_THAT(store_->Transact([&](store::Transaction& t) {
    return t.Execute("DELETE FROM outbox WHERE seq <> $1", {seqs[1]}).status();
  }),
              IsOk());
  EXPECT_THAT(Unsent(), ElementsAre("a@2"));
  EXPECT_EQ(rows_->Count()->pending, 1);
}

TEST_P(OutboxTest, WhatAnOlderProgramLeftUnsentOrParkedStaysSo) {
  auto older = store::Store::Open(store::FreshStore(GetParam()));
  ASSERT_THAT(older, IsOk());
  ASSERT_THAT(store::Migrate(**older, "outbox", OutboxMigrations().first(1)), IsOk());
  const store::Param kNull = std::monostate();
  const auto add = [&](std::string_view id, store::Param sent, store::Param parked, int64_t again) {
    ASSERT_THAT((*older)->Transact([&](store::Transaction& t) {
      return t
          .Execute(
              "INSERT INTO outbox (topic, subject, source, type, event_time, dataschema,"
              " traceparent, data, recorded_at, id, sent_at, parked, resent)"
              " VALUES ('t', 's', 's', 't', 1, '', '', '', 1, $1, $2, $3, $4)",
              {id, sent, parked, again})
          .status();
    }),
                IsOk());
  };
  add("sent", int64_t{5}, kNull, 0);
  add("unsent", kNull, kNull, 0);
  add("parked", kNull, std::string_view("too large"), 0);
  add("again", kNull, kNull, 1);
  ASSERT_THAT(store::Migrate(**older, "outbox", OutboxMigrations()), IsOk());
  OutboxRows rows(**older);
  std::vector<std::string> ids;
  ASSERT_THAT(rows.ReadUnsent({}, 10,
                              [&](const OutboxRow& row) {
                                ids.push_back(row.event.id);
                                return true;
                              }),
              IsOk());
  EXPECT_THAT(ids, ElementsAre("unsent", "again"));
  EXPECT_EQ(rows.Count()->parked, 1);
  EXPECT_EQ(rows.MarkPresent({{"t", "unsent"}, {"t", "again"}}).value(), 1);
}

TEST_P(OutboxTest, KnowsSinceWhenATopicWaits) {
  const absl::Time before = absl::Now() - absl::Milliseconds(1);
  ASSERT_THAT(Append(*store_, "t", {EventOf("a", 1)}), IsOk());
  ASSERT_THAT(Append(*store_, "u", {EventOf("a", 1)}), IsOk());
  ASSERT_THAT(rows_->MarkSent({UnsentSeqs()[1]}), IsOk());
  auto oldest = rows_->OldestUnsent();
  ASSERT_THAT(oldest, IsOk());
  EXPECT_THAT(*oldest, ElementsAre(Pair("t", ::testing::Gt(before))));
}

TEST_P(OutboxTest, OneHasTheLeaseUntilItRunsOut) {
  FakeClock clock(absl::Now());
  Lease one(*store_, "test", absl::Seconds(10), clock);
  Lease two(*store_, "test", absl::Seconds(10), clock);
  EXPECT_TRUE(one.Take().value());
  EXPECT_FALSE(two.Take().value());
  clock.Advance(absl::Seconds(9));
  EXPECT_TRUE(one.Take().value()) << "its holder makes it longer";
  clock.Advance(absl::Seconds(9));
  EXPECT_FALSE(two.Take().value());
  clock.Advance(absl::Seconds(2));
  EXPECT_TRUE(two.Take().value());
  EXPECT_FALSE(one.Take().value());
  two.Release();
  EXPECT_TRUE(one.Take().value());
}

TEST_P(OutboxTest, ALeaseWhoseHolderIsGoneIsFreeAtOnce) {
  FakeClock clock(absl::Now());
  {
    Lease gone(*store_, "test", absl::Hours(1), clock);
    ASSERT_TRUE(gone.Take().value());
  }
  Lease next(*store_, "test", absl::Hours(1), clock);
  EXPECT_TRUE(next.Take().value());
  // Of another machine nobody can tell.
  ASSERT_THAT(store_->Transact([](store::Transaction& t) {
    return t.Execute("UPDATE outbox_lease SET owner = 'other|pid:[1]|1|1|1'").status();
  }),
              IsOk());
  EXPECT_FALSE(next.Take().value());
}

TEST(RevisionClock, GrowsOverTimePreviousAndFloor) {
  FakeClock time(absl::FromUnixMicros(1000));
  RevisionClock clock(time);
  EXPECT_EQ(clock.Next(0), 1000);
  EXPECT_EQ(clock.Next(1000), 1001);
  EXPECT_EQ(clock.Next(5000), 5001);
  clock.RaiseFloor(7000);
  clock.RaiseFloor(6000);
  EXPECT_EQ(clock.Next(0), 7001);
  time.Advance(absl::Microseconds(9000));
  EXPECT_EQ(clock.Next(0), 10000);
}

}  // namespace
}  // namespace simpul::kafka
