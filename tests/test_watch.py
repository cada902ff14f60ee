"""mailseal watch: what crosses a network in clear, found in captures of every protocol."""
import contextlib
import json
import os
import pty
import random
import re
import select
import signal
import socket
import ssl
import subprocess
import threading

import pytest

import recut
import watch_talks
from capture import COOKED, COOKED2, ESP, NULL, RAW, Capture, ip_packet
from daemon import BINARY, make_certificate
from watch_talks import IMAP, NOTHING_CASES, PASSWORD, PLAIN_CASES, SECRETS, SMTP_HELLO, USER

VARIANTS = {
    "whole": {},
    "every-byte": {"piece": 1},
    "pieces-backwards": {"piece": 7, "order": "reversed"},
    "twice": {"piece": 11, "twice": True},
    "ipv6": {"client": "2001:db8::1", "server": "2001:db8::2"},
    "fragments": {"fragment": 24},
    "fragments-ipv6": {"fragment": 32, "client": "2001:db8::1", "server": "2001:db8::2"},
}


def watch(*arguments, **more):
    return subprocess.run([BINARY, "watch", *arguments], capture_output=True, timeout=60, check=False,
                          text=True, **more)


def no_secret(*texts):
    for text in texts:
        for secret in SECRETS:
            assert secret not in text


def asked(path, *arguments, code=None):
    """The rows of a capture; nothing that is shown has a password in it."""
    done = watch("--json", "-r", str(path), *arguments)
    text = watch("-r", str(path), *arguments)
    assert not done.stderr and not text.stderr, (done.stderr, text.stderr)
    assert done.returncode == text.returncode
    no_secret(done.stdout, text.stdout)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["type"] == "summary"
    if code is not None:
        assert done.returncode == code, text.stdout
    return [line for line in lines if line["type"] == "service"]


def told(row):
    return row["protocol"], row["verdict"], row["mechanism"], row["user"]


def wanted(case):
    return case.protocol, case.verdict, case.mechanism, case.user


@pytest.fixture(scope="module", name="chain")
def chain_fixture(tmp_path_factory):
    return make_certificate(str(tmp_path_factory.mktemp("chain")))


def corpus(cases, variant, path):
    """All cases in one capture, each on a port that says nothing: what is found of each."""
    capture = Capture()
    for number, case in enumerate(cases):
        capture.talk(case.steps, port=number + 1, **VARIANTS[variant])
    found = {case.name: [] for case in cases}
    rows = asked(capture.save(path))
    for row in rows:
        found[cases[row["port"] - 1].name].append(told(row))
    return found, rows


def verdicts_print(variant, found, wrong):
    for name, rows in found.items():
        print(f"{variant:18} {name:26} {'WRONG' if name in wrong else 'found'} {rows}")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_plain_flow_and_password_is_found(variant, tmp_path):
    cases = PLAIN_CASES + NOTHING_CASES
    found, _ = corpus(cases, variant, tmp_path / "x.pcap")
    wrong = {case.name: wanted(case) for case in cases if found[case.name] != [wanted(case)]}
    verdicts_print(variant, found, wrong)
    assert not wrong


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_encrypted_flow_is_accused(variant, tmp_path, chain):
    cases = watch_talks.tls_cases(chain)
    found, rows = corpus(cases, variant, tmp_path / "x.pcap")
    wrong = {case.name: wanted(case) for case in cases if [row[:2] for row in found[case.name]] != [wanted(case)[:2]]}
    verdicts_print(variant, found, wrong)
    assert not wrong and {row["sni"] for row in rows} == {"mail.example.org"}


