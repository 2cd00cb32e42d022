#include "gateway/transcode/wire_to_json.h"

#include <string>

#include "gateway/transcode/json_printer.h"
#include "gateway/transcode/wire_merge.h"

namespace simpul::transcode {

namespace {

void WriteDefault(const FieldPlan& field, Buffer& out) {
  if (field.shape == Shape::kMap ||
      (field.shape == Shape::kSingular && field.kind == Kind::kMessage)) {
    out.Append("{}");
  } else if (field.shape == Shape::kRepeated) {
    out.Append("[]");
  } else {
    // As a number, text or whatever the kind's zero looks like; the other messages have none.
    JsonPrinter::WriteZero(field, out);
  }
}

}  // namespace

absl::Status WireToJson(const MessagePlan& plan, std::string_view wire, Buffer& out,
                        const WireToJsonOptions& options) {
  size_t start = out.size();
  JsonPrinter usual(out, options, /*careful=*/false);
  bool ok = usual.Body(plan, wire);
  if (ok || !usual.irregular()) return usual.Finish(ok);
  out.Truncate(start);
  JsonPrinter careful(out, options, /*careful=*/true);
  ok = careful.Body(plan, wire);
  return careful.Finish(ok);
}

absl::Status WireToJson(const MessagePlan& plan, const FieldPlan& field, std::string_view wire,
                        Buffer& out, const WireToJsonOptions& options) {
  size_t start = out.size();
  std::string only;
  if (!MergeFields(plan, wire, only, &field)) {
    return absl::InternalError("not the wire form of this message");
  }
  if (absl::Status status = WireToJson(plan, only, out, options); !status.ok()) return status;
  // What was written is {"field":value}, or {} for nothing.
  size_t before = start + 1 + field.key.size();
  if (out.size() <= before) {
    out.Truncate(start);
    WriteDefault(field, out);
    return absl::OkStatus();
  }
  std::string value(out.data() + before, out.size() - before - 1);
  out.Truncate(start);
  out.Append(value);
  return absl::OkStatus();
}

}  // namespace simpul::transcode
