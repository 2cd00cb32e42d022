#include "services/complaints/commands.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/synchronization/notification.h"
#include "bus/rpc/server.h"
#include "bus/rpc/test_credentials.h"
#include "services/complaints/complaints_test.h"
#include "services/complaints/fake_source.h"

namespace simpul::complaints {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using testing::StatusIs;

using Mood = FakeSource::Mood;
constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kUnknown = absl::StatusCode::kUnknown;

class CommandsTest : public ComplaintsTest {
 protected:
  void SetUp() override {
    ComplaintsTest::SetUp();
    if (HasFatalFailure()) return;
    auto server = rpc::Server::Start(
        {.credentials = certificates_.For("adapter/dpupr"), .services = {&source_}});
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    adapters_.Update({AdapterPart(identity_, server_->address())});
    Restart();
  }

  void Restart() {
    commands_ = std::make_unique<Commands>(*store_, clock_, tokens_, adapters_,
                                           [this] { return source_topics_; });
  }

  static v1::CreateComplaintRequest New(const std::string& request_id) {
    v1::CreateComplaintRequest request;
    request.set_parent("departments/dpupr");
    request.set_request_id(request_id);
    v1::Complaint& complaint = *request.mutable_complaint();
    complaint.set_title("Jalan berlubang");
    complaint.set_content("Lubang di depan pasar");
    complaint.set_classification(v1::Complaint::COMPLAINT);
    complaint.mutable_reporter()->set_display_name("Siti Rahma");
    complaint.mutable_reporter()->set_nik("3672014507900001");
    return request;
  }

  // A change of complaint 1, which is stored, to this state.
  v1::UpdateComplaintRequest To(v1::Complaint::State state, const std::string& request_id) {
    v1::UpdateComplaintRequest request;
    request.set_request_id(request_id);
    request.mutable_complaint()->set_name(NameOf("1"));
    request.mutable_complaint()->set_etag(Etag());
    request.mutable_complaint()->set_state(state);
    request.mutable_update_mask()->add_paths("state");
    return request;
  }

  std::string Etag() {
    std::string etag;
    EXPECT_THAT(store_->Read([&](store::Transaction& transaction) {
      auto row = LoadComplaint(transaction, NameOf("1"));
      if (row.ok()) etag = row->resource.etag();
      return row.status();
    }),
                IsOk());
    return etag;
  }

  const rpc::TokenKey tokens_{std::string(32, 'k')};
  rpc::TestCredentials certificates_;
  const std::string identity_ = certificates_.IdentityOf("adapter/dpupr").Uri();
  std::vector<std::string> source_topics_ = {"simpul.source.dpupr.roundup.complaint"};
  FakeSource source_;
  std::unique_ptr<rpc::Server> server_;
  Adapters adapters_{certificates_.For("service/complaints")};
  std::unique_ptr<Commands> commands_;
};

TEST_P(CommandsTest, ANewComplaintIsMadeOnceHoweverOftenItIsSent) {
  auto first = commands_->Create("dinkes", New("r-1"));
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->name(), "departments/dpupr/complaints/new-1");
  EXPECT_EQ(first->state(), v1::Complaint::RECEIVED);
  EXPECT_EQ(first->etag(), "");
  Restart();
  auto second = commands_->Create("dinkes", New("r-1"));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->SerializeAsString(), first->SerializeAsString());
  ASSERT_THAT(source_.tickets(), SizeIs(1));
  EXPECT_EQ(source_.tickets()[0].reporter_nik(), "3672014507900001");
  EXPECT_THAT(source_.tickets()[0].request_ids(), ElementsAre("dinkes/r-1"));
  EXPECT_THAT(source_.authorities(), ElementsAre("roundup.dpupr"));
}

