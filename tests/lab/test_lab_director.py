"""open = "auth": two real Dovecots behind one address, each with users that the other one refuses, and a
Postfix beside each for what they send."""
import imaplib
import os
import pathlib
import poplib
import re
import smtplib
import tempfile

import pytest

from daemon import Daemon, client_context, make_certificate, wait_until
from inside import Network
from inside_mail import Dovecot, Postfix
from labtools import inside_network, letter
from sieves import Sieve

FRONT, CLIENT, STORES = "10.9.0.1", "10.9.0.9", ("10.9.0.2", "10.9.0.3")
PASSWORDS = ("first-Pw", "second-Pw")  # whose user is asked for at the other store is refused there
USERS = {"ann@inside.test": 0, "bob@inside.test": 1, "carol@other.test": 1}
TABLE = "# who is where\nann@inside.test first\nbob@inside.test second\n@other.test second\n"
PROXIED = """
haproxy_trusted_networks = 10.9.0.0/24
login_trusted_networks = 10.9.0.1
service imap-login {
  inet_listener proxied {
    port = 10143
    haproxy = yes
  }
}
service managesieve-login {
  inet_listener proxied {
    port = 14190
    haproxy = yes
  }
}
"""
BACKENDS = {"imap": (10143, "proxy"), "pop3": (110, "xclient"), "sieve": (14190, "proxy"), "msa": (587, "proxy")}
EDGES = {"imap": ("imap", 993), "pop3": ("pop3", 995), "sieve": ("managesieve", 4191), "msa": ("submission", 465)}


def config(chain, key, table):
    """Of each protocol an edge, with a backend at each store."""
    backends = "".join(
        f'{name}{n} = {{ address = ["{address}:{port}"]; client_info = "{info}"; accept = ["plain"]; }};\n'
        for name, (port, info) in BACKENDS.items() for n, address in enumerate(STORES))
    edges = "".join(
        f'{name} = {{ protocol = "{protocol}"; listen_tls = ["{FRONT}:{port}"]; open = "auth"; lookup = "users";\n'
        f'  by_user = ( {{ answer = "first"; backend = "{name}0"; }}, '
        f'{{ answer = "second"; backend = "{name}1"; }} ); }};\n'
        for name, (protocol, port) in EDGES.items())
    return (f'workers = 2; drain_timeout = "1s";\n'
            f'certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};\n'
            f'lookup = {{ users = {{ table = "{table}"; }}; }};\n'
            f'backend = {{ {backends} }};\nedge = {{ {edges} }};\n')


class Store:
    """A Dovecot, and a Postfix that asks it who may send."""

    def __init__(self, host, address, password):
        self.host = host
        self.dovecot = Dovecot(host, address, password=password, more=PROXIED)
        self.postfix = Postfix(host, address, port=587, main={
            "smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": f"inet:{address}:2427", "smtpd_upstream_proxy_protocol": "haproxy",
            "virtual_mailbox_domains": "", "default_transport": "discard:"})

    def logs(self):
        return self.host.log(self.dovecot.name), self.postfix.mail_log()


class Scene:
    def __init__(self, folder, net):
        self.folder = folder
        front = net.host("front", FRONT)
        self.client = net.host("client", CLIENT)
        self.stores = [Store(net.host(f"store{n}", address), address, PASSWORDS[n])
                       for n, address in enumerate(STORES)]
        chain, key = make_certificate(folder)
        self.table = pathlib.Path(folder, "users")
        self.say(TABLE)
        inner = pathlib.Path(folder, "mailseal")
        inner.mkdir()
        self.daemon = Daemon(inner, config(chain, key, self.table), wrap=front.network).ready()
        for name in BACKENDS:
            for n in range(len(STORES)):
                self.daemon.wait("capabilities learnt", timeout=60, backend=f"{name}{n}")

    def say(self, table):
        """Whole: nobody reads half of it."""
        new = self.table.with_suffix(".new")
        new.write_text(table, encoding="ascii")
        new.rename(self.table)

    def connect(self, make):
        """A client's connection, from the client's host."""
        return inside_network(self.client, make)

    def ended(self, after, **fields):
        return self.daemon.wait("session ended", timeout=60, after=after, **fields)

    def marks(self):
        return [[len(log) for log in store.logs()] for store in self.stores]

    def said_since(self, marks):
        """What the logs of each store have more than then."""
        return ["".join(log[mark:] for log, mark in zip(store.logs(), its))
                for store, its in zip(self.stores, marks)]


@pytest.fixture(scope="module", name="scene")
def scene_fixture():
    if os.geteuid():
        pytest.skip("network namespaces need root")
    with tempfile.TemporaryDirectory() as folder, Network(folder) as net:
        os.chmod(folder, 0o755)
        scene = Scene(folder, net)
        try:
            yield scene
        finally:
            scene.daemon.close()


