"""Of test_full_disk*.py: a small file system for state_dir, and a relay and an edge that write there."""
import collections
import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

import pytest

from daemon import free_ports, wait_until
from edges import edge_config
from names import ANCHOR
from peers import Backend, smtp
from test_ledger import query, smtp_session
from test_relay import Mta, Relay

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="a small file system is mounted: needs root")
PATIENCE = 90
FULL = "No space left on device"


class Disk:
    """A small file system at path, until close()."""

    def __init__(self, path):
        self.path, self.filler = str(path), f"{path}/filler"
        os.makedirs(self.path)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "mailseal", self.path],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")

    def fill(self):
        """All that is free by now; once more when something went."""
        with open(self.filler, "ab", buffering=0) as out:
            for size in (1 << 20, 1 << 16, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        out.write(bytes(size))

    def empty(self):
        os.unlink(self.filler)

    def close(self):
        subprocess.run(["umount", "-l", self.path], check=True)


def answered(session, text):
    """And closed: each message has a connection of its own."""
    session["talk"].sock.sendall(b"250 2.0.0 Ok\r\n")


class Scene:
    """A relay and an edge on port 25 in front of a script, which count what they did."""

    def __init__(self, folder):
        os.chmod(folder, 0o755)
        self.folder, self.disk = folder, Disk(f"{folder}/state")
        with open(f"{folder}/anchor", "w", encoding="ascii") as out:
            out.write(ANCHOR)
        self.backend, self.sessions, self.messages = Backend(smtp), 0, 0
        self.mx = free_ports(2)
        edge = edge_config({"smtp": self.backend.port}, {"mx": self.mx})
        limits = "limits = { connections_per_address = 0; };"
        self.relay = Relay(folder, 'hold = ["held.example"];',
                           f'ledger = {{ keep = "all"; }}; {limits}\n{edge}')
        self.far = self.relay.far("well", end=answered)

    def mail(self):
        """In and out."""
        smtp_session(self.mx[0], says=(b"MAIL FROM:<a@client.example>",))
        self.sessions += 1
        mta = Mta(self.relay.lmtp, timeout=PATIENCE)
        said = mta.send("a@well.example")
        mta.close()
        assert said[-1].startswith("250"), said
        self.messages += 1
        assert len(self.far.messages) == self.messages

    def below_the_root(self):
        """Of a zone that the trust anchor is for, so that libunbound looks for keys, and has news to
        keep."""
        mta = Mta(self.relay.lmtp, timeout=PATIENCE)
        said = mta.send("a@bogus.example")
        mta.close()
        assert said[1].startswith("4"), said

    def mail_until(self, *events, after=0, full=False):
        """Mail goes on until the log has said all of these."""
        def is_said():
            if full:
                self.disk.fill()
            self.mail()
            said = {e.get("event") for e in self.relay.events[after:]}
            return said.issuperset(events)
        assert wait_until(is_said, PATIENCE), "".join(self.relay.text[-30:])

    def complaints(self, after=0):
        """How often each was said."""
        return collections.Counter((e["event"], e.get("file")) for e in self.relay.events[after:]
                                   if e.get("level") in ("error", "warn"))

    def died(self):
        return [e for e in self.relay.events if e.get("event") == "process died and is started again"]

    def recorded(self):
        return query(self.folder, "SELECT coalesce(sum(sessions), 0) AS n FROM sum WHERE leg = 0")[0]["n"]

    def close(self):
        self.relay.close()
        self.backend.close()
        self.disk.close()


@pytest.fixture
def full():
    folder = tempfile.mkdtemp(prefix="mailseal-")
    try:
        with contextlib.closing(Scene(folder)) as made:
            made.relay.ready()
            yield made
    finally:
        shutil.rmtree(folder)


def files_are_whole(folder):
    files = list(pathlib.Path(folder, "state").rglob("*.db"))
    assert {"ledger.db", "memory.db", "sts.db"} <= {file.name for file in files}
    for file in files:
        with contextlib.closing(sqlite3.connect(file, timeout=10)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], file
    assert not list(pathlib.Path(folder, "state").rglob("*.bad"))
    keys = list(pathlib.Path(folder, "state").rglob("root-*.key"))
    assert keys and all("bogus.example" in key.read_text(encoding="ascii") for key in keys)


def relay_closed(full):
    """Nothing was lost, and what is there serves the next start."""
    full.relay.process.terminate()
    assert full.relay.process.wait(PATIENCE) == 0
    files_are_whole(full.folder)
    with contextlib.closing(sqlite3.connect(f"{full.folder}/state/resolver/memory.db")) as db:
        assert db.execute("SELECT sessions > 0 FROM memory WHERE mx = 'mx.well.example'").fetchone() == (1,)
    full.relay.start_again()
    full.mail()
    assert wait_until(lambda: full.recorded() == full.sessions, PATIENCE)
