"""mailseal check --serve: what visitors get, what they may not have, and what stands in front."""
import contextlib
import http.client
import json
import re
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse
from types import SimpleNamespace

import pytest

from browsers import NAMELESS, PALE, WIDTH_OF_PAGE, browser  # noqa: F401
from daemon import BINARY, Daemon, client_context, free_ports, make_certificate, parse_line, \
    wait_until
from names import A, ANCHOR, MX, NXDOMAIN, NameServer, wire

SRV = 33
INSIDE = "127.0.77.1"  # where a server is that strangers' names point to
SCRIPT = "<script>document.title='owned'</script>"
HOSTILE = f"220 mx.example ESMTP {SCRIPT}\"><img src=x>\x1b[2J\r\n".encode()


def facts():
    """Names and what they lead to; DNS that answers otherwise every time."""
    turn = iter(range(1 << 30))

    def say(name, kind):
        address = socket.inet_aton(INSIDE)
        first = name.split(".")[0]
        if first.startswith("nothing"):
            return NXDOMAIN, None
        if kind == MX and name.count(".") == 1:
            own = first in ("rebinding", "both")
            return 0, b"\0\x0a" + wire("mx." + name if own else "mx.inside.example")
        if kind == SRV and name == "_imaps._tcp.inside.example":
            return 0, struct.pack("!3H", 0, 0, 993) + wire("mx.inside.example")
        if kind == A and name == "mx.rebinding.example":
            return 0, address if next(turn) % 2 else socket.inet_aton("192.0.2.1")
        if kind == A and name == "mx.both.example":
            return 0, [socket.inet_aton("192.0.2.1"), address]
        if kind == A and name == "mx.inside.example":
            return 0, address
        return 0, None
    return say


class Server:
    """Speaks SMTP with STARTTLS on port 25 of INSIDE, and counts who comes there at all."""

    def __init__(self, chain, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain, key)
        self.came = 0
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((INSIDE, 25))
        self.sock.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.sock.accept()[0]
                self.came += 1
                threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        client.settimeout(20)
        with contextlib.suppress(OSError, ValueError), client:
            client.sendall(HOSTILE)
            while line := self.line(client):
                if line.startswith(b"EHLO"):
                    client.sendall(b"250-mx.example\r\n250 STARTTLS\r\n")
                elif line.startswith(b"STARTTLS"):
                    client.sendall(b"220 go\r\n")
                    client = self.context.wrap_socket(client, server_side=True)
                else:
                    client.sendall(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 ok\r\n")

    @staticmethod
    def line(client):
        got = b""
        while not got.endswith(b"\n") and (piece := client.recv(1)):
            got += piece
        return got

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class Site:
    """The page, until close(); its log as events."""

    def __init__(self, folder, names, *options, address=None):
        (folder / "anchor").write_text(ANCHOR, encoding="ascii")
        self.port, = free_ports(1)
        self.events, self.changed = [], threading.Condition()
        self.process = subprocess.Popen(
            [BINARY, "check", "--serve", address or f"127.0.0.1:{self.port}", "--forward",
             names.address, "--trust-anchor", str(folder / "anchor"), *options],
            stderr=subprocess.PIPE)
        threading.Thread(target=self.read_log, daemon=True).start()
        self.wait("the page is served")

    def read_log(self):
        for raw in self.process.stderr:
            with self.changed:
                self.events.append(parse_line(raw.decode()))
                self.changed.notify_all()

    def all(self, event):
        return [e for e in self.events if e.get("event") == event]

    def wait(self, event, timeout=30, **fields):
        def found():
            return [e for e in self.all(event) if all(e.get(k) == v for k, v in fields.items())]
        with self.changed:
            assert self.changed.wait_for(found, timeout), self.events
            return found()[0]

    def ask(self, path, method="GET", body=None, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in fields.items()})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return SimpleNamespace(status=answer.status, headers=answer.headers, text=text)

    def look(self, domain, **fields):
        return self.ask("/look", "POST", urllib.parse.urlencode({"domain": domain}),
                        Content_Type="application/x-www-form-urlencoded", **fields)

    def result(self, domain):
        """As it is when it is there."""
        assert wait_until(lambda: self.ask("/" + domain).status != 202, 60)
        return self.ask("/" + domain)

    def close(self):
        """Its exit status."""
        self.process.terminate()
        return self.process.wait(20)


