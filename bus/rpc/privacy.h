// Leaves personal data out of a message (simpul.privacy.v1).
#ifndef SIMPUL_BUS_RPC_PRIVACY_H_
#define SIMPUL_BUS_RPC_PRIVACY_H_

namespace google::protobuf {
class Message;
}

namespace simpul::rpc {

// Clears every field with a privacy class, at any depth, unknown fields too.
void ClearPersonalFields(google::protobuf::Message& message);

}  // namespace simpul::rpc

#endif  // SIMPUL_BUS_RPC_PRIVACY_H_
