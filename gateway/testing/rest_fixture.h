// A gateway in front of one part, called over HTTP by sockets and by curl.
#ifndef SIMPUL_GATEWAY_TESTING_REST_FIXTURE_H_
#define SIMPUL_GATEWAY_TESTING_REST_FIXTURE_H_

#include <cstdio>
#include <string>

#include "absl/strings/str_format.h"
#include "gateway/testing/city.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace simpul::gateway {

// What a command writes.
inline std::string Shell(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  char buffer[4096];
  while (const size_t n = fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, n);
  pclose(pipe);
  return out;
}

class RestFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    part_ = city_.StartPart("a");
    city_.catalogue().SetParts({part_.part});
  }
  void Start() {
    city_.StartGateway();
    ASSERT_TRUE(Eventually([&] { return city_.gateway().ready().ok(); }));
  }
  std::string Request(const std::string& line, const std::string& body = "",
                      const std::string& fields = "") const {
    std::string text =
        absl::StrFormat("%s HTTP/1.1\r\nhost: x\r\nx-api-key: %s\r\n%s", line, city_.key(), fields);
    if (!body.empty()) {
      text +=
          absl::StrFormat("content-type: application/json\r\ncontent-length: %d\r\n", body.size());
    }
    return text + "\r\n" + body;
  }
  // One request on a connection of its own.
  std::string Ask(const std::string& request) {
    Wire wire(city_.gateway().address());
    wire.Send(request);
    return wire.ReadAnswer();
  }
  static nlohmann::json ErrorOf(const std::string& answer) {
    return nlohmann::json::parse(BodyOf(answer))["error"];
  }

  City city_;
  RunningPart part_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_TESTING_REST_FIXTURE_H_
