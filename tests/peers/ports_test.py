"""What `make run` and `make change` say before anything is started: a port in use, and a city that does not run."""
import os
import pathlib
import random
import socket
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PORTS = ["SIMPUL_HTTP_PORT", "SIMPUL_HTTPS_PORT", "SIMPUL_ADMIN_PORT", "SIMPUL_KAFKA_PORT", "SIMPUL_POSTGRES_PORT",
         "SIMPUL_RADIUS_AUTH_PORT", "SIMPUL_RADIUS_ACCT_PORT", "SIMPUL_ROUNDUP_PORT"]


def run(*command, **variables):
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)


class Ports(unittest.TestCase):
    def setUp(self):
        self.data = self.enterContext(tempfile.TemporaryDirectory(prefix="simpul-ports-"))
        first = random.SystemRandom().randrange(20000, 31000)
        self.free = {name: str(first + 2 * at) for at, name in enumerate(PORTS)}  # Kafka takes the next one too

    def taken(self, kind):
        holder = self.enterContext(socket.socket(socket.AF_INET, kind))
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        return str(holder.getsockname()[1])

    def test_make_run_names_the_port_its_variable_and_who_has_it_before_it_starts_anything(self):
        for name in PORTS:
            with self.subTest(name):
                port = self.taken(socket.SOCK_DGRAM if "RADIUS" in name else socket.SOCK_STREAM)
                done = run("setup/run", self.data, "1", **{**self.free, name: port})
                self.assertNotEqual(0, done.returncode)
                self.assertIn(f"port {port}/", done.stderr)
                self.assertIn(f"another port by {name}", done.stderr)
                self.assertIn(f"(process {os.getpid()})", done.stderr)
                self.assertNotIn("Build", done.stdout)
                self.assertEqual([], os.listdir(self.data))

    def test_a_port_that_is_no_port_is_told(self):
        for port in ("abc", "80800", "0", "-1"):
            with self.subTest(port):
                done = run("setup/run", self.data, "1", **{**self.free, "SIMPUL_ADMIN_PORT": port})
                self.assertNotEqual(0, done.returncode)
                self.assertIn("SIMPUL_ADMIN_PORT is ", done.stderr)
                self.assertIn("a port is a number from 1 to 65535", done.stderr)
                self.assertNotIn("Traceback", done.stderr)

    def test_one_port_for_two_is_told(self):
        done = run("setup/run", self.data, "1", **{**self.free, "SIMPUL_ADMIN_PORT": self.free["SIMPUL_HTTP_PORT"]})
        self.assertNotEqual(0, done.returncode)
        self.assertIn("is meant for the gateway over HTTP and for metrics and health", done.stderr)

    def test_make_help_lists_every_variable(self):
        text = run("make", "help").stdout
        self.assertEqual([], [name for name in PORTS if name not in text])

    def test_make_change_says_what_to_start(self):
        done = run("tests/peers/city", "change", self.data)
        self.assertEqual(1, done.returncode)
        self.assertIn("make run", done.stderr)


if __name__ == "__main__":
    unittest.main()
