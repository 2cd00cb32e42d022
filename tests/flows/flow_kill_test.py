"""Kills: any part, and Kafka, may die at any moment; a subscriber that resumes loses and repeats nothing."""
import random
import unittest

from platform_under_test import SeparateParts, account, peer, radius_sql, setting, until
from subscribers import Resuming

SESSIONS = "simpul.wifi.v1.SessionEvent"
SEED = random.SystemRandom().randrange(1 << 32)


class Kill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED}")
        cls.random = random.Random(SEED)
        cls.platform = cls.enterClassContext(SeparateParts())
        cls.platform.wait_for_sample()
        cls.serial = 0

    def traffic(self, sessions=4):
        """Some whole sessions and some that stay open; gives how each ends: {Acct-Session-Id: (state, bytes)}."""
        expected = {}
        for _ in range(sessions):
            type(self).serial += 1
            session, octets = f"kill-{self.serial}", self.serial * 1000
            account(session, "Start")
            account(session, "Interim-Update", Acct_Session_Time=60, Acct_Input_Octets=octets)
            if self.random.random() < 0.5:
                account(session, "Stop", Acct_Session_Time=90, Acct_Input_Octets=octets + 1)
                expected[session] = ("ENDED", octets + 1)
            else:
                expected[session] = ("ACTIVE", octets)
        return expected

    def check(self, subscriber, expected):
        """Every session of `expected` came to its end, in order, each event once."""
        names = {}
        for session in expected:
            row = radius_sql(f"select radacctid from radacct where acctsessionid = '{session}'")
            names[f"departments/diskominfo/sessions/{row}"] = session

        def last():
            return {names[event["subject"]]: (event["data"]["session"]["state"],
                                              int(event["data"]["session"].get("inputBytes", 0)))
                    for event in list(subscriber.events) if event["subject"] in names}
        until(lambda: last() == expected, f"the subscriber saw how every session ended (seed {SEED})", 60)
        ids = [event["id"] for event in subscriber.events]
        self.assertEqual(sorted(set(ids)), sorted(ids), "an event came twice")
        revisions = {}
        for event in subscriber.events:
            revision = int(event["data"]["revision"])
            self.assertGreater(revision, revisions.get(event["subject"], 0), "an event came out of order")
            revisions[event["subject"]] = revision
        created = [event["subject"] for event in subscriber.events if event["data"]["change"] == "CREATED"]
        self.assertLessEqual(set(names), set(created))
        self.assertEqual(len(set(created)), len(created))

    def kill_while_it_happens(self, *names):
        subscriber = Resuming(self.platform, [SESSIONS])
        try:
            expected = self.traffic(2)
            for name in names:
                self.platform.parts[name].kill()
            expected |= self.traffic(2)
            for name in names:
                self.platform.parts[name].start()
            expected |= self.traffic(2)
            self.check(subscriber, expected)
        finally:
            subscriber.close()

    def test_the_engine_dies(self):
        self.kill_while_it_happens("engine")

    def test_the_wifi_service_dies(self):
        self.kill_while_it_happens("wifi")

    def test_the_events_service_dies(self):
        self.kill_while_it_happens("events")

    def test_the_gateway_dies(self):
        self.kill_while_it_happens("gateway")

    def test_the_gateway_comes_back_while_the_catalogue_is_dead(self):
        catalogue, gateway = (self.platform.parts[name] for name in ("catalogue", "gateway"))
        catalogue.kill()
        gateway.kill()
        try:
            gateway.start()
            until(lambda: self.platform.answers("GET", "/v1/hotspots") == 200, "the gateway serves what it knew")
            self.assertEqual(401, self.platform.answers("GET", "/v1/hotspots", key="smp_AAAAAAAA_" + "B" * 43))
        finally:
            catalogue.start()
        self.platform.wait_ready()

    def test_the_catalogue_dies(self):
        self.kill_while_it_happens("catalogue")

    def test_all_die_at_once(self):
        self.kill_while_it_happens(*self.platform.parts)

    def test_kafka_dies(self):
        folder = f"{setting('SIMPUL_TEST_PEERS')}/kafka"
        certs, port = setting("SIMPUL_TEST_CERTS"), setting("SIMPUL_TEST_KAFKA").split(":")[1]
        subscriber = Resuming(self.platform, [SESSIONS])
        try:
            expected = self.traffic(2)
            peer("kafka", "kill", folder)
            try:
                expected |= self.traffic(2)
                self.assertEqual(200, self.platform.rest("GET", "/v1/hotspots").status, "reads go on")
                for name in ("engine", "wifi"):
                    self.platform.parts[name].kill()
                    self.platform.parts[name].start()
                until(lambda: self.platform.rest("GET", "/v1/hotspots").status == 200,
                      "a wifi service that begins without Kafka answers reads")
                self.platform.check_runs()
            finally:
                peer("kafka", "start", folder, port, certs, "--fast")
            self.check(subscriber, expected | self.traffic(2))
        finally:
            subscriber.close()

    def test_each_dies_at_a_random_moment(self):
        subscriber = Resuming(self.platform, [SESSIONS])
        try:
            expected = {}
            for name in self.random.sample(sorted(self.platform.parts), 5):
                expected |= self.traffic(1)
                self.platform.parts[name].kill()
                expected |= self.traffic(1)
                self.platform.parts[name].start()
            self.check(subscriber, expected)
        finally:
            subscriber.close()


if __name__ == "__main__":
    unittest.main()
