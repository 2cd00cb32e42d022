"""The kill storm over whole lines: parts die at every fault point and at random, and Kafka dies; nothing is lost.

SIMPUL_STORM_CHANGES, SIMPUL_STORM_KILLS and SIMPUL_STORM_SEED set its size and its dice.
"""
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

from foreign import KafkaReader, http_call
from platform_under_test import ROOT, SeparateParts, peer, setting, until
from storm_sources import RadiusCity
from subscribers import Durable, Resuming

CHANGES = int(os.environ.get("SIMPUL_STORM_CHANGES", 5000))
KILLS = int(os.environ.get("SIMPUL_STORM_KILLS", 12))
SEED = int(os.environ.get("SIMPUL_STORM_SEED", random.SystemRandom().randrange(1 << 32)))
BATCH, PAUSE = 10, 0.08  # changes of one transaction of a legacy, and seconds to the next: all parts share one machine
PATIENCE = 60 + CHANGES / 100  # seconds until all has come through in the end

# A line from a legacy to its subscribers. `parts`: its own, each with the beginnings of its fault points' names.
Line = collections.namedtuple("Line", "source collection event noun parts")
LINES = [
    Line(RadiusCity, "sessions", "simpul.wifi.v1.SessionEvent", "session",
         {"engine": ("engine.", "outbox.", "relay."), "wifi": ("consumer.", "wifi.", "outbox.", "relay.")}),
]
# No tracker is on the bus yet, so nothing passes these here; complaints_test kills at the commands' ones.
NO_LINE = ("complaints.",)
SHARED = {"events": ("subscription.",), "catalogue": ("registry.",)}
RARE = ("relay.looked_back", "registry.", "wifi.sweep", "wifi.relink")  # passed once in a while: the first time counts


def fault_points():
    """{part: its fault points}. A point of the program that no part claims is a hole in the table above."""
    told = subprocess.run([setting("SIMPUL"), "fault-points"], check=True, capture_output=True, text=True).stdout.split()
    claims = dict(SHARED)
    for line in LINES:
        claims |= line.parts
    points = {part: [point for point in told if point.startswith(beginnings)] for part, beginnings in claims.items()}
    unclaimed = {point for point in told if not point.startswith(NO_LINE)} - {
        point for claimed in points.values() for point in claimed}
    if unclaimed:
        raise AssertionError(f"no part of the storm has the fault points {sorted(unclaimed)}")
    return points


class Legacy:
    """A line's source on a thread that changes it without rest, until it has made its share and is told to stop."""

    def __init__(self, line, dice):
        self.line = line
        self.source = line.source(dice)
        self.changes = 0
        self._enough = threading.Event()
        self._pool = concurrent.futures.ThreadPoolExecutor(1)
        self._work = self._pool.submit(self._run)

    def _run(self):
        while self.changes < CHANGES or not self._enough.is_set():
            self.source.change(BATCH)
            self.changes += BATCH
            self._enough.wait(PAUSE)

    def finish(self):
        self._enough.set()
        self._work.result()
        self.source.close()


