#include "gateway/transcode/strip_personal.h"

#include <string>

#include "gateway/transcode/field_path.h"
#include "gateway/transcode/seen_fields.h"
#include "gateway/transcode/wire_merge.h"
#include "gateway/transcode/wire_reader.h"

namespace simpul::transcode {

namespace {

constexpr int kMaxDepth = 100;  // As protobuf's parsers.

// Writes one message. As JsonPrinter, it goes once through usual bytes, and begins anew in careful
// mode when something comes that needs merging.
class Stripper {
 public:
  Stripper(Buffer& out, bool careful) : out_(out), start_(out.size()), careful_(careful) {}

  bool Body(const MessagePlan& plan, std::string_view wire) {
    if (!plan.may_hold_personal) {
      out_.Append(wire);
      return true;
    }
    if (levels_ == 0) return TooDeep();
    --levels_;
    std::string merged;
    if (careful_) {
      if (!MergeFields(plan, wire, merged)) return Malformed();
      wire = merged;
    }
    const bool ok = plan.kind == Kind::kAny ? AnyFields(plan, wire) : Fields(plan, wire);
    ++levels_;
    return ok;
  }

  bool irregular() const { return irregular_; }
  absl::Status Finish(bool ok) {
    if (ok) return absl::OkStatus();
    out_.Truncate(start_);
    const std::string text = path_.Prefix() + why_;
    return too_deep_ ? absl::ResourceExhaustedError(text) : absl::InternalError(text);
  }

 private:
  bool Malformed() {
    why_ = "not the wire form of this message";
    return false;
  }
  bool Irregular() {
    irregular_ = true;
    return Malformed();
  }
  bool TooDeep() {
    too_deep_ = true;
    why_ = "nested too deeply";
    return false;
  }

  bool Fields(const MessagePlan& plan, std::string_view wire) {
    SeenFields seen;
    const char* kept = wire.data();  // From here to the field at hand goes out as it is.
    auto flush = [&](const char* to) { out_.Append({kept, static_cast<size_t>(to - kept)}); };
    for (WireReader reader(wire); !reader.AtEnd();) {
      const char* tag = reader.p;
      uint32_t number;
      uint32_t wire_type;
      if (!reader.Tag(number, wire_type)) return Malformed();
      const char* value = reader.p;
      if (!reader.Skip(number, wire_type)) return Malformed();
      const FieldPlan* field = plan.FindNumber(number);
      const bool known = field != nullptr && HasForm(*field, wire_type);
      if (known && TakesAnothersPlace(*field, seen)) return Irregular();
      const bool dropped = !known || field->personal;
      const bool entered =
          !dropped && field->message != nullptr && field->message->may_hold_personal;
      if (!dropped && !entered) continue;
      flush(dropped ? tag : value);
      kept = reader.p;
      if (entered && !Nested(*field, value, reader.p)) return path_.Add(*field);
    }
    flush(wire.data() + wire.size());
    return true;
  }

  // Whether a parser takes it for the field and not for an unknown one.
  static bool HasForm(const FieldPlan& field, uint32_t wire_type) {
    return wire_type == field.wire_type ||
           (field.shape == Shape::kRepeated && wire_type == kLengthDelimited);
  }
  static bool TakesAnothersPlace(const FieldPlan& field, SeenFields& seen) {
    return field.shape == Shape::kSingular && (seen.Twice(field) || seen.OneofTwice(field));
  }

  bool Nested(const FieldPlan& field, const char* value, const char* end) {
    WireReader reader({value, static_cast<size_t>(end - value)});
    std::string_view body;
    if (!reader.Length(body)) return Malformed();
    const size_t opened = out_.OpenLength();
    if (!Body(*field.message, body)) return false;
    out_.CloseLength(opened);
    return true;
  }

  // Its two fields, each once.
  bool AnyFields(const MessagePlan& plan, std::string_view wire) {
    std::string_view type_url;
    std::string_view value;
    SeenFields seen;
    for (WireReader reader(wire); !reader.AtEnd();) {
      uint32_t number;
      uint32_t wire_type;
      if (!reader.Tag(number, wire_type)) return Malformed();
      const FieldPlan* field = plan.FindNumber(number);
      if (field == nullptr || wire_type != field->wire_type) {
        if (!reader.Skip(number, wire_type)) return Malformed();
        continue;
      }
      if (seen.Twice(*field)) return Irregular();
      if (!reader.Length(number == 1 ? type_url : value)) return Malformed();
    }
    out_.Append({plan.fields[0].tag, plan.fields[0].tag_size});
    out_.AppendVarint(type_url.size());
    out_.Append(type_url);
    const MessagePlan* payload = plan.plans->Find(type_url.substr(type_url.rfind('/') + 1));
    if (payload == nullptr) return true;
    out_.Append({plan.fields[1].tag, plan.fields[1].tag_size});
    const size_t opened = out_.OpenLength();
    if (!Body(*payload, value)) return path_.Add(plan.fields[1]);
    out_.CloseLength(opened);
    return true;
  }

  Buffer& out_;
  const size_t start_;
  const bool careful_;
  int levels_ = kMaxDepth;
  bool irregular_ = false;
  bool too_deep_ = false;
  const char* why_ = "";
  FieldPath path_;
};

}  // namespace

absl::Status StripPersonal(const MessagePlan& plan, std::string_view wire, Buffer& out) {
  const size_t start = out.size();
  Stripper usual(out, /*careful=*/false);
  bool ok = usual.Body(plan, wire);
  if (ok || !usual.irregular()) return usual.Finish(ok);
  out.Truncate(start);
  Stripper careful(out, /*careful=*/true);
  ok = careful.Body(plan, wire);
  return careful.Finish(ok);
}

}  // namespace simpul::transcode
