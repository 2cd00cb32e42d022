"""A newcomer follows docs/add-an-adapter.md: every command of the page, in a copy of the tree."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import textwrap
import time
import unittest

from platform_under_test import ROOT, Platform, account, free_port, peer, radius_sql, setting, until

PAGE = ROOT / "docs/add-an-adapter.md"
ADAPTER = "adapters/dpupr/radius"
# What the page cannot know: where the example's database and this platform are.
EXAMPLE_DSN = "postgresql://simpul:choose-one@radius.dpupr.example/radius"
EXAMPLE_ADDRESS = "http://127.0.0.1:8080"


def blocks(page):
    """The fenced blocks of a page in their order, each (language, text)."""
    return [(language, textwrap.dedent(text).strip()) for language, text in
            re.findall(r"^ *```(\w+)\n(.*?)^ *```$", page, re.M | re.S)]


def committed_tree(folder):
    """A copy of the tree as a clone would have it, with the program where `make run` builds it."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for path in filter(None, listed.split("\0")):
        if (ROOT / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, folder / path)
    program = folder / "build/release/cli/simpul"
    program.parent.mkdir(parents=True)
    program.symlink_to(os.path.realpath(setting("SIMPUL")))


class Terminal:
    """A shell at the top of a tree: what one command exports, the next one has."""

    def __init__(self, folder):
        self._folder = folder
        self.environment = dict(os.environ)

    def type(self, command):
        """Runs a command; gives the finished process."""
        with tempfile.NamedTemporaryFile() as exports:
            script = f"set -euo pipefail\ntrap 'env -0 > {exports.name}' EXIT\n{command}\n"
            done = subprocess.run(["bash", "-c", script], cwd=self._folder, env=self.environment, text=True,
                                  capture_output=True, timeout=60)
            pairs = pathlib.Path(exports.name).read_text().split("\0")
        self.environment = dict(pair.split("=", 1) for pair in pairs if pair)
        return done


class Department:
    """A PostgreSQL and a FreeRADIUS of dpupr's own, beside those of the other flows."""

    def __init__(self):
        self.folder = pathlib.Path(setting("SIMPUL_TEST_PEERS")) / "dpupr"
        self.folder.mkdir(mode=0o711)
        self.radius = str(self.folder / "radius")
        self._postgres = str(self.folder / "postgres")
        self._port = str(free_port())

    def start(self):
        self.database_up()
        peer("radius", "start", self.radius, str(free_port()), str(free_port()), self._postgres)
        self.owner = (self.folder / "radius/owner.dsn").read_text().strip()
        radius_sql("update nas set shortname = 'pu-' || id", self.owner)

    def database_up(self):
        peer("postgres", "start", self._postgres, self._port, "--fast")

    def database_down(self):
        peer("postgres", "stop", self._postgres)

    def dsn(self):
        """The page's example with what is true here in it."""
        return EXAMPLE_DSN.replace("radius.dpupr.example", f"127.0.0.1:{self._port}")

    def stop(self):
        peer("radius", "stop", self.radius)
        peer("postgres", "stop", self._postgres)
        shutil.rmtree(self.folder, ignore_errors=True)


