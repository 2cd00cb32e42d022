"""Our gateway as in production, alone in its process: it learns its key from a real catalogue, its routes
from a part's contract, and shows metrics. Backend and contract are those of every other proxy."""
import os
import urllib.request

from processes import BUILD, LOAD_CORE, PROXY_CORE, SIMPUL, free_port, output_of, until
import load

PROTOSET = BUILD / "proto" / "simpul.protoset"
BACKEND = BUILD / "tests" / "bench_backend"


def start_backend(lab):
    """A gRPC server without TLS that answers at once."""
    port = free_port()
    return load.Proxy("backend", lab.start("backend", [BACKEND, port], port, LOAD_CORE), port)


class Bus:
    """Certificates, a catalogue and a key, for any number of gateways."""

    def __init__(self, lab):
        self._lab = lab
        self._data = lab.folder / "bus"
        output_of(SIMPUL, "certs", "--data", self._data, "--adapters", lab.folder)
        port = free_port()
        self._catalogue = f"127.0.0.1:{port}"
        lab.start("catalogue", [SIMPUL, "catalogue", "serve", "--data", self._data, "--listen", self._catalogue], port,
                  LOAD_CORE)
        self.key = output_of(SIMPUL, "key", "create", "--agency", "bench", "--data", self._data, "--catalogue",
                             self._catalogue).split()[0]

    def start_gateway(self, name, backend, protoset=PROTOSET, core=PROXY_CORE, program=SIMPUL):
        """One event loop, as the peers have one worker."""
        port, admin = free_port(), free_port()
        process = self._lab.start(
            name, [program, "gateway", "--data", self._data, "--state", self._lab.folder / f"{name}-state",
                   "--catalogue", self._catalogue, "--http", f"127.0.0.1:{port}", "--https", "",
                   "--admin", f"127.0.0.1:{admin}", "--threads", 1,
                   "--part", f"bench=127.0.0.1:{backend}={protoset}"], port, core)
        until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), f"{name} is ready")
        return load.Proxy(name, process, port, (f"x-api-key: {self.key}",))


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def grpc_body(path, message=b""):
    """Writes a request's body for h2load: one message, uncompressed."""
    path.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
    return os.fspath(path)
