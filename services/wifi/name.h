// Resource names of this domain, and the names of the topics and sources they come from.
#ifndef SIMPUL_SERVICES_WIFI_NAME_H_
#define SIMPUL_SERVICES_WIFI_NAME_H_

#include <optional>
#include <string>
#include <string_view>

namespace simpul::wifi {

// `[a-z][a-z0-9-]*`, at most 63 characters.
bool IsDepartment(std::string_view text);

// The department of "departments/{department}/{collection}/{id}"; nothing if `name` is no such
// name. An id is 1 to 128 printable ASCII characters without '/'.
std::optional<std::string> DepartmentOf(std::string_view name, std::string_view collection);

// What a List's parent asks for: "" of all departments, else the department; nothing if `parent` is
// neither empty, "departments/-" nor "departments/{department}".
std::optional<std::string> DepartmentOfParent(std::string_view parent);

// The department of "simpul.source.{department}.{app}.{noun}"; nothing if `topic` is no source
// topic.
std::optional<std::string> DepartmentOfTopic(std::string_view topic);

}  // namespace simpul::wifi

#endif  // SIMPUL_SERVICES_WIFI_NAME_H_
