#include "adapters/sources/rest/request.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace simpul::sources::rest {
namespace {

using Json = nlohmann::ordered_json;

bool IsUnreserved(char c) {
  return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

absl::Status Expected(const char* part, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrFormat("%s: expected %s", part, what));
}

absl::Status In(std::string_view part, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", part, std::string(status.message())));
}

// Characters that may stand in a path as they are (RFC 3986, pchar and "/").
bool IsPathText(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !absl::ascii_isxdigit(text[i + 1]) ||
          !absl::ascii_isxdigit(text[i + 2])) {
        return false;
      }
    } else if (!IsUnreserved(text[i]) &&
               std::string_view("/!$&'()*+,;=:@").find(text[i]) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool IsDots(std::string_view segment) { return segment == "." || segment == ".."; }

// Whether the parameter's value can be no more than a piece of its segment.
bool ChangesPath(std::string_view path, size_t begin) {
  const size_t from = path.rfind('/', begin == 0 ? 0 : begin - 1) + 1;
  return IsDots(path.substr(from, path.find('/', begin) - from));
}

std::string Quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

void AppendEncoded(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out += c;
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
}

void AppendQuery(std::string_view name, std::string_view value, std::string& target) {
  target += target.find('?') == std::string::npos ? '?' : '&';
  AppendEncoded(name, target);
  target += '=';
  AppendEncoded(value, target);
}

// Writes the mapping's JSON again, with its parameters cut out.
class Request::BodyParser {
 public:
  explicit BodyParser(std::vector<BodyPiece>& out) : out_(out) {}

  absl::Status Add(const Json& json) {
    if (json.is_string()) return AddString(json.get_ref<const std::string&>());
    if (!json.is_structured()) {
      Text(json.dump());
      return absl::OkStatus();
    }
    Text(json.is_object() ? "{" : "[");
    bool is_first = true;
    for (const auto& item : json.items()) {
      if (!is_first) Text(",");
      is_first = false;
      if (json.is_object()) Text(Quoted(item.key()) + ":");
      if (auto s = Add(item.value()); !s.ok()) return s;
    }
    Text(json.is_object() ? "}" : "]");
    return absl::OkStatus();
  }

 private:
  absl::Status AddString(const std::string& text) {
    auto parsed = Template::Parse(text);
    if (!parsed.ok()) return parsed.status();
    if (parsed->is_one_parameter()) {
      out_.push_back({BodyPiece::Kind::kValue, parsed->pieces()[0].text});
      return absl::OkStatus();
    }
    Text("\"");
    for (const Template::Piece& piece : parsed->pieces()) {
      if (piece.is_parameter) {
        out_.push_back({BodyPiece::Kind::kInString, piece.text});
      } else {
        const std::string quoted = Quoted(piece.text);
        Text(quoted.substr(1, quoted.size() - 2));
      }
    }
    Text("\"");
    return absl::OkStatus();
  }

  void Text(std::string_view text) {
    if (out_.empty() || out_.back().kind != BodyPiece::Kind::kText) out_.emplace_back();
    out_.back().text += text;
  }

  std::vector<BodyPiece>& out_;
};

absl::StatusOr<Request> Request::Parse(const RequestText& text) {
  Request out;
  out.method_ = text.method;
  const auto methods = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  if (std::find(methods.begin(), methods.end(), text.method) == methods.end()) {
    return Expected("method", "GET, POST, PUT, PATCH or DELETE");
  }
  if (text.path.empty() || text.path[0] != '/') return Expected("path", "a path from '/' on");
  if (text.path.find_first_of("?#") != std::string::npos) {
    return Expected("path", "a path alone: parameters stand in 'query'");
  }
  auto path = Template::Parse(text.path);
  if (!path.ok()) return In("path", path.status());
  for (const Template::Piece& piece : path->pieces()) {
    if (!piece.is_parameter && !IsPathText(piece.text)) {
      return Expected("path", "no other characters than a URL has; write %20 for a space");
    }
  }
  out.path_ = *std::move(path);
  out.label_ = text.method + " " + text.path;
  for (const auto& [name, value] : text.query) {
    auto parsed = Template::Parse(value);
    if (name.empty()) return Expected("query", "a name for each parameter");
    if (!parsed.ok()) return In("query." + name, parsed.status());
    out.query_.emplace_back(name, *std::move(parsed));
  }
  if (text.body.empty()) return out;
  if (out.is_read()) return Expected("body", "none, as the method is GET");
  const Json json = Json::parse(text.body, nullptr, false);
  if (json.is_discarded()) return Expected("body", "JSON");
  if (auto s = BodyParser(out.body_).Add(json); !s.ok()) return In("body", s);
  return out;
}

bool Request::Has(std::string_view parameter) const {
  const auto in = [&](const Template& text) {
    return std::any_of(text.pieces().begin(), text.pieces().end(),
                       [&](const Template::Piece& piece) {
                         return piece.is_parameter && piece.text == parameter;
                       });
  };
  return in(path_) ||
         std::any_of(query_.begin(), query_.end(),
                     [&](const auto& parameters) { return in(parameters.second); }) ||
         std::any_of(body_.begin(), body_.end(), [&](const BodyPiece& piece) {
           return piece.kind != BodyPiece::Kind::kText && piece.text == parameter;
         });
}

std::vector<std::string> Request::parameters() const {
  std::vector<std::string> out;
  const auto add = [&](const Template& text) {
    for (const Template::Piece& piece : text.pieces()) {
      if (piece.is_parameter) out.push_back(piece.text);
    }
  };
  add(path_);
  for (const auto& [name, text] : query_) add(text);
  return out;
}

absl::StatusOr<Request::Filled> Request::Fill(const Bindings& bindings) const {
  Filled out;
  for (const Template::Piece& piece : path_.pieces()) {
    if (!piece.is_parameter) {
      out.target += piece.text;
      continue;
    }
    auto value = ValueOf(bindings, piece.text);
    if (!value.ok()) return value.status();
    const size_t begin = out.target.size();
    AppendEncoded(ValueText(**value), out.target);
    if (out.target.size() == begin || ChangesPath(out.target, begin)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the parameter '%s' has a value that no path can have", piece.text));
    }
  }
  for (const auto& [name, text] : query_) {
    std::string filled;
    bool is_left_out = false;
    for (const Template::Piece& piece : text.pieces()) {
      if (!piece.is_parameter) {
        filled += piece.text;
        continue;
      }
      auto value = ValueOf(bindings, piece.text);
      if (!value.ok()) return value.status();
      is_left_out |= std::holds_alternative<std::monostate>(**value);
      filled += ValueText(**value);
    }
    if (!is_left_out) AppendQuery(name, filled, out.target);
  }
  for (const BodyPiece& piece : body_) {
    if (piece.kind == BodyPiece::Kind::kText) {
      out.body += piece.text;
      continue;
    }
    auto value = ValueOf(bindings, piece.text);
    if (!value.ok()) return value.status();
    const bool is_null = std::holds_alternative<std::monostate>(**value);
    const std::string quoted = Quoted(ValueText(**value));
    if (piece.kind == BodyPiece::Kind::kInString) {
      out.body += quoted.substr(1, quoted.size() - 2);
    } else if (is_null || std::holds_alternative<int64_t>(**value)) {
      out.body += is_null ? "null" : ValueText(**value);
    } else {
      out.body += quoted;
    }
  }
  return out;
}

}  // namespace simpul::sources::rest
