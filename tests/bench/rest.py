"""Processor time of the gateway per REST call, beside Envoy's grpc_json_transcoder on the same contract."""
import argparse
import http.client
import json

from processes import Failed, Lab, main
import bus
import load
import peers
import tables

SERVICES = ("simpul.wifi.v1.HotspotService", "simpul.wifi.v1.SessionService")
GET = "/v1/departments/diskominfo/hotspots/1000"
LIST = "/v1/hotspots?pageSize=50"
BAR = 0.25  # of Envoy's processor time


def cases():
    return [load.Case("Get, HTTP/2, 8 clients × 8", GET, 8, 8), load.Case("List of 50, HTTP/2, 8 clients × 8", LIST, 8, 8),
            load.Case("Get, HTTP/1.1, 32 clients", GET, 32, http1=True),
            load.Case("List of 50, HTTP/1.1, 32 clients", LIST, 32, http1=True)]


def answer(proxy, path):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=5)
    connection.request("GET", path, headers=dict(header.split(": ", 1) for header in proxy.headers))
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise Failed(f"{proxy.name} answers {path} with {response.status}: {body[:300]}")
    return body


def check_answers(proxies):
    """Both must say the same, if not in the same letters."""
    for path in (GET, LIST):
        ours, theirs = (json.loads(answer(proxy, path)) for proxy in proxies)
        if ours != theirs:
            raise Failed(f"{path}: the answers differ: {ours} and {theirs}")


def measure():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    arguments = parser.parse_args()
    with Lab() as lab:
        backend = bus.start_backend(lab)
        proxies = [bus.Bus(lab).start_gateway("simpul", backend.port), peers.start_envoy(lab, backend.port, SERVICES)]
        all_cases = cases()
        check_answers(proxies)
        found = load.rounds(all_cases, proxies, arguments.rounds, arguments.seconds)
    rows = []
    for case in all_cases:
        simpul, envoy = (found[case.name, proxy.name] for proxy in proxies)
        ratio = load.median_cpu(simpul) / load.median_cpu(envoy)
        rows.append([case.name, load.cell(simpul), load.cell(envoy), f"{ratio:.2f}"])
    tables.show("REST through the gateway", "tests/bench/run 2 rest",
                ["CPU per call, requests/s", "simpul", f"Envoy {peers.envoy_version()}", "ratio of medians"], rows,
                [f"min / median of {arguments.rounds} rounds of {arguments.seconds} s, the proxies in turn; the bar is a "
                 f"ratio of {BAR}. Simpul checks the API key and counts; Envoy runs bare."])


if __name__ == "__main__":
    main(measure)