def test_tls_is_told_with_version_suite_group_and_name(tmp_path, chain):
    capture = Capture()
    capture.talk(watch_talks.tls(chain), port=1)
    capture.talk(watch_talks.tls(chain, version=ssl.TLSVersion.TLSv1_2, suites="ECDHE-ECDSA-AES128-GCM-SHA256"), port=2)
    capture.talk(watch_talks.tls(chain, version=ssl.TLSVersion.TLSv1), port=3)
    rows = {row["port"]: row for row in asked(capture.save(tmp_path / "x.pcap"), code=0)}
    assert rows[1]["version"] == "TLS 1.3" and rows[1]["suite"].startswith("TLS_") and rows[1]["group"]
    assert (rows[2]["version"], rows[2]["suite"]) == ("TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
    assert rows[2]["group"] and not rows[2]["legacy"]
    assert rows[3]["version"] == "TLS 1.0" and rows[3]["legacy"]


def test_tls_is_told_with_the_fingerprint_of_the_client(tmp_path, chain):
    """JA4: the same for the same client, whatever the name it asks for and the port."""
    capture = Capture()
    capture.talk(watch_talks.tls(chain), port=1)
    capture.talk(watch_talks.tls(chain), port=2)
    capture.talk(watch_talks.tls(chain, version=ssl.TLSVersion.TLSv1_2), port=3)
    rows = {row["port"]: row["ja4"] for row in asked(capture.save(tmp_path / "x.pcap"), code=0)}
    assert re.fullmatch(r"t13d\d{4}00_[0-9a-f]{12}_[0-9a-f]{12}", rows[1]) and rows[1] == rows[2]
    assert rows[3].startswith("t12d")


def test_certificate_is_told_up_to_tls_1_2(tmp_path, chain):
    """Expired counts by the time of the capture, not by today's."""
    capture, path = Capture(), tmp_path / "x.pcap"
    capture.talk(SMTP_HELLO + ["C: STARTTLS", "S: 220 go"] + watch_talks.tls(chain, version=ssl.TLSVersion.TLSv1_2), port=1)
    capture.talk(watch_talks.tls(chain), port=2)
    rows = {row["port"]: row["certificate"] for row in asked(capture.save(path), code=0)}
    assert rows[2] is None
    assert rows[1]["names"] == ["mail.example.org"] and rows[1]["subject"] == rows[1]["issuer"] == "CN=mail.example.org"
    assert rows[1]["self_signed"] and not rows[1]["expired"]
    assert "TLS 1.2 x25519, self-signed" in watch("-r", str(path)).stdout
    recut.save(path, [(seconds + 10 * 366 * 86400, micros, frame) for seconds, micros, frame in recut.read(path)])
    done = watch("--json", "-r", str(path))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["certificate"]["expired"] for line in lines if line["type"] == "service" and line["port"] == 1] == [True]
    assert lines[-1]["expired_certificates"] == 1
    assert "certificate expired" in watch("-r", str(path)).stdout


@pytest.mark.parametrize("name", ["smtp-auth-plain-ir", "smtp-mail", "imap-login", "pop3-pass", "sieve-plain"])
def test_a_lost_segment_hides_no_login_behind_it(name, tmp_path):
    """Each data segment is lost once: what is proven by the others is still found."""
    case = next(c for c in PLAIN_CASES if c.name == name)
    telling = [i for i, step in enumerate(case.steps) if isinstance(step, str) and step[0] == "C" and
               re.match(r"C: (AUTH|MAIL|RCPT|PASS|a1 LOGIN)", step, re.I)]
    for lost in range(len(case.steps)):
        capture = Capture()
        capture.talk(case.steps, lose=[lost])
        rows = asked(capture.save(tmp_path / "x.pcap"))
        plain = [row for row in rows if row["verdict"].startswith("plaintext")]
        assert plain or lost in telling or lost < 2, (lost, case.steps[lost], rows)
        if case.verdict == watch_talks.PASS and lost not in telling and lost > 1:
            assert plain[0]["verdict"] == case.verdict, (lost, rows)


def test_a_lost_answer_to_starttls_is_no_accusation(tmp_path, chain):
    steps = watch_talks.SMTP_OFFER + ["C: STARTTLS", "S: 220 go"] + watch_talks.tls(chain)
    for lost in range(len(steps)):
        capture = Capture()
        capture.talk(steps, lose=[lost])
        rows = asked(capture.save(tmp_path / "x.pcap"))
        assert not [row for row in rows if row["verdict"].startswith(("plain", "starttls-off"))], (lost, rows)


