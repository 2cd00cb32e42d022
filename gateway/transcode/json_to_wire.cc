#include "gateway/transcode/json_to_wire.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "gateway/transcode/field_path.h"
#include "gateway/transcode/json_scanner.h"
#include "gateway/transcode/seen_fields.h"
#include "gateway/transcode/wire_writer.h"

namespace simpul::transcode {

namespace {

// The keys of one map as they lie on the wire.
class MapKeys {
 public:
  void Add(size_t at, size_t size) { keys_.push_back({at, size}); }
  bool AreDistinct(const char* wire) {
    if (keys_.size() < 2) return true;
    auto bytes = [wire](const auto& key) { return std::string_view(wire + key.first, key.second); };
    std::sort(keys_.begin(), keys_.end(),
              [&](const auto& a, const auto& b) { return bytes(a) < bytes(b); });
    return std::adjacent_find(keys_.begin(), keys_.end(), [&](const auto& a, const auto& b) {
             return bytes(a) == bytes(b);
           }) == keys_.end();
  }

 private:
  std::vector<std::pair<size_t, size_t>> keys_;
};

// Reads one document, by recursive descent along the plan. Functions return false after an error;
// each level adds its step to the path while the calls unwind, so the usual path pays nothing for
// it.
class Reader {
 public:
  Reader(PaddedText json, Buffer& out, const JsonToWireLimits& limits)
      : scanner_(json), writer_(out), out_(out), start_(out.size()), levels_(limits.max_depth) {
    bool all = limits.max_output > SIZE_MAX - start_;
    largest_ = all ? SIZE_MAX : start_ + limits.max_output;
  }

  absl::Status Message(const MessagePlan& plan) {
    scanner_.SkipSpace();
    return Finish(Body(plan));
  }
  absl::Status Field(const FieldPlan& field) {
    scanner_.SkipSpace();
    SeenFields seen;
    return Finish(Member(field, seen) || path_.Add(field));
  }

 private:
  absl::Status Finish(bool ok);
  bool Wrote(bool ok) { return ok || scanner_.Fail(writer_.why()); }
  bool WithinOutput() {
    if (out_.size() <= largest_) return true;
    too_large_ = true;
    return scanner_.Fail("more than may be sent in one request");
  }
  bool Enter() {
    if (levels_ == 0) return scanner_.Fail("nested too deeply");
    --levels_;
    return true;
  }
  bool Leave() {
    ++levels_;
    return true;
  }

  bool Body(const MessagePlan& plan);
  bool Object(const MessagePlan& plan, bool inside_any);
  bool Key(const MessagePlan& plan, const FieldPlan*& next, bool inside_any,
           const FieldPlan*& field);
  bool Member(const FieldPlan& field, SeenFields& seen);
  bool Value(const FieldPlan& field, bool tagged);
  bool Number(const FieldPlan& field, bool tagged);
  bool Array(const FieldPlan& field);
  bool Map(const FieldPlan& field);
  bool MapEntry(const FieldPlan& field, MapKeys& keys);
  bool StructBody(const MessagePlan& plan);
  bool ValueBody(const MessagePlan& plan);
  bool ListBody(const MessagePlan& plan);
  bool AnyBody(const MessagePlan& plan);
  bool FindType(bool& found);
  bool AnyPayload(const MessagePlan& payload);

