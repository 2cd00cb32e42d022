// An adapter's mapping.yaml, loaded and held against the contract that it implements.
#ifndef SIMPUL_ADAPTERS_ENGINE_MAPPING_H_
#define SIMPUL_ADAPTERS_ENGINE_MAPPING_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adapters/engine/field_plan.h"
#include "adapters/sources/source.h"
#include "google/protobuf/descriptor.h"

namespace simpul::engine {

// The built-in contracts as descriptors. Never destroyed.
const google::protobuf::DescriptorPool& ContractPool();

// A column that pages and polls go on from.
struct OrderColumn {
  std::string name;
  sources::CellType type;
  std::string parameter;  // ":after" or ":after_<column>", without the colon
};

// A query of the mapping, with the place of its text for errors.
struct MappedQuery {
  std::shared_ptr<const sources::Query> query;  // immutable; null: there is none
  std::string where;                            // "adapters/diskominfo/radius/mapping.yaml:31"

  bool empty() const { return query == nullptr; }
};

// A value by reference: one of the two is set, or neither if there is none.
struct Referred {
  std::string env;
  std::string file;

  bool empty() const { return env.empty() && file.empty(); }
};

// How an application over REST is reached.
struct RestPlan {
  Referred url;
  Referred secret;
  std::string user;    // HTTP Basic
  std::string header;  // that has the secret
  std::vector<std::pair<std::string, std::string>> headers;
  std::string ca_file;
};

struct WatchPlan {
  absl::Duration every = absl::Seconds(2);
  std::vector<std::string> versions;  // never empty
  MappedQuery keys;
  MappedQuery fresh;  // `new`
  std::vector<OrderColumn> cursor;
  absl::Duration gap = absl::Minutes(5);
  MappedQuery open;  // empty if there is none
  MappedQuery reconcile;
  absl::Duration reconcile_every = absl::Minutes(10);
  absl::Duration within = absl::InfiniteDuration();  // all rows
  std::string age;
  double max_deletes = 0.1;
};

// One noun of a mapping, ready to be served and watched.
struct ResourcePlan {
  std::string message;      // "SourceSession"
  std::string noun;         // "session": field 2 of the event
  std::string name_prefix;  // "departments/diskominfo/sessions/"
  std::string key_column;
  bool key_is_text = false;
  FieldPlan fields;
  std::vector<std::string> columns;  // of `fields`
  MappedQuery get;
  MappedQuery list;
  std::vector<OrderColumn> order;
  bool watched = false;
  WatchPlan watch;

  const google::protobuf::MethodDescriptor* get_method = nullptr;  // null if not mapped
  const google::protobuf::MethodDescriptor* list_method = nullptr;
  const google::protobuf::FieldDescriptor* list_field =
      nullptr;                                          // the repeated field of List's answer
  const google::protobuf::Descriptor* event = nullptr;  // `<message>Event`
};

// A mapping that has been checked. Immutable.
struct LoadedMapping {
  std::string adapter;     // "diskominfo/radius"
  std::string department;  // "diskominfo"
  std::string app;         // "radius"
  std::string service;     // "simpul.wifi.v1.WifiSourceService"
  Referred dsn;            // of a database
  RestPlan rest;           // if `dsn` is empty
  sources::Limits limits;
  std::vector<ResourcePlan> resources;

  // "radius.diskominfo".
  std::string Authority() const { return app + "." + department; }
  // "simpul.source.diskominfo.radius.session".
  std::string Topic(const ResourcePlan& resource) const;
};

// Loads `<directory>/mapping.yaml`. INVALID_ARGUMENT: it is wrong; the text is what CheckMapping
// returns, one problem a line. NOT_FOUND: there is no such file.
absl::StatusOr<std::unique_ptr<const LoadedMapping>> LoadMapping(const std::string& directory);

// What is wrong with `<directory>/mapping.yaml`: "<file>:<line>: <what was expected>". Empty if
// nothing. Asks no database.
std::vector<std::string> CheckMapping(const std::string& directory);

// The application that a mapping reads; it is asked nothing yet.
// FAILED_PRECONDITION: a variable or file that the mapping refers to is not there, or the address
// is none; the text names it.
absl::StatusOr<std::unique_ptr<sources::Source>> OpenSource(const LoadedMapping& mapping);

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_MAPPING_H_
