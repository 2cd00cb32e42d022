"""What operators do while the platform runs: send events again, see what is parked, and how the watches stand."""
import collections
import json
import re
import unittest

from foreign import KafkaReader, http_call, produce
from platform_under_test import Platform, account, radius_sql, session_name, setting, until

SOURCE = "simpul.source.diskominfo.radius.session"
SESSIONS = "simpul.wifi.v1.SessionEvent"
USER = "siti-rahayu-planted"


def ids_of(reader, count):
    """The ids of the next `count` records."""
    ids = []
    while len(ids) < count:
        record = reader.next_record()
        if record is None:
            raise AssertionError(f"only {len(ids)} of {count} records came")
        ids.append(dict(record.headers)["ce_id"].decode())
    return ids


class Operate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = cls.enterClassContext(Platform())
        cls.platform.wait_for_sample()

    def simpul(self, *arguments):
        return self.platform.cli(*arguments, "--data", str(self.platform.data))

    def reader(self, topic):
        reader = KafkaReader(setting("SIMPUL_TEST_KAFKA"), topic, self.platform.data / "certs/operator/admin")
        self.addCleanup(reader.close)
        return reader

    def duplicates(self):
        """How many events of the source topic the wifi service has counted as duplicates."""
        metrics = http_call(self.platform.admin, "GET", "/metrics").text
        return sum(float(number) for labels, number in re.findall(r"^simpul_consumer_events{(.*)} (\S+)$", metrics, re.M)
                   if 'kind="duplicate"' in labels and f'topic="{SOURCE}"' in labels)

    def resend(self, part):
        said = self.simpul("events", "resend", "--part", part, "--since", "1h", "--output", "json").stdout
        return json.loads(said)["events"]

    def test_a_running_service_sends_its_events_again_with_the_same_ids(self):
        reader = self.reader(SESSIONS)
        first = ids_of(reader, int(radius_sql("select count(*) from radacct")))
        sent = self.resend("wifi")
        self.assertGreaterEqual(sent, len(first) + 6, "the hotspots' too")
        wanted, again = set(first), collections.Counter()
        until(lambda: again.update(ids_of(reader, 1)) or wanted <= set(again), "each of them comes again", 30)

    def test_a_consumer_counts_what_an_adapter_sends_again_as_duplicates(self):
        before = self.duplicates()
        whole = int(radius_sql("select count(*) from radacct"))
        self.assertGreaterEqual(self.resend("adapter/diskominfo"), whole)
        until(lambda: self.duplicates() - before >= whole, "wifi has counted them")

    def test_a_part_that_is_not_there_is_named(self):
        done = self.platform.cli("events", "resend", "--part", "roads", "--since", "1h", "--data",
                                 str(self.platform.data), check=False)
        self.assertEqual(1, done.returncode)
        self.assertIn("service/roads is not on the bus", done.stderr)

    def test_a_row_that_does_not_fit_is_shown_by_key_and_field(self):
        radius_sql("insert into radacct (acctsessionid, acctuniqueid, username, nasipaddress, acctstarttime, "
                   f"acctsessiontime) values ('spoilt', 'spoilt-unique', '{USER}', '10.36.72.1', 'infinity', 1)")
        key = session_name("spoilt").rsplit("/", 1)[1]
        shown = until(lambda: self.simpul("adapter", "parked", "diskominfo/radius").stdout, "a row is parked")
        self.assertRegex(shown, rf"^diskominfo/radius SourceSession {key}: start_time ")
        self.assertNotIn(USER, shown)
        self.assertEqual(key, json.loads(self.simpul("--output", "json", "adapter", "parked").stdout)["key"])
        watches = [json.loads(line) for line in self.simpul("--output", "json", "adapter", "watches").stdout.splitlines()]
        self.assertEqual({"SourceHotspot": 0, "SourceSession": 1, "SourceComplaint": 0},
                         {watch["resource"]: int(watch.get("parked", 0)) for watch in watches})
        self.assertRegex(self.simpul("adapter", "watches", "diskominfo/radius").stdout,
                         r"diskominfo/radius +SourceHotspot +yes +6 +0 +0")
        radius_sql("delete from radacct where acctsessionid = 'spoilt'")
        until(lambda: not self.simpul("adapter", "parked").stdout, "it is parked no longer")

    def test_an_event_that_cannot_be_applied_is_shown_by_its_place(self):
        self.assertEqual("", self.simpul("events", "parked", "--part", "wifi").stdout)
        produce(setting("SIMPUL_TEST_KAFKA"), SOURCE, self.platform.data / "certs/adapter/diskominfo", USER.encode())
        shown = until(lambda: self.simpul("events", "parked", "--part", "wifi").stdout, "it is parked")
        self.assertRegex(shown, rf"^{re.escape(SOURCE)} \d+@\d+ ")
        self.assertNotIn(USER, shown)
        account("after-the-parked", "Start")
        until(lambda: self.platform.rest("GET", f"/v1/{session_name('after-the-parked')}").status == 200, "it goes on")


if __name__ == "__main__":
    unittest.main()
