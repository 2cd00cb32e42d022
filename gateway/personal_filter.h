// Answers of a gRPC method that may hold personal data: taken message by message, and passed on
// without it.
#ifndef SIMPUL_GATEWAY_PERSONAL_FILTER_H_
#define SIMPUL_GATEWAY_PERSONAL_FILTER_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "gateway/buffer.h"
#include "gateway/transcode/buffer.h"
#include "gateway/transcode/plan.h"

namespace simpul::gateway {

class Worker;

// Of one call, for as long as its part answers. Holds a message until it is complete, accounted for
// as a REST body is. One thread.
class PersonalFilter {
 public:
  // `plan`: of the answer's messages; outlives this.
  PersonalFilter(Worker* worker, const transcode::MessagePlan& plan)
      : worker_(worker), plan_(plan) {}
  ~PersonalFilter();
  PersonalFilter(const PersonalFilter&) = delete;

  // Takes what the part sent and adds the messages that are complete to `out`. After an error
  // nothing more may be taken.
  // INTERNAL: a compressed message, which nobody was asked for, or none of this type.
  // RESOURCE_EXHAUSTED: larger than Limits::response_body. UNAVAILABLE: the worker holds too many.
  absl::Status Take(std::string_view bytes, SliceQueue& out);
  // Whether no message is half in.
  bool between_messages() const { return partial_.empty(); }

  size_t owed = 0;  // bytes taken that the part was not yet credited for

 private:
  absl::Status Keep(std::string_view bytes);
  void Forget();
  absl::Status Strip(std::string_view message, SliceQueue& out);

  Worker* const worker_;
  const transcode::MessagePlan& plan_;
  transcode::Buffer partial_;  // of one message, with its prefix
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_PERSONAL_FILTER_H_
