// The contract with a real application: the Roundup of tests/with-peers. Each test adds or changes
// tickets of its own, or reads those that nobody changes.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "adapters/sources/rest/source.h"
#include "adapters/sources/rest/testing/hostile_server.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::sources::rest {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Code = absl::StatusCode;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) ADD_FAILURE() << name << " is not set: run this by tests/with-peers";
  return value == nullptr ? "" : value;
}

std::string Password() {
  std::ifstream file(Variable("SIMPUL_TEST_ROUNDUP_PASSWORD"));
  std::string password;
  std::getline(file, password);
  return password;
}

// Roundup wants to know of a write that it comes from no other site's page.
Endpoint Tracker(const std::string& password = Password()) {
  const std::string url = Variable("SIMPUL_TEST_ROUNDUP");
  return {.base_url = url,
          .auth = Auth::Basic("simpul", password),
          .headers = {{"X-Requested-With", "simpul"},
                      {"Origin", std::string(absl::StripSuffix(url, "/lapor"))}}};
}

std::unique_ptr<Source> Open(const Endpoint& endpoint) {
  auto source = Source::Create(endpoint, {.timeout = absl::Seconds(20)});
  EXPECT_THAT(source, IsOk());
  return *std::move(source);
}

absl::Time Soon() { return absl::Now() + absl::Seconds(60); }

Query Tickets(int page_size) {
  auto query = Query::Parse(
      {.request = {.path = "/rest/data/issue",
                   .query = {{"@fields",
                              "title,status,kategori,pelapor,nik,lokasi,lintang,messages,"
                              "files,assignedto,activity"},
                             {"@verbose", "2"},
                             {"@sort", "id"}}},
       .rows = {.pointer = "/data/collection",
                .columns = {{"id", "/id"},
                            {"title", "/title"},
                            {"status", "/status/name"},
                            {"category", "/kategori/name"},
                            {"nik", "/nik"},
                            {"place", "/lokasi"},
                            {"latitude", "/lintang"},
                            {"assignee", "/assignedto/username"},
                            {"files", "/files", true, "/name", ","},
                            {"activity", "/activity"}}},
       .paging = {.by = PageBy::kNumber,
                  .position = "@page_index",
                  .size_name = "@page_size",
                  .size = page_size,
                  .total = "/data/@total_size",
                  .key = "id"}});
  EXPECT_THAT(query, IsOk());
  return *std::move(query);
}

Query Ticket() {
  auto query = Query::Parse({.request = {.path = "/rest/data/issue/{key}"},
                             .rows = {.pointer = "/data",
                                      .columns = {{"id", "/id"},
                                                  {"title", "/attributes/title"},
                                                  {"status", "/attributes/status/id"}}}});
  EXPECT_THAT(query, IsOk());
  return *std::move(query);
}

Command Create() {
  auto command = Command::Parse({.request = {.method = "POST",
                                             .path = "/rest/data/issue",
                                             .body = R"({"title": "{title}", "status": "1"})"},
                                 .rows = {.pointer = "/data", .columns = {{"id", "/id"}}}});
  EXPECT_THAT(command, IsOk());
  return *std::move(command);
}

Command SetStatus() {
  auto command = Command::Parse({.request = {.method = "PUT",
                                             .path = "/rest/data/issue/{key}",
                                             .body = R"({"status": "{status}"})"}});
  EXPECT_THAT(command, IsOk());
  return *std::move(command);
}

std::string CreateTicket(Source& source, const std::string& title) {
  std::string id;
  EXPECT_THAT(source.Write(Create(), {.values = {{"title", title}}}, "", Soon(),
                           [&](const Batch& batch) {
                             id = batch.row(0)[0].text;
                             return absl::OkStatus();
                           }),
              IsOk());
  return id;
}

absl::Status ReadTicket(Source& source, const std::string& id, std::string& status,
                        std::string& etag) {
  return source.Read(
      Ticket(), {.values = {{"key", id}}}, Soon(),
      [&](const Batch& batch) {
        status = batch.row(0)[2].text;
        return absl::OkStatus();
      },
      &etag);
}

absl::Status Ignore(const Batch&) { return absl::OkStatus(); }

TEST(Roundup, GivesAllOfItsTickets) {
  auto source = Open(Tracker());
  size_t rows = 0;
  ASSERT_THAT(source->Read(Tickets(5), {}, Soon(),
                           [&](const Batch& batch) {
                             rows = batch.rows;
                             EXPECT_EQ(batch.row(0)[0].text, "1");
                             const Cell* fifth = batch.row(4);
                             EXPECT_EQ(fifth[1].text, "Retak di jembatan Sungai Cibeber");
                             EXPECT_EQ(fifth[3].text, "jembatan");
                             EXPECT_EQ(fifth[4].text, "3672990101900005");
                             EXPECT_EQ(fifth[5].text, "Jembatan Cibeber");
                             EXPECT_EQ(fifth[6].type, CellType::kDouble);
                             EXPECT_EQ(fifth[7].text, "teknisi");
                             EXPECT_EQ(fifth[8].text, "foto-5.txt,foto-6.txt");
                             EXPECT_EQ(fifth[9].text.size(), sizeof "2026-11-24.12:07:38" - 1);
                             EXPECT_EQ(batch.row(6)[7].type, CellType::kNull);
                             return absl::OkStatus();
                           }),
              IsOk());
  EXPECT_GE(rows, 12u);
}

