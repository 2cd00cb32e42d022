#include "bus/config/yaml.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"
#include "yaml-cpp/yaml.h"

namespace simpul::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kMaxBytes = 1 << 20;

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string Join(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

std::vector<std::string> ValueNames(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) names.push_back(type.value(i)->name());
  }
  return names;
}

// Fills one message tree, collecting what is wrong.
class Filler {
 public:
  Filler(Locations& locations, std::vector<std::string>& problems)
      : locations_(locations), problems_(problems) {}

  void Fill(const YAML::Node& node, const std::string& path, Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    if (type.full_name() == "google.protobuf.Duration") return FillDuration(node, path, message);
    if (node.IsScalar() && HasShortForm(type)) {
      locations_.Set(Join(path, type.field(0)->name()), LineOf(node));
      return message.GetReflection()->SetString(&message, type.field(0), node.Scalar());
    }
    if (!node.IsMap()) {
      return Wrong(node, absl::StrFormat("expected keys and values: %s",
                                         absl::StrJoin(FieldNames(type), ", ")));
    }
    std::set<std::string> seen;
    for (const auto& entry : node) FillKey(entry, path, message, seen);
  }

 private:
  // Where a field is one of several, the short form would guess which: a password would become the
  // name of a variable.
  static bool HasShortForm(const Descriptor& type) {
    return type.field_count() > 0 && type.field(0)->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
           !type.field(0)->is_repeated() && type.field(0)->real_containing_oneof() == nullptr;
  }

  static int LineOf(const YAML::Node& node) { return node.Mark().line + 1; }

  void Wrong(const YAML::Node& node, const std::string& what) {
    problems_.push_back(absl::StrFormat("%s:%d: %s", locations_.file(), LineOf(node), what));
  }

  template <class Entry>
  void FillKey(const Entry& entry, const std::string& path, Message& message,
               std::set<std::string>& seen) {
    const Descriptor& type = *message.GetDescriptor();
    if (!entry.first.IsScalar()) return Wrong(entry.first, "expected a plain word as a key");
    const std::string key = entry.first.Scalar();
    const FieldDescriptor* field = type.FindFieldByName(key);
    if (field == nullptr) return UnknownKey(entry.first, key, type);
    if (!seen.insert(key).second) {
      return Wrong(entry.first, absl::StrFormat("'%s' stands here twice; keep one", key));
    }
    const auto* oneof = field->real_containing_oneof();
    if (oneof != nullptr && message.GetReflection()->HasOneof(message, oneof)) {
      return Wrong(entry.first, absl::StrFormat("expected only one of %s", OneofNames(*oneof)));
    }
    const std::string inner = Join(path, key);
    locations_.Set(inner, LineOf(entry.first));
    FillField(entry.second, inner, message, *field);
  }

  static std::string OneofNames(const google::protobuf::OneofDescriptor& oneof) {
    std::vector<std::string> names;
    for (int i = 0; i < oneof.field_count(); ++i) names.push_back(oneof.field(i)->name());
    return absl::StrJoin(names, ", ");
  }

  void UnknownKey(const YAML::Node& node, const std::string& key, const Descriptor& type) {
    const std::string nearest = Nearest(key, FieldNames(type));
    if (!nearest.empty()) {
      return Wrong(node, absl::StrFormat("unknown key '%s'; did you mean '%s'?", key, nearest));
    }
    Wrong(node, absl::StrFormat("unknown key '%s'; expected one of %s", key,
                                absl::StrJoin(FieldNames(type), ", ")));
  }

