// How sheets of one family are read: which column is which, and what its values mean.
#ifndef SIMPUL_SERVICES_CATALOGUE_SHEET_FAMILY_H_
#define SIMPUL_SERVICES_CATALOGUE_SHEET_FAMILY_H_

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bus/config/yaml.h"
#include "simpul/catalogue/v1/inventory.pb.h"
#include "simpul/catalogue/v1/sheet.pb.h"

namespace simpul::catalogue {

// Where the columns of one sheet stand: column by index of the row, the family's column by index.
using Header = std::map<size_t, size_t>;

// Immutable, thread-safe.
class SheetFamily {
 public:
  struct Column {
    std::string field;  // of Application, or "id" or "department"
    std::vector<std::string> headers;
    bool is_required = false;
    std::string list;
  };

  // What is wrong with one row.
  struct Fault {
    size_t column;  // index in the sheet
    std::string reason;
  };

  // INVALID_ARGUMENT: all problems, each a line "<file>:<line>: <what was expected>".
  static absl::StatusOr<SheetFamily> Parse(std::string_view text, const std::string& file);
  static absl::StatusOr<SheetFamily> Load(const std::string& path);
  // spbe.yaml, built into the program, and its text.
  static SheetFamily BuiltIn();
  static std::string_view BuiltInText();

  // The columns that the cells of a row name as headers. INVALID_ARGUMENT: two cells name the same.
  absl::StatusOr<Header> Match(std::span<const std::string> cells) const;
  // The first header of each required column that `header` lacks.
  std::vector<std::string> Missing(const Header& header) const;

  // Fills `application` but for its name from a row; the words of its name go to `id` and
  // `department`. Nothing, or the first fault from the left.
  std::optional<Fault> Fill(const Header& header, std::span<const std::string> cells,
                            v1::Application& application, std::string& id,
                            std::string& department) const;

  // What an export writes: the first header of each column, and the cells that read as
  // `application`.
  std::vector<std::string> ExportHeader() const;
  std::vector<std::string> ExportRow(const v1::Application& application) const;

  const std::vector<Column>& columns() const { return columns_; }
  const std::string& department() const { return department_; }
  int header_within() const { return header_within_; }

 private:
  absl::Status Take(const v1::SheetFamily& read, const config::Locations& locations);
  std::string Set(const Column& column, const std::string& text, v1::Application& application,
                  std::string& id, std::string& department) const;

  std::string department_;
  int header_within_ = 20;
  std::vector<Column> columns_;                         // in the order of Application
  std::map<std::string, size_t, std::less<>> headers_;  // by FoldedText
  std::map<std::string, std::map<std::string, std::string, std::less<>>> lists_;
  std::map<std::string, std::string> codes_;  // of each list, as a refusal names them
};

// `text` without case, spaces and punctuation: what headers and spellings are compared by.
std::string FoldedText(std::string_view text);

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_SHEET_FAMILY_H_
