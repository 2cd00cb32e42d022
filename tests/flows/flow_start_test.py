"""The start: without Kafka, and with a department whose settings are missing, all the rest works."""
import json
import pathlib
import shutil
import tempfile
import unittest

from foreign import http_call
from platform_under_test import ROOT, Platform, account, peer, session_name, setting, until


class Kafka:
    """The peers' Kafka, to stop and start."""

    def __init__(self):
        self._folder = f"{setting('SIMPUL_TEST_PEERS')}/kafka"

    def stop(self):
        peer("kafka", "stop", self._folder)

    def start(self):
        port = setting("SIMPUL_TEST_KAFKA").split(":")[1]
        peer("kafka", "start", self._folder, port, setting("SIMPUL_TEST_CERTS"), "--fast")


class WithoutKafka(unittest.TestCase):
    def setUp(self):
        self.kafka = Kafka()
        self.addCleanup(self.kafka.start)  # which does nothing if it runs

    def ready(self, platform):
        answer = http_call(platform.admin, "GET", "/readyz")
        self.assertEqual(200, answer.status, answer.text)
        return answer.text

    def reachable(self, platform):
        metrics = http_call(platform.admin, "GET", "/metrics").text
        return [line for line in metrics.splitlines() if line.startswith("simpul_kafka_reachable ")]

    def test_it_starts_and_works_once_kafka_is_there(self):
        self.kafka.stop()
        with Platform() as platform:
            said = until(lambda: "Simpul is ready" in platform.up.log() and platform.up.log(), "it says that it is ready")
            self.assertIn(f"Kafka at {setting('SIMPUL_TEST_KAFKA')} is away", said)
            self.assertEqual(200, platform.rest("GET", "/v1/hotspots").status)
            self.assertIn("\nkafka: ", self.ready(platform))
            self.assertEqual(["simpul_kafka_reachable 0"], self.reachable(platform))
            self.kafka.start()
            platform.wait_for_sample()
            until(lambda: "kafka: " not in self.ready(platform), "/readyz no longer speaks of Kafka")
            self.assertEqual(["simpul_kafka_reachable 1"], self.reachable(platform))
            self.assertEqual(1, platform.up.log().count("Kafka does not answer"))

            self.kafka.stop()
            until(lambda: "\nkafka: " in self.ready(platform), "/readyz says that Kafka is away, and ready all the same")
            self.assertEqual(["simpul_kafka_reachable 0"], self.reachable(platform))
            platform.stop()
            platform.start()
            self.assertEqual(6, len(platform.all_of("hotspots")), "a start without Kafka answers what was known")
            self.kafka.start()
            account("after-kafka", "Start")
            until(lambda: platform.rest("GET", f"/v1/{session_name('after-kafka')}").status == 200,
                  "what happened since comes through", 30)


class WithoutASetting(unittest.TestCase):
    """A second department, whose variable for its database nobody has set."""

    @classmethod
    def setUpClass(cls):
        tree = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="simpul-tree-")))
        shutil.copytree(ROOT / "adapters/diskominfo", tree / "adapters/diskominfo")
        adapter = tree / "adapters/dpupr/radius"
        adapter.mkdir(parents=True)
        mapping = (ROOT / "adapters/diskominfo/radius/mapping.yaml").read_text()
        (adapter / "mapping.yaml").write_text(
            mapping.replace("diskominfo", "dpupr").replace("RADIUS_DSN", "DPUPR_RADIUS_DSN"))
        cls.platform = cls.enterClassContext(Platform(tree))

    def test_the_other_department_works(self):
        self.platform.wait_for_sample()

    def test_the_ready_line_and_the_log_name_the_adapter_and_the_variable(self):
        said = until(lambda: "Simpul is ready" in self.platform.up.log() and self.platform.up.log(), "it is ready")
        told = [line for line in said.splitlines() if line.startswith("adapter/dpupr has not started")]
        self.assertEqual(1, len(told))
        self.assertIn("DPUPR_RADIUS_DSN", told[0])
        logged = [line for line in said.splitlines() if line.startswith("{") and json.loads(line)["part"] == "adapter/dpupr"]
        self.assertEqual(1, len(logged))
        self.assertIn("DPUPR_RADIUS_DSN", logged[0])

    def test_parts_names_it(self):
        data = str(self.platform.data)
        shown = self.platform.cli("parts", "--data", data).stdout
        self.assertRegex(shown, r"adapter/dpupr +has not started: .*DPUPR_RADIUS_DSN")
        self.assertRegex(shown, r"adapter/diskominfo +127\.0\.0\.1:")
        lines = [json.loads(line) for line in self.platform.cli("--output", "json", "parts", "--data", data).stdout.splitlines()]
        self.assertEqual(["adapter/dpupr"], [line["notStarted"] for line in lines if "notStarted" in line])


if __name__ == "__main__":
    unittest.main()
