#include "adapters/engine/source_service.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "bus/rpc/identity.h"
#include "bus/rpc/status.h"

namespace simpul::engine {
namespace {

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

// The bytes go out as they are: the slice owns the string.
grpc::ByteBuffer BufferOf(std::string bytes) {
  auto* owned = new std::string(std::move(bytes));
  grpc::Slice slice(
      owned->data(), owned->size(), [](void* string) { delete static_cast<std::string*>(string); },
      owned);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

// One unary call. Deletes itself when gRPC is done with it.
class SourceService::Call final : public grpc::ServerGenericBidiReactor {
 public:
  Call(Adapter* adapter, std::string method, absl::Time deadline)
      : adapter_(adapter), method_(std::move(method)), deadline_(deadline) {
    StartRead(&request_);
  }
  explicit Call(const absl::Status& refusal) { Finish(rpc::ToGrpc(refusal)); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "expected a request"));
    if (!adapter_->workers->Add([this] { Answer(); })) {
      Finish(rpc::ToGrpc(absl::ResourceExhaustedError(absl::StrFormat(
          "adapter %s, %s: too many calls wait for the application; try again later",
          adapter_->mapping->adapter, method_))));
    }
  }

  void OnCancel() override { is_cancelled_ = true; }
  void OnDone() override { delete this; }

 private:
  void Answer() {
    if (is_cancelled_) return Finish(grpc::Status::CANCELLED);
    auto answer = adapter_->reader->Answer(
        method_, BytesOf(request_),
        [this](const MappedQuery& query, const sources::Bindings& bindings,
               sources::EachBatch each) {
          return adapter_->source->Query(*query.query, bindings, deadline_, each);
        });
    if (!answer.ok()) return Finish(rpc::ToGrpc(answer.status()));
    response_ = BufferOf(*std::move(answer));
    StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  }

  Adapter* adapter_ = nullptr;
  std::string method_;
  absl::Time deadline_;
  std::atomic<bool> is_cancelled_{false};
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

absl::Status SourceService::Admit(const grpc::GenericCallbackServerContext& context) const {
  auto peer = rpc::PeerOf(context);
  if (!peer.ok()) return peer.status();
  const bool is_department = absl::StartsWith(context.method(), "/simpul.dept.");
  if (peer->kind != "service" && peer->kind != "operator" &&
      !(peer->kind == "gateway" && is_department)) {
    return absl::PermissionDeniedError(
        absl::StrFormat("source contracts are for services, not for %s", peer->Path()));
  }
  if (!is_active_) {
    return absl::UnavailableError("another engine of this department is active; try again");
  }
  return absl::OkStatus();
}

absl::StatusOr<Adapter*> SourceService::Choose(std::string_view service,
                                               std::string_view authority) const {
  Adapter* only = nullptr;
  int count = 0;
  for (const auto& adapter : adapters_) {
    if (adapter->mapping->service != service) continue;
    if (adapter->mapping->Authority() == authority) return adapter.get();
    only = adapter.get();
    ++count;
  }
  if (count == 1) return only;
  if (count == 0) return absl::UnimplementedError("no adapter of this engine serves this contract");
  return absl::NotFoundError(
      "several adapters serve this contract: name one in :authority as <app>.<department>");
}

grpc::ServerGenericBidiReactor* SourceService::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  const std::string& path = context->method();  // "/package.Service/Method"
  const size_t slash = path.rfind('/');
  if (slash == 0 || slash == std::string::npos) {
    return new Call(absl::UnimplementedError("no such method"));
  }
  auto adapter = Choose(std::string_view(path).substr(1, slash - 1), context->host());
  if (!adapter.ok()) return new Call(adapter.status());
  if (auto s = Admit(*context); !s.ok()) return new Call(s);
  const std::string method = path.substr(slash + 1);
  if (!(*adapter)->reader->Serves(method))
    return new Call(absl::UnimplementedError("no such method"));
  return new Call(*adapter, method, absl::FromChrono(context->deadline()));
}

}  // namespace simpul::engine
