// Contracts for the tests of the catalogue.
#ifndef SIMPUL_SERVICES_CATALOGUE_TEST_CONTRACT_H_
#define SIMPUL_SERVICES_CATALOGUE_TEST_CONTRACT_H_

#include <string>
#include <string_view>
#include <vector>

#include "bus/rpc/identity.h"
#include "bus/rpc/protoset.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "simpul/bus/v1/bus.pb.h"
#include "simpul/catalogue/v1/registry.pb.h"

namespace simpul::catalogue {

inline rpc::Identity IdentityOf(const std::string& path) {
  return *rpc::Identity::Parse("spiffe://simpul.test/" + path);
}

// The contract of services in proto/.
inline std::string BuiltInContract(const std::vector<std::string>& services) {
  auto protoset = rpc::ProtosetOf(rpc::BuiltInProtoset(), services);
  EXPECT_TRUE(protoset.ok()) << protoset.status();
  return protoset.ok() ? *protoset : "";
}

// A contract of one service "<package>.<service>" with one method on `path`, if that is not empty,
// and a message "<package>.ThingEvent".
inline std::string MadeContract(const std::string& package, const std::string& service,
                                const std::string& path, bool is_public) {
  google::protobuf::FileDescriptorSet set;
  auto* file = set.add_file();
  file->set_name(package + ".proto");
  file->set_package(package);
  file->set_syntax("proto3");
  file->add_message_type()->set_name("ThingEvent");
  auto* made = file->add_service();
  made->set_name(service);
  if (is_public) {
    made->mutable_options()->SetExtension(simpul::bus::v1::exposure, simpul::bus::v1::PUBLIC);
  }
  auto* method = made->add_method();
  method->set_name("Do");
  method->set_input_type("." + package + ".ThingEvent");
  method->set_output_type("." + package + ".ThingEvent");
  if (!path.empty()) {
    method->mutable_options()->MutableExtension(google::api::http)->set_get(path);
  }
  return set.SerializeAsString();
}

// An instance that registers these, with the hash of `protoset`.
inline v1::Part PartOf(const std::string& instance, const std::vector<std::string>& services,
                       const std::string& protoset) {
  v1::Part part;
  part.set_instance(instance);
  part.set_address("127.0.0.1:4000");
  for (const std::string& service : services) part.add_services(service);
  part.set_contract_hash(rpc::ContractHash(protoset));
  return part;
}

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_TEST_CONTRACT_H_
