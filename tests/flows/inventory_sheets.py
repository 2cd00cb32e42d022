"""Inventory sheets as departments hand them in: 20 rows of each, 3 of them spoilt. One is written by openpyxl, one by
LibreOffice; their headers, titles and spellings differ."""
import csv
import pathlib
import subprocess
import sys
import tempfile

import openpyxl

NAMES = ["Kepegawaian", "Absensi", "Surat Masuk", "Surat Keluar", "Arsip", "Portal", "Pengaduan", "Aset", "Keuangan",
         "Perencanaan", "Jalan", "Drainase", "Izin Bangunan", "Peta", "Cuaca", "Pajak", "Retribusi", "Pasar", "Parkir",
         "Perpustakaan"]


def diskominfo_rows():
    """Below a merged title; rows 8, 12 and 20 of the sheet are spoilt."""
    rows = [["No", "Kode Aplikasi", "Nama Aplikasi", "Basis", "Status", "Tahun", "TTE", "Adapter"],
            ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)", "(8)"]]
    for i, name in enumerate(NAMES, 1):
        rows.append([i, f"DAA-{i:03}", f"Aplikasi {name}", "Berbasis Web", "Aktif", 2000 + i, i % 2 == 0, None])
    rows[2][7] = "radius"
    rows[2 + 3][3] = "kertas"  # row 8: no base of the list
    rows[2 + 7][1] = None  # row 12: no code
    rows[2 + 15][1] = "DAA-001"  # row 20: the code of row 5
    return rows


def dpupr_rows():
    """Rows 6, 10 and 21 of the sheet are spoilt."""
    rows = [["NAMA SISTEM", "Uraian", "No. DAA", "Pengembang", "Tahun Pembuatan", "Keaktifan", "Kode OPD"]]
    for i, name in enumerate(NAMES, 1):
        rows.append([f"Sistem {name}", f"Mengelola {name.lower()},\ndengan peta", f"PU-{i}",
                     "CV Karya & Rekan", 2010 + i, "tidak aktif" if i == 2 else "AKTIF", "dpupr"])
    rows[5][4] = "dua ribu"  # row 6
    rows[9][0] = ""  # row 10: no name
    rows[20][6] = "dinkes"  # row 21: another department
    return rows


def write_workbook(path, rows, title="", sheet="Aplikasi"):
    workbook = openpyxl.Workbook()
    page = workbook.active
    page.title = sheet
    if title:
        page["A1"] = title
        page.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(rows[0]))
        page.append([])
    for row in rows:
        page.append(row)
    workbook.save(path)
    return path


def write_large_csv(path, rows):
    """Rows of one department, none spoilt."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Kode", "Nama Aplikasi", "Uraian", "Fungsi", "Basis", "Status", "Tahun", "Kode OPD"])
        writer.writerows([f"DAA-{i:05}", f"Aplikasi {i}", f"Mengelola urusan nomor {i}", "Pelayanan publik", "Website",
                          "Aktif", 2000 + i % 25, "dpupr"] for i in range(rows))
    return path


def by_libreoffice(path, kind):
    """The workbook as LibreOffice writes it: ods, xlsx or csv, in a folder of its own."""
    out = pathlib.Path(path).parent / "libreoffice"
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to", kind,
                               "--outdir", out, path], capture_output=True, text=True, timeout=120)
    written = out / f"{pathlib.Path(path).stem}.{kind}"
    if done.returncode != 0 or not written.exists():
        raise AssertionError(f"soffice: {done.stdout} {done.stderr}")
    return written


def write_sample(folder):
    """The sheets of the sample city, tests/peers/inventory: `python inventory_sheets.py FOLDER` writes them anew."""
    folder = pathlib.Path(folder)
    write_workbook(folder / "diskominfo.xlsx", diskominfo_rows(), "DAFTAR APLIKASI KOTA")
    with tempfile.TemporaryDirectory() as work:
        written = by_libreoffice(write_workbook(pathlib.Path(work) / "dpupr.xlsx", dpupr_rows()), "ods")
        (folder / "dpupr.ods").write_bytes(written.read_bytes())


if __name__ == "__main__":
    write_sample(sys.argv[1])
