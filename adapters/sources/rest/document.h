// A JSON answer (RFC 8259), read strictly: hostile or broken ones are refused before anyone looks.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_DOCUMENT_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_DOCUMENT_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace simpul::sources::rest {

// One answer as a tree in two blocks of memory. Immutable; movable, and what it lent stays valid.
class Document {
 public:
  static constexpr int kMaxDepth = 64;
  static constexpr int kMaxValues = 1'000'000;  // 64 bytes each

  enum class Kind : uint8_t { kNull, kBool, kInt, kDouble, kText, kArray, kObject };

  struct Node {
    Kind kind = Kind::kNull;
    int32_t next = -1;      // its next sibling
    int32_t first = -1;     // its first child
    int64_t integer = 0;    // kInt, kBool
    double real = 0;        // kDouble
    std::string_view text;  // kText; a whole number beyond int64, digit by digit
    std::string_view key;   // of a member
  };

  // DATA_LOSS: it is not JSON, not UTF-8, nested deeper than kMaxDepth, has a number out of range,
  // or an object has a key twice. RESOURCE_EXHAUSTED: it has more than kMaxValues. The text says
  // which and never holds what the answer said.
  static absl::StatusOr<Document> Parse(std::string_view json);

  const Node& root() const { return nodes_[0]; }
  // Null if there is none.
  const Node* First(const Node& parent) const { return At(parent.first); }
  const Node* Next(const Node& sibling) const { return At(sibling.next); }

 private:
  class Builder;

  const Node* At(int32_t index) const {
    return index < 0 ? nullptr : &nodes_[static_cast<size_t>(index)];
  }

  std::vector<Node> nodes_;
  std::unique_ptr<char[]> texts_;
};

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_DOCUMENT_H_
