#include "gateway/transcode/request.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "gateway/transcode/text.h"
#include "gateway/transcode/url.h"
#include "gateway/transcode/wire_reader.h"
#include "gateway/transcode/wire_writer.h"

namespace simpul::transcode {

namespace {

using Fields = std::span<const FieldPlan* const>;  // From the request down, such as {book, name}.

std::string PathText(Fields fields) {
  std::string text;
  for (const FieldPlan* field : fields) text += (text.empty() ? "" : ".") + field->name;
  return text;
}

absl::Status Refuse(Fields fields, const char* why) {
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", PathText(fields), why));
}

bool IsSame(Fields a, Fields b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

// Two members of one oneof of the same message.
bool AreRivals(Fields a, Fields b) {
  if (a.size() != b.size() || !IsSame(a.first(a.size() - 1), b.first(b.size() - 1))) return false;
  return a.back() != b.back() && a.back()->oneof != FieldPlan::kNoOneof &&
         a.back()->oneof == b.back()->oneof;
}

// One value as paths and queries write it: without quotes, whatever it is.
bool WriteText(const FieldPlan& field, std::string_view text, WireWriter& writer) {
  if (field.kind == Kind::kBool) {
    if (text == "true" || text == "false") return writer.Boolean(field, text == "true", true);
    return writer.Text(field, text, true);  // Says what was expected.
  }
  bool number = !text.empty() && (IsDigit(text.front()) || text.front() == '-');
  if (field.kind == Kind::kEnum && number) return writer.Number(field, text, true);
  if (field.kind < Kind::kMessage) return writer.Text(field, text, true);
  writer.Tag(field);
  size_t opened = writer.out().OpenLength();
  bool ok = field.kind == Kind::kWrapper ? WriteText(field.message->fields[0], text, writer)
                                         : writer.TextBody(*field.message, text);
  writer.out().CloseLength(opened);
  return ok;
}

// The value inside the messages on the way to it.
absl::Status WriteNested(Fields fields, std::string_view text, Buffer& out) {
  if (!IsUtf8(text.data(), text.data() + text.size())) return Refuse(fields, "not UTF-8");
  WireWriter writer(out);
  size_t opened[PathVariable::kMaxDepth];
  size_t depth = 0;
  for (const FieldPlan* field : fields.first(fields.size() - 1)) {
    writer.Tag(*field);
    opened[depth++] = out.OpenLength();
  }
  if (!WriteText(*fields.back(), text, writer)) return Refuse(fields, writer.why());
  while (depth > 0) out.CloseLength(opened[--depth]);
  return absl::OkStatus();
}

// How an error calls a parameter: by its name if that could be one of a field. Anything else may be
// a value in the wrong place, and is counted.
std::string NameOf(std::string_view name, size_t number) {
  constexpr size_t kLongest = 64;
  auto fits = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
  };
  if (name.empty() || name.size() > kLongest || IsDigit(name.front()) ||
      !std::all_of(name.begin(), name.end(), fits)) {
    return absl::StrFormat("parameter %d", number);
  }
  return "\"" + std::string(name) + "\"";
}

enum class InBody { kAbsent, kSame, kOther };

// What `body`, which JsonToWire wrote, says of a field that the path gives as `value` (tag and
// value, nothing for a default).
InBody LookInBody(Fields fields, std::string_view body, std::string_view value) {
  for (WireReader reader(body); !reader.AtEnd();) {
    const char* start = reader.p;
    uint32_t number;
    uint32_t wire_type;
    if (!reader.Tag(number, wire_type)) break;
    WireReader inside = reader;
    if (!reader.Skip(number, wire_type)) break;
    if (number == fields.front()->number) {
      std::string_view nested;
      if (fields.size() > 1) {
        return inside.Length(nested) ? LookInBody(fields.subspan(1), nested, value)
                                     : InBody::kOther;
      }
      std::string_view whole(start, static_cast<size_t>(reader.p - start));
      return whole == value ? InBody::kSame : InBody::kOther;
    }
  }
  return InBody::kAbsent;
}

// Whether the body sets another member of the oneof that the path's field is in.
bool HasRival(const MessagePlan& plan, Fields fields, std::string_view body) {
  for (WireReader reader(body); !reader.AtEnd();) {
    uint32_t number;
    uint32_t wire_type;
    if (!reader.Tag(number, wire_type)) break;
    WireReader inside = reader;
    if (!reader.Skip(number, wire_type)) break;
    const FieldPlan* field = plan.FindNumber(number);
    if (field == nullptr) continue;
    std::string_view nested;
    if (fields.size() > 1) {
      if (field == fields.front() && inside.Length(nested)) {
        return HasRival(*field->message, fields.subspan(1), nested);
      }
    } else if (AreRivals(std::span(&field, 1), fields)) {
      return true;
    }
  }
  return false;
}

// Puts together one request.
class Request {
 public:
  Request(const Match& match, Buffer& out, const JsonToWireLimits& limits)
      : match_(match), route_(*match.route), out_(out), limits_(limits), start_(out.size()) {}

