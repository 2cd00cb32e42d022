"""The import of a large inventory sheet beside a bare loop on OGR: rows a second, and the largest process."""
import csv
import os
import statistics
import subprocess
import time

from processes import BUILD, LOAD_CORE, SIMPUL, Failed, Lab, free_port, main, output_of
import tables

OGR = BUILD / "tests" / "bench_ogr"
ROWS = 50000
ROUNDS = 3
HEADER = ["Kode", "Kode OPD", "Nama Aplikasi", "Uraian", "Fungsi", "Luaran", "Basis", "Lisensi", "Bahasa Pemrograman",
          "Framework", "Database", "Pengembang", "Pengelola", "Server", "Cloud", "Jaringan", "TTE", "Status", "Tahun",
          "RAA Level 1", "RAA Level 2", "RAA Level 3", "RAA Level 4", "Adapter"]


def row(number):
    return [f"DAA-{number}", "dpupr", f"Aplikasi {number}", f"Mengelola urusan nomor {number}", "Pelayanan publik",
            "Laporan", "web", "own", "PHP", "Laravel", "PostgreSQL", "CV Karya", "Dinas PUPR", "Pusat data", "-",
            "Intra", "Ya", "Aktif", 2000 + number % 25, "RAA.01", "RAA.01.02", "RAA.01.02.03", "RAA.01.02.03.04", ""]


def write_csv(path):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(row(number) for number in range(ROWS))


class Catalogue:
    """A catalogue alone, on an empty store."""

    def __init__(self, lab, number):
        self._data = lab.folder / f"inventory-{number}"
        output_of(SIMPUL, "certs", "--data", self._data, "--adapters", lab.folder)
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        lab.start(f"catalogue-{number}", [SIMPUL, "catalogue", "serve", "--data", self._data, "--listen", self.address],
                  port, LOAD_CORE)

    def words(self, *words):
        return [SIMPUL, "catalogue", *words, "--data", self._data, "--catalogue", self.address]

    def import_sheet(self, path, result):
        """(seconds, MB of its largest process); `result` is what all rows must come to."""
        said, took, megabytes = run(self.words("import", path))
        if f"{ROWS} {result}," not in said:
            raise Failed(f"not {ROWS} rows were {result}: {said[-300:]}")
        return took, megabytes


def run(command):
    """(its output, seconds, MB of the largest of its processes)."""
    begin = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    said = process.stdout.read()
    _, code, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - begin
    process.returncode = code
    if code != 0:
        raise Failed(f"{command[0]} ended with {code}")
    return said, took, usage.ru_maxrss / 1024


def measure():
    found = {name: [] for name in ("bare OGR, XLSX", "import, XLSX, new", "import, XLSX, unchanged", "import, CSV, new",
                                   "import, CSV, unchanged")}
    with Lab() as lab:
        sheet, workbook = lab.folder / "inventory.csv", lab.folder / "inventory.xlsx"
        write_csv(sheet)
        for number in range(ROUNDS):
            ours = Catalogue(lab, f"{number}-csv")
            found["import, CSV, new"].append(ours.import_sheet(sheet, "created"))
            found["import, CSV, unchanged"].append(ours.import_sheet(sheet, "unchanged"))
            if number == 0:
                run(ours.words("export", workbook))
            found["bare OGR, XLSX"].append(run([OGR, workbook])[1:])
            ours = Catalogue(lab, f"{number}-xlsx")
            found["import, XLSX, new"].append(ours.import_sheet(workbook, "created"))
            found["import, XLSX, unchanged"].append(ours.import_sheet(workbook, "unchanged"))
        size = workbook.stat().st_size / 1e6
    rows = [[name, tables.min_median([took for took, _ in results], 2) + " s",
             f"{ROWS / statistics.median(took for took, _ in results):,.0f}",
             f"{max(megabytes for _, megabytes in results):.0f} MB"] for name, results in found.items()]
    tables.show("Import of an inventory", "tests/bench/run 2 inventory",
                [f"{ROWS} rows of {len(HEADER)} cells", "min / median", "rows a second", "largest process"], rows,
                [f"min / median of {ROUNDS}; the XLSX has {size:.1f} MB. The largest process of an import of XLSX is "
                 "simpul-sheet. The catalogue, on SQLite, has the second core, which the import shares."])


if __name__ == "__main__":
    main(measure)
