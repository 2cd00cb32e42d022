#include "bus/kafka/seq_set.h"

#include <random>
#include <set>
#include <string>

#include "gmock/gmock.h"

namespace simpul::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(SeqSet, JoinsWhatTouchesAndSplitsWhereAHoleIsMade) {
  SeqSet set;
  for (const int64_t seq : {1, 2, 5, 4, 3, 9}) set.Insert(seq);
  EXPECT_THAT(set.runs(), ElementsAre(Pair(1, 5), Pair(9, 9)));
  for (const int64_t seq : {3, 1, 9, 7}) set.Erase(seq);
  EXPECT_THAT(set.runs(), ElementsAre(Pair(2, 2), Pair(4, 5)));
}

// Beside std::set, in whatever order numbers come and go.
TEST(SeqSet, HoldsWhatASetHolds) {
  constexpr int kSeqs = 40;
  std::mt19937 random(20261124);
  SeqSet set;
  std::set<int64_t> model;
  for (int i = 0; i < 20'000; ++i) {
    const int64_t seq = std::uniform_int_distribution<int>(1, kSeqs)(random);
    if (std::bernoulli_distribution(0.5)(random)) {
      set.Insert(seq);
      model.insert(seq);
    } else {
      set.Erase(seq);
      model.erase(seq);
    }
    for (int64_t s = 0; s <= kSeqs + 1; ++s) ASSERT_EQ(set.Contains(s), model.contains(s)) << s;
    int64_t end = -1;
    for (const auto& [first, last] : set.runs()) {
      ASSERT_GT(first, end + 1) << "runs touch";
      ASSERT_GE(last, first);
      end = last;
    }
  }
}

}  // namespace
}  // namespace simpul::kafka
