"""mailseal policy with a scripted name server: whom it asks. What it says of signed zones:
lab/test_lab_policy.py."""
import json
import subprocess

import pytest

from daemon import BINARY
from names import A, ANCHOR, MX, NameServer, wire


def facts(name, kind):
    if kind == MX and name == "plain.example":
        return 0, b"\0\x0a" + wire("mx.plain.example")
    return 0, b"\xc0\0\2\1" if kind == A and name == "mx.plain.example" else None


@pytest.fixture
def names():
    server = NameServer(facts)
    yield server
    server.close()


def policy(*arguments):
    return subprocess.run([BINARY, "policy", *arguments], stdin=subprocess.DEVNULL, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def configuration(folder, forward):
    path = folder / "mailseal.conf"
    (folder / "anchor").write_text(ANCHOR, encoding="ascii")
    path.write_text(f'hostname = "mx.example.org";\n'
                    f'policy_service = {{ socketmap = "unix:/run/x"; }};\n'
                    f'resolver = {{ forward = "{forward}"; '
                    f'trust_anchor = "{folder}/anchor"; }};\n', encoding="ascii")
    return str(path)


def test_it_asks_as_the_daemon_of_a_configuration_does(tmp_path, names):
    done = policy("--json", "--config", configuration(tmp_path, names.address), "plain.example")
    said = json.loads(done.stdout)
    assert done.returncode == 1 and said["mx"] == "insecure", done
    assert said["hosts"][0]["addresses"] == ["192.0.2.1"]
    assert "plain.example" in names.asked


def test_an_option_takes_the_place_of_the_file(tmp_path, names):
    path = configuration(tmp_path, "127.0.0.1@9")  # nobody answers there
    done = policy("--json", "--config", path, "--forward", names.address, "plain.example")
    assert done.returncode == 1 and "plain.example" in names.asked, done


ROUTES = """relay = { out = { listen = ["lmtp:127.0.0.1:2526"]; }; };
route = ( { domain = ".plain.example"; host = "192.0.2.9:25"; tls = { name = "smart.example.net"; }; },
          { domain = "plain.example"; host = "smart.example.net:465"; tls = { verify = "none"; };
            accept = ["unverified"]; } );
"""


@pytest.mark.parametrize("domain, level, host, code", [
    ("plain.example", "encrypt", "smart.example.net:465", 1),
    ("below.plain.example", "verify", "192.0.2.9:25", 0),
    ("other.example", None, None, 1),
])
def test_the_operators_route_comes_before_all(tmp_path, names, domain, level, host, code):
    path = configuration(tmp_path, names.address)
    with open(path, "a", encoding="ascii") as file:
        file.write(ROUTES)
    done = policy("--json", "--config", path, domain)
    route = json.loads(done.stdout)["route"] or {}
    assert (route.get("level"), route.get("host")) == (level, host) and done.returncode == code, done
    said = policy("--config", path, domain).stdout
    assert (f"to {host}, written by the operator" in said) == bool(host), said


@pytest.mark.parametrize("arguments, error", [
    (["--config", "/nonexistent", "plain.example"], "/nonexistent"),
    (["a..b"], "no domain"),
    ([], "one domain"),
    (["--forward", "nonsense", "plain.example"], "nonsense"),
    (["--stub", "nonsense", "plain.example"], "ZONE=ADDRESS"),
    (["--ca-file", "/nonexistent", "plain.example"], "--ca-file"),
])
def test_what_cannot_be_asked(arguments, error):
    done = policy(*arguments)
    assert done.returncode == 2 and error in done.stderr and not done.stdout, done
