#include "bus/config/secret.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::config {
namespace {

using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;

class Secret : public ::testing::Test {
 protected:
  Secret() {
    std::string root = (std::filesystem::temp_directory_path() / "secret-XXXXXX").string();
    root_ = mkdtemp(root.data());
    path_ = root_ + "/pepper";
  }
  ~Secret() override { std::filesystem::remove_all(root_); }

  void Write(std::string_view bytes, mode_t mode) {
    std::ofstream(path_) << bytes;
    chmod(path_.c_str(), mode);
  }

  std::string root_;
  std::string path_;
};

TEST_F(Secret, IsMadeOnceAndStaysTheSame) {
  const auto made = LoadOrMakeSecret(path_);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->size(), 32u);
  EXPECT_EQ(*LoadOrMakeSecret(path_), *made);
  EXPECT_NE(*LoadOrMakeSecret(root_ + "/other"), *made);
}

TEST_F(Secret, IsReadableByItsOwnerOnlyAndLeavesNothingBeside) {
  ASSERT_TRUE(LoadOrMakeSecret(path_).ok());
  struct stat about;
  ASSERT_EQ(stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root_), {}), 1);
}

TEST_F(Secret, IsTheSameForAllWhoMakeItAtOnce) {
  std::vector<std::string> secrets(8);
  std::vector<std::thread> threads;
  for (std::string& secret : secrets) {
    threads.emplace_back([&] { secret = LoadOrMakeSecret(path_).value_or("failed"); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set(secrets.begin(), secrets.end()).size(), 1u);
  EXPECT_EQ(secrets[0].size(), 32u);
}

TEST_F(Secret, OfAnotherSizeIsRefusedWithoutBeingShown) {
  for (const std::string& bytes : {std::string(), std::string(31, 'x'), std::string(33, 'x')}) {
    Write(bytes, 0600);
    const auto secret = LoadOrMakeSecret(path_);
    EXPECT_THAT(secret, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path_)));
    EXPECT_THAT(std::string(secret.status().message()), ::testing::Not(HasSubstr("xxx")));
  }
}

TEST_F(Secret, ThatOthersMayReadIsRefused) {
  Write(std::string(32, 'x'), 0644);
  EXPECT_THAT(LoadOrMakeSecret(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("chmod 600")));
}

TEST_F(Secret, InAMissingDirectoryIsNotFound) {
  EXPECT_THAT(LoadOrMakeSecret(root_ + "/nowhere/pepper"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nowhere/pepper")));
}

}  // namespace
}  // namespace simpul::config
