// Personal data by every public road through a real gateway, of a contract whose part sends it.
#include <string>

#include "absl/strings/str_format.h"
#include "bus/rpc/protoset.h"
#include "gateway/grpc_wire.h"
#include "gateway/personal_filter.h"
#include "gateway/testing/gateway_fixture.h"
#include "gateway/testing/resident.grpc.pb.h"
#include "gateway/worker.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"

namespace simpul::gateway {
namespace {

using dept::dukcapil::registry::v1::GetResidentRequest;
using dept::dukcapil::registry::v1::Resident;
using dept::dukcapil::registry::v1::ResidentService;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kNik[] = "3672010101010001";
constexpr char kCompressed[] = "residents/compressed";
constexpr int kStreamed = 200;

Resident Whole(const std::string& name, size_t note_size) {
  Resident resident;
  resident.set_name(name);
  resident.set_nik(kNik);
  resident.set_note(std::string(note_size, 'x'));
  Resident child;
  child.set_name("residents/child");
  child.set_nik(kNik);
  *resident.add_household() = child;
  (*resident.mutable_wards())["w"] = child;
  resident.mutable_card()->PackFrom(child);
  return resident;
}

class Residents : public ResidentService::Service {
 public:
  grpc::Status GetResident(grpc::ServerContext* context, const GetResidentRequest* request,
                           Resident* resident) override {
    // As it likes when the caller understands it; and against all manners.
    context->set_compression_level(GRPC_COMPRESS_LEVEL_HIGH);
    if (request->name() == kCompressed) context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
    *resident = Whole(request->name(), request->name() == "residents/large" ? 1 << 20 : 10);
    return grpc::Status::OK;
  }
  grpc::Status StreamResidents(grpc::ServerContext*, const GetResidentRequest* request,
                               grpc::ServerWriter<Resident>* writer) override {
    for (int i = 0; i < kStreamed; ++i) writer->Write(Whole(request->name(), 100 * i));
    return grpc::Status::OK;
  }
};

void AddWithImports(const google::protobuf::FileDescriptor& file,
                    google::protobuf::FileDescriptorSet& set) {
  for (const auto& have : set.file()) {
    if (have.name() == file.name()) return;
  }
  for (int i = 0; i < file.dependency_count(); ++i) AddWithImports(*file.dependency(i), set);
  file.CopyTo(set.add_file());
}

std::string Protoset() {
  google::protobuf::FileDescriptorSet set;
  AddWithImports(*Resident::descriptor()->file(), set);
  return set.SerializeAsString();
}

class PersonalTest : public GatewayFixture {
 protected:
  void SetUp() override {
    auto server = rpc::Server::Start({.address = "127.0.0.1:0",
                                      .credentials = city_.credentials().For("adapter/dukcapil"),
                                      .services = {&service_}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    RunningPart part;
    part.part.set_name("parts/adapter/dukcapil/instances/a");
    part.part.set_identity(city_.credentials().IdentityOf("adapter/dukcapil").Uri());
    part.part.set_instance("a");
    part.part.set_address(server_->address());
    part.part.add_services("simpul.dept.dukcapil.registry.v1.ResidentService");
    part.part.set_contract_hash(rpc::ContractHash(Protoset()));
    city_.catalogue().AddContract(part.part.contract_hash(), Protoset());
    StartWith({&part});
    residents_ = ResidentService::NewStub(channel_);
  }

  static void ExpectPublic(const Resident& resident, size_t note_size) {
    EXPECT_THAT(resident.SerializeAsString(), Not(HasSubstr(kNik)));
    EXPECT_EQ(resident.note().size(), note_size);
    ASSERT_EQ(resident.household_size(), 1);
    EXPECT_EQ(resident.household(0).name(), "residents/child");
    EXPECT_EQ(resident.wards().at("w").name(), "residents/child");
    Resident card;
    ASSERT_TRUE(resident.card().UnpackTo(&card));
    EXPECT_EQ(card.name(), "residents/child");
  }

  Residents service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<ResidentService::Stub> residents_;
};

TEST_F(PersonalTest, IsNotSaidOverUnaryGrpc) {
  for (const auto& [name, note_size] :
       {std::pair<const char*, size_t>("residents/1", 10),
        std::pair<const char*, size_t>("residents/large", 1 << 20)}) {
    GetResidentRequest request;
    request.set_name(name);
    Resident resident;
    const grpc::Status status =
        residents_->GetResident(Context(city_.key()).get(), request, &resident);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(resident.name(), name);
    ExpectPublic(resident, note_size);
  }
}

TEST_F(PersonalTest, IsNotSaidByAPartThatCompressesUnasked) {
  GetResidentRequest request;
  request.set_name(kCompressed);
  Resident resident;
  const grpc::Status status =
      residents_->GetResident(Context(city_.key()).get(), request, &resident);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), HasSubstr("compressed"));
}

TEST_F(PersonalTest, IsNotSaidOverAGrpcStream) {
  GetResidentRequest request;
  request.set_name("residents/1");
  const auto context = Context(city_.key());
  const auto reader = residents_->StreamResidents(context.get(), request);
  Resident resident;
  size_t count = 0;
  while (reader->Read(&resident)) ExpectPublic(resident, 100 * count++);
  EXPECT_EQ(count, kStreamed);
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(PersonalTest, IsNotSaidOverRest) {
  Wire wire(city_.gateway().address());
  wire.Send(absl::StrFormat("GET /v1/residents/1 HTTP/1.1\r\nhost: x\r\nx-api-key: %s\r\n\r\n",
                            city_.key()));
  const std::string answer = wire.ReadAnswer();
  EXPECT_EQ(StatusOf(answer), 200) << answer;
  EXPECT_THAT(answer, HasSubstr("residents/child"));
  EXPECT_THAT(answer, Not(HasSubstr(kNik)));
}

class PersonalFilterTest : public ::testing::Test {
 protected:
  static std::string Framed(const Resident& resident, char flag = 0) {
    std::string wire(kMessagePrefix, '\0');
    wire += resident.SerializeAsString();
    WriteMessagePrefix(static_cast<uint32_t>(wire.size() - kMessagePrefix), wire.data());
    wire[0] = flag;
    return wire;
  }
  static std::string Drain(SliceQueue& queue) {
    std::string all;
    queue.Pop(queue.bytes(), [&](Slice slice) {
      all.append(reinterpret_cast<const char*>(slice.data()), slice.size());
    });
    return all;
  }

  Metrics metrics_{1};
  WorkerContext context_{.limits = {.response_body = 1000, .transcode_memory = 1500},
                         .metrics = &metrics_};
  Worker worker_{0, context_};
  const std::shared_ptr<const transcode::Contract> contract_ =
      *transcode::Contract::Load(Protoset());
  const transcode::MessagePlan& plan_ =
      *contract_->Plan("simpul.dept.dukcapil.registry.v1.Resident");
  SliceQueue out_;
};

TEST_F(PersonalFilterTest, DoesNotMindHowMessagesAreCut) {
  const std::string wire = Framed(Whole("a", 0)) + Framed(Resident()) + Framed(Whole("b", 200));
  PersonalFilter whole(&worker_, plan_);
  ASSERT_TRUE(whole.Take(wire, out_).ok());
  const std::string want = Drain(out_);
  EXPECT_THAT(want, Not(HasSubstr(kNik)));
  for (size_t piece = 1; piece < wire.size(); ++piece) {
    PersonalFilter filter(&worker_, plan_);
    for (size_t at = 0; at < wire.size(); at += piece) {
      ASSERT_TRUE(filter.Take(std::string_view(wire).substr(at, piece), out_).ok());
    }
    EXPECT_TRUE(filter.between_messages());
    ASSERT_EQ(Drain(out_), want) << piece;
  }
  EXPECT_TRUE(worker_.Charge(1500));  // Everything was given back.
}

TEST_F(PersonalFilterTest, PassesNoCompressedOversizedOrDamagedMessage) {
  for (const auto& [wire, code] :
       {std::pair(Framed(Whole("a", 0), 1), absl::StatusCode::kInternal),
        std::pair(Framed(Whole("a", 1000)), absl::StatusCode::kResourceExhausted),
        std::pair(Framed(Whole("a", 1000)).substr(0, 5), absl::StatusCode::kResourceExhausted),
        std::pair(std::string("\0\0\0\0\1\xff", 6), absl::StatusCode::kInternal)}) {
    PersonalFilter filter(&worker_, plan_);
    EXPECT_EQ(filter.Take(wire, out_).code(), code);
    EXPECT_TRUE(out_.empty());
  }
}

TEST_F(PersonalFilterTest, HoldsNoMoreThanAWorkerMay) {
  const std::string half = Framed(Whole("a", 700)).substr(0, 800);
  PersonalFilter a(&worker_, plan_), b(&worker_, plan_);
  EXPECT_TRUE(a.Take(half, out_).ok());
  EXPECT_EQ(b.Take(half, out_).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace simpul::gateway
