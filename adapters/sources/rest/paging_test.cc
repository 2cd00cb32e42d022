// Lists that change while they are read page by page.
#include "adapters/sources/rest/paging.h"

#include <algorithm>
#include <functional>
#include <random>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::sources::rest {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Code = absl::StatusCode;

// An application's list, sorted by id, that answers pages as it is asked and may change before
// each.
class MovingList {
 public:
  explicit MovingList(std::set<int> ids) : ids(std::move(ids)) {}

  absl::StatusOr<Document> Answer(const std::string& target) {
    if (before_page) before_page(++pages);
    const int size = std::min(Number(target, "size", 100), most);
    const int position =
        Number(target, "offset", 0) + (Number(target, "page", first) - first) * size;
    std::string items;
    int index = 0;
    for (const int id : ids) {
      if (index >= position && index < position + size) {
        items += absl::StrFormat("%s{\"id\": \"%d\"}", items.empty() ? "" : ",", id);
      }
      ++index;
    }
    const std::string next =
        position + size < index
            ? absl::StrFormat("\"/list?offset=%d&size=%d\"", position + size, size)
            : "null";
    return Document::Parse(
        absl::StrFormat(R"({"items": [%s], "total": %d, "next": %s})", items, ids.size(), next));
  }

  std::set<int> ids;
  std::function<void(int)> before_page;  // gets the number of the request, from 1
  int pages = 0;
  int most = 1000;  // rows of a page, whatever it is asked for
  int first = 1;    // number of the first page

 private:
  static int Number(const std::string& target, const std::string& name, int otherwise) {
    const size_t at = target.find(name + "=");
    if (at == std::string::npos) return otherwise;
    int value = otherwise;
    const size_t begin = at + name.size() + 1;
    if (!absl::SimpleAtoi(target.substr(begin, target.find('&', begin) - begin), &value))
      return otherwise;
    return value;
  }
};

struct Style {
  const char* name;
  PagingText paging;
};

PagingText Paged(PageBy by, bool has_total, int size = 3) {
  return {.by = by,
          .position = by == PageBy::kOffset ? "offset" : "page",
          .size_name = "size",
          .size = size,
          .next = "/next",
          .total = has_total ? "/total" : "",
          .key = "id"};
}

const Style kStyles[] = {
    {"Offset", Paged(PageBy::kOffset, true)}, {"OffsetWithoutTotal", Paged(PageBy::kOffset, false)},
    {"Number", Paged(PageBy::kNumber, true)}, {"NumberWithoutTotal", Paged(PageBy::kNumber, false)},
    {"Link", Paged(PageBy::kLink, true)},     {"LinkWithoutTotal", Paged(PageBy::kLink, false)},
};

absl::StatusOr<std::vector<int>> ReadAll(MovingList& list, const PagingText& paging,
                                         int max_rows = 1000) {
  auto query = Query::Parse({.request = {.path = "/list"},
                             .rows = {.pointer = "/items", .columns = {{"id", "/id"}}},
                             .paging = paging});
  EXPECT_THAT(query, IsOk());
  const auto fetch = [&](const std::string& target) { return list.Answer(target); };
  const std::string target = paging.by == PageBy::kLink ? "/list?size=3" : "/list";
  auto rows = PagedReading(*query, target, max_rows, fetch).Read();
  if (!rows.ok()) return rows.status();
  std::vector<int> ids;
  for (size_t i = 0; i < rows->size(); ++i) {
    ids.push_back(std::stoi(std::string(rows->row(i)[0].text)));
  }
  return ids;
}

class RestPaging : public ::testing::TestWithParam<Style> {
 protected:
  absl::StatusOr<std::vector<int>> Read(MovingList& list, int max_rows = 1000) {
    return ReadAll(list, GetParam().paging, max_rows);
  }
};

std::set<int> UpTo(int last) {
  std::set<int> ids;
  for (int i = 1; i <= last; ++i) ids.insert(i);
  return ids;
}

