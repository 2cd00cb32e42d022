"""Replaced under load: an instance or a contract gives way to the next, and no call fails."""
import base64
import concurrent.futures
import hashlib
import http.client
import subprocess
import threading
import unittest

import grpc

from contracts import contract_with_route, field
from foreign import GrpcClient, http_call
from platform_under_test import Platform, Process, SeparateParts, free_port, protoset, setting, until

CALLERS = 2  # of each protocol
REGISTRY = "simpul.catalogue.v1.RegistryService"
PACKAGE = "simpul.dept.dpupr.roads.v1"


class Load:
    """Callers that never rest, each on a connection of its own. `answers` counts calls by what they gave."""

    def __init__(self, platform, path, method):
        self._platform, self._path, self._method = platform, path, method
        self._ended = threading.Event()
        self._key = platform.key
        self.calls = 0
        self.failures = []
        self.rest, self.grpc = set(), set()  # each different answer
        self._pool = concurrent.futures.ThreadPoolExecutor(2 * CALLERS)
        self._work = [self._pool.submit(caller) for caller in [self._by_rest, self._by_grpc] * CALLERS]

    def _by_rest(self):
        connection = http.client.HTTPConnection(self._platform.http, timeout=10)
        while not self._ended.is_set():
            connection.request("GET", self._path, headers={"x-api-key": self._key})
            answer = connection.getresponse()
            text = answer.read().decode()
            self._count(answer.status == 200, f"{answer.status} {text}", self.rest, text)
        connection.close()

    def _by_grpc(self):
        client = self._platform.grpc()
        call = client.channel.unary_unary("/" + self._method)
        while not self._ended.is_set():
            try:
                self._count(True, "", self.grpc, call(b"", timeout=10))
            except grpc.RpcError as error:
                self._count(False, f"{error.code()} {error.details()}", self.grpc, b"")
        client.close()

    def _count(self, good, why, answers, answer):
        self.calls += 1
        if good:
            answers.add(answer)
        else:
            self.failures.append(why)

    def grows_by(self, calls):
        """Waits until so many more calls have been answered."""
        goal = self.calls + calls
        until(lambda: self.calls >= goal, f"{calls} more calls are answered", 30)

    def end(self):
        self._ended.set()
        for work in self._work:
            work.result()
        self._pool.shutdown()


class ReplacedPart(unittest.TestCase):
    def setUp(self):
        whole = setting("SIMPUL_TEST_POSTGRES")
        subprocess.run(["psql", "--quiet", whole, "--command", "create database replaced"], check=True)
        # Two instances of one part share a store, which SQLite cannot.
        self.platform = self.enterContext(SeparateParts(store=whole[:whole.rindex("/")] + "/replaced"))
        self.platform.wait_for_sample()

    def test_an_instance_gives_way_to_another_and_no_call_fails(self):
        load = Load(self.platform, "/v1/hotspots", "simpul.wifi.v1.HotspotService/ListHotspots")
        try:
            for number in range(4):
                self.replace_wifi(number)
                load.grows_by(200)
        finally:
            load.end()
        print(f"{load.calls} calls, {len(load.failures)} failed")
        self.assertEqual([], load.failures[:5])

    def replace_wifi(self, number):
        current = self.platform.parts["wifi"]
        admin = f"127.0.0.1:{free_port()}"
        at = current.arguments.index("--admin")
        arguments = current.arguments[1:at] + ["--admin", admin] + current.arguments[at + 2:]
        following = Process(f"simpul wifi {number}", arguments, self.platform.environment,
                            self.platform.data / f"log-wifi-{number}")
        following.start()
        self.platform.parts["wifi"] = following  # from here on the platform stops it

        def ready():
            following.check_runs()
            try:
                return http_call(admin, "GET", "/readyz").status == 200
            except OSError:
                return False
        until(ready, "the next instance is on the bus", 30)
        self.assertEqual(0, current.stop())


class ForeignPart:
    """A part in Python: a gRPC server that answers every method with a Claim of the given texts."""

    def __init__(self, platform, catalogue, instance, contract, texts):
        folder = platform.data / "certs/adapter/dpupr"
        answer = b"".join(field(number, text.encode()) for number, text in enumerate(texts, 1))
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(
            f"{PACKAGE}.ClaimService", {name: grpc.unary_unary_rpc_method_handler(lambda *_: answer)
                                        for name in ("GetClaim", "GetMore")})])
        credentials = grpc.ssl_server_credentials(
            [((folder / "tls.key").read_bytes(), (folder / "tls.crt").read_bytes())],
            (folder / "ca.crt").read_bytes(), require_client_auth=True)
        port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self._server.start()
        self._catalogue, self._instance = catalogue, instance
        whole = contract.SerializeToString()
        self._catalogue.call(f"{REGISTRY}/Register", {
            "part": {"instance": instance, "address": f"127.0.0.1:{port}", "services": [f"{PACKAGE}.ClaimService"],
                     "contractHash": hashlib.sha256(whole).hexdigest()},
            "protoset": base64.b64encode(whole).decode()})

    def stop(self):
        """As a part stops: off the bus first, then it finishes what runs."""
        self._catalogue.call(f"{REGISTRY}/Deregister", {"instance": self._instance})
        self._server.stop(grace=10).wait()


class ReplacedContract(unittest.TestCase):
    PATH = "/v1/roads"
    OLD = contract_with_route(PACKAGE, PATH, ["name"])
    NEW = contract_with_route(PACKAGE, PATH, ["name", "surface"], [("GetMore", "/v1/roads:more")])

    def setUp(self):
        self.platform = self.enterContext(Platform())
        address = (self.platform.data / "run/catalogue").read_text().strip()
        self.catalogue = GrpcClient(address, credentials=self.platform.certificate("adapter/dpupr"),
                                    protoset=protoset())
        self.addCleanup(self.catalogue.close)

    def test_a_contract_gives_way_to_the_next_and_back_and_no_call_fails(self):
        kinds = {"old": (self.OLD, ["Jalan Merak"], '{"name":"Jalan Merak"}'),
                 "new": (self.NEW, ["Jalan Merak", "asphalt"], '{"name":"Jalan Merak","surface":"asphalt"}')}
        current = self.part("first", *kinds["old"])
        until(lambda: self.platform.rest("GET", self.PATH).status == 200, "the road is there")
        load = Load(self.platform, self.PATH, f"{PACKAGE}.ClaimService/GetClaim")
        try:
            for number, kind in enumerate(["new", "old", "new"]):
                load.rest.clear()
                following = self.part(f"part-{number}", *kinds[kind])
                until(lambda: kinds[kind][2] in load.rest, f"the {kind} contract answers")
                current.stop()
                current = following
                load.grows_by(100)
                load.rest.clear()
                load.grows_by(200)
                self.assertEqual({kinds[kind][2]}, load.rest, "only the instance that is there answers, by its contract")
                more = self.platform.rest("GET", f"{self.PATH}:more").status
                self.assertEqual(200 if kind == "new" else 404, more, "the new method is there with its contract alone")
        finally:
            load.end()
            current.stop()
        print(f"{load.calls} calls, {len(load.failures)} failed")
        self.assertEqual([], load.failures[:5])
        wires = [b"".join(field(number, text.encode()) for number, text in enumerate(texts, 1))
                 for _, texts, _ in kinds.values()]
        self.assertEqual(set(wires), load.grpc)

    def part(self, instance, contract, texts, _):
        return ForeignPart(self.platform, self.catalogue, instance, contract, texts)


if __name__ == "__main__":
    unittest.main()
