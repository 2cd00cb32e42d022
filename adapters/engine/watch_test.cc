// A watch of a real RADIUS database, one behaviour at a time.
#include "adapters/engine/watch.h"

#include "adapters/engine/testing/watch_fixture.h"

namespace simpul::engine {
namespace {

using simpul::testing::IsOk;
using simpul::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

class WatchTest : public WatchFixture {};

TEST_P(WatchTest, WritesNothingWhenNothingChanges) {
  Insert("a");
  Insert("b", "now()");
  Poll();
  Poll();
  const int64_t version = store_.Count("SELECT version FROM watch_progress");
  for (int i = 0; i < 3; ++i) Poll();
  EXPECT_EQ(follower_.events(), 2);
  EXPECT_EQ(store_.Count("SELECT version FROM watch_progress"), version);
}

TEST_P(WatchTest, PublishesAStartAnUpdateAndAStop) {
  Poll();
  Insert("a");
  Poll();
  database_.Run("UPDATE radacct SET acctinputoctets = 5, acctupdatetime = now()");
  Poll();
  database_.Run("UPDATE radacct SET acctstoptime = now()");
  Poll();
  EXPECT_EQ(follower_.events(), 3);
  EXPECT_EQ(follower_.sessions().at(Key(1, "a")).input_bytes(), 5);
  EXPECT_TRUE(follower_.sessions().at(Key(1, "a")).has_stop_time());
}

TEST_P(WatchTest, FindsARowThatIsCommittedAfterAGreaterKey) {
  Poll();
  auto late = database_.Connect();
  RadiusDatabase::RunOn(late.get(),
                        "BEGIN; INSERT INTO radacct (acctsessionid, acctuniqueid,"
                        " nasipaddress, acctstoptime)"
                        " VALUES ('s', 'late', '10.0.0.1', now())");
  Insert("early", "now()");
  Poll();
  EXPECT_EQ(UniqueIds(), "early");
  RadiusDatabase::RunOn(late.get(), "COMMIT");
  Poll();
  EXPECT_EQ(UniqueIds(), "early late");
}

TEST_P(WatchTest, SaysADeletedOpenRowIsGone) {
  for (int i = 0; i < 12; ++i) Insert("u" + std::to_string(i));
  Poll();
  database_.Run("DELETE FROM radacct WHERE acctuniqueid = 'u3'");
  Poll();
  EXPECT_EQ(follower_.sessions().size(), 11u);
}

TEST_P(WatchTest, DoesNotTakeAnEmptyAnswerForAMassDelete) {
  for (int i = 0; i < 12; ++i) Insert("u" + std::to_string(i), i % 2 == 0 ? "now()" : "NULL");
  Poll();
  database_.Run("CREATE TABLE kept AS SELECT * FROM radacct; DELETE FROM radacct");
  Poll();
  Reconcile();
  EXPECT_EQ(follower_.events(), 12);
  EXPECT_GE(watch_->standing().held_deletes, 12);
  Restart();  // the doubt outlives a restart
  Poll();
  Reconcile();
  EXPECT_EQ(follower_.events(), 12);
  database_.Run("INSERT INTO radacct SELECT * FROM kept");
  Poll();
  Reconcile();
  EXPECT_EQ(follower_.events(), 12);
  EXPECT_EQ(watch_->standing().held_deletes, 0);
}

TEST_P(WatchTest, BelievesManyDeletesOnceSomebodySaysSo) {
  for (int i = 0; i < 12; ++i) Insert("u" + std::to_string(i), i % 2 == 0 ? "now()" : "NULL");
  Poll();
  database_.Run("DELETE FROM radacct WHERE radacctid > 2");
  Poll();
  Reconcile();
  EXPECT_EQ(follower_.sessions().size(), 12u);
  watch_->RequestAcceptDeletes();
  Poll();
  Reconcile();
  EXPECT_EQ(follower_.sessions().size(), 2u);
  EXPECT_EQ(watch_->standing().held_deletes, 0);
  // And no longer than that.
  for (int i = 0; i < 20; ++i) Insert("v" + std::to_string(i));
  Poll();
  database_.Run("DELETE FROM radacct");
  Poll();
  Reconcile();
  EXPECT_EQ(follower_.sessions().size(), 22u);
}

TEST_P(WatchTest, ContinuesTheRevisionOfADeletedNameThatReturns) {
  Insert("a");
  Poll();
  database_.Run("CREATE TABLE kept AS SELECT * FROM radacct; DELETE FROM radacct");
  Poll();
  EXPECT_TRUE(follower_.sessions().empty());
  clock_.Advance(-absl::Hours(1));  // a clock that runs backwards does not count
  Restart();
  database_.Run("INSERT INTO radacct SELECT * FROM kept");
  Poll();
  EXPECT_EQ(UniqueIds(), "a");  // the follower has checked the revision
}

TEST_P(WatchTest, ParksARowThatDoesNotFitAndGoesOn) {
  Poll();
  Insert("bad", "NULL", "'infinity'");
  Insert("good");
  Poll();
  Poll();
  EXPECT_EQ(UniqueIds(), "good");
  EXPECT_EQ(watch_->standing().parked, 1);
  EXPECT_EQ(store_.Count(absl::StrFormat("SELECT count(*) FROM watch_parked WHERE row_key = '%s'"
                                         " AND field = 'start_time'",
                                         Key(1, "bad"))),
            1);
  database_.Run("UPDATE radacct SET acctstarttime = now() WHERE radacctid = 1");
  Poll();
  EXPECT_EQ(UniqueIds(), "bad good");
  EXPECT_EQ(watch_->standing().parked, 0);
  EXPECT_EQ(store_.Count("SELECT count(*) FROM watch_parked"), 0);
}

TEST_P(WatchTest, ParksAKeyThatTwoRowsHaveUntilOneHasIt) {
  Insert("a");
  Insert("b", "now()");
  Insert("c", "now()");
  Poll();
  database_.Run(
      "ALTER TABLE radacct DROP CONSTRAINT radacct_pkey, DROP CONSTRAINT radacct_acctuniqueid_key;"
      "CREATE TABLE twin AS SELECT * FROM radacct WHERE acctuniqueid <> 'c';"
      "UPDATE twin SET acctinputoctets = 9; INSERT INTO radacct SELECT * FROM twin");
  Poll();
  Reconcile();
  EXPECT_EQ(watch_->standing().parked, 2);
  for (const std::string& key : {Key(1, "a"), Key(2, "b")}) {
    EXPECT_EQ(store_.Count(absl::StrFormat("SELECT count(*) FROM watch_parked WHERE row_key = '%s'"
                                           " AND field = 'name' AND reason LIKE '%%twice'",
                                           key)),
              1);
  }
  const int64_t events = follower_.events();
  const int64_t version = store_.Count("SELECT version FROM watch_progress");
  for (int i = 0; i < 3; ++i) {
    database_.Run(
        "UPDATE radacct SET acctinputoctets = acctinputoctets + 1"
        " WHERE acctuniqueid <> 'c'");  // and so moves the rows about
    Poll();
    Reconcile();
    if (i == 1) Restart();
  }
  EXPECT_EQ(follower_.events(), events);
  EXPECT_EQ(store_.Count("SELECT version FROM watch_progress"), version);
  EXPECT_EQ(watch_->standing().parked, 2);
  database_.Run("DELETE FROM radacct WHERE acctinputoctets > 8");
  Poll();
  Reconcile();
  EXPECT_EQ(watch_->standing().parked, 0);
  EXPECT_EQ(store_.Count("SELECT count(*) FROM watch_parked"), 0);
  EXPECT_EQ(follower_.sessions().at(Key(1, "a")).input_bytes(), 3);
  EXPECT_EQ(follower_.sessions().at(Key(2, "b")).input_bytes(), 3);
}

TEST_P(WatchTest, PublishesAllRowsAgainWithTheirRevisions) {
  for (int i = 0; i < 5; ++i) Insert("u" + std::to_string(i), "now()");
  Poll();
  (void)(*store_).Transact(
      [](store::Transaction& t) { return t.Execute("DELETE FROM outbox_unsent").status(); });
  watch_->RequestResync();
  Poll();
  EXPECT_EQ(store_.Count("SELECT count(*) FROM outbox"), 5);
  EXPECT_EQ(store_.Count("SELECT count(*) FROM outbox_unsent"), 5);
}

TEST_P(WatchTest, NamesAColumnThatIsGoneAndGoesOnOnceItIsBack) {
  Insert("a");
  Poll();
  database_.Run("ALTER TABLE radacct RENAME acctinputoctets TO inputoctets");
  Restart();
  const auto status = watch_->Poll();
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       ::testing::AllOf(HasSubstr("acctinputoctets"), HasSubstr("mapping.yaml:"),
                                        Not(HasSubstr("SELECT")))));
  EXPECT_THAT(watch_->standing().error, HasSubstr("acctinputoctets"));
  database_.Run("ALTER TABLE radacct RENAME inputoctets TO acctinputoctets");
  Poll();
  EXPECT_EQ(follower_.events(), 1);
}

