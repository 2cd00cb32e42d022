// A request as a mapping writes it: checked once, filled with values at each call.
#ifndef SIMPUL_ADAPTERS_SOURCES_REST_REQUEST_H_
#define SIMPUL_ADAPTERS_SOURCES_REST_REQUEST_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "adapters/sources/rest/template.h"

namespace simpul::sources::rest {

// The words of a mapping. `{name}` stands for a bound value in each of them but the method and the
// names of query parameters.
struct RequestText {
  std::string method = "GET";
  std::string path;                                        // "/rest/data/issue/{key}"
  std::vector<std::pair<std::string, std::string>> query;  // {"@sort", "id"}
  std::string body;                                        // JSON; empty: none
};

// One request. Immutable, thread-safe.
class Request {
 public:
  // Ready to be sent.
  struct Filled {
    std::string target;  // path and query
    std::string body;
  };

  // INVALID_ARGUMENT: the text says which part is wrong and what was expected there.
  static absl::StatusOr<Request> Parse(const RequestText& text);

  const std::string& method() const { return method_; }
  bool is_read() const { return method_ == "GET"; }
  bool has_body() const { return !body_.empty(); }
  bool Has(std::string_view parameter) const;
  // Those of path and query.
  std::vector<std::string> parameters() const;
  // "GET /rest/data/issue/{key}": what errors call it. Has no bound value and no query.
  const std::string& label() const { return label_; }

  // Values are percent-encoded in path and query and are JSON in the body, where a string that is
  // one parameter becomes the value with its type. A query parameter that is NULL is left out.
  // INVALID_ARGUMENT: a parameter has no value, or one that would change the path: none, "." or
  // "..".
  absl::StatusOr<Filled> Fill(const Bindings& bindings) const;

 private:
  // A piece of the body: `text` as it is, or the value of a parameter.
  struct BodyPiece {
    enum class Kind { kText, kValue, kInString } kind = Kind::kText;
    std::string text;
  };
  class BodyParser;

  std::string method_;
  std::string label_;
  Template path_;
  std::vector<std::pair<std::string, Template>> query_;
  std::vector<BodyPiece> body_;
};

// Appends `text` with all but unreserved characters (RFC 3986) percent-encoded.
void AppendEncoded(std::string_view text, std::string& out);

// Appends "?name=value", or "&name=value" behind others.
void AppendQuery(std::string_view name, std::string_view value, std::string& target);

}  // namespace simpul::sources::rest

#endif  // SIMPUL_ADAPTERS_SOURCES_REST_REQUEST_H_
