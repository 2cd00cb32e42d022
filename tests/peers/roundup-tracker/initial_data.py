"""The lists, users and twelve tickets of the sample tracker. Roundup runs this once, with `db` defined.

Nobody here exists: 36.72.99 is no district, so no such NIK was ever issued.
"""
import os

from roundup.date import Date
from roundup.password import Password

for name, values in {
        "priority": ["rendah", "sedang", "tinggi"],
        "status": ["diterima", "diverifikasi", "didisposisikan", "diproses", "ditindaklanjuti", "selesai",
                   "ditunda", "bukan wewenang", "diarsipkan", "dibuka kembali"],
        "kelas": ["aspirasi", "pengaduan", "permintaan informasi", "pengaduan khusus", "pengadaan"],
        "kategori": ["jalan", "jembatan", "drainase", "trotoar", "penerangan jalan"]}.items():
    for order, value in enumerate(values, 1):
        db.getclass(name).create(name=value, order=order)

db.user.create(username="admin", roles="Admin", address=admin_email, password=adminpw)
db.user.create(username="anonymous", roles="Anonymous")
for username, realname in [("petugas", "Petugas Loket"), ("simpul", "Simpul"), ("teknisi", "Teknisi Lapangan")]:
    db.user.create(username=username, realname=realname, roles="User", address=username + "@example.invalid",
                   password=Password(os.environ["TRACKER_PASSWORD_" + username.upper()], config=db.config))

TICKETS = [  # title, status, class, category, reporter, street, what was said, what was answered
    ("Jalan berlubang di Jl. Raya Merak", 1, 2, 1, 1, "Jl. Raya Merak km 3", "Lubang selebar satu meter di lajur kiri.", ""),
    ("Lampu jalan mati di Simpang Tiga", 2, 2, 5, 2, "Simpang Tiga", "Sudah seminggu gelap.", "Sudah kami cek: kabel putus."),
    ("Saluran tersumbat di Jl. Ahmad Yani", 3, 2, 3, 3, "Jl. Ahmad Yani 12", "Air meluap setiap hujan.", ""),
    ("Trotoar rusak depan Pasar Kranggot", 4, 2, 4, 4, "Pasar Kranggot", "Ubin lepas, berbahaya.", "Tim turun besok."),
    ("Retak di jembatan Sungai Cibeber", 5, 2, 2, 5, "Jembatan Cibeber", "Retak di sisi utara.", "Sudah diukur; diperbaiki bulan ini."),
    ("Kapan Jl. Sunan Gunung Jati diaspal?", 6, 3, 1, 6, "Jl. Sunan Gunung Jati", "Mohon jadwalnya.", "Triwulan pertama."),
    ("Usul penyeberangan dekat RSUD", 1, 1, 4, 7, "RSUD", "Pasien sulit menyeberang.", ""),
    ("Galian pipa tidak ditutup kembali", 7, 2, 1, 8, "Jl. Jombang Masjid", "Sejak tiga hari terbuka.", "Menunggu pihak ketiga."),
    ("Tiang listrik miring", 8, 2, 5, 9, "Jl. Kubang Laban", "Hampir roboh.", "Bukan wewenang kami; diteruskan ke PLN."),
    ("Genangan di terowongan \u2013 \u201clampu merah\u201d Cilegon Timur", 4, 2, 3, 10, "Cilegon Timur", "Setinggi lutut.", ""),
    ("Marka jalan pudar", 9, 1, 1, 11, "Jl. SA Tirtayasa", "Tidak terlihat malam hari.", ""),
    ("Permintaan data ruas jalan kota", 6, 3, 1, 12, "", "Untuk skripsi.", "Terlampir."),
]

for number, (title, status, kelas, category, reporter, street, said, answered) in enumerate(TICKETS, 1):
    messages = [db.msg.create(author="3", date=Date("2026-11-%02d.08:%02d" % (number, number)), content=said)]
    if answered:
        messages.append(
            db.msg.create(author="5", date=Date("2026-11-%02d.10:00" % (number + 1)), content=answered))
    files = [db.file.create(name="foto-%d.txt" % number, type="text/plain", content="foto %d" % number)
             for number in range(number, number + number % 3)]
    ticket = dict(
        title=title, status=str(status), kelas=str(kelas), kategori=str(category), priority=str(number % 3 + 1),
        messages=messages, files=files, uraian=said, pelapor="Warga Contoh %d" % reporter, kontak="0800-0000-%04d" % reporter,
        nik="367299010190%04d" % reporter, kejadian=Date("2026-11-%02d.07:30" % number))
    if status != 1:
        ticket.update(assignedto="5")
    if street:
        ticket.update(lokasi=street, lintang=-6.01 - number / 1000, bujur=106.02 + number / 1000)
    db.issue.create(**ticket)