TEST_P(CommandsTest, OneRequestIdIsOneRequestOfOneAgency) {
  ASSERT_THAT(commands_->Create("dinkes", New("r-1")), IsOk());
  v1::CreateComplaintRequest other = New("r-1");
  other.mutable_complaint()->set_title("Lampu mati");
  EXPECT_THAT(commands_->Create("dinkes", other),
              StatusIs(absl::StatusCode::kAlreadyExists, StartsWith("request_id:")));
  EXPECT_THAT(commands_->Create("police", other), IsOk());
  EXPECT_THAT(source_.tickets(), SizeIs(2));
}

TEST_P(CommandsTest, AnUpdateTellsTheAdapterWhatItIsBasedOn) {
  v1::SourceComplaint stored = Source("1");
  stored.set_etag("\"v7\"");
  ASSERT_THAT(Put(stored), IsOk());
  v1::UpdateComplaintRequest request = To(v1::Complaint::VERIFIED, "r-1");
  request.mutable_complaint()->set_note("lengkap");
  request.mutable_update_mask()->add_paths("note");
  auto answer = commands_->Update("dinkes", request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->state(), v1::Complaint::VERIFIED);
  ASSERT_THAT(source_.updates(), SizeIs(1));
  const v1::UpdateSourceComplaintRequest update = source_.updates()[0];
  EXPECT_EQ(update.revision(), source_revision_);
  EXPECT_EQ(update.etag(), "\"v7\"");
  EXPECT_EQ(update.request_id(), "dinkes/r-1");
  EXPECT_EQ(update.complaint().note(), "lengkap");
  EXPECT_THAT(update.update_mask().paths(), ElementsAre("state", "note"));
}

TEST_P(CommandsTest, AWriteShowsInReadsOnlyOnceItWasSeen) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  const std::string before = Etag();
  ASSERT_THAT(commands_->Update("dinkes", To(v1::Complaint::VERIFIED, "r-1")), IsOk());
  EXPECT_EQ(Etag(), before);
  EXPECT_THAT(News(), SizeIs(1));  // of Put
}

TEST_P(CommandsTest, AnOldEtagIsAbortedAndNothingIsAsked) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  const v1::UpdateComplaintRequest request = To(v1::Complaint::VERIFIED, "r-1");
  ASSERT_THAT(Put(Source("1")), IsOk());
  EXPECT_THAT(commands_->Update("dinkes", request),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("etag")));
  EXPECT_EQ(source_.writes(), 0);
}

TEST_P(CommandsTest, WhatTheApplicationRefusesIsTheAnswerEachTime) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  source_.Be(Mood::kRefuses);
  const v1::UpdateComplaintRequest request = To(v1::Complaint::VERIFIED, "r-1");
  EXPECT_THAT(commands_->Update("dinkes", request),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("another one")));
  source_.Be(Mood::kWell);
  EXPECT_THAT(commands_->Update("dinkes", request), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(source_.writes(), 0);
}

TEST_P(CommandsTest, AStoredAnswerHoldsThoughTheComplaintMovedOn) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  const v1::UpdateComplaintRequest request = To(v1::Complaint::VERIFIED, "r-1");
  ASSERT_THAT(commands_->Update("dinkes", request), IsOk());
  v1::SourceComplaint closed = Source("1");
  closed.set_state(v1::Complaint::CLOSED);
  ASSERT_THAT(Put(closed), IsOk());
  auto again = commands_->Update("dinkes", request);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->state(), v1::Complaint::VERIFIED);
  EXPECT_EQ(source_.writes(), 1);
}

TEST_P(CommandsTest, AnApplicationThatIsDownMayBeAskedAgain) {
  source_.Be(Mood::kIsDown);
  EXPECT_THAT(commands_->Create("dinkes", New("r-1")), StatusIs(absl::StatusCode::kUnavailable));
  source_.Be(Mood::kWell);
  EXPECT_THAT(commands_->Create("dinkes", New("r-1")), IsOk());
  EXPECT_THAT(source_.tickets(), SizeIs(1));
}

