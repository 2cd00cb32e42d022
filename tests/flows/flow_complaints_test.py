"""Complaints at the one address: who may write, what is refused and where it says so."""
import json
import unittest

from platform_under_test import Platform, until

NEW = {"title": "Jalan berlubang", "content": "Di depan pasar", "classification": "COMPLAINT",
       "reporter": {"displayName": "Siti Rahma", "nik": "3672014507900001"}}
PATH = "/v1/departments/dpupr/complaints"


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

    def test_without_a_source_the_list_is_empty(self):
        answer = self.platform.rest("GET", "/v1/complaints?state=RECEIVED&createTimeAfter=2026-01-01T00:00:00Z")
        self.assertEqual((200, {}), (answer.status, answer.json))

    def test_a_key_only_reads_unless_it_was_made_to_write(self):
        for method, path in (("POST", f"{PATH}?requestId=r-1"), ("PATCH", f"{PATH}/1?requestId=r-1&updateMask=state")):
            answer = self.write(method, path, NEW, self.platform.key)
            self.assertEqual(403, answer.status, answer.text)
            self.assertIn("simpul key create", answer.text)

    def test_a_key_that_may_write_hears_what_is_wrong(self):
        for status, text, method, path, body in (
                (404, "parent:", "POST", f"{PATH}?requestId=r-1", NEW),
                (400, "request_id:", "POST", PATH, NEW),
                (400, "complaint.title:", "POST", f"{PATH}?requestId=r-1", {**NEW, "title": ""}),
                (400, "complaint.reporter.nik:", "POST", f"{PATH}?requestId=r-1", {**NEW, "reporter": {"nik": "367201"}}),
                (400, "complaint.etag:", "PATCH", f"{PATH}/1?requestId=r-1&updateMask=state", {"state": "VERIFIED"}),
                (400, "update_mask:", "PATCH", f"{PATH}/1?requestId=r-1&updateMask=title", {"etag": "1"}),
                (404, "complaint.name:", "PATCH", f"{PATH}/1?requestId=r-1&updateMask=state,note",
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
