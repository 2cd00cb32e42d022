#include "gateway/loop.h"

#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"

namespace simpul::gateway {
namespace {

struct Fired {
  Loop* loop;
  std::vector<int>* order;
  int name;
  static void Fire(void* self) {
    auto* fired = static_cast<Fired*>(self);
    fired->order->push_back(fired->name);
    if (fired->name == 9) fired->loop->Stop();
  }
};

TEST(Loop, FiresTimersInOrderOfTheirTimeAndNotBefore) {
  Loop loop;
  std::vector<int> order;
  Fired one{&loop, &order, 1}, two{&loop, &order, 2}, last{&loop, &order, 9};
  Timer timer1(Fired::Fire, &one), timer2(Fired::Fire, &two), end(Fired::Fire, &last);
  loop.Arm(end, absl::Milliseconds(120));
  loop.Arm(timer2, absl::Milliseconds(60));
  loop.Arm(timer1, absl::Milliseconds(20));
  const absl::Time begin = absl::Now();
  loop.Run();
  EXPECT_THAT(order, ::testing::ElementsAre(1, 2, 9));
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(120));
}

TEST(Loop, FiresATimerMoreThanOneTurnOfTheWheelAway) {
  Loop loop;
  std::vector<int> order;
  Fired last{&loop, &order, 9};
  Timer end(Fired::Fire, &last);
  loop.Arm(end, absl::Milliseconds(8'300));  // a turn is 8.192 s
  const absl::Time begin = absl::Now();
  loop.Run();
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(8'300));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(12));
}

TEST(Loop, DoesNotFireWhatWasDisarmedInTheSameTick) {
  Loop loop;
  std::vector<int> order;
  Fired last{&loop, &order, 9}, never{&loop, &order, 3};
  Timer victim(Fired::Fire, &never);
  struct Killer {
    Timer* victim;
    static void Fire(void* self) { static_cast<Killer*>(self)->victim->Disarm(); }
  } killer{&victim};
  Timer timer(Killer::Fire, &killer), end(Fired::Fire, &last);
  loop.Arm(victim, absl::Milliseconds(20));
  loop.Arm(timer, absl::Milliseconds(10));
  loop.Arm(end, absl::Milliseconds(60));
  loop.Run();
  EXPECT_THAT(order, ::testing::ElementsAre(9));
}

TEST(Loop, RunsWhatOtherThreadsPostInOrder) {
  Loop loop;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.Post([&seen, i] { seen.push_back(i); });
    loop.Post([&loop] { loop.Stop(); });
  });
  loop.Run();
  other.join();
  ASSERT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[static_cast<size_t>(i)], i);
}

}  // namespace
}  // namespace simpul::gateway
