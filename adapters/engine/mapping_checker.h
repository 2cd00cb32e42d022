// Holds a mapping against its contract, collecting what is wrong.
#ifndef SIMPUL_ADAPTERS_ENGINE_MAPPING_CHECKER_H_
#define SIMPUL_ADAPTERS_ENGINE_MAPPING_CHECKER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/engine/mapping.h"
#include "bus/config/yaml.h"
#include "simpul/mapping/v1/mapping.pb.h"

namespace simpul::engine {

// Used once. One thread.
class MappingChecker {
 public:
  // All of it outlives the checker; a problem is "<file>:<line>: <what was expected>".
  MappingChecker(const mapping::v1::Mapping& mapping, const config::Locations& locations,
                 std::vector<std::string>& problems)
      : mapping_(mapping), locations_(locations), problems_(problems) {}

  // What the mapping says, as far as it is right.
  std::unique_ptr<LoadedMapping> Check();

 private:
  // mapping_checker.cc: the adapter, its source, names and fields.
  void Wrong(const std::string& path, std::string_view what);
  void CheckAdapter();
  void CheckSource();
  void CheckReference(const std::string& path, const mapping::v1::Reference& from,
                      std::string_view example, Referred& to);
  void CheckRest();
  void CheckLimits();
  // Reads a duration that has a default.
  void Take(const std::string& path, bool is_set, const google::protobuf::Duration& from,
            absl::Duration& to);
  void CheckResource(const std::string& name, const mapping::v1::Resource& resource);
  std::vector<std::string> Answers() const;
  const google::protobuf::Descriptor* FindMessage(const std::string& name) const;
  void CheckName(const std::string& path, const mapping::v1::Resource& resource,
                 ResourcePlan& plan);
  void CheckFields(const std::string& path, const google::protobuf::Descriptor& message,
                   const mapping::v1::Resource& resource, ResourcePlan& plan);
  void FindRpcs(const google::protobuf::Descriptor& message, ResourcePlan& plan);
  void CheckEvent(const std::string& path, const google::protobuf::Descriptor& message,
                  ResourcePlan& plan);

  // mapping_queries.cc: what is asked, and when.
  // A query of the mapping's kind of source, which goes on by `order`.
  template <typename From>
  MappedQuery CheckQuery(const std::string& path, const From& from,
                         const std::vector<std::string>& parameters,
                         const std::vector<OrderColumn>& order, const ResourcePlan& plan) {
    return is_rest() ? CheckRead(path + ".rest", from.rest(), parameters, order, plan)
                     : CheckSql(path + ".query", from.query(), parameters);
  }
  bool is_rest() const { return mapping_.source().has_rest(); }
  static std::vector<std::string> Parameters(const std::vector<OrderColumn>& order);
  // Parses a query and demands exactly these parameters.
  MappedQuery CheckSql(const std::string& path, const std::string& sql,
                       const std::vector<std::string>& parameters);
  // A query that goes on by `order`, of either kind of source.
  template <typename From>
  MappedQuery CheckPaged(const std::string& path, const From& from,
                         const std::vector<OrderColumn>& order, const ResourcePlan& plan) {
    return is_rest() ? CheckRead(path + ".rest", from.rest(), Parameters(order), order, plan)
                     : CheckPagedSql(path + ".query", from.query(), order, plan.key_column);
  }
  MappedQuery CheckPagedSql(const std::string& path, const std::string& sql,
                            const std::vector<OrderColumn>& order, const std::string& key);
  void CheckGet(const std::string& path, const mapping::v1::Resource& resource, ResourcePlan& plan);
  void CheckList(const std::string& path, const mapping::v1::Resource& resource,
                 ResourcePlan& plan);
  std::vector<OrderColumn> CheckOrder(
      const std::string& path, const google::protobuf::RepeatedPtrField<mapping::v1::Column>& from,
      const std::string& parameter, const ResourcePlan& plan);
  void CheckWatch(const std::string& path, const mapping::v1::Watch& watch, ResourcePlan& plan);
  void CheckReconcile(const std::string& path, const mapping::v1::Reconcile& from,
                      ResourcePlan& plan);

  // mapping_reads.cc: what is asked over REST.
  MappedQuery CheckRead(const std::string& path, const mapping::v1::RestRead& from,
                        const std::vector<std::string>& parameters,
                        const std::vector<OrderColumn>& order, const ResourcePlan& plan);

  const mapping::v1::Mapping& mapping_;
  const config::Locations& locations_;
  std::vector<std::string>& problems_;
  std::unique_ptr<LoadedMapping> loaded_;
  const google::protobuf::ServiceDescriptor* service_ = nullptr;
  absl::TimeZone zone_;
};

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_MAPPING_CHECKER_H_
