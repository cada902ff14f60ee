"""What mailseal check, sslscan and testssl.sh say of one endpoint, in one form to be compared."""
import json
import os
import re
import subprocess
import xml.etree.ElementTree
from types import SimpleNamespace

from daemon import BINARY, ROOT

STARTTLS = {"smtp": "smtp", "submission": "smtp", "imap": "imap", "pop3": "pop3"}


def table(file, rows=re.compile(r'\{ (0x[0-9a-f]{4}), "(\w+)"')):
    """Numbers of IANA by name, as the engine has them."""
    with open(os.path.join(ROOT, "src", "tls", file), encoding="ascii") as source:
        return {name: int(found, 0) for found, name in rows.findall(source.read())}


SUITES = table("iana_names.c")
GROUP_ROWS = re.compile(r'\b[A-Z]+\((0x[0-9a-f]+|\d+), .*?"(\w+)"\)')
NAMES = {number: name for name, number in SUITES.items()}


def run(argv, within=(), timeout=120):
    return subprocess.run([*within, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace", timeout=timeout,
                          check=False)


def place(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def number(name, numbers):
    return numbers[name] if name in numbers else int(name, 16)


def by_mailseal(address, port, service, *options, within=()):
    """versions: name -> numbers of suites in the server's order; order: name -> its own, True,
    False, or None where nothing tells; groups."""
    done = run([BINARY, "check", "--mine", "--deep", "--json", "--host",
                f"{place(address, port)}/{service}", *options], within)
    assert done.stdout, done.stderr
    said = json.loads(done.stdout)["endpoints"][0]
    assert said["reach"] == "open", (said["reach"], said["why"])
    versions = {name: [number(suite, SUITES) for suite in one["suites"]]
                for name, one in said["versions"].items() if one["is_there"]}
    assert all(said["versions"][name]["is_whole"] for name in versions), said["versions"]
    return SimpleNamespace(
        versions=versions, said=said, findings=json.loads(done.stdout)["findings"],
        order={name: said["versions"][name]["has_order"] for name in versions},
        groups=said["groups"], connections=said["connections"])


def by_sslscan(address, port, service, within=()):
    """groups: name -> numbers, of TLS 1.3 and of what is below."""
    argv = ["sslscan", "--xml=-", "--no-check-certificate", "--no-heartbleed", "--no-fallback",
            "--no-renegotiation", "--no-compression", "--timeout=10"]
    if service in STARTTLS:
        argv.append(f"--starttls-{STARTTLS[service]}")
    done = run([*argv, place(address, port)], within)
    test = xml.etree.ElementTree.fromstring(done.stdout).find("ssltest")
    assert test is not None, done.stdout + done.stderr
    versions = {}
    for protocol in test.iter("protocol"):
        name = protocol.get("type").upper().replace("SSL", "SSLv").replace("TLS", "TLSv")
        if protocol.get("enabled") == "1":
            versions[name + protocol.get("version")] = []
    for cipher in test.iter("cipher"):
        versions.setdefault(cipher.get("sslversion"), []).append(int(cipher.get("id"), 16))
    groups = {}
    for group in test.iter("group"):
        groups.setdefault(group.get("sslversion"), set()).add(int(group.get("id"), 16))
    return SimpleNamespace(versions=versions, groups=groups)


def by_testssl(address, port, service, out, *options, within=()):
    """Each suite of each version by itself (-E)."""
    argv = ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--openssl-timeout", "10",
            "--jsonfile", str(out), "-E", *options]
    if service in STARTTLS:
        argv += ["--starttls", STARTTLS[service]]
    run([*argv, place(address, port)], within, timeout=1500)
    findings = json.loads(out.read_text())
    versions = {}
    for one in findings:
        found = re.match(r"cipher-(tls1_?\d?|ssl[23])_x(\w+)", one["id"])
        if found:
            versions.setdefault(testssl_version(found[1]), set()).add(int(found[2], 16))
    return SimpleNamespace(versions=versions, findings=findings)


def testssl_version(name):
    """ssl3, tls1, tls1_1"""
    return name.replace("ssl", "SSLv").replace("tls1_", "TLSv1.").replace("tls1", "TLSv1.0")


def differences(one, other):
    """version -> (numbers in one alone, numbers in the other alone)."""
    found = {}
    for version in sorted(set(one) | set(other)):
        left, right = set(one.get(version, ())), set(other.get(version, ()))
        if left != right or (version in one) != (version in other):
            found[version] = (names(left - right), names(right - left))
    return found


def names(numbers):
    return sorted(NAMES.get(one, f"{one:#06x}") for one in numbers)


def group_numbers(groups):
    known = table("iana_groups.c", GROUP_ROWS)
    return {known[name] for name in groups}


def groups_agree(ours, theirs):
    """sslscan looks for finite fields in TLS 1.3 alone, and for nothing post-quantum."""
    seen = set().union(*theirs.groups.values())
    is_old = "TLSv1.3" not in theirs.groups
    compared = {group for group in ours.groups
                if "MLKEM" not in group and not (is_old and group.startswith("ffdhe"))}
    assert ours.said["groups_are_whole"], ours.groups
    assert group_numbers(compared) == seen, (ours.groups, theirs.groups)


def orders_agree(ours, theirs, ordered, is_of_parts=False):
    """ordered: versions in which the server chooses; in all others the client does. Below TLS 1.3, for
    there sslscan asks for each suite by itself. is_of_parts: the server's order is found among 64
    suites that were offered together (tls/enumerate.h), and of a longer list two parts stand one
    after the other."""
    told = {version: has for version, has in ours.order.items() if has is not None}
    assert {version for version, has in told.items() if has} == set(ordered) & set(told), told
    for version in set(ordered) - {"TLSv1.3"}:
        same = ours.versions[version] == theirs.versions[version]
        assert same or is_of_parts, (version, ours.versions, theirs.versions)
