#include "adapters/sources/rest/pointer.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace simpul::sources::rest {
namespace {

using Node = Document::Node;

const Node* Child(const Document& document, const Node& parent, const std::string& token) {
  const Node* child = document.First(parent);
  if (parent.kind == Document::Kind::kObject) {
    while (child != nullptr && child->key != token) child = document.Next(*child);
    return child;
  }
  size_t index = 0;
  const bool is_index = !token.empty() && token.find_first_not_of("0123456789") == token.npos &&
                        (token[0] != '0' || token.size() == 1) && absl::SimpleAtoi(token, &index);
  if (parent.kind != Document::Kind::kArray || !is_index) return nullptr;
  for (; child != nullptr && index > 0; --index) child = document.Next(*child);
  return child;
}

}  // namespace

absl::StatusOr<Pointer> Pointer::Parse(std::string_view text) {
  const auto wrong = absl::InvalidArgumentError(absl::StrFormat(
      "expected a JSON pointer such as /data/items, with ~0 for ~ and ~1 for / in a name: '%s'",
      text));
  Pointer out;
  if (!text.empty() && text[0] != '/') return wrong;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      out.tokens_.emplace_back();
    } else if (text[i] != '~') {
      out.tokens_.back() += text[i];
    } else if (i + 1 < text.size() && (text[i + 1] == '0' || text[i + 1] == '1')) {
      out.tokens_.back() += text[++i] == '0' ? '~' : '/';
    } else {
      return wrong;
    }
  }
  return out;
}

const Node* Pointer::Find(const Document& document, const Node& from) const {
  const Node* at = &from;
  for (const std::string& token : tokens_) {
    at = Child(document, *at, token);
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace simpul::sources::rest
