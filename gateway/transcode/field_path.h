// The way to what is wrong, in the contract's words.
#ifndef SIMPUL_GATEWAY_TRANSCODE_FIELD_PATH_H_
#define SIMPUL_GATEWAY_TRANSCODE_FIELD_PATH_H_

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/transcode/plan.h"

namespace simpul::transcode {

// Collected from the inside out while calls unwind after an error: "session.marks[2]". In a map it
// is the position that counts: the key is data, and an error repeats none.
class FieldPath {
 public:
  // Both return false, to be returned.
  bool Add(const FieldPlan& field) {
    steps_.push_back({&field, 0});
    return false;
  }
  bool Add(size_t position) {
    steps_.push_back({nullptr, position});
    return false;
  }

  // "session.marks[2]: ", or nothing.
  std::string Prefix() const {
    std::string text;
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      if (step->field == nullptr) {
        text += "[" + std::to_string(step->position) + "]";
      } else {
        if (!text.empty()) text += '.';
        text += step->field->name;
      }
    }
    return text.empty() ? text : text + ": ";
  }

 private:
  struct Step {
    const FieldPlan* field;
    size_t position;
  };
  std::vector<Step> steps_;
};

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_FIELD_PATH_H_
