"""How long a build takes without a compiler cache: all of the program, and after one change."""
import os
import shutil
import time

from processes import ROOT, main, output_of
import tables

FOLDER = ROOT / "build" / "bench-build"
CHANGES = [("one source file", "gateway/worker.cc"), ("a header of one part", "gateway/call.h"),
           ("a header of the bus", "bus/rpc/server.h"), ("a contract", "proto/simpul/wifi/v1/wifi.proto")]
JOBS = os.environ.get("JOBS", str(os.cpu_count()))


def build():
    begin = time.monotonic()
    output_of("cmake", "--build", FOLDER, "--parallel", JOBS, "--target", "simpul",
              env={**os.environ, "CCACHE_DISABLE": "1"})
    return time.monotonic() - begin


def after_touching(path):
    """Builds again as if the file had changed; the file keeps its time."""
    before = os.stat(path)
    os.utime(path)
    try:
        return build()
    finally:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def measure():
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        begin = time.monotonic()
        output_of("cmake", "--preset", "release", "-B", FOLDER, cwd=ROOT)
        rows = [["configure", f"{time.monotonic() - begin:.1f} s"], ["everything", f"{build():.0f} s"]]
        build()
        rows += [[f"after a change of {what} ({path})", f"{after_touching(ROOT / path):.1f} s"] for what, path in CHANGES]
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    tables.show("Building the program", "tests/bench/run 2 build", [f"release, {JOBS} jobs, no compiler cache", "time"], rows)


if __name__ == "__main__":
    main(measure)