def test_begun_before_the_capture(tmp_path, chain):
    middle = Capture()
    middle.talk(["C: RETR 12", "S: +OK", "C: DELE 12", "S: +OK"], begin=False, port=1)
    middle.talk(["C: MAIL FROM:<a@b>", "S: 250 ok"], begin=False, port=2)
    middle.talk([f"C: a7 LOGIN {USER} {PASSWORD}", "S: a7 OK"], begin=False, port=3)
    middle.talk([("C", bytes(range(200))), ("S", bytes(200))], begin=False, port=4)
    middle.talk(watch_talks.tls(chain, inside=b"x" * 3000)[-2:], begin=False, port=5)
    middle.talk(SMTP_HELLO[1:] + watch_talks.MAIL, begin=False, port=6)
    rows = {row["port"]: row["verdict"] for row in asked(middle.save(tmp_path / "x.pcap"), code=1)}
    assert rows == {1: "plaintext", 2: "plaintext", 3: "plaintext+password", 4: "unknown-midstream", 5: "tls", 6: "plaintext"}


def test_what_nobody_knows_is_said_to_be_unknown(tmp_path):
    noise = random.Random(6)
    capture = Capture()
    capture.talk([("C", noise.randbytes(2000)), ("S", noise.randbytes(2000))], port=25)
    capture.talk([("C", b"hello there\n"), ("S", b"general\n")], port=993)
    rows = {row["port"]: row["verdict"] for row in asked(capture.save(tmp_path / "x.pcap"), code=2)}
    assert rows == {25: "unknown-high-entropy", 993: "unknown"}


@pytest.mark.parametrize("link", [COOKED, COOKED2, RAW, NULL])
def test_link_types(link, tmp_path):
    capture = Capture(link)
    capture.talk(SMTP_HELLO + watch_talks.MAIL)
    assert [row["verdict"] for row in asked(capture.save(tmp_path / "x.pcap"), code=1)] == ["plaintext"]


def test_vlan_tags_one_and_two(tmp_path):
    for vlans in ((7,), (100, 7)):
        capture = Capture(vlans=vlans)
        capture.talk(SMTP_HELLO + watch_talks.MAIL)
        assert [row["verdict"] for row in asked(capture.save(tmp_path / "x.pcap"), code=1)] == ["plaintext"]


def snmp(community):
    return b"\x30" + bytes([9 + len(community)]) + b"\x02\x01\x01\x04" + bytes([len(community)]) + community + b"\xa0\x02\x05\x00"


def test_datagrams(tmp_path):
    quic = b"\xc0\0\0\0\1\x08" + bytes(1200)
    query = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\7example\3org\0\0\1\0\1"
    dtls = b"\x16\xfe\xff" + bytes(8) + b"\0\x20\x01" + bytes(31), b"\x16\xfe\xfd" + bytes(8) + b"\0\x20\x02" + bytes(11) + b"\xfe\xfd" + bytes(18)
    talks = {
        1: (b"<38>Oct 1 10:00:00 mx postfix: x", None, "syslog", "plaintext"),
        2: (query, query[:2] + b"\x81\x80" + query[4:], "dns", "plaintext"),
        3: (snmp(PASSWORD.encode()), snmp(PASSWORD.encode()), "snmp", "plaintext+password"),
        4: (b"\1\0\0\0" + bytes(144), b"\2\0\0\0" + bytes(88), "wireguard", "tunnel"),
        5: (quic, quic, "quic", "tls"),
        6: (*dtls, "dtls", "tls"),
        7: (b"\x38" + bytes(20), b"\x40" + bytes(30), "openvpn", "tunnel"),
        8: (b"\x23" + bytes(47), b"\x24" + bytes(47), "ntp", "nothing-said"),
        9: (b"hello", b"there", None, "unknown"),
    }
    capture = Capture()
    for port, (there, back, _, _) in talks.items():
        capture.datagram(there, port=port)
        if back:
            capture.datagram(back, port=port, back=True)
    capture.add(ip_packet("10.0.0.1", "10.0.0.2", ESP, bytes(100)))
    rows = {row["port"]: (row["protocol"], row["verdict"]) for row in asked(capture.save(tmp_path / "x.pcap"), code=1)}
    assert rows == {0: ("esp", "tunnel"), **{port: talk[2:] for port, talk in talks.items()}}


