// The queries of a mapping: what each must select by, and how often it is asked.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "adapters/engine/mapping_checker.h"
#include "adapters/sources/sql/statement.h"

namespace simpul::engine {

using sources::CellType;
using sources::sql::Statement;

namespace {

bool ParsePercent(std::string_view text, double& share) {
  if (text.empty() || text.back() != '%') return false;
  text.remove_suffix(1);
  if (!absl::SimpleAtod(std::string(text), &share) || !(share >= 0 && share <= 100)) return false;
  share /= 100;
  return true;
}

bool IsWord(char c) { return absl::ascii_isalnum(c) || c == '_' || c == '$'; }

// The words and signs of a query, in lower case. Names lose their quotes; texts and comments are
// left out.
std::vector<std::string> Tokens(std::string_view sql) {
  std::vector<std::string> tokens;
  const auto find = [&](std::string_view end, size_t from) {
    return std::min(sql.find(end, from), sql.size());
  };
  for (size_t i = 0; i < sql.size();) {
    const char c = sql[i];
    size_t next = i + 1;
    if (IsWord(c)) {
      while (next < sql.size() && IsWord(sql[next])) ++next;
      tokens.push_back(absl::AsciiStrToLower(std::string(sql.substr(i, next - i))));
    } else if (c == '\'') {
      next = find("'", next) + 1;
    } else if (c == '"' || c == '`' || c == '[') {
      const size_t end = find(c == '[' ? "]" : std::string_view(&sql[i], 1), next);
      tokens.push_back(absl::AsciiStrToLower(std::string(sql.substr(next, end - next))));
      next = end + 1;
    } else if (sql.substr(i, 2) == "--") {
      next = find("\n", next);
    } else if (sql.substr(i, 2) == "/*") {
      next = find("*/", next) + 2;
    } else if (!absl::ascii_isspace(c)) {
      tokens.emplace_back(1, c);
    }
    i = next;
  }
  return tokens;
}

// The columns that the rows of a query are sorted by, ascending, in lower case and without their
// table; empty where it is no column, or descending.
std::vector<std::string> SortedBy(std::string_view sql) {
  std::vector<std::string> columns;
  bool is_ordering = false;
  bool is_column = false;  // all of it up to here
  int depth = 0;
  std::string last;
  for (const std::string& token : Tokens(sql)) {
    if (token == "(") ++depth;
    if (token == ")") --depth;
    if (depth == 0 && last == "order" && token == "by") {
      columns = {""};
      is_ordering = is_column = true;
    } else if (is_ordering && depth == 0 && token == ",") {
      columns.emplace_back();
      is_column = true;
    } else if (token == "limit" || token == "offset" || token == "fetch") {
      is_ordering = is_ordering && depth > 0;
    } else if (is_ordering && token != "asc" && token != ".") {
      is_column = is_column && (columns.back().empty() || last == ".") && IsWord(token[0]);
      columns.back() = is_column ? token : "";
    }
    last = token;
  }
  return columns;
}

}  // namespace

// Parses a query and demands exactly these parameters.
MappedQuery MappingChecker::CheckSql(const std::string& path, const std::string& sql,
                                     const std::vector<std::string>& parameters) {
  MappedQuery query;
  query.where = absl::StrFormat("%s:%d", locations_.file(), locations_.LineOf(path));
  if (sql.empty()) {
    Wrong(path, "expected a query");
    return query;
  }
  auto statement = Statement::Parse(sql);
  if (!statement.ok()) {
    Wrong(path, std::string(statement.status().message()));
    return query;
  }
  for (const std::string& name : parameters) {
    if (!statement->Has(name)) Wrong(path, absl::StrFormat("expected the parameter :%s", name));
  }
  for (const std::string& name : statement->parameters()) {
    if (std::find(parameters.begin(), parameters.end(), name) != parameters.end()) continue;
    Wrong(path, parameters.empty() ? absl::StrFormat("unknown parameter :%s; expected none", name)
                                   : absl::StrFormat("unknown parameter :%s; expected :%s", name,
                                                     absl::StrJoin(parameters, ", :")));
  }
  query.query = std::make_shared<Statement>(*std::move(statement));
  return query;
}

// A query that is read page by page: out of order, a page would pass over rows for good.
MappedQuery MappingChecker::CheckPagedSql(const std::string& path, const std::string& sql,
                                          const std::vector<OrderColumn>& order,
                                          const std::string& key) {
  std::vector<std::string> parameters;
  std::vector<std::string> names;
  for (const OrderColumn& column : order) {
    parameters.push_back(column.parameter);
    names.push_back(column.name);
  }
  parameters.push_back("limit");
  MappedQuery query = CheckSql(path, sql, parameters);
  if (sql.empty() || key.empty() || names.back() != key) return query;  // told already
  const std::string wanted = absl::StrJoin(names, ", ");
  if (absl::StrJoin(SortedBy(sql), ", ") != absl::AsciiStrToLower(wanted)) {
    Wrong(path, absl::StrFormat("expected the rows in order: ORDER BY %s, ascending", wanted));
  }
  return query;
}

void MappingChecker::CheckGet(const std::string& path, const mapping::v1::Resource& resource,
                              ResourcePlan& plan) {
  if (plan.get_method == nullptr) return;
  if (!resource.has_get()) {
    return Wrong(path,
                 absl::StrFormat("expected 'get': the service has %s", plan.get_method->name()));
  }
  plan.get = CheckQuery(path + ".get", resource.get(), {"key"}, {}, plan);
}

void MappingChecker::CheckList(const std::string& path, const mapping::v1::Resource& resource,
                               ResourcePlan& plan) {
  if (plan.list_method == nullptr) return;
  if (!resource.has_list()) {
    return Wrong(path,
                 absl::StrFormat("expected 'list': the service has %s", plan.list_method->name()));
  }
  plan.order = CheckOrder(path + ".list.order", resource.list().order(), "after", plan);
  plan.list = CheckPaged(path + ".list", resource.list(), plan.order, plan);
}

std::vector<std::string> MappingChecker::Parameters(const std::vector<OrderColumn>& order) {
  std::vector<std::string> names;
  for (const OrderColumn& column : order) names.push_back(column.parameter);
  names.push_back("limit");
  return names;
}

std::vector<OrderColumn> MappingChecker::CheckOrder(
    const std::string& path, const google::protobuf::RepeatedPtrField<mapping::v1::Column>& from,
    const std::string& parameter, const ResourcePlan& plan) {
  const CellType key_type = plan.key_is_text ? CellType::kText : CellType::kInt64;
  if (from.empty()) return {{plan.key_column, key_type, parameter}};
  std::vector<OrderColumn> order;
  for (const mapping::v1::Column& column : from) {
    CellType type = CellType::kInt64;
    if (column.type() == mapping::v1::STRING) type = CellType::kText;
    if (column.type() == mapping::v1::TIME) type = CellType::kTime;
    if (column.column() == plan.key_column) type = key_type;
    order.push_back(
        {column.column(), type, from.size() == 1 ? parameter : parameter + "_" + column.column()});
  }
  if (order.back().name != plan.key_column) {
    Wrong(path, absl::StrFormat("expected the key '%s' as the last column, so that no two rows are "
                                "equal",
                                plan.key_column));
  }
  return order;
}

void MappingChecker::CheckWatch(const std::string& path, const mapping::v1::Watch& watch,
                                ResourcePlan& plan) {
  WatchPlan& w = plan.watch;
  Take(path + ".every", watch.has_every(), watch.every(), w.every);
  w.versions.assign(watch.versions().begin(), watch.versions().end());
  if (w.versions.empty()) w.versions = plan.columns;
  if (!is_rest()) {
    w.keys = CheckSql(path + ".keys.query", watch.keys().query(), {"keys"});
  } else if (watch.has_keys()) {
    w.keys = CheckQuery(path + ".keys", watch.keys(), {"key"}, {}, plan);
  } else {
    w.keys = plan.get;
  }
  if (watch.has_new_()) {
    w.cursor = CheckOrder(path + ".new.cursor", watch.new_().cursor(), "since", plan);
    w.fresh = CheckPaged(path + ".new", watch.new_(), w.cursor, plan);
    Take(path + ".new.gap", watch.new_().has_gap(), watch.new_().gap(), w.gap);
  }
  if (watch.has_open()) w.open = CheckQuery(path + ".open", watch.open(), {}, {}, plan);
  if (!watch.has_reconcile()) {
    Wrong(path, "expected 'reconcile': without it deletes and late rows are never found");
  } else {
    CheckReconcile(path + ".reconcile", watch.reconcile(), plan);
  }
  if (!watch.max_deletes().empty() && !ParsePercent(watch.max_deletes(), w.max_deletes)) {
    Wrong(path + ".max_deletes", "expected a share such as 10%");
  }
}

void MappingChecker::CheckReconcile(const std::string& path, const mapping::v1::Reconcile& from,
                                    ResourcePlan& plan) {
  WatchPlan& w = plan.watch;
  w.reconcile = CheckPaged(path, from, CheckOrder(path, {}, "after", plan), plan);
  Take(path + ".every", from.has_every(), from.every(), w.reconcile_every);
  Take(path + ".within", from.has_within(), from.within(), w.within);
  w.age = from.age();
  if (from.has_within() && from.age().empty()) {
    Wrong(path + ".within", "expected 'age' beside it: the column with a row's time");
  }
}

}  // namespace simpul::engine
