#include "gateway/transcode/wire_merge.h"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <vector>

#include "gateway/transcode/wire_reader.h"

namespace simpul::transcode {

namespace {

// One value of a known field, without its tag.
struct Piece {
  const FieldPlan* field;
  bool packed;
  std::string_view value;

  // Of a length-delimited value.
  std::string_view Body() const {
    WireReader reader(value);
    std::string_view body;
    reader.Length(body);
    return body;
  }
};

bool Split(const MessagePlan& plan, std::string_view wire, std::vector<Piece>& pieces) {
  // The member that a oneof holds, and the first piece of it: what came before is forgotten.
  struct Holder {
    const FieldPlan* field = nullptr;
    size_t since = 0;
  };
  std::vector<Holder> oneofs(plan.oneof_count);
  for (WireReader reader(wire); !reader.AtEnd();) {
    uint32_t number;
    uint32_t wire_type;
    if (!reader.Tag(number, wire_type)) return false;
    const char* value = reader.p;
    if (!reader.Skip(number, wire_type)) return false;
    const FieldPlan* field = plan.FindNumber(number);
    if (field == nullptr) continue;
    bool packed = field->shape == Shape::kRepeated && wire_type == kLengthDelimited &&
                  field->wire_type != kLengthDelimited;
    if (wire_type != field->wire_type && !packed) continue;
    if (field->oneof != FieldPlan::kNoOneof && oneofs[field->oneof].field != field) {
      oneofs[field->oneof] = {field, pieces.size()};
    }
    pieces.push_back({field, packed, {value, static_cast<size_t>(reader.p - value)}});
  }
  size_t at = 0;
  std::erase_if(pieces, [&](const Piece& piece) {
    size_t index = at++;
    if (piece.field->oneof == FieldPlan::kNoOneof) return false;
    const Holder& holder = oneofs[piece.field->oneof];
    return holder.field != piece.field || index < holder.since;
  });
  return true;
}

void Append(const Piece& piece, std::string& merged) {
  if (piece.packed) {
    merged.append(piece.field->packed_tag, piece.field->packed_tag_size);
  } else {
    merged.append(piece.field->tag, piece.field->tag_size);
  }
  merged.append(piece.value);
}

void AppendJoined(std::span<const Piece> pieces, std::string& merged) {
  size_t size = 0;
  for (const Piece& piece : pieces) size += piece.Body().size();
  merged.append(pieces[0].field->tag, pieces[0].field->tag_size);
  for (; size > 127; size >>= 7) merged += static_cast<char>(size | 128);
  merged += static_cast<char>(size);
  for (const Piece& piece : pieces) merged.append(piece.Body());
}

// The key of a map entry in a form that is the same for the same key.
bool KeyOf(const FieldPlan& key, std::string_view entry, std::string& bytes) {
  std::string_view text;
  uint64_t number = 0;
  for (WireReader reader(entry); !reader.AtEnd();) {
    uint32_t field;
    uint32_t wire_type;
    if (!reader.Tag(field, wire_type)) return false;
    bool is_key = field == 1 && wire_type == key.wire_type;
    bool ok = true;
    if (is_key && key.kind == Kind::kString) {
      ok = reader.Length(text);
    } else if (is_key && wire_type == kVarint) {
      ok = reader.Varint(number);
    } else if (is_key && wire_type == kFixed64Bits) {
      ok = reader.Fixed(number);
    } else if (is_key) {
      uint32_t half = 0;
      ok = reader.Fixed(half);
      number = half;
    } else {
      ok = reader.Skip(field, wire_type);
    }
    if (!ok) return false;
  }
  if (key.kind == Kind::kBool) number = number != 0 ? 1 : 0;
  if (key.kind == Kind::kInt32 || key.kind == Kind::kUint32 || key.kind == Kind::kSint32) {
    number = static_cast<uint32_t>(number);
  }
  if (key.kind == Kind::kString) {
    bytes.assign(text);
  } else {
    bytes.assign(reinterpret_cast<const char*>(&number), sizeof number);
  }
  return true;
}

bool AppendLastOfEachKey(std::span<const Piece> entries, std::string& merged) {
  const FieldPlan& key = entries[0].field->message->fields[0];
  std::vector<std::string> keys(entries.size());
  std::unordered_map<std::string_view, size_t> last;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!KeyOf(key, entries[i].Body(), keys[i])) return false;
    last[keys[i]] = i;
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    if (last[keys[i]] == i) Append(entries[i], merged);
  }
  return true;
}

}  // namespace

bool MergeFields(const MessagePlan& plan, std::string_view wire, std::string& merged,
                 const FieldPlan* only) {
  std::vector<Piece> pieces;
  if (!Split(plan, wire, pieces)) return false;
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
    return a.field->number < b.field->number;
  });
  std::span<const Piece> left = pieces;
  while (!left.empty()) {
    const FieldPlan& field = *left[0].field;
    size_t count = 1;
    while (count < left.size() && left[count].field == &field) ++count;
    std::span<const Piece> same = left.first(count);
    left = left.subspan(count);
    if (only != nullptr && only != &field) continue;
    if (field.shape == Shape::kMap) {
      if (!AppendLastOfEachKey(same, merged)) return false;
    } else if (field.shape == Shape::kRepeated) {
      for (const Piece& piece : same) Append(piece, merged);
    } else if (field.kind >= Kind::kMessage) {
      AppendJoined(same, merged);
    } else {
      Append(same.back(), merged);
    }
  }
  return true;
}

}  // namespace simpul::transcode