class Storm:
    def __init__(self, platform):
        self.platform = platform
        self.dice = random.Random(SEED)
        self.kills = 0

    def at_every_fault_point(self):
        """Each part dies at each of its points; the parts side by side."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            work = [pool.submit(self._at_points, part, points, random.Random(SEED))
                    for part, points in fault_points().items()]
            for done in work:
                done.result()

    def _at_points(self, name, points, dice):
        part = self.platform.parts[name]
        for point in points:
            fault = f"{point}:{1 if point.startswith(RARE) else dice.randint(1, 3)}"
            part.kill()
            part.start(fault)
            until(part.was_killed, f"{name} dies at {fault} (seed {SEED})", 90)
            part.start()
            self.kills += 2

    def at_random(self, when_half):
        names = sorted(self.platform.parts)
        pause = threading.Event()
        for number in range(KILLS):
            if number == KILLS // 2:
                when_half()
            victims = self.dice.choice([[self.dice.choice(names)], self.dice.sample(names, 2), names])
            for name in victims:
                self.platform.parts[name].kill()
                self.kills += 1
            pause.wait(self.dice.random() * 0.3)
            for name in victims:
                self.platform.parts[name].start()
            pause.wait(self.dice.random() * 0.8)


def restart_kafka():
    folder, port = f"{setting('SIMPUL_TEST_PEERS')}/kafka", setting("SIMPUL_TEST_KAFKA").split(":")[1]
    peer("kafka", "kill", folder)
    peer("kafka", "start", folder, port, setting("SIMPUL_TEST_CERTS"), "--fast")


def series(text, name):
    """The samples of one metric: [({label: value}, number)]."""
    return [(dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(number))
            for labels, number in re.findall(rf"^{name}{{(.*)}} (\S+)$", text, re.M)]


class KillStorm(unittest.TestCase):
    def tree(self):
        """A tree whose one adapter is as fast as the storm needs it."""
        tree = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="simpul-storm-")))
        adapter = tree / "adapters/diskominfo/radius"
        shutil.copytree(ROOT / "adapters/diskominfo/radius", adapter)
        (adapter / "mapping.yaml").write_text(RadiusCity.hurried_mapping())
        return tree

    def blow(self, store):
        print(f"seed {SEED}, {CHANGES} changes, {KILLS} random kills")
        begin = time.monotonic()
        self.platform = self.enterContext(SeparateParts(self.tree(), store))
        types = [line.event for line in LINES]
        self.resuming = Resuming(self.platform, types, "EARLIEST")
        self.addCleanup(self.resuming.close)
        self.durable = Durable(self.platform, types, "storm", "EARLIEST")
        self.addCleanup(self.durable.close)
        storm = Storm(self.platform)
        legacies = [Legacy(line, random.Random(SEED)) for line in LINES]
        try:
            storm.at_every_fault_point()
            storm.at_random(restart_kafka)
        finally:
            for legacy in legacies:
                legacy.finish()
        made = sum(legacy.changes for legacy in legacies)
        print(f"{made} changes and {storm.kills} kills took {time.monotonic() - begin:.0f} s")
        self.platform.wait_ready()
        for line in LINES:
            self.check_line(line)
        self.check_accounting()
        print(f"after {time.monotonic() - begin:.0f} s all is through, {len(self.resuming.events)} events")

    def check_line(self, line):
        wanted = line.source.wanted()
        until(lambda: self.platform.rest("GET", f"/v1/{line.collection}").status == 200, f"{line.collection} can be read")

        def listed():
            return {one["name"]: line.source.state(one) for one in self.platform.all_of(line.collection, pageSize=1000)}

        def last(events):
            states = {event["subject"]: line.source.state(event["data"][line.noun])
                      if event["data"]["change"] != "DELETED" else None
                      for event in list(events) if event["type"] == line.event}
            return {name: state for name, state in states.items() if state}
        self.settle(listed, wanted, f"{line.collection} are what the legacy has")
        self.settle(lambda: last(self.resuming.events), wanted, f"who resumes saw how all {line.collection} ended")
        self.settle(lambda: last(self.durable.events), wanted, f"the durable one saw how all {line.collection} ended")
        self.check_order(line)
        self.check_topic(line)

    def settle(self, found, wanted, what):
        try:
            until(lambda: found() == wanted, what, PATIENCE)
        except AssertionError as error:
            now = found()
            wrong = {name: (now.get(name), wanted.get(name)) for name in {**now, **wanted}
                     if now.get(name) != wanted.get(name)}
            raise AssertionError(f"{error} (seed {SEED}); {len(wrong)} wrong, as (found, wanted): "
                                 f"{dict(list(wrong.items())[:5])}") from None

    def check_order(self, line):
        revisions, steps, created = {}, {}, set()
        for event in self.resuming.events:
            subject, data = event["subject"], event["data"]
            self.assertGreater(int(data["revision"]), revisions.get(subject, 0), f"{event['id']} (seed {SEED})")
            revisions[subject] = int(data["revision"])
            self.assertEqual(data["change"] == "CREATED", subject not in created, f"{event['id']} (seed {SEED})")
            created.add(subject)
            if data["change"] != "DELETED":
                step = line.source.step(data[line.noun])
                self.assertGreaterEqual(step, steps.get(subject, 0), f"{event['id']} (seed {SEED})")
                steps[subject] = step

    def check_topic(self, line):
        """Both subscribers saw each event that Kafka has, and Kafka has each once."""
        reader = KafkaReader(setting("SIMPUL_TEST_KAFKA"), line.event, self.platform.data / "certs/agency/sample")
        self.addCleanup(reader.close)
        resumed = [event["id"] for event in self.resuming.events if event["type"] == line.event]
        ids = [dict(record.headers)["ce_id"].decode() for record in reader.all_of_now()]
        self.assertEqual([], [name for name, count in collections.Counter(resumed).items() if count > 1])
        self.assertEqual(set(ids), set(resumed), f"seed {SEED}")
        self.assertEqual(set(ids), {event["id"] for event in self.durable.events if event["type"] == line.event})
        self.assertEqual([], self.durable.wrongly_again, "what was acknowledged came again")
        self.assertEqual([], [name for name, count in collections.Counter(ids).items() if count > 1],
                         "Kafka has an event twice")

    def check_accounting(self):
        consumers = 0
        for part, address in self.platform.admins.items():
            def accounts():
                found = collections.defaultdict(dict)
                for labels, number in series(http_call(address, "GET", "/metrics").text, "simpul_consumer_events"):
                    found[labels["topic"], labels["partition"]][labels["kind"]] = int(number)
                return found
            until(lambda: all(account["pending"] == 0 for account in accounts().values()), f"{part} has nothing pending")
            for place, account in accounts().items():
                consumers += 1
                whole = account.pop("in")
                self.assertEqual(whole, sum(account.values()), f"{part} {place} {account} (seed {SEED})")
                self.assertEqual((0, 0), (account["parked"], account["expired"]), f"{part} {place} (seed {SEED})")

            def unsent():  # counted now and then, so it may be behind
                return [number for _, number in series(http_call(address, "GET", "/metrics").text,
                                                       "simpul_outbox_pending_events")]
            until(lambda: not any(unsent()), f"{part} has sent all")
        self.assertGreaterEqual(consumers, 6 * len(LINES), "every partition of every line's source topic is accounted for")

    def test_on_sqlite(self):
        self.blow("")

    def test_on_postgres(self):
        whole = setting("SIMPUL_TEST_POSTGRES")
        subprocess.run(["psql", "--quiet", whole, "--command", "create database storm"], check=True)
        self.blow(whole[:whole.rindex("/")] + "/storm")


if __name__ == "__main__":
    unittest.main()
