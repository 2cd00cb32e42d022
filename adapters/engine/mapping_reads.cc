// What a mapping asks over REST.
#include <algorithm>
#include <map>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "adapters/engine/mapping_checker.h"
#include "adapters/sources/rest/query.h"

namespace simpul::engine {
namespace {

namespace rest = sources::rest;

rest::PageBy PageByOf(mapping::v1::PageBy by) {
  switch (by) {
    case mapping::v1::OFFSET:
      return rest::PageBy::kOffset;
    case mapping::v1::PAGE_NUMBER:
      return rest::PageBy::kNumber;
    case mapping::v1::LINK:
      return rest::PageBy::kLink;
    default:
      return rest::PageBy::kNothing;
  }
}

template <typename Map>
auto Sorted(const Map& map) {
  return std::map(map.begin(), map.end());
}

rest::QueryText TextOf(const mapping::v1::RestRead& from, const std::vector<OrderColumn>& order,
                       const std::string& key) {
  rest::QueryText text;
  text.request.path = from.path();
  for (const auto& [name, value] : Sorted(from.query())) {
    text.request.query.emplace_back(name, value);
  }
  text.rows.pointer = from.rows();
  for (const auto& [name, column] : Sorted(from.columns())) {
    text.rows.columns.push_back({.name = name,
                                 .pointer = column.pointer(),
                                 .is_list = column.list(),
                                 .each = column.each()});
  }
  const mapping::v1::RestPaging& paging = from.paging();
  text.paging = {.by = PageByOf(paging.by()),
                 .position = paging.position(),
                 .first_number = paging.has_first_number() ? paging.first_number() : 1,
                 .size_name = paging.size_name(),
                 .size = paging.size(),
                 .next = paging.next(),
                 .total = paging.total(),
                 .key = key};
  for (const OrderColumn& column : order) text.order.push_back({column.name, column.parameter});
  return text;
}

// The key of the read that uses a parameter.
std::string PlaceOf(const mapping::v1::RestRead& from, const std::string& parameter) {
  for (const auto& [name, value] : Sorted(from.query())) {
    if (value.find("{" + parameter + "}") != std::string::npos) return ".query." + name;
  }
  return ".path";
}

}  // namespace

MappedQuery MappingChecker::CheckRead(const std::string& path, const mapping::v1::RestRead& from,
                                      const std::vector<std::string>& parameters,
                                      const std::vector<OrderColumn>& order,
                                      const ResourcePlan& plan) {
  MappedQuery out;
  out.where = absl::StrFormat("%s:%d", locations_.file(), locations_.LineOf(path));
  if (from.path().empty()) {
    Wrong(path, "expected 'rest' with a path, as the source is one");
    return out;
  }
  if (from.has_paging() && from.paging().by() == mapping::v1::PAGE_BY_UNSPECIFIED) {
    Wrong(path + ".paging", "expected 'by': OFFSET, PAGE_NUMBER or LINK");
  }
  for (const OrderColumn& column : order) {
    if (column.type != sources::CellType::kTime) continue;
    Wrong(path, absl::StrFormat("expected NUMBER or STRING as the type of '%s': JSON has no times",
                                column.name));
  }
  auto query = rest::Query::Parse(TextOf(from, order, plan.key_column));
  if (!query.ok()) {
    // "columns.title: …" is the path of the key within this read, then what is wrong there.
    const std::string what(query.status().message());
    const size_t colon = what.find(": ");
    const std::string key = colon == std::string::npos ? "" : "." + what.substr(0, colon);
    Wrong(path + key, what);
    return out;
  }
  const std::vector<std::string> used = query->request().parameters();
  for (const std::string& name : used) {
    if (std::find(parameters.begin(), parameters.end(), name) != parameters.end()) continue;
    Wrong(path + PlaceOf(from, name),
          absl::StrFormat("unknown parameter {%s}; expected %s", name,
                          parameters.empty() ? std::string("none")
                                             : "{" + absl::StrJoin(parameters, "}, {") + "}"));
  }
  if (parameters == std::vector<std::string>{"key"} && used.empty()) {
    Wrong(path + ".path", "expected the parameter {key} here or in 'query'");
  }
  out.query = std::make_shared<rest::Query>(*std::move(query));
  return out;
}

}  // namespace simpul::engine
