#include "services/catalogue/sheet_family.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

extern "C" const char simpul_spbe[];
extern "C" const char simpul_spbe_end[];

namespace simpul::catalogue {
namespace {

using google::protobuf::FieldDescriptor;

constexpr std::string_view kId = "id";
constexpr std::string_view kDepartment = "department";

bool IsColumn(const FieldDescriptor& field) {
  return field.number() != v1::Application::kNameFieldNumber &&
         field.number() != v1::Application::kUpdateTimeFieldNumber;
}

// The words that a family may use as columns, in the order of an export.
std::vector<std::string> FieldNames() {
  std::vector<std::string> names = {std::string(kId), std::string(kDepartment)};
  const auto* descriptor = v1::Application::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    if (IsColumn(*descriptor->field(i))) names.push_back(descriptor->field(i)->name());
  }
  return names;
}

// The codes of a list that the program itself must know; empty: any.
std::vector<std::string> KnownCodes(const std::string& field) {
  if (field == "status") return {"ACTIVE", "PLANNED", "RETIRED"};
  if (field == "electronic_signature") return {"true", "false"};
  return {};
}

// What a department leaves a cell with when it has nothing to say.
std::string Trimmed(const std::string& cell) {
  const std::string text(absl::StripAsciiWhitespace(cell));
  return text == "-" ? "" : text;
}

// Collects what is wrong with a family.
class Checker {
 public:
  explicit Checker(const config::Locations& locations) : locations_(locations) {}

  void Check(const v1::SheetFamily& family) {
    const std::vector<std::string> known = FieldNames();
    for (const std::string_view needed :
         {std::string_view("id"), std::string_view("display_name")}) {
      if (!family.columns().contains(std::string(needed)))
        Wrong("columns", absl::StrFormat("the column %s is missing", needed));
    }
    for (const std::string& field : InOrder(family)) {
      const v1::SheetColumn& column = family.columns().at(field);
      const std::string path = "columns." + field;
      if (std::find(known.begin(), known.end(), field) == known.end()) {
        Wrong(path, absl::StrFormat("unknown column '%s'; expected one of %s", field,
                                    absl::StrJoin(known, ", ")));
      }
      CheckColumn(path, field, column, family);
    }
    for (const auto& [name, list] : family.lists()) CheckList("lists." + name, name, list);
  }

  absl::Status status() {
    if (problems_.empty()) return absl::OkStatus();
    std::sort(problems_.begin(), problems_.end());
    std::vector<std::string> lines;
    for (auto& [line, problem] : problems_) lines.push_back(problem);
    return absl::InvalidArgumentError(absl::StrJoin(lines, "\n"));
  }

 private:
  // The columns as they stand in the file: of two that clash the second is told of.
  std::vector<std::string> InOrder(const v1::SheetFamily& family) const {
    std::vector<std::string> fields;
    for (const auto& [field, column] : family.columns()) fields.push_back(field);
    std::sort(fields.begin(), fields.end(), [this](const std::string& a, const std::string& b) {
      return locations_.LineOf("columns." + a) < locations_.LineOf("columns." + b);
    });
    return fields;
  }

  void CheckColumn(const std::string& path, const std::string& field, const v1::SheetColumn& column,
                   const v1::SheetFamily& family) {
    if (column.headers().empty()) Wrong(path, "expected headers: [a, b]");
    for (int i = 0; i < column.headers_size(); ++i) {
      const std::string folded = FoldedText(column.headers(i));
      const std::string where = absl::StrFormat("%s.headers.%d", path, i);
      if (folded.empty()) Wrong(where, "a header without a letter or digit");
      const auto [first, is_new] = headers_.emplace(folded, field);
      if (!is_new && first->second != field) {
        Wrong(where, absl::StrFormat("the column %s has this header too", first->second));
      }
    }
    if (!column.list().empty() && !family.lists().contains(column.list())) {
      Wrong(path + ".list", absl::StrFormat("there is no list '%s'", column.list()));
    }
    if (!KnownCodes(field).empty() && column.list() != field) {
      Wrong(path, absl::StrFormat("expected list: %s", field));
    }
  }