@pytest.fixture(scope="module")
def names():
    server = NameServer(facts())
    yield server
    server.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    chain, key = make_certificate(str(folder), host="mx.inside.example")
    running = Server(chain, key)
    yield running
    running.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory, names, server):
    """One that may look inside."""
    running = Site(tmp_path_factory.mktemp("site"), names, "--allow-private", "--visitor-runs",
                   "1000")
    yield running
    assert running.close() == 0


def test_a_visitor_asks_and_gets_a_result_that_stays(site):
    page = site.ask("/")
    assert page.status == 200 and 'action="/look"' in page.text
    said = site.look("postmaster@Inside.Example")
    assert said.status == 303 and said.headers["Location"] == "/inside.example"
    waits = site.ask("/inside.example")
    assert waits.status in (200, 202)
    assert waits.status == 200 or 'http-equiv="refresh"' in waits.text
    page = site.result("inside.example")
    assert page.status == 200 and "http-equiv" not in page.text
    told = json.loads(site.ask("/inside.example.json").text)
    assert told["domain"] == "inside.example" and told["overall"]["letter"] in page.text
    seen = [e for e in told["endpoints"] if e["service"] == "smtp"]
    assert seen and seen[0]["address"] == INSIDE and seen[0]["has_tls"] is True, seen
    assert site.ask("/INSIDE.example").headers["Location"] == "/inside.example"
    assert site.ask("/about").status == site.ask("/style.css").status == 200
    assert site.ask("/healthz").text == "ok\n"


