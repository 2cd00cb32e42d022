// Finds a name among those of one message or enum: one hash and one comparison.
#ifndef SIMPUL_GATEWAY_TRANSCODE_NAME_TABLE_H_
#define SIMPUL_GATEWAY_TRANSCODE_NAME_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simpul::transcode {

// Open addressing under a seed chosen so that no two names share a slot (a perfect hash); if no
// seed does, probing still finds every name. The names are the contract's, so a client cannot
// choose what collides. Immutable after Build; thread-safe.
class NameTable {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};

  // The first of equal names wins.
  void Build(const std::vector<std::pair<std::string, uint32_t>>& names);

  // The number given with this name, or kNone.
  uint32_t Find(std::string_view name) const {
    if (slots_.empty()) return kNone;
    for (size_t at = Hash(name, seed_) & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.value == kNone) return kNone;
      if (slot.name == name) return slot.value;
    }
  }

 private:
  struct Slot {
    std::string name;
    uint32_t value = kNone;
  };

  static uint64_t Hash(std::string_view name, uint64_t seed);
  // Whether no name met another.
  bool Place(const std::vector<std::pair<std::string, uint32_t>>& names);

  std::vector<Slot> slots_;
  uint64_t seed_ = 0;
  size_t mask_ = 0;
};

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_NAME_TABLE_H_
