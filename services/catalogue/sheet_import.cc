#include "services/catalogue/sheet_import.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace simpul::catalogue {
namespace {

// A request holds up to 1000 applications and 4 MiB.
constexpr size_t kBatch = 500;
constexpr size_t kBatchBytes = 512 << 10;
// How many headers a row has at least before we take it for a header that lacks some.
constexpr size_t kLikeAHeader = 3;

bool IsEmpty(std::span<const std::string> cells) {
  return std::all_of(cells.begin(), cells.end(), [](const std::string& cell) {
    return absl::StripAsciiWhitespace(cell).empty();
  });
}

// The row "1 2 3 …" or "(1) (2) (3) …" that official tables have below their header.
bool NumbersColumns(std::span<const std::string> cells) {
  size_t count = 0;
  int last = 0;
  for (const std::string& cell : cells) {
    const std::string text = FoldedText(cell);
    if (text.empty()) continue;
    int number = 0;
    if (!absl::SimpleAtoi(text, &number) || (count > 0 && number != last + 1)) return false;
    last = number;
    ++count;
  }
  return count >= 3;
}

}  // namespace

std::string ColumnLetters(size_t index) {
  std::string letters;
  for (size_t rest = index + 1; rest > 0; rest = (rest - 1) / 26) {
    letters.insert(letters.begin(), static_cast<char>('A' + (rest - 1) % 26));
  }
  return letters;
}

SheetImport::SheetImport(const SheetFamily& family, std::string department, Import import,
                         Report report)
    : family_(family),
      department_(department.empty() ? family.department() : std::move(department)),
      import_(std::move(import)),
      report_(std::move(report)) {}

void SheetImport::Begin(const std::string& sheet) {
  if (has_begun_ && sheet == sheet_) return;
  has_begun_ = true;
  sheet_ = sheet;
  has_header_ = is_after_header_ = is_useless_ = false;
}

absl::Status SheetImport::Take(const std::string& sheet, int64_t number,
                               std::span<const std::string> cells) {
  Begin(sheet);
  if (is_useless_ || IsEmpty(cells)) return absl::OkStatus();
  if (!has_header_) {
    FindHeader(number, cells);
    return absl::OkStatus();
  }
  if (std::exchange(is_after_header_, false) && NumbersColumns(cells)) return absl::OkStatus();
  AddRow(number, cells);
  pending_bytes_ += pending_.back().application.ByteSizeLong();
  const bool is_full = pending_.size() >= kBatch || pending_bytes_ >= kBatchBytes;
  return is_full ? Flush() : absl::OkStatus();
}

void SheetImport::FindHeader(int64_t number, std::span<const std::string> cells) {
  auto header = family_.Match(cells);
  std::string reason(header.status().message());
  if (header.ok()) {
    const auto missing = family_.Missing(*header);
    if (missing.empty()) {
      header_ = *std::move(header);
      has_header_ = is_after_header_ = found_any_ = true;
      return;
    }
    if (header->size() >= kLikeAHeader) {
      reason = absl::StrFormat("the header lacks the column %s", absl::StrJoin(missing, ", "));
    }
  }
  is_useless_ = !reason.empty() || number >= family_.header_within();
  if (reason.empty()) return;
  found_any_ = true;
  Pending& row = pending_.emplace_back();
  row.report.set_sheet(sheet_);
  row.report.set_row(static_cast<int32_t>(number));
  row.report.set_result(v1::ImportOutcome::REFUSED);
  row.report.set_reason(reason);
}

void SheetImport::AddRow(int64_t number, std::span<const std::string> cells) {
  Pending& row = pending_.emplace_back();
  row.header = header_;
  row.report.set_sheet(sheet_);
  row.report.set_row(static_cast<int32_t>(number));
  std::string id;
  std::string department;
  const auto fault = family_.Fill(header_, cells, row.application, id, department);
  if (fault) {
    const auto& column = family_.columns()[header_.at(fault->column)];
    return Refuse(column.field, fault->reason, header_, row.report);
  }
  const std::string name = NameOf(id, department, row.report);
  if (name.empty()) return;
  row.application.set_name(name);
  row.report.set_application(name);
  const std::string here =
      absl::StrFormat("row %d%s", number, sheet_.empty() ? "" : " of " + sheet_);
  const auto [first, is_new] = seen_.emplace(name, here);
  if (!is_new) Refuse("id", first->second + " has the same code", header_, row.report);
}

// Empty: it is refused.
std::string SheetImport::NameOf(const std::string& id, const std::string& of_row,
                                v1::RowReport& report) const {
  if (of_row.empty() && department_.empty()) {
    Refuse("department", "nothing says whose it is; give the department, or a column with it",
           header_, report);
    return "";
  }
  if (!of_row.empty() && !department_.empty() && of_row != department_) {
    Refuse("department", "another department than " + department_, header_, report);
    return "";
  }
  return absl::StrFormat("departments/%s/applications/%s", of_row.empty() ? department_ : of_row,
                         id);
}

void SheetImport::Refuse(const std::string& field, const std::string& reason, const Header& header,
                         v1::RowReport& report) const {
  report.set_result(v1::ImportOutcome::REFUSED);
  report.set_reason(reason);
  // What is wrong with a name is wrong with the code, unless it was the department.
  const std::string wanted = field == "name" ? "id" : field;
  for (const auto& [index, which] : header) {
    const SheetFamily::Column& column = family_.columns()[which];
    if (column.field != wanted) continue;
    report.set_column(ColumnLetters(index));
    report.set_header(column.headers.front());
  }
}

absl::Status SheetImport::Flush() {
  std::vector<v1::Application> applications;
  for (const Pending& row : pending_) {
    if (row.report.result() != v1::ImportOutcome::REFUSED) applications.push_back(row.application);
  }
  std::vector<v1::ImportOutcome> outcomes;
  if (!applications.empty()) {
    const size_t asked = applications.size();
    auto imported = import_(std::move(applications));
    if (!imported.ok()) return imported.status();
    if (imported->size() != asked) return absl::InternalError("an outcome of a row is missing");
    outcomes = *std::move(imported);
  }
  auto next = outcomes.begin();
  for (Pending& row : pending_) {
    if (row.report.result() != v1::ImportOutcome::REFUSED) {
      const v1::ImportOutcome& outcome = *next++;
      row.report.set_result(outcome.result());
      if (outcome.result() == v1::ImportOutcome::REFUSED) {
        Refuse(outcome.fields(0), outcome.reason(), row.header, row.report);
      } else {
        *row.report.mutable_fields() = outcome.fields();
      }
    }
    report_(row.report);
  }
  pending_.clear();
  pending_bytes_ = 0;
  return absl::OkStatus();
}

absl::Status SheetImport::Finish() {
  if (!found_any_) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "no header in the first %d rows of any sheet; expected one with the columns %s",
        family_.header_within(), absl::StrJoin(family_.Missing({}), ", ")));
  }
  return Flush();
}

}  // namespace simpul::catalogue
