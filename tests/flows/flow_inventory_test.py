"""The inventory out of departments' spreadsheets: imported, read at the one address, exported, compared with the bus."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import inventory_sheets as sheets
from platform_under_test import ROOT, Platform, setting, until


class Inventory(unittest.TestCase):
    def setUp(self):
        self.platform = self.enterContext(Platform())
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="simpul-sheets-")))

    def catalogue(self, *arguments, exit_code=0):
        done = self.platform.cli("catalogue", *map(str, arguments), "--data", str(self.platform.data), check=False)
        self.assertEqual(exit_code, done.returncode, done.stdout + done.stderr)
        return done

    def lines_of(self, *arguments, exit_code=0):
        done = self.platform.cli("--output", "json", "catalogue", *map(str, arguments), "--data",
                                 str(self.platform.data), check=False)
        self.assertEqual(exit_code, done.returncode, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def sums_of(self, *arguments, exit_code=0):
        return self.lines_of("import", *arguments, exit_code=exit_code)[-1]

    def diskominfo(self, change=lambda rows: None):
        rows = sheets.diskominfo_rows()
        change(rows)
        return sheets.write_workbook(self.folder / "diskominfo.xlsx", rows, "DAFTAR APLIKASI KOTA")

    def dpupr(self):
        return sheets.by_libreoffice(sheets.write_workbook(self.folder / "dpupr.xlsx", sheets.dpupr_rows()), "ods")

    def import_both(self):
        self.sums_of(self.diskominfo(), "--department", "diskominfo", exit_code=2)
        self.sums_of(self.dpupr(), "--department", "dpupr", exit_code=2)

    def test_each_row_of_both_sheets_is_told_of_and_a_spoilt_one_blocks_no_other(self):
        *rows, sums = self.lines_of("import", self.diskominfo(), "--department", "diskominfo", exit_code=2)
        self.assertEqual({"created": 17, "changed": 0, "unchanged": 0, "refused": 3, "dryRun": False}, sums)
        self.assertEqual([("Aplikasi", 8, "D", "Basis Aplikasi"), ("Aplikasi", 12, "B", "Kode"),
                          ("Aplikasi", 20, "B", "Kode")],
                         [(row["sheet"], row["row"], row["column"], row["header"])
                          for row in rows if row["result"] == "REFUSED"])
        *rows, sums = self.lines_of("import", self.dpupr(), "--department", "dpupr", exit_code=2)
        self.assertEqual((17, 3), (sums["created"], sums["refused"]))
        self.assertEqual([(6, "E"), (10, "A"), (21, "G")],
                         [(row["row"], row["column"]) for row in rows if row["result"] == "REFUSED"])

    def test_the_sample_of_the_city_is_told_of_as_the_page_says(self):
        page = (ROOT / "docs/the-inventory.md").read_text()
        for sheet in ("diskominfo.xlsx", "dpupr.ods"):
            said = self.catalogue("import", ROOT / "tests/peers/inventory" / sheet, "--department",
                                  sheet.split(".")[0], "--dry-run", exit_code=2).stdout
            self.assertIn(said.splitlines()[-1], page)
            if sheet == "diskominfo.xlsx":
                shown = {line.strip() for line in page.splitlines() if line.startswith("   row ")}
                self.assertEqual(2, len(shown & set(said.splitlines())), shown)

    def test_the_same_file_twice_changes_nothing_and_a_changed_cell_changes_its_field(self):
        sheet = self.diskominfo()
        words = ["--department", "diskominfo"]
        before = self.sums_of(sheet, *words, exit_code=2)
        again = self.sums_of(sheet, *words, exit_code=2)
        self.assertEqual((before["created"], 0, 0), (again["unchanged"], again["created"], again["changed"]))

        def retire(rows):
            rows[3][4] = "Tidak Aktif"
        said = self.catalogue("import", self.diskominfo(retire), *words, exit_code=2).stdout
        self.assertIn("row 6 of Aplikasi: changed departments/diskominfo/applications/DAA-002 (status)", said)
        self.assertIn("0 created, 1 changed, 16 unchanged, 3 refused", said)

    def test_a_dry_run_says_the_same_and_writes_nothing(self):
        sums = self.sums_of(self.diskominfo(), "--department", "diskominfo", "--dry-run", exit_code=2)
        self.assertEqual((17, 3, True), (sums["created"], sums["refused"], sums["dryRun"]))
        self.assertEqual([], self.lines_of("list"))

    def test_agencies_read_it_at_the_one_address(self):
        self.import_both()
        until(lambda: self.platform.rest("GET", "/v1/applications").status == 200, "the gateway has the route")
        self.assertEqual(34, len(self.platform.all_of("applications", pageSize=10)))
        self.assertEqual(17, len(self.platform.all_of("departments/dpupr/applications")))
        name = "departments/dpupr/applications/PU-2"
        answer = self.platform.rest("GET", f"/v1/{name}").json
        self.assertEqual({"name": name, "displayName": "Sistem Absensi", "status": "RETIRED", "buildYear": 2012,
                          "description": "Mengelola absensi,\ndengan peta", "developingUnit": "CV Karya & Rekan"},
                         {key: value for key, value in answer.items() if key != "updateTime"})
        self.assertEqual(1, len(self.platform.all_of("applications", status="RETIRED")))
        self.assertEqual(404, self.platform.rest("GET", f"/v1/{name}9").status)

    def test_what_is_exported_imports_again_to_the_same_state(self):
        self.import_both()
        before = self.lines_of("list")
        for name in ("all.xlsx", "all.csv"):
            self.assertIn("34 applications", self.catalogue("export", self.folder / name).stdout)
            self.assertEqual({"created": 0, "changed": 0, "unchanged": 34, "refused": 0, "dryRun": False},
                             self.sums_of(self.folder / name))
        for kind in ("csv", "xlsx", "ods"):  # and through LibreOffice
            again = sheets.by_libreoffice(self.folder / "all.xlsx", kind)
            self.assertEqual(34, self.sums_of(again)["unchanged"], kind)
        self.assertEqual(before, self.lines_of("list"))

    def megabytes_of_import(self, path, sums):
        """The largest process of an import that ends in these sums."""
        process = subprocess.Popen([setting("SIMPUL"), "catalogue", "import", path, "--data", self.platform.data],
                                   stdout=subprocess.PIPE, text=True)
        *_, last = process.stdout
        process.stdout.close()
        _, code, usage = os.wait4(process.pid, 0)
        process.returncode = code
        self.assertEqual((0, sums), (code, last.strip()))
        return usage.ru_maxrss / 1024

    def test_fifty_thousand_rows_are_imported_in_bounded_memory(self):
        sheet = sheets.write_large_csv(self.folder / "large.csv", 50000)
        new = self.megabytes_of_import(sheet, "50000 created, 0 changed, 0 unchanged, 0 refused")
        self.assertLess(new, 80)  # a row at a time
        self.catalogue("export", self.folder / "large.xlsx")
        again = self.megabytes_of_import(self.folder / "large.xlsx",
                                         "0 created, 0 changed, 50000 unchanged, 0 refused")
        self.assertLess(again, 250)  # what GDAL keeps of the sheet, in simpul-sheet

    def test_drift_says_where_the_inventory_and_the_bus_disagree(self):
        def drift():
            return {(line["kind"], line["authority"]) for line in self.lines_of("list", "--drift")}
        until(lambda: drift() == {("NOT_LISTED", "radius.diskominfo"), ("NOT_LISTED", "roundup.dpupr")},
              "the adapters are seen on the bus")
        self.assertIn("connected, not listed", self.catalogue("list", "--drift").stdout)
        self.import_both()
        found = drift()
        self.assertNotIn("radius.diskominfo", [authority for _, authority in found])
        self.assertIn(("NEVER_CONNECTED", "daa-002.diskominfo"), found)
        self.assertNotIn("pu-2.dpupr", [authority for _, authority in found])  # retired
        self.assertEqual({("NOT_LISTED", "roundup.dpupr")}, {(kind, what) for kind, what in found
                                                             if kind != "NEVER_CONNECTED"})

    def test_a_sheet_that_is_dropped_is_read_and_kept_with_its_report(self):
        folder = self.platform.data / "drop" / "dpupr"
        folder.mkdir(parents=True, exist_ok=True)
        self.dpupr().rename(folder / "inventaris.ods")
        (folder / "salah.xlsx").write_bytes(b"PK\x03\x04 salah")

        def kept():
            return {path.name.split("-", 3)[-1]: path for path in (folder / "read").glob("*")}
        until(lambda: len(kept()) == 4, "both files are kept with their reports")
        self.assertEqual({"inventaris.ods", "inventaris.ods.report", "salah.xlsx", "salah.xlsx.report"}, set(kept()))
        *rows, end = [json.loads(line) for line in kept()["inventaris.ods.report"].read_text().splitlines()]
        self.assertEqual((17, 3, ""), (end["created"], end["refused"], end["error"]))
        self.assertEqual(20, len(rows))
        self.assertIn("damaged", kept()["salah.xlsx.report"].read_text())
        self.assertEqual(17, len(self.lines_of("list", "--department", "dpupr")))

    def test_a_file_that_is_none_is_named_and_changes_nothing(self):
        whole = self.diskominfo().read_bytes()
        (self.folder / "half.xlsx").write_bytes(whole[:len(whole) // 2])
        for name, text in (("half.xlsx", "damaged"), ("none.xlsx", "cannot be opened")):
            said = self.catalogue("import", self.folder / name, "--department", "diskominfo", exit_code=2).stderr
            self.assertIn(str(self.folder / name), said)
            self.assertIn(text, said)
        (self.folder / "family.yaml").write_text("columns:\n  id: {header: [Kode]}\n")
        said = self.catalogue("import", self.folder / "half.xlsx", "--family", self.folder / "family.yaml",
                              exit_code=2).stderr
        self.assertIn("family.yaml:2: unknown key 'header'; did you mean 'headers'?", said)
        self.assertEqual([], self.lines_of("list"))


if __name__ == "__main__":
    unittest.main()
