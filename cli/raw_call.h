// One gRPC call on bytes, for contracts that this program learns while it runs.
#ifndef SIMPUL_CLI_RAW_CALL_H_
#define SIMPUL_CLI_RAW_CALL_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"

namespace simpul::cli {

// A call in which each step blocks. One thread; Cancel may come from another.
class RawCall {
 public:
  // `method` is "/package.Service/Method"; the context has metadata and deadline, and outlives the
  // call.
  RawCall(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext& context,
          const std::string& method);
  ~RawCall();

  // False: the call is over; Finish says why.
  bool Write(const std::string& message);
  bool WritesDone();
  // The next answer, or nothing when the call is over.
  std::optional<std::string> Read();
  absl::Status Finish();

 private:
  bool Wait();

  grpc::ClientContext& context_;
  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  bool finished_ = false;
};

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_RAW_CALL_H_