  void CheckList(const std::string& path, const std::string& name, const v1::CodeList& list) {
    const std::vector<std::string> known = KnownCodes(name);
    std::map<std::string, std::string> spellings;
    for (int i = 0; i < list.codes_size(); ++i) {
      const v1::Code& code = list.codes(i);
      const std::string where = absl::StrFormat("%s.codes.%d", path, i);
      if (!known.empty() && std::find(known.begin(), known.end(), code.code()) == known.end()) {
        Wrong(where, absl::StrFormat("expected one of %s as the code", absl::StrJoin(known, ", ")));
      }
      std::vector<std::string> all(code.spellings().begin(), code.spellings().end());
      all.push_back(code.code());
      for (const std::string& spelling : all) {
        const std::string folded = FoldedText(spelling);
        if (folded.empty()) Wrong(where, "a code or spelling without a letter or digit");
        const auto [first, is_new] = spellings.emplace(folded, code.code());
        if (!is_new && first->second != code.code()) {
          Wrong(where, absl::StrFormat("'%s' is a spelling of '%s' too", spelling, first->second));
        }
      }
    }
  }

  void Wrong(const std::string& path, const std::string& what) {
    problems_.emplace_back(locations_.LineOf(path), locations_.Problem(path, what));
  }

  const config::Locations& locations_;
  std::map<std::string, std::string> headers_;
  std::vector<std::pair<int, std::string>> problems_;
};

// "2019", and "2019.0", as some programs keep it.
bool ParseYear(std::string_view text, int32_t& year) {
  if (text.ends_with(".0")) text.remove_suffix(2);
  return text.size() == 4 && absl::SimpleAtoi(std::string(text), &year);
}

}  // namespace

std::string FoldedText(std::string_view text) {
  std::string folded;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || (c & 0x80) != 0) {
      folded += absl::ascii_tolower(static_cast<unsigned char>(c));
    }
  }
  return folded;
}

absl::StatusOr<SheetFamily> SheetFamily::Parse(std::string_view text, const std::string& file) {
  v1::SheetFamily read;
  config::Locations locations;
  const auto problems = config::ParseYaml(text, file, read, locations);
  if (!problems.empty()) return absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
  SheetFamily family;
  if (auto status = family.Take(read, locations); !status.ok()) return status;
  return family;
}

absl::StatusOr<SheetFamily> SheetFamily::Load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return absl::InvalidArgumentError(absl::StrFormat("%s:1: cannot be read", path));
  return Parse(text, path);
}

SheetFamily SheetFamily::BuiltIn() { return *Parse(BuiltInText(), "spbe.yaml"); }

std::string_view SheetFamily::BuiltInText() {
  return {simpul_spbe, static_cast<size_t>(simpul_spbe_end - simpul_spbe)};
}

absl::Status SheetFamily::Take(const v1::SheetFamily& read, const config::Locations& locations) {
  Checker checker(locations);
  checker.Check(read);
  if (auto status = checker.status(); !status.ok()) return status;
  department_ = read.department();
  if (read.header_within() > 0) header_within_ = read.header_within();
  for (const std::string& field : FieldNames()) {
    const auto found = read.columns().find(field);
    if (found == read.columns().end()) continue;
    const v1::SheetColumn& column = found->second;
    for (const std::string& header : column.headers()) {
      headers_.emplace(FoldedText(header), columns_.size());
    }
    columns_.push_back({field,
                        {column.headers().begin(), column.headers().end()},
                        column.required(),
                        column.list()});
  }
  for (const auto& [name, list] : read.lists()) {
    auto& spellings = lists_[name];
    std::string& codes = codes_[name];
    for (const v1::Code& code : list.codes()) {
      codes += (codes.empty() ? "" : ", ") + code.code();
      spellings.emplace(FoldedText(code.code()), code.code());
      for (const std::string& spelling : code.spellings()) {
        spellings.emplace(FoldedText(spelling), code.code());
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Header> SheetFamily::Match(std::span<const std::string> cells) const {
  Header header;
  std::map<size_t, size_t> taken;
  for (size_t i = 0; i < cells.size(); ++i) {
    const auto found = headers_.find(FoldedText(cells[i]));
    if (found == headers_.end()) continue;
    const auto [first, is_new] = taken.emplace(found->second, i);
    if (!is_new) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the headers '%s' and '%s' both mean %s; rename one",
                          cells[first->second], cells[i], columns_[found->second].field));
    }
    header.emplace(i, found->second);
  }
  return header;
}

std::vector<std::string> SheetFamily::Missing(const Header& header) const {
  std::vector<std::string> missing;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const bool is_there = std::any_of(header.begin(), header.end(),
                                      [i](const auto& entry) { return entry.second == i; });
    if (columns_[i].is_required && !is_there) missing.push_back(columns_[i].headers.front());
  }
  return missing;
}

