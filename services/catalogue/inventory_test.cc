#include "services/catalogue/inventory.h"

#include <memory>
#include <string>
#include <vector>

#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/catalogue/migrations.h"

namespace simpul::catalogue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using Outcome = v1::ImportOutcome;

v1::Application Named(const std::string& name, const std::string& display_name = "Simpeg") {
  v1::Application application;
  application.set_name("departments/" + name);
  application.set_display_name(display_name);
  application.set_status(v1::Application::ACTIVE);
  return application;
}

class InventoryTest : public ::testing::TestWithParam<store::Database> {
 protected:
  void SetUp() override {
    auto store = store::Store::Open(store::FreshStore(GetParam()));
    ASSERT_THAT(store, IsOk()) << store::kNoPostgres;
    store_ = *std::move(store);
    ASSERT_THAT(store::Migrate(*store_, "catalogue", Migrations()), IsOk());
    inventory_ = std::make_unique<Inventory>(*store_, clock_, rpc::TokenKey(std::string(32, 'k')));
  }

  std::vector<Outcome> Import(const std::vector<v1::Application>& applications,
                              bool validate_only = false) {
    std::vector<const v1::Application*> pointers;
    for (const auto& application : applications) pointers.push_back(&application);
    auto outcomes = inventory_->Import(pointers, validate_only);
    EXPECT_THAT(outcomes, IsOk());
    return outcomes.ok() ? *outcomes : std::vector<Outcome>();
  }

  std::vector<Outcome::Result> ResultsOf(const std::vector<v1::Application>& applications,
                                         bool validate_only = false) {
    std::vector<Outcome::Result> results;
    for (const Outcome& outcome : Import(applications, validate_only)) {
      results.push_back(outcome.result());
    }
    return results;
  }

  std::vector<std::string> NamesOf(const v1::ListApplicationsRequest& request) {
    auto response = inventory_->List(request);
    EXPECT_THAT(response, IsOk());
    std::vector<std::string> names;
    if (!response.ok()) return names;
    for (const auto& application : response->applications()) names.push_back(application.name());
    token_ = response->next_page_token();
    return names;
  }

  absl::StatusOr<v1::Application> Get(const std::string& name) {
    v1::GetApplicationRequest request;
    request.set_name("departments/" + name);
    return inventory_->Get(request);
  }

  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Inventory> inventory_;
  std::string token_;
};

INSTANTIATE_TEST_SUITE_P(, InventoryTest,
                         ::testing::Values(store::Database::kSqlite, store::Database::kPostgres),
                         [](const auto& info) { return store::NameOf(info.param); });

TEST_P(InventoryTest, TheSameImportTwiceChangesNothing) {
  const std::vector<v1::Application> both = {Named("dpupr/applications/DAA-1"),
                                             Named("dpupr/applications/DAA-2")};
  EXPECT_THAT(ResultsOf(both), ElementsAre(Outcome::CREATED, Outcome::CREATED));
  const auto before = Get("dpupr/applications/DAA-1");
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(ResultsOf(both), ElementsAre(Outcome::UNCHANGED, Outcome::UNCHANGED));
  const auto after = Get("dpupr/applications/DAA-1");
  ASSERT_THAT(before, IsOk());
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(before->SerializeAsString(), after->SerializeAsString());
  EXPECT_EQ(before->update_time().seconds(), 1'800'000'000);
}

TEST_P(InventoryTest, AChangeNamesItsFieldsAndAnEmptyCellEmptiesTheField) {
  v1::Application application = Named("dpupr/applications/DAA-1");
  application.set_server("Pusat data");
  application.set_electronic_signature(false);
  Import({application});
  clock_.Advance(absl::Hours(1));
  application.clear_server();
  application.clear_electronic_signature();
  application.set_build_year(2019);
  const auto outcomes = Import({application});
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].result(), Outcome::CHANGED);
  EXPECT_THAT(outcomes[0].fields(), ElementsAre("server", "electronic_signature", "build_year"));
  const auto now = Get("dpupr/applications/DAA-1");
  ASSERT_THAT(now, IsOk());
  EXPECT_EQ(now->server(), "");
  EXPECT_FALSE(now->has_electronic_signature());
  EXPECT_EQ(now->update_time().seconds(), 1'800'003'600);
}