  JsonScanner scanner_;
  WireWriter writer_;
  Buffer& out_;
  size_t start_;
  size_t largest_;
  int levels_;
  size_t looked_ahead_ = 0;
  bool too_large_ = false;
  FieldPath path_;
};

absl::Status Reader::Finish(bool ok) {
  scanner_.SkipSpace();
  if (ok && !scanner_.AtEnd()) ok = scanner_.Fail("something after the document");
  if (ok) ok = WithinOutput();
  if (ok) return absl::OkStatus();
  out_.Truncate(start_);
  std::string text =
      absl::StrFormat("%s%s at byte %d", path_.Prefix(), scanner_.why(), scanner_.offset());
  return too_large_ ? absl::ResourceExhaustedError(text) : absl::InvalidArgumentError(text);
}

// The fields of a message of any kind, without tag and length.
bool Reader::Body(const MessagePlan& plan) {
  switch (plan.kind) {
    case Kind::kMessage:
      return Object(plan, false);
    case Kind::kWrapper:
      return Value(plan.fields[0], true);
    case Kind::kStruct:
      return StructBody(plan);
    case Kind::kValue:
      return ValueBody(plan);
    case Kind::kListValue:
      return ListBody(plan);
    case Kind::kAny:
      return AnyBody(plan);
    default: {
      std::string_view text;
      if (scanner_.Peek() != '"') return scanner_.Fail(WireWriter::Expected(plan.kind));
      return scanner_.String(text) && Wrote(writer_.TextBody(plan, text));
    }
  }
}

bool Reader::Object(const MessagePlan& plan, bool inside_any) {
  if (!scanner_.Take('{')) return scanner_.Fail("expected an object");
  if (!Enter()) return false;
  scanner_.SkipSpace();
  if (scanner_.Take('}')) return Leave();
  SeenFields seen;
  bool has_type = false;
  const FieldPlan* next = plan.fields.data();
  for (bool more = true; more;) {
    const FieldPlan* field;
    if (!Key(plan, next, inside_any, field)) return false;
    if (field != nullptr) {
      if (!Member(*field, seen)) return path_.Add(*field);
    } else if (std::exchange(has_type, true)) {
      return scanner_.Fail("\"@type\" twice");
    }
    if (!scanner_.Next('}', more)) return false;
  }
  return Leave();
}

// Clients mostly write fields in the contract's order, so the one behind the last is compared
// before anything is hashed. `field` is null for the "@type" of an Any, which has been read
// already.
inline bool Reader::Key(const MessagePlan& plan, const FieldPlan*& next, bool inside_any,
                        const FieldPlan*& field) {
  if (next != plan.fields.data() + plan.fields.size() && scanner_.Take(next->key)) {
    field = next++;
    scanner_.SkipSpace();
    return true;
  }
  const char* start = scanner_.position();
  std::string_view name;
  if (scanner_.Peek() != '"') return scanner_.Fail("expected a field name in double quotes");
  if (!scanner_.String(name)) return false;
  field = plan.FindName(name);
  if (field == nullptr && !(inside_any && name == "@type")) {
    return scanner_.FailAt(start, "unknown field");
  }
  if (!scanner_.Colon()) return false;
  if (field == nullptr) return scanner_.String(name);
  next = field + 1;
  return true;
}

bool Reader::Member(const FieldPlan& field, SeenFields& seen) {
  if (seen.Twice(field)) return scanner_.Fail("given twice");
  bool null_is_value = field.kind == Kind::kValue || field.kind == Kind::kNull;
  if (scanner_.Peek() == 'n' && !(null_is_value && field.shape == Shape::kSingular)) {
    return scanner_.Literal("null");
  }
  if (seen.OneofTwice(field)) return scanner_.Fail("another field of this oneof is set too");
  switch (field.shape) {
    case Shape::kSingular:
      return Value(field, true);
    case Shape::kRepeated:
      return Array(field);
    case Shape::kMap:
      return Map(field);
  }
  return false;
}

bool Reader::Value(const FieldPlan& field, bool tagged) {
  if (!WithinOutput()) return false;
  if (field.kind >= Kind::kMessage) {
    writer_.Tag(field);
    size_t opened = out_.OpenLength();
    if (!Body(*field.message)) return false;
    out_.CloseLength(opened);
    return true;
  }
  char c = scanner_.Peek();
  if (c == '"') {
    std::string_view text;
    const char* start = scanner_.position();
    if (!scanner_.String(text)) return false;
    if (writer_.Text(field, text, tagged)) return true;
    return scanner_.FailAt(start, writer_.why());
  }
  if (IsDigit(c) || c == '-') return Number(field, tagged);
  if (c == 't' || c == 'f') {
    const char* start = scanner_.position();
    if (!scanner_.Literal(c == 't' ? "true" : "false")) return false;
    return writer_.Boolean(field, c == 't', tagged) || scanner_.FailAt(start, writer_.why());
  }
  if (c == 'n' && field.kind == Kind::kNull) {
    return scanner_.Literal("null") && Wrote(writer_.Integer(field, false, 0, tagged));
  }
  return scanner_.Fail(WireWriter::Expected(field.kind));
}

bool Reader::Number(const FieldPlan& field, bool tagged) {
  const char* start = scanner_.position();
  bool negative;
  uint64_t magnitude;
  bool ok = WireWriter::IsInteger(field.kind) && scanner_.PlainInteger(negative, magnitude)
                ? writer_.Integer(field, negative, magnitude, tagged)
                : writer_.Number(field, scanner_.NumberToken(), tagged);
  return ok || scanner_.FailAt(start, writer_.why());
}

bool Reader::Array(const FieldPlan& field) {
  if (!scanner_.Take('[')) return scanner_.Fail("expected an array");
  scanner_.SkipSpace();
  if (scanner_.Take(']')) return true;
  size_t opened = 0;
  if (field.packed) {
    writer_.PackedTag(field);
    opened = out_.OpenLength();
  }
  bool more = true;
  for (size_t i = 0; more; ++i) {
    if (!Value(field, !field.packed)) return path_.Add(i);
    if (!scanner_.Next(']', more)) return false;
  }
  if (field.packed) out_.CloseLength(opened);
  return true;
}

bool Reader::Map(const FieldPlan& field) {
  if (!scanner_.Take('{')) return scanner_.Fail("expected an object");
  scanner_.SkipSpace();
  if (scanner_.Take('}')) return true;
  MapKeys keys;
  bool more = true;
  for (size_t i = 0; more; ++i) {
    if (!MapEntry(field, keys)) return path_.Add(i);
    if (!scanner_.Next('}', more)) return false;
  }
  return keys.AreDistinct(out_.data()) || scanner_.Fail("the same key twice");
}

bool Reader::MapEntry(const FieldPlan& field, MapKeys& keys) {
  const FieldPlan& key = field.message->fields[0];
  const FieldPlan& value = field.message->fields[1];
  std::string_view text;
  if (scanner_.Peek() != '"') return scanner_.Fail("expected a key in double quotes");
  if (!scanner_.String(text)) return false;
  writer_.Tag(field);
  size_t opened = out_.OpenLength();
  if (!Wrote(writer_.MapKey(key, text))) return false;
  size_t key_size = out_.size() - opened;
  if (!scanner_.Colon() || !Value(value, true)) return false;
  size_t size = out_.size();
  out_.CloseLength(opened);
  keys.Add(opened + (out_.size() - size), key_size);
  return true;
}

bool Reader::StructBody(const MessagePlan& plan) {
  return Enter() && Map(plan.fields[0]) && Leave();
}

bool Reader::ListBody(const MessagePlan& plan) {
  return Enter() && Array(plan.fields[0]) && Leave();
}

// google.protobuf.Value: which of its fields it is, the JSON says.
bool Reader::ValueBody(const MessagePlan& plan) {
  enum { kNullValue, kNumberValue, kStringValue, kBoolValue, kStructValue, kListValue };
  switch (scanner_.Peek()) {
    case 'n':
      return Value(plan.fields[kNullValue], true);
    case '"':
      return Value(plan.fields[kStringValue], true);
    case 't':
    case 'f':
      return Value(plan.fields[kBoolValue], true);
    case '{':
      return Value(plan.fields[kStructValue], true);
    case '[':
      return Value(plan.fields[kListValue], true);
    default:
      if (!IsDigit(scanner_.Peek()) && scanner_.Peek() != '-') {
        return scanner_.Fail("expected a value");
      }
      return Value(plan.fields[kNumberValue], true);
  }
}

// {"@type": "type.googleapis.com/…", fields of that type}; a type with a JSON form of its own is in
// "value". One that the contract does not have has no JSON.
bool Reader::AnyBody(const MessagePlan& plan) {
  const char* start = scanner_.position();
  bool found = false;
  if (!FindType(found)) return false;
  if (!found) return true;
  std::string_view url;
  const char* at = scanner_.position();
  if (!scanner_.String(url)) return false;
  size_t slash = url.rfind('/');
  if (slash == url.npos || slash + 1 == url.size()) {
    return scanner_.FailAt(at, "expected a type such as \"type.googleapis.com/package.Message\"");
  }
  if (!writer_.Text(plan.fields[0], url, true)) return Wrote(false);
  const MessagePlan* payload = plan.plans->Find(url.substr(slash + 1));
  if (payload == nullptr) return scanner_.FailAt(at, "a type that the contract does not have");

  scanner_.MoveTo(start);
  size_t before = out_.size();
  writer_.Tag(plan.fields[1]);
  size_t opened = out_.OpenLength();
  const bool plain = payload->kind == Kind::kMessage;
  if (plain ? !Object(*payload, true) : !AnyPayload(*payload)) return false;
  if (out_.size() == opened) {
    out_.Truncate(before);
  } else {
    out_.CloseLength(opened);
  }
  return true;
}

// Moves to the value of "@type", wherever in the object it stands; not `found` if the object is
// empty.
bool Reader::FindType(bool& found) {
  if (!scanner_.Take('{')) return scanner_.Fail("expected an object");
  const char* start = scanner_.position();
  scanner_.SkipSpace();
  found = !scanner_.Take('}');
  if (!found) return true;
  const char* type = nullptr;
  for (bool more = true; more && type == nullptr;) {
    std::string_view name;
    if (scanner_.Peek() != '"') return scanner_.Fail("expected a field name in double quotes");
    if (!scanner_.String(name) || !scanner_.Colon()) return false;
    if (name == "@type") {
      type = scanner_.position();
    } else if (!scanner_.Skip(levels_) || !scanner_.Next('}', more)) {
      return false;
    }
  }
  if (type == nullptr) return scanner_.FailAt(start, "expected \"@type\"");
  // One Any in another, each with its type last, would be read as often as it is deep.
  looked_ahead_ += static_cast<size_t>(type - start);
  if (looked_ahead_ > 4 * scanner_.size() + 4096) {
    return scanner_.FailAt(start, "\"@type\" must come first");
  }
  return true;
}

bool Reader::AnyPayload(const MessagePlan& payload) {
  if (!scanner_.Take('{') || !Enter()) return scanner_.Fail("nested too deeply");
  scanner_.SkipSpace();
  bool has_type = false;
  bool has_value = false;
  for (bool more = true; more;) {
    const char* start = scanner_.position();
    std::string_view text;
    if (scanner_.Peek() != '"') return scanner_.Fail("expected a field name in double quotes");
    if (!scanner_.String(text)) return false;
    bool is_type = text == "@type";
    if (!is_type && text != "value") return scanner_.FailAt(start, "unknown field");
    if (is_type ? has_type : has_value) return scanner_.FailAt(start, "given twice");
    (is_type ? has_type : has_value) = true;
    if (!scanner_.Colon()) return false;
    if (is_type) {
      if (!scanner_.String(text)) return false;
    } else if (!Body(payload)) {
      return false;
    }
    if (!scanner_.Next('}', more)) return false;
  }
  return (has_value || scanner_.Fail("expected \"value\"")) && Leave();
}

}  // namespace

absl::Status JsonToWire(const MessagePlan& plan, PaddedText json, Buffer& out,
                        const JsonToWireLimits& limits) {
  return Reader(json, out, limits).Message(plan);
}

absl::Status JsonToWire(const FieldPlan& field, PaddedText json, Buffer& out,
                        const JsonToWireLimits& limits) {
  return Reader(json, out, limits).Field(field);
}

}  // namespace simpul::transcode
