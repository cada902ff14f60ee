"""check = { domains = [...]; }: the daemon looks at its own domains from outside, keeps what it
finds, and says what got worse."""
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from types import SimpleNamespace

import pytest

import peers
from browsers import NAMELESS, PALE, WIDTH_OF_PAGE, browser  # noqa: F401
from daemon import BINARY, Daemon, free_ports, make_certificate, wait_until
from edges import edge_config
from names import A, ANCHOR, MX, NameServer, wire

INSIDE = "127.0.78.1"


def facts(name, kind):
    if kind == MX and name == "own.example":
        return 0, b"\0\x0a" + wire("mx.own.example")
    return 0, socket.inet_aton(INSIDE) if kind == A and name == "mx.own.example" else None


class Site:
    """A daemon with a domain of its own, and its dashboard."""

    def __init__(self, folder, names, check='domains = ["Own.example"]; every = "1h";', ledger=""):
        self.folder = str(folder)
        (folder / "anchor").write_text(ANCHOR, encoding="ascii")
        (folder / "anchor").chmod(0o644)
        self.backend = peers.Backend(peers.smtp)
        smtp, self.port = free_ports(2)
        chain, key = make_certificate(self.folder)
        self.daemon = Daemon(folder, f'''workers = 1;
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
dashboard = {{ listen = "127.0.0.1:{self.port}"; }};
resolver = {{ forward = "{names.address}"; trust_anchor = "{folder}/anchor"; }};
{f"check = {{ {check} }};" if check else ""} {ledger}
''' + edge_config({"smtp": self.backend.port}, {"mx": (smtp, None)})).ready()
        assert wait_until(lambda: self.status() == 200, 15)

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = SimpleNamespace(status=answer.status, text=answer.read().decode())
        connection.close()
        return found

    def status(self):
        try:
            return self.get("/healthz").status
        except ConnectionError:
            return None

    def database(self):
        return sqlite3.connect(f"{self.folder}/state/ledger/checks.db", timeout=20)

    def close(self):
        self.daemon.close()
        self.backend.close()


@pytest.fixture(scope="module")
def names():
    server = NameServer(facts)
    yield server
    server.close()


@pytest.fixture
def folder():
    """One that the daemon's users get into."""
    path = tempfile.mkdtemp(prefix="mailseal-")
    os.chmod(path, 0o755)
    yield pathlib.Path(path)
    shutil.rmtree(path)


@pytest.fixture
def site(folder, names):
    running = Site(folder, names)
    yield running
    running.close()


def test_own_domains_are_looked_at_and_what_got_worse_is_said(site):
    daemon = site.daemon
    seen = daemon.wait("a domain of ours was looked at", timeout=90)
    assert seen["domain"] == "own.example" and seen["letter"] and seen["worse"] == "0"
    page = site.get("/check").text
    assert "own.example" in page and f">{seen['letter']}<" in page and "Nothing did." in page
    metrics = site.get("/metrics").text
    assert re.search(r'^mailseal_check_timestamp_seconds\{domain="own.example"\} 1', metrics, re.M)
    assert re.search(r'^mailseal_check_findings\{domain="own.example",verdict="fail"\} ', metrics,
                     re.M)
    # As if it had been better, an hour and more ago: then it is due, and worse.
    db = site.database()
    kept = db.execute("SELECT count(*), max(length(findings)) FROM look").fetchone()
    assert kept[0] == 1 and kept[1] > 2
    db.execute("UPDATE look SET at = at - 3700, findings = '[]', overall = 'A+'")
    db.commit()
    db.close()
    told = daemon.wait("a domain of ours got worse", timeout=90)
    assert told["domain"] == "own.example" and told["criterion"] and told["level"] == "warn"
    again = daemon.wait("a domain of ours was looked at", timeout=90,
                        after=daemon.events.index(seen) + 1)
    assert int(again["worse"]) > 0

    def is_shown():
        page = site.get("/check").text
        return "What got worse" in page and told["criterion"] in page and "A+" in page
    assert wait_until(is_shown, 15)
    assert re.search(r'^mailseal_check_worse\{domain="own.example"\} [1-9]',
                     site.get("/metrics").text, re.M)