class AddAnAdapter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.department = Department()
        cls.addClassCleanup(cls.department.stop)
        cls.department.start()
        cls.tree = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="simpul-newcomer-")))
        committed_tree(cls.tree)
        cls.terminal = Terminal(cls.tree)
        cls.said = {}  # what each command of the page answered
        cls.platform = None
        begin = time.monotonic()
        for language, text in blocks(PAGE.read_text()):
            cls.follow(language, text)
        print(f"the page's commands took {time.monotonic() - begin:.1f} s")

    @classmethod
    def follow(cls, language, text):
        if language == "sql":  # the department's own administrator
            radius_sql(text, cls.department.owner)
        elif text == "make run":  # on the peers and ports of this test
            cls.platform = cls.enterClassContext(
                Platform(cls.tree, cls.tree / ".simpul", {key: value for key, value in cls.terminal.environment.items()
                                                          if key not in os.environ}))
        elif language == "sh":
            command = text.replace(EXAMPLE_DSN, cls.department.dsn())
            if cls.platform:
                until(lambda: len(cls.listed("hotspots", "dpupr")) == 6, "dpupr's hotspots are listed")
                command = command.replace(EXAMPLE_ADDRESS, f"http://{cls.platform.http}")
            done = cls.terminal.type(command)
            if done.returncode != 0:
                raise AssertionError(f"{PAGE.name}: `{text}` ends with {done.returncode}: {done.stdout}{done.stderr}")
            cls.said[text] = done.stdout

    @classmethod
    def listed(cls, noun, department):
        return cls.platform.all_of(f"departments/{department}/{noun}", pageSize=1000)

    def session(self, department, row):
        """The session of that row once it is listed, and None until then."""
        answer = self.platform.rest("GET", f"/v1/departments/{department}/sessions/{row}")
        return answer.json if answer.status == 200 else None

    def test_the_new_adapter_speaks_of_its_own_department_alone(self):
        texts = {path.relative_to(self.tree): path.read_text() for path in (self.tree / ADAPTER).rglob("*")
                 if path.is_file()}
        self.assertEqual([], [path for path, text in texts.items() if "diskominfo" in text.lower()])
        whole = "\n".join(texts.values())
        for text in ("adapter: dpupr/radius", "departments/dpupr/sessions/{radacctid}", "env: DPUPR_RADIUS_DSN",
                     "# dpupr/radius", "departments/dpupr/hotspots/1"):
            self.assertIn(text, whole)
        self.assertNotRegex(whole, r"(?<!DPUPR_)RADIUS_DSN")

    def test_it_is_not_made_twice(self):
        done = self.terminal.type("make new-adapter NAME=dpupr/radius")
        self.assertEqual(2, done.returncode)
        self.assertIn("adapters/dpupr/radius is there already", done.stderr)

    def test_every_case_passes(self):
        said = self.said[f"simpul adapter test {ADAPTER}"]
        cases = sorted(path.name for path in (self.tree / ADAPTER / "testdata").iterdir())
        self.assertEqual([f"pass {ADAPTER}/{case}" for case in cases], said.splitlines())

    def spoilt(self, path, old, new):
        """Writes `new` for `old` in one file of the adapter, until the test is over."""
        file = self.tree / ADAPTER / path
        right = file.read_text()
        self.assertEqual(1, right.count(old), f"{old} in {path}")
        self.addCleanup(file.write_text, right)
        file.write_text(right.replace(old, new))

    def test_a_spoilt_mapping_is_told_as_the_page_says(self):
        shown = [text for language, text in blocks(PAGE.read_text()) if language == "text"]
        self.spoilt("mapping.yaml", "start_time: {column: acctstarttime}", "begin_time: {column: acctstarttime}")
        done = self.terminal.type(f"simpul adapter check {ADAPTER}")
        self.assertEqual(2, done.returncode, done.stdout)
        line = (self.tree / ADAPTER / "mapping.yaml").read_text().split("begin_time")[0].count("\n") + 1
        self.assertIn(f"{ADAPTER}/mapping.yaml:{line}: ", done.stdout)
        self.assertEqual(shown[0], done.stdout.strip())

    def test_a_case_that_wants_something_else_fails_and_says_what_differs(self):
        self.spoilt("testdata/hotspots/want.json", '"displayName": "ap-terminal"', '"displayName": "ap-pelabuhan"')
        done = self.terminal.type(f"simpul adapter test {ADAPTER}")
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertIn(f"FAIL {ADAPTER}/hotspots", done.stdout)
        self.assertIn('hotspots[1].display_name: "ap-pelabuhan" -> "ap-terminal"', done.stdout)
        cases = len(list((self.tree / ADAPTER / "testdata").iterdir()))
        self.assertIn(f"1 of {cases} cases failed", done.stderr)

    def test_the_pages_last_command_shows_the_new_departments_hotspots(self):
        last = list(self.said.values())[-1]
        self.assertIn("departments/dpupr/hotspots/1", last)
        self.assertIn("pu-1", last)
        self.assertNotIn("diskominfo", last)

    def test_each_departments_sessions_are_its_own(self):
        account("of-dpupr", "Start", radius=self.department.radius)
        account("of-diskominfo", "Start")
        for department, owner in (("dpupr", self.department.owner), ("diskominfo", None)):
            row = radius_sql(f"select radacctid from radacct where acctsessionid = 'of-{department}'", owner)
            found = until(lambda: (seen := self.session(department, row)) and seen.get("hotspot") and seen,
                          f"the session of {department} is there, on its hotspot")
            self.assertEqual(f"departments/{department}/hotspots/1", found["hotspot"])
            count = int(radius_sql("select count(*) from radacct", owner))
            until(lambda: len(self.listed("sessions", department)) == count, f"all sessions of {department} are listed")

    def test_one_legacy_that_is_down_does_not_touch_the_other(self):
        self.department.database_down()
        try:
            account("while-dpupr-is-down", "Start")
            row = radius_sql("select radacctid from radacct where acctsessionid = 'while-dpupr-is-down'")
            until(lambda: self.session("diskominfo", row), "diskominfo's change comes")
            self.assertEqual(6, len(self.listed("hotspots", "dpupr")), "dpupr's are still answered")
        finally:
            self.department.database_up()
        row = radius_sql("insert into radacct (acctsessionid, acctuniqueid, nasipaddress, acctstarttime) values "
                         "('back', 'back-unique', '10.36.72.2', now()) returning radacctid", self.department.owner)
        until(lambda: self.session("dpupr", row), "dpupr's change comes once its database is back")


if __name__ == "__main__":
    unittest.main()
