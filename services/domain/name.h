// Resource names, and the names of the topics and sources they come from.
#ifndef SIMPUL_SERVICES_DOMAIN_NAME_H_
#define SIMPUL_SERVICES_DOMAIN_NAME_H_

#include <optional>
#include <string>
#include <string_view>

namespace simpul::domain {

// `[a-z][a-z0-9-]*`, at most 63 characters.
bool IsDepartment(std::string_view text);

// The department of "departments/{department}/{collection}/{id}"; nothing if `name` is no such
// name. An id is 1 to 128 printable ASCII characters without '/'.
std::optional<std::string> DepartmentOf(std::string_view name, std::string_view collection);

// What a List's parent asks for: "" of all departments, else the department; nothing if `parent` is
// neither empty, "departments/-" nor "departments/{department}".
std::optional<std::string> DepartmentOfParent(std::string_view parent);

// The words of "simpul.source.{department}.{app}.{noun}".
struct SourceTopic {
  std::string department;
  std::string app;
  std::string noun;
};

// Nothing if `topic` is no source topic.
std::optional<SourceTopic> ParseSourceTopic(std::string_view topic);

}  // namespace simpul::domain

#endif  // SIMPUL_SERVICES_DOMAIN_NAME_H_
