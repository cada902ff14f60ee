"""mailseal check as a command: options and exit status, what it writes for programs, pipelines,
monitoring and people, lists that are resumed, and what strangers write in it. What it finds is
tested beside other scanners (test_check_endpoints.py) and in the lab (lab/test_lab_check.py)."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import xml.etree.ElementTree
from contextlib import closing

import pytest

from daemon import BINARY, ROOT, free_ports, make_certificate, wait_until
from names import A, ANCHOR, MX, SRV, NameServer, wire
from test_alerts import promtool
from test_dashboard import browser  # noqa: F401 # pylint: disable=unused-import

HOSTILE = "<script>document.title='owned'</script>\x1b[2J\u202e\xff\"'&;"


def check(*arguments, **more):
    return subprocess.run([BINARY, "check", *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True,
                          check=False, **more)


def manual():
    with open(f"{ROOT}/doc/mailseal-check.1", encoding="utf-8") as page:
        return page.read().replace("\\-", "-")


def closed_port():
    return f"127.0.0.1:{free_ports(1)[0]}/smtp"


# --- limits of this host ---


def test_closed_stdout_is_an_error_alone():
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", BINARY, "check", "--ehlo", "a.example",
                           "--host", closed_port()], stderr=subprocess.PIPE, timeout=60, text=True,
                          check=False)
    assert done.returncode == 2 and "cannot write: Bad file descriptor" in done.stderr


def test_domains_that_wait_take_little_memory(tmp_path):
    names = tmp_path / "names"
    names.write_text("".join(f"a{i}.example\n" for i in range(20000)), encoding="utf-8")
    anchor = tmp_path / "anchor"
    anchor.write_text(ANCHOR, encoding="utf-8")
    server = NameServer(lambda name, kind: None)
    looking = subprocess.Popen([BINARY, "check", "--forward", server.address, "--trust-anchor", anchor,
                                "--ehlo", "a.example", "--list", names], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        server.wait(lambda asked: any(name.endswith(".example") for name in asked))
        with open(f"/proc/{looking.pid}/status", encoding="utf-8") as status:
            kib = int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])
        assert kib < 300 * 1024
    finally:
        looking.kill()
        looking.wait()
        server.close()


@pytest.mark.parametrize("options", ([], ["--mine"]), ids=("a stranger's", "mine"))
def test_stranger_does_not_choose_places_inside(tmp_path, options):
    """SRV records that lead to this host's own services, at ports of their choice."""
    anchor = tmp_path / "anchor"
    anchor.write_text(ANCHOR, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as inside:
        record = struct.pack("!HHH", 1, 1, inside.getsockname()[1]) + wire("in.evil.example")
        records = {("_imaps._tcp.evil.example", SRV): record,
                   ("in.evil.example", A): bytes([127, 0, 0, 1])}
        server = NameServer(lambda name, kind: (0, records.get((name, kind))))
        looking = subprocess.Popen([BINARY, "check", "--forward", server.address, "--trust-anchor",
                                    anchor, "--ehlo", "a.example", *options, "evil.example"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            inside.settimeout(30)
            if options:
                inside.accept()[0].close()
                return
            said = looking.communicate(timeout=60)[0]
            assert "1 addresses that the internet does not reach" in said
            inside.setblocking(False)
            with pytest.raises(BlockingIOError):
                inside.accept()
        finally:
            looking.kill()
            looking.communicate()
            server.close()


# --- the manual ---


def test_the_manual_has_every_option():
    options = set(re.findall(r"(?<![\w-])(--?[a-zA-Z0-9][\w-]*)", check("--help").stdout))
    assert {"--profile", "-p", "--baseline", "-6", "--only"} <= options
    page = re.sub(r'[", ]+|\\f[A-Z]', " ", manual())
    missing = [option for option in options if not re.search(rf"(?<![\w-]){option}\b", page)]
    assert not missing


def test_the_manual_has_every_criterion_and_every_step():
    said = check("--explain", "all")
    ids = re.findall(r"^([A-Z]\d+) ", said.stdout, re.M)
    assert said.returncode == 0 and len(ids) > 60
    page = manual()
    assert not [one for one in ids if f".B {one}\n" not in page]
    with open(f"{ROOT}/src/check/plan_steps.c", encoding="utf-8") as source:
        steps = re.findall(r"\[CHECK_STEP_\w+\] = \{\s*\"([^\"]+)\"", source.read())
    tiers = re.sub(r"\s+", " ", page.split(".SH TIERS")[1].split(".SH JSON")[0])
    assert len(steps) > 20 and not [step for step in steps if step not in tiers]


# --- options ---

BAD = {
    "nothing to look at": ((), "a domain is wanted"),
    "no such profile": (("-p", "nsa2013", "a.example"), "m3aawg, ncsc2025"),
    "no such criterion": (("-o", "C2,Z9", "a.example"), '"Z9"'),
    "no such protocol": (("-H", "a.example:25/uucp"), "HOST:PORT/PROTO"),
    "no port": (("-H", "a.example:99999/smtp"), "99999"),
    "a host and a domain": (("-H", "a.example:25/smtp", "a.example"), "without domains"),
    "neither family": (("-4", "-6", "a.example"), "-4 and -6"),
    "no source": (("-S", "here", "a.example"), '"here"'),
    "no threshold": (("--fail-on", "info", "a.example"), "warn or fail"),
    "no domain": (("a b",), "no domain"),
    "an address": (("192.0.2.1",), "there is --host"),
    "no list": (("-l", "/nonexistent"), "/nonexistent"),
    "no baseline": (("-b", "/nonexistent", "a.example"), "/nonexistent"),
    "no folder": (("--html", "/nonexistent/x", "a.example"), "/nonexistent/x"),
    "no CA": (("-C", "/nonexistent", "a.example"), "--ca-file"),
    "no explanation": (("--explain", "Z9"), '"Z9"'),
    "no such option": (("--sharp", "a.example"), "sharp"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_it_does_not_take(name):
    words, text = BAD[name]
    done = check(*words)
    assert done.returncode == 2 and text in done.stderr and not done.stdout, done.stderr


def test_a_list_with_a_name_that_is_none_says_where(tmp_path):
    (tmp_path / "list").write_text("# ours\nfine.example\n  not a name\n")
    done = check("--list", tmp_path / "list")
    assert done.returncode == 2 and f'{tmp_path}/list:3: "not a name"' in done.stderr


def test_help_and_explanations():
    said = check("--help")
    assert said.returncode == 0 and "Example: mailseal check" in said.stdout
    said = check("--explain", "C2")
    assert said.returncode == 0 and "RFC 8996" in said.stdout and "\nPostfix:\n" in said.stdout


# --- one endpoint ---


class Server:
    """openssl s_server, until the end of the block; the same groups whatever its library has."""

    def __init__(self, folder, *options, port=None, address="127.0.0.1"):
        self.port = port or free_ports(1)[0]
        self.place = f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"
        self.address = address
        self.argv = ["openssl", "s_server", "-quiet", "-www", "-accept", self.place, "-cert",
                     f"{folder}/mx.pem", "-key", f"{folder}/mx.key", "-groups", "X25519:P-256:P-384",
                     *options]

    def listens(self):
        try:
            socket.create_connection((self.address, self.port), 5).close()
            return True
        except OSError:
            return False

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert wait_until(self.listens, 15), self.argv
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("check")
    make_certificate(str(folder), host="localhost")
    return folder


OLD = ("-cipher", "ALL:@SECLEVEL=0")


@pytest.fixture(scope="module")
def server(folder):
    with Server(folder, *OLD) as running:
        yield running


def look(server, *options):
    return check("--mine", "--host", f"{server.place}/tls", *options)


LETTER = {"letter": str, "is_partial": bool, "why": str}
VERSION = {"is_there": (bool, type(None)), "is_whole": bool, "has_order": (bool, type(None)),
           "suites": list}
CERTIFICATE = {"subject": str, "issuer": str, "names": str, "key": str, "not_before": int,
               "not_after": int, "is_self_signed": bool, "has_name": bool, "is_trusted": bool}
ENDPOINT = {"host": str, "address": str, "port": int, "service": str, "reach": str, "why": str,
            "greeting": str, "software": str, "has_tls": bool, "connections": int,
            "versions": {v: VERSION for v in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2",
                                              "TLSv1.3")},
            "groups": list, "groups_are_whole": bool, "has_post_quantum": bool,
            "handshake": {"is_done": bool, "version": str, "suite": str, "group": str,
                          "signature": str},
            "auth_in_clear": str, "auth_in_tls": str, "certificate": CERTIFICATE}
FINDING = {"id": str, "title": str, "verdict": str, "place": str, "evidence": str, "source": str,
           "why": str, "retest": str}
REPORT = {"schema": int, "mailseal": str, "domain": str, "asked": str, "at": int, "profile": str, "why": str,
          "overall": LETTER, "recommendations": {part: LETTER for part in ("between", "inside",
                                                                           "users")},
          "totals": {v: int for v in ("pass", "not-applicable", "info", "not-tested", "warn", "fail",
                                      "critical")},
          "findings": list, "addresses_refused": int, "endpoints": list}


def has_shape(value, shape, where=""):
    """All that the shape names is there, of its type, and in the manual; nothing else is."""
    if not isinstance(shape, dict):
        assert isinstance(value, shape), (where, value)
        return
    assert set(value) == set(shape), (where, set(value) ^ set(shape))
    for key, inner in shape.items():
        assert key in manual(), key
        has_shape(value[key], inner, f"{where}.{key}")


def test_json_has_the_shape_of_the_manual(server):
    done = look(server, "--json", "--deep")
    said = json.loads(done.stdout)
    has_shape(said, REPORT)
    has_shape(said["endpoints"][0], ENDPOINT)
    assert said["schema"] == 1 and len(said["findings"]) > 20
    for finding in said["findings"]:
        mends = finding.pop("mends", None)
        has_shape(finding, FINDING)
        assert (mends is not None) == (finding["verdict"] in ("warn", "fail", "critical")), finding
        assert all(set(mend) == {"software", "text"} for mend in mends or [])
    verdicts = [finding["verdict"] for finding in said["findings"]]
    assert {v: verdicts.count(v) for v in set(verdicts)} == {
        v: count for v, count in said["totals"].items() if count}
    order = list(REPORT["totals"])
    assert verdicts == sorted(verdicts, key=order.index, reverse=True), "the worst first"


def test_exit_status_is_by_what_counts(server):
    assert look(server, "--only", "C1").returncode == 0
    assert look(server, "--only", "C2").returncode == 1  # TLS 1.0
    assert look(server, "--only", "D9").returncode == 0  # a warning
    assert look(server, "--only", "D9", "--fail-on", "warn").returncode == 1
    closed = check("--mine", "--json", "--host", f"127.0.0.1:{free_ports(1)[0]}/smtp")
    assert closed.returncode == 2
    assert json.loads(closed.stdout)["endpoints"][0]["reach"] == "closed"


def test_only_asks_for_nothing_else(server):
    said = json.loads(look(server, "--json", "--only", "C1,C2").stdout)
    assert {finding["id"] for finding in said["findings"]} == {"C1", "C2"}
    whole = json.loads(look(server, "--json").stdout)
    assert said["endpoints"][0]["connections"] < whole["endpoints"][0]["connections"]


def test_a_finding_says_how_to_look_again(server):
    said = json.loads(look(server, "--json", "--only", "C2").stdout)
    words = said["findings"][0]["retest"].split()
    assert words[:2] == ["mailseal", "check"]
    again = check("--mine", "--json", *words[2:])
    assert json.loads(again.stdout)["findings"] == said["findings"]


def test_ipv6(folder):
    with Server(folder, address="::1") as running:
        done = look(running, "--json", "--only", "C3")
        said = json.loads(done.stdout)
        assert done.returncode == 0 and said["endpoints"][0]["address"] == "::1"
        assert said["findings"][0]["place"] == f"[::1]:{running.port}/tls"
        assert look(running, "-6", "--only", "C3").returncode == 0
        other = look(running, "-4", "--only", "C3")
        assert other.returncode == 2 and "has no address of the family" in other.stdout


def test_the_terminal_has_letters_first_and_no_colour_in_a_pipe(server):
    done = look(server)
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{server.place}/tls ") and "overall C" in lines[0]
    assert lines[2].startswith("  between providers")
    assert "\x1b" not in done.stdout and "\npass" not in done.stdout
    first, last = done.stdout.index("\nFAIL"), done.stdout.index("\nwarn")
    assert first < last and "look again: mailseal check --host" in done.stdout
    assert "\npass " in look(server, "--all").stdout


def test_a_baseline_says_what_changed(folder, tmp_path):
    port = free_ports(1)[0]
    before = tmp_path / "before.json"
    only = ("--only", "C2,C3,C4,D9")
    with Server(folder, port=port) as running:
        before.write_text(look(running, "--json", *only).stdout)
        same = look(running, "--baseline", before, *only)
        assert same.stdout.endswith("\nsince the baseline: 0 changes\n"), same.stdout[-500:]
    with Server(folder, "-no_tls1_3", *OLD, port=port) as running:
        said = look(running, "--baseline", before, *only).stdout
    changes = said[said.index("since the baseline"):]
    assert re.search(r"worse +C2 .*fail", changes) and re.search(r"worse +C4 ", changes), changes
    assert "D9" not in changes and "C3" not in changes
    (tmp_path / "no").write_text("{")
    done = check("--baseline", tmp_path / "no", "--host", f"127.0.0.1:{port}/tls")
    assert done.returncode == 2 and f"{tmp_path}/no" in done.stderr


# --- files ---


def test_junit_is_xml_that_pipelines_read(server, tmp_path):
    done = look(server, "--junit", tmp_path / "x.xml", "--fail-on", "warn")
    suite = xml.etree.ElementTree.parse(tmp_path / "x.xml").getroot().find("testsuite")
    cases = suite.findall("testcase")
    failed = {case.get("name").split()[0] for case in cases if case.find("failure") is not None}
    assert done.returncode == 1 and {"C2", "D9", "E1"} <= failed
    assert len(cases) == int(suite.get("tests")) and int(suite.get("failures")) == sum(
        case.find("failure") is not None for case in cases)
    look(server, "--junit", tmp_path / "x.xml")
    suite = xml.etree.ElementTree.parse(tmp_path / "x.xml").getroot().find("testsuite")
    assert {"C2"} <= {case.get("name").split()[0] for case in suite.findall("testcase")
                      if case.find("failure") is not None} < failed


def test_metrics_are_what_prometheus_takes(server, tmp_path):
    look(server, "--prometheus", tmp_path / "x.prom")
    text = (tmp_path / "x.prom").read_text()
    assert re.search(r'mailseal_check_grade\{domain="127\S+/tls",about="overall"\} 3', text), text
    assert "mailseal_check_certificate_not_after_seconds{" in text
    assert re.search(r'mailseal_check_finding\{domain="127\S+/tls",id="C2",place="127', text)
    assert os.listdir(tmp_path) == ["x.prom"]
    done = promtool("check", "metrics", text=text)
    assert done.returncode == 0, done.stdout


def test_the_page_needs_nothing_from_elsewhere(server, tmp_path, browser):  # noqa: F811
    look(server, "--html", tmp_path / "x.html")
    browser.get(f"file://{tmp_path}/x.html")
    assert browser.execute_script("return document.scripts.length") == 0
    assert browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)") == []
    text = browser.find_element("tag name", "body").text
    assert "TLS 1.0 and 1.1 are off" in text and server.place in text
    assert browser.execute_script(
        "return document.scrollingElement.scrollWidth - window.innerWidth") <= 0
    assert not [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]


def test_a_file_that_cannot_be_written_is_said(server):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BINARY, "check", "--host", f"{server.place}/tls", "--only", "C1",
                               "--mine"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
                              check=False)
    assert done.returncode == 2 and "cannot" in done.stderr, done.stderr


# --- what strangers write ---


class Talker(threading.Thread):
    """Speaks SMTP without TLS; its words are by default of the kind that no terminal, browser or parser
    should obey."""

    def __init__(self, word=HOSTILE):
        super().__init__(daemon=True)
        self.word, self.heard = word.encode("latin-1", "replace"), []  # (address, line)
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                client = self.sock.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client):
        word, address = self.word, client.getpeername()[0]
        with closing(client), client.makefile("rb") as lines:
            try:
                client.sendall(b"220 mx " + word + b" ESMTP Postfix\r\n")
                for line in lines:
                    self.heard.append((address, line))
                    if line.upper().startswith(b"EHLO"):
                        client.sendall(b"250-mx\r\n250-AUTH PLAIN " + word + b"\r\n250 X" + word +
                                       b"\r\n")
                    else:
                        client.sendall(b"221 bye\r\n")
            except OSError:
                pass


def test_strangers_words_are_tame_everywhere(tmp_path, browser):  # noqa: F811
    hostile = Talker()
    files = ("--html", tmp_path / "x.html", "--junit", tmp_path / "x.xml", "--prometheus",
             tmp_path / "x.prom")
    place = f"127.0.0.1:{hostile.port}/smtp"
    said = [check("--mine", "--all", "--host", place, *files).stdout,
            check("--mine", "--json", "--host", place).stdout]
    hostile.sock.close()
    texts = said + [(tmp_path / name).read_text() for name in ("x.html", "x.xml", "x.prom")]
    for text in texts:
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "script" in said[0], "it was heard"
    assert json.loads(said[1])["endpoints"][0]["greeting"].startswith("220 mx <script>")
    assert "<script" not in texts[2] and "<script" not in texts[3]
    xml.etree.ElementTree.fromstring(texts[3])
    browser.get(f"file://{tmp_path}/x.html")
    assert browser.title != "owned"
    assert {"B1", "B5"} <= {finding["id"] for finding in json.loads(said[1])["findings"]
                            if finding["verdict"] == "fail"}


def test_who_is_looked_at_can_tell_by_whom():
    """And is told when it is over."""
    server = Talker("")
    check("--host", f"127.0.0.1:{server.port}/smtp", "--ehlo", "probe.example.org", "--source",
          "127.0.0.9")
    server.sock.close()
    assert {address for address, _ in server.heard} == {"127.0.0.9"}
    assert server.heard[0][1] == b"EHLO probe.example.org\r\n"
    assert server.heard[-1][1] == b"QUIT\r\n"


# --- many domains ---

DOMAINS = [f"d{number}.example" for number in range(150)]


def answers(name, kind):
    if kind == MX and name in DOMAINS:
        return 0, b"\0\x0a" + wire("mx.example")
    return 0, b"\x7f\0\0\2" if kind == A and name == "mx.example" else None


@pytest.fixture
def names():
    server = NameServer(answers)
    yield server
    server.close()


@pytest.fixture
def many(names, tmp_path):
    (tmp_path / "anchor").write_text(ANCHOR)
    (tmp_path / "list").write_text("# all\n" + "\n".join(DOMAINS + DOMAINS[:3]) + "\n")
    return [BINARY, "check", "--mine", "-f", names.address, "-a", str(tmp_path / "anchor"), "--list",
            str(tmp_path / "list")]


def run(argv):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120, check=False)