TEST_P(RestPaging, ReadsAllRowsWhateverTheirNumber) {
  for (int last = 0; last <= 10; ++last) {
    MovingList list(UpTo(last));
    auto ids = Read(list);
    ASSERT_THAT(ids, IsOk());
    EXPECT_EQ(std::set<int>(ids->begin(), ids->end()), list.ids);
    EXPECT_EQ(ids->size(), list.ids.size());
  }
}

TEST_P(RestPaging, ReadsAgainWhenARowLeavesAndAnotherComes) {
  MovingList list(UpTo(8));
  list.before_page = [&](int page) {
    if (page != 2) return;
    list.ids.erase(2);   // row 4 moves onto the page that was read already,
    list.ids.insert(9);  // and the total stays
  };
  auto ids = Read(list);
  ASSERT_THAT(ids, IsOk());
  EXPECT_THAT(*ids, ElementsAre(1, 3, 4, 5, 6, 7, 8, 9));
}

TEST_P(RestPaging, GivesUpOnAListThatNeverStandsStill) {
  MovingList list(UpTo(9));
  list.before_page = [&](int) {
    list.ids.erase(list.ids.begin()), list.ids.insert(*list.ids.rbegin() + 1);
  };
  EXPECT_THAT(Read(list), StatusIs(Code::kAborted, HasSubstr("changed all the time")));
  EXPECT_LE(list.pages, 10 * PagedReading::kTries);
}

TEST_P(RestPaging, ReadsNoMoreRowsThanItsLimit) {
  MovingList list(UpTo(7));
  EXPECT_THAT(Read(list, 6), StatusIs(Code::kResourceExhausted, HasSubstr("more than 6 rows")));
  EXPECT_THAT(Read(list, 7), IsOk());
}

// Rows come and go at random between any two requests: by offset as they like, else as paging.h
// says.
TEST_P(RestPaging, MissesNoRowThatWasThereAllTheTimeAndDoublesNone) {
  const bool may_return = GetParam().paging.by == PageBy::kOffset;
  int readings = 0;
  for (unsigned seed = 1; seed <= 3000; ++seed) {
    std::mt19937 random(seed);
    MovingList list(UpTo(12));
    std::set<int> always = list.ids;
    std::set<int> ever = list.ids;
    list.before_page = [&](int page) {
      if (page == 1 || random() % 4 != 0) return;
      for (unsigned i = random() % 3; i > 0; --i) {
        const int id = static_cast<int>(random() % 16);
        if (list.ids.erase(id) > 0) {
          always.erase(id);
        } else {
          const int added = may_return ? id : *ever.rbegin() + 1;
          list.ids.insert(added), ever.insert(added);
        }
      }
    };
    auto ids = Read(list);
    if (absl::IsAborted(ids.status())) continue;
    ASSERT_THAT(ids, IsOk()) << "seed " << seed;
    ++readings;
    const std::set<int> read(ids->begin(), ids->end());
    EXPECT_EQ(read.size(), ids->size()) << "seed " << seed;
    EXPECT_TRUE(std::includes(read.begin(), read.end(), always.begin(), always.end()))
        << "seed " << seed;
    EXPECT_TRUE(std::includes(ever.begin(), ever.end(), read.begin(), read.end()))
        << "seed " << seed;
  }
  EXPECT_GT(readings, 1000);
}

INSTANTIATE_TEST_SUITE_P(Each, RestPaging, ::testing::ValuesIn(kStyles),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RestPages, CountFromZeroWhereTheApplicationDoes) {
  MovingList list(UpTo(7));
  list.first = 0;
  PagingText paging = Paged(PageBy::kNumber, true);
  paging.first_number = 0;
  EXPECT_THAT(ReadAll(list, paging), IsOk());
}

