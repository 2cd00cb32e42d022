"""The folders of a running city: no other user of the machine can list or read what is in them."""
import os
import pathlib
import stat
import subprocess
import tempfile
import unittest

from platform_under_test import Platform, setting

NOBODY = 65534
# Reads paths from its input, a line each, and prints those that it can open or list.
LOOK = """
import os, sys
for path in sys.stdin.read().splitlines():
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").close()
        print(path)
    except OSError:
        pass
"""


def seen_by_nobody(folder):
    """The paths below `folder` that a stranger can open or list; we name them all."""
    paths = [os.path.join(where, name) for where, folders, files in os.walk(folder) for name in [*folders, *files]]
    paths = [path for path in paths if stat.S_IFMT(os.lstat(path).st_mode) in (stat.S_IFREG, stat.S_IFDIR)]
    done = subprocess.run(["/usr/bin/python3", "-c", LOOK], input="\n".join([str(folder), *paths]), text=True, cwd="/",
                          capture_output=True, check=True, user=NOBODY, group=NOBODY, extra_groups=[])
    return done.stdout.splitlines()


class Folders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        before = os.umask(0o022)  # as most shells have it
        cls.addClassCleanup(os.umask, before)
        cls.platform = cls.enterClassContext(Platform())
        cls.platform.wait_for_sample()

    def test_the_search_finds_what_is_open(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o711)
            inner = pathlib.Path(folder) / "inner"
            inner.mkdir()
            (inner / "open").write_text("x")
            (inner / "closed").touch(0o600)
            self.assertEqual({str(inner), str(inner / "open")}, set(seen_by_nobody(folder)))

    def test_the_platforms_folder_is_closed(self):
        self.platform.data.chmod(0o711)  # as beside a sample city, whose database passes through it
        names = {path.name for path in self.platform.data.rglob("*")}
        self.assertLessEqual({"wifi.db", "wifi.db-wal", "tls.key", "api-key", "page-token", "parts"}, names)
        self.assertEqual([], seen_by_nobody(self.platform.data))

    def test_the_folders_of_the_peers_are_closed(self):
        folder = setting("SIMPUL_TEST_PEERS")
        names = {path.name for path in pathlib.Path(folder).rglob("*")}
        self.assertLessEqual({"PG_VERSION", "radiusd.conf", "meta.properties", "tls.key"}, names)
        self.assertTrue([path for path in pathlib.Path(folder, "kafka/data").rglob("*.log")])
        self.assertEqual([], seen_by_nobody(folder))


if __name__ == "__main__":
    unittest.main()