TEST_P(InventoryTest, WhatIsRefusedBlocksNoOtherAndSaysItsField) {
  v1::Application old = Named("dpupr/applications/DAA-3");
  old.set_build_year(19);
  v1::Application odd = Named("dpupr/applications/DAA-4");
  odd.set_adapter("Radius DB");
  v1::Application strange = Named("dpupr/applications/DAA-5");
  strange.set_status(static_cast<v1::Application::Status>(9));
  v1::Application lengthy = Named("dpupr/applications/DAA-6");
  lengthy.set_output(std::string(4001, 'x'));
  const auto outcomes =
      Import({Named("dpupr/applications/two words"), Named("DPUPR/applications/DAA-1"),
              Named("dpupr/applications/DAA-2", ""), old, odd, strange, lengthy,
              Named("dpupr/applications/DAA-7"), Named("dpupr/applications/DAA-7")});
  ASSERT_EQ(outcomes.size(), 9u);
  const char* fields[] = {"name",    "name",   "display_name", "build_year",
                          "adapter", "status", "output"};
  for (size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(outcomes[i].result(), Outcome::REFUSED) << i;
    EXPECT_THAT(outcomes[i].fields(), ElementsAre(fields[i]));
    EXPECT_FALSE(outcomes[i].reason().empty());
  }
  EXPECT_EQ(outcomes[7].result(), Outcome::CREATED);
  EXPECT_THAT(outcomes[8].reason(), HasSubstr("same name"));
  EXPECT_THAT(NamesOf({}), ElementsAre("departments/dpupr/applications/DAA-7"));
}

TEST_P(InventoryTest, ValidatingSaysWhatWouldBeAndWritesNothing) {
  EXPECT_THAT(ResultsOf({Named("dpupr/applications/DAA-1")}, true), ElementsAre(Outcome::CREATED));
  EXPECT_THAT(NamesOf({}), IsEmpty());
}

TEST_P(InventoryTest, ListsByPageDepartmentAndStatus) {
  v1::Application retired = Named("dpupr/applications/DAA-2");
  retired.set_status(v1::Application::RETIRED);
  Import({Named("dpupr/applications/DAA-1"), retired, Named("diskominfo/applications/DAA-9")});
  v1::ListApplicationsRequest request;
  request.set_page_size(2);
  EXPECT_THAT(NamesOf(request), ElementsAre("departments/diskominfo/applications/DAA-9",
                                            "departments/dpupr/applications/DAA-1"));
  request.set_page_token(token_);
  EXPECT_THAT(NamesOf(request), ElementsAre("departments/dpupr/applications/DAA-2"));
  EXPECT_EQ(token_, "");
  request.set_status(v1::Application::RETIRED);
  EXPECT_THAT(inventory_->List(request), StatusIs(absl::StatusCode::kInvalidArgument));
  request.clear_page_token();
  EXPECT_THAT(NamesOf(request), ElementsAre("departments/dpupr/applications/DAA-2"));
  v1::ListApplicationsRequest of_department;
  of_department.set_parent("departments/diskominfo");
  EXPECT_THAT(NamesOf(of_department), ElementsAre("departments/diskominfo/applications/DAA-9"));
  of_department.set_parent("dpupr");
  EXPECT_THAT(inventory_->List(of_department), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(InventoryTest, AMissingNameIsNotFound) {
  EXPECT_THAT(Get("dpupr/applications/DAA-1"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(AuthorityOf, IsTheAdapterThatTheInventoryNamesOrTheId) {
  v1::Application application = Named("dpupr/applications/DAA-1");
  EXPECT_EQ(AuthorityOf(application), "daa-1.dpupr");
  application.set_adapter("roundup");
  EXPECT_EQ(AuthorityOf(application), "roundup.dpupr");
}

}  // namespace
}  // namespace simpul::catalogue
