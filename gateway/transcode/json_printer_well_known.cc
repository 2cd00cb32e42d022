// The messages of google.protobuf that have a JSON form of their own.
#include <cmath>
#include <string>

#include "gateway/transcode/json_printer.h"
#include "gateway/transcode/well_known.h"
#include "gateway/transcode/wire_merge.h"

namespace simpul::transcode {

bool JsonPrinter::InstantBody(const MessagePlan& plan, std::string_view wire) {
  uint64_t seconds = 0;
  uint64_t nanos = 0;
  for (WireReader reader(wire); !reader.AtEnd();) {
    uint32_t number;
    uint32_t wire_type;
    if (!reader.Tag(number, wire_type)) return Malformed();
    bool ok;
    if (number == 1 && wire_type == kVarint) {
      ok = reader.Varint(seconds);
    } else if (number == 2 && wire_type == kVarint) {
      ok = reader.Varint(nanos);
    } else {
      ok = reader.Skip(number, wire_type);
    }
    if (!ok) return Malformed();
  }
  Instant value{static_cast<int64_t>(seconds), static_cast<int32_t>(nanos)};
  char* to = out_.Need(kInstantTextSize + 2);
  *to++ = '"';
  to = plan.kind == Kind::kTimestamp ? FormatTimestamp(value, to) : FormatDuration(value, to);
  if (to == nullptr) return Fail("out of range");
  *to++ = '"';
  out_.Advance(to);
  return true;
}

bool JsonPrinter::FieldMaskBody(std::string_view wire) {
  out_.Append('"');
  bool first = true;
  for (WireReader reader(wire); !reader.AtEnd();) {
    uint32_t number;
    uint32_t wire_type;
    if (!reader.Tag(number, wire_type)) return Malformed();
    if (number != 1 || wire_type != kLengthDelimited) {
      if (!reader.Skip(number, wire_type)) return Malformed();
      continue;
    }
    std::string_view path;
    if (!reader.Length(path)) return Malformed();
    if (!first) out_.Append(',');
    first = false;
    if (!AppendMaskPathToJson(path, out_)) return Fail("a field path that JSON cannot carry");
  }
  out_.Append('"');
  return true;
}

bool JsonPrinter::WrapperBody(const MessagePlan& plan, std::string_view wire) {
  const FieldPlan& field = plan.fields[0];
  std::string_view value;
  for (WireReader reader(wire); !reader.AtEnd();) {
    uint32_t number;
    uint32_t wire_type;
    if (!reader.Tag(number, wire_type)) return Malformed();
    const char* start = reader.p;
    if (!reader.Skip(number, wire_type)) return Malformed();
    if (number != field.number || wire_type != field.wire_type) continue;
    value = {start, static_cast<size_t>(reader.p - start)};
  }
  WireReader reader(value.empty() ? kZeros : value);
  bool zero;
  return Value(field, reader, zero);
}

// A Struct shows what its map does, a ListValue what its repeated field does.
bool JsonPrinter::StructBody(const MessagePlan& plan, std::string_view wire) {
  const FieldPlan& field = plan.fields[0];
  bool is_map = field.shape == Shape::kMap;
  size_t count = 0;
  out_.Append(is_map ? '{' : '[');
  for (WireReader reader(wire); !reader.AtEnd();) {
    uint32_t number;
    uint32_t wire_type;
    if (!reader.Tag(number, wire_type)) return Malformed();
    if (number != field.number || wire_type != field.wire_type) {
      if (!reader.Skip(number, wire_type)) return Malformed();
      continue;
    }
    if (is_map && count > 0) return Irregular();  // Something unknown between the entries.
    bool ok = is_map ? Entries(field, reader, count) : Elements(field, wire_type, reader, count);
    if (!ok) return is_map ? false : path_.Add(count);
  }
  out_.Append(is_map ? '}' : ']');
  return true;
}

bool JsonPrinter::ValueBody(const MessagePlan& plan, std::string_view wire) {
  bool found = false;
  for (WireReader reader(wire); !reader.AtEnd();) {
    uint32_t number;
    uint32_t wire_type;
    if (!reader.Tag(number, wire_type)) return Malformed();
    const FieldPlan* field = plan.FindNumber(number);
    if (field == nullptr || field->wire_type != wire_type) {
      if (!reader.Skip(number, wire_type)) return Malformed();
      continue;
    }
    if (found) return Irregular();
    found = true;
    if (field->kind == Kind::kDouble) {
      double real;
      if (!reader.Fixed(real)) return Malformed();
      // struct.proto: it would come back as a string.
      if (!std::isfinite(real)) return Fail("a number that JSON cannot carry");
      WriteReal(real, out_);
      continue;
    }
    bool zero;
    if (!Value(*field, reader, zero)) return false;
  }
  if (!found) out_.Append("null");
  return true;
}

// The fields of the message inside, behind "@type".
bool JsonPrinter::AnyFields(const MessagePlan& payload, std::string_view wire) {
  if (!careful_) return Fields(payload, wire, false);
  std::string merged;
  if (!MergeFields(payload, wire, merged)) return Malformed();
  return Fields(payload, merged, false);
}

bool JsonPrinter::AnyBody(const MessagePlan& plan, std::string_view wire) {
  std::string_view url;
  std::string_view value;
  for (WireReader reader(wire); !reader.AtEnd();) {
    uint32_t number;
    uint32_t wire_type;
    if (!reader.Tag(number, wire_type)) return Malformed();
    bool known = (number == 1 || number == 2) && wire_type == kLengthDelimited;
    if (!known ? !reader.Skip(number, wire_type) : !reader.Length(number == 1 ? url : value)) {
      return Malformed();
    }
  }
  out_.Append('{');
  if (url.empty()) {
    if (!value.empty()) return Fail("an Any without a type");
    out_.Append('}');
    return true;
  }
  out_.Append("\"@type\":");
  if (!Text(url)) return false;
  // Without a slash find() gives npos, and npos + 1 is the beginning.
  const MessagePlan* payload = plan.plans->Find(url.substr(url.rfind('/') + 1));
  // What it would show, and whether that is personal, nobody can tell.
  if (payload == nullptr) return Fail("an Any of a type that the contract does not have");
  if (payload->kind == Kind::kMessage) {
    if (!AnyFields(*payload, value)) return false;
  } else {
    out_.Append(",\"value\":");
    if (!Body(*payload, value)) return false;
  }
  out_.Append('}');
  return true;
}

}  // namespace simpul::transcode
