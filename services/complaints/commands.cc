#include "services/complaints/commands.h"

#include <optional>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_format.h"
#include "bus/rpc/status.h"
#include "bus/testing/fault_point.h"
#include "services/complaints/complaint.h"
#include "services/complaints/request.h"
#include "services/complaints/table.h"
#include "services/domain/name.h"

namespace simpul::complaints {
namespace {

const FaultPoint kBeforeBegin("complaints.command_before_begin");
const FaultPoint kBeforeSend("complaints.command_before_send");
const FaultPoint kAfterSend("complaints.command_after_send");
const FaultPoint kAfterEnd("complaints.command_after_end");

constexpr absl::Duration kConnect = absl::Seconds(2);
constexpr absl::Duration kAnswer = absl::Seconds(10);
constexpr char kNotWritten[] = "simpul-not-written";

// Whether the source contract says that after this code nothing was written.
bool SaysNotWritten(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

// What the caller hears of a refusal. Codes that say something of him when the gateway says them
// are said of the adapter here.
absl::Status ForCaller(const absl::Status& refusal) {
  switch (refusal.code()) {
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kAlreadyExists:
      return absl::FailedPreconditionError(refusal.message());
    default:
      return refusal;
  }
}

bool MayBeSentAgain(absl::StatusCode code) {
  return !SaysNotWritten(code) || code == absl::StatusCode::kResourceExhausted;
}

// Runs it again while another transaction is in the way.
absl::Status Transact(store::Store& store,
                      absl::FunctionRef<absl::Status(store::Transaction&)> work) {
  absl::Status status;
  for (int i = 0; i < 10; ++i) {
    status = store.Transact(work);
    if (!absl::IsAborted(status)) break;
  }
  return status;
}

absl::Status CheckRow(const ComplaintRow& row, const v1::Complaint& wanted, bool has_state) {
  if (!row.is_visible) {
    return absl::NotFoundError(
        "complaint.name: no complaint has it; ListComplaints gives those that there are");
  }
  if (row.resource.etag() != wanted.etag()) {
    return absl::AbortedError(
        "complaint.etag: the complaint has changed since; nothing was written; read it again and "
        "send a new request");
  }
  if (has_state && !MayBecome(row.resource.state(), wanted.state())) {
    return absl::FailedPreconditionError(
        absl::StrFormat("complaint.state: a complaint that is %s cannot become %s",
                        v1::Complaint::State_Name(row.resource.state()),
                        v1::Complaint::State_Name(wanted.state())));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Command> Commands::Name(const std::string& agency, const std::string& request_id,
                                       std::string department,
                                       const google::protobuf::Message& request) const {
  if (auto status = CheckRequestId(request_id); !status.ok()) return status;
  return Command{
      .id = agency + "/" + request_id,
      .digest = tokens_.Digest(request.GetDescriptor()->full_name(), request.SerializeAsString()),
      .department = std::move(department)};
}

absl::StatusOr<std::optional<absl::StatusOr<v1::Complaint>>> Commands::Answered(
    const Command& command) {
  absl::StatusOr<std::optional<absl::StatusOr<v1::Complaint>>> answer = std::nullopt;
  auto status = store_.Read([&](store::Transaction& transaction) {
    answer = FindAnswer(transaction, command);
    return answer.status();
  });
  if (!status.ok()) return status;
  return answer;
}

absl::StatusOr<v1::Complaint> Commands::Create(const std::string& agency,
                                               const v1::CreateComplaintRequest& request) {
  auto create = ReadCreate(request);
  if (!create.ok()) return create.status();
  const std::string department = *domain::DepartmentOfParent(request.parent());
  auto command = Name(agency, request.request_id(), department, request);
  if (!command.ok()) return command.status();
  auto answered = Answered(*command);
  if (!answered.ok()) return answered.status();
  if (answered->has_value()) return **answered;

  auto app = AppOf(department, source_topics_());
  if (!app.ok()) return app.status();
  create->set_request_id(command->id);
  return Run(*command, *app,
             [&](Stub& stub, grpc::ClientContext& context, v1::SourceComplaint* source) {
               return stub.CreateComplaint(&context, *create, source);
             });
}

absl::StatusOr<v1::Complaint> Commands::Update(const std::string& agency,
                                               const v1::UpdateComplaintRequest& request) {
  const v1::Complaint& wanted = request.complaint();
  const auto department = domain::DepartmentOf(wanted.name(), "complaints");
  if (!department) {
    return absl::InvalidArgumentError(
        "complaint.name: not departments/{department}/complaints/{id}");
  }
  auto update = ReadUpdate(request);
  if (!update.ok()) return update.status();
  auto command = Name(agency, request.request_id(), *department, request);
  if (!command.ok()) return command.status();
  auto answered = Answered(*command);
  if (!answered.ok()) return answered.status();
  if (answered->has_value()) return **answered;

  absl::StatusOr<ComplaintRow> row = ComplaintRow();
  auto status = store_.Read([&](store::Transaction& transaction) {
    row = LoadComplaint(transaction, wanted.name());
    return row.status();
  });
  if (!status.ok()) return status;
  const bool has_state = update->complaint().state() != v1::Complaint::STATE_UNSPECIFIED;
  if (auto checked = CheckRow(*row, wanted, has_state); !checked.ok()) return checked;
  update->set_request_id(command->id);
  update->set_revision(row->source_revision);
  update->set_etag(row->source_etag);
  return Run(*command, row->app,
             [&](Stub& stub, grpc::ClientContext& context, v1::SourceComplaint* source) {
               return stub.UpdateComplaint(&context, *update, source);
             });
}

absl::StatusOr<v1::Complaint> Commands::Run(const Command& command, const std::string& app,
                                            const Send& send) {
  auto channel = adapters_.Connect(command.department, app, kConnect);
  if (!channel.ok()) return channel.status();
  kBeforeBegin.Pass();
  absl::StatusOr<bool> is_first = false;
  auto begun = Transact(store_, [&](store::Transaction& transaction) {
    is_first = BeginCommand(transaction, command, clock_.Now());
    return is_first.status();
  });
  if (!begun.ok()) return begun;
  if (!*is_first) {  // the same request came twice at once
    auto answered = Answered(command);
    if (!answered.ok()) return answered.status();
    if (answered->has_value()) return **answered;
    return absl::UnavailableError("nothing was written; send the same request again");
  }
  kBeforeSend.Pass();
  const auto stub = v1::ComplaintSourceService::NewStub(*channel);
  grpc::ClientContext context;
  context.set_authority(app + "." + command.department);
  context.set_deadline(absl::ToChronoTime(absl::Now() + kAnswer));
  v1::SourceComplaint source;
  const grpc::Status status = send(*stub, context, &source);
  kAfterSend.Pass();
  const auto& trailers = context.GetServerTrailingMetadata();
  auto answer = Settle(command, status, trailers.find(kNotWritten) != trailers.end(), source);
  kAfterEnd.Pass();
  return answer;
}

// Records what the adapter said, and answers with what is recorded: an event may have been faster.
absl::StatusOr<v1::Complaint> Commands::Settle(const Command& command, const grpc::Status& status,
                                               bool is_not_written,
                                               const v1::SourceComplaint& source) {
  absl::StatusOr<v1::Complaint> outcome = absl::UnknownError("");
  bool is_known = true;
  bool is_dropped = false;
  if (status.ok()) {
    outcome = ComplaintOf(source);
    // Written, but what the adapter says of it is no complaint of this department.
    is_known =
        outcome.ok() && domain::DepartmentOf(source.name(), "complaints") == command.department;
  } else {
    const absl::Status refusal = rpc::FromGrpc(status);
    is_known = is_not_written || SaysNotWritten(refusal.code());
    is_dropped = is_known && MayBeSentAgain(refusal.code());
    outcome = ForCaller(refusal);
  }
  std::optional<absl::StatusOr<v1::Complaint>> recorded;
  auto written = Transact(store_, [&](store::Transaction& transaction) -> absl::Status {
    if (is_dropped) return DropCommand(transaction, command);
    if (is_known) {
      auto ended = EndCommand(transaction, command, outcome);
      if (!ended.ok()) return ended;
    }
    auto found = FindAnswer(transaction, command);
    if (!found.ok()) return found.status();
    recorded = *std::move(found);
    return absl::OkStatus();
  });
  if (!written.ok()) {
    return absl::UnknownError(
        "the answer of the department's application could not be recorded; send the same request "
        "again later, with the same request_id");
  }
  return recorded.has_value() ? *std::move(recorded) : outcome;
}

}  // namespace simpul::complaints
