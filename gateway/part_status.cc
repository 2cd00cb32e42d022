#include "gateway/part_status.h"

#include <string>

#include "absl/strings/str_format.h"
#include "bus/observe/log.h"
#include "gateway/worker.h"

namespace simpul::gateway {
namespace {

const Instance& InstanceOf(const Call& call) {
  return call.table->routes->instances()[call.target->instance];
}

}  // namespace

bool IsUnmeantForCallers(const Call& call, absl::StatusCode code) {
  if (code == absl::StatusCode::kInternal) return true;
  return code == absl::StatusCode::kUnknown && InstanceOf(call).identity.kind != "service";
}

absl::Status WithoutItsText(const Call& call, absl::StatusCode code) {
  observe::Log(observe::Severity::kError, "gateway", "a part failed",
               {{"method", call.route->path},
                {"instance", InstanceOf(call).name},
                {"code", absl::StatusCodeToString(code)},
                {"request", call.request_id}});
  return absl::Status(
      code, absl::StrFormat("%s failed; the city's IT department finds why under request %s",
                            call.route->service, call.request_id));
}

}  // namespace simpul::gateway
