// Rows that a watch looks up by key: what other answers left open is settled here.
#include "adapters/engine/page.h"
#include "adapters/engine/watch.h"
#include "adapters/engine/watch_columns.h"

namespace simpul::engine {

using sources::Batch;
using sources::Bindings;
using sources::Value;

// Reads the rows in `lookups_` whole. `missing_` are those that are known and not there.
absl::Status Watch::LookUp(sources::Connection& connection) {
  missing_.clear();
  while (!lookups_.empty()) {
    if (auto s = LookUpSome(connection); !s.ok()) return s;
    if (auto s = CommitIfMany(); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status Watch::LookUpSome(sources::Connection& connection) {
  std::vector<Value> keys;
  asked_.clear();
  found_.clear();
  while (!lookups_.empty() && keys.size() < sources::Bindings::kMaxKeys) {
    auto first = lookups_.extract(lookups_.begin());
    keys.push_back(plan_.key_is_text ? Value(first.mapped().text) : Value(first.key()));
    asked_.insert(std::move(first));
  }
  const Bindings bindings{.values = {}, .keys = keys.data(), .key_count = keys.size()};
  auto status = Ask(connection, watch_.keys, bindings,
                    [&](const Batch& batch) { return TakeBatch(batch, Origin::kKeys); });
  if (!status.ok()) return status;
  for (auto& [id, found] : found_) {
    SetOpen(id, found.seen.is_open);
    found.seen.is_twice = twice_.count(id) > 0;
    if (found.seen.is_twice) {
      Park(found.seen, {"name", kTwice});
    } else if (!found.fits) {
      Park(found.seen, found.misfit);
    } else {
      Take(found.seen, found.wire, Origin::kKeys);
    }
  }
  for (const auto& [id, lookup] : asked_) {
    if (state_.Find(id) != nullptr) missing_.push_back(id);
  }
  asked_.clear();
  return absl::OkStatus();
}

}  // namespace simpul::engine
