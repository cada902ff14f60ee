"""The lab itself: its servers do what other tests rely on, and nothing of it is left behind."""
import hashlib
import json
import os
import re
import subprocess

import pytest

from labtools import BINARY as MAILSEAL
from labtools import LAB, RUN, inside, lab, netns, until

LAB_PORTS = set("25 53 110 143 465 587 993 995 10025 10110 10143 10587".split())

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


def output(*argv):
    return subprocess.run(argv, text=True, check=True, stdout=subprocess.PIPE).stdout


PREFIX = output("bash", "-c", '. "$0/lib.sh" && echo "$PREFIX"', LAB).strip()


def is_of_another_lab(pid):
    """Of another checkout, whose lab comes and goes as it likes."""
    name = subprocess.run(["ip", "netns", "identify", pid], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()
    return name.startswith("ms-") and not name.startswith(PREFIX)


def processes():
    """Command lines of what may be a lab's."""
    lines = [line.split(None, 1) for line in output("ps", "-eo", "pid=,args=").splitlines()]
    return [args for pid, args in lines
            if (args.startswith(("/usr/lib/postfix", "/usr/sbin/dovecot", "nsd -c"))
                or f"{LAB}/bin/" in args) and not is_of_another_lab(pid)]


def machine():
    """What this lab could leave on the machine."""
    listening = {line.split()[3].rsplit(":", 1)[1] for line in output("ss", "-Hltn").splitlines()}
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        mounts = {line.split()[4] for line in file}
    return {"ports": listening & LAB_PORTS,
            "links": set(os.listdir("/sys/class/net")),
            "mounts": {path for path in mounts if f"/{PREFIX[:-1]}" in path or path.startswith(LAB)},
            "namespaces": {line.split()[0] for line in output("ip", "netns").splitlines()
                           if line.startswith(PREFIX)},
            "processes": processes(),
            "run": os.path.exists(os.path.join(LAB, "run"))}


BYSTANDER = """
mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=$0/trees/exim,upperdir=/mnt/upper,workdir=/mnt/work none /mnt/root
cp $0/conf/exim/exim4.conf /mnt/root/etc/exim4/exim4.conf
sed -i '/^hosts_proxy/d; /^tls_/d; s/^local_interfaces.*/local_interfaces = 127.0.0.1.25/' \
	/mnt/root/etc/exim4/exim4.conf
chroot /mnt/root install -d -o Debian-exim -g adm /var/log/exim
ip link set lo up
exec chroot /mnt/root exim4 -bdf
"""


BESIDE = f"ms-bystander-{os.getpid()}"


class Bystander:
    """An Exim that was there before the lab and has nothing to do with it."""

    def __init__(self):
        subprocess.run(["ip", "netns", "add", BESIDE], check=True)
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", BESIDE, "unshare", "--mount", "sh", "-ec", BYSTANDER,
             LAB], stdin=subprocess.DEVNULL)
        until(lambda: self.talk().startswith("220 exim.test"))

    def talk(self):
        return subprocess.run(
            ["ip", "netns", "exec", BESIDE, "bash", "-c",
             "exec 3<>/dev/tcp/127.0.0.1/25 && echo QUIT >&3 && cat <&3"],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def state(self):
        """Its processes, its files, and the packages of the machine."""
        processes = {pid: output("ps", "-o", "lstart=,args=", "-p", pid)
                     for pid in output("ip", "netns", "pids", BESIDE).split()}
        root = f"/proc/{self.process.pid}/root"
        files = {}
        for top in ("etc", "usr/sbin", "var/lib/exim4", "var/lib/dpkg", "var/mail"):
            for folder, _, names in os.walk(f"{root}/{top}"):
                for name in names:
                    path = os.path.join(folder, name)
                    if os.path.isfile(path) and not os.path.islink(path):
                        with open(path, "rb") as file:
                            files[path] = hashlib.sha256(file.read()).digest()
        return {"processes": processes, "files": files, "packages": output("dpkg", "-l")}

    def end(self):
        self.process.kill()
        self.process.wait()
        subprocess.run(["ip", "netns", "delete", BESIDE], check=True)


@pytest.fixture(scope="module")
def bystander():
    done = lab("tree", "exim")
    assert done.returncode == 0, done.stdout
    one = Bystander()
    yield one, one.state()
    one.end()


@pytest.fixture(scope="module")
def before(bystander):
    """The machine as it was before the lab, which is up while the tests run and gone after them."""
    if os.path.exists(os.path.join(LAB, "run")):
        lab("down")  # that of make demo
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
    first = output("ip", "netns", "pids", netns("alpha")).split()[0]
    lab("up")
    assert first in output("ip", "netns", "pids", netns("alpha")).split()


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
    letters = dict(reversed(words) for words in re.findall(
        r"^([A-F]\+?) +(\S+\.test)  ", done.stdout, re.M))
    assert letters == {"beta.test": "A", "legacy.test": "C"}, done.stdout
    assert "\nsealed: TLS 1.2 or later" in done.stdout  # hops, of the message


def report(*words):
    """What alpha's ledger says."""
    done = subprocess.run([MAILSEAL, "report", *words, "--json", "-c", f"{RUN}/alpha/mailseal.conf"],
                          text=True, stdout=subprocess.PIPE, timeout=30, check=False)
    return json.loads(done.stdout)


@pytest.mark.skipif(not os.path.exists(MAILSEAL), reason="no built mailseal")
def test_lab_demo_is_in_the_ledger_and_on_the_dashboard(before):
    pages = {"inbound": "inbound", "outbound": "outbound", "user": "users", "internal": "internal"}
    legs = {row["leg"]: row for row in report("coverage") if row["protocol"] == "all"}
    for leg, page in pages.items():
        assert legs[leg]["sessions"] + legs[leg]["local_sessions"] > 0, legs
        html = inside("alpha", "curl", "-sS", f"http://127.0.0.1:8025/{page}")
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", re.search(r"<tbody>(.*?)</tbody>", html,
                                                                  re.S)[1], re.S)
        assert int(cells[1]) == legs[leg]["sessions"], (leg, cells)
    assert legs["outbound"]["authenticated"] == 1 and legs["user"]["plain"] == 0
    behind = report("impact", "--min-version", "1.3")["who"]
    assert behind and {row["software"] for row in behind} == {"mx.legacy.test"}


def test_lab_down_leaves_nothing(before):
    done = lab("down")
    assert done.returncode == 0, done.stdout
    assert machine() == before


def test_lab_touches_no_mail_server_beside_it(before, bystander):
    exim, state = bystander
    assert exim.talk().startswith("220 exim.test")
    now = exim.state()
    assert len(state["files"]) > 500 and len(state["processes"]) == 1
    for what, was in state.items():
        assert now[what] == was, what


def test_lab_up_leaves_a_namespace_of_others_alone(before):
    lab("up")
    hub = netns("net")
    lab("down")
    subprocess.run(["ip", "netns", "add", hub], check=True)
    try:
        done = lab("up")
        assert done.returncode != 0 and f"{hub} is already there" in done.stdout
        lab("down")
        assert hub in output("ip", "netns")
    finally:
        subprocess.run(["ip", "netns", "delete", hub], check=True)
