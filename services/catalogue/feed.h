// What watchers of the catalogue are sent: a numbered snapshot, then deltas.
#ifndef SIMPUL_SERVICES_CATALOGUE_FEED_H_
#define SIMPUL_SERVICES_CATALOGUE_FEED_H_

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"

namespace simpul::catalogue {

// Keeps the items as they are and the last changes, nothing per watcher: a watcher that is slower
// than the changes kept gets a new snapshot. Answers are numbered per stream. `Kind` says what is
// watched:
//   Item, Response;  static void Put(Response&, const Item&);  static void Remove(Response&, const
//   string&).
// Outlives the server whose calls it answers. Thread-safe.
template <class Kind>
class Feed {
 public:
  using Item = typename Kind::Item;
  using Response = typename Kind::Response;

  // `base` is what every answer has, beside version, snapshot and items.
  explicit Feed(Response base = {}) : base_(std::move(base)) {}

  // Ends all streams and waits until they are gone.
  ~Feed() {
    Close();
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](std::set<Watcher*>* watchers) { return watchers->empty(); }, &watchers_));
  }

  // Applies a change and sends it on. Items replace those of the same name.
  void Publish(const std::map<std::string, Item>& put, const std::vector<std::string>& removed) {
    Response delta = base_;
    for (const auto& [name, item] : put) Kind::Put(delta, item);
    for (const std::string& name : removed) Kind::Remove(delta, name);
    absl::MutexLock lock(&mutex_);
    for (const auto& [name, item] : put) items_.insert_or_assign(name, item);
    for (const std::string& name : removed) items_.erase(name);
    ++changes_;
    deltas_.push_back(std::move(delta));
    if (deltas_.size() > kKeptDeltas) deltas_.pop_front();
    for (Watcher* watcher : watchers_) watcher->Advance();
  }

  // The reactor of a new stream.
  grpc::ServerWriteReactor<Response>* Watch() {
    absl::MutexLock lock(&mutex_);
    auto* watcher = new Watcher(*this);
    watchers_.insert(watcher);
    watcher->Advance();
    return watcher;
  }

  // Ends all streams with UNAVAILABLE, now and from now on.
  void Close() {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    for (Watcher* watcher : watchers_) watcher->Advance();
  }

  // How many items there are now.
  size_t size() const {
    absl::MutexLock lock(&mutex_);
    return items_.size();
  }

  static constexpr size_t kKeptDeltas = 64;

 private:
  // One stream; all of its state is guarded by the feed's mutex. gRPC never calls back from within
  // StartWrite and Finish, so they may be called under it.
  class Watcher : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Watcher(Feed& feed) : feed_(feed) {}

    // Writes the next answer or ends the stream, unless it is busy or there is nothing to say.
    void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(feed_.mutex_) {
      if (is_writing_ || is_finished_) return;
      if (is_cancelled_ || feed_.closed_) {
        is_finished_ = true;
        this->Finish(is_cancelled_ ? grpc::Status::CANCELLED
                                   : grpc::Status(grpc::StatusCode::UNAVAILABLE,
                                                  "the catalogue is stopping; watch again"));
        return;
      }
      if (version_ > 0 && seen_ == feed_.changes_) return;
      const int64_t behind = feed_.changes_ - seen_;
      if (version_ > 0 && behind <= static_cast<int64_t>(feed_.deltas_.size())) {
        answer_ = feed_.deltas_[feed_.deltas_.size() - static_cast<size_t>(behind)];
        ++seen_;
      } else {
        answer_ = feed_.Snapshot();
        seen_ = feed_.changes_;
      }
      answer_.set_version(++version_);
      is_writing_ = true;
      this->StartWrite(&answer_);
    }

    void OnWriteDone(bool ok) override {
      absl::MutexLock lock(&feed_.mutex_);
      is_writing_ = false;
      if (!ok) is_cancelled_ = true;
      Advance();
    }

    void OnCancel() override {
      absl::MutexLock lock(&feed_.mutex_);
      is_cancelled_ = true;
      Advance();
    }

    void OnDone() override {
      {
        absl::MutexLock lock(&feed_.mutex_);
        feed_.watchers_.erase(this);
      }
      delete this;
    }

   private:
    Feed& feed_;
    Response answer_;      // what is being written
    int64_t version_ = 0;  // of the last answer
    int64_t seen_ = 0;     // changes that the answers so far cover
    bool is_writing_ = false;
    bool is_cancelled_ = false;
    bool is_finished_ = false;
  };

  Response Snapshot() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Response snapshot = base_;
    snapshot.set_snapshot(true);
    for (const auto& [name, item] : items_) Kind::Put(snapshot, item);
    return snapshot;
  }

  const Response base_;
  mutable absl::Mutex mutex_;
  int64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, Item> items_ ABSL_GUARDED_BY(mutex_);
  std::deque<Response> deltas_ ABSL_GUARDED_BY(mutex_);  // the last changes
  std::set<Watcher*> watchers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_FEED_H_
