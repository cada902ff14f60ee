"""The dashboard: what its pages say, who may see them, how they look in a browser."""
import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
from types import SimpleNamespace

import pytest

import ledgers
import peers
from browsers import NAMELESS, PALE, WIDTH_OF_PAGE, browser  # noqa: F401
from daemon import BINARY, ROOT, Daemon, Talk, free_ports, make_certificate, wait_until
from edges import edge_config

DAY = 86400
AT_ONCE_S = 10  # on a machine that is busy
SCRIPT = "<script>document.title='owned'</script>"
HOSTILE = ['"><img src=x onerror="document.title=\'owned\'">', "'; DROP TABLE user; --" + SCRIPT,
           "\u202egro.elpmaxe@anna\u202c", "x" * 200, "${jndi:ldap://x}\x1b[2J", "&lt;b&gt;"]
# mkpasswd -m sha512crypt -R 1000, of "correct horse"
PASSWORDS = ("anna:$6$rounds=1000$abcdefgh$DbXqPck5ABZumVXwcH5eMVHsPZwvQ3jylSxpJmKkZVxcoCiC3N0rPerjHm"
             "AqL7r6PK6CIeYnO9.vxpbsevscg/\n")


class Site:
    """A daemon with a dashboard, and what a browser would ask it."""

    def __init__(self, folder, listen=None, dashboard="", more="", filled=False):
        self.folder = str(folder)
        self.backends = {name: peers.Backend(getattr(peers, name)) for name in ("smtp", "imap")}
        self.smtp, self.plain, self.tls, self.port = free_ports(4)
        self.chain, self.key = make_certificate(self.folder)
        if filled:
            fill(os.path.join(self.folder, "state", "ledger", "ledger.db"))
            remember(os.path.join(self.folder, "state", "resolver", "memory.db"))
            more += (f'relay = {{ out = {{ listen = ["lmtp:127.0.0.1:{free_ports(1)[0]}"]; }}; }};'
                     'resolver = { forward = ["127.0.0.1@9"]; };')
        self.config = (
            f'workers = 2; drain_timeout = "1s"; {more}\n'
            f'dashboard = {{ listen = "{listen or f"127.0.0.1:{self.port}"}"; {dashboard} }};\n'
            f'certificate = {{ mx = {{ chain = "{self.chain}"; key = "{self.key}"; }}; }};\n'
            + edge_config({name: backend.port for name, backend in self.backends.items()},
                          {"mx": (self.smtp, None), "imap": (self.plain, self.tls)}))
        self.daemon = Daemon(folder, self.config)

    def ready(self):
        """Also its dashboard, which another process opens."""
        self.daemon.ready()
        assert wait_until(lambda: self.status("/healthz") == 200)
        return self

    def get(self, path, method="GET", **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request(method, path, headers={k.replace("_", "-"): v
                                                  for k, v in fields.items()})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return SimpleNamespace(status=answer.status, headers=answer.headers, text=text)

    def status(self, path, **fields):
        try:
            return self.get(path, **fields).status
        except ConnectionError:
            return None

    def links(self):
        nav = re.search(r"<nav.*?</nav>", self.get("/").text, re.S)[0]
        return re.findall(r'href="([^"]*)"', nav)

    def report(self, name, *arguments):
        done = subprocess.run([BINARY, "report", name, "-c", self.daemon.config, "--json",
                               *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)

    def close(self):
        self.daemon.close()
        for backend in self.backends.values():
            backend.close()


def fill(path):
    """A month of sessions, with what strangers write into each field that they can."""
    now = int(time.time())
    db = ledgers.create(path)
    for day in range(30):
        hour = (now - day * DAY) // 3600
        for leg, protocol, seal, count in [(0, "smtp", 3, 900), (0, "smtp", 2, 20 + day),
                                           (0, "smtp", 1, 30 + day), (1, "smtp", 4, 300),
                                           (1, "smtp", 1, 3), (2, "imap", 3, 2000),
                                           (3, "backend", 4, 2300), (3, "backend", 5, 100)]:
            ledgers.add(db, "sum", hour=hour, leg=leg, protocol=protocol, edge="e", seal=seal,
                        version="TLSv1.3", kex="X25519", forward_secrecy=int(seal > 2),
                        sessions=count, messages=count, bytes_in=count * 9000)
    ledgers.add(db, "hello", hash=7, legacy_version=0x303, max_version=0x303, versions="0303",
                suites="c02b", groups="001d,0017", sigalgs="0403,0804", first=now - DAY, last=now)
    ledgers.add(db, "hello", hash=8, legacy_version=0x303, max_version=0x304,
                versions="0304,0303", suites="1301,c02b", groups="001d,0017", sigalgs="0403,0804",
                first=now - DAY, last=now)
    for edge, protocol, who, is_user, hello in [
            ("mx", "smtp", "192.0.2.77", 0, 7), ("mx", "smtp", "192.0.2.78", 0, 8),
            ("imap", "imap", HOSTILE[0], 1, 7), ("imap", "imap", HOSTILE[1], 1, 7),
            ("imap", "imap", "anna", 1, 8)]:
        ledgers.add(db, "name", edge=edge, hello=hello, who=who, is_user=is_user, leg=2 * is_user,
                    protocol=protocol, first=now - DAY, last=now, sessions=9, messages=9, bytes=9,
                    seal=3, version="TLSv1.2", cipher="TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                    kex="X25519", software=SCRIPT)
    for number, text in enumerate(HOSTILE):
        ledgers.add(db, "exposure", user=text, protocol="imap", edge="imap", mechanism="LOGIN",
                    address=f"198.51.100.{number}", password_sent=number % 2, first=now - DAY,
                    last=now - number, count=1)
        ledgers.add(db, "event", kind=number % 4, who=text, day=now // DAY, leg=1, edge="out",
                    mx=text, detail=text, first=now - DAY, last=now - number, count=2)
        ledgers.add(db, "far", relay="out", domain=text, mx=text, address="203.0.113.1",
                    first=now - DAY, last=now - number, sessions=9, messages=9, seal=1 + number % 4,
                    version=text, cipher=text, policy="none", result=text, outcome=text)
        ledgers.add(db, "name", edge="mx", hello=number, who=f"192.0.2.{number}", leg=0,
                    protocol="smtp", first=now - DAY, last=now - number, sessions=9, messages=9,
                    seal=1, version=text, cipher=text, software=text)
    db.execute("INSERT INTO fact VALUES ('began_s', ?)", (now - 40 * DAY,))
    let_in(db, path)


def let_in(db, path):
    """Whoever the daemon's processes run as."""
    db.close()
    for folder, _, files in os.walk(os.path.dirname(path)):
        for name in (folder, *(os.path.join(folder, file) for file in files)):
            os.chmod(name, 0o777)
    os.chmod(os.path.dirname(os.path.dirname(path)), 0o711)


def remember(path):
    """What the relay knows of two far ends."""
    now = int(time.time())
    db = ledgers.create(path, "src/store/memory.c")
    for text, lost in ((HOSTILE[0], 0), (HOSTILE[1], now - DAY)):
        ledgers.add(db, "memory", domain=text, mx=text, since=now - 60 * DAY, last=now - DAY,
                    used=now, sessions=99, trusted=1, lost=lost)
    let_in(db, path)


@contextlib.contextmanager
def folder_made():
    """One that the ledger's user gets into."""
    folder = tempfile.mkdtemp(prefix="mailseal-")
    os.chmod(folder, 0o755)
    try:
        yield pathlib.Path(folder)
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def folder():
    with folder_made() as path:
        yield path


@pytest.fixture(scope="module")
def site():
    with folder_made() as path:
        running = Site(path, filled=True)
        try:
            yield running.ready()
        finally:
            running.close()


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_every_page_that_is_linked_is_there(site):
    links = site.links()
    assert links[0] == "/" and {"/inbound", "/outbound", "/users", "/internal", "/impact", "/exposures",
                                "/downgrades", "/destinations", "/tlsrpt", "/certificates",
                                "/live"} \
        <= set(links)
    for path in links:
        page = site.get(path)
        assert page.status == 200, path
        more = {urllib.parse.urlsplit(link).path for link in re.findall(r'href="(/[^"]*)"', page.text)}
        assert more <= {*links, "/style.css"}, path


def test_a_browser_may_do_nothing_but_show(site):
    for path in ("/", "/style.css", "/nowhere", "/healthz"):
        fields = site.get(path).headers
        assert fields["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
        assert "script" not in fields["Content-Security-Policy"]
        assert fields["X-Content-Type-Options"] == "nosniff"
        assert fields["Referrer-Policy"] == "no-referrer"
        assert fields["Cache-Control"] == "no-store"
    for path in site.links():
        page = site.get(path).text
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=[\"']?\w+\(|javascript:|https?://",
                             page.replace("&lt;", "")), path


def test_what_strangers_wrote_is_text(site):
    for path in ("/exposures", "/downgrades", "/destinations", "/inbound"):
        page = site.get(path).text
        assert "&lt;script&gt;document" in page and "<script" not in page, path
        assert "<img" not in page and "\x1b" not in page and "\u202e" not in page, path


def test_numbers_are_those_of_the_report(site):
    for path, leg in (("/inbound", "inbound"), ("/outbound", "outbound"), ("/users", "user"),
                      ("/internal", "internal")):
        midnight = int(time.time()) // DAY * DAY
        since = time.strftime("%Y-%m-%d", time.gmtime(midnight - 29 * DAY))
        rows = [row for row in site.report("coverage", "--leg", leg, "--since", since)
                if row["leg"] == leg and row["protocol"] == "all"]
        page = site.get(path).text
        table = re.search(r"<tbody>(.*?)</tbody>", page, re.S)[1]
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", table, re.S)
        assert int(cells[1]) == rows[0]["sessions"], leg
        assert abs(float(cells[2].rstrip(" %")) / 100 - rows[0]["sealed"]) < 0.001, leg


def test_a_password_in_clear_is_there_at_once_and_is_not_shown(site):
    name, secret = 'mallory"><b>', "correct-horse-battery"
    began = time.monotonic()
    talk = Talk(site.plain)
    talk.line()
    talk.say(f'a LOGIN "{name[:7]}<b>" {secret}\r\n'.encode()).until(b"a ")
    talk.close()
    assert wait_until(lambda: "mallory&lt;b&gt;" in site.get("/exposures").text)
    assert time.monotonic() - began < AT_ONCE_S
    for path in (*site.links(), "/metrics"):
        assert secret not in site.get(path).text, path


def test_who_would_break_is_named(site):
    said = "2 users and 1 partner would break if TLS 1.2 went."
    assert said in site.get("/").text
    page = site.get("/impact?min_version=1.3").text
    assert "2 users would be cut off, and 1 partner would fall" in page
    assert "192.0.2.77" in page and "192.0.2.78" not in page and ">anna<" not in page
    assert "&lt;script&gt;document" in page and "<script" not in page
    done = subprocess.run([BINARY, "report", "impact", "-c", site.daemon.config, "--json",
                           "--min-version", "1.3"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    broken = [row for row in told["summary"] if row["breaks"]]
    assert sum(row["names"] for row in broken) == 3
    for value in ("", "1.2", "9", "<script>"):
        page = site.get("/impact?" + urllib.parse.urlencode({"min_version": value})).text
        assert "0 users would be cut off, and 0 partners would fall" in page, value
    page = site.get("/impact?min_version=&require_tls=on").text
    assert " would fall" in page and "0 partners" not in page


def test_what_the_relay_remembers_is_shown(site):
    page = site.get("/destinations").text
    assert page.count("has lost its TLS") == 1
    assert page.count("with a certificate of a public CA") == 1
    assert "has lost its TLS" not in site.get("/live").text


def test_reports_of_others_are_shown(site):
    """Also those that came when the ledger ran already."""
    assert "No report of others" in site.get("/tlsrpt").text
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - DAY))
    report = {"organization-name": "Partner" + SCRIPT, "report-id": "1", "contact-info": "x@y",
              "date-range": {"start-datetime": day + "T00:00:00Z",
                             "end-datetime": day + "T23:59:59Z"},
              "policies": [{"policy": {"policy-type": "sts", "policy-domain": "example.org"},
                            "summary": {"total-successful-session-count": 70,
                                        "total-failure-session-count": 3},
                            "failure-details": [{"result-type": "certificate-expired",
                                                 "receiving-mx-hostname": "mx" + SCRIPT,
                                                 "failed-session-count": 3}]}]}
    done = subprocess.run([BINARY, "report", "tlsrpt", "-c", site.daemon.config, "--ingest", "-"],
                          input=json.dumps(report), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    os.chmod(os.path.join(site.folder, "state", "reports"), 0o755)

    def is_shown():
        try:
            return "certificate-expired" in site.get("/tlsrpt").text
        except (OSError, http.client.HTTPException):
            return False  # of a ledger that is just replaced by one that may read the folder
    assert wait_until(is_shown, 15)
    page = site.get("/tlsrpt").text
    assert "New: Partner&lt;script" in page and "<script" not in page
    assert "mailseal_tlsrpt_new_failures 1\n" in site.get("/metrics").text


def test_other_names_and_methods_are_refused(site):
    assert site.status("/", Host="localhost:1") == 200
    assert site.status("/", Host="rebind.example") == 421
    assert site.status("/metrics", Host="rebind.example") == 421
    assert site.status("/healthz", Host="rebind.example") == 200
    assert site.status("/", method="POST") == 405
    assert site.status("/", method="OPTIONS") == 405
    assert site.status("/" + "a" * 3000) == 400
    assert site.status("/%00") == 400
    assert site.get("/", method="HEAD").text == ""


def test_garbage_does_not_end_it(site):
    pid = site.daemon.status()["ledger_pid"]
    for junk in (b"\0" * 5000, b"GET / HTTP/9.9\r\n\r\n", b"GET /\r\n\r\n", b"\r\n" * 999,
                 b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"b" * 70000 + b"\r\n\r\n",
                 b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\nabc"):
        sock = socket.create_connection(("127.0.0.1", site.port), 0.5)
        try:
            sock.sendall(junk)
            sock.recv(4096)
        except (ConnectionError, socket.timeout):
            pass
        sock.close()
    idle = [socket.create_connection(("127.0.0.1", site.port), 5) for _ in range(40)]
    assert site.status("/healthz") == 200
    for sock in idle:
        sock.close()
    assert site.daemon.status()["ledger_pid"] == pid


def test_a_ledger_that_dies_is_back(site):
    pid = site.daemon.status()["ledger_pid"]
    os.kill(pid, 9)
    assert wait_until(lambda: site.status("/live") == 200)
    assert wait_until(lambda: 'deaths_total{process="ledger"} 1' in site.get("/metrics").text)


def test_metrics_are_what_prometheus_reads(site):
    talk = Talk(site.smtp)
    talk.say(b"EHLO client.example\r\nMAIL FROM:<>\r\n").until(b"250 ")
    talk.close()
    page = site.get("/metrics")
    assert page.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert wait_until(lambda: 'mailseal_sessions_total{leg="inbound",protocol="smtp",'
                              'seal="plain"}' in site.get("/metrics").text)
    done = subprocess.run([os.path.join(ROOT, "tools", "promtool"), "check", "metrics"],
                          input=site.get("/metrics").text, capture_output=True, text=True,
                          timeout=300)
    if done.returncode == 3 and not done.stdout:
        pytest.skip("no promtool, and Debian's package cannot be had")
    assert done.returncode == 0 and not done.stdout and not done.stderr, done.stdout + done.stderr


@pytest.mark.parametrize("setting, value, said", [
    ("password_file", "/nonexistent/passwords", "cannot open"),
    ("group", "no-such-group", "there is no group")])
def test_config_check_looks_for_what_it_names(tmp_path, setting, value, said):
    path = tmp_path / "mailseal.conf"
    path.write_text('hostname = "mx.example.org";\n'
                    'backend = { mta = { address = ["127.0.0.1:10025"]; }; };\n'
                    'edge = { mx = { protocol = "smtp"; listen = ["127.0.0.1:25"]; backend = "mta"; }; };\n'
                    f'dashboard = {{ listen = "unix:/run/mailseal.sock"; {setting} = "{value}"; }};\n')
    done = subprocess.run([BINARY, "config", "check", "--json", "-c", str(path)], text=True,
                          capture_output=True, timeout=30)
    errors = [e for e in json.loads(done.stdout) if e["level"] == "error"]
    assert done.returncode == 1 and [e["setting"] for e in errors] == [f"dashboard.{setting}"]
    assert said in errors[0]["message"]


def test_passwords(folder):
    path = folder / "passwords"
    path.write_text("# who may look\n" + PASSWORDS)
    site = Site(folder, dashboard=f'password_file = "{path}"; metrics = "open"; '
                                    'names = ["mail.example.org"];')
    try:
        site.ready()
        right = basic("anna", "correct horse")
        page = site.get("/")
        assert page.status == 401 and page.headers["WWW-Authenticate"].startswith("Basic ")
        assert site.status("/", Authorization=right) == 200
        assert site.status("/", Authorization=right, Host="mail.example.org") == 200
        assert site.status("/metrics") == 200
        assert site.status("/metrics", Host="rebind.example") == 421
        answers = [site.status("/", Authorization=basic("anna", str(n))) for n in range(15)]
        assert answers[0] == 401 and answers[-1] == 429
        assert site.status("/", Authorization=right) == 200  # it was right before
        # A file that is no such file changes nothing.
        path.write_text("anna:correct horse\n")
        site.daemon.ctl("reload")
        told = site.daemon.wait("not taken, the old one stays in force")
        assert "passwords:1" in told["reason"]
        assert site.status("/", Authorization=right) == 200
        path.write_text(PASSWORDS.replace("anna:", "bert:"))
        site.daemon.ctl("reload")
        site.daemon.wait("configuration reloaded")
        assert wait_until(lambda: site.status("/", Authorization=basic("bert", "correct horse"))
                          == 200)
        assert site.status("/", Authorization=right) in (401, 429)
    finally:
        site.close()


def test_a_unix_socket_is_whose_it_shall_be(folder):
    path = folder / "web" / "dashboard.sock"
    site = Site(folder, listen=f"unix:{path}", dashboard='mode = "0600";')
    try:
        site.daemon.ready()
        assert path.is_socket() and oct(path.stat().st_mode)[-3:] == "600"
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(10)
        sock.connect(str(path))
        sock.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
        sock.close()
    finally:
        site.close()


def test_health_says_so_before_the_door_closes(folder):
    site = Site(folder, more='drain_notice = "2s";')
    try:
        site.ready()
        assert site.status("/healthz/imap") == 200 and site.status("/healthz/pop") == 404
        assert site.daemon.ctl("drain").returncode == 0
        assert wait_until(lambda: site.status("/healthz/imap") == 503)
        talk = Talk(site.plain)  # it is still open
        assert talk.line().startswith(b"* OK")
        talk.close()
        assert json.loads(site.daemon.ctl("--json", "status").stdout)["state"] == "draining"
        site.daemon.wait("draining")
        assert site.daemon.process.wait(20) == 0
    finally:
        site.close()


def test_a_reload_opens_moves_and_closes_it(folder):
    site = Site(folder)
    try:
        site.ready()
        first, (site.port,) = site.port, free_ports(1)
        site.daemon.write(site.config.replace(f"127.0.0.1:{first}", f"127.0.0.1:{site.port}"))
        site.daemon.ctl("reload")
        assert wait_until(lambda: site.status("/live") == 200)
        seen = len(site.daemon.events)
        site.daemon.write(re.sub(r"dashboard = .*\n", "", site.config))
        site.daemon.ctl("reload")
        site.daemon.wait("configuration reloaded", after=seen)
        assert wait_until(lambda: site.status("/live") is None)
    finally:
        site.close()


def test_a_renewed_certificate_that_does_not_fit_is_shown(folder):
    site = Site(folder)
    try:
        site.ready()
        assert "is served" in site.get("/certificates").text
        other = folder / "other"
        other.mkdir()
        chain, _ = make_certificate(str(other))
        shutil.copy(chain, site.chain)
        assert wait_until(lambda: 'mailseal_certificate_stale{certificate="mx"} 1'
                          in site.get("/metrics").text, 20)
        assert "the file on disk was renewed" in site.get("/certificates").text
        nagios = site.daemon.ctl("status", "--nagios")
        assert nagios.returncode == 1
        assert "1 renewed certificates are not served" in nagios.stdout
    finally:
        site.close()


def test_nagios(site, tmp_path):
    done = site.daemon.ctl("status", "--nagios")
    line = re.fullmatch(r"MAILSEAL (\w+) - (.*) \| (.*)\n", done.stdout)
    assert line and done.returncode == {"OK": 0, "WARNING": 1}[line[1]], done.stdout
    assert all(re.fullmatch(r"[a-z_]+=\d+c?(;[^ ]*)?", part) for part in line[3].split())
    gone = subprocess.run([BINARY, "ctl", "-s", str(tmp_path / "no.sock"), "status", "--nagios"],
                          capture_output=True, text=True, timeout=30)
    assert gone.returncode == 2 and gone.stdout.startswith("MAILSEAL CRITICAL - no daemon")
    wrong = site.daemon.ctl("drain", "--nagios")
    assert wrong.returncode == 3


def test_pages_in_a_browser(site, browser):
    """On a telephone and a screen, light and dark: nothing is cut off, nothing runs."""
    for path in site.links():
        for scheme in ("light", "dark"):
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
                {"name": "prefers-color-scheme", "value": scheme}]})
            for width in (360, 1440):
                browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                    "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
                browser.get(f"http://127.0.0.1:{site.port}{path}")
                where = f"{path} at {width}, {scheme}"
                assert browser.execute_script(WIDTH_OF_PAGE) <= 0, where
                assert browser.title.endswith(" - mailseal"), where
            assert browser.execute_script(PALE) == [], where
        assert browser.execute_script(NAMELESS) == [], path
        assert browser.execute_script("return document.scripts.length") == 0, path
        # Its own first page is not ours.
        assert [line for line in browser.get_log("browser")
                if not line["message"].startswith("chrome:")] == [], path
    # By keys alone: the first is the way past the navigation, and what has the focus is seen.
    from selenium.webdriver.common.keys import Keys
    browser.get(f"http://127.0.0.1:{site.port}/exposures")
    browser.find_element("tag name", "body").send_keys(Keys.TAB)
    first = browser.switch_to.active_element
    assert first.get_attribute("href").endswith("#content") and first.rect["x"] >= 0
    assert first.value_of_css_property("outline-style") != "none"
    shown = browser.find_element("tag name", "table").text
    assert all(text in shown for text in (SCRIPT, '"><img src=x onerror=', "&lt;b&gt;"))
    # The form works without a script.
    browser.find_element("css selector", "option[value='7']").click()
    browser.find_element("css selector", "button").click()
    assert wait_until(lambda: browser.current_url.endswith("/exposures?days=7"))


def test_who_took_all_places_and_left_leaves_them(folder):
    site = Site(folder).ready()
    try:
        held = []
        while len(held) < 300:  # more than there are places
            held.append(socket.create_connection(("127.0.0.1", site.port), 5))
            held[-1].sendall(b"GET / HTTP/1.1\r\n")
        pid, = site.daemon.children()["ledger"]
        assert wait_until(lambda: len(os.listdir(f"/proc/{pid}/fd")) > 256)
        for one in held:
            one.close()
        assert site.status("/healthz") == 200
    finally:
        site.close()
