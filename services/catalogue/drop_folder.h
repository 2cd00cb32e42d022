// A folder into which departments put their sheets.
#ifndef SIMPUL_SERVICES_CATALOGUE_DROP_FOLDER_H_
#define SIMPUL_SERVICES_CATALOGUE_DROP_FOLDER_H_

#include <atomic>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bus/testing/clock.h"
#include "services/catalogue/inventory.h"
#include "services/catalogue/sheet_family.h"

namespace simpul::catalogue {

// Takes a sheet's name, a row's number and its cells.
using TakeRow =
    absl::FunctionRef<absl::Status(const std::string&, int64_t, std::span<const std::string>)>;
// Gives all rows of the file `path`; a status of `take` ends it. What the program reads sheets by.
using ReadRows = std::function<absl::Status(const std::string& path, TakeRow take)>;

// `<folder>/<department>/<file>` is imported as that department's once its size and time have not
// changed for `quiet`, and is then kept as `<folder>/<department>/read/<time>-<file>` beside
// `<time>-<file>.report`: a line of JSON for each row, and one that says how it ended. After a
// crash a file is imported again, which changes nothing that was done. Names that begin with '.' or
// '~', or end in ".part" or ".tmp", are left alone: programs write such while they work. One
// thread.
class DropFolder {
 public:
  // `inventory` outlives it. While `stop` is true a file is left as it is.
  DropFolder(std::string folder, Inventory& inventory, Clock& clock, ReadRows read,
             const std::atomic<bool>& stop, absl::Duration quiet = absl::Seconds(5))
      : folder_(std::move(folder)),
        inventory_(inventory),
        clock_(clock),
        read_(std::move(read)),
        stop_(stop),
        quiet_(quiet) {}

  // Looks once and imports what is ready. FAILED_PRECONDITION: the folder cannot be made or read,
  // or a file not moved; the message says which. Call it about each second.
  absl::Status Look();

 private:
  struct Seen {
    int64_t size = 0;
    int64_t change_ns = 0;
    absl::Time since;
    bool operator==(const Seen&) const = default;
  };

  absl::Status LookInto(const std::string& department, std::map<std::string, Seen>& still_there);
  absl::Status Import(const std::string& department, const std::string& path);
  absl::Status Read(const std::string& department, const std::string& path, std::string& report);

  const std::string folder_;
  Inventory& inventory_;
  Clock& clock_;
  const ReadRows read_;
  const std::atomic<bool>& stop_;
  const absl::Duration quiet_;
  const SheetFamily family_ = SheetFamily::BuiltIn();
  std::map<std::string, Seen> seen_;  // by path
};

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_DROP_FOLDER_H_
