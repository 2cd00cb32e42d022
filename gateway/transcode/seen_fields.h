// Which fields and oneofs of one message have come already.
#ifndef SIMPUL_GATEWAY_TRANSCODE_SEEN_FIELDS_H_
#define SIMPUL_GATEWAY_TRANSCODE_SEEN_FIELDS_H_

#include <cstdint>
#include <vector>

#include "gateway/transcode/plan.h"

namespace simpul::transcode {

// One bit for each, in a word while there are no more than 64.
class SeenFields {
 public:
  // Marks the field; whether it was marked before.
  bool Twice(const FieldPlan& field) { return fields_.Mark(field.index); }
  // Marks the field's oneof, if it is in one; whether that was marked before.
  bool OneofTwice(const FieldPlan& field) {
    return field.oneof != FieldPlan::kNoOneof && oneofs_.Mark(field.oneof);
  }

 private:
  class Bits {
   public:
    bool Mark(uint32_t index) {
      if (index >= 64) return MarkMore(index - 64);
      uint64_t bit = uint64_t{1} << index;
      bool before = (word_ & bit) != 0;
      word_ |= bit;
      return before;
    }

   private:
    [[gnu::noinline]] bool MarkMore(uint32_t index) {
      if (more_.size() <= index) more_.resize(index + 1);
      bool before = more_[index];
      more_[index] = true;
      return before;
    }

    uint64_t word_ = 0;
    std::vector<bool> more_;
  };

  Bits fields_;
  Bits oneofs_;
};

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_SEEN_FIELDS_H_
