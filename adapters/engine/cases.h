// An adapter's golden cases: what the legacy said, the call, and what must come out. Needs no
// legacy.
#ifndef SIMPUL_ADAPTERS_ENGINE_CASES_H_
#define SIMPUL_ADAPTERS_ENGINE_CASES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace simpul::engine {

// The outcome of one folder below testdata/.
struct CaseResult {
  std::string name;  // of the folder
  bool passed = false;
  std::string message;  // what differs, or which file is wrong and why; empty if it passed
};

// Runs every folder of `<directory>/testdata`, sorted by name. A case has
//   rows.yaml        the rows that the legacy answered, each a map from column to value;
//   call.yaml        {rpc: GetSession, request: {name: …}};
//   want.json        the answer; any page token is written "*"; or
//   want-error.yaml  {code: DATA_LOSS, message: <a part of it>}.
// In rows.yaml a bare number is a number, `2026-11-24T08:00:00+07:00` an absolute time, the same
// without an offset a local time, and whatever is in quotes text. INVALID_ARGUMENT: the mapping is
// wrong (as CheckMapping says). NOT_FOUND: there are no cases.
absl::StatusOr<std::vector<CaseResult>> RunCases(const std::string& directory);

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_CASES_H_
