#include "adapters/sources/sql/source.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "adapters/sources/sql/libpq_connection.h"
#include "adapters/sources/sql/odbc_connection.h"

namespace simpul::sources::sql {

absl::StatusOr<std::unique_ptr<Connection>> Connect(const std::string& dsn, const Limits& limits) {
  const std::string lower = absl::AsciiStrToLower(dsn);
  if (absl::StartsWith(lower, "driver=") || absl::StartsWith(lower, "dsn=") ||
      absl::StrContains(lower, ";driver=")) {
    return ConnectOdbc(dsn, limits);
  }
  return ConnectLibpq(dsn, limits);
}

Source::Lease::~Lease() {
  if (connection_ == nullptr || !connection_->usable()) return;
  absl::MutexLock lock(&permit_->source->mutex_);
  permit_->source->idle_.push_back(std::move(connection_));
}

Source::Lease::Permit::~Permit() {
  absl::MutexLock lock(&source->mutex_);
  --source->used_;
}

absl::StatusOr<Source::Lease> Source::Acquire(absl::Time deadline) {
  std::unique_ptr<Lease::Permit> permit;
  std::unique_ptr<Connection> connection;
  {
    absl::MutexLock lock(&mutex_);
    if (!mutex_.AwaitWithDeadline(absl::Condition(this, &Source::HasPermit), Bounded(deadline))) {
      return absl::ResourceExhaustedError(
          "the application's budget of connections is in use; try again later");
    }
    ++used_;
    permit = std::make_unique<Lease::Permit>(this);
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (connection == nullptr) {
    auto opened = Connect(dsn_, limits_);
    if (!opened.ok()) return opened.status();
    connection = *std::move(opened);
  }
  return Lease(std::move(permit), std::move(connection));
}

absl::Status Source::Query(const Statement& statement, const Bindings& bindings,
                           absl::Time deadline, EachBatch each) {
  bool answered = false;
  const auto watched = [&](const Batch& batch) {
    answered = true;
    return each(batch);
  };
  for (int attempt = 0;; ++attempt) {
    auto lease = Acquire(deadline);
    if (!lease.ok()) return lease.status();
    const absl::Status status = (*lease)->Query(statement, bindings, Bounded(deadline), watched);
    if (status.ok() || answered || attempt > 0 || (*lease)->usable()) return status;
  }
}

}  // namespace simpul::sources::sql
