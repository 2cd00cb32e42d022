// The rows of sheets into the inventory.
#ifndef SIMPUL_SERVICES_CATALOGUE_SHEET_IMPORT_H_
#define SIMPUL_SERVICES_CATALOGUE_SHEET_IMPORT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/catalogue/sheet_family.h"
#include "simpul/catalogue/v1/inventory.pb.h"
#include "simpul/catalogue/v1/sheet.pb.h"

namespace simpul::catalogue {

// Finds the header of each sheet, makes applications of the rows below it and imports them in
// batches, so that it holds no more than one batch and the names it has seen. Rows that are empty
// are left out, and so are sheets without a header. One thread.
class SheetImport {
 public:
  // An outcome for each application: Inventory::Import, or ImportApplications of a catalogue.
  using Import =
      std::function<absl::StatusOr<std::vector<v1::ImportOutcome>>(std::vector<v1::Application>)>;
  using Report = std::function<void(const v1::RowReport&)>;

  // `department`: whose applications they are; empty: as the family or each row says. `family`
  // outlives it. `report` is called once a row, in order.
  SheetImport(const SheetFamily& family, std::string department, Import import, Report report);

  // The next row of a file; its sheet's name and its number. As for `import`: what was imported
  // before stays.
  absl::Status Take(const std::string& sheet, int64_t number, std::span<const std::string> cells);

  // Imports what is left. INVALID_ARGUMENT: no sheet had a header; the message names the columns
  // that are needed.
  absl::Status Finish();

 private:
  struct Pending {
    v1::Application application;
    v1::RowReport report;  // REFUSED already, or to be completed
    Header header;
  };

  void Begin(const std::string& sheet);
  void FindHeader(int64_t number, std::span<const std::string> cells);
  void AddRow(int64_t number, std::span<const std::string> cells);
  std::string NameOf(const std::string& id, const std::string& of_row, v1::RowReport& report) const;
  void Refuse(const std::string& field, const std::string& reason, const Header& header,
              v1::RowReport& report) const;
  absl::Status Flush();

  const SheetFamily& family_;
  const std::string department_;
  const Import import_;
  const Report report_;

  std::string sheet_;
  bool has_begun_ = false;
  bool has_header_ = false;       // this sheet
  bool is_after_header_ = false;  // the next row is the one below it
  bool is_useless_ = false;       // this sheet has none
  bool found_any_ = false;
  Header header_;
  std::vector<Pending> pending_;
  size_t pending_bytes_ = 0;
  std::map<std::string, std::string> seen_;  // where the row of each name stands
};

// "A", "Z", "AA": the column `index`, from 0, as spreadsheet programs call it.
std::string ColumnLetters(size_t index);

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_SHEET_IMPORT_H_