def test_its_page_in_a_browser(site, browser):  # noqa: F811
    """What servers said of themselves is text, and nothing is cut off."""
    site.daemon.wait("a domain of ours was looked at", timeout=90)
    db = site.database()
    evil = json.dumps([["C1", f"mx{n}.example:25/smtp [127.0.78.1]", "fail", "title " + "x" * 200,
                        "<script>document.title='owned'</script>\x1b[2J\u202e"] for n in range(9)])
    db.execute("UPDATE look SET findings = ?", (evil,))
    db.commit()
    db.close()
    url = f"http://127.0.0.1:{site.port}/check"
    assert wait_until(lambda: "&lt;script&gt;" in site.get("/check").text, 15)
    assert "\x1b" not in site.get("/check").text and "\u202e" not in site.get("/check").text
    for width in (360, 1440):
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
        browser.get(url)
        assert browser.execute_script(WIDTH_OF_PAGE) <= 0, width
        assert browser.execute_script(PALE) == browser.execute_script(NAMELESS) == []
    assert browser.title == "From outside - mailseal"


def test_a_restart_looks_at_nothing_before_its_time(site, names):
    site.daemon.wait("a domain of ours was looked at", timeout=90)
    asked = names.asked.count("own.example")
    pid = site.daemon.status()["ledger_pid"]
    os.kill(pid, 9)
    assert wait_until(lambda: site.status() == 200 and
                      site.daemon.status()["ledger_pid"] not in (0, pid), 30)
    # Its first look at what is due comes in five seconds: what it would ask, it asks then.
    assert not wait_until(lambda: names.asked.count("own.example") > asked, 7)
    assert "own.example" in site.get("/check").text


def test_a_look_that_cannot_be_had_is_said_and_harms_nobody(folder, names):
    """Its runner's user cannot read the CAs that the configuration names."""
    (folder / "secret").mkdir(mode=0o700)
    (folder / "secret" / "ca.pem").write_text("no CA", encoding="ascii")
    site = Site(folder, names)
    try:
        site.daemon.wait("a domain of ours was looked at", timeout=90)
        with open(site.daemon.config, encoding="utf-8") as now:
            text = now.read()
        with open(site.daemon.config, "w", encoding="utf-8") as out:
            out.write(text.replace("resolver = {", f'resolver = {{ ca_file = "{folder}/secret/ca.pem";')
                      .replace("Own.example", "other.example"))
        site.daemon.ctl("reload")
        if os.geteuid() == 0:
            failed = site.daemon.wait("hook failed", timeout=60)
            assert failed["hook"] == "check" and "ca-file" in failed["says"], failed
        assert site.status() == 200
    finally:
        site.close()


@pytest.mark.parametrize("check, said, status", [
    ('domains = ["not a domain"];', "is no host name", 1), ('domains = [];', "domains", 1),
    ('domains = ["a.example"]; every = "5m";', "every", 1),
    ('domains = ["a.example"]; profile = "none";', "profile", 1),
    ('domains = ["a.example"]; }; ledger = { keep = "none";', "there is none", 1),
    ('domains = ["a.example"]; }; resolver = { trust_ad = true; forward = ["127.0.0.1@53"];', "well;", 0)])
def test_config_check(tmp_path, check, said, status):
    path = tmp_path / "mailseal.conf"
    path.write_text('hostname = "mx.example.org";\n'
                    'backend = { mta = { address = ["127.0.0.1:10025"]; }; };\n'
                    'edge = { mx = { protocol = "smtp"; listen = ["127.0.0.1:25"]; backend = "mta"; '
                    f'}}; }};\ncheck = {{ {check} }};\n', encoding="ascii")
    done = subprocess.run([BINARY, "config", "check", "-c", str(path)], text=True,
                          capture_output=True, timeout=30)
    assert done.returncode == status and said in done.stdout + done.stderr, done


def test_the_page_says_how_it_is_switched_on(folder, names):
    site = Site(folder, names, check="")
    try:
        assert 'check = { domains = [&quot;example.org&quot;]; };' in site.get("/check").text
        assert "mailseal_check" not in site.get("/metrics").text
    finally:
        site.close()
