// A process that writes one complaint and says how it was answered, to be killed at fault points:
// command_child STORE-URL STORE-PART CERTIFICATES SOURCE-IDENTITY SOURCE-ADDRESS REQUEST-ID
#include <cstdio>
#include <string>

#include "services/complaints/commands.h"
#include "services/complaints/complaints_test.h"
#include "services/complaints/fake_source.h"

int main(int argc, char** argv) {
  using namespace simpul;  // NOLINT: a program of one page
  if (argc != 7) return 2;
  const auto credentials = rpc::Credentials::Load(rpc::CertificateFiles::In(argv[3]));
  const auto store = complaints::OpenStore({.url = argv[1], .part = argv[2]});
  if (!credentials.ok() || store == nullptr) return 3;
  const rpc::TokenKey tokens(std::string(32, 'k'));
  complaints::Adapters adapters(*credentials);
  adapters.Update({complaints::AdapterPart(argv[4], argv[5])});
  complaints::Commands commands(*store, Clock::System(), tokens, adapters, [] {
    return std::vector<std::string>{"simpul.source.dpupr.roundup.complaint"};
  });
  complaints::v1::CreateComplaintRequest request;
  request.set_parent("departments/dpupr");
  request.set_request_id(argv[6]);
  request.mutable_complaint()->set_title("Lampu mati");
  request.mutable_complaint()->set_content("Sejak Senin");
  request.mutable_complaint()->set_classification(complaints::v1::Complaint::COMPLAINT);
  const auto answer = commands.Create("dinkes", request);
  std::puts(answer.ok() ? answer->name().c_str()
                        : absl::StatusCodeToString(answer.status().code()).c_str());
  return 0;
}
