"""Load by h2load, and the processor time that a proxy spends on it."""
import dataclasses
import re
import statistics
import typing

from processes import LOAD_CORE, Failed, output_of
import tables


@dataclasses.dataclass
class Case:
    """What is asked, and how many clients ask at once."""
    name: str
    path: str
    connections: int
    streams: int = 1
    body: object = None  # a file
    headers: tuple = ()
    http1: bool = False
    answer_bytes: float = 0  # of a good gRPC answer; REST tells by its status alone


@dataclasses.dataclass
class Proxy:
    name: str
    process: object
    port: int
    headers: tuple = ()


class Round(typing.NamedTuple):
    cpu: float  # microseconds of the proxy per request
    rate: float  # requests a second
    answer_bytes: float


def run(case, proxy, seconds):
    """One round of load on a proxy."""
    command = ["taskset", "--cpu-list", LOAD_CORE, "h2load", "--threads", 1, "--duration", seconds,
               "--clients", case.connections, "--max-concurrent-streams", case.streams,
               *(["--h1"] if case.http1 else []), *(["--data", case.body] if case.body else [])]
    for header in (*case.headers, *proxy.headers):
        command += ["--header", header]
    before = proxy.process.cpu_seconds()
    said = output_of(*command, f"http://127.0.0.1:{proxy.port}{case.path}", timeout=60 + seconds)
    spent = proxy.process.cpu_seconds() - before
    done, failed = map(int, re.search(r" (\d+) done, \d+ succeeded, (\d+) failed", said).groups())
    good, body = int(re.search(r"status codes: (\d+) 2xx", said)[1]), int(re.search(r"\((\d+)\) data", said)[1])
    if done == 0 or failed or good < done:
        raise Failed(f"{proxy.name}, {case.name}: not every request was answered well: {said[-600:]}")
    return Round(spent * 1e6 / done, done / seconds, body / done)


def check_answers(case, proxy, found):
    """A gRPC call that fails is a 200, too, but has no body. Calls that the end cuts off may add some."""
    if found.answer_bytes < 0.95 * case.answer_bytes:
        raise Failed(f"{proxy.name}, {case.name}: {found.answer_bytes:.0f} bytes an answer, not {case.answer_bytes:.0f}")


def rounds(cases, proxies, count, seconds):
    """Every proxy in turn, case by case, `count` times over: {(case, proxy): [Round, …]}."""
    found = {}
    for proxy in proxies:  # connections to the backend, caches
        run(cases[0], proxy, 1)
    for _ in range(count):
        for case in cases:
            for proxy in proxies:
                one = run(case, proxy, seconds)
                check_answers(case, proxy, one)
                found.setdefault((case.name, proxy.name), []).append(one)
    return found


def cell(results):
    """min / median of the processor time, and the median rate."""
    return (f"{tables.min_median([one.cpu for one in results])} µs, "
            f"{tables.count(statistics.median(one.rate for one in results))}/s")


def median_cpu(results):
    return statistics.median(one.cpu for one in results)
