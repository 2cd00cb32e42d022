#include "adapters/engine/mapping_checker.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace simpul::engine {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;

namespace {

bool IsVariable(std::string_view name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return c == '_' || absl::ascii_isalnum(c); });
}

bool IsPartName(std::string_view text) {
  return !text.empty() && text.size() <= 63 && absl::ascii_islower(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

absl::Duration ToDuration(const google::protobuf::Duration& d) {
  return absl::Seconds(d.seconds()) + absl::Nanoseconds(d.nanos());
}

}  // namespace

std::unique_ptr<LoadedMapping> MappingChecker::Check() {
  loaded_ = std::make_unique<LoadedMapping>();
  CheckAdapter();
  CheckSource();
  service_ = ContractPool().FindServiceByName(mapping_.implements());
  if (service_ == nullptr) {
    Wrong("implements",
          "expected a service of the contracts, such as "
          "simpul.wifi.v1.WifiSourceService");
    return std::move(loaded_);
  }
  loaded_->service = mapping_.implements();
  if (mapping_.resources().empty()) Wrong("resources", "expected at least one resource");
  // A map has no order of its own; the file's is the one that people see.
  std::vector<std::string> names;
  for (const auto& [name, resource] : mapping_.resources()) names.push_back(name);
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    const int line_a = locations_.LineOf("resources." + a);
    const int line_b = locations_.LineOf("resources." + b);
    return line_a != line_b ? line_a < line_b : a < b;
  });
  for (const std::string& name : names) CheckResource(name, mapping_.resources().at(name));
  return std::move(loaded_);
}

void MappingChecker::Wrong(const std::string& path, std::string_view what) {
  problems_.push_back(locations_.Problem(path, what));
}

void MappingChecker::CheckAdapter() {
  const std::vector<std::string> parts = absl::StrSplit(mapping_.adapter(), '/');
  if (parts.size() != 2 || !IsPartName(parts[0]) || !IsPartName(parts[1])) {
    return Wrong("adapter", "expected <department>/<app> of lower-case letters, digits and '-'");
  }
  loaded_->adapter = mapping_.adapter();
  loaded_->department = parts[0];
  loaded_->app = parts[1];
}

void MappingChecker::CheckSource() {
  const mapping::v1::Source& source = mapping_.source();
  if (source.kind_case() == mapping::v1::Source::KIND_NOT_SET) {
    Wrong("source", "expected 'sql' or 'rest'");
  } else if (is_rest()) {
    CheckRest();
  } else {
    CheckReference("source.sql.dsn", source.sql().dsn(), "RADIUS_DSN; the data source name itself",
                   loaded_->dsn);
  }
  if (source.zone().empty() || !absl::LoadTimeZone(source.zone(), &zone_)) {
    Wrong("source.zone", "expected a zone of the tz database, such as Asia/Jakarta");
  }
  CheckLimits();
}

void MappingChecker::CheckReference(const std::string& path, const mapping::v1::Reference& from,
                                    std::string_view example, Referred& to) {
  to = {.env = from.env(), .file = from.file()};
  if (to.empty()) return Wrong(path, "expected {env: <variable>} or {file: <path>}");
  if (IsVariable(to.env)) return;
  Wrong(path + ".env",
        absl::StrFormat("expected the name of a variable, such as %s does not belong "
                        "here",
                        std::string(example)));
}

void MappingChecker::CheckRest() {
  const mapping::v1::RestSource& rest = mapping_.source().rest();
  RestPlan& plan = loaded_->rest;
  CheckReference("source.rest.url", rest.url(), "LAPOR_URL; the address itself", plan.url);
  if (rest.has_auth()) {
    CheckReference("source.rest.auth.secret", rest.auth().secret(),
                   "LAPOR_TOKEN; the secret itself", plan.secret);
    if (!rest.auth().user().empty() && !rest.auth().header().empty()) {
      Wrong("source.rest.auth", "expected 'user' or 'header', not both");
    }
  }
  plan.user = rest.auth().user();
  plan.header = rest.auth().header();
  plan.headers.assign(rest.headers().begin(), rest.headers().end());
  plan.ca_file = rest.ca_file();
}

