"""Changes: what happens in the RADIUS database reaches every subscriber, in order, as it happened."""
import time
import unittest

from foreign import KafkaReader, Subscriber, visible_topics
from platform_under_test import POLL, Platform, account, radius_sql, session_name, setting

SESSIONS = "simpul.wifi.v1.SessionEvent"
HOTSPOTS = "simpul.wifi.v1.HotspotEvent"
COMPLAINTS = "simpul.complaints.v1.ComplaintEvent"
GRACE = 3  # seconds a change may need beyond the poll, on a busy machine


class Change(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = cls.enterClassContext(Platform())
        cls.platform.wait_for_sample()
        cls.client = cls.platform.grpc()
        cls.addClassCleanup(cls.client.close)

    def follow(self, *types, **request):
        begin = request if request else {"start": "LATEST"}
        subscriber = Subscriber(self.client, types=types, **begin).wait_open()
        self.addCleanup(subscriber.close)
        return subscriber

    def agency(self, topic):
        reader = KafkaReader(setting("SIMPUL_TEST_KAFKA"), topic, self.platform.data / "certs/agency/sample")
        self.addCleanup(reader.close)
        return reader

    def test_a_session_comes_moves_and_goes_within_the_poll(self):
        subscriber = self.follow(SESSIONS)
        steps = [("Start", {}, "CREATED", "ACTIVE"),
                 ("Interim-Update", {"Acct_Session_Time": 60, "Acct_Input_Octets": 4000}, "UPDATED", "ACTIVE"),
                 ("Stop", {"Acct_Session_Time": 90, "Acct_Input_Octets": 9000,
                           "Acct_Terminate_Cause": "Lost-Carrier"}, "UPDATED", "ENDED")]
        revision = 0
        for status, more, change, state in steps:
            account("comes-and-goes", status, **more)
            begin = time.monotonic()
            event = subscriber.next_of(session_name("comes-and-goes"))
            self.assertLess(time.monotonic() - begin, POLL + GRACE)
            self.assertEqual((change, state), (event["data"]["change"], event["data"]["session"]["state"]))
            self.assertGreater(int(event["data"]["revision"]), revision)
            revision = int(event["data"]["revision"])
        self.assertEqual("LOST_CARRIER", event["data"]["session"]["endReason"])
        self.assertEqual("9000", event["data"]["session"]["inputBytes"])
        read = self.platform.rest("GET", f"/v1/{event['subject']}").json
        self.assertEqual(str(revision), read["revision"])

    def test_there_and_back_again_is_two_changes(self):
        hotspot = self.platform.rest("GET", "/v1/hotspots").json["hotspots"][2]
        subscriber = self.follow(HOTSPOTS)
        shown = [hotspot["displayName"]]
        revisions = [int(hotspot["revision"])]
        for name in ("ap-pindah", hotspot["displayName"]):
            radius_sql(f"update nas set shortname = '{name}' where nasname = '{hotspot['nasAddress']}'")
            while shown[-1] != name:  # its number of sessions may change meanwhile
                data = subscriber.next_of(hotspot["name"], 30)["data"]
                revisions.append(int(data["revision"]))
                if data["hotspot"]["displayName"] != shown[-1]:
                    shown.append(data["hotspot"]["displayName"])
        self.assertEqual([hotspot["displayName"], "ap-pindah", hotspot["displayName"]], shown)
        self.assertEqual(sorted(set(revisions)), revisions)

    def test_a_row_that_is_deleted_is_an_event(self):
        subscriber = self.follow(SESSIONS)
        account("to-be-deleted", "Start")
        name = session_name("to-be-deleted")
        self.assertEqual("CREATED", subscriber.next_of(name)["data"]["change"])
        radius_sql("delete from radacct where acctsessionid = 'to-be-deleted'")
        gone = subscriber.next_of(name)
        self.assertEqual("DELETED", gone["data"]["change"])
        self.assertEqual({"name"}, set(gone["data"]["session"]) - {"revision", "observeTime"})
        self.assertEqual(404, self.platform.rest("GET", f"/v1/{name}").status)

    def test_a_kafka_client_of_another_make_reads_the_same_cloudevent(self):
        subscriber, reader = self.follow(SESSIONS), self.agency(SESSIONS)
        account("for-two-readers", "Start")
        event = subscriber.next_of(session_name("for-two-readers"))
        while (record := reader.next_record()).key.decode() != event["subject"]:
            pass
        headers = {name: value.decode() for name, value in record.headers}
        self.assertEqual({"ce_specversion": "1.0", "ce_id": event["id"], "ce_source": event["source"],
                          "ce_type": SESSIONS, "ce_subject": event["subject"],
                          "ce_partitionkey": event["subject"], "ce_dataschema": event["dataschema"],
                          "content-type": "application/protobuf"},
                         {name: value for name, value in headers.items()
                          if name not in ("ce_time", "ce_traceparent")})
        message = self.client.message_class(SESSIONS).FromString(record.value)
        self.assertEqual(event["data"]["revision"], self.client.to_dict(message)["revision"])
        self.assertEqual(event["id"], f"{event['subject']}@{event['data']['revision']}")

    def test_an_agency_sees_public_topics_alone(self):
        topics = visible_topics(setting("SIMPUL_TEST_KAFKA"), self.platform.data / "certs/agency/sample")
        self.assertEqual({SESSIONS, HOTSPOTS, COMPLAINTS}, topics)

    def test_a_subscriber_that_resumes_misses_and_repeats_nothing(self):
        first = self.follow(SESSIONS)
        account("before-the-break", "Start")
        first.next_of(session_name("before-the-break"))
        token = first.token
        first.close()
        account("during-the-break-1", "Start")
        account("during-the-break-2", "Start")
        second = self.follow(SESSIONS, resumeToken=token)
        wanted = [session_name("during-the-break-1"), session_name("during-the-break-2")]
        for _ in wanted:
            second.next_event()
        self.assertEqual(sorted(wanted), sorted(event["subject"] for event in second.events))

    def test_a_durable_subscription_begins_where_it_was_acknowledged(self):
        created = self.platform.rest("POST", "/v1/subscriptions?subscriptionId=flow",
                                     {"types": [SESSIONS], "start": "LATEST"})
        self.assertEqual(200, created.status, created.text)
        name = created.json["name"]
        first = self.follow(subscription=name)
        account("acknowledged", "Start")
        first.next_of(session_name("acknowledged"))
        done = self.platform.rest("POST", f"/v1/{name}:acknowledge", {"resumeToken": first.token})
        self.assertEqual(200, done.status, done.text)
        account("not-acknowledged", "Start")
        first.next_of(session_name("not-acknowledged"))
        first.close()
        again = self.follow(subscription=name)
        again.next_of(session_name("not-acknowledged"))
        self.assertNotIn(session_name("acknowledged"), [event["subject"] for event in again.events])


if __name__ == "__main__":
    unittest.main()
