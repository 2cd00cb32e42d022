#include "services/wifi/session_state.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"

namespace simpul::wifi {

absl::StatusOr<v1::Session> SessionOf(const v1::SourceSession& source) {
  if (source.input_bytes() < 0 || source.output_bytes() < 0 ||
      source.session_time().seconds() < 0 || source.session_time().nanos() < 0) {
    return absl::InvalidArgumentError(
        "input_bytes, output_bytes or session_time is negative; check the adapter's mapping");
  }
  v1::Session session;
  session.set_name(source.name());
  session.set_ssid(source.ssid());
  session.set_state(source.has_stop_time() ? v1::Session::ENDED : v1::Session::ACTIVE);
  if (source.has_start_time()) *session.mutable_start_time() = source.start_time();
  if (source.has_update_time()) *session.mutable_update_time() = source.update_time();
  if (source.has_stop_time()) {
    *session.mutable_end_time() = source.stop_time();
    session.set_end_reason(EndReasonOf(source.terminate_cause()));
  }
  if (source.has_session_time()) *session.mutable_duration() = source.session_time();
  session.set_input_bytes(source.input_bytes());
  session.set_output_bytes(source.output_bytes());
  session.set_user(source.user());
  session.set_device(source.device());
  session.set_device_address(source.device_address());
  return session;
}

v1::Session::EndReason EndReasonOf(std::string_view terminate_cause) {
  std::string cause(terminate_cause);
  absl::AsciiStrToLower(&cause);
  if (cause == "user-request") return v1::Session::USER_REQUEST;
  if (cause == "lost-carrier") return v1::Session::LOST_CARRIER;
  if (cause == "idle-timeout") return v1::Session::IDLE_TIMEOUT;
  if (cause == "session-timeout") return v1::Session::SESSION_TIMEOUT;
  if (cause == "admin-reset") return v1::Session::ADMIN_RESET;
  // Admin-Reboot is the same seen from the other side: the access server went down, on purpose.
  if (cause == "nas-reboot" || cause == "admin-reboot") return v1::Session::NAS_REBOOT;
  return v1::Session::OTHER;
}

absl::Duration SilenceOf(const v1::SourceSession& source) {
  if (source.interim_interval().seconds() <= 0) return absl::ZeroDuration();
  return 3 * absl::Seconds(source.interim_interval().seconds());
}

void EndAsLost(v1::Session& session) {
  session.set_state(v1::Session::ENDED);
  session.set_end_reason(v1::Session::LOST_STOP);
  if (session.has_update_time()) {
    *session.mutable_end_time() = session.update_time();
  } else if (session.has_start_time()) {
    *session.mutable_end_time() = session.start_time();
  } else {
    *session.mutable_end_time() = session.observe_time();
  }
}

}  // namespace simpul::wifi