TEST_P(CommandsTest, AnAdapterThatIsNotOnTheBusIsUnavailableAndNothingIsBegun) {
  adapters_.Update({});
  EXPECT_THAT(commands_->Create("dinkes", New("r-1")), StatusIs(absl::StatusCode::kUnavailable));
  adapters_.Update({AdapterPart(identity_, server_->address())});
  EXPECT_THAT(commands_->Create("dinkes", New("r-1")), IsOk());
}

TEST_P(CommandsTest, ALostAnswerIsUnknownUntilTheTicketIsSeen) {
  source_.Be(Mood::kLosesAnswer);
  EXPECT_THAT(commands_->Create("dinkes", New("r-1")),
              StatusIs(kUnknown, HasSubstr("same request_id")));
  source_.Be(Mood::kWell);
  EXPECT_THAT(commands_->Create("dinkes", New("r-1")), StatusIs(kUnknown));
  ASSERT_THAT(source_.tickets(), SizeIs(1));
  ASSERT_THAT(Put(source_.tickets()[0]), IsOk());
  auto settled = commands_->Create("dinkes", New("r-1"));
  ASSERT_THAT(settled, IsOk());
  EXPECT_EQ(settled->name(), source_.tickets()[0].name());
  EXPECT_NE(settled->etag(), "");
  EXPECT_THAT(source_.tickets(), SizeIs(1));
}

TEST_P(CommandsTest, AnotherDepartmentsTicketSettlesNothing) {
  source_.Be(Mood::kLosesAnswer);
  ASSERT_THAT(commands_->Create("dinkes", New("r-1")), StatusIs(kUnknown));
  department_ = "dlh";
  v1::SourceComplaint forged = Source("9");
  forged.add_request_ids("dinkes/r-1");
  ASSERT_THAT(Put(forged), IsOk());
  EXPECT_THAT(commands_->Create("dinkes", New("r-1")), StatusIs(kUnknown));
}

TEST_P(CommandsTest, AnAnswerThatIsNoComplaintIsUnknown) {
  source_.Be(Mood::kTalksRot);
  EXPECT_THAT(commands_->Create("dinkes", New("r-1")), StatusIs(kUnknown));
  ASSERT_THAT(Put(source_.tickets()[0]), IsOk());
  EXPECT_THAT(commands_->Create("dinkes", New("r-1")), IsOk());
}

TEST_P(CommandsTest, AnEventThatIsFasterThanTheAnswerSettlesItAndIsAnswered) {
  source_.OnWrite([this] {
    v1::SourceComplaint seen = Source("new-1");
    seen.add_request_ids("dinkes/r-1");
    EXPECT_THAT(Put(seen), IsOk());
  });
  auto answer = commands_->Create("dinkes", New("r-1"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_NE(answer->etag(), "");
}

TEST_P(CommandsTest, TheSameRequestTwiceAtOnceIsWrittenOnce) {
  absl::Notification is_asked;
  absl::Notification go_on;
  source_.OnWrite([&] {
    is_asked.Notify();
    go_on.WaitForNotification();
  });
  absl::StatusOr<v1::Complaint> first = absl::UnknownError("");
  std::thread thread([&] { first = commands_->Create("dinkes", New("r-1")); });
  is_asked.WaitForNotification();
  EXPECT_THAT(commands_->Create("dinkes", New("r-1")), StatusIs(kUnknown));
  go_on.Notify();
  thread.join();
  EXPECT_THAT(first, IsOk());
  EXPECT_THAT(commands_->Create("dinkes", New("r-1")), IsOk());
  EXPECT_THAT(source_.tickets(), SizeIs(1));
}

TEST_P(CommandsTest, AComplaintGoesItsWayOnly) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  EXPECT_THAT(commands_->Update("dinkes", To(v1::Complaint::CLOSED, "r-1")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("RECEIVED"), HasSubstr("CLOSED"))));
  EXPECT_EQ(source_.writes(), 0);
  EXPECT_THAT(commands_->Update("dinkes", To(v1::Complaint::ARCHIVED, "r-1")), IsOk());
}

