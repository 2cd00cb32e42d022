#include "services/domain/name.h"

#include <algorithm>

namespace simpul::domain {
namespace {

// Cuts what stands before the first `separator` off `rest`; nothing if there is none.
std::optional<std::string_view> Cut(std::string_view& rest, char separator) {
  const size_t end = rest.find(separator);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return word;
}

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '/';
  });
}

}  // namespace

bool IsDepartment(std::string_view text) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && text.size() <= 63 && lower(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '-'; });
}

std::optional<std::string> DepartmentOf(std::string_view name, std::string_view collection) {
  const auto departments = Cut(name, '/');
  const auto department = Cut(name, '/');
  const auto middle = Cut(name, '/');
  if (departments != "departments" || !department || !IsDepartment(*department) ||
      middle != collection || !IsId(name)) {
    return std::nullopt;
  }
  return std::string(*department);
}

std::optional<std::string> DepartmentOfParent(std::string_view parent) {
  if (parent.empty() || parent == "departments/-") return "";
  const auto departments = Cut(parent, '/');
  if (departments != "departments" || !IsDepartment(parent)) return std::nullopt;
  return std::string(parent);
}

std::optional<SourceTopic> ParseSourceTopic(std::string_view topic) {
  constexpr std::string_view kPrefix = "simpul.source.";
  if (!topic.starts_with(kPrefix)) return std::nullopt;
  topic.remove_prefix(kPrefix.size());
  const auto department = Cut(topic, '.');
  const auto app = Cut(topic, '.');
  if (!department || !IsDepartment(*department) || !app || app->empty() || topic.empty() ||
      topic.find('.') != std::string_view::npos) {
    return std::nullopt;
  }
  return SourceTopic{std::string(*department), std::string(*app), std::string(topic)};
}

}  // namespace simpul::domain
