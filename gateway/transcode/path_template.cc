#include "gateway/transcode/path_template.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "gateway/transcode/text.h"
#include "gateway/transcode/url.h"

namespace simpul::transcode {

namespace {

bool IsLetter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

// By recursive descent, one function for each rule of the grammar; false after an error.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<PathTemplate> Run() {
    bool ok = Expect('/') && Segments(/*inside_variable=*/false) && Verb();
    if (ok && at_ != text_.size()) ok = Fail("the end");
    if (ok) return std::move(result_);
    return absl::InvalidArgumentError(absl::StrFormat("expected %s at character %d", wanted_, at_));
  }

 private:
  bool Fail(const char* wanted) {
    wanted_ = wanted;
    return false;
  }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool Expect(char c) {
    if (Take(c)) return true;
    return Fail(c == '/' ? "'/'" : "'}'");
  }

  bool Segments(bool inside_variable) {
    do {
      if (!Segment(inside_variable)) return false;
    } while (Take('/'));
    return true;
  }

  bool Segment(bool inside_variable) {
    if (!inside_variable && Take('{')) return Variable();
    if (!result_.segments.empty() && result_.segments.back().kind == PathTemplate::Kind::kRest) {
      return Fail("nothing behind \"**\" but a verb");
    }
    if (result_.segments.size() == PathTemplate::kMaxSegments) return Fail("at most 32 segments");
    if (Take('*')) {
      bool rest = Take('*');
      result_.segments.push_back({rest ? PathTemplate::Kind::kRest : PathTemplate::Kind::kOne, {}});
      return true;
    }
    std::string literal;
    if (!Literal(literal)) return false;
    result_.segments.push_back({PathTemplate::Kind::kLiteral, std::move(literal)});
    return true;
  }

  bool Literal(std::string& literal) {
    size_t start = at_;
    while (at_ < text_.size() &&
           (IsLetter(Peek()) || IsDigit(Peek()) ||
            std::string_view("-_.~%!$&'()+,;@").find(Peek()) != std::string_view::npos)) {
      ++at_;
    }
    std::string_view raw = text_.substr(start, at_ - start);
    if (raw.empty() || !HasValidEscapes(raw)) return Fail("a path segment");
    std::string scratch;
    literal = PercentDecode(raw, Decode::kSegment, scratch);
    return true;
  }

  bool Variable() {
    PathTemplate::Variable variable{};
    variable.first_segment = static_cast<uint16_t>(result_.segments.size());
    if (!FieldPath(variable.field_path)) return false;
    if (Take('=')) {
      if (!Segments(/*inside_variable=*/true)) return false;
    } else {
      if (variable.first_segment == PathTemplate::kMaxSegments) return Fail("at most 32 segments");
      if (variable.first_segment > 0 && result_.segments.back().kind == PathTemplate::Kind::kRest) {
        return Fail("nothing behind \"**\" but a verb");
      }
      result_.segments.push_back({PathTemplate::Kind::kOne, {}});
    }
    variable.to_end = result_.segments.back().kind == PathTemplate::Kind::kRest;
    variable.segment_count = static_cast<uint16_t>(
        result_.segments.size() - variable.first_segment - (variable.to_end ? 1 : 0));
    result_.variables.push_back(std::move(variable));
    return Expect('}');
  }

  bool FieldPath(std::string& path) {
    size_t start = at_;
    do {
      if (!IsLetter(Peek()) && Peek() != '_') return Fail("a field name");
      while (IsLetter(Peek()) || IsDigit(Peek()) || Peek() == '_') ++at_;
    } while (Take('.'));
    path = text_.substr(start, at_ - start);
    return true;
  }

  bool Verb() { return !Take(':') || Literal(result_.verb); }

  std::string_view text_;
  size_t at_ = 0;
  const char* wanted_ = "";
  PathTemplate result_;
};

}  // namespace

absl::StatusOr<PathTemplate> PathTemplate::Parse(std::string_view text) {
  return Parser(text).Run();
}

}  // namespace simpul::transcode
