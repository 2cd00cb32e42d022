// Finds the method behind an HTTP verb and path, by the templates of google.api.http.
#ifndef SIMPUL_GATEWAY_TRANSCODE_REST_ROUTER_H_
#define SIMPUL_GATEWAY_TRANSCODE_REST_ROUTER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/transcode/contract.h"
#include "gateway/transcode/plan.h"

namespace simpul::transcode {

struct PathTemplate;

// A variable of a template, bound to a field of the request.
struct PathVariable {
  static constexpr size_t kMaxDepth = 16;

  std::vector<const FieldPlan*> field;  // From the request's field down, such as {book, name}.
  uint16_t first_segment = 0;
  uint16_t segment_count = 1;  // Fixed ones; with to_end, at least these.
  bool to_end = false;         // Ends with `**`.
  // One segment is decoded whole; in several an encoded slash stays encoded (http.proto).
  bool single_segment = true;
};

// One binding of one method.
struct Route {
  std::shared_ptr<const Contract> contract;
  const Method* method = nullptr;
  const HttpRule* rule = nullptr;
  std::vector<PathVariable> variables;
  bool whole_body = false;                    // body: "*"
  const FieldPlan* body_field = nullptr;      // body: "field"
  const FieldPlan* response_field = nullptr;  // response_body: "field"
};

// What Match found. Views into the path that was asked for; lives on the stack.
struct Match {
  static constexpr size_t kMaxVariables = 8;

  const Route* route = nullptr;
  // The raw, still percent-encoded text of each of route->variables.
  std::array<std::string_view, kMaxVariables> values;
};

enum class RouteResult {
  kFound,
  kNotFound,   // 404
  kWrongVerb,  // 405: the path is known, with other verbs
  kBadPath,    // 400: a "%" that is not followed by two hex digits, or a path without a leading "/"
};

// Immutable after Build(); thread-safe. Looking up costs a hash per segment, however many routes
// there are.
class RestRouter {
  struct Leaf;
  struct Node;
  struct Search;

 public:
  // One thread.
  class Builder {
   public:
    Builder();
    ~Builder();

    // Adds all bindings of a method of `contract`.
    // INVALID_ARGUMENT: a template that http.proto does not allow, or a field in it that the
    // request
    //   does not have or that cannot be in a path. The message names method and template.
    // ALREADY_EXISTS: another method has the same verb on the same shape; the message names both.
    // After an error nothing of this method was added.
    absl::Status Add(std::shared_ptr<const Contract> contract, const Method& method);

    std::shared_ptr<const RestRouter> Build() &&;

   private:
    absl::StatusOr<Leaf*> AddRule(const std::shared_ptr<const Contract>& contract,
                                  const Method& method, const HttpRule& rule);

    std::unique_ptr<RestRouter> router_;
  };

  ~RestRouter();

  // `path` is the raw request path, without the query. A literal segment goes before `*`, `*`
  // before
  // `**`, and a path whose last segment ends with ":verb" looks for the custom verb first.
  RouteResult Find(std::string_view verb, std::string_view path, Match& match) const;

  // The verbs that `path` is known with, sorted, as the header Allow wants them: "GET, POST".
  std::string Allow(std::string_view path) const;

  // All routes, in the order they were added.
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  RestRouter();
  Leaf& LeafOf(const PathTemplate& parsed);

  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace simpul::transcode

#endif  // SIMPUL_GATEWAY_TRANSCODE_REST_ROUTER_H_