  absl::Status Build(std::string_view query, PaddedText body) {
    if (absl::Status status = Body(body); !status.ok()) return status;
    size_t body_size = out_.size() - start_;
    for (size_t i = 0; i < route_.variables.size(); ++i) {
      if (absl::Status status = Variable(i, body_size); !status.ok()) return status;
    }
    if (absl::Status status = Query(query); !status.ok()) return status;
    if (out_.size() - start_ > limits_.max_output) {
      return absl::ResourceExhaustedError("more than may be sent in one request");
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Body(PaddedText body) {
    if (body.size == 0) return absl::OkStatus();
    if (route_.whole_body) return JsonToWire(*route_.method->request, body, out_, limits_);
    if (route_.body_field != nullptr) return JsonToWire(*route_.body_field, body, out_, limits_);
    return absl::InvalidArgumentError("body: this method takes none; use the query");
  }

  absl::Status Variable(size_t index, size_t body_size) {
    const PathVariable& variable = route_.variables[index];
    Decode mode = variable.single_segment ? Decode::kSegment : Decode::kSegments;
    std::string_view text = PercentDecode(match_.values[index], mode, scratch_);
    if (absl::Status status = WriteNested(variable.field, text, out_); !status.ok()) return status;
    if (body_size == 0) return absl::OkStatus();
    // The bytes of the field alone, as the body would have them.
    Buffer alone;
    WireWriter writer(alone);
    WriteText(*variable.field.back(), text, writer);
    std::string_view body(out_.data() + start_, body_size);
    if (LookInBody(variable.field, body, alone.view()) == InBody::kOther) {
      return Refuse(variable.field, "given in the path and, differently, in the body");
    }
    if (HasRival(*route_.method->request, variable.field, body)) {
      return Refuse(variable.field, "another field of this oneof is in the body");
    }
    return absl::OkStatus();
  }

  absl::Status Query(std::string_view query) {
    for (size_t number = 1; !query.empty(); ++number) {
      size_t end = query.find('&');
      std::string_view parameter = query.substr(0, end);
      query.remove_prefix(end == query.npos ? query.size() : end + 1);
      if (parameter.empty()) continue;
      if (absl::Status status = Parameter(parameter, number); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Parameter(std::string_view parameter, size_t number) {
    if (!HasValidEscapes(parameter)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("query: parameter %d is not percent-encoded", number));
    }
    size_t equals = parameter.find('=');
    std::string_view name = PercentDecode(parameter.substr(0, equals), Decode::kQuery, scratch_);
    std::vector<const FieldPlan*> fields;
    if (!Resolve(name, fields)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "query: %s is no field of the request that a query can set", NameOf(name, number)));
    }
    if (route_.whole_body) return Refuse(fields, "belongs in the body, not in the query");
    if (absl::Status status = Claim(fields); !status.ok()) return status;
    std::string_view raw = equals == parameter.npos ? "" : parameter.substr(equals + 1);
    return WriteNested(fields, PercentDecode(raw, Decode::kQuery, scratch_), out_);
  }

  bool Resolve(std::string_view name, std::vector<const FieldPlan*>& fields) const {
    const MessagePlan* in = route_.method->request;
    for (bool last = false; !last;) {
      size_t dot = name.find('.');
      last = dot == name.npos;
      const FieldPlan* field = in->FindName(name.substr(0, dot));
      if (field == nullptr || fields.size() == PathVariable::kMaxDepth) return false;
      bool fits = last ? field->shape != Shape::kMap && FitsInText(field->kind)
                       : field->shape == Shape::kSingular && field->kind == Kind::kMessage;
      if (!fits) return false;
      fields.push_back(field);
      in = field->message;
      if (!last) name.remove_prefix(dot + 1);
    }
    return true;
  }

  // Refuses what was given already, in whatever place.
  absl::Status Claim(const std::vector<const FieldPlan*>& fields) {
    if (fields.front() == route_.body_field) return Refuse(fields, "belongs in the body");
    for (const PathVariable& variable : route_.variables) {
      if (IsSame(variable.field, fields)) return Refuse(fields, "given in the path already");
      if (AreRivals(variable.field, fields)) {
        return Refuse(fields, "another field of this oneof is in the path");
      }
    }
    if (fields.back()->shape == Shape::kRepeated) return absl::OkStatus();
    for (const auto& other : given_) {
      if (IsSame(other, fields)) return Refuse(fields, "given twice");
      if (AreRivals(other, fields)) return Refuse(fields, "another field of this oneof is set too");
    }
    given_.push_back(fields);
    return absl::OkStatus();
  }

  const Match& match_;
  const Route& route_;
  Buffer& out_;
  const JsonToWireLimits& limits_;
  size_t start_;
  std::string scratch_;
  std::vector<std::vector<const FieldPlan*>> given_;  // Singular ones of the query.
};

}  // namespace

absl::Status BuildRequest(const Match& match, std::string_view query, PaddedText body, Buffer& out,
                          const JsonToWireLimits& limits) {
  size_t start = out.size();
  absl::Status status = Request(match, out, limits).Build(query, body);
  if (!status.ok()) out.Truncate(start);
  return status;
}

}  // namespace simpul::transcode