TEST(RestPages, AreReadToTheEndWhereTheApplicationGivesFewerThanAsked) {
  MovingList list(UpTo(7));
  list.most = 2;
  for (const bool has_total : {true, false}) {
    auto ids = ReadAll(list, Paged(PageBy::kOffset, has_total));
    ASSERT_THAT(ids, IsOk());
    EXPECT_EQ(ids->size(), 7u);
    EXPECT_THAT(ReadAll(list, Paged(PageBy::kNumber, has_total)),
                StatusIs(Code::kFailedPrecondition, HasSubstr("paging.size")));
  }
}

TEST(RestPages, SayThatTheApplicationKnowsNoPages) {
  MovingList list(UpTo(7));
  PagingText paging = Paged(PageBy::kOffset, true);
  paging.size_name = "limit";
  EXPECT_THAT(ReadAll(list, paging), StatusIs(Code::kFailedPrecondition, HasSubstr("paging.size")));
}

TEST(RestPages, SayWhatIsWrongWithTheList) {
  const auto read = [](const char* json) {
    auto query = Query::Parse({.request = {.path = "/list"},
                               .rows = {.pointer = "/items", .columns = {{"id", "/id"}}},
                               .paging = Paged(PageBy::kOffset, true)});
    EXPECT_THAT(query, IsOk());
    const auto fetch = [&](const std::string&) { return Document::Parse(json); };
    return PagedReading(*query, "/list", 100, fetch).Read().status();
  };
  EXPECT_THAT(read(R"({"items": [{"id": 2}, {"id": 1}], "total": 2})"),
              StatusIs(Code::kFailedPrecondition, HasSubstr("not sorted by the column 'id'")));
  EXPECT_THAT(read(R"({"items": [{"id": "9"}, {"id": "10"}], "total": 2})"), IsOk());
  EXPECT_THAT(read(R"({"items": [{"id": "b"}, {"id": "a"}], "total": 2})"), IsOk());
  EXPECT_THAT(read(R"({"items": [{"id": "a"}, {"id": "b"}, {"id": "a"}], "total": 3})"),
              StatusIs(Code::kDataLoss, HasSubstr("a key twice, in the column 'id'")));
  EXPECT_THAT(read(R"({"items": [{"id": 1}, {"id": null}], "total": 2})"),
              StatusIs(Code::kDataLoss, HasSubstr("without a key, in the column 'id'")));
  EXPECT_THAT(read(R"({"items": []})"),
              StatusIs(Code::kFailedPrecondition, HasSubstr("paging.total")));
  EXPECT_THAT(read(R"({"items": [], "total": "many"})"), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(read(R"({"items": [], "total": "0"})"), IsOk());
}

TEST(RestPages, SayWhatIsWrongInTheMapping) {
  const auto wrong = [](PagingText paging, const char* words) {
    EXPECT_THAT(Query::Parse({.request = {.path = "/list"},
                              .rows = {.columns = {{"id", "/id"}}},
                              .paging = std::move(paging)}),
                StatusIs(Code::kInvalidArgument, HasSubstr(words)));
  };
  wrong({.by = PageBy::kOffset, .size = 9, .key = "id"}, "paging.position: expected");
  wrong({.by = PageBy::kNumber, .position = "p", .size_name = "s", .size = 1, .key = "id"},
        "paging.size: expected at least 2");
  wrong({.by = PageBy::kLink, .key = "id"}, "paging.next: expected");
  wrong({.by = PageBy::kLink, .next = "/n", .key = "name"}, "paging.key: expected one of");
  wrong({.by = PageBy::kLink, .next = "n", .key = "id"}, "paging.next: expected a JSON pointer");
  wrong({.by = PageBy::kLink, .next = "/n", .total = "t", .key = "id"}, "paging.total: expected");
  EXPECT_THAT(Query::Parse({.request = {.method = "PUT", .path = "/x"}}),
              StatusIs(Code::kInvalidArgument, HasSubstr("method: expected GET")));
  EXPECT_THAT(Command::Parse({.request = {.path = "/x"}}),
              StatusIs(Code::kInvalidArgument, HasSubstr("method: expected POST")));
}

}  // namespace
}  // namespace simpul::sources::rest