def test_a_list_has_a_line_a_domain(many):
    done = run(many)
    assert done.returncode == 1 or done.returncode == 2
    assert sorted(line.split()[1] for line in done.stdout.splitlines()) == sorted(DOMAINS)
    said = [json.loads(line) for line in run([*many, "--json"]).stdout.splitlines()]
    assert sorted(one["domain"] for one in said) == sorted(DOMAINS)
    # One host for all of them: it was looked at once.
    assert len({json.dumps(one["endpoints"]) for one in said}) == 1


def results(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [line for line in file if line.endswith("\n")]


def test_a_list_that_was_killed_goes_on(many, tmp_path):
    kept = tmp_path / "done"
    with subprocess.Popen([*many, "--resume", str(kept)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        assert wait_until(lambda: results(kept) or process.poll() is not None, 60)
        process.send_signal(signal.SIGKILL)
    before = len(results(kept))
    assert 0 < before
    with open(kept, "a", encoding="utf-8") as file:
        file.write('{"schema":1,"domain":"d14')  # as a crash leaves it
    done = run([*many, "--resume", str(kept)])
    assert f"{before} domains are done already" in done.stderr
    assert len(done.stdout.splitlines()) == len(DOMAINS) - before
    said = []
    for line in results(kept):
        try:
            said.append(json.loads(line)["domain"])
        except ValueError:  # it was killed while it wrote, perhaps
            assert line.endswith('{"schema":1,"domain":"d14\n'), line
    assert sorted(said) == sorted(DOMAINS)
    again = run([*many, "--resume", str(kept)])
    assert not again.stdout and "150 domains are done already" in again.stderr
