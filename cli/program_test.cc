#include "cli/program.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "bus/observe/admin_server.h"
#include "gmock/gmock.h"

namespace simpul::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::internal::CaptureStderr;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStderr;
using ::testing::internal::GetCapturedStdout;

struct Outcome {
  int exit_code;
  std::string out;
  std::string err;
};

Outcome Simpul(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "simpul");
  CaptureStdout();
  CaptureStderr();
  const int code = RunProgram(static_cast<int>(arguments.size()), arguments.data());
  fflush(stdout);
  std::string out = GetCapturedStdout();
  return {code, std::move(out), GetCapturedStderr()};
}

// Every command below `app`, with the words that lead to it.
void ForEachCommand(CLI::App* app, const std::string& path,
                    const std::function<void(CLI::App*, const std::string&)>& visit) {
  for (CLI::App* command : app->get_subcommands([](CLI::App*) { return true; })) {
    const std::string words = path + " " + command->get_name();
    visit(command, words);
    ForEachCommand(command, words, visit);
  }
}

TEST(Help, OfEachCommandHasADescriptionAndAnExample) {
  Invocation invocation;
  const auto app = MakeProgram(invocation);
  int commands = 0;
  ForEachCommand(app.get(), "simpul", [&](CLI::App* command, const std::string& words) {
    ++commands;
    EXPECT_THAT(command->help(), HasSubstr("Example:\n  " + words)) << words;
    EXPECT_FALSE(command->get_description().empty()) << words;
  });
  EXPECT_GE(commands, 3);
}

TEST(Help, OfEachOptionSaysWhatItIs) {
  Invocation invocation;
  const auto app = MakeProgram(invocation);
  ForEachCommand(app.get(), "simpul", [&](CLI::App* command, const std::string& words) {
    for (const CLI::Option* option : command->get_options()) {
      EXPECT_FALSE(option->get_description().empty()) << words << " " << option->get_name();
    }
  });
}

TEST(ExitCode, IsZeroForHelpAndWhatWasDone) {
  EXPECT_EQ(Simpul({"--help"}).exit_code, 0);
  EXPECT_EQ(Simpul({"certs", "--help"}).exit_code, 0);
  const Outcome version = Simpul({"version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, ::testing::StartsWith("simpul "));
}

TEST(ExitCode, IsTwoForWrongUsageAndSaysWhatInOneLine) {
  for (const std::vector<const char*>& arguments : {std::vector<const char*>{},
                                                    {"nonsense"},
                                                    {"certs", "--nonsense"},
                                                    {"version", "--output", "xml"},
                                                    {"certs", "--data"}}) {
    const Outcome outcome = Simpul(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, ::testing::StartsWith("simpul: "));
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(ExitCode, OfAnUnknownCommandComesWithItsName) {
  EXPECT_THAT(Simpul({"nonsense"}).err, HasSubstr("nonsense is no command of simpul"));
  EXPECT_THAT(Simpul({"certs", "--nonsense"}).err, HasSubstr("see simpul certs --help"));
}

TEST(ExitCode, TellsWrongInputFromFailure) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("")), 2);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), 1);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), 1);
}

TEST(Output, IsJsonWhenAskedBeforeOrAfterTheCommand) {
  EXPECT_THAT(Simpul({"version", "--output", "json"}).out, HasSubstr("{\"version\":"));
  EXPECT_THAT(Simpul({"--output", "json", "version"}).out, HasSubstr("{\"version\":"));
}

TEST(Output, HasNoColourOffATerminal) {
  EXPECT_EQ(Simpul({"nonsense"}).err.find('\033'), std::string::npos);
}

