#include "adapters/engine/cases.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "adapters/engine/mapping.h"
#include "adapters/engine/reader.h"
#include "adapters/engine/text_value.h"
#include "adapters/sources/rest/replay.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "yaml-cpp/yaml.h"

namespace simpul::engine {
namespace {

namespace fs = std::filesystem;
using google::protobuf::Message;
using sources::Batch;
using sources::Cell;

// What the legacy answered, as a case has it written down.
struct Rows {
  std::vector<std::string> columns;
  std::vector<Cell> cells;
  std::deque<std::string> texts;  // what the cells point to
  size_t count = 0;
};

// A scalar of rows.yaml: in quotes text, else the nearest of number, time and text.
Cell ToCell(const YAML::Node& node, Rows& rows) {
  if (node.IsNull()) return Cell::Null();
  const std::string& text = node.Scalar();
  if (node.Tag() != "!") {  // not in quotes
    int64_t integer = 0;
    double real = 0;
    IsoTime time;
    if (absl::SimpleAtoi(text, &integer)) return Cell::Int(integer);
    if (absl::SimpleAtod(text, &real)) return Cell::Real(real);
    if (text.size() > 10 && ParseIsoTime(text, time)) {
      const int64_t micros = time.seconds * 1'000'000 + time.nanos / 1000;
      return time.has_offset ? Cell::Time(micros) : Cell::LocalTime(micros);
    }
    if (text == "true" || text == "false") return Cell::Int(text == "true");
  }
  rows.texts.push_back(text);
  return Cell::Text(rows.texts.back());
}

void LoadRows(const std::string& path, Rows& rows) {
  const YAML::Node root = YAML::LoadFile(path);
  for (const YAML::Node& row : root) {
    for (const auto& entry : row) {
      const std::string column = entry.first.Scalar();
      if (std::find(rows.columns.begin(), rows.columns.end(), column) == rows.columns.end()) {
        rows.columns.push_back(column);
      }
    }
  }
  for (const YAML::Node& row : root) {
    for (const std::string& column : rows.columns) {
      const YAML::Node value = row[column];
      rows.cells.push_back(value.IsDefined() ? ToCell(value, rows) : Cell::Null());
    }
    ++rows.count;
  }
}

// YAML as JSON, for the request.
std::string ToJson(const YAML::Node& node) {
  if (node.IsMap()) {
    std::string json = "{";
    for (const auto& entry : node) {
      json += absl::StrFormat("%s\"%s\":%s", json.size() > 1 ? "," : "", entry.first.Scalar(),
                              ToJson(entry.second));
    }
    return json + "}";
  }
  if (node.IsSequence()) {
    std::string json = "[";
    for (const YAML::Node& element : node) {
      json += (json.size() > 1 ? "," : "") + ToJson(element);
    }
    return json + "]";
  }
  double number = 0;
  if (node.IsNull()) return "null";
  if (node.Tag() != "!" && (absl::SimpleAtod(node.Scalar(), &number) || node.Scalar() == "true" ||
                            node.Scalar() == "false")) {
    return node.Scalar();
  }
  std::string quoted = "\"";
  for (const char c : node.Scalar()) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

const google::protobuf::MethodDescriptor* FindMethod(const LoadedMapping& mapping,
                                                     const std::string& rpc) {
  const auto* service = ContractPool().FindServiceByName(mapping.service);
  return service == nullptr ? nullptr : service->FindMethodByName(rpc);
}

std::unique_ptr<Message> NewMessage(const google::protobuf::Descriptor& type) {
  static auto* const factory = new google::protobuf::DynamicMessageFactory;
  return std::unique_ptr<Message>(factory->GetPrototype(&type)->New());
}

// Runs the call of one case on what the legacy answered.
absl::StatusOr<std::string> Call(const LoadedMapping& mapping, const std::string& rpc,
                                 const std::string& request, Ask ask) {
  const rpc::TokenKey tokens(std::string(32, 'k'));
  const Reader reader(mapping, tokens);
  return reader.Answer(rpc, request, ask);
}

absl::StatusOr<std::string> CallOnRows(const LoadedMapping& mapping, const fs::path& folder,
                                       const std::string& rpc, const std::string& request) {
  Rows rows;
  LoadRows((folder / "rows.yaml").string(), rows);
  return Call(
      mapping, rpc, request,
      [&](const MappedQuery&, const sources::Bindings&, sources::EachBatch each) {
        return each({.columns = &rows.columns, .cells = rows.cells.data(), .rows = rows.count});
      });
}

// `answer.json` or another `answer.…`, whatever the application said; `status` in call.yaml.
absl::StatusOr<std::string> CallOnAnswer(const LoadedMapping& mapping, const fs::path& folder,
                                         int code, const std::string& rpc,
                                         const std::string& request) {
  fs::path file;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().stem() == "answer") file = entry.path();
  }
  const std::string body = ReadFile(file);
  return Call(
      mapping, rpc, request,
      [&](const MappedQuery& query, const sources::Bindings& bindings, sources::EachBatch each) {
        return sources::rest::Replay(static_cast<const sources::rest::Query&>(*query.query), code,
                                     body, bindings, each);
      });
}

std::string CompareError(const fs::path& path, const absl::StatusOr<std::string>& answer) {
  const YAML::Node want = YAML::LoadFile(path.string());
  const std::string code = want["code"].as<std::string>("");
  const std::string message = want["message"].as<std::string>("");
  if (answer.ok()) return absl::StrFormat("expected the error %s; the call succeeded", code);
  const std::string text(answer.status().message());
  if (absl::StatusCodeToString(answer.status().code()) == code &&
      absl::StrContains(text, message)) {
    return "";
  }
  return absl::StrFormat("expected %s with '%s'; got %s: %s", code, message,
                         absl::StatusCodeToString(answer.status().code()), text);
}

std::string CompareAnswer(const fs::path& path, const google::protobuf::Descriptor& type,
                          const absl::StatusOr<std::string>& answer) {
  if (!answer.ok()) {
    return absl::StrFormat("expected an answer; got %s: %s",
                           absl::StatusCodeToString(answer.status().code()),
                           std::string(answer.status().message()));
  }
  auto got = NewMessage(type);
  auto want = NewMessage(type);
  if (!got->ParseFromString(*answer)) return "the answer is no message of the contract";
  const auto parsed = google::protobuf::util::JsonStringToMessage(ReadFile(path), want.get());
  if (!parsed.ok()) {
    return absl::StrFormat("%s: expected JSON of %s: %s", path.string(), type.full_name(),
                           std::string(parsed.message()));
  }
  const auto* token = type.FindFieldByName("next_page_token");
  if (token != nullptr && !got->GetReflection()->GetString(*got, token).empty()) {
    got->GetReflection()->SetString(got.get(), token, "*");
  }
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  return differencer.Compare(*want, *got) ? "" : "differs from want.json:\n" + difference;
}

std::string RunCase(const LoadedMapping& mapping, const fs::path& folder) {
  try {
    const YAML::Node call = YAML::LoadFile((folder / "call.yaml").string());
    const std::string rpc = call["rpc"].as<std::string>("");
    const auto* method = FindMethod(mapping, rpc);
    if (method == nullptr) {
      return absl::StrFormat("%s: expected an rpc of %s", (folder / "call.yaml").string(),
                             mapping.service);
    }
    auto request = NewMessage(*method->input_type());
    if (call["request"].IsDefined()) {
      const auto parsed =
          google::protobuf::util::JsonStringToMessage(ToJson(call["request"]), request.get());
      if (!parsed.ok()) {
        return absl::StrFormat("%s: expected a %s: %s", (folder / "call.yaml").string(),
                               method->input_type()->full_name(), std::string(parsed.message()));
      }
    }
    const std::string bytes = request->SerializeAsString();
    const auto answer = mapping.dsn.empty()
                            ? CallOnAnswer(mapping, folder, call["status"].as<int>(200), rpc, bytes)
                            : CallOnRows(mapping, folder, rpc, bytes);
    if (fs::exists(folder / "want-error.yaml")) {
      return CompareError(folder / "want-error.yaml", answer);
    }
    if (!fs::exists(folder / "want.json")) return "expected want.json or want-error.yaml";
    return CompareAnswer(folder / "want.json", *method->output_type(), answer);
  } catch (const YAML::Exception& error) {
    return absl::StrFormat("%s: %s", folder.string(), std::string(error.what()));
  }
}

}  // namespace

absl::StatusOr<std::vector<CaseResult>> RunCases(const std::string& directory) {
  auto mapping = LoadMapping(directory);
  if (!mapping.ok()) return mapping.status();
  std::vector<fs::path> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(directory) / "testdata", error)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  if (folders.empty()) {
    return absl::NotFoundError(absl::StrFormat(
        "%s/testdata has no cases; add a folder with rows.yaml, call.yaml and want.json",
        directory));
  }
  std::sort(folders.begin(), folders.end());
  std::vector<CaseResult> results;
  for (const fs::path& folder : folders) {
    CaseResult result{.name = folder.filename().string()};
    result.message = RunCase(**mapping, folder);
    result.passed = result.message.empty();
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace simpul::engine
