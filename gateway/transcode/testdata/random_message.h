// Random messages for differential tests.
#ifndef SIMPUL_GATEWAY_TRANSCODE_TESTDATA_RANDOM_MESSAGE_H_
#define SIMPUL_GATEWAY_TRANSCODE_TESTDATA_RANDOM_MESSAGE_H_

#include <cstdint>
#include <random>
#include <string>

#include "google/protobuf/message.h"

namespace simpul::transcode {

// Fills generated messages with values that JSON can carry, with a liking for the extreme ones.
class RandomMessage {
 public:
  explicit RandomMessage(uint64_t seed) : random_(seed), sign_(seed % 2 == 0 ? 1 : -1) {}

  void Fill(google::protobuf::Message& message, int depth = 0);
  uint64_t Below(uint64_t limit) { return random_() % limit; }

 private:
  void Set(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
           int depth);
  bool FillWellKnown(google::protobuf::Message& message, int depth);
  uint64_t Bits();
  double Double();
  float Float();
  std::string Text();
  std::string Bytes();

  std::mt19937_64 random_;
  int sign_;  // Of all durations, so that parts of two still make one.
};

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_TESTDATA_RANDOM_MESSAGE_H_
