"""The processes of a measurement: each on its core, watched, and gone when the measurement ends."""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
SIMPUL = BUILD / "cli" / "simpul"
TICK = 1 / os.sysconf("SC_CLK_TCK")
PROXY_CORE = "0"  # what is measured has this core to itself
LOAD_CORE = "1"  # load and backend share the other
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Failed(Exception):
    """A measurement that cannot be made; its text says why."""


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, what, seconds=20):
    """Waits until condition() is true and returns what it returned."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Failed(f"within {seconds} s it did not happen that {what}")
        time.sleep(0.01)
    return value


class Process:
    """A running program that belongs to a Lab."""

    def __init__(self, name, command, core, log, environment):
        self.name = name
        self._log = log
        pinned = ["taskset", "--cpu-list", core, *command] if core else command
        with open(log, "w") as out:
            self._process = subprocess.Popen(
                [str(word) for word in pinned], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**os.environ, **(environment or {})}, preexec_fn=die_with_parent)

    @property
    def pid(self):
        return self._process.pid

    def log(self):
        return pathlib.Path(self._log).read_text(errors="replace")

    def cpu_seconds(self):
        """User and system time of all its threads, also of those that have ended."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * TICK

    def pss_megabytes(self):
        """Its memory, of which shared pages count in part."""
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
        raise Failed(f"{self.name}: no Pss in smaps_rollup")

    def await_port(self, port):
        def listens():
            if self._process.poll() is not None:
                raise Failed(f"{self.name} ended with {self._process.returncode}: {self.log()[-1500:]}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return False
        until(listens, f"{self.name} listens on port {port}")

    def stop(self):
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class Lab:
    """A scratch folder and the processes started in it. Use it as a context: it leaves nothing behind."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="simpul-bench-"))
        self._running = []
        return self

    def __exit__(self, *_):
        for process in reversed(self._running):
            process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, command, port=None, core=None, environment=None):
        """Starts a program and, if it has a port, waits until it listens there."""
        process = Process(name, command, core, self.folder / f"{name}.log", environment)
        self._running.append(process)
        if port is not None:
            process.await_port(port)
        return process

    def stop(self, process):
        self._running.remove(process)
        process.stop()

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


def output_of(*command, **options):
    """What a program says; Failed with its complaint if it does not succeed."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              preexec_fn=die_with_parent, **options)
    except FileNotFoundError:
        raise Failed(f"{words[0]} is not installed: setup/install bench") from None
    except subprocess.TimeoutExpired as slow:
        raise Failed(f"{' '.join(words[:3])} did not end within {slow.timeout} s") from None
    if done.returncode != 0:
        raise Failed(f"{' '.join(words[:3])}: exit {done.returncode}: {(done.stderr or done.stdout)[-1500:]}")
    return done.stdout


def main(measure):
    """Runs a topic; ends with exit code 1 and one line if it cannot be measured."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        measure()
    except Failed as failure:
        print(f"{pathlib.Path(sys.argv[0]).stem}: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
