#include "gateway/transcode/rest_router.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_format.h"
#include "gateway/transcode/path_template.h"
#include "gateway/transcode/url.h"

namespace simpul::transcode {

namespace {

constexpr char kAnyVerb[] = "*";

struct TransparentHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

absl::Status Refuse(const Method& method, const HttpRule& rule, const std::string& why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %s %s: %s", method.path, rule.verb, rule.path, why));
}

// "book.name" in `message`; empty if there is no such field that a path could give.
std::vector<const FieldPlan*> Resolve(const MessagePlan& message, std::string_view field_path) {
  std::vector<const FieldPlan*> fields;
  const MessagePlan* in = &message;
  for (bool last = false; !last;) {
    size_t dot = field_path.find('.');
    last = dot == field_path.npos;
    const FieldPlan* field = in->FindName(field_path.substr(0, dot));
    if (field == nullptr || field->shape != Shape::kSingular) return {};
    if (fields.size() == PathVariable::kMaxDepth) return {};
    if (last ? !FitsInText(field->kind) : field->kind != Kind::kMessage) return {};
    fields.push_back(field);
    in = field->message;
    if (!last) field_path.remove_prefix(dot + 1);
  }
  return fields;
}

absl::Status BindVariables(const PathTemplate& parsed, const Method& method, Route& route) {
  if (parsed.variables.size() > Match::kMaxVariables) {
    return Refuse(method, *route.rule,
                  absl::StrFormat("has more than %d variables", Match::kMaxVariables));
  }
  std::set<std::vector<const FieldPlan*>> bound;
  for (const PathTemplate::Variable& from : parsed.variables) {
    PathVariable variable;
    variable.field = Resolve(*method.request, from.field_path);
    variable.first_segment = from.first_segment;
    variable.segment_count = from.segment_count;
    variable.to_end = from.to_end;
    variable.single_segment = !from.to_end && from.segment_count == 1;
    if (variable.field.empty()) {
      return Refuse(method, *route.rule,
                    absl::StrFormat("%s is no field of %s that fits into a path", from.field_path,
                                    method.request->full_name));
    }
    if (!bound.insert(variable.field).second) {
      return Refuse(method, *route.rule, absl::StrFormat("%s is bound twice", from.field_path));
    }
    route.variables.push_back(std::move(variable));
  }
  return absl::OkStatus();
}

absl::Status BindBody(const Method& method, Route& route) {
  const HttpRule& rule = *route.rule;
  route.whole_body = rule.body == "*";
  if (!rule.body.empty() && !route.whole_body) {
    route.body_field = method.request->FindName(rule.body);
    if (route.body_field == nullptr) {
      return Refuse(
          method, rule,
          absl::StrFormat("body: %s has no field %s", method.request->full_name, rule.body));
    }
    for (const PathVariable& variable : route.variables) {
      if (variable.field.size() == 1 && variable.field[0] == route.body_field) {
        return Refuse(method, rule, absl::StrFormat("%s is in path and body", rule.body));
      }
    }
  }
  if (!rule.response_body.empty()) {
    route.response_field = method.response->FindName(rule.response_body);
    if (route.response_field == nullptr) {
      return Refuse(method, rule,
                    absl::StrFormat("response_body: %s has no field %s", method.response->full_name,
                                    rule.response_body));
    }
  }
  return absl::OkStatus();
}

}  // namespace

// The routes that end at one place of the trie with one custom verb.
struct RestRouter::Leaf {
  std::vector<Route*> routes;  // One for each HTTP verb.

  const Route* Find(std::string_view verb) const {
    const Route* any = nullptr;
    for (const Route* route : routes) {
      if (route->rule->verb == verb) return route;
      if (route->rule->verb == kAnyVerb) any = route;
    }
    return any;
  }
};

// Segments from the root on. Nodes are few at each level, so a walk back costs what the templates
// cost, not what the routes do.
struct RestRouter::Node {
  using Leaves = std::map<std::string, Leaf, std::less<>>;  // By custom verb, "" for none.

  std::unordered_map<std::string, std::unique_ptr<Node>, TransparentHash, std::equal_to<>> literals;
  std::unique_ptr<Node> one;  // "*"
  Leaves leaves;
  Leaves rest;  // "**"
};

// One path on its way through the trie.
struct RestRouter::Search {
  static constexpr size_t kMaxSegments = 64;

  std::string_view verb;
  std::string_view custom_verb;
  std::array<std::string_view, kMaxSegments> segments;
  size_t count = 0;
  const Route* found = nullptr;
  bool wrong_verb = false;
  std::set<std::string>* allowed = nullptr;  // Collects verbs instead of looking for one.

  // False if no template can match: too long, or with an empty segment.
  bool Split(std::string_view path) {
    path.remove_prefix(1);
    for (bool last = false; !last; ++count) {
      size_t slash = path.find('/');
      last = slash == path.npos;
      if (count == kMaxSegments || (last ? path.empty() : slash == 0)) return false;
      segments[count] = path.substr(0, slash);
      if (!last) path.remove_prefix(slash + 1);
    }
    return true;
  }

  // True when the search is over.
  bool AtLeaf(const Node::Leaves& leaves) {
    auto leaf = leaves.find(custom_verb);
    if (leaf == leaves.end()) return false;
    if (allowed != nullptr) {
      for (const Route* route : leaf->second.routes) allowed->insert(route->rule->verb);
      return false;
    }
    found = leaf->second.Find(verb);
    wrong_verb = wrong_verb || (found == nullptr && !leaf->second.routes.empty());
    return found != nullptr;
  }

