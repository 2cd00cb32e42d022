// Keyed digests: tell whether a row has changed without keeping the row, and without letting
// whoever reads the store guess a citizen's number from them.
#ifndef SIMPUL_ADAPTERS_ENGINE_DIGEST_H_
#define SIMPUL_ADAPTERS_ENGINE_DIGEST_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/sources/value.h"

namespace simpul::engine {

// SipHash-2-4 (Aumasson and Bernstein, 2012) under a secret. Immutable, thread-safe.
class Digest {
 public:
  // `secret`: at least 16 random bytes.
  explicit Digest(std::string_view secret);

  uint64_t Of(std::string_view bytes) const;

 private:
  uint64_t k0_ = 0;
  uint64_t k1_ = 0;
};

// Appends a cell so that different cells, or lists of them, give different bytes.
void AppendCell(const sources::Cell& cell, std::string& out);

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_DIGEST_H_
