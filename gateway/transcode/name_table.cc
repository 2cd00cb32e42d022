#include "gateway/transcode/name_table.h"

#include <cstring>

namespace simpul::transcode {

namespace {

constexpr uint64_t kSeedsTried = 64;

uint64_t Mix(uint64_t value) {
  value *= 0x9E3779B97F4A7C15ull;
  return value ^ value >> 32;
}

}  // namespace

uint64_t NameTable::Hash(std::string_view name, uint64_t seed) {
  const char* p = name.data();
  size_t left = name.size();
  uint64_t hash = Mix(seed ^ left);
  for (uint64_t word; left >= 8; p += 8, left -= 8) {
    std::memcpy(&word, p, 8);
    hash = Mix(hash ^ word);
  }
  uint64_t rest = 0;
  for (size_t i = 0; i < left; ++i) rest = rest << 8 | static_cast<uint8_t>(p[i]);
  return Mix(hash ^ rest);
}

void NameTable::Build(const std::vector<std::pair<std::string, uint32_t>>& names) {
  if (names.empty()) return;
  size_t size = 2;
  while (size < names.size() * 2) size *= 2;
  // Twice as many slots again find a perfect seed for what the smaller table could not.
  for (size_t largest = size * 8; size <= largest && size <= 8192; size *= 2) {
    slots_.resize(size);
    mask_ = size - 1;
    for (seed_ = 1; seed_ <= kSeedsTried; ++seed_) {
      if (Place(names)) return;
    }
  }
  slots_.resize(size);
  mask_ = size - 1;
  Place(names);
}

bool NameTable::Place(const std::vector<std::pair<std::string, uint32_t>>& names) {
  slots_.assign(slots_.size(), Slot{});
  bool perfect = true;
  for (const auto& [name, value] : names) {
    size_t at = Hash(name, seed_) & mask_;
    bool known = false;
    for (; slots_[at].value != kNone && !known; at = (at + 1) & mask_) {
      known = slots_[at].name == name;
      perfect = perfect && known;
    }
    if (!known) slots_[at] = Slot{name, value};
  }
  return perfect;
}

}  // namespace simpul::transcode