  bool Walk(const Node& node, size_t at) {
    if (at == count) return AtLeaf(node.leaves) || AtLeaf(node.rest);
    std::string scratch;
    std::string_view text = PercentDecode(segments[at], Decode::kSegment, scratch);
    auto literal = node.literals.find(text);
    if (literal != node.literals.end() && Walk(*literal->second, at + 1)) return true;
    if (node.one != nullptr && Walk(*node.one, at + 1)) return true;
    return AtLeaf(node.rest);
  }

  // Whether the path is known at all: with the custom verb that it ends with, or else as it stands.
  bool Run(const Node& root) {
    std::string_view whole = segments[count - 1];
    size_t colon = whole.rfind(':');
    if (colon != whole.npos && colon > 0 && colon + 1 < whole.size()) {
      segments[count - 1] = whole.substr(0, colon);
      custom_verb = whole.substr(colon + 1);
      if (Walk(root, 0) || wrong_verb) return true;
      if (allowed != nullptr && !allowed->empty()) return true;
      segments[count - 1] = whole;
      custom_verb = {};
    }
    return Walk(root, 0) || wrong_verb;
  }

  void Capture(Match& match) const {
    match.route = found;
    for (size_t i = 0; i < found->variables.size(); ++i) {
      const PathVariable& variable = found->variables[i];
      size_t first = variable.first_segment;
      size_t end = variable.to_end ? count : first + variable.segment_count;
      match.values[i] = {};
      if (first == end) continue;
      const char* start = segments[first].data();
      const char* stop = segments[end - 1].data() + segments[end - 1].size();
      match.values[i] = {start, static_cast<size_t>(stop - start)};
    }
  }
};

// Where the template ends; made if it is not there yet.
RestRouter::Leaf& RestRouter::LeafOf(const PathTemplate& parsed) {
  Node* node = root_.get();
  for (const PathTemplate::Segment& segment : parsed.segments) {
    if (segment.kind == PathTemplate::Kind::kRest) return node->rest[parsed.verb];
    std::unique_ptr<Node>& next =
        segment.kind == PathTemplate::Kind::kOne ? node->one : node->literals[segment.literal];
    if (next == nullptr) next = std::make_unique<Node>();
    node = next.get();
  }
  return node->leaves[parsed.verb];
}

RestRouter::RestRouter() : root_(std::make_unique<Node>()) {}
RestRouter::~RestRouter() = default;

RouteResult RestRouter::Find(std::string_view verb, std::string_view path, Match& match) const {
  if (!path.starts_with('/') || !HasValidEscapes(path)) return RouteResult::kBadPath;
  Search search;
  search.verb = verb;
  if (!search.Split(path)) return RouteResult::kNotFound;
  search.Run(*root_);
  if (search.found != nullptr) {
    search.Capture(match);
    return RouteResult::kFound;
  }
  return search.wrong_verb ? RouteResult::kWrongVerb : RouteResult::kNotFound;
}

std::string RestRouter::Allow(std::string_view path) const {
  if (!path.starts_with('/') || !HasValidEscapes(path)) return {};
  std::set<std::string> verbs;
  Search search;
  search.allowed = &verbs;
  if (!search.Split(path)) return {};
  search.Run(*root_);
  std::string text;
  for (const std::string& verb : verbs) text += (text.empty() ? "" : ", ") + verb;
  return text;
}

RestRouter::Builder::Builder() : router_(new RestRouter) {}
RestRouter::Builder::~Builder() = default;

std::shared_ptr<const RestRouter> RestRouter::Builder::Build() && { return std::move(router_); }

absl::StatusOr<RestRouter::Leaf*> RestRouter::Builder::AddRule(
    const std::shared_ptr<const Contract>& contract, const Method& method, const HttpRule& rule) {
  absl::StatusOr<PathTemplate> parsed = PathTemplate::Parse(rule.path);
  if (!parsed.ok()) return Refuse(method, rule, std::string(parsed.status().message()));
  if (rule.verb.empty()) return Refuse(method, rule, "has no verb");
  auto route = std::make_unique<Route>();
  route->contract = contract;
  route->method = &method;
  route->rule = &rule;
  if (absl::Status bound = BindVariables(*parsed, method, *route); !bound.ok()) return bound;
  if (absl::Status bound = BindBody(method, *route); !bound.ok()) return bound;
  Leaf& leaf = router_->LeafOf(*parsed);
  for (const Route* other : leaf.routes) {
    if (other->rule->verb != rule.verb) continue;
    return absl::AlreadyExistsError(
        absl::StrFormat("%s %s of %s is the same route as %s of %s; give one of them another path",
                        rule.verb, rule.path, method.path, other->rule->path, other->method->path));
  }
  leaf.routes.push_back(route.get());
  router_->routes_.push_back(std::move(route));
  return &leaf;
}

absl::Status RestRouter::Builder::Add(std::shared_ptr<const Contract> contract,
                                      const Method& method) {
  std::vector<Leaf*> touched;
  for (const HttpRule& rule : method.rules) {
    absl::StatusOr<Leaf*> leaf = AddRule(contract, method, rule);
    if (leaf.ok()) {
      touched.push_back(*leaf);
      continue;
    }
    for (Leaf* undo : touched) {
      undo->routes.pop_back();
      router_->routes_.pop_back();
    }
    return leaf.status();
  }
  return absl::OkStatus();
}

}  // namespace simpul::transcode
