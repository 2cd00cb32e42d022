#include "adapters/engine/mapping.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "bus/config/yaml.h"
#include "bus/rpc/protoset.h"
#include "google/protobuf/descriptor.pb.h"
#include "simpul/mapping/v1/mapping.pb.h"

namespace simpul::engine {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;
using sources::sql::CellType;
using sources::sql::Statement;

bool IsPartName(std::string_view text) {
  return !text.empty() && text.size() <= 63 && absl::ascii_islower(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

absl::Duration ToDuration(const google::protobuf::Duration& d) {
  return absl::Seconds(d.seconds()) + absl::Nanoseconds(d.nanos());
}

// Holds a mapping against its contract, collecting what is wrong.
class Checker {
 public:
  Checker(const mapping::v1::Mapping& mapping, const config::Locations& locations,
          std::vector<std::string>& problems)
      : mapping_(mapping), locations_(locations), problems_(problems) {}

  std::unique_ptr<LoadedMapping> Check() {
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

 private:
  void Wrong(const std::string& path, std::string_view what) {
    problems_.push_back(locations_.Problem(path, what));
  }

  void CheckAdapter() {
    const std::vector<std::string> parts = absl::StrSplit(mapping_.adapter(), '/');
    if (parts.size() != 2 || !IsPartName(parts[0]) || !IsPartName(parts[1])) {
      return Wrong("adapter", "expected <department>/<app> of lower-case letters, digits and '-'");
    }
    loaded_->adapter = mapping_.adapter();
    loaded_->department = parts[0];
    loaded_->app = parts[1];
  }

  void CheckSource() {
    const mapping::v1::Source& source = mapping_.source();
    loaded_->dsn_env = source.sql().dsn().env();
    loaded_->dsn_file = source.sql().dsn().file();
    if (loaded_->dsn_env.empty() && loaded_->dsn_file.empty()) {
      Wrong("source.sql.dsn", "expected {env: <variable>} or {file: <path>}");
    }
    if (source.zone().empty() || !absl::LoadTimeZone(source.zone(), &zone_)) {
      Wrong("source.zone", "expected a zone of the tz database, such as Asia/Jakarta");
    }
    const mapping::v1::Limits& limits = source.limits();
    if (limits.concurrency() < 0 || limits.concurrency() > 64) {
      Wrong("source.limits.concurrency", "expected 1 to 64 connections");
    }
    if (limits.rows() < 0 || limits.rows() > 100'000) {
      Wrong("source.limits.rows", "expected 1 to 100000 rows");
    }
    if (limits.concurrency() > 0) loaded_->limits.concurrency = limits.concurrency();
    if (limits.rows() > 0) loaded_->limits.rows = limits.rows();
    Take("source.limits.timeout", limits.has_timeout(), limits.timeout(), loaded_->limits.timeout);
  }

  // Reads a duration that has a default.
  void Take(const std::string& path, bool is_set, const google::protobuf::Duration& from,
            absl::Duration& to) {
    if (!is_set) return;
    to = ToDuration(from);
    if (to < absl::Milliseconds(10)) Wrong(path, "expected a duration of at least 10ms");
  }

  void CheckResource(const std::string& name, const mapping::v1::Resource& resource) {
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

  std::vector<std::string> Answers() const {
    std::vector<std::string> names;
    for (int i = 0; i < service_->method_count(); ++i) {
      const Descriptor* output = service_->method(i)->output_type();
      if (output->FindFieldByName("name") != nullptr) names.push_back(output->name());
    }
    return names;
  }

  const Descriptor* FindMessage(const std::string& name) const {
    for (const std::string& answer : Answers()) {
      if (answer == name) {
        return ContractPool().FindMessageTypeByName(service_->file()->package() + "." + name);
      }
    }
    return nullptr;
  }

  void CheckName(const std::string& path, const mapping::v1::Resource& resource,
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

  void CheckFields(const std::string& path, const Descriptor& message,
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

  void FindRpcs(const Descriptor& message, ResourcePlan& plan) {
    for (int i = 0; i < service_->method_count(); ++i) {
      const MethodDescriptor* method = service_->method(i);
      if (method->output_type() == &message) plan.get_method = method;
      for (int k = 0; k < method->output_type()->field_count(); ++k) {
        const FieldDescriptor* field = method->output_type()->field(k);
        if (field->is_repeated() && field->message_type() == &message) {
          plan.list_method = method;
          plan.list_field = field;
        }
      }
    }
  }

  // Parses a query and demands exactly these parameters.
  MappedQuery CheckQuery(const std::string& path, const std::string& sql,
                         const std::vector<std::string>& parameters) {
    MappedQuery query;
    query.where = absl::StrFormat("%s:%d", locations_.file(), locations_.LineOf(path));
    if (sql.empty()) {
      Wrong(path, "expected a query");
      return query;
    }
    auto statement = Statement::Parse(sql);
    if (!statement.ok()) {
      Wrong(path, std::string(statement.status().message()));
      return query;
    }
    for (const std::string& name : parameters) {
      if (!statement->Has(name)) Wrong(path, absl::StrFormat("expected the parameter :%s", name));
    }
    for (const std::string& name : statement->parameters()) {
      if (std::find(parameters.begin(), parameters.end(), name) != parameters.end()) continue;
      Wrong(path, parameters.empty() ? absl::StrFormat("unknown parameter :%s; expected none", name)
                                     : absl::StrFormat("unknown parameter :%s; expected :%s", name,
                                                       absl::StrJoin(parameters, ", :")));
    }
    query.statement = *std::move(statement);
    return query;
  }

  void CheckGet(const std::string& path, const mapping::v1::Resource& resource,
                ResourcePlan& plan) {
    if (plan.get_method == nullptr) return;
    if (!resource.has_get()) {
      return Wrong(path,
                   absl::StrFormat("expected 'get': the service has %s", plan.get_method->name()));
    }
    plan.get = CheckQuery(path + ".get.query", resource.get().query(), {"key"});
  }

  void CheckList(const std::string& path, const mapping::v1::Resource& resource,
                 ResourcePlan& plan) {
    if (plan.list_method == nullptr) return;
    if (!resource.has_list()) {
      return Wrong(
          path, absl::StrFormat("expected 'list': the service has %s", plan.list_method->name()));
    }
    plan.order = CheckOrder(path + ".list.order", resource.list().order(), "after", plan);
    plan.list = CheckQuery(path + ".list.query", resource.list().query(), Parameters(plan.order));
  }

  static std::vector<std::string> Parameters(const std::vector<OrderColumn>& order) {
    std::vector<std::string> names;
    for (const OrderColumn& column : order) names.push_back(column.parameter);
    names.push_back("limit");
    return names;
  }

  std::vector<OrderColumn> CheckOrder(
      const std::string& path, const google::protobuf::RepeatedPtrField<mapping::v1::Column>& from,
      const std::string& parameter, const ResourcePlan& plan) {
    const CellType key_type = plan.key_is_text ? CellType::kText : CellType::kInt64;
    if (from.empty()) return {{plan.key_column, key_type, parameter}};
    std::vector<OrderColumn> order;
    for (const mapping::v1::Column& column : from) {
      CellType type = CellType::kInt64;
      if (column.type() == mapping::v1::STRING) type = CellType::kText;
      if (column.type() == mapping::v1::TIME) type = CellType::kTime;
      if (column.column() == plan.key_column) type = key_type;
      order.push_back({column.column(), type,
                       from.size() == 1 ? parameter : parameter + "_" + column.column()});
    }
    if (order.back().name != plan.key_column) {
      Wrong(path,
            absl::StrFormat("expected the key '%s' as the last column, so that no two rows are "
                            "equal",
                            plan.key_column));
    }
    return order;
  }

  void CheckEvent(const std::string& path, const Descriptor& message, ResourcePlan& plan) {
    plan.event = ContractPool().FindMessageTypeByName(message.full_name() + "Event");
    const FieldDescriptor* resource =
        plan.event == nullptr ? nullptr : plan.event->FindFieldByNumber(2);
    if (resource == nullptr || resource->message_type() != &message) {
      return Wrong(path + ".watch",
                   absl::StrFormat("expected no watch: the contract has no %sEvent", plan.message));
    }
    plan.noun = resource->name();
  }

  void CheckWatch(const std::string& path, const mapping::v1::Watch& watch, ResourcePlan& plan) {
    WatchPlan& w = plan.watch;
    Take(path + ".every", watch.has_every(), watch.every(), w.every);
    w.versions.assign(watch.versions().begin(), watch.versions().end());
    if (w.versions.empty()) w.versions = plan.columns;
    w.keys = CheckQuery(path + ".keys.query", watch.keys().query(), {"keys"});
    if (watch.has_new_()) {
      w.cursor = CheckOrder(path + ".new.cursor", watch.new_().cursor(), "since", plan);
      w.fresh = CheckQuery(path + ".new.query", watch.new_().query(), Parameters(w.cursor));
      Take(path + ".new.gap", watch.new_().has_gap(), watch.new_().gap(), w.gap);
    }
    if (watch.has_open()) w.open = CheckQuery(path + ".open.query", watch.open().query(), {});
    if (!watch.has_reconcile()) {
      Wrong(path, "expected 'reconcile': without it deletes and late rows are never found");
    } else {
      CheckReconcile(path + ".reconcile", watch.reconcile(), w);
    }
    if (!watch.max_deletes().empty() && !ParsePercent(watch.max_deletes(), w.max_deletes)) {
      Wrong(path + ".max_deletes", "expected a share such as 10%");
    }
  }

  void CheckReconcile(const std::string& path, const mapping::v1::Reconcile& from, WatchPlan& w) {
    w.reconcile = CheckQuery(path + ".query", from.query(), {"after", "limit"});
    Take(path + ".every", from.has_every(), from.every(), w.reconcile_every);
    Take(path + ".within", from.has_within(), from.within(), w.within);
    w.age = from.age();
    if (from.has_within() && from.age().empty()) {
      Wrong(path + ".within", "expected 'age' beside it: the column with a row's time");
    }
  }

  static bool ParsePercent(std::string_view text, double& share) {
    if (text.empty() || text.back() != '%') return false;
    text.remove_suffix(1);
    if (!absl::SimpleAtod(std::string(text), &share) || !(share >= 0 && share <= 100)) return false;
    share /= 100;
    return true;
  }

  const mapping::v1::Mapping& mapping_;
  const config::Locations& locations_;
  std::vector<std::string>& problems_;
  std::unique_ptr<LoadedMapping> loaded_;
  const google::protobuf::ServiceDescriptor* service_ = nullptr;
  absl::TimeZone zone_;
};

std::string PathIn(const std::string& directory) {
  return directory + (absl::EndsWith(directory, "/") ? "" : "/") + "mapping.yaml";
}

std::unique_ptr<LoadedMapping> Load(const std::string& directory,
                                    std::vector<std::string>& problems) {
  mapping::v1::Mapping mapping;
  config::Locations locations;
  problems = config::LoadYaml(PathIn(directory), mapping, locations);
  if (!problems.empty()) return nullptr;
  return Checker(mapping, locations, problems).Check();
}

}  // namespace

const google::protobuf::DescriptorPool& ContractPool() {
  static const google::protobuf::DescriptorPool* const pool = [] {
    google::protobuf::FileDescriptorSet files;
    const std::string_view bytes = rpc::BuiltInProtoset();
    files.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    auto* built = new google::protobuf::DescriptorPool;
    for (const auto& file : files.file()) built->BuildFile(file);
    return built;
  }();
  return *pool;
}

std::string LoadedMapping::Topic(const ResourcePlan& resource) const {
  return absl::StrFormat("simpul.source.%s.%s.%s", department, app, resource.noun);
}

absl::StatusOr<std::unique_ptr<const LoadedMapping>> LoadMapping(const std::string& directory) {
  if (!std::ifstream(PathIn(directory))) {
    return absl::NotFoundError(absl::StrFormat("%s does not exist", PathIn(directory)));
  }
  std::vector<std::string> problems;
  auto loaded = Load(directory, problems);
  if (!problems.empty()) return absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
  return std::unique_ptr<const LoadedMapping>(std::move(loaded));
}

std::vector<std::string> CheckMapping(const std::string& directory) {
  std::vector<std::string> problems;
  Load(directory, problems);
  return problems;
}

absl::StatusOr<std::string> ResolveDsn(const LoadedMapping& mapping) {
  if (!mapping.dsn_env.empty()) {
    const char* value = std::getenv(mapping.dsn_env.c_str());
    if (value != nullptr && *value != '\0') return std::string(value);
    return absl::FailedPreconditionError(absl::StrFormat(
        "the adapter %s takes its data source from the variable %s, which is not set",
        mapping.adapter, mapping.dsn_env));
  }
  std::ifstream file(mapping.dsn_file, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  const std::string dsn(absl::StripTrailingAsciiWhitespace(text.str()));
  if (file && !dsn.empty()) return dsn;
  return absl::FailedPreconditionError(
      absl::StrFormat("the adapter %s takes its data source from the file %s, which cannot be read",
                      mapping.adapter, mapping.dsn_file));
}

}  // namespace simpul::engine