// Its officers do not ask us.
TEST(Roundup, GivesWhatAnOfficerChangedOnTheWebPage) {
  auto source = Open(Tracker());
  const auto states = [&] {
    std::vector<std::string> out;
    EXPECT_THAT(
        source->Read(Tickets(50), {}, Soon(),
                     [&](const Batch& batch) {
                       for (size_t i = 0; i < batch.rows; ++i) {
                         out.push_back(absl::StrFormat("%s %s %s", batch.row(i)[0].text,
                                                       batch.row(i)[2].text, batch.row(i)[9].text));
                       }
                       return absl::OkStatus();
                     }),
        IsOk());
    return out;
  };
  const auto before = states();
  const std::string change =
      SIMPUL_SOURCE_DIR "/tests/peers/roundup change " + Variable("SIMPUL_TEST_PEERS") + "/roundup";
  ASSERT_EQ(std::system(change.c_str()), 0);
  const auto after = states();
  ASSERT_EQ(before.size(), after.size());
  int changed = 0;
  for (size_t i = 0; i < before.size(); ++i) changed += before[i] != after[i];
  EXPECT_EQ(changed, 1);
}

// Between us and Roundup stands what adds a ticket between two pages.
TEST(Roundup, GivesATicketThatIsAddedBetweenTwoPages) {
  auto source = Open(Tracker());
  auto site = Site::Check(Tracker());
  ASSERT_THAT(site, IsOk());
  std::string added;
  int requests = 0;
  testing::HostileServer between([&](const testing::SeenRequest& request) {
    if (++requests == 2) added = CreateTicket(*source, "Baru di antara dua halaman");
    HttpConnection http(*site, 1 << 20);
    return testing::Json(
        http.Send({.url = site->origin() + request.target()}, absl::Seconds(20)).body);
  });
  auto through = Open({.base_url = between.url()});
  std::vector<std::string> ids;
  ASSERT_THAT(through->Read(Tickets(5), {}, Soon(),
                            [&](const Batch& batch) {
                              for (size_t i = 0; i < batch.rows; ++i) {
                                ids.emplace_back(batch.row(i)[0].text);
                              }
                              return absl::OkStatus();
                            }),
              IsOk());
  EXPECT_NE(added, "");
  EXPECT_EQ(std::count(ids.begin(), ids.end(), added), 1);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
  EXPECT_GT(requests, 5);  // that is more than one reading
}

TEST(Roundup, TakesAChangeOnlyOfWhatIsStillAsItWas) {
  auto source = Open(Tracker());
  const std::string id = CreateTicket(*source, "Diubah dua kali");
  std::string status;
  std::string etag;
  ASSERT_THAT(ReadTicket(*source, id, status, etag), IsOk());
  EXPECT_EQ(status, "1");
  const auto set = [&](const char* to) {
    return source->Write(SetStatus(), {.values = {{"key", id}, {"status", std::string(to)}}}, etag,
                         Soon(), Ignore);
  };
  EXPECT_THAT(set("2"), IsOk());
  EXPECT_THAT(set("3"), StatusIs(Code::kAborted, HasSubstr("412")));
  ASSERT_THAT(ReadTicket(*source, id, status, etag), IsOk());
  EXPECT_EQ(status, "2");
  EXPECT_THAT(set("3"), IsOk());
  ASSERT_THAT(ReadTicket(*source, id, status, etag), IsOk());
  EXPECT_THAT(set("no such status"), StatusIs(Code::kInvalidArgument));
}

TEST(Roundup, SaysThatThereIsNoSuchTicket) {
  std::string status;
  std::string etag;
  EXPECT_THAT(ReadTicket(*Open(Tracker()), "99999", status, etag),
              StatusIs(Code::kNotFound, Not(HasSubstr("99999"))));
}

TEST(Roundup, RefusesAPasswordThatHasExpired) {
  EXPECT_THAT(
      Open(Tracker("kata-sandi-lama"))->Read(Tickets(5), {}, Soon(), Ignore),
      StatusIs(Code::kFailedPrecondition, AllOf(HasSubstr("401"), Not(HasSubstr("kata-sandi")))));
}

}  // namespace
}  // namespace simpul::sources::rest