  void FillField(const YAML::Node& node, const std::string& path, Message& message,
                 const FieldDescriptor& field) {
    if (field.is_map()) return FillMap(node, path, message, field);
    if (field.is_repeated()) return FillList(node, path, message, field);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return Fill(node, path, *message.GetReflection()->MutableMessage(&message, &field));
    }
    SetScalar(node, message, field, /*add=*/false);
  }

  void FillMap(const YAML::Node& node, const std::string& path, Message& message,
               const FieldDescriptor& field) {
    if (!node.IsMap()) return Wrong(node, "expected keys and values");
    const Descriptor& entry_type = *field.message_type();
    std::set<std::string> seen;
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) {
        Wrong(pair.first, "expected a plain word as a key");
        continue;
      }
      const std::string key = pair.first.Scalar();
      const std::string inner = Join(path, key);
      locations_.Set(inner, LineOf(pair.first));
      if (!seen.insert(key).second) {
        Wrong(pair.first, absl::StrFormat("'%s' stands here twice; keep one", key));
        continue;
      }
      Message* entry = message.GetReflection()->AddMessage(&message, &field);
      SetScalar(pair.first, *entry, *entry_type.map_key(), /*add=*/false);
      FillField(pair.second, inner, *entry, *entry_type.map_value());
    }
  }

  void FillList(const YAML::Node& node, const std::string& path, Message& message,
                const FieldDescriptor& field) {
    if (!node.IsSequence()) return Wrong(node, "expected a list, [a, b]");
    for (size_t i = 0; i < node.size(); ++i) {
      const std::string inner = Join(path, std::to_string(i));
      locations_.Set(inner, LineOf(node[i]));
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Fill(node[i], inner, *message.GetReflection()->AddMessage(&message, &field));
      } else {
        SetScalar(node[i], message, field, /*add=*/true);
      }
    }
  }

  void FillDuration(const YAML::Node& node, const std::string&, Message& message) {
    absl::Duration duration;
    if (!node.IsScalar() || !ParseDuration(node.Scalar(), duration)) {
      return Wrong(node, "expected a duration: a number and ms, s, m, h or d, such as 5s or 7d");
    }
    google::protobuf::Duration value;
    value.set_seconds(absl::ToInt64Seconds(duration));
    value.set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(duration - absl::Seconds(value.seconds()))));
    // The message may be of another pool than the generated one.
    message.ParseFromString(value.SerializeAsString());
  }

  void SetScalar(const YAML::Node& node, Message& message, const FieldDescriptor& field, bool add) {
    if (!node.IsScalar()) {
      return Wrong(node, absl::StrFormat("expected %s", Expected(field)));
    }
    const std::string& text = node.Scalar();
    if (!Assign(text, message, field, add))
      Wrong(node, absl::StrFormat("expected %s", Expected(field)));
  }

  static std::string Expected(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_ENUM:
        return "one of " + absl::StrJoin(ValueNames(*field.enum_type()), ", ");
      case FieldDescriptor::CPPTYPE_BOOL:
        return "true or false";
      case FieldDescriptor::CPPTYPE_STRING:
        return "text";
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT:
        return "a number";
      default:
        return "a whole number";
    }
  }

  template <class T, class Parse, class Set, class Add>
  static bool Put(const std::string& text, bool add, Parse parse, Set set, Add append) {
    T value{};
    if (!parse(text, &value)) return false;
    add ? append(value) : set(value);
    return true;
  }

  static bool Assign(const std::string& text, Message& m, const FieldDescriptor& f, bool add) {
    const Reflection& r = *m.GetReflection();
    const auto integer = [](const std::string& t, auto* v) { return absl::SimpleAtoi(t, v); };
    switch (f.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return Put<int32_t>(
            text, add, integer, [&](auto v) { r.SetInt32(&m, &f, v); },
            [&](auto v) { r.AddInt32(&m, &f, v); });
      case FieldDescriptor::CPPTYPE_INT64:
        return Put<int64_t>(
            text, add, integer, [&](auto v) { r.SetInt64(&m, &f, v); },
            [&](auto v) { r.AddInt64(&m, &f, v); });
      case FieldDescriptor::CPPTYPE_UINT32:
        return Put<uint32_t>(
            text, add, integer, [&](auto v) { r.SetUInt32(&m, &f, v); },
            [&](auto v) { r.AddUInt32(&m, &f, v); });
      case FieldDescriptor::CPPTYPE_UINT64:
        return Put<uint64_t>(
            text, add, integer, [&](auto v) { r.SetUInt64(&m, &f, v); },
            [&](auto v) { r.AddUInt64(&m, &f, v); });
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT: {
        double v = 0;
        if (!absl::SimpleAtod(text, &v) || !std::isfinite(v)) return false;
        const bool is_float = f.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT;
        if (is_float) add ? r.AddFloat(&m, &f, v) : r.SetFloat(&m, &f, v);
        if (!is_float) add ? r.AddDouble(&m, &f, v) : r.SetDouble(&m, &f, v);
        return true;
      }
      case FieldDescriptor::CPPTYPE_BOOL: {
        if (text != "true" && text != "false") return false;
        add ? r.AddBool(&m, &f, text == "true") : r.SetBool(&m, &f, text == "true");
        return true;
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const auto* v = f.enum_type()->FindValueByName(text);
        if (v == nullptr || v->number() == 0) return false;
        add ? r.AddEnum(&m, &f, v) : r.SetEnum(&m, &f, v);
        return true;
      }
      case FieldDescriptor::CPPTYPE_STRING:
        add ? r.AddString(&m, &f, text) : r.SetString(&m, &f, text);
        return true;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return false;
    }
    return false;
  }

  Locations& locations_;
  std::vector<std::string>& problems_;
};

}  // namespace

int Locations::LineOf(std::string_view path) const {
  while (true) {
    const auto it = lines_.find(path);
    if (it != lines_.end()) return it->second;
    const size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return 1;
    path = path.substr(0, dot);
  }
}

std::string Locations::Problem(std::string_view path, std::string_view what) const {
  return absl::StrFormat("%s:%d: %s", file_, LineOf(path), what);
}

std::vector<std::string> ParseYaml(std::string_view text, const std::string& file, Message& message,
                                   Locations& locations) {
  locations = Locations(file);
  std::vector<std::string> problems;
  if (text.size() > kMaxBytes) return {absl::StrFormat("%s:1: expected at most 1 MiB", file)};
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (!root.IsMap()) return {absl::StrFormat("%s:1: expected keys and values", file)};
    Filler(locations, problems).Fill(root, "", message);
  } catch (const YAML::Exception& error) {
    problems.push_back(
        absl::StrFormat("%s:%d: expected YAML: %s", file, error.mark.line + 1, error.msg));
  }
  return problems;
}

std::vector<std::string> LoadYaml(const std::string& path, Message& message, Locations& locations) {
  locations = Locations(path);
  std::ifstream file(path, std::ios::binary);
  if (!file) return {absl::StrFormat("%s:1: expected a file that can be read", path)};
  std::ostringstream text;
  text << file.rdbuf();
  return ParseYaml(text.str(), path, message, locations);
}

bool ParseDuration(std::string_view text, absl::Duration& duration) {
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  if (digits == 0 || !absl::SimpleAtod(std::string(text.substr(0, digits)), &number)) return false;
  const std::string_view unit = text.substr(digits);
  if (unit == "ms")
    duration = absl::Milliseconds(number);
  else if (unit == "s")
    duration = absl::Seconds(number);
  else if (unit == "m")
    duration = absl::Minutes(number);
  else if (unit == "h")
    duration = absl::Hours(number);
  else if (unit == "d")
    duration = absl::Hours(24 * number);
  else
    return false;
  return true;
}

std::string Nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string nearest;
  size_t best = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace simpul::config
