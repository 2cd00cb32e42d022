#include "adapters/sources/rest/window.h"

#include <limits>
#include <string>
#include <vector>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::sources::rest {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();

Window Parse(const std::vector<OrderText>& order) {
  auto shape = RowShape::Parse({.columns = {{"id", "/id"}, {"activity", "/activity"}}});
  EXPECT_THAT(shape, IsOk());
  auto window = Window::Parse(order, *shape);
  EXPECT_THAT(window, IsOk());
  return *std::move(window);
}

std::vector<std::string> Cut(const Window& window, const std::vector<Cell>& cells,
                             const Bindings& bindings) {
  static const auto* const columns = new std::vector<std::string>{"id", "activity"};
  std::vector<std::string> ids;
  EXPECT_THAT(
      window.Cut({.columns = columns, .cells = cells.data(), .rows = cells.size() / 2}, bindings,
                 [&](const Batch& batch) {
                   for (size_t i = 0; i < batch.rows; ++i) {
                     ids.emplace_back(batch.row(i)[0].text);
                   }
                   return absl::OkStatus();
                 }),
      IsOk());
  return ids;
}

const std::vector<Cell>& Rows() {
  static const auto* const rows = new std::vector<Cell>{
      Cell::Text("9"),  Cell::Text("2026-11-03"), Cell::Text("10"), Cell::Text("2026-11-01"),
      Cell::Text("11"), Cell::Text("2026-11-03"), Cell::Text("2"),  Cell::Text("2026-11-02")};
  return *rows;
}

TEST(Window, GivesTheRowsBehindAKeyInOrderOfNumbers) {
  const Window window = Parse({{"id", "after"}});
  EXPECT_THAT(Cut(window, Rows(), {.values = {{"after", kLowest}, {"limit", int64_t{9}}}}),
              ElementsAre("2", "9", "10", "11"));
  EXPECT_THAT(Cut(window, Rows(), {.values = {{"after", int64_t{2}}, {"limit", int64_t{2}}}}),
              ElementsAre("9", "10"));
}

TEST(Window, GoesOnBetweenRowsOfTheSameTime) {
  const Window window = Parse({{"activity", "since_activity"}, {"id", "since_id"}});
  EXPECT_THAT(
      Cut(window, Rows(),
          {.values = {{"since_activity", std::string("2026-11-02")}, {"since_id", kLowest}}}),
      ElementsAre("2", "9", "11"));
  EXPECT_THAT(
      Cut(window, Rows(),
          {.values = {{"since_activity", std::string("2026-11-03")}, {"since_id", int64_t{9}}}}),
      ElementsAre("11"));
}

TEST(Window, HidesNoRowThatHasNoPlace) {
  const Window window = Parse({{"id", "after"}});
  EXPECT_THAT(Cut(window, {Cell::Text("x"), Cell::Null(), Cell::Text("1"), Cell::Null()},
                  {.values = {{"after", int64_t{5}}}}),
              ElementsAre("x"));
}

TEST(Window, NamesAColumnThatIsNotThere) {
  auto shape = RowShape::Parse({.columns = {{"id", "/id"}}});
  ASSERT_THAT(shape, IsOk());
  EXPECT_THAT(Window::Parse({{"activity", "since"}}, *shape),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'activity'")));
}

}  // namespace
}  // namespace simpul::sources::rest
