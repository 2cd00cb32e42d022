// An adapter's mapping.yaml, loaded and held against the contract that it implements.
#ifndef SIMPUL_ADAPTERS_ENGINE_MAPPING_H_
#define SIMPUL_ADAPTERS_ENGINE_MAPPING_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adapters/engine/field_plan.h"
#include "adapters/sources/sql/source.h"
#include "adapters/sources/sql/statement.h"
#include "google/protobuf/descriptor.h"

namespace simpul::engine {

// The built-in contracts as descriptors. Never destroyed.
const google::protobuf::DescriptorPool& ContractPool();

// A column that pages and polls go on from.
struct OrderColumn {
  std::string name;
  sources::sql::CellType type;
  std::string parameter;  // ":after" or ":after_<column>", without the colon
};

// A query of the mapping, with the place of its text for errors.
struct MappedQuery {
  sources::sql::Statement statement;
  std::string where;  // "adapters/diskominfo/radius/mapping.yaml:31"
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
  std::string dsn_env;     // one of the two is set
  std::string dsn_file;
  sources::sql::Limits limits;
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

// The data source name that a mapping refers to.
// FAILED_PRECONDITION: the variable or file is not there; the text names it.
absl::StatusOr<std::string> ResolveDsn(const LoadedMapping& mapping);

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_MAPPING_H_
