#include "adapters/engine/cases.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bus/testing/status_matchers.h"
#include "bus/testing/temporary_folder.h"

namespace simpul::engine {
namespace {

namespace fs = std::filesystem;
using simpul::testing::IsOk;
using simpul::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kRadius[] = SIMPUL_SOURCE_DIR "/adapters/diskominfo/radius";

// A copy of the radius adapter that a test may spoil.
class Cases : public ::testing::Test {
 protected:
  void SetUp() override { fs::copy(kRadius, directory_, fs::copy_options::recursive); }

  void Write(const std::string& file, const std::string& text) {
    fs::create_directories((directory_ / file).parent_path());
    std::ofstream(directory_ / file) << text;
  }

  CaseResult Run(const std::string& name) {
    auto results = RunCases(directory_.string());
    EXPECT_THAT(results, IsOk());
    for (const CaseResult& result : *results) {
      if (result.name == name) return result;
    }
    ADD_FAILURE() << "no case " << name;
    return {};
  }

  const simpul::testing::TemporaryFolder folder_;
  const fs::path directory_ = folder_.path();
};

TEST_F(Cases, OfTheRadiusAdapterPass) {
  auto results = RunCases(kRadius);
  ASSERT_THAT(results, IsOk());
  EXPECT_GE(results->size(), 6u);
  for (const CaseResult& result : *results) {
    EXPECT_TRUE(result.passed) << result.name << ": " << result.message;
  }
}

TEST_F(Cases, OfAnAdapterOverRestPass) {
  auto results = RunCases(SIMPUL_SOURCE_DIR "/adapters/dpupr/roundup");
  ASSERT_THAT(results, IsOk());
  EXPECT_GE(results->size(), 11u);
  for (const CaseResult& result : *results) {
    EXPECT_TRUE(result.passed) << result.name << ": " << result.message;
  }
}

TEST_F(Cases, SayWhatDiffers) {
  Write("testdata/hotspots/want.json", "{\"hotspots\": [{\"displayName\": \"ap-alun-alun\"}]}");
  const CaseResult result = Run("hotspots");
  EXPECT_FALSE(result.passed);
  EXPECT_THAT(result.message, HasSubstr("nas_address"));
}

TEST_F(Cases, FailWhenAnErrorIsMissing) {
  Write("testdata/open-session/want-error.yaml", "code: DATA_LOSS\n");
  EXPECT_THAT(Run("open-session").message, HasSubstr("the call succeeded"));
}

TEST_F(Cases, NameAFileThatIsNoYaml) {
  Write("testdata/hotspots/rows.yaml", "- {id: 1\n");
  EXPECT_THAT(Run("hotspots").message, HasSubstr("hotspots"));
  EXPECT_FALSE(Run("hotspots").passed);
}

TEST_F(Cases, NameAnUnknownRpc) {
  Write("testdata/hotspots/call.yaml", "rpc: FrobHotspots\n");
  EXPECT_THAT(Run("hotspots").message, HasSubstr("expected an rpc of simpul.wifi.v1"));
}

TEST_F(Cases, OfASpoiltMappingAreNotRun) {
  Write("mapping.yaml", "adapter: nonsense\n");
  EXPECT_THAT(RunCases(directory_.string()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("mapping.yaml:1")));
}

TEST_F(Cases, ThatAreMissingAreAnError) {
  fs::remove_all(directory_ / "testdata");
  EXPECT_THAT(RunCases(directory_.string()), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace simpul::engine
