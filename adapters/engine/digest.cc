#include "adapters/engine/digest.h"

#include <bit>
#include <cstring>

#include "adapters/engine/wire.h"

namespace simpul::engine {
namespace {

struct SipState {
  uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void Take(uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
};

}  // namespace

Digest::Digest(std::string_view secret) {
  std::memcpy(&k0_, secret.data(), sizeof k0_);
  std::memcpy(&k1_, secret.data() + sizeof k0_, sizeof k1_);
}

uint64_t Digest::Of(std::string_view bytes) const {
  SipState s{k0_ ^ 0x736f6d6570736575, k1_ ^ 0x646f72616e646f6d, k0_ ^ 0x6c7967656e657261,
             k1_ ^ 0x7465646279746573};
  const size_t whole = bytes.size() / 8 * 8;
  for (size_t i = 0; i < whole; i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    s.Take(word);
  }
  uint64_t last = 0;
  std::memcpy(&last, bytes.data() + whole, bytes.size() - whole);
  s.Take(last | static_cast<uint64_t>(bytes.size()) << 56);
  s.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) s.Round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void AppendCell(const sources::Cell& cell, std::string& out) {
  using sources::CellType;
  out += static_cast<char>(cell.type);
  switch (cell.type) {
    case CellType::kNull:
      break;
    case CellType::kDouble:
      out.append(reinterpret_cast<const char*>(&cell.real), sizeof cell.real);
      break;
    case CellType::kText:
    case CellType::kBytes:
      wire::AppendVarint(out, cell.text.size());
      out += cell.text;
      break;
    default:
      out.append(reinterpret_cast<const char*>(&cell.integer), sizeof cell.integer);
  }
}

}  // namespace simpul::engine
