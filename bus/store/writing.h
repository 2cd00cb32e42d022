// Finds a transaction that is begun inside another one of the same store and thread: it would wait
// for itself for ever.
#ifndef SIMPUL_BUS_STORE_WRITING_H_
#define SIMPUL_BUS_STORE_WRITING_H_

#include "absl/status/status.h"
#include "bus/store/store.h"

namespace simpul::store {

// While it lives, this thread is in a Transact of `store`.
class Writing {
 public:
  explicit Writing(const Store* store) : outer_(innermost_), store_(store), nested_(Holds(store)) {
    innermost_ = this;
  }
  ~Writing() { innermost_ = outer_; }
  Writing(const Writing&) = delete;

  absl::Status status() const {
    if (!nested_) return absl::OkStatus();
    return absl::FailedPreconditionError(
        "a transaction was begun inside another one of the same store; use the one that is open");
  }

 private:
  static bool Holds(const Store* store) {
    for (const Writing* w = innermost_; w != nullptr; w = w->outer_) {
      if (w->store_ == store) return true;
    }
    return false;
  }

  static inline thread_local const Writing* innermost_ = nullptr;

  const Writing* const outer_;
  const Store* const store_;
  const bool nested_;
};

}  // namespace simpul::store

#endif  // SIMPUL_BUS_STORE_WRITING_H_
