"""An http edge: TLS in front of a web server, whose bytes are not looked at, and port 80."""
import hashlib
import os
import socket
import ssl
import subprocess
import time
import types

import pytest

import peers
from daemon import Daemon, client_context, free_ports, make_certificate, wait_until

HOST = "mail.example.org"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
TOKEN = "/.well-known/acme-challenge/abc-DEF_1"
MiB = 1 << 20


def config(door, gone):
    """gone: a port that nobody listens on."""
    b = door.backends
    def backend(name, client_info="proxy"):
        more = ' accept = ["no-client-info"];' if client_info == "none" else ""
        return (f'{name} = {{ address = ["127.0.0.1:{b[name].port}"]; '
                f'client_info = "{client_info}";{more} }};\n')
    return f'''workers = 1;
certificate = {{ c = {{ chain = "{door.chain}"; key = "{door.key}"; }}; }};
backend = {{ {backend("web")} {backend("h2")} {backend("other")} {backend("acme", "none")}
             gone = {{ address = ["127.0.0.1:{gone}"]; client_info = "proxy"; }}; }};
edge = {{
    web = {{ protocol = "http"; listen = ["127.0.0.1:{door.clear}"];
             listen_tls = ["127.0.0.1:{door.tls}"]; backend = "web"; backend_h2 = "h2";
             challenge_backend = "acme"; }};
    one = {{ protocol = "http"; listen = ["127.0.0.1:{door.narrow}"];
             listen_tls = ["127.0.0.1:{door.one}"]; backend = "web";
             limits = {{ connections_per_address = 2; }};
             by_sni = ( {{ names = ["autoconfig.example.org", "*.example.net"];
                           backend = "other"; }} ); }};
    down = {{ protocol = "http"; listen_tls = ["127.0.0.1:{door.down}"]; backend = "gone";
              challenge_backend = "gone"; listen = ["127.0.0.1:{door.down_clear}"]; }};
    behind = {{ protocol = "http"; listen = ["127.0.0.1:{door.balanced}"]; backend = "web";
                proxy_from = ["127.0.0.1"]; }};
}};
exception = ( {{ edge = "web"; from = ["127.0.0.9"]; allow = ["tls1.1"];
                 until = "{door.until}"; reason = "an old tablet"; }} );'''


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    folder = tmp_path_factory.mktemp("http")
    os.chmod(folder, 0o755)
    door = types.SimpleNamespace()
    door.backends = {"web": peers.Backend(peers.http), "h2": peers.Backend(peers.echo),
                     "other": peers.Backend(peers.http),
                     "acme": peers.Backend(peers.http, expects_proxy=False)}
    (door.clear, door.tls, door.narrow, door.one, door.down, door.down_clear, door.balanced,
     gone) = free_ports(8)
    door.chain, door.key = make_certificate(str(folder),
                                            other=("autoconfig.example.org", "*.example.net"))
    door.until = subprocess.run(["date", "-u", "-d", "+30 days", "+%F"], capture_output=True,
                                text=True, check=True).stdout.strip()
    door.daemon = Daemon(folder, config(door, gone)).ready()
    yield door
    door.daemon.close()
    for backend in door.backends.values():
        backend.close()


def connect(port, alpn=(), name=None, source="127.0.0.1", context=None):
    context = context or client_context()
    if alpn:
        context.set_alpn_protocols(list(alpn))
    sock = socket.create_connection(("127.0.0.1", port), 60, (source, 0))
    try:
        return context.wrap_socket(sock, server_hostname=name)
    except BaseException:
        sock.close()
        raise


def say(port, request):
    """One request in clear, and all that comes back until the end."""
    with socket.create_connection(("127.0.0.1", port), 60) as sock:
        sock.sendall(request)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def get(path="/", host=HOST):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def curl(door, *words):
    return subprocess.run(["curl", "-sS", "--max-time", "60", "--cacert", door.chain, "--resolve",
                           f"{HOST}:{door.tls}:127.0.0.1", *words], capture_output=True,
                          text=True, check=False)


def ended(door, client, seen):
    """Of a session that the client leaves."""
    port = str(client.getsockname()[1])
    client.close()
    return door.daemon.wait("session ended", after=seen, port=port)


def test_curl_gets_a_page_and_the_backend_knows_of_whom(door):
    seen = len(door.daemon.events)
    got = curl(door, "--http1.1", f"https://{HOST}:{door.tls}/a?b=c")
    assert got.returncode == 0, got.stderr
    assert got.stdout.startswith("GET /a?b=c HTTP/1.1 ")
    told = door.backends["web"].sessions[-1]["told"]
    assert told["client"] == "127.0.0.1" and told["alpn"] == "http/1.1"
    assert told["tls"][0] == 1 and b"TLSv1.3" in told["tls"] and told["id"]
    record = door.daemon.wait("session ended", after=seen, session=told["id"])
    assert (record["leg"], record["protocol"], record["seal"]) == ("user", "http", "sealed")
    assert (record["outcome"], record["sni"], record["alpn"]) == ("ok", HOST, "http/1.1")
    assert record["hello"] and record["edge"] == "web"