def test_a_port_proves_nothing(tmp_path, chain):
    """Plain on 993, TLS on 143."""
    capture = Capture()
    capture.talk(IMAP + [f"C: a1 LOGIN {USER} {PASSWORD}", "S: a1 OK"], port=993)
    capture.talk(watch_talks.tls(chain), port=143)
    rows = {row["port"]: row["verdict"] for row in asked(capture.save(tmp_path / "x.pcap"), code=1)}
    assert rows == {993: "plaintext+password", 143: "tls"}


@pytest.mark.parametrize("header", [b"PROXY TCP4 192.0.2.1 192.0.2.2 4000 25\r\n",
                                    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x0f\xa0\0\x19"])
@pytest.mark.parametrize("variant", ["whole", "every-byte"])
def test_behind_a_balancer(header, variant, tmp_path, chain):
    """What stands behind a PROXY header is judged as if there were none."""
    capture = Capture()
    capture.talk([("C", header)] + IMAP + [f"C: a1 LOGIN {USER} {PASSWORD}", "S: a1 OK"], port=1, **VARIANTS[variant])
    capture.talk([("C", header)] + watch_talks.tls(chain), port=2, **VARIANTS[variant])
    rows = {row["port"]: row["verdict"] for row in asked(capture.save(tmp_path / "x.pcap"), code=1)}
    assert rows == {1: "plaintext+password", 2: "tls"}


def test_two_verdicts_of_one_service_are_two_rows(tmp_path, chain):
    capture = Capture()
    capture.talk(watch_talks.SMTP_OFFER + watch_talks.MAIL)
    capture.talk(watch_talks.SMTP_OFFER + ["C: STARTTLS", "S: 220 go"] + watch_talks.tls(chain), client="10.0.0.3")
    rows = asked(capture.save(tmp_path / "x.pcap"), code=1)
    assert [(row["client"], row["verdict"]) for row in rows] == [
        ("10.0.0.1", "starttls-offered-not-used"), ("10.0.0.3", "starttls-used")]


def test_loopback_is_local_and_is_no_fault(tmp_path):
    capture = Capture()
    capture.talk(SMTP_HELLO + watch_talks.MAIL, client="127.0.0.1", server="127.0.0.1")
    rows = asked(capture.save(tmp_path / "x.pcap"), code=0)
    assert rows[0]["where"] == "local" and rows[0]["verdict"] == "plaintext"
    rows = asked(tmp_path / "x.pcap", "--as", "network", code=0)
    assert rows[0]["where"] == "local"


def test_as_says_where(tmp_path):
    capture = Capture()
    capture.talk(SMTP_HELLO + watch_talks.MAIL)
    path = capture.save(tmp_path / "x.pcap")
    assert asked(path, "--as", "inside-tunnel", code=0)[0]["where"] == "inside-tunnel"
    assert asked(path, "--as", "local", code=0)[0]["where"] == "local"


def test_legs_by_networks(tmp_path):
    capture = Capture()
    capture.talk(SMTP_HELLO + watch_talks.MAIL, client="192.0.2.1", server="192.0.2.2")
    path = capture.save(tmp_path / "x.pcap")
    assert asked(path, code=1)[0]["leg"] == "external"
    assert asked(path, "--internal", "192.0.2.0/24", code=1)[0]["leg"] == "internal"


def test_the_mend_is_ready(tmp_path):
    capture = Capture()
    capture.talk(["S: 220 box LMTP", "C: LHLO mx", "S: 250 box"] + watch_talks.MAIL, port=24)
    path = capture.save(tmp_path / "x.pcap")
    text = watch("-r", path).stdout
    assert 'lmtp_10_0_0_2_24 = { listen = "127.0.0.1:24"; to = "10.0.0.2:20024"; peer = "10.0.0.2"; };' in text
    assert 'listen_tls = "10.0.0.2:20024"; to = "127.0.0.1:24"; peer = ["10.0.0.1"];' in text
    assert "lmtp_tls_security_level" in text
    lines = [json.loads(line) for line in watch("--json", "-r", path).stdout.splitlines()]
    assert [line["type"] for line in lines] == ["service", "link", "link", "summary"]
    assert [line["host"] for line in lines if line["type"] == "link"] == ["10.0.0.1", "10.0.0.2"]
    assert all(line["settings"] in text for line in lines if line["type"] == "link")


def test_datagrams_have_a_mend_too(tmp_path):
    capture = Capture()
    capture.datagram(b"<38>Oct 1 10:00:00 mx postfix: x")
    text = watch("-r", capture.save(tmp_path / "x.pcap")).stdout
    assert "RFC 5425" in text and 'listen_tls = "10.0.0.2:6514"; protocol = "syslog"; to = "127.0.0.1:514";' in text


def test_links_have_the_names_of_hosts(tmp_path):
    capture = Capture()
    capture.talk(["S: 220 box LMTP", "C: LHLO mx", "S: 250 box"] + watch_talks.MAIL, port=24)
    path, hosts = capture.save(tmp_path / "x.pcap"), tmp_path / "names"
    hosts.write_text("# ours\n10.0.0.1 mx\n10.0.0.2 store.example.org\n")
    text = watch("-r", path, "--hosts", str(hosts)).stdout
    assert 'to = "10.0.0.2:20024"; peer = "store"; };' in text and 'peer = ["mx"];' in text
    assert "# on 10.0.0.1, mx:\n" in text
    lines = [json.loads(line) for line in watch("-r", path, "--hosts", str(hosts), "--json").stdout.splitlines()]
    assert [line["name"] for line in lines if line["type"] == "link"] == ["mx", "store"]
    watch("-r", path, "--hosts", str(hosts), "--html", str(tmp_path / "page.html"))
    assert "On 10.0.0.2, store<" in (tmp_path / "page.html").read_text()
    done = watch("-r", path, "--hosts", str(tmp_path / "none"))
    assert done.returncode == 2 and "none: No such file" in done.stderr
    assert "link = {" not in watch("-r", path, "--ignore", "lmtp").stdout


def test_no_link_to_hosts_of_others(tmp_path):
    capture = Capture()
    capture.talk(SMTP_HELLO + watch_talks.MAIL, client="192.0.2.1")
    text = watch("-r", capture.save(tmp_path / "x.pcap")).stdout
    assert "What seals it" in text and "link = {" not in text


def test_ignore_leaves_a_protocol_out(tmp_path):
    capture = Capture()
    capture.datagram(b"<38>Oct 1 10:00:00 mx postfix: x")
    path = capture.save(tmp_path / "x.pcap")
    assert asked(path, code=1) and not asked(path, "--ignore", "syslog", code=0)


def test_the_page_is_escaped_and_has_no_password(tmp_path):
    capture = Capture()
    for case in PLAIN_CASES:
        capture.talk(case.steps, client="10.0.1.7")
    hostile = "<script>alert(1)</script>"
    capture.talk(["S: +OK", f"C: USER {hostile}\x1b[31m", "S: +OK", f"C: PASS {PASSWORD}", "S: +OK"], port=110)
    page = tmp_path / "page.html"
    done = watch("-r", capture.save(tmp_path / "x.pcap"), "--html", str(page))
    text = page.read_text()
    assert done.returncode == 1 and "10.0.1.7" in text and "plaintext+password" in text
    assert "<script" not in text and "\x1b" not in done.stdout
    no_secret(text, done.stdout, done.stderr)


def test_a_cut_capture_file_counts_as_far_as_it_goes(tmp_path):
    capture = Capture()
    capture.talk(SMTP_HELLO + watch_talks.MAIL)
    path = capture.save(tmp_path / "x.pcap")
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) - 30)
    done = watch("-r", path)
    assert done.returncode == 1 and "plaintext" in done.stdout and "truncated" in done.stderr


