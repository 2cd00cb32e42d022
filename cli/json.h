// Generated messages as JSON, for --output json.
#ifndef SIMPUL_CLI_JSON_H_
#define SIMPUL_CLI_JSON_H_

#include <string>

#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"

namespace simpul::cli {

// On one line.
std::string ToJsonLine(const google::protobuf::Message& message);

// "2026-11-24 08:15:02 UTC"; "-" if it is unset.
std::string ToText(const google::protobuf::Timestamp& time);

}  // namespace simpul::cli

#endif  // SIMPUL_CLI_JSON_H_
