"""The tree is what it says: who uses whom, the README's map, no place of one machine in any file."""
import fnmatch
import pathlib
import re
import subprocess
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def committed():
    """Paths that git knows, those not yet committed too."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for path in listed.split("\0") if path and (ROOT / path).is_file()]


class Table:
    """dependencies.txt: which folder may use which."""

    def __init__(self, text):
        self.rows = []
        for line in text.splitlines():
            if line and not line.startswith("#"):
                folder, uses = line.split(":")
                self.rows.append((folder, uses.split()))

    def part_of(self, path):
        """The listed folder that a path is in, `*` filled in: services/wifi/store.h -> services/wifi."""
        for folder, _ in self.rows:
            depth = folder.count("/") + 1
            head = "/".join(path.split("/")[:depth])
            if "/" in path and path != head and fnmatch.fnmatchcase(head, folder):
                return head
        return None

    def allows(self, user, used):
        if user == used:
            return True
        for folder, uses in self.rows:
            if fnmatch.fnmatchcase(user, folder):
                return any(fnmatch.fnmatchcase(used, pattern) for pattern in uses)
        return False


def included(text):
    """The project's own headers that a source includes; generated ones belong to proto."""
    for header in re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.M):
        yield "proto/" + header if header.startswith("simpul/") else header


def targets(sources):
    """Where each of our CMake libraries is made: target -> CMakeLists.txt."""
    return {name: path for path, text in sources.items() if path.endswith("CMakeLists.txt")
            for name in re.findall(r"simpul_library\(\s*(\w+)", text)}


def violations(table, sources):
    """Lines such as `bus/rpc/server.cc uses gateway: gateway/loop.h`, for {path: text}."""
    found = []
    made_in = targets(sources)
    for path, text in sources.items():
        user = table.part_of(path)
        if user is None:
            continue
        if path.endswith("CMakeLists.txt"):
            uses = [(made_in[name], name) for name in re.findall(r"simpul::(\w+)", text) if name in made_in]
        else:
            uses = [(header, header) for header in included(text)]
        for where, what in uses:
            used = table.part_of(where)
            if used is not None and not table.allows(user, used):
                found.append(f"{path} uses {used}: {what}")
    return found


class Dependencies(unittest.TestCase):
    table = Table((HERE / "dependencies.txt").read_text())

    def test_the_tree_keeps_to_the_table(self):
        sources = {path: (ROOT / path).read_text(errors="replace") for path in committed()
                   if path.endswith((".h", ".cc", "CMakeLists.txt"))}
        self.assertGreater(len(sources), 20)
        self.assertEqual([], violations(self.table, sources))

    def test_a_sibling_and_a_part_above_are_found(self):
        sources = {
            "bus/rpc/CMakeLists.txt": "simpul_library(bus_rpc\n  SOURCES a.cc DEPENDS simpul::gateway)",
            "gateway/CMakeLists.txt": "simpul_library(gateway SOURCES b.cc DEPENDS simpul::bus_rpc)",
            "services/wifi/a.cc": '#include "services/events/part.h"\n#include "services/wifi/a.h"\n',
            "adapters/engine/a.cc": '#include "adapters/sources/sql/sql.h"\n#include "simpul/wifi/v1/wifi.pb.h"\n',
            "adapters/sources/sql/sql.cc": '#include "adapters/engine/mapping.h"\n',
        }
        self.assertEqual(["bus/rpc/CMakeLists.txt uses gateway: gateway",
                          "services/wifi/a.cc uses services/events: services/events/part.h",
                          "adapters/sources/sql/sql.cc uses adapters/engine: adapters/engine/mapping.h"],
                         violations(self.table, sources))


class Readme(unittest.TestCase):
    def test_its_map_has_every_folder_and_no_other(self):
        rows = re.findall(r"^\| `([\w.-]+)/` \|", (ROOT / "README.md").read_text(), re.M)
        folders = {path.split("/")[0] for path in committed() if "/" in path and not path.startswith(".")}
        self.assertEqual(sorted(folders), sorted(rows))

    def test_its_links_lead_somewhere(self):
        for path in committed():
            if path.endswith(".md"):
                for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / path).read_text()):
                    self.assertTrue((ROOT / path).parent.joinpath(link).exists(), f"{path} leads to {link}")


def silent_fields(proto):
    """Fields of a .proto with no comment before or behind them."""
    found, before = [], ""
    for line in proto.splitlines():
        is_field = re.match(r"\s+[\w. ,<>]+ [a-z]\w* = \d+", line)
        if is_field and "//" not in line and not before.lstrip().startswith("//"):
            found.append(line.strip())
        before = line
    return found


class Contracts(unittest.TestCase):
    def test_each_field_says_what_it_is(self):
        self.assertEqual([], [f"{path}: {line}" for path in committed() if path.endswith(".proto")
                              for line in silent_fields((ROOT / path).read_text())
                              if path.startswith("proto/")])

    def test_a_silent_field_is_found(self):
        self.assertEqual(["string b = 2;", "string d = 4;"],
                         silent_fields("// M.\nmessage M {\n  // A.\n  string a = 1;\n  string b = 2;\n"
                                       "  string c = 3;  // C.\n  string d = 4;\n}\n"))


class Files(unittest.TestCase):
    def test_none_names_a_place_of_one_machine(self):
        place = re.compile(r"(?<![\w.$}/~-])/(work|home|Users)/\w")
        named = [path for path in committed()
                 if place.search((ROOT / path).read_text(errors="replace"))]
        self.assertEqual([], named)

    def test_scripts_can_be_executed(self):
        scripts = [path for path in committed() if (ROOT / path).read_bytes()[:2] == b"#!"]
        self.assertGreater(len(scripts), 5)
        self.assertEqual([], [path for path in scripts if not (ROOT / path).stat().st_mode & 0o100])


if __name__ == "__main__":
    unittest.main()
