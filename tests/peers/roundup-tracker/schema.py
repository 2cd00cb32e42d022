"""What the department's tracker keeps of a complaint. Roundup runs this with `db` and its types defined."""

for name in "priority", "status", "kelas", "kategori":  # lists that the department edits itself
    Class(db, name, name=String(), order=Number()).setkey("name")
Class(db, "keyword", name=String()).setkey("name")
Class(db, "query", klass=String(), name=String(), url=String(), private_for=Link("user"))
Class(db, "user", username=String(), password=Password(), address=String(), realname=String(),
      phone=String(), organisation=String(), alternate_addresses=String(),
      queries=Multilink("query"), roles=String(), timezone=String()).setkey("username")
FileClass(db, "msg", author=Link("user", do_journal="no"),
          recipients=Multilink("user", do_journal="no"), date=Date(), summary=String(),
          files=Multilink("file"), messageid=String(), inreplyto=String())
FileClass(db, "file", name=String())
IssueClass(db, "issue", assignedto=Link("user"), keyword=Multilink("keyword"),
           priority=Link("priority"), status=Link("status"), kelas=Link("kelas"),
           kategori=Link("kategori"), uraian=String(), pelapor=String(), kontak=String(), nik=String(),
           lokasi=String(), lintang=Number(), bujur=Number(), kejadian=Date())

for access in "Web Access", "Rest Access", "Xmlrpc Access":
    db.security.addPermissionToRole("User", access)
for name in "issue", "file", "msg", "keyword":
    for action in "View", "Edit", "Create":
        db.security.addPermissionToRole("User", action, name)
for name in "priority", "status", "kelas", "kategori", "user":
    db.security.addPermissionToRole("User", "View", name)
db.security.addPermissionToRole("Anonymous", "Web Access")  # the login page; tickets are not public
