"""The gateway's JSON codec beside protobuf's own, in one process and in random order."""
import json
import statistics

from processes import BUILD, PROXY_CORE, main, output_of
import tables

PROGRAM = BUILD / "gateway" / "transcode" / "transcode_bench"
REPETITIONS = 9
ROWS = [("JSON to wire, one message", "JsonToWire", 0), ("JSON to wire, page of 100", "JsonToWire", 1),
        ("wire to JSON, one message", "WireToJson", 0), ("wire to JSON, page of 100", "WireToJson", 1)]


def nanoseconds():
    """{benchmark: [time of each repetition]}"""
    found = {}
    said = output_of("taskset", "--cpu-list", PROXY_CORE, PROGRAM, "--benchmark_format=json", "--benchmark_min_time=0.1",
                     f"--benchmark_repetitions={REPETITIONS}", "--benchmark_enable_random_interleaving=true")
    for run in json.loads(said)["benchmarks"]:
        if run["run_type"] == "iteration":
            found.setdefault(run["name"], []).append(run["cpu_time"])
    return found


def cell(times):
    return f"{tables.min_median([time / 1000 for time in times], 2)} µs"


def measure():
    found = nanoseconds()
    rows = []
    for title, what, size in ROWS:
        ours, protobuf = found[f"{what}Ours/{size}"], found[f"{what}Protobuf/{size}"]
        rows.append([title, cell(ours), cell(protobuf), f"{statistics.median(protobuf) / statistics.median(ours):.0f}×"])
    notes = [f"min / median of {REPETITIONS} repetitions in random order. protobuf: JsonToBinaryString and BinaryToJsonString.",
             "A route found and its request built, with so many routes in the table: " + ", ".join(
                 f"{name.split('/')[1]}: {cell(times)}" for name, times in found.items() if name.startswith("RouteAndBind"))]
    tables.show("JSON codec", "tests/bench/run 2 transcode", ["CPU", "simpul", "protobuf 3.21", "times less"], rows, notes)


if __name__ == "__main__":
    main(measure)
