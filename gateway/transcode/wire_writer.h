// What one value of a client becomes on the wire, whether it came in JSON, in a path or in a query.
#ifndef SIMPUL_GATEWAY_TRANSCODE_WIRE_WRITER_H_
#define SIMPUL_GATEWAY_TRANSCODE_WIRE_WRITER_H_

#include <cstdint>
#include <cstring>
#include <string_view>

#include "gateway/transcode/buffer.h"
#include "gateway/transcode/plan.h"
#include "gateway/transcode/text.h"

namespace simpul::transcode {

// Appends fields to a buffer. Each function is false when the value does not fit; why() then says
// so in words that repeat nothing of it. `tagged`: with the field's tag, or not at all where the
// default is not written; without it the bare value, as packed arrays hold it.
class WireWriter {
 public:
  explicit WireWriter(Buffer& out) : out_(out) {}

  const char* why() const { return why_; }
  Buffer& out() { return out_; }

  void Tag(const FieldPlan& field) {
    char* to = out_.Need(sizeof field.tag);
    std::memcpy(to, field.tag, sizeof field.tag);
    out_.Advance(to + field.tag_size);
  }
  void PackedTag(const FieldPlan& field) {
    char* to = out_.Need(sizeof field.packed_tag);
    std::memcpy(to, field.packed_tag, sizeof field.packed_tag);
    out_.Advance(to + field.packed_tag_size);
  }

  bool Boolean(const FieldPlan& field, bool value, bool tagged) {
    if (field.kind != Kind::kBool) return Fail(Expected(field.kind));
    return Varint(field, value ? 1 : 0, tagged);
  }
  // A number without fraction or exponent, checked against the field's range.
  bool Integer(const FieldPlan& field, bool negative, uint64_t magnitude, bool tagged);
  // The token of a JSON number.
  bool Number(const FieldPlan& field, std::string_view token, bool tagged);
  // The text of a JSON string: unescaped, valid UTF-8. Numbers may be quoted too.
  bool Text(const FieldPlan& field, std::string_view text, bool tagged);
  // The key of a map entry; JSON always writes it as a string.
  bool MapKey(const FieldPlan& key, std::string_view text);
  // The fields of a message whose JSON form is a string: Timestamp, Duration, FieldMask.
  bool TextBody(const MessagePlan& plan, std::string_view text);
  // The bytes themselves.
  bool Base64(std::string_view text);

  // Whether Integer would take what a plain run of digits says.
  static bool IsInteger(Kind kind) {
    return (kind >= Kind::kInt32 && kind < Kind::kBool) || kind == Kind::kEnum ||
           kind == Kind::kNull;
  }
  // "expected a string" and so on.
  static const char* Expected(Kind kind);

 private:
  bool Fail(const char* why) {
    why_ = why;
    return false;
  }
  bool Varint(const FieldPlan& field, uint64_t value, bool tagged) {
    if (tagged) {
      if (value == 0 && field.implicit) return true;
      Tag(field);
    }
    out_.AppendVarint(value);
    return true;
  }
  template <class T>
  bool Fixed(const FieldPlan& field, T value, bool tagged) {
    if (tagged) {
      // By bits: -0.0 is not the default.
      T zero{};
      // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
      if (field.implicit && std::memcmp(&value, &zero, sizeof value) == 0) return true;
      Tag(field);
    }
    out_.AppendFixed(value);
    return true;
  }
  bool String(const FieldPlan& field, std::string_view text, bool tagged) {
    if (text.empty() && field.implicit && tagged) return true;
    if (tagged) Tag(field);
    out_.AppendVarint(text.size());
    out_.Append(text);
    return true;
  }
  bool Checked(const FieldPlan& field, uint64_t value, bool tagged);
  template <class T>
  bool Real(const FieldPlan& field, std::string_view token, bool tagged);

  bool Bytes(const FieldPlan& field, std::string_view text, bool tagged);
  bool EnumName(const FieldPlan& field, std::string_view text, bool tagged);
  bool InstantBody(Kind kind, std::string_view text);
  bool FieldMaskBody(std::string_view text);

  Buffer& out_;
  const char* why_ = nullptr;
};

// Whether `token` is a JSON number (RFC 8259, section 6).
bool IsJsonNumber(std::string_view token);

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_WIRE_WRITER_H_