void MappingChecker::CheckLimits() {
  const mapping::v1::Limits& limits = mapping_.source().limits();
  if (limits.has_concurrency() && (limits.concurrency() < 1 || limits.concurrency() > 64)) {
    Wrong("source.limits.concurrency", "expected 1 to 64 connections");
  }
  if (limits.has_rows() && (limits.rows() < 1 || limits.rows() > 100'000)) {
    Wrong("source.limits.rows", "expected 1 to 100000 rows");
  }
  if (limits.requests_per_second() < 0 || (limits.requests_per_second() > 0 && !is_rest())) {
    Wrong("source.limits.requests_per_second", "expected a number above 0, of a 'rest' source");
  }
  if (limits.answer_bytes() < 0 || (limits.answer_bytes() > 0 && !is_rest())) {
    Wrong("source.limits.answer_bytes", "expected a number above 0, of a 'rest' source");
  }
  sources::Limits& to = loaded_->limits;
  if (limits.has_concurrency()) to.concurrency = limits.concurrency();
  if (limits.has_rows()) to.rows = limits.rows();
  if (limits.answer_bytes() > 0) to.answer_bytes = static_cast<size_t>(limits.answer_bytes());
  to.requests_per_second = limits.requests_per_second();
  Take("source.limits.timeout", limits.has_timeout(), limits.timeout(), to.timeout);
}

// Reads a duration that has a default.
void MappingChecker::Take(const std::string& path, bool is_set,
                          const google::protobuf::Duration& from, absl::Duration& to) {
  if (!is_set) return;
  to = ToDuration(from);
  if (to < absl::Milliseconds(10)) Wrong(path, "expected a duration of at least 10ms");
}

void MappingChecker::CheckResource(const std::string& name, const mapping::v1::Resource& resource) {
  const std::string path = "resources." + name;
  const Descriptor* message = FindMessage(name);
  if (message == nullptr) {
    const std::string near = config::Nearest(name, Answers());
    return Wrong(path, near.empty() ? "expected a message that an rpc of the service answers"
                                    : absl::StrFormat("unknown resource '%s'; did you mean '%s'?",
                                                      name, near));
  }
  ResourcePlan plan;
  plan.message = name;
  CheckName(path, resource, plan);
  plan.fields = FieldPlan(*message, plan.name_prefix, plan.key_column, plan.key_is_text);
  CheckFields(path, *message, resource, plan);
  FindRpcs(*message, plan);
  CheckGet(path, resource, plan);
  CheckList(path, resource, plan);
  if (resource.has_watch()) {
    plan.watched = true;
    CheckEvent(path, *message, plan);
    CheckWatch(path + ".watch", resource.watch(), plan);
  }
  loaded_->resources.push_back(std::move(plan));
}

std::vector<std::string> MappingChecker::Answers() const {
  std::vector<std::string> names;
  for (int i = 0; i < service_->method_count(); ++i) {
    const Descriptor* output = service_->method(i)->output_type();
    if (output->FindFieldByName("name") != nullptr) names.push_back(output->name());
  }
  return names;
}

const Descriptor* MappingChecker::FindMessage(const std::string& name) const {
  for (const std::string& answer : Answers()) {
    if (answer == name) {
      return ContractPool().FindMessageTypeByName(service_->file()->package() + "." + name);
    }
  }
  return nullptr;
}

void MappingChecker::CheckName(const std::string& path, const mapping::v1::Resource& resource,
                               ResourcePlan& plan) {
  const std::string& name = resource.name();
  const std::string prefix =  // of a wrong adapter nobody knows the department
      loaded_->department.empty() ? "departments/"
                                  : absl::StrFormat("departments/%s/", loaded_->department);
  const size_t open = name.find('{');
  if (!absl::StartsWith(name, prefix) || open == std::string::npos || name.back() != '}' ||
      name[open - 1] != '/' || name.find('{', open + 1) != std::string::npos) {
    Wrong(path + ".name", absl::StrFormat("expected '%s<nouns>/{<key column>}'", prefix));
  } else {
    plan.name_prefix = name.substr(0, open);
    plan.key_column = name.substr(open + 1, name.size() - open - 2);
  }
  if (!resource.has_key()) return;
  if (resource.key().column() != plan.key_column) {
    Wrong(path + ".key",
          absl::StrFormat("expected the column in the name's braces, '%s'", plan.key_column));
  }
  plan.key_is_text = resource.key().type() == mapping::v1::TEXT;
}

void MappingChecker::CheckFields(const std::string& path, const Descriptor& message,
                                 const mapping::v1::Resource& resource, ResourcePlan& plan) {
  std::vector<std::string> known;
  for (int i = 0; i < message.field_count(); ++i) known.push_back(message.field(i)->name());
  if (resource.fields().empty()) Wrong(path + ".fields", "expected at least one field");
  std::set<std::string> columns;
  for (const auto& [name, field] : resource.fields()) {
    const std::string at = path + ".fields." + name;
    const FieldDescriptor* descriptor = message.FindFieldByName(name);
    if (descriptor == nullptr) {
      const std::string near = config::Nearest(name, known);
      Wrong(at, absl::StrFormat("unknown field '%s'; %s", name,
                                near.empty() ? "expected one of " + absl::StrJoin(known, ", ")
                                             : "did you mean '" + near + "'?"));
      continue;
    }
    if (name == "name") {
      Wrong(at, "expected no mapping of 'name': it is made of the key");
      continue;
    }
    std::string part;
    if (auto s = plan.fields.Add(*descriptor, field, zone_, part); !s.ok()) {
      Wrong(part.empty() ? at : at + "." + part, std::string(s.message()));
    }
    if (field.has_column()) columns.insert(field.column());
  }
  plan.fields.Finish();
  plan.columns.assign(columns.begin(), columns.end());
}

void MappingChecker::FindRpcs(const Descriptor& message, ResourcePlan& plan) {
  for (int i = 0; i < service_->method_count(); ++i) {
    const MethodDescriptor* method = service_->method(i);
    if (method->output_type() == &message && absl::StartsWith(method->name(), "Get")) {
      plan.get_method = method;
    }
    for (int k = 0; k < method->output_type()->field_count(); ++k) {
      const FieldDescriptor* field = method->output_type()->field(k);
      if (field->is_repeated() && field->message_type() == &message) {
        plan.list_method = method;
        plan.list_field = field;
      }
    }
  }
}

void MappingChecker::CheckEvent(const std::string& path, const Descriptor& message,
                                ResourcePlan& plan) {
  plan.event = ContractPool().FindMessageTypeByName(message.full_name() + "Event");
  const FieldDescriptor* resource =
      plan.event == nullptr ? nullptr : plan.event->FindFieldByNumber(2);
  if (resource == nullptr || resource->message_type() != &message) {
    return Wrong(path + ".watch",
                 absl::StrFormat("expected no watch: the contract has no %sEvent", plan.message));
  }
  plan.noun = resource->name();
}

}  // namespace simpul::engine