@pytest.mark.parametrize("alpn, chosen", [
    (["h2"], "h2"), (["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], "h2"), ([], None),
    (["http/1.1"], "http/1.1"), (["spdy/3", "http/1.1"], "http/1.1")])
def test_alpn_chooses_the_backend(door, alpn, chosen):
    backend = door.backends["h2" if chosen == "h2" else "web"]
    before = len(backend.sessions)
    seen = len(door.daemon.events)
    client = connect(door.tls, alpn, HOST)
    assert client.selected_alpn_protocol() == chosen
    client.sendall(PREFACE if chosen == "h2" else get())
    assert client.recv(12) == (PREFACE if chosen == "h2" else b"HTTP/1.1 200")[:12]
    assert len(backend.sessions) == before + 1
    assert backend.sessions[-1]["told"]["alpn"] == chosen
    assert ended(door, client, seen).get("alpn") == chosen


def test_http2_is_offered_only_where_a_backend_has_it(door):
    client = connect(door.one, ["h2", "http/1.1"], HOST)
    assert client.selected_alpn_protocol() == "http/1.1"
    client.close()
    for port, alpn in ((door.one, ["h2"]), (door.tls, ["imap"]), (door.tls, ["acme-tls/1"])):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            connect(port, alpn, HOST)


def connect_when_there_is_room(port, alpn, name):
    """The edge takes two of an address, and those of the test before may not have ended yet."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return connect(port, alpn, name)
        except (ConnectionError, ssl.SSLEOFError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("name, backend", [
    ("autoconfig.example.org", "other"), ("AutoConfig.Example.ORG", "other"),
    ("a.example.net", "other"), ("b.a.example.net", "web"), (HOST, "web"), (None, "web")])
def test_the_name_chooses_the_backend(door, name, backend):
    before = len(door.backends[backend].sessions)
    with connect_when_there_is_room(door.one, ["http/1.1"], name) as client:
        client.sendall(get("/x"))
        assert client.recv(12) == b"HTTP/1.1 200"
    assert len(door.backends[backend].sessions) == before + 1


def test_old_tls_is_for_an_exception_alone(door):
    def old():
        context = client_context(minimum_version=ssl.TLSVersion.TLSv1_1,
                                 maximum_version=ssl.TLSVersion.TLSv1_1)
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context
    seen = len(door.daemon.events)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(door.tls, context=old())
    refused = door.daemon.wait("handshake refused", after=seen, edge="web")
    assert refused["offered"] == "TLSv1.1"
    client = connect(door.tls, context=old(), source="127.0.0.9")
    client.sendall(get())
    assert client.recv(12) == b"HTTP/1.1 200"
    assert ended(door, client, seen)["seal"] == "legacy"


def test_an_upload_of_20_mib(door, tmp_path):
    body = os.urandom(20 * MiB)
    (tmp_path / "file").write_bytes(body)
    got = curl(door, "--http1.1", "-H", "Expect:", "-T", str(tmp_path / "file"),
               f"https://{HOST}:{door.tls}/up")
    assert got.stdout == "PUT /up HTTP/1.1 " + hashlib.sha256(body).hexdigest(), got.stderr


def test_a_websocket(door):
    with connect(door.tls, ["http/1.1"], HOST) as client:
        client.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                       b"Upgrade: websocket\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += client.recv(4096)
        assert answer.startswith(b"HTTP/1.1 101 ")
        for frame in (b"\x81\x05hello", b"\x82\x7e\x01\x00" + bytes(256)):
            client.sendall(frame)
            got = b""
            while len(got) < len(frame):
                got += client.recv(4096)
            assert got == frame


def test_a_backend_that_is_down_is_an_end_and_is_recorded(door):
    seen = len(door.daemon.events)
    client = connect(door.down, ["http/1.1"], HOST)
    client.sendall(get())
    try:
        assert client.recv(100) == b""
    except ConnectionError:
        pass
    assert ended(door, client, seen)["outcome"] == "backend-down"
    door.daemon.wait("backend cannot be used", after=seen, backend="gone")
    assert say(door.down_clear, get(TOKEN)).startswith(b"HTTP/1.1 503 ")


def test_port_80_redirects(door):
    seen, before = len(door.daemon.events), len(door.backends["web"].sessions)
    got = subprocess.run(["curl", "-sSi", "--max-time", "60", "--resolve",
                          f"{HOST}:{door.clear}:127.0.0.1",
                          f"http://{HOST}:{door.clear}/webmail/?_task=mail"],
                         capture_output=True, text=True, check=True).stdout
    head = got.split("\n\n", maxsplit=1)[0].replace("\r", "").split("\n")
    assert head[0] == "HTTP/1.1 301 Moved Permanently"
    assert f"Location: https://{HOST}:{door.tls}/webmail/?_task=mail" in head
    assert "Connection: close" in head
    assert not any(line.lower().startswith("strict-transport") for line in head)
    door.daemon.wait("session ended", after=seen, edge="web", protocol="http", seal="none", outcome="ok")
    assert len(door.backends["web"].sessions) == before


@pytest.mark.parametrize("request_, status", [
    (get(host="elsewhere.example.org"), 400), (b"GET / HTTP/1.1\r\n\r\n", 400),
    (get(host=f"{HOST}\r\nHost: {HOST}"), 400), (b"GET / HTTP/1.0\r\n\r\n", 400),
    (get(host="a\rSet-Cookie: b"), 400), (get("/\rb"), 400), (get("http://a/"), 400),
    (get().replace(b"GET", b"POST"), 405), (get(TOKEN).replace(b"GET", b"PUT"), 405),
    (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 405), (PREFACE, 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), 400), (b"EHLO a\r\n\r\n", 400),
    (b"GET /" + b"a" * 5000, 431), (b"GET / HTTP/1.1\r\nX: " + b"a" * 17000, 431)])
def test_all_else_on_port_80_is_refused(door, request_, status):
    answer = say(door.clear, request_)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert b"\r\nConnection: close\r\n" in answer and b"Cookie" not in answer


def test_one_request_a_connection_in_clear(door):
    answer = say(door.clear, get("/1") + get("/2") + get(TOKEN))
    assert answer.count(b"HTTP/1.1 ") == 1 and b"/2" not in answer


def test_a_request_byte_by_byte(door):
    with socket.create_connection(("127.0.0.1", door.clear), 60) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in get("/slow"):
            sock.sendall(bytes([byte]))
        assert sock.recv(12) == b"HTTP/1.1 301"


def test_acme_asks_and_its_backend_hears_nothing_else(door):
    seen, backend = len(door.daemon.events), door.backends["acme"]
    before = len(backend.sessions)
    request = (f"GET {TOKEN} HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1\r\nCookie: a\r\n"
               "Host: New.example.org\r\n\r\nPOST /login HTTP/1.1\r\n\r\n").encode()
    answer = say(door.clear, request)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and f"GET {TOKEN} ".encode() in answer
    backend.wait(lambda: len(backend.sessions) > before)
    session = backend.sessions[-1]
    assert session["lines"] == [f"GET {TOKEN} HTTP/1.1\r\n".encode()]
    assert session["fields"] == {b"host": b"new.example.org", b"connection": b"close"}
    door.daemon.wait("session ended", after=seen, edge="web", seal="none", outcome="ok")


def test_acme_without_a_backend_is_redirected_too(door):
    answer = say(door.narrow, get(TOKEN))
    assert f"Location: https://{HOST}:{door.one}{TOKEN}\r\n".encode() in answer


def test_limits_count_on_port_80(door):
    opened = [socket.create_connection(("127.0.0.1", door.narrow), 60) for _ in range(2)]
    for sock in opened:
        sock.sendall(b"GET /")
    answer = say(door.narrow, b"")  # it is not read: what came would break the answer off
    assert answer.startswith(b"HTTP/1.1 503 ") and answer.endswith(b"\r\n\r\n")
    for sock in opened:
        sock.sendall(b" HTTP/1.1\r\nHost: a\r\n\r\n")
        assert sock.recv(12) == b"HTTP/1.1 400"
        sock.close()


def test_behind_a_balancer_the_request_may_come_with_its_header(door):
    seen = len(door.daemon.events)
    answer = say(door.balanced, b"PROXY TCP4 192.0.2.7 192.0.2.8 1234 80\r\n" + get("/b"))
    assert f"\r\nLocation: https://{HOST}/b\r\n".encode() in answer
    assert door.daemon.wait("session ended", after=seen, edge="behind")["client"] == "192.0.2.7"


def test_a_reload_sends_new_sessions_to_another_backend(door):
    text = open(door.daemon.config, encoding="utf-8").read()
    with connect(door.tls, ["http/1.1"], HOST) as before:
        before.sendall(get("/before"))
        assert before.recv(12) == b"HTTP/1.1 200"
        door.daemon.write(text.split("\n", 2)[2].replace('backend = "web"; backend_h2',
                                                         'backend = "other"; backend_h2'))
        assert door.daemon.ctl("reload").returncode == 0
        count = len(door.backends["other"].sessions)

        def is_sent_there():
            with connect(door.tls, ["http/1.1"], HOST) as client:
                client.sendall(get("/after"))
                assert client.recv(12) == b"HTTP/1.1 200"
            return len(door.backends["other"].sessions) > count
        assert wait_until(is_sent_there, 30)
        before.sendall(get("/still"))
        assert b"GET /still" in before.recv(4096) + before.recv(4096)
