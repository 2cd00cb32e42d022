"""Complaints at the one address: a department's tracker shows, who may write, what is refused and where it says so."""
import base64
import json
import pathlib
import unittest
import urllib.request

from foreign import Subscriber
from platform_under_test import POLL, Platform, setting, until

COMPLAINTS = "simpul.complaints.v1.ComplaintEvent"

NEW = {"title": "Jalan berlubang", "content": "Di depan pasar", "classification": "COMPLAINT",
       "reporter": {"displayName": "Siti Rahma", "nik": "3672014507900001"}}
PATH = "/v1/departments/dpupr/complaints"
NOBODYS = "/v1/departments/dinsos/complaints"


def roundup(method, path, body=None, etag=None):
    """A call of the tracker's own REST interface, as any client of it makes one: (data, ETag)."""
    url = setting("SIMPUL_TEST_ROUNDUP")
    password = pathlib.Path(setting("SIMPUL_TEST_ROUNDUP_PASSWORD")).read_text().strip()
    headers = {"Authorization": "Basic " + base64.b64encode(f"simpul:{password}".encode()).decode(),
               "Content-Type": "application/json", "X-Requested-With": "curl", "Origin": url.removesuffix("/lapor")}
    request = urllib.request.Request(f"{url}/rest/data/{path}", json.dumps(body).encode() if body else None,
                                     headers | ({"If-Match": etag} if etag else {}), method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"], answer.headers["ETag"]


class Complaints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = cls.enterClassContext(Platform())
        cls.writer = cls.platform.cli("key", "create", "--data", cls.platform.data, "--agency", "dinkes",
                                      "--write", "complaints").stdout.strip()

        def is_known():
            return cls.platform.rest("GET", "/v1/complaints", key=cls.writer).status == 200
        until(is_known, "the gateway knows the key")

    def write(self, method, path, body, key):
        return self.platform.rest(method, path, json.dumps(body), key=key)

    def complaints(self):
        return {complaint["name"].split("/")[-1]: complaint
                for complaint in self.platform.all_of("departments/dpupr/complaints", pageSize=5)}

    def seen(self, ticket, **fields):
        """The complaint once it is listed with these fields."""
        def is_so():
            complaint = self.complaints().get(ticket, {})
            return fields.items() <= complaint.items() and complaint
        return until(is_so, f"ticket {ticket} is listed with {fields}")

    def test_the_departments_tickets_are_listed_and_name_nobody(self):
        until(lambda: len(self.complaints()) >= 12, "all tickets are listed")
        complaint = self.complaints()["6"]
        self.assertEqual(("Kapan Jl. Sunan Gunung Jati diaspal?", "Mohon jadwalnya.", "INFORMATION_REQUEST", "jalan",
                          "Jl. Sunan Gunung Jati"), (complaint["title"], complaint["content"], complaint["classification"],
                                                     complaint["category"], complaint["location"]["text"]))
        self.assertEqual("2026-11-06T07:30:00Z", complaint["incidentTime"])
        listed = json.dumps(self.complaints())
        for personal in ("Warga Contoh", "0800-0000", "3672990", "teknisi"):
            self.assertNotIn(personal, listed)

    def test_what_the_trackers_own_rest_changes_is_listed_and_an_event(self):
        client = self.platform.grpc()
        self.addCleanup(client.close)
        subscriber = Subscriber(client, types=[COMPLAINTS], start="LATEST").wait_open()
        self.addCleanup(subscriber.close)
        ticket, _ = roundup("POST", "issue", {"title": "Pagar roboh", "uraian": "Di tikungan", "status": "diterima",
                                              "kelas": "pengaduan", "pelapor": "Warga Contoh 99"})
        name = f"departments/dpupr/complaints/{ticket['id']}"
        before = subscriber.next_of(name, POLL + 10)["data"]
        self.assertEqual(("CREATED", "RECEIVED"), (before["change"], before["complaint"]["state"]))
        _, etag = roundup("GET", f"issue/{ticket['id']}")
        roundup("PUT", f"issue/{ticket['id']}", {"status": "diproses", "assignedto": "petugas"}, etag)
        event = subscriber.next_of(name, POLL + 10)
        self.assertEqual(("UPDATED", "IN_PROGRESS"), (event["data"]["change"], event["data"]["complaint"]["state"]))
        self.assertGreater(int(event["data"]["revision"]), int(before["revision"]))
        self.assertNotIn("Warga Contoh", json.dumps(event["data"]))
        self.assertEqual(event["data"]["revision"], self.seen(ticket["id"], state="IN_PROGRESS")["revision"])

    def test_a_key_only_reads_unless_it_was_made_to_write(self):
        for method, path in (("POST", f"{PATH}?requestId=r-1"), ("PATCH", f"{PATH}/1?requestId=r-1&updateMask=state")):
            answer = self.write(method, path, NEW, self.platform.key)
            self.assertEqual(403, answer.status, answer.text)
            self.assertIn("simpul key create", answer.text)

    def test_a_key_that_may_write_hears_what_is_wrong(self):
        for status, text, method, path, body in (
                (404, "parent:", "POST", f"{NOBODYS}?requestId=r-1", NEW),
                (400, "request_id:", "POST", PATH, NEW),
                (400, "complaint.title:", "POST", f"{PATH}?requestId=r-1", {**NEW, "title": ""}),
                (400, "complaint.reporter.nik:", "POST", f"{PATH}?requestId=r-1", {**NEW, "reporter": {"nik": "367201"}}),
                (400, "complaint.etag:", "PATCH", f"{PATH}/1?requestId=r-1&updateMask=state", {"state": "VERIFIED"}),
                (400, "update_mask:", "PATCH", f"{PATH}/1?requestId=r-1&updateMask=title", {"etag": "1"}),
                (404, "complaint.name:", "PATCH", f"{PATH}/99999?requestId=r-1&updateMask=state,note",
                 {"etag": "1", "state": "VERIFIED", "note": "lengkap"})):
            with self.subTest(text=text, method=method):
                answer = self.write(method, path, body, self.writer)
                self.assertEqual(status, answer.status, answer.text)
                self.assertIn(text, answer.text)
                self.assertNotIn("3672", answer.text)

    def test_key_list_tells_what_a_key_may_write(self):
        listed = self.platform.cli("key", "list", "--data", self.platform.data).stdout
        self.assertRegex(listed, r"dinkes .*complaints")


if __name__ == "__main__":
    unittest.main()