TEST_P(WatchTest, WatchesASmallTableWholeByItsReconcile) {
  database_.Run(
      "INSERT INTO nas (nasname, shortname, secret) SELECT '10.0.0.'||i, 'ap'||i, 'x'"
      " FROM generate_series(1, 6) i");
  Restart("SourceHotspot");
  Poll();
  Reconcile();
  EXPECT_EQ(store_.Count("SELECT count(*) FROM outbox"), 6);
  database_.Run("UPDATE nas SET shortname = 'ap-baru' WHERE id = 3; DELETE FROM nas WHERE id = 5");
  Poll();
  Reconcile();
  EXPECT_EQ(store_.Count("SELECT count(*) FROM outbox"), 8);
  EXPECT_EQ(store_.Count("SELECT count(*) FROM outbox WHERE topic = "
                         "'simpul.source.diskominfo.radius.hotspot'"),
            8);
}

// By columns of the same number, so that the old positions could be read.
TEST_P(WatchTest, FindsItsPlaceByAnotherCursorAndInventsNothing) {
  Insert("ancient", "now()", "now() - interval '20 days'");
  Insert("open");
  Insert("closed", "now()");
  Poll();
  EXPECT_EQ(follower_.events(), 3);
  const std::string key = GetParam().has_text_keys ? "acctuniqueid" : "radacctid";
  const std::string since = GetParam().has_text_keys
                                ? "(radacctid, acctuniqueid) > (:since_radacctid, "
                                  ":since_acctuniqueid) ORDER BY radacctid, acctuniqueid"
                                : "radacctid > :since ORDER BY radacctid";
  const TestMapping changed(
      {{since, absl::StrFormat("(acctstarttime, %s) > (:since_acctstarttime, :since_%s) ORDER BY "
                               "acctstarttime, %s",
                               key, key, key)},
       {GetParam().has_text_keys ? "cursor: [radacctid, acctuniqueid]" : "cursor: [radacctid]",
        "cursor: [{column: acctstarttime, type: TIME}, " + key + "]"}},
      GetParam().has_text_keys);
  Insert("meanwhile", "now()");
  database_.Run("UPDATE radacct SET acctinputoctets = 7 WHERE acctuniqueid = 'closed'");
  Restart(changed);
  Poll();
  EXPECT_EQ(follower_.events(), 3);
  Reconcile();
  EXPECT_EQ(follower_.events(), 5);
  Insert("new", "now()");
  Poll();
  EXPECT_EQ(UniqueIds(), "ancient closed meanwhile new open");
  Restart(changed);
  Poll();
  EXPECT_EQ(follower_.events(), 6);
}

TEST_P(WatchTest, InventsNothingWhenItsVersionsChange) {
  Insert("a");
  Insert("b", "now()");
  Poll();
  const TestMapping changed(
      {{"versions: [acctupdatetime, acctstoptime, acctsessiontime, acctinputoctets, "
        "acctoutputoctets]",
        "versions: [acctstoptime, acctsessiontime]"}},
      GetParam().has_text_keys);
  Restart(changed);
  Poll();
  Reconcile();
  EXPECT_EQ(follower_.events(), 2);
}

TEST_P(WatchTest, SaysThatItsResourcesHaveOtherNames) {
  Insert("a");
  Poll();
  const TestMapping changed({{"diskominfo/sessions/", "diskominfo/visits/"}},
                            GetParam().has_text_keys);
  Restart(changed);
  EXPECT_THAT(watch_->Poll(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       ::testing::AllOf(HasSubstr("sessions/{"), HasSubstr("visits/{"))));
  EXPECT_THAT(watch_->standing().error, HasSubstr("put the old name and key back"));
  Restart();
  Poll();
  EXPECT_EQ(follower_.events(), 1);
}

INSTANTIATE_TEST_SUITE_P(Ways, WatchTest, ::testing::ValuesIn(testing::kWays),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace simpul::engine
