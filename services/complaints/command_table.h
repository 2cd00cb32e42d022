// What became of each write, by its request_id: so that a request that is sent again writes
// nothing.
#ifndef SIMPUL_SERVICES_COMPLAINTS_COMMAND_TABLE_H_
#define SIMPUL_SERVICES_COMPLAINTS_COMMAND_TABLE_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bus/store/store.h"
#include "bus/testing/clock.h"
#include "simpul/complaints/v1/complaint.pb.h"

namespace simpul::complaints {

// A write, as it is told from all others.
struct Command {
  std::string id;          // "<agency>/<request_id>"
  std::string digest;      // keyed, of the whole request: never of use to who reads the store
  std::string department;  // whose application is asked
};

// What a command that was begun before is answered: the complaint, or why it was refused.
// UNKNOWN: its outcome is not known yet. ALREADY_EXISTS: it was another request. Nothing: it was
// not begun.
absl::StatusOr<std::optional<absl::StatusOr<v1::Complaint>>> FindAnswer(
    store::Transaction& transaction, const Command& command);

// Records that it is about to be sent; false: it was begun before.
absl::StatusOr<bool> BeginCommand(store::Transaction& transaction, const Command& command,
                                  absl::Time now);

// Records its outcome, unless one is known already.
absl::Status EndCommand(store::Transaction& transaction, const Command& command,
                        const absl::StatusOr<v1::Complaint>& outcome);

// Forgets it: nothing was written, and it may be sent again.
absl::Status DropCommand(store::Transaction& transaction, const Command& command);

// Ends the command with this id, if it is open and was sent to this department: its effect was
// seen.
absl::Status SettleCommand(store::Transaction& transaction, std::string_view id,
                           std::string_view department, const v1::Complaint& complaint);

// Forgets commands that were begun more than 7 days ago, some at a time.
absl::Status ForgetCommands(store::Store& store, Clock& clock);

}  // namespace simpul::complaints

#endif  // SIMPUL_SERVICES_COMPLAINTS_COMMAND_TABLE_H_
