// A protobuf descriptor compiled into flat tables that the one-pass codecs walk without reflection.
#ifndef SIMPUL_GATEWAY_TRANSCODE_PLAN_H_
#define SIMPUL_GATEWAY_TRANSCODE_PLAN_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/transcode/name_table.h"

namespace google::protobuf {
class Descriptor;
class EnumDescriptor;
class FieldDescriptor;
}  // namespace google::protobuf

namespace simpul::transcode {

class Plans;
struct MessagePlan;

// How a value looks on the wire and in JSON. From kMessage on it is a message; after it come those
// with a JSON form of their own (google.protobuf.*).
enum class Kind : uint8_t {
  kDouble,
  kFloat,
  kInt32,
  kInt64,
  kUint32,
  kUint64,
  kSint32,
  kSint64,
  kFixed32,
  kFixed64,
  kSfixed32,
  kSfixed64,
  kBool,
  kString,
  kBytes,
  kEnum,
  kNull,  // google.protobuf.NullValue: JSON null.
  kMessage,
  kTimestamp,
  kDuration,
  kFieldMask,
  kWrapper,  // google.protobuf.Int32Value and the like.
  kStruct,
  kValue,
  kListValue,
  kAny,
};

// Whether a path, a query or a JSON string can say such a value.
inline bool FitsInText(Kind kind) {
  return kind < Kind::kMessage || kind == Kind::kTimestamp || kind == Kind::kDuration ||
         kind == Kind::kFieldMask || kind == Kind::kWrapper;
}

enum class Shape : uint8_t { kSingular, kRepeated, kMap };

enum WireType : uint8_t {
  kVarint = 0,
  kFixed64Bits = 1,
  kLengthDelimited = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32Bits = 5,
};

struct EnumPlan {
  std::string full_name;
  NameTable names;                                     // Name -> index in numbers.
  std::vector<int32_t> numbers;                        // In the contract's order.
  std::vector<std::string> small;                      // "\"NAME\"" of the numbers 0 to 127.
  std::unordered_map<int32_t, std::string> remaining;  // Of all others.

  // The quoted name, or null: an open enum may carry any number. Of aliases the first.
  const std::string* Quoted(int32_t number) const {
    if (static_cast<uint32_t>(number) < small.size()) {
      const std::string& name = small[static_cast<uint32_t>(number)];
      return name.empty() ? nullptr : &name;
    }
    auto it = remaining.find(number);
    return it == remaining.end() ? nullptr : &it->second;
  }
};

struct FieldPlan {
  static constexpr uint32_t kNoOneof = ~uint32_t{0};

  Kind kind = Kind::kInt32;
  Shape shape = Shape::kSingular;
  uint8_t wire_type = kVarint;  // Of one element.
  uint8_t tag_size = 0;
  uint8_t packed_tag_size = 0;
  bool packed = false;    // Repeated and written packed.
  bool implicit = false;  // Without presence: the default value is not written.
  bool personal = false;  // Has a privacy class (simpul.privacy.v1).
  uint32_t number = 0;
  uint32_t index = 0;  // In MessagePlan::fields.
  uint32_t oneof = kNoOneof;
  char tag[8] = {};
  char packed_tag[8] = {};
  std::string key;        // "\"jsonName\":", ready to be written.
  std::string name;       // As in the contract; what errors say.
  std::string json_name;  // As in JSON.
  const MessagePlan* message = nullptr;
  const EnumPlan* enumeration = nullptr;
};

struct MessagePlan {
  std::string full_name;
  Kind kind = Kind::kMessage;
  std::vector<FieldPlan> fields;  // By ascending number. A map entry's are key and value.
  uint32_t oneof_count = 0;
  bool personal_in_oneof = false;  // Some member of a oneof is personal.
  bool may_hold_personal = false;  // At any depth; an Any may hold anything.
  const Plans* plans = nullptr;    // Where an Any looks its type up.

  const FieldPlan* FindNumber(uint32_t number) const { return Look(all_, number); }
  // As FindNumber, but personal fields are as if the contract did not have them.
  const FieldPlan* FindPublicNumber(uint32_t number) const { return Look(public_, number); }
  // By either spelling: "displayName" or "display_name".
  const FieldPlan* FindName(std::string_view name) const {
    uint32_t index = names_.Find(name);
    return index == NameTable::kNone ? nullptr : &fields[index];
  }

 private:
  friend class Plans;

  // Small numbers by array, the few others by binary search.
  struct Numbers {
    std::vector<const FieldPlan*> small;
    std::vector<const FieldPlan*> large;
  };
  static const FieldPlan* Look(const Numbers& numbers, uint32_t number) {
    if (number < numbers.small.size()) return numbers.small[number];
    return numbers.large.empty() ? nullptr : LookLarge(numbers, number);
  }
  static const FieldPlan* LookLarge(const Numbers& numbers, uint32_t number);
  static void Insert(Numbers& numbers, const FieldPlan* field);
  void Index();

  NameTable names_;
  Numbers all_;
  Numbers public_;
};

// All plans of one contract. Compile first, then share: const use is thread-safe.
class Plans {
 public:
  Plans();
  Plans(const Plans&) = delete;
  ~Plans();

  // The plan of a message and of all it refers to; the same one if it is there already.
  // INVALID_ARGUMENT: a group, an extendable message, or a google.protobuf type that is not what
  // that
  //   name stands for. The message names file, message and field. Nothing of it is kept then.
  absl::StatusOr<const MessagePlan*> Compile(const google::protobuf::Descriptor& message);

  // Sets may_hold_personal in all plans; after the last Compile.
  void FindPersonal();

  // By full name, or null.
  const MessagePlan* Find(std::string_view full_name) const;

 private:
  void Fill(const google::protobuf::Descriptor& message, MessagePlan& plan);
  FieldPlan MakeField(const google::protobuf::FieldDescriptor& field);
  const EnumPlan* MakeEnum(const google::protobuf::EnumDescriptor& enumeration);

  std::map<std::string, std::unique_ptr<MessagePlan>, std::less<>> messages_;
  std::map<std::string, std::unique_ptr<EnumPlan>, std::less<>> enums_;
};

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_PLAN_H_
