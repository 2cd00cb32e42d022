#include "bus/observe/log.h"

#include <unistd.h>

#include <atomic>
#include <cmath>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace simpul::observe {
namespace {

std::atomic<Severity> minimum{Severity::kInfo};

std::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "INFO";
    case Severity::kWarning:
      return "WARNING";
    case Severity::kError:
      return "ERROR";
  }
  return "ERROR";
}

// The length of the well-formed UTF-8 character at the start of `text`, or 0 (RFC 3629, section 4).
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                        : lead >> 4 == 0xe             ? 3
                        : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
      (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return length;
}

void AppendString(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const unsigned char c = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += text[0];
    } else if (c < 0x20) {
      out += absl::StrFormat("\\u%04x", c);
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void AppendValue(std::string& out, int64_t value) { out += absl::StrFormat("%d", value); }
void AppendValue(std::string& out, bool value) { out += value ? "true" : "false"; }
void AppendValue(std::string& out, std::string_view value) { AppendString(out, value); }
void AppendValue(std::string& out, double value) {
  out += std::isfinite(value) ? absl::StrFormat("%.9g", value) : "null";
}

}  // namespace

void Log(Severity severity, std::string_view part, std::string_view message,
         std::initializer_list<LogField> fields) {
  if (severity < minimum.load(std::memory_order_relaxed)) return;
  std::string line = absl::StrFormat(
      R"({"time":"%s","severity":"%s","part":)",
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone()), Name(severity));
  AppendString(line, part);
  line += ",\"message\":";
  AppendString(line, message);
  for (const LogField& field : fields) {
    line += ',';
    AppendString(line, field.name);
    line += ':';
    std::visit([&](const auto& value) { AppendValue(line, value); }, field.value);
  }
  line += "}\n";
  // Whoever reads our log may be gone; there is nobody left to tell.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

std::string StatusText(const absl::Status& status) {
  return absl::StrFormat("%s: %s", absl::StatusCodeToString(status.code()), status.message());
}

void SetMinimumSeverity(Severity severity) { minimum = severity; }

}  // namespace simpul::observe
