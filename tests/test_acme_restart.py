"""A daemon that is started again in the middle of an order: it is finished or begun again, and the CA is not asked
twice in a minute."""
import os
import time

import pytest

from acme import MARKS, NAMES, PATIENCE, issued, leaf_of, scene, shown  # noqa: F401
from daemon import wait_until

pytestmark = MARKS


def record_of(scene):
    """When the last order began, which was cut off."""
    with open(scene.path("order"), encoding="ascii") as text:
        began, ended, failures = text.read().split()[:3]
    assert ended == "0"
    return int(began), failures


def minute_passed(scene):
    """Since the order that was cut off began, for the daemon that is started once more."""
    scene.daemon.close()
    began, failures = record_of(scene)
    with open(scene.path("order"), "w", encoding="ascii") as text:
        text.write(f"{began - 60} 0 {failures} \n")
    scene.daemon.start(wrap=scene.wrap)
    scene.daemon.ready()


def orders(scene):
    """That the CA was asked for."""
    with open(f"{scene.folder}/pebble.log", encoding="utf-8") as log:
        return log.read().count("/order-plz")


def test_a_restart_in_the_middle_of_an_order(scene):
    scene.ca.stop()
    daemon = scene.run(NAMES)
    daemon.wait("certificate ordered", PATIENCE)
    daemon.close()
    began = record_of(scene)[0]
    scene.ca.start({})
    daemon.start(wrap=scene.wrap)
    daemon.ready()
    assert scene.status()["due"] == began + 60
    minute_passed(scene)
    issued(scene)
    assert scene.status()["failures"] == 0


def is_running(pid):
    """Not one that waits for a first process that reaps nobody, as in a tree's namespace."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("scene", [{"env": {"PEBBLE_VA_NOSLEEP": "0", "PEBBLE_VA_SLEEPTIME": "600"}}], indirect=True)
@pytest.mark.parametrize("end", ["close", "kill"])
def test_a_restart_while_the_ca_looks_asks_it_once_a_minute(scene, end):
    daemon = scene.run(NAMES)
    assert wait_until(lambda: orders(scene), PATIENCE)
    if end == "kill":
        pids = sum(daemon.children().values(), [])
        daemon.process.kill()
        daemon.process.wait()
        assert wait_until(lambda: not any(is_running(pid) for pid in pids), PATIENCE)
    else:
        daemon.close()
    began, _ = record_of(scene)
    scene.ca.stop()
    asked = orders(scene)
    scene.ca.start({})
    daemon.start(wrap=scene.wrap)
    daemon.ready()
    assert scene.status()["due"] == began + 60
    daemon.ctl("reload")
    daemon.wait("configuration reloaded", PATIENCE)
    assert not [e for e in daemon.events if e.get("event") == "certificate ordered"] and orders(scene) == asked
    minute_passed(scene)
    issued(scene)
    assert scene.status()["failures"] == 0


def test_what_the_client_got_before_a_restart_is_kept(scene):
    daemon = scene.run(NAMES)
    issued(scene)
    leaf = leaf_of(scene.path("chain.pem"))
    daemon.close()
    os.unlink(scene.path("chain.pem"))  # as it is until it is read from where the client wrote it
    with open(scene.path("order"), "w", encoding="ascii") as text:
        text.write(f"{int(time.time())} 0 0 \n")
    asked = orders(scene)
    daemon.start(wrap=scene.wrap)
    issued(scene)
    assert shown(scene.imap)[0] == leaf and orders(scene) == asked
    assert scene.status()["state"] == "issued"
    assert not [e for e in daemon.events if e.get("event") == "certificate ordered"]
