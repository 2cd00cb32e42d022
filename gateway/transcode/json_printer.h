// The one-pass writer behind WireToJson.
#ifndef SIMPUL_GATEWAY_TRANSCODE_JSON_PRINTER_H_
#define SIMPUL_GATEWAY_TRANSCODE_JSON_PRINTER_H_

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gateway/transcode/buffer.h"
#include "gateway/transcode/field_path.h"
#include "gateway/transcode/json_writer.h"
#include "gateway/transcode/plan.h"
#include "gateway/transcode/seen_fields.h"
#include "gateway/transcode/wire_reader.h"
#include "gateway/transcode/wire_to_json.h"

namespace simpul::transcode {

// Writes one message. Usual bytes go through in one pass. When something unusual comes (what needs
// merging), the whole is begun anew in careful mode, which merges each message before it is
// written: so hostile nesting cannot make it try twice at every level.
class JsonPrinter {
 public:
  JsonPrinter(Buffer& out, const WireToJsonOptions& options, bool careful)
      : out_(out),
        start_(out.size()),
        levels_(options.max_depth),
        omit_(options.omit_personal),
        careful_(careful) {
    bool all = options.max_output > SIZE_MAX - start_;
    largest_ = all ? SIZE_MAX : start_ + options.max_output;
  }

  // A message of any kind.
  bool Body(const MessagePlan& plan, std::string_view wire);

  // What a field that is not set looks like: the default of its type, null for a message.
  static void WriteZero(const FieldPlan& field, Buffer& out);

  bool irregular() const { return irregular_; }
  absl::Status Finish(bool ok);

 private:
  bool Fail(const char* why) {
    why_ = why;
    return false;
  }
  bool TooLarge(const char* why) {
    too_large_ = true;
    return Fail(why);
  }
  bool WithinOutput() {
    return out_.size() <= largest_ || TooLarge("longer than may be sent in one answer");
  }
  bool Malformed() { return Fail("not the wire form of this message"); }
  bool Irregular() {
    irregular_ = true;
    return Malformed();
  }
  bool Text(std::string_view text) { return WriteString(text, out_) || Fail("not UTF-8"); }

  bool UsualBody(const MessagePlan& plan, std::string_view wire);
  bool Fields(const MessagePlan& plan, std::string_view wire, bool first);
  bool HidesOneof(const MessagePlan& plan, uint32_t number, SeenFields& seen);
  bool Field(const FieldPlan& field, uint32_t wire_type, WireReader& reader, bool& nothing);
  bool Elements(const FieldPlan& field, uint32_t wire_type, WireReader& reader, size_t& count);
  bool Element(const FieldPlan& field, WireReader& reader, size_t& count);
  bool Packed(const FieldPlan& field, WireReader& reader, size_t& count);
  bool Entries(const FieldPlan& field, WireReader& reader, size_t& count);
  bool Entry(const FieldPlan& field, std::string_view entry);
  bool EntryPart(const FieldPlan& part, WireReader& reader);
  bool KeysAreDistinct(size_t first);
  bool Value(const FieldPlan& field, WireReader& reader, bool& zero);
  bool Scalar(const FieldPlan& field, uint64_t bits);
  bool WrapperBody(const MessagePlan& plan, std::string_view wire);
  bool InstantBody(const MessagePlan& plan, std::string_view wire);
  bool FieldMaskBody(std::string_view wire);
  bool StructBody(const MessagePlan& plan, std::string_view wire);
  bool ValueBody(const MessagePlan& plan, std::string_view wire);
  bool AnyFields(const MessagePlan& payload, std::string_view wire);
  bool AnyBody(const MessagePlan& plan, std::string_view wire);

  Buffer& out_;
  size_t start_;
  size_t largest_;
  int levels_;
  bool omit_;
  bool careful_;
  bool irregular_ = false;
  bool too_large_ = false;
  const char* why_ = "";
  std::vector<std::pair<size_t, size_t>> keys_;  // Where the keys of the open maps were written.
  FieldPath path_;
};

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_JSON_PRINTER_H_
