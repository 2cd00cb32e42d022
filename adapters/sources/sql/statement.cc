#include "adapters/sources/sql/statement.h"

#include <algorithm>
#include <atomic>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace simpul::sources::sql {
namespace {

bool IsWord(char c) { return absl::ascii_isalnum(c) || c == '_'; }

// Finds the pieces of SQL in which a colon means nothing.
class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  // The length of the quote or comment that begins at `at`; 0 if none does, npos if it does not
  // end.
  size_t Skip(size_t at) const {
    const char c = sql_[at];
    const char next = at + 1 < sql_.size() ? sql_[at + 1] : '\0';
    if (c == '\'') return Quoted(at, '\'', HasEscapes(at));
    if (c == '"' || c == '`') return Quoted(at, c, false);
    if (c == '-' && next == '-') return std::min(sql_.find('\n', at), sql_.size()) - at;
    if (c == '/' && next == '*') return Comment(at);
    if (c == '$' && !absl::ascii_isdigit(next)) return DollarQuoted(at);
    return 0;
  }

 private:
  // E'it\'s', PostgreSQL's escape string.
  bool HasEscapes(size_t at) const {
    return at > 0 && absl::ascii_tolower(sql_[at - 1]) == 'e' && (at < 2 || !IsWord(sql_[at - 2]));
  }

  size_t Quoted(size_t at, char quote, bool escapes) const {
    for (size_t i = at + 1; i < sql_.size(); ++i) {
      if (escapes && sql_[i] == '\\') {
        ++i;
      } else if (sql_[i] == quote) {
        if (i + 1 < sql_.size() && sql_[i + 1] == quote) {
          ++i;
        } else {
          return i + 1 - at;
        }
      }
    }
    return std::string_view::npos;
  }

  size_t Comment(size_t at) const {
    int depth = 0;
    for (size_t i = at; i + 1 < sql_.size(); ++i) {
      if (sql_[i] == '/' && sql_[i + 1] == '*') {
        ++depth;
        ++i;
      } else if (sql_[i] == '*' && sql_[i + 1] == '/') {
        ++i;
        if (--depth == 0) return i + 1 - at;
      }
    }
    return std::string_view::npos;
  }

  size_t DollarQuoted(size_t at) const {
    if (at > 0 && IsWord(sql_[at - 1])) return 0;
    size_t end = at + 1;
    while (end < sql_.size() && IsWord(sql_[end])) ++end;
    if (end == sql_.size() || sql_[end] != '$') return 0;
    const std::string_view tag = sql_.substr(at, end + 1 - at);
    const size_t close = sql_.find(tag, end + 1);
    return close == std::string_view::npos ? close : close + tag.size() - at;
  }

  std::string_view sql_;
};

absl::Status CheckIsSelect(std::string_view sql) {
  const size_t begin = std::min(sql.find_first_not_of(" \t\r\n("), sql.size());
  size_t end = begin;
  while (end < sql.size() && IsWord(sql[end])) ++end;
  const std::string verb = absl::AsciiStrToLower(std::string(sql.substr(begin, end - begin)));
  if (verb == "select" || verb == "with") return absl::OkStatus();
  return absl::InvalidArgumentError("expected a query that begins with SELECT or WITH");
}

}  // namespace

absl::StatusOr<Statement> Statement::Parse(std::string_view sql) {
  static std::atomic<int64_t> ids{0};
  while (!sql.empty() && (absl::ascii_isspace(sql.back()) || sql.back() == ';')) {
    sql.remove_suffix(1);
  }
  if (auto s = CheckIsSelect(sql); !s.ok()) return s;
  Statement statement;
  statement.id_ = ++ids;
  const Scanner scanner(sql);
  for (size_t i = 0; i < sql.size();) {
    const size_t skip = scanner.Skip(i);
    if (skip == std::string_view::npos) {
      return absl::InvalidArgumentError("expected the end of a quote or comment");
    }
    const bool is_cast = sql[i] == ':' && i + 1 < sql.size() && sql[i + 1] == ':';
    if (skip > 0 || is_cast) {
      const std::string_view piece = sql.substr(i, is_cast ? 2 : skip);
      statement.dollars_ += piece;
      statement.questions_ += piece;
      i += piece.size();
      continue;
    }
    const char next = i + 1 < sql.size() ? sql[i + 1] : '\0';
    if (sql[i] == ';') return absl::InvalidArgumentError("expected one statement, without ';'");
    if (sql[i] == '$' && absl::ascii_isdigit(next)) {
      return absl::InvalidArgumentError("expected parameters by name, such as :key, not $1");
    }
    if (sql[i] == ':' && (absl::ascii_isalpha(next) || next == '_')) {
      size_t end = i + 1;
      while (end < sql.size() && IsWord(sql[end])) ++end;
      statement.AddParameter(std::string(sql.substr(i + 1, end - i - 1)));
      i = end;
      continue;
    }
    statement.dollars_ += sql[i];
    statement.questions_ += sql[i];
    ++i;
  }
  return statement;
}

void Statement::AddParameter(const std::string& name) {
  const size_t count = name == "keys" ? Bindings::kMaxKeys : 1;
  size_t first = 0;
  while (first < slots_.size() && slots_[first].name != name) ++first;
  if (first == slots_.size()) {
    parameters_.push_back(name);
    for (size_t key = 0; key < count; ++key) slots_.push_back({name, key});
  }
  for (size_t key = 0; key < count; ++key) {
    const char* comma = key == 0 ? "" : ", ";
    dollars_ += absl::StrFormat("%s$%d", comma, first + key + 1);
    questions_ += absl::StrFormat("%s?", comma);
    question_slots_.push_back(static_cast<int>(first + key));
  }
}

bool Statement::Has(std::string_view parameter) const {
  return std::find(parameters_.begin(), parameters_.end(), parameter) != parameters_.end();
}

absl::StatusOr<std::vector<const Value*>> Statement::Bind(const Bindings& bindings) const {
  std::vector<const Value*> values;
  values.reserve(slots_.size());
  for (const Slot& slot : slots_) {
    const Value* value = nullptr;
    if (slot.name == "keys" && bindings.key_count > 0) {
      value = &bindings.keys[std::min(slot.key, bindings.key_count - 1)];
    } else {
      value = bindings.Find(slot.name);
    }
    if (value == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the parameter :%s has no value", slot.name));
    }
    values.push_back(value);
  }
  return values;
}

}  // namespace simpul::sources::sql