TEST_P(CommandsTest, RefusesWhatNoUpdateCanMean) {
  ASSERT_THAT(Put(Source("1")), IsOk());
  const auto refused = [&](auto change) {
    v1::UpdateComplaintRequest request = To(v1::Complaint::VERIFIED, "r-1");
    change(request);
    return commands_->Update("dinkes", request).status();
  };
  EXPECT_THAT(refused([](auto& r) { r.clear_request_id(); }),
              StatusIs(kInvalid, StartsWith("request_id:")));
  EXPECT_THAT(refused([](auto& r) { r.set_request_id(std::string(65, 'x')); }),
              StatusIs(kInvalid, StartsWith("request_id:")));
  EXPECT_THAT(refused([](auto& r) { r.set_request_id("a b"); }),
              StatusIs(kInvalid, StartsWith("request_id:")));
  EXPECT_THAT(refused([](auto& r) { r.mutable_complaint()->clear_etag(); }),
              StatusIs(kInvalid, StartsWith("complaint.etag:")));
  EXPECT_THAT(refused([](auto& r) { r.clear_update_mask(); }),
              StatusIs(kInvalid, StartsWith("update_mask:")));
  EXPECT_THAT(refused([](auto& r) { r.mutable_update_mask()->add_paths("title"); }),
              StatusIs(kInvalid, StartsWith("update_mask:")));
  EXPECT_THAT(refused([](auto& r) { r.mutable_update_mask()->add_paths("note"); }),
              StatusIs(kInvalid, StartsWith("complaint.note:")));
  EXPECT_THAT(refused([](auto& r) { r.mutable_complaint()->clear_state(); }),
              StatusIs(kInvalid, StartsWith("complaint.state:")));
  EXPECT_THAT(refused([](auto& r) { r.mutable_complaint()->set_name("complaints/1"); }),
              StatusIs(kInvalid, StartsWith("complaint.name:")));
  EXPECT_THAT(refused([&](auto& r) { r.mutable_complaint()->set_name(NameOf("2")); }),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(source_.writes(), 0);
}

TEST_P(CommandsTest, RefusesWhatNoNewComplaintCanBe) {
  const auto refused = [&](auto change) {
    v1::CreateComplaintRequest request = New("r-1");
    change(request, *request.mutable_complaint());
    return commands_->Create("dinkes", request).status();
  };
  EXPECT_THAT(refused([](auto& r, auto&) { r.set_parent("departments/-"); }),
              StatusIs(kInvalid, StartsWith("parent:")));
  EXPECT_THAT(refused([](auto& r, auto&) { r.set_parent("departments/dlh"); }),
              StatusIs(absl::StatusCode::kNotFound, StartsWith("parent:")));
  EXPECT_THAT(refused([](auto&, auto& c) { c.clear_title(); }),
              StatusIs(kInvalid, StartsWith("complaint.title:")));
  EXPECT_THAT(refused([](auto&, auto& c) { c.clear_classification(); }),
              StatusIs(kInvalid, StartsWith("complaint.classification:")));
  EXPECT_THAT(
      refused([](auto&, auto& c) { c.mutable_reporter()->set_nik("367201"); }),
      StatusIs(kInvalid, AllOf(StartsWith("complaint.reporter.nik:"), Not(HasSubstr("367201")))));
  EXPECT_THAT(refused([](auto&, auto& c) { c.mutable_location()->set_latitude(6); }),
              StatusIs(kInvalid, StartsWith("complaint.location:")));
  EXPECT_THAT(refused([](auto&, auto& c) { c.add_attachments()->set_uri("file:///etc/passwd"); }),
              StatusIs(kInvalid, StartsWith("complaint.attachments[0].uri:")));
  EXPECT_THAT(
      refused([](auto&, auto& c) { c.add_attachments()->set_uri("https://a:b@example.id/x"); }),
      StatusIs(kInvalid, HasSubstr("credential")));
  EXPECT_THAT(source_.tickets(), IsEmpty());
}

TEST_P(CommandsTest, ADepartmentWithTwoApplicationsDoesNotGuess) {
  source_topics_.push_back("simpul.source.dpupr.lapor.complaint");
  EXPECT_THAT(commands_->Create("dinkes", New("r-1")),
              StatusIs(absl::StatusCode::kFailedPrecondition, StartsWith("parent:")));
}

TEST_P(CommandsTest, AnswersAreKeptForSevenDays) {
  ASSERT_THAT(commands_->Create("dinkes", New("r-1")), IsOk());
  clock_.Advance(absl::Hours(24 * 7));
  ASSERT_THAT(ForgetCommands(*store_, clock_), IsOk());
  ASSERT_THAT(commands_->Create("dinkes", New("r-1")), IsOk());
  EXPECT_THAT(source_.tickets(), SizeIs(1));
  clock_.Advance(absl::Seconds(1));
  ASSERT_THAT(ForgetCommands(*store_, clock_), IsOk());
  ASSERT_THAT(commands_->Create("dinkes", New("r-1")), IsOk());
  EXPECT_THAT(source_.tickets(), SizeIs(2));
}

// Each test runs the command in a process of its own, which is killed.
class KilledCommand : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    commands_.reset();
    store_.reset();  // a SQLite store has one process
  }

  // What the process says; "killed" if it was.
  std::string Run(const std::string& fault) {
    std::vector<std::string> arguments = {
        COMMAND_CHILD, options_.url,
        options_.part, certificates_.DirectoryOf("service/complaints"),
        identity_,     server_->address(),
        "r-1"};
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    std::vector<char*> environment;
    std::string armed = "SIMPUL_FAULT=" + fault;
    for (char** variable = environ; *variable != nullptr; ++variable)
      environment.push_back(*variable);
    environment.push_back(armed.data());
    environment.push_back(nullptr);
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    pid_t child = 0;
    EXPECT_EQ(posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environment.data()), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    std::string said;
    char buffer[256];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof(buffer))) > 0;) said.append(buffer, n);
    close(ends[0]);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return "killed";
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return std::string(absl::StripAsciiWhitespace(said));
  }

  // The watcher sees the ticket.
  void SeeTicket() {
    store_ = OpenStore(options_);
    ASSERT_THAT(Put(source_.tickets()[0]), IsOk());
    store_.reset();
  }

  const std::string made_ = "departments/dpupr/complaints/new-1";
};

