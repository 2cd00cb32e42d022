#include "adapters/engine/watch_state.h"

#include "adapters/engine/digest.h"
#include "adapters/engine/testing/radius_database.h"
#include "bus/testing/status_matchers.h"

namespace simpul::engine {
namespace {

using simpul::testing::IsOk;
using simpul::testing::StatusIs;
using testing::TestStore;

absl::Status Save(TestStore& store, WatchState& state) {
  return (*store).Transact([&](store::Transaction& t) { return state.Save(t); });
}
absl::Status Load(TestStore& store, WatchState& state) {
  return (*store).Read([&](store::Transaction& t) { return state.Load(t); });
}

TEST(WatchState, ComesBackAsItWasSaved) {
  TestStore store;
  WatchState state("radius/SourceSession", false, {});
  for (const int64_t id :
       {int64_t{-200}, int64_t{0}, int64_t{5}, int64_t{127}, int64_t{128}, int64_t{1} << 62}) {
    RowState& row = state.Put(id, "");
    row.content = static_cast<uint64_t>(id) * 3;
    row.versions = ~static_cast<uint64_t>(id);
    row.revision = 1'700'000'000'000'000 + id % 1000;
    row.seen = 1'700'000'000 - id % 77;
    row.is_open = id % 2 == 0;
    row.is_parked = id == 5;
    row.is_twice = id == 5;
  }
  state.progress().is_synced = true;
  state.progress().forgotten_until = -7;
  state.progress().samples = {{absl::FromUnixMicros(123456), {int64_t{77}}}};
  ASSERT_THAT(Save(store, state), IsOk());
  state.Erase(127);
  state.Erase(-200);
  ASSERT_THAT(Save(store, state), IsOk());

  WatchState again("radius/SourceSession", false, {});
  ASSERT_THAT(Load(store, again), IsOk());
  EXPECT_EQ(again.size(), 4u);
  EXPECT_EQ(again.Find(127), nullptr);
  EXPECT_TRUE(again.progress().is_synced);
  EXPECT_EQ(again.progress().samples, state.progress().samples);
  EXPECT_EQ(again.progress().forgotten_until, -7);
  state.ForEach([&](const RowState& row) {
    const RowState* same = again.Find(row.id);
    ASSERT_NE(same, nullptr);
    EXPECT_EQ(same->content, row.content);
    EXPECT_EQ(same->versions, row.versions);
    EXPECT_EQ(same->revision, row.revision);
    EXPECT_EQ(same->seen, row.seen);
    EXPECT_EQ(same->is_open, row.is_open);
    EXPECT_EQ(same->is_parked, row.is_parked);
    EXPECT_EQ(same->is_twice, row.is_twice);
  });
}

TEST(WatchState, KeepsTextKeys) {
  TestStore store;
  WatchState state("a/B", true, {});
  state.Put(int64_t{-1}, "zebra").revision = 3;
  state.Put(int64_t{1} << 60, "ayam").revision = 4;
  state.Put((int64_t{1} << 60) + 1, "bebek").revision = 5;
  ASSERT_THAT(Save(store, state), IsOk());
  WatchState again("a/B", true, {});
  ASSERT_THAT(Load(store, again), IsOk());
  EXPECT_EQ(again.KeyText(-1), "zebra");
  EXPECT_EQ(again.KeyText((int64_t{1} << 60) + 1), "bebek");
  EXPECT_EQ(again.Find(int64_t{1} << 60)->revision, 4);
}

TEST(WatchState, RefusesToWriteOverAnotherEnginesCommit) {
  TestStore store;
  WatchState one("a/B", false, {});
  WatchState two("a/B", false, {});
  ASSERT_THAT(Save(store, one), IsOk());
  EXPECT_THAT(Save(store, two), StatusIs(absl::StatusCode::kAborted));
  ASSERT_THAT(Load(store, two), IsOk());
  ASSERT_THAT(Save(store, two), IsOk());
  EXPECT_THAT(Save(store, one), StatusIs(absl::StatusCode::kAborted));
}

TEST(WatchState, IsSmall) {
  TestStore store;
  WatchState state("a/B", false, {});
  for (int64_t id = 1; id <= 100'000; ++id) {
    RowState& row = state.Put(id, "");
    row.content = static_cast<uint64_t>(id) * 0x9E3779B97F4A7C15;
    row.versions = ~row.content;
    row.revision = 1'790'000'000'000'000 + id * 20;
    row.seen = 1'790'000'000 + id / 7;
  }
  ASSERT_THAT(Save(store, state), IsOk());
  EXPECT_LT(store.Count("SELECT sum(length(packed)) FROM watch_bucket"), 100'000 * 24);
}

// The authors' test vector: key 00 … 0f, message 00 … 0e.
TEST(Digest, IsSipHash24) {
  std::string key, message;
  for (char c = 0; c < 16; ++c) key += c;
  for (char c = 0; c < 15; ++c) message += c;
  EXPECT_EQ(Digest(key).Of(message), 0xa129ca6149be45e5u);
}

TEST(Digest, TellsListsOfCellsApart) {
  using sources::Cell;
  std::string one, two;
  AppendCell(Cell::Text("ab"), one);
  AppendCell(Cell::Text("c"), one);
  AppendCell(Cell::Text("a"), two);
  AppendCell(Cell::Text("bc"), two);
  EXPECT_NE(one, two);
  std::string null, zero;
  AppendCell(Cell::Null(), null);
  AppendCell(Cell::Int(0), zero);
  EXPECT_NE(null, zero);
}

}  // namespace
}  // namespace simpul::engine