// Empty, or what is wrong.
std::string SheetFamily::Set(const Column& column, const std::string& text,
                             v1::Application& application, std::string& id,
                             std::string& department) const {
  if (text.empty()) return column.is_required ? "empty; expected a value" : "";
  std::string value = text;
  if (!column.list.empty()) {
    const auto& list = lists_.at(column.list);
    const auto found = list.find(FoldedText(text));
    if (found == list.end()) return "not one of " + codes_.at(column.list);
    value = found->second;
  }
  if (column.field == kId) return id = value, "";
  if (column.field == kDepartment) return department = value, "";
  const FieldDescriptor& field = *v1::Application::descriptor()->FindFieldByName(column.field);
  const auto* reflection = application.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      reflection->SetString(&application, &field, value);
      return "";
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection->SetBool(&application, &field, value == "true");
      return "";
    case FieldDescriptor::CPPTYPE_ENUM:
      reflection->SetEnum(&application, &field, field.enum_type()->FindValueByName(value));
      return "";
    default:
      int32_t year = 0;
      if (!ParseYear(value, year)) return "not a year of four digits";
      reflection->SetInt32(&application, &field, year);
      return "";
  }
}

std::optional<SheetFamily::Fault> SheetFamily::Fill(const Header& header,
                                                    std::span<const std::string> cells,
                                                    v1::Application& application, std::string& id,
                                                    std::string& department) const {
  for (const auto& [index, which] : header) {
    const std::string text = index < cells.size() ? Trimmed(cells[index]) : "";
    std::string reason = Set(columns_[which], text, application, id, department);
    if (!reason.empty()) return Fault{index, std::move(reason)};
  }
  return std::nullopt;
}

std::vector<std::string> SheetFamily::ExportHeader() const {
  std::vector<std::string> header;
  for (const Column& column : columns_) header.push_back(column.headers.front());
  return header;
}

std::vector<std::string> SheetFamily::ExportRow(const v1::Application& application) const {
  const auto* reflection = application.GetReflection();
  const std::string& name = application.name();
  std::vector<std::string> cells;
  for (const Column& column : columns_) {
    std::string& cell = cells.emplace_back();
    const FieldDescriptor* field = v1::Application::descriptor()->FindFieldByName(column.field);
    if (column.field == kId) {
      cell = name.substr(name.rfind('/') + 1);
    } else if (column.field == kDepartment) {
      const size_t start = name.find('/') + 1;
      cell = name.substr(start, name.find('/', start) - start);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      cell = reflection->GetString(application, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
      if (reflection->HasField(application, field))
        cell = reflection->GetBool(application, field) ? "true" : "false";
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      if (reflection->HasField(application, field))
        cell = reflection->GetEnum(application, field)->name();
    } else if (reflection->GetInt32(application, field) != 0) {
      cell = std::to_string(reflection->GetInt32(application, field));
    }
  }
  return cells;
}

}  // namespace simpul::catalogue
