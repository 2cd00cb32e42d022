#include "services/complaints/command_table.h"

#include <cstdint>

#include "services/domain/row.h"

namespace simpul::complaints {
namespace {

constexpr absl::Duration kKeep = absl::Hours(24 * 7);

enum Phase : int64_t { kOpen = 1, kDone = 2, kRefused = 3 };

absl::StatusOr<v1::Complaint> ReadAnswer(const store::Row& row, const Command& command) {
  if (row.Bytes(0) != command.digest) {
    return absl::AlreadyExistsError(
        "request_id: it was used for another request; take a new one for each");
  }
  if (row.Int(1) == kRefused) {
    return absl::Status(static_cast<absl::StatusCode>(row.Int(2)), std::string(row.Text(3)));
  }
  if (row.Int(1) == kOpen) {
    return absl::UnknownError(
        "it is not known yet whether this was written: the department's application was asked and "
        "its answer did not come, or has still to come; send the same request again later, with "
        "the same request_id");
  }
  v1::Complaint complaint;
  if (auto status = domain::ReadResource(row.Bytes(4), complaint); !status.ok()) return status;
  return complaint;
}

}  // namespace

absl::StatusOr<std::optional<absl::StatusOr<v1::Complaint>>> FindAnswer(
    store::Transaction& transaction, const Command& command) {
  std::optional<absl::StatusOr<v1::Complaint>> answer;
  auto status = transaction.Query(
      "SELECT digest, phase, code, message, response FROM complaint_command WHERE id = $1",
      {command.id}, [&](const store::Row& row) {
        answer = ReadAnswer(row, command);
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return answer;
}

absl::StatusOr<bool> BeginCommand(store::Transaction& transaction, const Command& command,
                                  absl::Time now) {
  auto rows = transaction.Execute(
      "INSERT INTO complaint_command (id, department, digest, phase, code, message, response, "
      "begin_us) VALUES ($1, $2, $3, $4, 0, '', $5, $6) ON CONFLICT (id) DO NOTHING",
      {command.id, command.department, store::Blob{command.digest}, int64_t{kOpen}, store::Blob{""},
       absl::ToUnixMicros(now)});
  if (!rows.ok()) return rows.status();
  return *rows == 1;
}

absl::Status EndCommand(store::Transaction& transaction, const Command& command,
                        const absl::StatusOr<v1::Complaint>& outcome) {
  if (outcome.ok()) {
    return SettleCommand(transaction, command.id, command.department, *outcome);
  }
  const std::string message(outcome.status().message());
  return transaction
      .Execute(
          "UPDATE complaint_command SET phase = $2, code = $3, message = $4 "
          "WHERE id = $1 AND phase = 1",
          {command.id, int64_t{kRefused}, static_cast<int64_t>(outcome.status().code()), message})
      .status();
}

absl::Status DropCommand(store::Transaction& transaction, const Command& command) {
  return transaction
      .Execute("DELETE FROM complaint_command WHERE id = $1 AND phase = 1", {command.id})
      .status();
}

absl::Status SettleCommand(store::Transaction& transaction, std::string_view id,
                           std::string_view department, const v1::Complaint& complaint) {
  const std::string bytes = complaint.SerializeAsString();
  return transaction
      .Execute(
          "UPDATE complaint_command SET phase = $3, response = $4 "
          "WHERE id = $1 AND department = $2 AND phase = 1",
          {id, department, int64_t{kDone}, store::Blob{bytes}})
      .status();
}

absl::Status ForgetCommands(store::Store& store, Clock& clock) {
  const int64_t before = absl::ToUnixMicros(clock.Now() - kKeep);
  return store.Transact([&](store::Transaction& transaction) {
    return transaction
        .Execute(
            "DELETE FROM complaint_command WHERE id IN (SELECT id FROM complaint_command "
            "WHERE begin_us < $1 LIMIT 1000)",
            {before})
        .status();
  });
}

}  // namespace simpul::complaints