def imap(scene, user, password):
    with scene.connect(lambda: imaplib.IMAP4_SSL(FRONT, 993, ssl_context=client_context(), timeout=60)) as client:
        client.login(user, password)
        assert client.append("INBOX", None, None, letter("x@inside.test", user).as_bytes())[0] == "OK"
        assert client.select()[0] == "OK"


def pop3(scene, user, password):
    client = scene.connect(lambda: poplib.POP3_SSL(FRONT, 995, context=client_context(), timeout=60))
    try:
        client.user(user)
        client.pass_(password)
        client.stat()
    finally:
        client.quit()


def sieve(scene, user, password):
    client = scene.connect(lambda: Sieve(FRONT, 4191, client_context(), timeout=60))
    try:
        client.login(user, password)
        client.put("of-" + user.partition("@")[0], "keep;\r\n")
        assert client.scripts() == ["of-" + user.partition("@")[0]]
    finally:
        client.logout()


def submission(scene, user, password):
    with scene.connect(lambda: smtplib.SMTP_SSL(FRONT, 465, local_hostname="client.test", timeout=60,
                                                context=client_context())) as client:
        client.ehlo()
        client.user, client.password = user, password
        client.auth("PLAIN", client.auth_plain)  # login() would try again by LOGIN
        client.send_message(letter(user, "somebody@elsewhere.test"))


CLIENTS = {"imap": imap, "pop3": pop3, "sieve": sieve, "msa": submission}
WRONG = {"imap": (imaplib.IMAP4.error, "AUTHENTICATIONFAILED"), "pop3": (poplib.error_proto, "AUTH"),
         "sieve": (AssertionError, "NO"), "msa": (smtplib.SMTPAuthenticationError, "535")}
# What the store says of who came: the client's own address, not the edge's.
CAME = {"imap": r"imap-login: Info: Login: user=<{user}>.* rip=10\.9\.0\.9,",
        "pop3": r"pop3-login: Info: Login: user=<{user}>.* rip=10\.9\.0\.9,",
        "sieve": r"managesieve-login: Info: Login: user=<{user}>.* rip=10\.9\.0\.9,",
        "msa": r"client=\S*\[10\.9\.0\.9\], sasl_method=\w+, sasl_username={user}"}


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("door", CLIENTS)
def test_each_user_is_served_where_he_is_at_home(scene, door, user):
    home, marks, seen = USERS[user], scene.marks(), len(scene.daemon.events)
    CLIENTS[door](scene, user, PASSWORDS[home])
    record = scene.ended(seen, user=user, edge=door)
    assert (record["outcome"], record["seal"], record["client"]) == ("ok", "sealed", CLIENT)
    assert record["backend"] == f"{STORES[home]}:{BACKENDS[door][0]}"
    came = CAME[door].format(user=re.escape(user))
    assert wait_until(lambda: re.search(came, scene.said_since(marks)[home]), 60), scene.said_since(marks)[home]
    assert user not in scene.said_since(marks)[1 - home]


@pytest.mark.parametrize("door", CLIENTS)
def test_a_wrong_password_is_refused_by_the_server_and_counted(scene, door):
    """That of the other store is as wrong as any: nobody else is asked."""
    marks, seen = scene.marks(), len(scene.daemon.events)
    error, text = WRONG[door]
    with pytest.raises(error, match=text):
        CLIENTS[door](scene, "bob@inside.test", PASSWORDS[0])
    record = scene.ended(seen, edge=door)
    assert (record["login_failures"], record["user"]) == ("1", "bob@inside.test")
    assert wait_until(lambda: "Password mismatch" in scene.said_since(marks)[1], 60), scene.said_since(marks)[1]
    assert "bob@inside.test" not in scene.said_since(marks)[0]


@pytest.mark.parametrize("door", CLIENTS)
def test_who_is_in_no_table_hears_what_a_wrong_password_hears(scene, door):
    marks, seen = scene.marks(), len(scene.daemon.events)
    unknown = scene.daemon.status()["sums"]["lookups_unknown"]
    error, text = WRONG[door]
    with pytest.raises(error, match=text):
        CLIENTS[door](scene, "eve@nowhere.test", PASSWORDS[0])
    assert scene.ended(seen, edge=door)["login_failures"] == "1"
    assert scene.daemon.status()["sums"]["lookups_unknown"] == unknown + 1
    assert not any("eve@nowhere.test" in said for said in scene.said_since(marks))


def test_who_moves_is_served_by_the_other_store(scene):
    """The table alone is changed; nobody reloads."""
    scene.say(TABLE.replace("ann@inside.test first", "ann@inside.test second"))

    def has_moved():
        try:
            imap(scene, "ann@inside.test", PASSWORDS[1])
        except imaplib.IMAP4.error:
            return False
        return True
    try:
        assert wait_until(has_moved, 60)
    finally:
        scene.say(TABLE)


def test_no_password_is_in_a_log(scene):
    said = "\n".join(scene.daemon.text)
    assert "ann@inside.test" in said
    for password in PASSWORDS:
        assert password not in said
