"""`simpul up` with all parts and one adapter: time until it is ready, and its memory. Kafka and the department's
database run already (tests/with-peers)."""
import os
import pathlib
import shutil
import statistics
import time

from processes import ROOT, SIMPUL, Failed, Lab, free_port, main, until
import tables

ROUNDS = 5
SETTLED = 5  # seconds after which memory is looked at again


def setting(name):
    if name not in os.environ:
        raise Failed(f"{name} is not set: run it by tests/with-peers")
    return os.environ[name]


def start(lab, data):
    """Starts it: (seconds until it said that it is ready, MB then, MB a while later)."""
    address = [f"127.0.0.1:{free_port()}" for _ in range(3)]
    begin = time.monotonic()
    up = lab.start("up", [SIMPUL, "up", "--data", data, "--kafka", setting("SIMPUL_TEST_KAFKA"), "--http", address[0],
                          "--https", address[1], "--admin", address[2], "--adapters", ROOT / "adapters"],
                   environment={"RADIUS_DSN": setting("SIMPUL_TEST_RADIUS_DSN")})
    until(lambda: "Simpul is ready" in up.log(), f"simpul up is ready: {up.log()}", 60)
    took, at_once = time.monotonic() - begin, up.pss_megabytes()
    if "not ready yet" in up.log():
        raise Failed(f"simpul up was not ready: {up.log()}")
    time.sleep(SETTLED)
    later = up.pss_megabytes()
    lab.stop(up)
    return took, at_once, later


def fresh_data(lab, number):
    """A folder without state; Kafka trusts the peers' certificate authority."""
    data = lab.folder / f"data-{number}"
    for folder in ("ca", "certs"):
        shutil.copytree(pathlib.Path(setting("SIMPUL_TEST_PEERS")) / folder, data / folder)
    return data


def measure():
    first, again = [], []
    with Lab() as lab:
        for number in range(ROUNDS):
            data = fresh_data(lab, number)
            first.append(start(lab, data))
            again.append(start(lab, data))
    rows = [[name, *(tables.min_median([result[i] for result in results], 2 if i == 0 else 0) + unit
                     for i, unit in enumerate((" s", " MB", " MB")))]
            for name, results in (("on an empty data folder", first), ("on a folder with state", again))]
    met = statistics.median(result[0] for result in again) < 1 and max(result[2] for result in first + again) < 150
    tables.show("simpul up", "tests/bench/run 2 start", ["start", "until ready", "PSS then", f"PSS {SETTLED} s later"], rows,
                [f"min / median of {ROUNDS}; from exec to the line that says so. The bar, under 1 s and 150 MB, is "
                 f"{'met' if met else 'NOT met'}."])


if __name__ == "__main__":
    main(measure)
