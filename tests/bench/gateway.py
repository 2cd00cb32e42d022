"""Processor time of the gateway per gRPC call, beside nginx and haproxy; and with many routes and idle clients.

  gateway.py [--rounds N] [--seconds N] [--beside NAME=PORT=COMMAND]   one more proxy in the same run;
                                                                      {backend} in COMMAND is the backend's port
"""
import argparse
import contextlib
import shlex
import socket

from processes import PROXY_CORE, ROOT, Failed, Lab, main, output_of
import bus
import load
import peers
import tables

IDLE = 2000
ROUTES = (10, 1000)
GRPC = ("content-type: application/grpc", "te: trailers", "user-agent: grpc-c++/1.51.1")
GET = "/simpul.wifi.v1.HotspotService/GetHotspot"
LIST = "/simpul.wifi.v1.HotspotService/ListHotspots"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"  # and empty SETTINGS

METHOD = """
  rpc Get{i}(Thing) returns (Thing) {{ option (google.api.http) = {{ get: "/v1/{{name=departments/*/things{i}/*}}" }}; }}"""
CONTRACT = """syntax = "proto3";
package simpul.bench.v1;
import "google/api/annotations.proto";
import "simpul/bus/v1/bus.proto";
message Thing {{ string name = 1; }}
service ThingService {{
  option (simpul.bus.v1.exposure) = PUBLIC;{methods}
}}
"""


def cases(lab):
    body = bus.grpc_body(lab.folder / "request", b"\x0a\x5a" + b"departments/diskominfo/hotspots/".ljust(90, b"7"))
    return [load.Case("Get, 16 clients × 32 calls at once", GET, 16, 32, body, GRPC),
            load.Case("Get, 64 clients × 1", GET, 64, 1, body, GRPC),
            load.Case("List of 50, 16 clients × 32", LIST, 16, 32, body, GRPC)]


def learn_answers(all_cases, backend):
    for case in all_cases:
        case.answer_bytes = load.run(case, backend, 1).answer_bytes


def start_beside(lab, given, backend):
    name, port, command = given.split("=", 2)
    process = lab.start(name, shlex.split(command.format(backend=backend)), int(port), PROXY_CORE)
    return load.Proxy(name, process, int(port))


def beside_others(lab, ours, arguments):
    backend = bus.start_backend(lab)
    proxies = [ours.start_gateway("simpul", backend.port), peers.start_nginx(lab, backend.port),
               peers.start_haproxy(lab, backend.port)]
    proxies += [start_beside(lab, given, backend.port) for given in arguments.beside]
    all_cases = cases(lab)
    learn_answers(all_cases, backend)
    found = load.rounds(all_cases, proxies, arguments.rounds, arguments.seconds)
    rows = [[case.name, *(load.cell(found[case.name, proxy.name]) for proxy in proxies)] for case in all_cases]
    bars = []
    for case in all_cases:
        simpul = load.median_cpu(found[case.name, "simpul"])
        others = [f"{simpul / load.median_cpu(found[case.name, proxy.name]):.2f} of {proxy.name}" for proxy in proxies[1:]]
        bars.append(f"{case.name}: {', '.join(others)}")
    tables.show("gRPC through the gateway", "tests/bench/run 2 gateway", ["CPU per call, requests/s",
                *(proxy.name for proxy in proxies)], rows,
                [f"min / median of {arguments.rounds} rounds of {arguments.seconds} s, the proxies in turn. Simpul checks the "
                 f"API key and counts; {peers.versions()} run bare.", "Medians: " + "; ".join(bars) + "."])


def contract_of(lab, routes):
    """A protoset with so many methods, each with a REST route of its own."""
    folder = lab.folder / f"routes-{routes}"
    folder.mkdir()
    source = folder / "thing.proto"
    source.write_text(CONTRACT.format(methods="".join(METHOD.format(i=i) for i in range(routes))))
    output_of("protoc", "-I", folder, "-I", ROOT / "proto", "-I", bus.BUILD / "downloads" / "googleapis",
              "--include_imports", f"--descriptor_set_out={folder / 'set'}", source)
    return folder / "set"


@contextlib.contextmanager
def idle_clients(port, count):
    """So many HTTP/2 connections that ask nothing."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
            client.sendall(PREFACE)
            if not client.recv(1):
                raise Failed(f"an idle connection to port {port} was closed")
        yield


def as_it_grows(lab, ours, arguments):
    backend = bus.start_backend(lab)
    contracts = {routes: contract_of(lab, routes) for routes in ROUTES}
    body = bus.grpc_body(lab.folder / "empty")
    grpc = load.Case("gRPC Get, 16 × 32", "/simpul.bench.v1.ThingService/Get7", 16, 32, body, GRPC)
    rest = load.Case("REST Get, 16 × 32", "/v1/departments/a/things7/b", 16, 32)
    learn_answers([grpc], backend)
    proxies = []
    with contextlib.ExitStack() as held:
        for routes, idle in [(ROUTES[0], 0), (ROUTES[1], 0), (ROUTES[0], IDLE)]:
            name = f"{routes} routes, {idle} idle"
            proxies.append(ours.start_gateway(name, backend.port, contracts[routes]))
            held.enter_context(idle_clients(proxies[-1].port, idle))
        found = load.rounds([grpc, rest], proxies, arguments.rounds, arguments.seconds)
    rows = [[case.name, *(load.cell(found[case.name, proxy.name]) for proxy in proxies)] for case in (grpc, rest)]
    tables.show("The gateway with more routes and idle clients", "tests/bench/run 2 gateway",
                ["CPU per call, requests/s", *(proxy.name for proxy in proxies)], rows)


def measure():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--beside", action="append", default=[])
    arguments = parser.parse_args()
    with Lab() as lab:
        ours = bus.Bus(lab)
        beside_others(lab, ours, arguments)
    with Lab() as lab:
        ours = bus.Bus(lab)
        as_it_grows(lab, ours, arguments)


if __name__ == "__main__":
    main(measure)
