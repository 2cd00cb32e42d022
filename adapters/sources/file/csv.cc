#include "adapters/sources/file/csv.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace simpul::file {
namespace {

constexpr size_t kLongestRow = 1 << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF.
bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
    const uint8_t first = byte(i);
    const size_t more = first < 0x80 ? 0 : first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : 3;
    if (more == 3 && (first < 0xf0 || first > 0xf4)) return false;
    if (i + more >= text.size()) return false;
    for (size_t k = 1; k <= more; ++k) {
      if (byte(i + k) >> 6 != 2) return false;
    }
    if (more == 1 && first < 0xc2) return false;
    if (first == 0xe0 && byte(i + 1) < 0xa0) return false;
    if (first == 0xed && byte(i + 1) > 0x9f) return false;
    if (first == 0xf0 && byte(i + 1) < 0x90) return false;
    if (first == 0xf4 && byte(i + 1) > 0x8f) return false;
    i += more + 1;
  }
  return true;
}

// Takes characters, gives rows.
class Parser {
 public:
  Parser(char separator, absl::FunctionRef<absl::Status(const SheetRow&)> each)
      : separator_(separator), each_(each) {
    row_.number = 1;
  }

  absl::Status Take(std::string_view bytes) {
    for (const char c : bytes) {
      if (auto status = TakeOne(c); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Finish() {
    if (in_quotes_ && !saw_quote_) return Wrong("a quote is not closed until the end of the file");
    return is_begun_ ? EndRow() : absl::OkStatus();
  }

 private:
  absl::Status TakeOne(char c) {
    if (++length_ > kLongestRow) {
      return Wrong("longer than 1 MiB; a quote that is not closed looks like this");
    }
    const bool after_cr = std::exchange(was_cr_, false);
    if (in_quotes_ && !saw_quote_) {
      if (c == '"') {
        saw_quote_ = true;
      } else {
        cell_ += c;
      }
      return absl::OkStatus();
    }
    if (c == '"' && (saw_quote_ || cell_.empty())) {
      if (saw_quote_) cell_ += '"';
      in_quotes_ = true;
      saw_quote_ = false;
      is_begun_ = true;
      return absl::OkStatus();
    }
    if (c == '\n' && after_cr) return absl::OkStatus();
    if (c == '\n' || c == '\r') {
      was_cr_ = c == '\r';
      return EndRow();
    }
    in_quotes_ = saw_quote_ = false;
    is_begun_ = true;
    if (c == separator_) {
      row_.cells.push_back(std::move(cell_));
      cell_.clear();
    } else {
      cell_ += c;
    }
    return absl::OkStatus();
  }

  absl::Status EndRow() {
    if (is_begun_) row_.cells.push_back(std::move(cell_));
    for (const std::string& cell : row_.cells) {
      if (!IsUtf8(cell)) return Wrong("not UTF-8; save the sheet as \"CSV UTF-8\"");
    }
    if (auto status = each_(row_); !status.ok()) return status;
    row_.cells.clear();
    ++row_.number;
    cell_.clear();
    length_ = 0;
    in_quotes_ = saw_quote_ = is_begun_ = false;
    return absl::OkStatus();
  }

  absl::Status Wrong(std::string_view what) const {
    return absl::InvalidArgumentError(absl::StrFormat("row %d: %s", row_.number, what));
  }

  const char separator_;
  const absl::FunctionRef<absl::Status(const SheetRow&)> each_;
  SheetRow row_;
  std::string cell_;
  size_t length_ = 0;
  bool in_quotes_ = false;
  bool saw_quote_ = false;  // in quotes: the end of them, or the first of a doubled one
  bool was_cr_ = false;
  bool is_begun_ = false;  // the row has something in it
};

}  // namespace

char FindSeparator(std::string_view start) {
  int counts[3] = {};
  constexpr std::string_view kSeparators = ",;\t";
  bool in_quotes = false;
  for (const char c : start) {
    if (c == '"') in_quotes = !in_quotes;
    const size_t which = kSeparators.find(c);
    if (!in_quotes && which != kSeparators.npos) ++counts[which];
  }
  size_t most = 0;
  for (size_t i = 1; i < kSeparators.size(); ++i) {
    if (counts[i] > counts[most]) most = i;
  }
  return kSeparators[most];
}

absl::Status ParseCsv(NextBytes next, absl::FunctionRef<absl::Status(const SheetRow&)> each) {
  auto bytes = next();
  if (!bytes.ok()) return bytes.status();
  if (bytes->starts_with(kByteOrderMark)) bytes->remove_prefix(kByteOrderMark.size());
  Parser parser(FindSeparator(bytes->substr(0, 16384)), each);
  while (!bytes->empty()) {
    if (auto status = parser.Take(*bytes); !status.ok()) return status;
    bytes = next();
    if (!bytes.ok()) return bytes.status();
  }
  return parser.Finish();
}

std::string CsvLine(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) {
    if (&cell != &cells.front()) line += ',';
    if (cell.find_first_of(",;\t\"\r\n") == cell.npos) {
      line += cell;
    } else {
      line += '"' + absl::StrReplaceAll(cell, {{"\"", "\"\""}}) + '"';
    }
  }
  return line + "\r\n";
}

}  // namespace simpul::file
