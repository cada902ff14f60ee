"""The file system of state_dir is full when the daemon starts, or when a certificate is due."""
import os
import pathlib
import shutil
import time

import pytest

from acme import NAMES, issued, scene, shown  # noqa: F401
from daemon import wait_until
from disks import FULL, NEEDS_ROOT, PATIENCE, Disk, full, relay_closed  # noqa: F401

pytestmark = NEEDS_ROOT


def test_it_is_full_at_the_start(full):  # noqa: F811
    relay = full.relay
    full.mail()
    relay.process.terminate()
    assert relay.process.wait(PATIENCE) == 0
    full.disk.fill()
    relay.start_again()
    full.mail_until("sessions are not recorded", "the DNSSEC trust anchor is not kept up to date")
    full.below_the_root()
    assert relay.wait("sessions are not recorded")["error"] == FULL
    for _ in range(20):
        full.mail()
    assert max(full.complaints().values()) == 1, full.complaints()
    seen = len(relay.events)
    full.disk.empty()
    full.mail_until("sessions are recorded again", "there is room on the disk again", after=seen)
    full.below_the_root()
    full.mail()
    assert wait_until(lambda: full.recorded() == full.sessions, PATIENCE), (full.recorded(), full.sessions)
    assert not full.died()
    relay_closed(full)


@pytest.mark.parametrize("scene", [{"lives_s": 20}], indirect=True)
@pytest.mark.skipif(not shutil.which("pebble") or not shutil.which("uacme"), reason="needs pebble and uacme")
def test_no_certificate_is_ordered_again_and_again(scene):  # noqa: F811
    disk = Disk(f"{scene.folder}/state")
    try:
        daemon = scene.run(NAMES)
        issued(scene)
        seen = len(daemon.events)
        for old in pathlib.Path(scene.folder, "state", "acme", "requests").iterdir():
            old.unlink()  # the order would, and have room
        disk.fill()
        assert daemon.wait("how an order went is not kept", PATIENCE, after=seen)["error"] == FULL
        failed = "certificate not issued, the one before stays"
        assert daemon.wait(failed, PATIENCE, after=seen, failures="1")["reason"] == FULL
        # Once more soon, and then minutes pass.
        daemon.wait(failed, PATIENCE, after=seen, failures="2")
        assert scene.status()["failures"] == 2
        assert scene.status()["due"] - time.time() > 100
        before = shown(scene.imap)[0]
        disk.empty()
        seen = len(daemon.events)
        assert '"ok": true' in daemon.ctl("--json", "acme-renew", "c").stdout
        daemon.wait("certificate issued", PATIENCE, after=seen)
        assert wait_until(lambda: shown(scene.imap)[0] != before, PATIENCE)
        assert wait_until(lambda: scene.status()["failures"] == 0, PATIENCE)
        assert os.path.getsize(scene.path("order"))
    finally:
        if scene.daemon:
            scene.daemon.close()
        disk.close()
