// A watch of a real RADIUS database, turned by hand.
#ifndef SIMPUL_ADAPTERS_ENGINE_TESTING_WATCH_FIXTURE_H_
#define SIMPUL_ADAPTERS_ENGINE_TESTING_WATCH_FIXTURE_H_

#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "adapters/engine/testing/radius_database.h"
#include "adapters/engine/watch.h"
#include "bus/testing/status_matchers.h"

namespace simpul::engine {

using testing::Follower;
using testing::RadiusDatabase;
using testing::TestMapping;
using testing::TestStore;
using testing::Way;

class WatchFixture : public ::testing::TestWithParam<Way> {
 protected:
  WatchFixture() { Restart(); }

  void Restart(const std::string& message = "SourceSession") { Restart(mapping_, message); }
  void Restart(const TestMapping& mapping, const std::string& message = "SourceSession") {
    watch_ = std::make_unique<Watch>(WatchOptions{.mapping = &*mapping,
                                                  .plan = &mapping.Plan(message),
                                                  .source = &source_,
                                                  .store = store_.get(),
                                                  .revisions = &revisions_,
                                                  .clock = &clock_,
                                                  .digest_secret = std::string(32, 'd'),
                                                  .dataschema = "urn:test"});
  }

  void Insert(const std::string& unique_id, const std::string& stop = "NULL",
              const std::string& start = "now()") {
    database_.Run(absl::StrFormat(
        "INSERT INTO radacct (acctsessionid, acctuniqueid, username, nasipaddress, acctstarttime,"
        " acctstoptime, acctsessiontime, acctinputoctets, acctoutputoctets)"
        " VALUES ('s', '%s', 'warga', '10.0.0.1', %s, %s, 0, 0, 0)",
        unique_id, start, stop));
  }

  void Poll() {
    clock_.Advance(absl::Seconds(2));
    do {
      ASSERT_THAT(watch_->Poll(), simpul::testing::IsOk());
    } while (watch_->has_backlog());
    follower_.Follow(*store_);
  }
  void Reconcile() {
    for (bool is_over = false; !is_over;) {
      auto done = watch_->Reconcile();
      ASSERT_THAT(done, simpul::testing::IsOk());
      is_over = *done;
    }
    follower_.Follow(*store_);
  }
  // Sorted.
  std::string UniqueIds() const {
    std::set<std::string> ids;
    for (const auto& [key, session] : follower_.sessions()) ids.insert(session.unique_id());
    return absl::StrJoin(ids, " ");
  }
  std::string Key(int number, const std::string& unique_id) const {
    return GetParam().has_text_keys ? unique_id : std::to_string(number);
  }

  RadiusDatabase database_;
  TestMapping mapping_{{}, GetParam().has_text_keys};
  sources::sql::Source source_{database_.dsn(GetParam().is_odbc), mapping_->limits};
  TestStore store_{GetParam().store};
  FakeClock clock_{absl::Now()};
  kafka::RevisionClock revisions_{clock_};
  std::unique_ptr<Watch> watch_;
  Follower follower_;
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_TESTING_WATCH_FIXTURE_H_
