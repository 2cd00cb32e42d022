// Contracts as descriptors: what a part registers, the gateway transcodes by and the engine serves
// by.
#ifndef SIMPUL_BUS_RPC_PROTOSET_H_
#define SIMPUL_BUS_RPC_PROTOSET_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace simpul::rpc {

// The protoset of all of proto/, with imports and comments, built into the program: a serialized
// google.protobuf.FileDescriptorSet.
std::string_view BuiltInProtoset();

// The part of `protoset` that these services need: their files and all imports, in dependency
// order. The same services give the same bytes, so its hash names the contract. NOT_FOUND: a
// service is not in it. INVALID_ARGUMENT: it is no protoset.
absl::StatusOr<std::string> ProtosetOf(std::string_view protoset,
                                       std::span<const std::string> services);

// SHA-256, lower-case hex.
std::string ContractHash(std::string_view protoset);

// The CloudEvents attribute dataschema: "urn:simpul:contract:<hash>".
std::string DataSchema(std::string_view contract_hash);

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_PROTOSET_H_
