"""Reads: one address, one key, every public service, over REST and gRPC alike."""
import datetime
import unittest

import grpc

from foreign import http_call, tls_context
from platform_under_test import Platform, radius_sql


class Read(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = cls.enterClassContext(Platform())
        cls.platform.wait_for_sample()
        cls.client = cls.platform.grpc()
        cls.addClassCleanup(cls.client.close)

    def test_hotspots_are_the_departments_list(self):
        listed = {hotspot["nasAddress"]: hotspot["displayName"] for hotspot in self.platform.all_of("hotspots")}
        rows = radius_sql("select nasname, shortname from nas").splitlines()
        self.assertEqual(dict(row.split("|") for row in rows), listed)

    def test_sessions_are_the_accounting_rows(self):
        sessions = {session["name"].split("/")[-1]: session
                    for session in self.platform.all_of("sessions", pageSize=40)}
        rows = radius_sql("select radacctid, acctstoptime is null, acctinputoctets, acctoutputoctets from radacct")
        for row in rows.splitlines():
            number, active, received, sent = row.split("|")
            session = sessions.pop(number)
            self.assertEqual("ACTIVE" if active == "t" else "ENDED", session["state"], number)
            self.assertEqual(received, session.get("inputBytes", "0"), number)
            self.assertEqual(sent, session.get("outputBytes", "0"), number)
            self.assertEqual("CILEGON-FREE-WIFI", session["ssid"])
        self.assertEqual({}, sessions)

    def test_the_samples_sessions_lasted_as_long_as_they_say(self):
        ended = [session for session in self.platform.all_of("sessions", pageSize=1000) if session["state"] == "ENDED"]
        self.assertEqual(75, len(ended))
        for session in ended:
            start, end = (datetime.datetime.fromisoformat(session[name].rstrip("Z")[:26] + "+00:00")
                          for name in ("startTime", "endTime"))
            self.assertAlmostEqual(600, (end - start).total_seconds(), delta=60, msg=session["name"])

    def test_more_than_32_bits_of_octets_come_right(self):
        largest = max(int(session.get("outputBytes", 0)) for session in self.platform.all_of("sessions", pageSize=1000))
        self.assertGreater(largest, 1 << 32)

    def test_grpc_says_what_rest_says(self):
        by_rest = self.platform.rest("GET", "/v1/hotspots").json["hotspots"]
        by_grpc = self.client.call("simpul.wifi.v1.HotspotService/ListHotspots")["hotspots"]
        self.assertEqual([hotspot["name"] for hotspot in by_rest], [hotspot["name"] for hotspot in by_grpc])
        self.assertEqual(by_rest[0]["displayName"], by_grpc[0]["displayName"])

    def test_a_name_is_a_path(self):
        name = self.platform.rest("GET", "/v1/hotspots").json["hotspots"][0]["name"]
        answer = self.platform.rest("GET", f"/v1/{name}")
        self.assertEqual((200, name), (answer.status, answer.json["name"]))
        self.assertEqual(name, self.client.call("simpul.wifi.v1.HotspotService/GetHotspot", {"name": name})["name"])

    def test_a_filter_keeps_what_it_says(self):
        hotspot = self.platform.rest("GET", "/v1/hotspots").json["hotspots"][0]
        active = self.platform.all_of("sessions", hotspot=hotspot["name"], state="ACTIVE")
        self.assertEqual({("ACTIVE", hotspot["name"])},
                         {(session["state"], session["hotspot"]) for session in active})
        self.assertEqual(len(active), hotspot["activeSessionCount"])

    def test_the_one_address_lists_every_public_service(self):
        services = [name for name in self.client.services() if not name.startswith("grpc.")]
        self.assertEqual(["simpul.catalogue.v1.InventoryService", "simpul.complaints.v1.ComplaintService",
                          "simpul.events.v1.EventService", "simpul.wifi.v1.HotspotService",
                          "simpul.wifi.v1.SessionService"], services)

    def test_internal_services_are_not_there(self):
        internal = self.client.channel.unary_unary("/simpul.wifi.v1.WifiSourceService/ListSessions")
        with self.assertRaises(grpc.RpcError) as refused:
            internal(b"", timeout=10)
        self.assertEqual(grpc.StatusCode.UNIMPLEMENTED, refused.exception.code())

    def test_tls_answers_the_same(self):
        context = tls_context(self.platform.data / "certs/agency/sample")
        answer = http_call(self.platform.https, "GET", "/v1/hotspots", headers={"x-api-key": self.platform.key},
                           context=context)
        self.assertEqual((200, 6), (answer.status, len(answer.json["hotspots"])))

    def test_the_program_calls_itself(self):
        done = self.platform.cli("call", "--data", str(self.platform.data), "--address", self.platform.http,
                                 "simpul.wifi.v1.HotspotService/ListHotspots", "{}")
        self.assertIn("ap-alun-alun", done.stdout)


if __name__ == "__main__":
    unittest.main()
