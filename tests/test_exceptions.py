"""Dated exceptions: who, what and until when; each use is counted, and what is not written is not
allowed (DESIGN 4)."""
import datetime
import os
import socket
import ssl
import subprocess
from types import SimpleNamespace

import pytest

import peers
from daemon import BINARY, Daemon, Talk, client_context, free_ports, make_certificate
from edges import PROTOCOL_OF, UPGRADE, greet

BACKENDS = {"mx": peers.smtp, "submission": peers.smtp, "imap": peers.imap, "pop3": peers.pop3,
            "sieve": peers.sieve, "lmtp": peers.lmtp}
NO_LOGINS = ("mx", "lmtp")
OLD = "ALL:@SECLEVEL=0"


def date(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days)).date()


def exception(edge, allow, days=30, network="127.0.0.1/32"):
    words = ", ".join(f'"{word}"' for word in allow)
    return (f'{{ edge = "{edge}"; from = ["{network}"]; allow = [{words}]; until = "{date(days)}";'
            f' reason = "tills"; }}')


def start(folder, exceptions, edges=tuple(BACKENDS), key_type=None, more=""):
    os.chmod(folder, 0o755)
    backends = {name: peers.Backend(BACKENDS[name]) for name in edges}
    numbers = iter(free_ports(2 * len(edges)))
    ports = {name: (next(numbers), next(numbers)) for name in edges}
    chain, key = make_certificate(str(folder), **({"key_type": key_type} if key_type else {}))
    config = [f'workers = 1; drain_timeout = "1s";',
              f'certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }}; backend = {{']
    for name, backend in backends.items():
        config.append(f'{name} = {{ address = ["127.0.0.1:{backend.port}"]; }};')
    config.append("}; edge = {")
    for name, (plain, tls) in ports.items():
        listen = f'listen = ["127.0.0.1:{plain}"];'
        if name != "mx":
            listen += f' listen_tls = ["127.0.0.1:{tls}"];'
        config.append(f'{name} = {{ protocol = "{PROTOCOL_OF[name]}"; {listen}'
                      f' backend = "{name}"; {more} }};')
    config.append("};\nexception = ( " + ",\n".join(exceptions) + " );")
    daemon = Daemon(folder, "\n".join(config)).ready()
    return SimpleNamespace(daemon=daemon, ports=ports, backends=backends)


def stop(stage):
    stage.daemon.close()
    for backend in stage.backends.values():
        backend.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """127.0.0.1 may speak TLS 1.0 everywhere, and log in without TLS where there are logins."""
    exceptions = [exception(name, ["tls1.0"] + (["plain-login"] if name not in NO_LOGINS else []))
                  for name in BACKENDS]
    stage = start(tmp_path_factory.mktemp("exceptions"), exceptions)
    yield stage
    stop(stage)


@pytest.fixture
def run(tmp_path):
    running = []

    def go(exceptions, **options):
        running.append(start(tmp_path, exceptions, **options))
        return running[-1]

    yield go
    for one in running:
        stop(one)


def connect(port, address="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), 15, source_address=(address, 0))


class From(Talk):
    def __init__(self, port, address="127.0.0.1"):
        self.sock, self.rest = connect(port, address), b""


def old_context(highest=ssl.TLSVersion.TLSv1, ciphers=OLD):
    context = client_context()
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, highest
    context.set_ciphers(ciphers)
    return context


def before_tls(talk, edge):
    """Up to the point where the client says its ClientHello."""
    greet(talk, edge).say(UPGRADE[edge]).line()
    return talk


def handshake(stage, edge, context, address="127.0.0.1", is_implicit=False, **options):
    plain, tls = stage.ports[edge]
    talk = From(tls if is_implicit else plain, address)
    if not is_implicit:
        before_tls(talk, edge)
    return context.wrap_socket(talk.sock, server_hostname="mail.example.org", **options)


def record_of(stage, sock, seen):
    """Closes a client; the record of its session, which began after that many events."""
    port = str(sock.getsockname()[1])
    sock.close()
    return stage.daemon.wait("session ended", after=seen, port=port)


WAYS = [(name, is_implicit) for name in BACKENDS for is_implicit in (False, True)
        if name != "mx" or not is_implicit]


@pytest.mark.parametrize("edge, is_implicit", WAYS)
def test_an_old_version_is_served_and_counted_legacy(stage, edge, is_implicit):
    before = stage.daemon.status()["sums"]["legacy"]
    seen = len(stage.daemon.events)
    client = handshake(stage, edge, old_context(), is_implicit=is_implicit)
    assert client.version() == "TLSv1"
    record = record_of(stage, client, seen)
    assert record["seal"] == "legacy" and record["tls"] == "TLSv1.0"
    assert stage.daemon.status()["sums"]["legacy"] == before + 1


@pytest.mark.parametrize("edge, is_implicit", WAYS)
def test_from_elsewhere_it_is_refused(stage, edge, is_implicit):
    seen = len(stage.daemon.events)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(stage, edge, old_context(), "127.0.0.2", is_implicit)
    refused = stage.daemon.wait("handshake refused", after=seen, edge=edge)
    assert refused["client"] == "127.0.0.2" and refused["offered"] == "TLSv1.0"


def s_client(port, *options):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-cipher",
                           "DEFAULT:@SECLEVEL=0", *options], input=b"", capture_output=True,
                          timeout=20)
    return done.stdout.decode(errors="replace")


