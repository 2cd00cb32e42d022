#include "adapters/sources/rest/template.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace simpul::sources::rest {
namespace {

bool IsName(std::string_view text) {
  return !text.empty() && !absl::ascii_isdigit(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

}  // namespace

absl::StatusOr<Template> Template::Parse(std::string_view text) {
  Template out;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) out.pieces_.push_back({std::move(literal), false});
    literal.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '{' && c != '}') {
      literal += c;
    } else if (i + 1 < text.size() && text[i + 1] == c) {
      literal += c;
      ++i;
    } else {
      const size_t end = text.find('}', i);
      const std::string_view name =
          c == '{' && end != std::string_view::npos ? text.substr(i + 1, end - i - 1) : "";
      if (!IsName(name)) {
        return absl::InvalidArgumentError(
            absl::StrFormat("expected a name between braces at '%s' (a brace itself is doubled)",
                            text.substr(i, 20)));
      }
      flush();
      out.pieces_.push_back({std::string(name), true});
      i = end;
    }
  }
  flush();
  return out;
}

absl::StatusOr<const Value*> ValueOf(const Bindings& bindings, std::string_view parameter) {
  const Value* value = bindings.Find(parameter);
  if (value == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the parameter '%s' has no value", parameter));
  }
  return value;
}

std::string ValueText(const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return std::to_string(*integer);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* time = std::get_if<TimeValue>(&value)) {
    return absl::FormatTime(time->is_local ? "%Y-%m-%dT%H:%M:%E*S" : "%Y-%m-%dT%H:%M:%E*SZ",
                            absl::FromUnixMicros(time->micros), absl::UTCTimeZone());
  }
  return "";
}

}  // namespace simpul::sources::rest
