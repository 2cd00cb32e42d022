#include "adapters/sources/rest/document.h"

#include <algorithm>
#include <string>

#include "nlohmann/json.hpp"

namespace simpul::sources::rest {

// Takes nlohmann's events; no value of its own stands between.
class Document::Builder {
 public:
  explicit Builder(Document& out) : out_(out), end_(out.texts_.get()) {}

  bool null() { return Add({.kind = Kind::kNull}); }
  bool boolean(bool value) { return Add({.kind = Kind::kBool, .integer = value}); }
  bool number_integer(int64_t value) { return Add({.kind = Kind::kInt, .integer = value}); }
  bool number_unsigned(uint64_t value) {
    if (value <= INT64_MAX) return number_integer(static_cast<int64_t>(value));
    return Add({.kind = Kind::kText, .text = Keep(std::to_string(value))});
  }
  bool number_float(double value, const std::string& digits) {
    if (digits.find_first_of(".eE") == std::string::npos) {
      return Add({.kind = Kind::kText, .text = Keep(digits)});
    }
    return Add({.kind = Kind::kDouble, .real = value});
  }
  bool string(std::string& value) { return Add({.kind = Kind::kText, .text = Keep(value)}); }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool start_object(size_t) { return Open(Kind::kObject); }
  bool start_array(size_t) { return Open(Kind::kArray); }
  bool end_array() {
    open_.pop_back();
    return true;
  }
  bool end_object() {
    const bool is_good = KeysDiffer(open_.back().index);
    if (!is_good) reason_ = "has a key twice in one object";
    open_.pop_back();
    return is_good;
  }
  bool key(std::string& value) {
    key_ = Keep(value);
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) {
    const std::string_view what = error.what();
    reason_ = what.find("UTF-8") != std::string_view::npos ? "is not UTF-8"
              : what.find("out_of_range") != std::string_view::npos
                  ? "has a number out of range"
                  : "is not JSON, or ends too soon";
    return false;
  }

  absl::Status status() const {
    if (is_full_) {
      return absl::ResourceExhaustedError("has more than a million values; ask for smaller pages");
    }
    return absl::DataLossError(reason_);
  }

 private:
  struct Container {
    size_t index;
    int32_t last = -1;  // its newest child
  };

  std::string_view Keep(const std::string& text) {
    char* const begin = end_;
    end_ += text.copy(begin, text.size());
    return {begin, text.size()};
  }

  bool Add(Node node) {
    is_full_ = out_.nodes_.size() == kMaxValues;
    if (is_full_) return false;
    const auto index = static_cast<int32_t>(out_.nodes_.size());
    if (!open_.empty()) {
      Container& parent = open_.back();
      node.key = key_;
      key_ = {};
      (parent.last < 0 ? out_.nodes_[parent.index].first
                       : out_.nodes_[static_cast<size_t>(parent.last)].next) = index;
      parent.last = index;
    }
    out_.nodes_.push_back(node);
    return true;
  }

  bool Open(Kind kind) {
    if (open_.size() == kMaxDepth) {
      reason_ = "is nested too deep";
      return false;
    }
    if (!Add({.kind = kind})) return false;
    open_.push_back({out_.nodes_.size() - 1});
    return true;
  }

  bool KeysDiffer(size_t object) {
    keys_.clear();
    for (const Node* node = out_.First(out_.nodes_[object]); node != nullptr;
         node = out_.Next(*node)) {
      keys_.push_back(node->key);
    }
    std::sort(keys_.begin(), keys_.end());
    return std::adjacent_find(keys_.begin(), keys_.end()) == keys_.end();
  }

  Document& out_;
  char* end_;
  std::string_view key_;
  std::vector<Container> open_;
  std::vector<std::string_view> keys_;
  bool is_full_ = false;
  const char* reason_ = "is not JSON, or ends too soon";
};

absl::StatusOr<Document> Document::Parse(std::string_view json) {
  Document out;
  // No text is longer than what it is written as.
  out.texts_ = std::make_unique_for_overwrite<char[]>(json.size());
  Builder builder(out);
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &builder)) {
    return builder.status();
  }
  return out;
}

}  // namespace simpul::sources::rest
