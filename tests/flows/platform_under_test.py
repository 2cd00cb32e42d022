"""The real program on a data folder of its own, with the peers that tests/with-peers gives."""
import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import grpc
from google.protobuf import descriptor_pb2

import foreign

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The people of the sample and of the flows: their user names, and their devices' MAC addresses.
PERSONAL = re.compile(r"warga\d|02[-:]00[-:]00[-:]00", re.IGNORECASE)
POLL = 2  # seconds between two polls of the RADIUS adapter's watch


def setting(name):
    if name not in os.environ:
        raise AssertionError(f"{name} is not set: run it by tests/with-peers")
    return os.environ[name]


def peer(name, *arguments, text=None):
    """Runs tests/peers/<name>, with `text` on its standard input."""
    done = subprocess.run([ROOT / "tests/peers" / name, *arguments], input=text or "", text=True,
                          capture_output=True)
    if done.returncode != 0:
        raise AssertionError(f"{name} {arguments[0]}: {done.stderr}")
    return done.stdout


def radius_sql(statement, owner=None):
    """Runs SQL as the owner of a RADIUS database (diskominfo's), as the department's own tools would."""
    done = subprocess.run(["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set",
                           "ON_ERROR_STOP=1", owner or setting("SIMPUL_TEST_RADIUS_ADMIN_DSN"), "--file", "-"],
                          input=statement, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout.strip()


def account(session, status, user="warga1", hotspot=1, device="02-00-00-00-00-01", radius=None, **more):
    """Sends one accounting record by radclient, as an access point does. `radius`: a peer's folder (diskominfo's)."""
    attributes = {"User-Name": f'"{user}"', "NAS-IP-Address": f"10.36.72.{hotspot}",
                  "Called-Station-Id": '"AA-BB-CC-00-00-01:CILEGON-FREE-WIFI"',
                  "Calling-Station-Id": f'"{device}"', "Acct-Session-Id": f'"{session}"',
                  "Framed-IP-Address": "10.72.9.9", "NAS-Port-Type": "Wireless-802.11",
                  "Event-Timestamp": str(int(time.time())), "Acct-Status-Type": status}
    attributes.update({name.replace("_", "-"): str(value) for name, value in more.items()})
    peer("radius", "send", radius or f"{setting('SIMPUL_TEST_PEERS')}/radius",
         text=",".join(f"{name}={value}" for name, value in attributes.items()) + "\n")


def session_name(session):
    """The resource name of the session that the access point calls `session`."""
    row = radius_sql(f"select radacctid from radacct where acctsessionid = '{session}'")
    return f"departments/diskominfo/sessions/{row}"


def until(condition, what, timeout=20):
    """Waits until condition() is true, and returns what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"within {timeout} s it did not happen that {what}")
        time.sleep(0.05)


def free_port():
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Process:
    """One process of the program; its log goes to a file that outlives restarts."""

    def __init__(self, name, arguments, environment, log):
        self.name = name
        self.arguments = [setting("SIMPUL"), *arguments]
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process = None

    def start(self, fault=None):
        """Starts it. `fault`, "point:n", kills it when it passes that fault point for the nth time."""
        environment = self._environment | ({"SIMPUL_FAULT": fault} if fault else {})
        with open(self._log, "a", opener=lambda path, flags: os.open(path, flags, 0o600)) as log:
            self._process = subprocess.Popen(self.arguments, env=environment, stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log)

    def check_runs(self):
        code = self._process.poll()
        if code is not None:
            raise AssertionError(f"{self.name} ended with {code}: {self.log()[-2000:]}")

    def log(self):
        return pathlib.Path(self._log).read_text(errors="replace")

    def resident_megabytes(self):
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024

    def has_run(self):
        return self._process is not None

    def kill(self):
        self._process.kill()
        self._process.wait()

    def was_killed(self):
        """Whether SIGKILL has ended it; any other end is a fault of the test."""
        if self._process.poll() == -signal.SIGKILL:
            return True
        self.check_runs()
        return False

    def stop(self):
        """Asks it to end, and gives its exit code."""
        if self._process is None or self._process.poll() is not None:
            return self._process.returncode if self._process else 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within 20 s: {self.log()[-2000:]}")


class Platform:
    """A data folder, ports of its own and `simpul up` on them. Use it as a context."""

    def __init__(self, tree=ROOT, data=None, environment=None):
        self._make_folder(data)
        self.environment |= environment or {}
        self.up = Process("simpul up", [
            "up", "--data", str(self.data), "--kafka", setting("SIMPUL_TEST_KAFKA"), "--http", self.http,
            "--https", self.https, "--admin", self.admin, "--adapters", str(tree / "adapters"), "--log", "info"],
            self.environment, self.log_file)

    def _make_folder(self, data=None):
        self.data = data or pathlib.Path(tempfile.mkdtemp(prefix="simpul-flow-"))
        peers = pathlib.Path(setting("SIMPUL_TEST_PEERS"))
        for folder in ("ca", "certs"):  # Kafka trusts the peers' CA, so it is ours too
            shutil.copytree(peers / folder, self.data / folder)
        self.http = f"127.0.0.1:{free_port()}"
        self.https = f"127.0.0.1:{free_port()}"
        self.admin = f"127.0.0.1:{free_port()}"
        self.admins = {"up": self.admin}
        password = pathlib.Path(setting("SIMPUL_TEST_ROUNDUP_PASSWORD")).read_text().strip()
        self.environment = {"RADIUS_DSN": setting("SIMPUL_TEST_RADIUS_DSN"),
                            "DPUPR_ROUNDUP_URL": setting("SIMPUL_TEST_ROUNDUP"),
                            "DPUPR_ROUNDUP_PASSWORD": password}
        self.log_file = self.data / "log"

    def start(self):
        self.up.start()
        self.wait_ready()

    def stop(self):
        metrics = self.metrics()
        for process in self.processes():
            process.stop()
        self.check_privacy(metrics)

    def processes(self):
        return [self.up]

    def check_runs(self):
        for process in self.processes():
            process.check_runs()

    def metrics(self):
        """{where: its metrics}, of those that answer."""
        texts = {}
        for address in self.admins.values():
            with contextlib.suppress(OSError):
                texts[address] = foreign.http_call(address, "GET", "/metrics").text
        return texts

    def check_privacy(self, metrics):
        """No log and no metric speaks of a person, whatever happened."""
        people = radius_sql("select distinct username from radacct union select distinct callingstationid from radacct")
        wanted = [re.escape(value) for value in people.splitlines() if len(value) > 5]
        search = re.compile("|".join([PERSONAL.pattern, *wanted]), re.IGNORECASE)
        texts = [(f"metrics at {address}", text) for address, text in metrics.items()]
        texts += [(f"log of {process.name}", process.log()) for process in self.processes() if process.has_run()]
        for what, text in texts:
            if found := search.search(text):
                raise AssertionError(f"the {what} says {found[0]}: {text[max(0, found.start() - 300):found.end() + 100]}")

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            if os.environ.get("SIMPUL_KEEP"):
                print(f"kept: {self.data}")
            else:
                shutil.rmtree(self.data, ignore_errors=True)

    def wait_ready(self, timeout=30):
        def ready():
            self.check_runs()
            with contextlib.suppress(OSError):
                return foreign.http_call(self.admin, "GET", "/readyz").status == 200
            return False
        until(ready, f"{self.admin}/readyz answers 200", timeout)

    @property
    def key(self):
        return (self.data / "api-key").read_text().strip()

    def rest(self, method, path, body=None, key=True, headers=None):
        """One REST call; `key`: True for the platform's own, None for none, or a text."""
        headers = dict(headers or {})
        if key:
            headers["x-api-key"] = self.key if key is True else key
        return foreign.http_call(self.http, method, path, body, headers)

    def answers(self, *call, **how):
        """The status of a REST call; None while nobody listens."""
        try:
            return self.rest(*call, **how).status
        except OSError:
            return None

    def grpc(self, key=True):
        return foreign.GrpcClient(self.http, self.key if key is True else key)

    def all_of(self, collection, **parameters):
        """Every resource of a collection over REST, page by page."""
        resources, token = [], ""
        while True:
            query = "&".join(f"{name}={value}" for name, value in {**parameters, "pageToken": token}.items() if value)
            answer = self.rest("GET", f"/v1/{collection}?{query}")
            if answer.status != 200:
                raise AssertionError(f"GET /v1/{collection}: {answer.status} {answer.text}")
            resources += answer.json.get(collection.split("/")[-1], [])
            token = answer.json.get("nextPageToken", "")
            if not token:
                return resources

    def wait_for_sample(self):
        """Until what the RADIUS database holds has come all the way up."""
        count = int(radius_sql("select count(*) from radacct"))

        def all_there():  # a session that came before its hotspot is linked, and so changed, a moment later
            sessions = self.all_of("sessions", pageSize=1000)
            return (len(self.all_of("hotspots")) == 6 and len(sessions) >= count
                    and all(session.get("hotspot") for session in sessions))

        until(all_there, "6 hotspots and all sessions are listed, each session on its hotspot", 30)

    def certificate(self, path):
        """TLS credentials for gRPC of `kind/name`."""
        folder = self.data / "certs" / path
        return grpc.ssl_channel_credentials((folder / "ca.crt").read_bytes(), (folder / "tls.key").read_bytes(),
                                            (folder / "tls.crt").read_bytes())

    def cli(self, *arguments, check=True):
        """Runs a tool of the program against this platform; gives the finished process."""
        done = subprocess.run([setting("SIMPUL"), *arguments], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **self.environment})
        if check and done.returncode != 0:
            raise AssertionError(f"simpul {' '.join(arguments)}: exit {done.returncode}: {done.stderr}")
        return done


