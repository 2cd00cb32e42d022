#include "gateway/transcode/json_printer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "gateway/transcode/well_known.h"
#include "gateway/transcode/wire_merge.h"

namespace simpul::transcode {

namespace {

// Whether the same field goes on, packed or not; its tag is read then.
bool TakeTag(WireReader& reader, const char* tag, size_t size) {
  if (reader.left() < size || std::memcmp(reader.p, tag, size) != 0) return false;
  reader.p += size;
  return true;
}

bool OpensLevel(Kind kind) {
  return kind == Kind::kMessage || kind == Kind::kStruct || kind == Kind::kListValue ||
         kind == Kind::kAny;
}

// Whether JSON writes this kind in quotes anyway; a map key always is.
bool QuotesItself(Kind kind) {
  switch (kind) {
    case Kind::kString:
    case Kind::kInt64:
    case Kind::kUint64:
    case Kind::kSint64:
    case Kind::kFixed64:
    case Kind::kSfixed64:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::Status JsonPrinter::Finish(bool ok) {
  if (ok) ok = WithinOutput();
  if (ok) return absl::OkStatus();
  out_.Truncate(start_);
  std::string text = path_.Prefix() + why_;
  return too_large_ ? absl::ResourceExhaustedError(text) : absl::InternalError(text);
}

bool JsonPrinter::Body(const MessagePlan& plan, std::string_view wire) {
  // A Value or a Timestamp opens nothing in JSON.
  int level = OpensLevel(plan.kind) ? 1 : 0;
  if (levels_ < level) return TooLarge("nested too deeply");
  levels_ -= level;
  bool ok;
  if (careful_) {
    std::string merged;
    ok = MergeFields(plan, wire, merged) ? UsualBody(plan, merged) : Malformed();
  } else {
    ok = UsualBody(plan, wire);
  }
  levels_ += level;
  return ok;
}

bool JsonPrinter::UsualBody(const MessagePlan& plan, std::string_view wire) {
  switch (plan.kind) {
    case Kind::kMessage:
      out_.Append('{');
      if (!Fields(plan, wire, true)) return false;
      out_.Append('}');
      return true;
    case Kind::kTimestamp:
    case Kind::kDuration:
      return InstantBody(plan, wire);
    case Kind::kFieldMask:
      return FieldMaskBody(wire);
    case Kind::kWrapper:
      return WrapperBody(plan, wire);
    case Kind::kStruct:
    case Kind::kListValue:
      return StructBody(plan, wire);
    case Kind::kValue:
      return ValueBody(plan, wire);
    case Kind::kAny:
      return AnyBody(plan, wire);
    default:
      return Malformed();
  }
}

bool JsonPrinter::Fields(const MessagePlan& plan, std::string_view wire, bool first) {
  SeenFields seen;
  for (WireReader reader(wire); !reader.AtEnd();) {
    uint32_t number;
    uint32_t wire_type;
    if (!reader.Tag(number, wire_type)) return Malformed();
    const FieldPlan* field = omit_ ? plan.FindPublicNumber(number) : plan.FindNumber(number);
    bool packed =
        field != nullptr && field->shape == Shape::kRepeated && wire_type == kLengthDelimited;
    if (field == nullptr || (wire_type != field->wire_type && !packed)) {
      if (!reader.Skip(number, wire_type)) return Malformed();
      if (HidesOneof(plan, number, seen)) return Irregular();
      continue;
    }
    if (seen.Twice(*field) || seen.OneofTwice(*field)) return Irregular();
    if (!WithinOutput()) return false;
    size_t before = out_.size();
    if (!first) out_.Append(',');
    out_.Append(field->key);
    bool nothing = false;
    if (!Field(*field, wire_type, reader, nothing)) return path_.Add(*field);
    if (nothing) {
      out_.Truncate(before);
    } else {
      first = false;
    }
  }
  return true;
}

// Whether a personal member, itself left out, still takes the place of another member of its oneof.
bool JsonPrinter::HidesOneof(const MessagePlan& plan, uint32_t number, SeenFields& seen) {
  if (!omit_ || !plan.personal_in_oneof) return false;
  const FieldPlan* field = plan.FindNumber(number);
  return field != nullptr && field->personal && seen.OneofTwice(*field);
}

// `nothing`: there is no value to show, so the key must go again.
bool JsonPrinter::Field(const FieldPlan& field, uint32_t wire_type, WireReader& reader,
                        bool& nothing) {
  if (field.shape == Shape::kSingular) {
    bool zero = false;
    if (!Value(field, reader, zero)) return false;
    nothing = zero && field.implicit;
    return true;
  }
  size_t count = 0;
  if (field.shape == Shape::kMap) {
    out_.Append('{');
    if (!Entries(field, reader, count)) return false;
    out_.Append('}');
    return true;
  }
  out_.Append('[');
  if (!Elements(field, wire_type, reader, count)) return path_.Add(count);
  out_.Append(']');
  nothing = count == 0;
  return true;
}

bool JsonPrinter::Elements(const FieldPlan& field, uint32_t wire_type, WireReader& reader,
                           size_t& count) {
  bool packed = wire_type != field.wire_type;
  for (;;) {
    if (!(packed ? Packed(field, reader, count) : Element(field, reader, count))) return false;
    if (TakeTag(reader, field.tag, field.tag_size)) {
      packed = false;
    } else if (field.wire_type != kLengthDelimited &&
               TakeTag(reader, field.packed_tag, field.packed_tag_size)) {
      packed = true;
    } else {
      return true;
    }
  }
}

bool JsonPrinter::Element(const FieldPlan& field, WireReader& reader, size_t& count) {
  bool zero;
  if (count > 0) out_.Append(',');
  if (!WithinOutput() || !Value(field, reader, zero)) return false;
  ++count;
  return true;
}

bool JsonPrinter::Packed(const FieldPlan& field, WireReader& reader, size_t& count) {
  std::string_view body;
  if (!reader.Length(body)) return Malformed();
  for (WireReader elements(body); !elements.AtEnd();) {
    if (!Element(field, elements, count)) return false;
  }
  return true;
}

bool JsonPrinter::Entries(const FieldPlan& field, WireReader& reader, size_t& count) {
  size_t first_key = keys_.size();
  do {
    std::string_view entry;
    if (!reader.Length(entry)) return Malformed();
    if (count > 0) out_.Append(',');
    if (!WithinOutput() || !Entry(field, entry)) return path_.Add(count);
    ++count;
  } while (TakeTag(reader, field.tag, field.tag_size));
  return KeysAreDistinct(first_key) || Irregular();
}

bool JsonPrinter::Entry(const FieldPlan& field, std::string_view entry) {
  std::string merged;
  if (careful_) {
    if (!MergeFields(*field.message, entry, merged)) return Malformed();
    entry = merged;
  }
  WireReader reader(entry);
  const FieldPlan& key = field.message->fields[0];
  size_t at = out_.size();
  if (!QuotesItself(key.kind)) out_.Append('"');
  if (!EntryPart(key, reader)) return false;
  if (!QuotesItself(key.kind)) out_.Append('"');
  keys_.emplace_back(at, out_.size() - at);
  out_.Append(':');
  if (!EntryPart(field.message->fields[1], reader)) return false;
  return reader.AtEnd() || Irregular();
}

// Key or value of an entry; the default if it is not there.
bool JsonPrinter::EntryPart(const FieldPlan& part, WireReader& reader) {
  bool zero;
  if (TakeTag(reader, part.tag, part.tag_size)) return Value(part, reader, zero);
  WireReader zeros(kZeros);
  return Value(part, zeros, zero);
}

// Of the keys from `first` on, which end here.
bool JsonPrinter::KeysAreDistinct(size_t first) {
  auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(first);
  auto text = [this](const auto& key) {
    return std::string_view(out_.data() + key.first, key.second);
  };
  bool distinct = true;
  if (keys_.end() - begin > 1) {
    std::sort(begin, keys_.end(), [&](const auto& a, const auto& b) { return text(a) < text(b); });
    distinct = std::adjacent_find(begin, keys_.end(), [&](const auto& a, const auto& b) {
                 return text(a) == text(b);
               }) == keys_.end();
  }
  keys_.resize(first);
  return distinct;
}

void JsonPrinter::WriteZero(const FieldPlan& field, Buffer& out) {
  if (field.kind >= Kind::kMessage) {
    out.Append("null");
    return;
  }
  JsonPrinter printer(out, {}, false);
  WireReader zeros(kZeros);
  bool zero;
  printer.Value(field, zeros, zero);
}

// One value without its tag. `zero`: it is its type's default.
bool JsonPrinter::Value(const FieldPlan& field, WireReader& reader, bool& zero) {
  if (field.wire_type == kLengthDelimited) {
    std::string_view body;
    if (!reader.Length(body)) return Malformed();
    zero = body.empty();
    if (field.kind == Kind::kString) return Text(body);
    if (field.kind != Kind::kBytes) return Body(*field.message, body);
    out_.Append('"');
    AppendToBase64(body, out_);
    out_.Append('"');
    return true;
  }
  uint64_t bits = 0;
  bool ok;
  if (field.wire_type == kVarint) {
    ok = reader.Varint(bits);
  } else if (field.wire_type == kFixed64Bits) {
    ok = reader.Fixed(bits);
  } else {
    uint32_t half = 0;
    ok = reader.Fixed(half);
    bits = half;
  }
  if (!ok) return Malformed();
  zero = bits == 0;
  return Scalar(field, bits);
}

bool JsonPrinter::Scalar(const FieldPlan& field, uint64_t bits) {
  uint32_t half = static_cast<uint32_t>(bits);
  switch (field.kind) {
    case Kind::kDouble:
      WriteReal(std::bit_cast<double>(bits), out_);
      return true;
    case Kind::kFloat:
      WriteReal(std::bit_cast<float>(half), out_);
      return true;
    case Kind::kInt32:
    case Kind::kSfixed32:
      WriteInteger(static_cast<int32_t>(half), out_);
      return true;
    case Kind::kSint32:
      WriteInteger(static_cast<int32_t>(half >> 1 ^ (0 - (half & 1))), out_);
      return true;
    case Kind::kUint32:
    case Kind::kFixed32:
      WriteInteger(half, out_);
      return true;
    case Kind::kInt64:
    case Kind::kSfixed64:
      WriteQuotedInteger(static_cast<int64_t>(bits), out_);
      return true;
    case Kind::kSint64:
      WriteQuotedInteger(static_cast<int64_t>(bits >> 1 ^ (0 - (bits & 1))), out_);
      return true;
    case Kind::kUint64:
    case Kind::kFixed64:
      WriteQuotedInteger(bits, out_);
      return true;
    case Kind::kBool:
      WriteBoolean(bits != 0, out_);
      return true;
    case Kind::kNull:
      out_.Append("null");
      return true;
    case Kind::kEnum:
      if (const std::string* name = field.enumeration->Quoted(static_cast<int32_t>(half))) {
        out_.Append(*name);
      } else {
        WriteInteger(static_cast<int32_t>(half), out_);
      }
      return true;
    default:
      return Malformed();
  }
}

}  // namespace simpul::transcode
