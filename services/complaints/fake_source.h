// A department's tracker for tests: an adapter that keeps tickets in memory and can misbehave.
#ifndef SIMPUL_SERVICES_COMPLAINTS_FAKE_SOURCE_H_
#define SIMPUL_SERVICES_COMPLAINTS_FAKE_SOURCE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"
#include "simpul/catalogue/v1/registry.pb.h"
#include "simpul/complaints/v1/source.grpc.pb.h"

namespace simpul::complaints {

// Thread-safe.
class FakeSource final : public v1::ComplaintSourceService::Service {
 public:
  // How calls end from now on.
  enum class Mood {
    kWell,         // written, answered
    kLosesAnswer,  // written, but the answer is lost on the way
    kIsDown,       // not written, and says so
    kRefuses,      // ABORTED: not written
    kTalksRot,     // written, but the answer is no complaint
  };
  void Be(Mood mood) {
    absl::MutexLock lock(&mutex_);
    mood_ = mood;
  }
  // Called in each write, before it is answered.
  void OnWrite(std::function<void()> hook) { hook_ = std::move(hook); }

  // The tickets, in order of making; an update changes its own.
  std::vector<v1::SourceComplaint> tickets() const {
    absl::MutexLock lock(&mutex_);
    return tickets_;
  }
  int writes() const {
    absl::MutexLock lock(&mutex_);
    return writes_;
  }
  std::vector<v1::UpdateSourceComplaintRequest> updates() const {
    absl::MutexLock lock(&mutex_);
    return updates_;
  }
  std::vector<std::string> authorities() const {
    absl::MutexLock lock(&mutex_);
    return authorities_;
  }

  grpc::Status CreateComplaint(grpc::ServerContext* context,
                               const v1::CreateSourceComplaintRequest* request,
                               v1::SourceComplaint* response) override {
    if (hook_) hook_();
    absl::MutexLock lock(&mutex_);
    authorities_.emplace_back(context->ExperimentalGetAuthority().data(),
                              context->ExperimentalGetAuthority().size());
    if (auto status = Refusal(*context); !status.ok()) return status;
    ++writes_;
    v1::SourceComplaint ticket = request->complaint();
    ticket.set_name("departments/dpupr/complaints/new-" + std::to_string(tickets_.size() + 1));
    ticket.set_state(v1::Complaint::RECEIVED);
    ticket.add_request_ids(request->request_id());
    tickets_.push_back(ticket);
    return Answer(ticket, response);
  }

  grpc::Status UpdateComplaint(grpc::ServerContext* context,
                               const v1::UpdateSourceComplaintRequest* request,
                               v1::SourceComplaint* response) override {
    if (hook_) hook_();
    absl::MutexLock lock(&mutex_);
    if (auto status = Refusal(*context); !status.ok()) return status;
    ++writes_;
    updates_.push_back(*request);
    v1::SourceComplaint ticket = request->complaint();
    if (ticket.state() == v1::Complaint::STATE_UNSPECIFIED) {
      ticket.set_state(v1::Complaint::RECEIVED);
    }
    ticket.add_request_ids(request->request_id());
    return Answer(ticket, response);
  }

 private:
  grpc::Status Refusal(grpc::ServerContext& context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (mood_ == Mood::kIsDown) {
      context.AddTrailingMetadata("simpul-not-written", "1");
      return {grpc::StatusCode::UNAVAILABLE, "roundup of dpupr cannot be reached"};
    }
    if (mood_ == Mood::kRefuses) {
      return {grpc::StatusCode::ABORTED, "the ticket is another one by now"};
    }
    return grpc::Status::OK;
  }

  grpc::Status Answer(const v1::SourceComplaint& ticket, v1::SourceComplaint* response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (mood_ == Mood::kLosesAnswer) return {grpc::StatusCode::UNAVAILABLE, "connection reset"};
    *response = ticket;
    if (mood_ == Mood::kTalksRot) response->clear_state();
    return grpc::Status::OK;
  }

  std::function<void()> hook_;
  mutable absl::Mutex mutex_;
  Mood mood_ ABSL_GUARDED_BY(mutex_) = Mood::kWell;
  int writes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<v1::SourceComplaint> tickets_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::UpdateSourceComplaintRequest> updates_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> authorities_ ABSL_GUARDED_BY(mutex_);
};

// The adapter as the catalogue tells of it.
inline catalogue::v1::Part AdapterPart(const std::string& identity, const std::string& address) {
  catalogue::v1::Part part;
  part.set_name("parts/adapter/dpupr/instances/1");
  part.set_identity(identity);
  part.set_address(address);
  part.add_services("simpul.complaints.v1.ComplaintSourceService");
  part.add_authorities("roundup.dpupr");
  part.add_topics("simpul.source.dpupr.roundup.complaint");
  return part;
}

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_FAKE_SOURCE_H_
