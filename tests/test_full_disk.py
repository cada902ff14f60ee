"""The file system of state_dir becomes full: mail goes on, the log says so once, nothing breaks, and what
could not be written is written when there is room again."""
import pathlib
import shutil
import tempfile

from daemon import wait_until
from disks import FULL, NEEDS_ROOT, PATIENCE, Disk, full, relay_closed  # noqa: F401
from test_site import GOOD, Site

pytestmark = NEEDS_ROOT


def test_it_becomes_full_and_has_room_again(full):  # noqa: F811
    relay = full.relay
    full.mail()
    full.below_the_root()
    seen, ledger = len(relay.events), relay.children()["ledger"]
    full.disk.fill()
    full.mail_until("sessions cannot be written", "TLS of far ends is not remembered", "the disk is full",
                    "the DNSSEC trust anchor is not kept up to date", after=seen, full=True)
    assert relay.wait("sessions cannot be written", after=seen)["error"] == FULL
    assert relay.wait("the DNSSEC trust anchor is not kept up to date", after=seen)["error"] == FULL
    full.below_the_root()
    for _ in range(50):
        full.mail()
    full.below_the_root()
    said, again = full.complaints(seen), len(relay.events)
    assert max(said.values()) <= 2 and sum(said.values()) < 20, said  # of either resolver
    full.disk.empty()
    full.mail_until("sessions are written again", "there is room on the disk again", after=again)
    assert wait_until(lambda: full.recorded() == full.sessions, PATIENCE), (full.recorded(), full.sessions)
    full.below_the_root()
    full.mail()
    assert wait_until(lambda: full.recorded() == full.sessions, PATIENCE)
    assert not full.died() and relay.children()["ledger"] == ledger
    relay_closed(full)


def test_a_policy_of_our_own_is_served():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mailseal-"))
    disk = Disk(folder / "state")
    site = None
    try:
        disk.fill()
        site = Site(folder)
        complaint = "what is served is not kept"
        assert site.daemon.wait(complaint, PATIENCE)["error"] == FULL
        assert wait_until(lambda: site.ask(f"mta-sts.{GOOD}")[0] == 200, PATIENCE)
        disk.empty()
        site.daemon.wait("what is served is kept again", PATIENCE)
        assert sum(e.get("event") == complaint for e in site.daemon.events) == 1
        assert GOOD in (folder / "state" / "site" / "served").read_text(encoding="ascii")
    finally:
        if site:
            site.close()
        disk.close()
        shutil.rmtree(folder)
