// One subscriber's stream.
#ifndef SIMPUL_SERVICES_EVENTS_STREAM_H_
#define SIMPUL_SERVICES_EVENTS_STREAM_H_

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "bus/testing/clock.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "services/events/catch_up.h"
#include "services/events/position.h"
#include "services/events/tail.h"

namespace simpul::events {

// What all streams share. Outlives them.
struct Feed {
  Tail& tail;
  CatchUp& catch_up;
  const ResumeTokens& tokens;
  Clock& clock;
  absl::Duration token_interval;
};

// Where and with what a stream begins.
struct Beginning {
  std::vector<std::string> types;  // sorted
  std::string prefix;
  std::string scope;    // of its tokens
  std::string too_old;  // the text of OUT_OF_RANGE
  Position position;
  Position high;  // the end of the topics when it began
};

// Writes one answer at a time: the next record is taken when gRPC has taken the last, so a slow
// client falls behind and holds no memory but the records of one turn. Owns itself until gRPC is
// done with it. Thread-safe.
class Stream final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                     public Follower,
                     public Lagging,
                     public std::enable_shared_from_this<Stream> {
 public:
  // `gone` is called once, when the stream is over.
  static std::shared_ptr<Stream> Make(const Feed& feed, std::function<void(Stream&)> gone);

  // The first answer is a token at once. An error ends the stream.
  void Begin(absl::StatusOr<Beginning> beginning);
  // Ends it after the write in hand.
  void End(const absl::Status& status);
  // Sends a token if the last one is old and offsets have moved. Says when to come again.
  absl::Time Tick();

  void Wake() override { Pump(); }

  Cursor& cursor() override { return cursor_; }
  bool finished() const override;
  void EndTurn(std::vector<SharedRecord> records, absl::Status status) override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  Stream(const Feed& feed, std::function<void(Stream&)> gone)
      : feed_(feed), gone_(std::move(gone)) {}

  enum class Next { kNothing, kWrite, kTurn };

  void Pump();
  Next Choose() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TokenIsDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Prepare(const EncodedRecord* record, const Position& after)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Feed feed_;
  const std::function<void(Stream&)> gone_;
  std::shared_ptr<Stream> self_;  // until OnDone
  Cursor cursor_;                 // set by Begin; then of the Tail, or of CatchUp while in_turn_

  mutable absl::Mutex mutex_;
  std::string scope_ ABSL_GUARDED_BY(mutex_);
  std::string too_old_ ABSL_GUARDED_BY(mutex_);
  bool began_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool in_turn_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  std::deque<SharedRecord> caught_up_ ABSL_GUARDED_BY(mutex_);  // of the last turn, not yet sent
  Position sent_ ABSL_GUARDED_BY(mutex_);                       // while they are being sent
  std::string sealed_ ABSL_GUARDED_BY(mutex_);                  // the position in the last token
  absl::Time sealed_at_ ABSL_GUARDED_BY(mutex_);
  grpc::ByteBuffer response_;  // while writing_
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_STREAM_H_
