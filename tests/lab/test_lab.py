"""The lab itself: its servers do what other tests rely on, and nothing of it is left behind."""
import os
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAB = os.path.join(ROOT, "lab")
MAILSEAL = os.environ.get("MAILSEAL", os.path.join(ROOT, "build", "mailseal"))
LAB_PORTS = set("25 53 110 143 465 587 993 995 10025 10110 10143 10587".split())

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


def lab(command, *args, **kwargs):
    return subprocess.run([os.path.join(LAB, command), *args], text=True, timeout=600,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **kwargs)


def output(*argv):
    return subprocess.run(argv, text=True, check=True, stdout=subprocess.PIPE).stdout


def machine():
    """What a lab could leave on the machine."""
    listening = {line.split()[3].rsplit(":", 1)[1] for line in output("ss", "-Hltn").splitlines()}
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        mounts = {line.split()[4] for line in file}
    return {"ports": listening & LAB_PORTS,
            "links": set(os.listdir("/sys/class/net")),
            "mounts": {path for path in mounts if "/ms-" in path or path.startswith(LAB)},
            "namespaces": {line.split()[0] for line in output("ip", "netns").splitlines()
                           if line.startswith("ms-")},
            "processes": [args for args in output("ps", "-eo", "args").splitlines()
                          if args.startswith(("/usr/lib/postfix", "/usr/sbin/dovecot", "nsd -c"))
                          or f"{LAB}/bin/" in args],
            "run": os.path.exists(os.path.join(LAB, "run"))}


@pytest.fixture(scope="module")
def before():
    """The machine as it was before the lab, which is up while the tests run and gone after them."""
    if os.path.exists(os.path.join(LAB, "run")):
        pytest.skip("the lab is in use: lab/down first")
    was = machine()
    done = lab("up")
    assert done.returncode == 0 or not os.path.exists(MAILSEAL), done.stdout
    yield was
    lab("down")


def test_lab_up_without_mailseal_says_so(before):
    done = lab("up", env={**os.environ, "MAILSEAL": "/nonexistent/mailseal"})
    if not os.path.exists(MAILSEAL):
        assert done.returncode != 0 and "/nonexistent/mailseal is not there" in done.stdout


def test_lab_up_twice_changes_nothing(before):
    first = output("ip", "netns", "pids", "ms-alpha").split()[0]
    lab("up")
    assert first in output("ip", "netns", "pids", "ms-alpha").split()


def test_lab_up_opens_nothing_on_the_machine(before):
    during = machine()
    assert during["ports"] == before["ports"]
    assert during["links"] == before["links"]
    assert not [path for path in during["mounts"] if path.startswith(LAB)]


@pytest.mark.parametrize("host", ["alpha", "beta"])
def test_lab_servers_trust_only_sealed_sessions(before, host):
    done = lab("exec", host, "/lab/bin/backends", host)
    assert done.returncode == 0, done.stdout


def test_lab_names_are_signed_to_the_root(before):
    done = lab("exec", "client", "getent", "ahostsv6", "mx.beta.test")
    assert "2001:db8::12" in done.stdout
    for zone in ("root", "test", "alpha.test", "beta.test"):
        done = lab("exec", "ns", "ldns-verify-zone", f"/etc/nsd/zones/{zone}.zone")
        assert done.returncode == 0, done.stdout


def test_lab_legacy_speaks_tls_1_0_and_nothing_later(before):
    connect = ["exec", "client", "openssl", "s_client", "-starttls", "smtp", "-connect",
               "mx.legacy.test:25", "-cipher", "DEFAULT:@SECLEVEL=0"]
    assert "New, TLSv1.0, Cipher is" in lab(*connect, "-tls1").stdout
    assert "Cipher is (NONE)" in lab(*connect, "-tls1_2").stdout
    assert "STARTTLS" not in lab("exec", "client", "swaks", "--server", "mx-plain.legacy.test",
                                 "--quit-after", "EHLO").stdout


@pytest.mark.skipif(not os.path.exists(MAILSEAL), reason="no built mailseal")
def test_lab_demo_every_hop_is_sealed(before):
    done = lab("demo")
    assert done.returncode == 0, done.stdout


def test_lab_down_leaves_nothing(before):
    done = lab("down")
    assert done.returncode == 0, done.stdout
    assert machine() == before


def test_lab_up_leaves_a_namespace_of_others_alone(before):
    lab("down")
    subprocess.run(["ip", "netns", "add", "ms-net"], check=True)
    try:
        done = lab("up")
        assert done.returncode != 0 and "ms-net is already there" in done.stdout
        lab("down")
        assert "ms-net" in output("ip", "netns")
    finally:
        subprocess.run(["ip", "netns", "delete", "ms-net"], check=True)