def test_a_snaplen_hides_no_plaintext(tmp_path):
    capture = Capture()
    capture.talk(SMTP_HELLO + watch_talks.MAIL)
    path = capture.save(tmp_path / "x.pcap", snaplen=96)
    assert asked(path)[0]["verdict"] == "plaintext"


def test_bad_arguments(tmp_path):
    for arguments, words in (([], "-i INTERFACE"), (["-i", "x", "-r", "y"], "either"),
                             (["-i", "nonesuch0"], "no such interface"), (["-r", str(tmp_path / "no")], "No such file"),
                             (["-r", "x", "--for", "never"], "10m"), (["-r", "x", "--internal", "a"], "--internal"),
                             (["-r", "x", "--as", "a"], "inside-tunnel")):
        done = watch(*arguments)
        assert done.returncode == 2 and words.lower() in done.stderr.lower(), (arguments, done.stderr)
    done = watch("--help")
    assert done.returncode == 0 and "Example:" in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="captures as root")
def test_live_on_loopback():
    """It listens, has dropped root, tells what it finds, and ends well at SIGINT."""
    with socket.create_server(("127.0.0.1", 0)) as server, \
            subprocess.Popen([BINARY, "watch", "-i", "lo", "--json", "--for", "50s"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True) as process:
        port = server.getsockname()[1]
        rows = []
        while not rows:
            # Until it listens nothing is seen: said again.
            with socket.create_connection(server.getsockname()) as client, server.accept()[0] as peer:
                for sock, text in ((peer, "* OK ready\r\n"), (client, f"a1 LOGIN {USER} {PASSWORD}\r\n"), (peer, "a1 OK\r\n")):
                    sock.sendall(text.encode())
                    (client if sock is peer else peer).recv(1000)
            # Whoever reads waits for a line only as long as the next talk may: this one may have been before the capture.
            if select.select([process.stdout], [], [], 0.2)[0]:
                line = json.loads(process.stdout.readline())
                rows = [line] if line["type"] == "found" and line["port"] == port else []
        status = open(f"/proc/{process.pid}/status", encoding="ascii").read()
        assert "Seccomp:\t2" in status and re.search(r"Uid:\t[1-9]", status)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert rows[0]["protocol"] == "imap" and rows[0]["where"] == "local"
    assert process.returncode == 0, err
    no_secret(out, err)
    assert json.loads(out.splitlines()[-1])["type"] == "summary"


@pytest.mark.skipif(os.geteuid() != 0, reason="captures as root")
def test_live_table_is_drawn_anew_on_a_terminal():
    ours, theirs = pty.openpty()
    with subprocess.Popen([BINARY, "watch", "-i", "lo", "--for", "50s"], stdout=theirs, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        seen = b""
        while seen.count(b"\x1b[H\x1b[2J") < 2:
            seen += os.read(ours, 65536)
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(OSError):  # the terminal is gone with the process
            while part := os.read(ours, 65536):
                seen += part
        _, err = process.communicate(timeout=30)
    os.close(ours)
    assert not err and process.returncode in (0, 2)
    assert b"verdict" in seen or b"nothing crossed" in seen


@contextlib.contextmanager
def veth_pair(*more):
    """Two ends, in this network; more: commands of ip that come behind it."""
    name = f"w{os.getpid() % 100000}"
    ends = [name + "a", name + "b"]
    try:
        for words in (["link", "add", ends[0], "type", "veth", "peer", ends[1]], *more,
                      *(["link", "set", end, "up"] for end in ends)):
            subprocess.run(["ip", *(word.replace("NAME", name) for word in words)], check=True, capture_output=True)
        yield name
    finally:
        for link in (*ends, name + "c"):
            subprocess.run(["ip", "link", "del", link], check=False, capture_output=True)


def mac_of(link):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((link, 0))
        return sock.getsockname()[4]


def where_seen(by, link, target, *arguments):
    """A talk that is sent by one interface, for this hardware address: where it is seen to be on link."""
    capture = Capture()
    capture.talk(SMTP_HELLO + watch_talks.MAIL)
    frames = [target + b"\2\0\0\0\0\7" + frame[12:] for frame in capture.frames]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out, \
            subprocess.Popen([BINARY, "watch", "-i", link, "--json", "--for", "50s", *arguments],
                             stdout=subprocess.PIPE, text=True) as process:
        out.bind((by, 0))
        rows = []
        while not rows:
            for frame in frames:  # until it listens nothing is seen
                out.send(frame)
            if select.select([process.stdout], [], [], 0.2)[0]:
                rows = [row for row in [json.loads(process.stdout.readline())] if row.get("port") == 2525]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    return rows[0]["where"]


@pytest.mark.skipif(os.geteuid() != 0, reason="makes interfaces as root")
def test_what_only_passes_a_veth_crosses_hosts():
    """A mirror's frames are for somebody else. What is for the interface itself stays here, as far as it knows."""
    with veth_pair() as name:
        ours, others = mac_of(name + "b"), b"\2\0\0\0\0\x09"
        assert where_seen(name + "a", name + "b", ours) == "local"
        assert where_seen(name + "a", name + "b", others) == "network"
        assert where_seen(name + "a", name + "b", others, "--as", "local") == "local"
        assert where_seen(name + "a", name + "b", ours, "--as", "network") == "network"


@pytest.mark.skipif(os.geteuid() != 0, reason="makes interfaces as root")
def test_a_bridge_crosses_hosts():
    with veth_pair(["link", "add", "NAMEc", "type", "bridge"], ["link", "set", "NAMEb", "master", "NAMEc"],
                   ["link", "set", "NAMEc", "up"]) as name:
        assert where_seen(name + "c", name + "c", b"\2\0\0\0\0\x09") == "network"
        assert where_seen(name + "a", name + "b", b"\2\0\0\0\0\x09") == "network"


class Greeter(threading.Thread):
    """Greets whoever comes, and answers one question."""

    def __init__(self, greeting, answer, address="127.0.0.1"):
        super().__init__(daemon=True)
        self.server = socket.create_server((address, 0))
        self.port, self.said = self.server.getsockname()[1], (greeting, answer)
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                with self.server.accept()[0] as sock:
                    sock.sendall(self.said[0])
                    if self.said[0] and sock.recv(100):
                        sock.sendall(self.said[1])
                        sock.recv(100)


def test_what_is_no_capture_is_named(tmp_path):
    (tmp_path / "no.pcap").write_bytes(b"hello\n")
    done = watch("-r", str(tmp_path / "no.pcap"))
    assert done.returncode == 2 and "no.pcap: " in done.stderr and "tcpdump" in done.stderr
    done = watch("--listeners", "--html", str(tmp_path / "x.html"))
    assert done.returncode == 2 and "--json alone" in done.stderr


def test_listeners():
    """In a network of its own: nobody else's servers are asked."""
    servers = {
        "plain": (b"220 mx ESMTP\r\n", b"250-mx\r\n250 8BITMIME\r\n", "0.0.0.0"),
        "offers": (b"220 mx ESMTP\r\n", b"250-mx\r\n250 STARTTLS\r\n", "0.0.0.0"),
        "local": (b"220 box LMTP\r\n", b"250 box\r\n", "127.0.0.1"),
        "imap": (b"* OK ready\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK\r\n", "0.0.0.0"),
        "pop3": (b"+OK ready\r\n", b"+OK\r\nSTLS\r\n.\r\n", "127.0.0.1"),
        "silent": (b"", b"", "0.0.0.0"),
    }
    started = {name: Greeter(*said) for name, said in servers.items()}
    done = watch("--listeners", "--json")
    text = watch("--listeners")
    for server in started.values():
        server.server.close()
    rows = {row["port"]: row for row in json.loads(done.stdout)}
    found = {name: (rows[server.port]["says"], rows[server.port]["starttls"], rows[server.port]["reached_by"])
             for name, server in started.items()}
    assert found == {
        "plain": ("smtp", False, "others"), "offers": ("smtp", True, "others"), "local": ("lmtp", False, "this host"),
        "imap": ("imap", True, "others"), "pop3": ("pop3", True, "this host"), "silent": (None, None, "others")}
    assert done.returncode == text.returncode == 1 and not done.stderr
    assert f"port {started['plain'].port}: smtp without TLS" in text.stdout
