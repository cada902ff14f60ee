"""The next key of a certificate that is ordered: when its record is everywhere it is ordered for, and put in force."""
import json
import subprocess

import pytest

from acme import MARKS, PATIENCE, issued, leaf_of, scene, shown  # noqa: F401
from daemon import wait_until
from test_tlsa import HOST, record
from test_tlsa_plan import TwoServers

pytestmark = MARKS


@pytest.fixture
def dns():
    dns = TwoServers()
    yield dns
    dns.close()


def tlsa(scene, *words):
    done = subprocess.run([scene.binary, "tlsa", "-c", scene.daemon.config, "--json", *words],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_an_ordered_certificate_goes_to_its_next_key(scene, dns):
    resolver = f'resolver = {{ forward = ["{dns.vouching.address}"]; trust_ad = true; }};'
    scene.run(f'names = ["{HOST}"];', f'witness_every = "1s"; {resolver}').ready()
    issued(scene)
    old = record(scene.path("chain.pem"))
    dns.publish(old)
    plan = tlsa(scene, "plan", "c")["records"]
    new = next(b"\3\1\1" + bytes.fromhex(r["data"]) for r in plan
               if r["key"] == "next key" and r["host"] == HOST)
    key = open(scene.path("next.pem"), "rb").read()
    dns.publish(old, new)
    assert wait_until(lambda: record(scene.path("chain.pem")) == new, PATIENCE), tlsa(scene, "status")
    assert wait_until(lambda: shown(scene.imap)[0] == leaf_of(scene.path("chain.pem")), PATIENCE)
    assert open(scene.path("key.pem"), "rb").read() == key
    assert wait_until(lambda: tlsa(scene, "status")[0]["state"] == "over", PATIENCE), tlsa(scene, "status")
