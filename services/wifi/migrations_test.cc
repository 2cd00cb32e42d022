#include "services/wifi/migrations.h"

#include "bus/store/test_store.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "services/domain/sources.h"

namespace simpul::wifi {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;

class MigrationsTest : public ::testing::TestWithParam<store::Database> {};

TEST_P(MigrationsTest, AStoreOfTheFirstVersionKeepsItsSourceTopics) {
  const store::StoreOptions options = store::FreshStore(GetParam());
  ASSERT_NE(options.url, "") << store::kNoPostgres;
  auto store = store::Store::Open(options);
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT(store::Migrate(**store, "wifi", Migrations().first(1)), IsOk());
  ASSERT_THAT((*store)->Transact([](store::Transaction& transaction) {
    return transaction
        .Execute("INSERT INTO wifi_source_topic (topic) VALUES ($1)",
                 {"simpul.source.diskominfo.radius.session"})
        .status();
  }),
              IsOk());
  ASSERT_THAT(store::Migrate(**store, "sources", domain::SourceMigrations()), IsOk());
  ASSERT_THAT(store::Migrate(**store, "wifi", Migrations()), IsOk());
  domain::Sources sources(**store, {});
  ASSERT_THAT(sources.Load(), IsOk());
  EXPECT_THAT(sources.topics(), ElementsAre("simpul.source.diskominfo.radius.session"));
}

INSTANTIATE_TEST_SUITE_P(Databases, MigrationsTest,
                         ::testing::Values(store::Database::kSqlite, store::Database::kPostgres),
                         [](const auto& info) { return store::NameOf(info.param); });

}  // namespace
}  // namespace simpul::wifi
