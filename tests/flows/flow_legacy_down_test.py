"""The legacy down: reads go on and say how old they are, and what happened meanwhile comes when it is back."""
import datetime
import json
import unittest

from platform_under_test import (POLL, Platform, account, peer, radius_sql, session_name, setting, until)


def moment(text):
    return datetime.datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00")


class LegacyDown(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = cls.enterClassContext(Platform())
        cls.platform.wait_for_sample()
        account("before", "Start")
        cls.session = session_name("before")
        until(lambda: cls.platform.rest("GET", f"/v1/{cls.session}").status == 200, "the session is listed")

    def observed(self):
        """When the department was last seen to say this, by the answer of a read."""
        answer = self.platform.rest("GET", f"/v1/{self.session}")
        self.assertEqual(200, answer.status, answer.text)
        return moment(answer.json["observeTime"])

    def database(self, verb, *arguments):
        peer("postgres", verb, f"{setting('SIMPUL_TEST_PEERS')}/postgres", *arguments)

    def test_reads_go_on_with_the_same_age_and_move_on_when_it_is_back(self):
        port = setting("SIMPUL_TEST_RADIUS_DSN").rsplit("/", 1)[0].rsplit(":", 1)[1]
        before = self.observed()
        until(lambda: self.observed() > before, "observe_time moves on though nothing changes", 30)
        self.database("stop")
        try:
            until(lambda: "the watch failed and is tried again" in self.platform.up.log(), "the watch has noticed")
            gone = datetime.datetime.now(datetime.timezone.utc)
            self.assertEqual(6, len(self.platform.all_of("hotspots")))
            for _ in range(20):  # as often as anyone asks
                self.assertLess(self.observed(), gone)
        finally:
            self.database("start", port, "--fast")
        until(lambda: self.observed() > gone, "observe_time moves on once the database is back", 40)
        radius_sql("update radacct set acctinputoctets = 4711, acctupdatetime = now() where acctsessionid = 'before'")
        until(lambda: self.platform.rest("GET", f"/v1/{self.session}").json.get("inputBytes") == "4711",
              "what changed meanwhile is there", 15 * POLL)
        until(lambda: "the watch goes on" in self.platform.up.log(), "the log tells that it is back")

    def watch_of(self, resource):
        watches = self.platform.cli("--output", "json", "adapter", "watches", "--data", str(self.platform.data)).stdout
        return next(watch for watch in map(json.loads, watches.splitlines()) if watch["resource"] == resource)

    def test_a_column_that_is_gone_is_named_and_holds_up_nothing_else(self):
        radius_sql("alter table nas rename column description to remarks")
        try:
            error = until(lambda: self.watch_of("SourceHotspot").get("error"), "the watch fails")
            self.assertIn('"description"', error)
            self.assertNotIn("SELECT", error + self.platform.up.log())
            self.assertNotIn("error", self.watch_of("SourceSession"))
            account("meanwhile", "Start")
            until(lambda: self.platform.rest("GET", f"/v1/{session_name('meanwhile')}").status == 200, "sessions come")
            self.assertEqual(6, len(self.platform.all_of("hotspots")), "they can still be read")
        finally:
            radius_sql("alter table nas rename column remarks to description")
        radius_sql("update nas set description = 'back' where id = (select min(id) from nas)")
        until(lambda: any(hotspot.get("description") == "back" for hotspot in self.platform.all_of("hotspots")),
              "what changed meanwhile is there", 40)


if __name__ == "__main__":
    unittest.main()