TEST(Certs, TakesIdentitiesAfterAFolderOfAdapters) {
  const std::string data = ::testing::TempDir() + "/certs-after-adapters";
  const Outcome outcome = Simpul({"certs", "--data", data.c_str(), "--adapters", "/nowhere",
                                  "adapter/dpupr", "agency/police"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::exists(data + "/certs/adapter/dpupr/tls.crt"));
  EXPECT_TRUE(std::filesystem::exists(data + "/certs/agency/police/tls.crt"));
}

TEST(Certs, ThatCannotBeWrittenFail) {
  const Outcome outcome = Simpul({"certs", "--data", "/proc/nowhere"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("/proc/nowhere"));
}

TEST(Up, NamesAPortThatIsInUseBeforeItTouchesAnything) {
  auto server = observe::AdminServer::Start("127.0.0.1:0");
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string address = (*server)->address();
  const std::string data = ::testing::TempDir() + "/up-port-in-use";
  for (const char* flag : {"--listen", "--tls", "--admin"}) {
    std::vector<const char*> arguments = {"up", "--kafka", "127.0.0.1:1", "--data", data.c_str()};
    for (const char* other : {"--listen", "--tls", "--admin"}) {
      arguments.push_back(other);
      arguments.push_back(std::string_view(other) == flag ? address.c_str() : "127.0.0.1:0");
    }
    const Outcome outcome = Simpul(arguments);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(address + " is in use"), HasSubstr(flag)));
    EXPECT_FALSE(std::filesystem::exists(data));
  }
}

TEST(Tools, SayWhatToDoWhenNothingRuns) {
  const std::string data = ::testing::TempDir() + "/nothing-runs";
  ASSERT_EQ(Simpul({"certs", "--data", data.c_str()}).exit_code, 0);
  const Outcome parts = Simpul({"parts", "--data", data.c_str()});
  EXPECT_EQ(parts.exit_code, 2);
  EXPECT_THAT(parts.err, HasSubstr("simpul up"));
  const Outcome keys =
      Simpul({"key", "list", "--data", data.c_str(), "--catalogue", "127.0.0.1:1"});
  EXPECT_EQ(keys.exit_code, 1);
  EXPECT_THAT(keys.err, HasSubstr("no catalogue answers on 127.0.0.1:1"));
  std::ofstream(data + "/api-key") << "smp_a_b\n";
  for (const char* method : {"", "simpul.wifi.v1.HotspotService/ListHotspots"}) {
    const Outcome call =
        Simpul({"call", "--data", data.c_str(), "--address", "127.0.0.1:1", method});
    EXPECT_EQ(call.exit_code, 1);
    EXPECT_THAT(call.err, AllOf(HasSubstr("no gateway answers on 127.0.0.1:1"),
                                HasSubstr("make run"), Not(HasSubstr("errno"))));
  }
  std::filesystem::remove_all(data);
}

TEST(Parts, HaveALogOption) {
  for (const char* part : {"wifi", "engine", "gateway"}) {
    EXPECT_THAT(Simpul({part, "--help"}).out, HasSubstr("--log")) << part;
  }
  EXPECT_THAT(Simpul({"catalogue", "serve", "--help"}).out, HasSubstr("--log"));
  EXPECT_THAT(Simpul({"wifi", "--log", "loud"}).err, HasSubstr("loud"));
}

TEST(Adapter, CheckSaysInJsonThatAMappingIsRight) {
  const std::string directory = SIMPUL_SOURCE "/adapters/diskominfo/radius";
  const Outcome outcome = Simpul({"--output", "json", "adapter", "check", directory.c_str()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("\"mapping\":\"" + directory + "\""), HasSubstr("\"right\":true")));
}

TEST(Adapter, CheckFindsASpoiltMapping) {
  const std::string directory = ::testing::TempDir() + "/spoilt";
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/mapping.yaml") << "adapter: diskominfo/radius\nimplement: nothing\n";
  const Outcome outcome = Simpul({"adapter", "check", directory.c_str()});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.out, HasSubstr("mapping.yaml:2"));
  EXPECT_EQ(Simpul({"adapter", "check", "/nowhere"}).exit_code, 2);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace simpul::cli