class SeparateParts(Platform):
    """The same platform as production runs it: each part a process of its own, in `parts` by name.

    `store` is a PostgreSQL URI, or empty for SQLite. The metrics of part p are at `admins[p]`.
    """

    def __init__(self, tree=ROOT, store=""):
        super().__init__(tree)
        catalogue = f"127.0.0.1:{free_port()}"
        data = ["--data", str(self.data)]
        if store:
            data += ["--store", store]
            self.up.arguments += ["--store", store]
        kafka = ["--kafka", setting("SIMPUL_TEST_KAFKA")]
        below = [*data, "--catalogue", catalogue]
        commands = {
            "catalogue": ["catalogue", "serve", *data, "--listen", catalogue],
            "engine": ["engine", str(tree / "adapters/diskominfo/radius"), "--department", "diskominfo", *below, *kafka],
            "wifi": ["wifi", *below, *kafka],
            "events": ["events", "serve", *below, *kafka],
            "gateway": ["gateway", *below, "--http", self.http, "--https", self.https],
        }
        self.admins = {name: self.admin if name == "gateway" else f"127.0.0.1:{free_port()}" for name in commands}
        for name, command in commands.items():
            command += ["--admin", self.admins[name]]
        self.parts = {name: Process(f"simpul {name}", command, self.environment, self.data / f"log-{name}")
                      for name, command in commands.items()}

    def start(self):
        self.up.start()  # once, for what it gives: rights on Kafka's topics and the first key
        self.wait_ready()
        self.up.stop()
        self.up = None
        for part in self.parts.values():
            part.start()
        self.wait_ready()
        until(lambda: all(self.rest("GET", f"/v1/{noun}").status == 200 for noun in ("hotspots", "subscriptions")),
              "the services are on the bus")

    def processes(self):
        return [self.up] if self.up else [*self.parts.values()]


def protoset():
    """The contracts of the platform, public and internal, as the build made them."""
    return descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(setting("SIMPUL_PROTOSET")).read_bytes())
