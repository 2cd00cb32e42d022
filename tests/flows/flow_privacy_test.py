"""Personal data: what identifies a person leaves by no public road, and enters no log or metric."""
import json
import unittest

import grpc

from foreign import KafkaReader, Subscriber, http_call
from platform_under_test import Platform, account, radius_sql, session_name, setting

# Planted in RADIUS and looked for everywhere, as it was written and as it could be encoded.
USER = "siti-rahayu-planted"
DEVICE = "02-DE-AD-BE-EF-77"
ADDRESS = "10.99.88.77"
SESSIONS = "simpul.wifi.v1.SessionEvent"


def traces(text):
    """Which of the planted values a text holds."""
    folded = text.lower()
    spellings = {USER: [USER], DEVICE: [DEVICE, DEVICE.replace("-", ":"), DEVICE.replace("-", "")],
                 ADDRESS: [ADDRESS]}
    return [value for value, ways in spellings.items() if any(way.lower() in folded for way in ways)]


class Privacy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = cls.enterClassContext(Platform())
        cls.platform.wait_for_sample()
        cls.client = cls.platform.grpc()
        cls.addClassCleanup(cls.client.close)
        cls.subscriber = Subscriber(cls.client, types=[SESSIONS], start="LATEST").wait_open()
        cls.addClassCleanup(cls.subscriber.close)
        for status in ("Start", "Interim-Update", "Stop"):
            account("planted", status, user=USER, device=DEVICE, Framed_IP_Address=ADDRESS, Acct_Session_Time=7)
            cls.subscriber.next_of(session_name("planted"))
        # A row that no contract can hold: the adapter speaks of it, and must not speak of the person.
        radius_sql("insert into radacct (acctsessionid, acctuniqueid, username, nasipaddress, callingstationid, "
                   "framedipaddress, acctstarttime, acctsessiontime) values ('spoilt', 'spoilt-unique', "
                   f"'{USER}', '10.36.72.1', '{DEVICE}', '{ADDRESS}', 'infinity', 9223372036854775807)")
        account("after-the-spoilt", "Start", user=USER, device=DEVICE)
        cls.subscriber.next_of(session_name("after-the-spoilt"))
        cls.name = session_name("planted")

    def test_the_search_finds_what_is_there(self):
        rows = radius_sql("select username, callingstationid, host(framedipaddress) from radacct "
                          "where acctsessionid = 'planted'")
        self.assertEqual(sorted([USER, DEVICE, ADDRESS]), sorted(traces(rows)))

    def test_rest_does_not_say_it(self):
        answer = self.platform.rest("GET", f"/v1/{self.name}")
        self.assertEqual(200, answer.status)
        self.assertEqual([], traces(answer.text + str(answer.headers)))
        self.assertEqual([], traces(json.dumps(self.platform.all_of("sessions", pageSize=1000))))

    def test_grpc_does_not_say_it(self):
        call = self.client.channel.unary_unary("/simpul.wifi.v1.SessionService/ListSessions")
        for size in (b"\x10\xe8\x07", b""):  # page_size: 1000; the answer's bytes, whatever field they are in
            self.assertEqual([], traces(call(size, timeout=10).decode("latin-1")))

    def test_the_event_stream_does_not_say_it(self):
        self.assertGreaterEqual(len(self.subscriber.events), 4)
        self.assertEqual([], traces(json.dumps(self.subscriber.events)))

    def test_the_public_topic_does_not_say_it(self):
        reader = KafkaReader(setting("SIMPUL_TEST_KAFKA"), SESSIONS, self.platform.data / "certs/agency/sample")
        self.addCleanup(reader.close)
        while True:
            record = reader.next_record()
            self.assertIsNotNone(record, "the planted session's event is in the topic")
            whole = (record.key + record.value).decode("latin-1") + str(record.headers)
            self.assertEqual([], traces(whole))
            if record.key.decode() == session_name("after-the-spoilt"):
                break

    def test_errors_do_not_say_it(self):
        texts = [self.platform.rest("GET", path).text for path in
                 (f"/v1/sessions/{USER}", f"/v1/departments/{USER}/sessions", f"/v1/sessions?pageToken={USER}",
                  f"/v1/sessions?hotspot={USER}", f"/v1/departments/diskominfo/sessions/{DEVICE}")]
        for text in texts:
            self.assertEqual([], traces(text))
        with self.assertRaises(grpc.RpcError) as refused:
            self.client.call("simpul.wifi.v1.SessionService/GetSession", {"name": USER})
        self.assertEqual([], traces(refused.exception.details()))

    def test_metrics_do_not_say_it(self):
        metrics = http_call(self.platform.admin, "GET", "/metrics").text
        self.assertIn("simpul_", metrics)
        self.assertEqual([], traces(metrics))

    def test_the_log_does_not_say_it(self):
        log = self.platform.up.log()
        self.assertIn("{", log)
        self.assertEqual([], traces(log))
        for line in log.splitlines():
            if line.startswith("{"):
                json.loads(line)


if __name__ == "__main__":
    unittest.main()