@pytest.mark.parametrize("version, word", [("-tls1", "TLSv1"), ("-tls1_1", "TLSv1.1"),
                                           ("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_openssl_with_each_version(stage, version, word):
    text = s_client(stage.ports["imap"][1], version)
    assert f"Protocol  : {word}\n" in text or f"New, {word}, Cipher" in text
    if version in ("-tls1", "-tls1_1"):
        text = s_client(stage.ports["imap"][1], version, "-bind", "127.0.0.2:0")
        assert "Cipher is (NONE)" in text


@pytest.mark.parametrize("key_type", [("rsa:2048",), ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")],
                         ids=["rsa", "ecdsa"])
@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_either_key_signs_as_old_clients_want(run, key_type, highest):
    stage = run([exception("imap", ["tls1.0"])], edges=["imap"], key_type=key_type)
    with handshake(stage, "imap", old_context(highest), is_implicit=True) as client:
        assert client.version() == ("TLSv1" if highest == ssl.TLSVersion.TLSv1 else "TLSv1.1")
        assert b"* OK" in client.recv(1000)


def test_the_version_written_is_the_lowest(run):
    stage = run([exception("imap", ["tls1.1"]),
                 exception("imap", ["tls1.0"], network="127.0.0.3/32")], edges=["imap"])
    with handshake(stage, "imap", old_context(ssl.TLSVersion.TLSv1_1)) as client:
        assert client.version() == "TLSv1.1"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(stage, "imap", old_context())
    with handshake(stage, "imap", old_context(), "127.0.0.3") as client:
        assert client.version() == "TLSv1"


def test_a_modern_client_gets_what_is_best(stage):
    with handshake(stage, "imap", client_context()) as client:
        assert client.version() == "TLSv1.3"


def test_what_only_the_exception_makes_possible_is_legacy(stage):
    """TLS 1.2 is no old version, but users have no CBC."""
    context = old_context(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA")
    seen = len(stage.daemon.events)
    record = record_of(stage, handshake(stage, "imap", context), seen)
    assert record["seal"] == "legacy" and record["tls"] == "TLSv1.2"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(stage, "imap", context, "127.0.0.2")


def test_a_ticket_of_the_exception_is_not_good_elsewhere(stage):
    context = old_context(ssl.TLSVersion.TLSv1_2, "ALL")
    with handshake(stage, "imap", context) as client:
        session = client.session
    with handshake(stage, "imap", context, session=session) as client:
        assert client.session_reused
    with handshake(stage, "imap", context, "127.0.0.2", session=session) as client:
        assert not client.session_reused
    with handshake(stage, "imap", context, "127.0.0.2") as client:
        session = client.session
    with handshake(stage, "imap", context, session=session) as client:
        assert not client.session_reused
    with handshake(stage, "imap", context, "127.0.0.2", session=session) as client:
        assert client.session_reused


def test_behind_a_balancer_the_client_counts(run):
    stage = run([exception("imap", ["tls1.0"], network="198.51.100.0/24")], edges=["imap"],
                more='proxy_from = ["127.0.0.1/32"];')

    def come(address):
        talk = From(stage.ports["imap"][0]).say(b"PROXY TCP4 %s 192.0.2.9 4000 143\r\n" % address)
        return old_context().wrap_socket(before_tls(talk, "imap").sock)

    assert come(b"198.51.100.7").version() == "TLSv1"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        come(b"203.0.113.7")


def test_what_is_over_allows_nothing_and_says_so(run):
    stage = run([exception("imap", ["tls1.0", "plain-login"], days=-1)], edges=["imap"])
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(stage, "imap", old_context())
    talk = From(stage.ports["imap"][0])
    talk.line()
    assert talk.say(b"a LOGIN alice secret\r\n").line().startswith(b"a NO [PRIVACYREQUIRED]")
    assert any("it ended on" in line for line in stage.daemon.text)


# Logins in clear

LOGINS = [("imap", [b"a LOGIN alice secret\r\n"], b"a OK", "LOGIN"),
          ("imap", [b"a LOGIN {5}\r\n", b"alice {6}\r\n", b"secret\r\n"], b"a OK", "LOGIN"),
          ("imap", [b"a AUTHENTICATE PLAIN\r\n", peers.PLAIN + b"\r\n"], b"a OK", "PLAIN"),
          ("pop3", [b"USER alice\r\n", b"PASS secret\r\n"], b"+OK", "USER/PASS"),
          ("pop3", [b"AUTH PLAIN " + peers.PLAIN + b"\r\n"], b"+OK", "PLAIN"),
          ("sieve", [b'AUTHENTICATE "PLAIN" "%s"\r\n' % peers.PLAIN], b"OK", "PLAIN"),
          ("sieve", [b'AUTHENTICATE "PLAIN"\r\n', b'"%s"\r\n' % peers.PLAIN], b"OK", "PLAIN"),
          ("submission", [b"AUTH PLAIN " + peers.PLAIN + b"\r\n"], b"235", "PLAIN"),
          ("submission", [b"AUTH PLAIN\r\n", peers.PLAIN + b"\r\n"], b"235", "PLAIN")]


@pytest.mark.parametrize("edge, lines, answer, mechanism", LOGINS)
def test_a_plain_login_works_is_told_to_the_backend_and_counted_once(stage, edge, lines, answer,
                                                                     mechanism):
    before = stage.daemon.status()["sums"]["exposures"]
    seen = len(stage.daemon.events)
    talk = greet(From(stage.ports[edge][0]), edge)
    for line in lines:
        got = talk.say(line).line()
    assert got.startswith(answer)
    event = stage.daemon.wait("credential in clear", after=seen, edge=edge)
    assert event["user"] == "alice" and event["mechanism"] == mechanism
    assert event["password_sent"] == "true" and event["exception"] == "true"
    talk.say({"imap": b"b LOGOUT\r\n", "sieve": b"LOGOUT\r\n"}.get(edge, b"QUIT\r\n")).line()
    record = record_of(stage, talk.sock, seen)
    assert record["seal"] == "plain" and record["user"] == "alice"
    told = [s["told"] for s in stage.backends[edge].sessions if s["told"].get("id") == record["session"]]
    assert told and told[0]["tls"] is None  # no SSL TLV: the server must not think it was sealed
    assert stage.daemon.status()["sums"]["exposures"] == before + 1
    assert "secret" not in "".join(stage.daemon.text)


def test_a_plain_login_that_fails_is_counted_too(stage):
    seen = len(stage.daemon.events)
    talk = From(stage.ports["imap"][0])
    talk.line()
    assert talk.say(b"a LOGIN alice wrong\r\n").until(b"a ").startswith(b"a NO")
    assert talk.say(b"b LOGIN alice secret\r\n").until(b"b ").startswith(b"b OK")
    record_of(stage, talk.sock, seen)
    events = [e for e in stage.daemon.events[seen:] if e.get("event") == "credential in clear"]
    assert len(events) == 2 and all(e["password_sent"] == "true" for e in events)


def test_a_password_is_told_of_if_nobody_answers(stage):
    """The client goes while the backend is asked."""
    seen = len(stage.daemon.events)
    talk = From(stage.ports["pop3"][0])
    talk.line()
    talk.say(b"USER alice\r\n").line()
    talk.say(b"PASS secret\r\n").close()
    event = stage.daemon.wait("credential in clear", after=seen, edge="pop3")
    assert event["password_sent"] == "true"


@pytest.mark.parametrize("edge, lines, answer, mechanism", LOGINS)
def test_a_plain_login_from_elsewhere_is_refused(stage, edge, lines, answer, mechanism):
    seen, sessions = len(stage.daemon.events), len(stage.backends[edge].sessions)
    talk = greet(From(stage.ports[edge][0], "127.0.0.2"), edge)
    got = talk.say(lines[0]).line()
    assert got.startswith((b"a NO [PRIVACYREQUIRED]", b"-ERR", b"538", b"NO (ENCRYPT-NEEDED)")) or got.startswith(b"+ ")
    event = None if got.startswith(b"+ ") else stage.daemon.wait("credential in clear", after=seen)
    assert not event or event["exception"] == "false"
    talk.close()
    assert len(stage.backends[edge].sessions) == sessions


def test_starttls_is_still_there_and_its_logins_are_sealed(stage):
    seen = len(stage.daemon.events)
    talk = From(stage.ports["imap"][0])
    assert b"STARTTLS" in talk.line()
    talk.say(b"a STARTTLS\r\n").line()
    talk.starttls().say(b"b LOGIN alice secret\r\n").until(b"b ")
    record = record_of(stage, talk.sock, seen)
    assert record["seal"] == "sealed"
    told = [s["told"] for s in stage.backends["imap"].sessions
            if s["told"].get("id") == record["session"]]
    assert told[0]["tls"] is not None
    assert not any(e.get("event") == "credential in clear" for e in stage.daemon.events[seen:])


def test_its_end_is_announced(run):
    stage = run([exception("imap", ["tls1.0"], days=3), exception("imap", ["tls1.1"], days=30)],
                edges=["imap"])
    event = stage.daemon.wait("exception ends soon", timeout=20)
    assert event["edge"] == "imap" and event["days"] == "3" and event["reason"] == "tills"
    assert event["last_day"] == str(date(3))
    assert len([e for e in stage.daemon.events if e.get("event") == "exception ends soon"]) == 1
