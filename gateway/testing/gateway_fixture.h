// A gateway in front of parts that a test starts and stops, called over gRPC.
#ifndef SIMPUL_GATEWAY_TESTING_GATEWAY_FIXTURE_H_
#define SIMPUL_GATEWAY_TESTING_GATEWAY_FIXTURE_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gateway/testing/city.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"

namespace simpul::gateway {

class GatewayFixture : public ::testing::Test {
 protected:
  void StartWith(const std::vector<const RunningPart*>& parts) {
    SetParts(parts);
    city_.StartGateway();
    Connect();
    ASSERT_TRUE(Eventually([&] { return city_.gateway().ready().ok(); }));
  }
  void Connect() {
    channel_ = grpc::CreateChannel(city_.gateway().address(), grpc::InsecureChannelCredentials());
    hotspots_ = wifi::v1::HotspotService::NewStub(channel_);
    events_ = events::v1::EventService::NewStub(channel_);
  }
  void SetParts(const std::vector<const RunningPart*>& parts) {
    std::vector<catalogue::v1::Part> list;
    for (const RunningPart* part : parts) list.push_back(part->part);
    city_.catalogue().SetParts(std::move(list));
  }

  std::unique_ptr<grpc::ClientContext> Context(const std::string& key) const {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    if (!key.empty()) context->AddMetadata("x-api-key", key);
    return context;
  }
  grpc::Status Get(const std::string& id, wifi::v1::Hotspot* hotspot) {
    return Get(*Context(city_.key()), id, hotspot);
  }
  grpc::Status Get(grpc::ClientContext& context, const std::string& id,
                   wifi::v1::Hotspot* hotspot) {
    wifi::v1::GetHotspotRequest request;
    request.set_name("departments/x/hotspots/" + id);
    return hotspots_->GetHotspot(&context, request, hotspot);
  }

  City city_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<wifi::v1::HotspotService::Stub> hotspots_;
  std::unique_ptr<events::v1::EventService::Stub> events_;
  wifi::v1::Hotspot hotspot_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_TESTING_GATEWAY_FIXTURE_H_