TEST_P(KilledCommand, BeforeItIsRecordedIsAsIfItWasNeverSent) {
  EXPECT_EQ(Run("complaints.command_before_begin"), "killed");
  EXPECT_EQ(source_.writes(), 0);
  EXPECT_EQ(Run(""), made_);
  EXPECT_EQ(source_.writes(), 1);
}

TEST_P(KilledCommand, BetweenRecordAndCallIsUnknownAndNeverSent) {
  EXPECT_EQ(Run("complaints.command_before_send"), "killed");
  EXPECT_EQ(Run(""), "UNKNOWN");
  EXPECT_EQ(source_.writes(), 0);
}

TEST_P(KilledCommand, AfterTheCallIsUnknownUntilTheTicketIsSeen) {
  EXPECT_EQ(Run("complaints.command_after_send"), "killed");
  EXPECT_EQ(Run(""), "UNKNOWN");
  SeeTicket();
  EXPECT_EQ(Run(""), made_);
  EXPECT_EQ(source_.writes(), 1);
}

TEST_P(KilledCommand, AfterItsOutcomeIsRecordedIsAnsweredFromThere) {
  EXPECT_EQ(Run("complaints.command_after_end"), "killed");
  EXPECT_EQ(Run(""), made_);
  EXPECT_EQ(Run(""), made_);
  EXPECT_EQ(source_.writes(), 1);
}

INSTANTIATE_TEST_SUITE_P(Databases, CommandsTest, BothDatabases(), DatabaseName);
INSTANTIATE_TEST_SUITE_P(Databases, KilledCommand, BothDatabases(), DatabaseName);

}  // namespace
}  // namespace simpul::complaints
