#include "adapters/engine/bench_client.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bus/rpc/server.h"
#include "google/protobuf/io/coded_stream.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "simpul/wifi/v1/source.grpc.pb.h"

namespace simpul::engine {
namespace {

[[noreturn]] void Stop(const std::string& why) {
  std::fprintf(stderr, "engine_bench: %s\n", why.c_str());
  std::_Exit(1);
}

void Expect(const grpc::Status& status) {
  if (!status.ok()) Stop(status.error_message());
}

// What the process does.
class Calls {
 public:
  Calls(const std::string& address, const std::string& folder)
      : channel_(rpc::Connect(address, **rpc::Credentials::Load(rpc::CertificateFiles::In(folder)),
                              {"simpul.local", "adapter", "diskominfo"})),
        stub_(channel_) {}

  int64_t List(int page_size) {
    const grpc::internal::RpcMethod method("/simpul.wifi.v1.WifiSourceService/ListSessions",
                                           grpc::internal::RpcMethod::NORMAL_RPC);
    wifi::v1::ListSourceSessionsRequest request;
    request.set_page_size(page_size);
    int64_t rows = 0;
    do {
      grpc::ClientContext context;
      grpc::ByteBuffer page;
      Expect(
          grpc::internal::BlockingUnaryCall<wifi::v1::ListSourceSessionsRequest, grpc::ByteBuffer,
                                            google::protobuf::MessageLite, grpc::ByteBuffer>(
              channel_.get(), method, &context, request, &page));
      rows += Skim(page, *request.mutable_page_token());
    } while (!request.page_token().empty());
    return rows;
  }

  int64_t ListParsed(int page_size) {
    wifi::v1::ListSourceSessionsRequest request;
    request.set_page_size(page_size);
    int64_t rows = 0;
    do {
      grpc::ClientContext context;
      wifi::v1::ListSourceSessionsResponse page;
      Expect(stub_.ListSessions(&context, request, &page));
      rows += page.sessions_size();
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return rows;
  }

  int64_t Get(int count) {
    wifi::v1::GetSourceSessionRequest request;
    for (int i = 1; i <= count; ++i) {
      request.set_name(absl::StrFormat("departments/diskominfo/sessions/%d", i));
      grpc::ClientContext context;
      wifi::v1::SourceSession session;
      Expect(stub_.GetSession(&context, request, &session));
    }
    return count;
  }

 private:
  // Counts the rows of a page and finds its token; what a row holds is passed over.
  static int64_t Skim(grpc::ByteBuffer& page, std::string& token) {
    token.clear();
    int64_t rows = 0;
    grpc::ProtoBufferReader reader(&page);
    google::protobuf::io::CodedInputStream in(&reader);
    while (const uint32_t tag = in.ReadTag()) {
      int size = 0;
      if (!in.ReadVarintSizeAsInt(&size)) Stop("a page is no message");
      const bool is_row = tag >> 3 == 1;
      if (!(is_row ? in.Skip(size) : in.ReadString(&token, size))) Stop("a page is cut off");
      rows += is_row;
    }
    return rows;
  }

  const std::shared_ptr<grpc::Channel> channel_;
  wifi::v1::WifiSourceService::Stub stub_;
};

// Commands are lines: "connect ADDRESS FOLDER", "list SIZE", "parse SIZE", "get COUNT".
void Serve(FILE* commands, FILE* answers) {
  std::unique_ptr<Calls> calls;
  char word[16];
  char address[256];
  char folder[1024];
  int number = 0;
  while (std::fscanf(commands, "%15s", word) == 1) {
    const std::string command = word;
    if (command == "connect") {
      if (std::fscanf(commands, "%255s %1023s", address, folder) != 2) Stop("what address?");
      calls = std::make_unique<Calls>(address, folder);
      continue;
    }
    if (std::fscanf(commands, "%d", &number) != 1) Stop("how many?");
    const absl::Time began = absl::Now();
    const double cpu = CpuSeconds();
    const int64_t done = command == "list"    ? calls->List(number)
                         : command == "parse" ? calls->ListParsed(number)
                                              : calls->Get(number);
    std::fprintf(answers, "%ld %.9f %.9f\n", done, absl::ToDoubleSeconds(absl::Now() - began),
                 CpuSeconds() - cpu);
    std::fflush(answers);
  }
}

}  // namespace

double CpuSeconds() {
  rusage used;
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

BenchClient::BenchClient() {
  int commands[2];
  int answers[2];
  if (pipe(commands) != 0 || pipe(answers) != 0) Stop("no pipe");
  pid_ = fork();
  if (pid_ < 0) Stop("no process");
  if (pid_ == 0) {
    close(commands[1]);
    close(answers[0]);
    Serve(fdopen(commands[0], "r"), fdopen(answers[1], "w"));
    std::_Exit(0);
  }
  close(commands[0]);
  close(answers[1]);
  commands_ = fdopen(commands[1], "w");
  answers_ = fdopen(answers[0], "r");
}

BenchClient::~BenchClient() {
  std::fclose(commands_);
  std::fclose(answers_);
  waitpid(pid_, nullptr, 0);
}

void BenchClient::Connect(const std::string& address, const std::string& folder) {
  std::fprintf(commands_, "connect %s %s\n", address.c_str(), folder.c_str());
}

Cost BenchClient::List(int page_size, bool is_parsed) {
  return Ask(absl::StrFormat("%s %d", is_parsed ? "parse" : "list", page_size));
}

Cost BenchClient::Get(int count) { return Ask(absl::StrFormat("get %d", count)); }

Cost BenchClient::Ask(const std::string& command) {
  std::fprintf(commands_, "%s\n", command.c_str());
  std::fflush(commands_);
  Cost cost;
  if (std::fscanf(answers_, "%ld %lf %lf", &cost.done, &cost.seconds, &cost.cpu_seconds) != 3) {
    Stop("the client has stopped");
  }
  return cost;
}

}  // namespace simpul::engine