def test_what_servers_say_is_text(site):
    site.look("hostile.example")
    page = site.result("hostile.example").text
    told = site.ask("/hostile.example.json").text
    assert "<script" not in page and "<img" not in page and "\x1b" not in page + told
    assert SCRIPT in json.loads(told)["endpoints"][0]["greeting"]
    fields = site.ask("/hostile.example").headers
    assert fields["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert not re.search(r"<style|\sstyle=|\son\w+=[\"']?\w+\(|javascript:",
                         page.replace("&lt;", ""))


def test_a_thousand_who_want_one_domain_are_one_run(site):
    def visitors():
        for _ in range(125):
            assert site.look("many.example").status == 303
    threads = [threading.Thread(target=visitors) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert site.result("many.example").status == 200
    assert site.look("many.example").status == 303
    site.wait("a domain was looked at", domain="many.example")
    assert len([e for e in site.all("a domain is to be looked at")
                if e["domain"] == "many.example"]) == 1


def test_what_is_no_domain_is_refused(site):
    for text in ("", "localhost", "127.0.0.1", "0x7f.1", "[::1]", "a" * 70 + ".example", "x" * 240,
                 "a b.example", SCRIPT, "\0", "..", "inside.example:25", "xn--\u00fc.example"):
        said = site.look(text)
        assert said.status == 400 and "<script" not in said.text, text
    assert site.look("b.example", Sec_Fetch_Site="cross-site").status == 403
    assert site.ask("/look").status == 404
    assert site.ask("/", "POST").status == 405
    assert site.ask("/nowhere").status == 404
    assert site.ask("/" + "a" * 3000).status == 400
    assert site.ask("/unknown.example").status == 404
    assert site.ask("/unknown.example.json").status == 404
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        site.ask("/look", "POST", "domain=" + "a" * 100000)
    assert site.ask("/healthz").status == 200
    assert "b.example" not in [e["domain"] for e in site.all("a domain is to be looked at")]


def test_who_does_not_read_keeps_nobody_waiting(site):
    site.look("inside.example")
    assert site.result("inside.example").status == 200
    slow = []
    for _ in range(150):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.connect(("127.0.0.1", site.port))
        sock.sendall(b"GET /inside.example HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
        slow.append(sock)
    began = time.monotonic()
    assert site.ask("/inside.example").status == 200
    assert time.monotonic() - began < 15
    for sock in slow:
        sock.close()


def test_one_visitor_has_what_is_his(tmp_path, names):
    site = Site(tmp_path, names)
    try:
        said = [site.look(f"nothing{n}.example").status for n in range(1000)]
        assert said[:20] == [303] * 20 and set(said[20:]) == {429}
        assert site.look("nothing1.example").status == 303  # it is there, or under way
        assert wait_until(lambda: len(site.all("a domain was looked at")) == 20, 60)
        assert len(site.all("a domain is to be looked at")) == 20
    finally:
        assert site.close() == 0


def test_nothing_inside_is_connected_to(tmp_path, names, server):
    site = Site(tmp_path, names)
    before = server.came
    try:
        for domain in ("inside.example", "rebinding.example", "both.example"):
            assert site.look(domain).status == 303
        for domain in ("inside.example", "rebinding.example", "both.example"):
            assert site.result(domain).status == 200
            told = json.loads(site.ask(f"/{domain}.json").text)
            assert told["endpoints"] == [], told["endpoints"]
        assert server.came == before
    finally:
        assert site.close() == 0


def test_a_proxy_that_writes_x_forwarded_for(tmp_path, names):
    site = Site(tmp_path, names, "--behind-proxy", "--visitor-runs", "2")
    try:
        for n in range(4):
            said = site.look(f"nothing{n}.example", X_Forwarded_For=f"192.0.2.{n}, 198.51.100.7")
            assert said.status == (303 if n < 2 else 429)
        assert site.look("nothing9.example", X_Forwarded_For="2001:db8:1:2:3::9").status == 303
        site.wait("a domain is to be looked at", visitor="2001:db8:1:2::/64")
        assert [e["visitor"] for e in site.all("a domain is to be looked at")] == \
            ["198.51.100.7", "198.51.100.7", "2001:db8:1:2::/64"]
    finally:
        assert site.close() == 0


def header(client):
    """Of PROXY version 2, from there."""
    return (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + socket.inet_aton(client)
            + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 4711, 443))


REQUEST = (b"POST /look HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Length: 23\r\n"
           b"Connection: close\r\n\r\ndomain=nothing1.example")


def talk(port, *pieces):
    with socket.create_connection(("127.0.0.1", port), 15) as sock:
        for piece in pieces:
            sock.sendall(piece)
        with contextlib.suppress(ConnectionError):
            return sock.recv(4096)
        return b""


def test_a_proxy_that_sends_a_header(tmp_path, names):
    site = Site(tmp_path, names, "--proxy-protocol")
    try:
        whole = header("198.51.100.7")
        assert talk(site.port, REQUEST) == b""
        assert talk(site.port, b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + REQUEST) == b""
        assert talk(site.port, whole[:15] + b"\xff" + whole[16:] + REQUEST * 9) == b""
        local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
        assert talk(site.port, local, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") \
            .startswith(b"HTTP/1.1 200")
        pieces = [bytes([byte]) for byte in whole]
        assert talk(site.port, *pieces, REQUEST).startswith(b"HTTP/1.1 303")
        site.wait("a domain is to be looked at", visitor="198.51.100.7")
        # One who takes all the places that are his leaves those of others.
        held = []
        for _ in range(300):
            sock = socket.create_connection(("127.0.0.1", site.port), 15)
            sock.sendall(header("198.51.100.8") + b"GET / HTTP/1.1\r\n")
            held.append(sock)
        assert talk(site.port, header("198.51.100.9"), b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") \
            .startswith(b"HTTP/1.1 200")
        for sock in held:
            sock.close()
    finally:
        assert site.close() == 0


def test_where_it_may_listen(tmp_path, names):
    for address in ("0.0.0.0:80", "192.0.2.1:80", "*:80", "[::]:80"):
        done = subprocess.run([BINARY, "check", "--serve", address], capture_output=True, text=True,
                              timeout=30)
        assert done.returncode == 2 and "listen on 127.0.0.1, with an edge" in done.stderr, done
    for options, said in ((["--mine"], "your own hosts"), (["a.example"], "from visitors"),
                          (["--behind-proxy", "--proxy-protocol"], "in one way")):
        done = subprocess.run([BINARY, "check", "--serve", "127.0.0.1:1", *options], text=True,
                              capture_output=True, timeout=30)
        assert done.returncode == 2 and said in done.stderr, done
    path = tmp_path / "check.sock"
    for _ in range(2):  # also where one is left
        site = Site(tmp_path, names, address=f"unix:{path}")
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(15)
        sock.connect(str(path))
        sock.sendall(REQUEST)
        assert sock.recv(100).startswith(b"HTTP/1.1 303")
        assert site.wait("a domain is to be looked at")["visitor"] == "local"
        sock.close()
        assert site.close() == 0


@pytest.fixture(scope="module")
def sealed(tmp_path_factory, names, server):
    """In front of it a tcp edge of mailseal, which has the certificate."""
    folder = tmp_path_factory.mktemp("sealed")
    folder.chmod(0o755)
    site = Site(folder, names, "--allow-private", "--proxy-protocol")
    port, = free_ports(1)
    chain, key = make_certificate(str(folder), host="check.example.org")
    daemon = Daemon(folder, f'''workers = 1;
certificate = {{ check = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ check = {{ address = ["127.0.0.1:{site.port}"]; client_info = "proxy"; }}; }};
edge = {{ check = {{ protocol = "tcp"; listen_tls = ["127.0.0.1:{port}"]; backend = "check";
                   alpn = "http/1.1"; }}; }};
''').ready()
    yield site, port
    daemon.close()
    assert site.close() == 0


def wrapped(sock, *protocols):
    context = client_context()
    context.set_alpn_protocols(protocols)
    return context.wrap_socket(sock)


def test_behind_an_edge_of_mailseal_visitors_are_who_they_are(sealed):
    site, port = sealed
    with socket.socket() as sock:
        sock.bind(("127.0.0.9", 0))
        sock.settimeout(20)
        sock.connect(("127.0.0.1", port))
        with wrapped(sock, "h2", "http/1.1") as client:
            assert client.selected_alpn_protocol() == "http/1.1"
            client.sendall(REQUEST)
            assert client.recv(100).startswith(b"HTTP/1.1 303")
    site.wait("a domain is to be looked at", visitor="127.0.0.9")
    with socket.create_connection(("127.0.0.1", port), 20) as sock:
        with pytest.raises(ssl.SSLError, match="(?i)application.protocol"):
            wrapped(sock, "h2")


def page_is_well(browser, path):
    for scheme in ("light", "dark"):
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": scheme}]})
        for width in (360, 1440):
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
            assert browser.execute_script(WIDTH_OF_PAGE) <= 0, f"{path} at {width}, {scheme}"
        assert browser.execute_script(PALE) == [], f"{path}, {scheme}"
    assert browser.execute_script(NAMELESS) == [], path
    assert browser.execute_script("return document.scripts.length") == 0, path


def test_in_a_browser(sealed, browser):  # noqa: F811
    """From the form over progress to the result, by keys and without a script."""
    site, port = sealed
    from selenium.webdriver.common.keys import Keys
    browser.execute_cdp_cmd("Security.setIgnoreCertificateErrors", {"ignore": True})
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    browser.get(f"https://127.0.0.1:{port}/")
    page_is_well(browser, "/")
    browser.find_element("id", "domain").send_keys("anna@browser.example", Keys.ENTER)
    assert wait_until(lambda: browser.current_url.endswith("/browser.example"), 20)
    assert wait_until(lambda: browser.find_elements("class name", "letters"), 60)
    assert browser.title == "browser.example - mailseal check"
    page_is_well(browser, "/browser.example")
    browser.get(f"https://127.0.0.1:{port}/about")
    page_is_well(browser, "/about")
    assert [line for line in browser.get_log("browser")
            if not line["message"].startswith("chrome:")] == []
