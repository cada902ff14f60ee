"""rspamd and SpamAssassin behind Postfix come to the same symbols and verdict of a message with and without
mailseal in front: they see the same client, its names, its user, and judge it by the same DNS. A Received
field of ours is one more for those that count them."""
import os
import pathlib
import re
import smtplib
import ssl
import tempfile
import threading

import pytest

from daemon import Daemon, make_certificate, wait_until
from inside import Network, Server
from inside_mail import Dovecot, Postfix, Rspamd
from inside_stores import Redis
from labtools import setns

MX, GOOD, LISTED, NAMELESS = "203.0.113.1", "203.0.113.9", "203.0.113.8", "203.0.113.7"
PASSWORD, RCPT = "s3cret-Pw", "bob@inside.test"
ZONE = """\
$ORIGIN .
$TTL 60
@ SOA ns.test. hostmaster.test. 1 3600 600 86400 60
@ NS ns.test.
ns.test. A 203.0.113.1
mx.test. A 203.0.113.1
inside.test. MX 10 mx.test.
sender.test. A 203.0.113.9
sender.test. MX 10 mail.sender.test.
sender.test. TXT "v=spf1 ip4:203.0.113.9 -all"
mail.sender.test. A 203.0.113.9
9.113.0.203.in-addr.arpa. PTR mail.sender.test.
bulk.sender.test. A 203.0.113.8
8.113.0.203.in-addr.arpa. PTR bulk.sender.test.
8.113.0.203.dnsbl.test. A 127.0.0.2
8.113.0.203.dnsbl.test. TXT "listed"
"""
OF_FIELDS = re.compile(r"RCVD_(COUNT|TLS|NO_TLS)_|ONCE_RECEIVED")

MULTIMAP = """
TEST_IP { type = "ip"; map = "/etc/inside/ips"; symbol = "TEST_IP"; score = 0.1; }
TEST_PTR { type = "hostname"; map = "/etc/inside/names"; symbol = "TEST_PTR"; score = 0.1; }
TEST_HELO { type = "helo"; map = "/etc/inside/helos"; symbol = "TEST_HELO"; score = 0.1; }
TEST_USER { type = "user"; map = "/etc/inside/users"; symbol = "TEST_USER"; score = 0.1; }
"""
RBL = """
rbls { test { enabled = true; rbl = "dnsbl.test"; checks = ["from"]; ipv4 = true; symbol = "TEST_DNSBL";
    returncodes { TEST_DNSBL_LISTED = "127.0.0.2"; } local_exclude_ip_map = ""; exclude_local = false;
    exclude_users = false; } }
"""
ASSASSIN = """
use_bayes 0
use_razor2 0
use_pyzor 0
dns_available yes
dns_server 127.0.0.1
clear_internal_networks
clear_trusted_networks
internal_networks 203.0.113.1
trusted_networks 203.0.113.1
header TEST_DNSBL eval:check_rbl('test-lastexternal', 'dnsbl.test.')
describe TEST_DNSBL listed
tflags TEST_DNSBL net
score TEST_DNSBL 2.0
header TEST_HELO X-Spam-Relays-External =~ /^[^\\]]+ helo=helo\\.sender\\.test /
score TEST_HELO 0.1
header TEST_PTR X-Spam-Relays-External =~ /^[^\\]]+ rdns=mail\\.sender\\.test /
score TEST_PTR 0.1
"""


class Names(Server):
    """All of DNS: one zone, the root's."""
    port = 53

    def prepare(self):
        folder = f"/srv/{self.name}"
        zone = self.host.write(f"{folder}/root", ZONE)
        self.config = self.host.write("/etc/inside/names.conf", f"""\
server:
  ip-address: 127.0.0.1
  username: nsd
  zonesdir: {folder}
  database: ""
  zonelistfile: {folder}/zones
  xfrdfile: {folder}/xfrd
  pidfile: ""
remote-control:
  control-enable: no
zone:
  name: .
  zonefile: {zone}
""")
        self.host.run("chown", "-R", "nsd:nsd", folder)
        self.host.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")

    def argv(self):
        return ["nsd", "-d", "-c", self.config]

    def answers(self):
        return MX in self.host.done("dig", "+short", "+tries=1", "@127.0.0.1", "mx.test").stdout


class Filter(Rspamd):
    """With its lookups, which the class leaves out."""

    def prepare(self):
        super().prepare()
        write = self.host.write
        override = "/etc/rspamd/override.d"
        for name, lines in (("ips", (GOOD, LISTED)), ("names", ("mail.sender.test", "bulk.sender.test")),
                            ("helos", ("helo.sender.test",)), ("users", ("alice",))):
            write(f"/etc/inside/{name}", "\n".join(lines) + "\n")
        write(f"{override}/multimap.conf", MULTIMAP)
        write(f"{override}/rbl.conf", RBL)
        write(f"{override}/spf.conf", "enabled = true;\nwhitelist = [];\ncheck_local = true;\ncheck_authed = true;\n")
        write(f"{override}/redis.conf", f'servers = "127.0.0.1:6379"; password = "{PASSWORD}";\n')
        write(f"{override}/milter_headers.conf", 'use = ["x-spamd-result"]; skip_local = false; '
              'skip_authenticated = false; extended_spam_headers = true;\n')
        write(f"{override}/greylist.conf", "enabled = true; timeout = 3s; expire = 1d; check_local = true; ipv4_mask = 32;\n"
              'whitelisted_ip = []; whitelist_symbols = [];\n')
        write(f"{override}/actions.conf", "greylist = 2; add_header = 100; reject = 200;\n")


class Scene:
    """mx has it all; clients are hosts that differ in what DNS says of them."""

    def __init__(self, folder, net):
        self.mx = net.host("mx", MX)
        self.clients = {address: net.host(name, address) for name, address in
                        (("good", GOOD), ("listed", LISTED), ("nameless", NAMELESS))}
        Names(self.mx)
        self.redis = Redis(self.mx, password=PASSWORD)
        self.filter = Filter(self.mx, password=PASSWORD)
        Dovecot(self.mx, password=PASSWORD)
        self.mx.run("install", "-d", "-o", "mail", "-g", "mail", "/srv/mail")
        self.mx.write("/etc/spamassassin/local.cf", ASSASSIN)
        self.mx.run("sed", "-i", "s/^/#/", "/etc/hosts")  # names are DNS's
        proxied = "-o smtpd_upstream_proxy_protocol=haproxy"
        sasl = ("-o smtpd_sasl_auth_enable=yes -o smtpd_tls_auth_only=no "
                "-o smtpd_sasl_security_options=noanonymous")
        Postfix(self.mx, MX, main={
            "virtual_transport": "virtual", "virtual_mailbox_base": "/srv/mail",
            "virtual_mailbox_maps": "static:box", "virtual_uid_maps": "static:8",
            "virtual_gid_maps": "static:8", "virtual_minimum_uid": "8", "smtpd_milters": "inet:127.0.0.1:11332",
            "milter_default_action": "tempfail", "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": f"{self.mx.folder}/auth",
        }, master=f"""\
127.0.0.1:10025 inet n - n - - smtpd {proxied}
127.0.0.1:10587 inet n - n - - smtpd {proxied} {sasl}
587 inet n - n - - smtpd {sasl}
""")
        chain, key = make_certificate(folder)
        inner = pathlib.Path(folder, "mailseal")
        inner.mkdir()
        self.daemon = Daemon(inner, f'''workers = 1; drain_timeout = "1s";
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ mta = {{ address = ["127.0.0.1:10025"]; }}; msa = {{ address = ["127.0.0.1:10587"]; }}; }};
edge = {{ mx = {{ protocol = "smtp"; listen = ["{MX}:2525"]; backend = "mta"; }};
         bare = {{ protocol = "smtp"; listen = ["{MX}:2526"]; backend = "mta"; received = "off"; }};
         submission = {{ protocol = "submission"; listen_tls = ["{MX}:2465"]; backend = "msa";
                         received = "off"; }}; }};
''', wrap=self.mx.network).ready()

    def send(self, client, port, user=None, message=None):
        """What the client was told: (code, text)."""
        told = []

        def run():
            with open(f"/proc/{self.clients[client].pid}/ns/net", "rb") as there:
                setns(there.fileno())
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            kind = smtplib.SMTP_SSL if port == 2465 else smtplib.SMTP
            more = {"context": context} if port == 2465 else {}
            with kind(MX, port, local_hostname="helo.sender.test", timeout=60, **more) as session:
                if port in (2525, 2526):
                    session.starttls(context=context)
                if user:
                    session.login(user, PASSWORD)
                session.ehlo_or_helo_if_needed()
                session.mail("anna@sender.test")
                session.rcpt(RCPT)
                told.append(session.data(message or MESSAGE))
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert told, "the message could not be sent"
        return told[0]

    def delivered(self):
        """The one message that came."""
        def text():
            return self.mx.done("cat", "/srv/mail/box").stdout
        assert wait_until(lambda: "the end of it" in text(), 30), self.mx.run("cat", "/var/log/mail.log")
        found = text().partition("\n")[2]  # without mbox's From line
        self.mx.run("rm", "/srv/mail/box")
        return found


MESSAGE = ("From: anna@sender.test\r\nTo: bob@inside.test\r\nSubject: hello\r\n"
           "Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n\r\n"
           "A line or two of text, and the end of it.\r\n")


def rspamd_symbols(message):
    """Name and score of each, and the verdict."""
    header = re.search(r"^X-Spamd-Result: (.*?)\n(?=\S)", message, re.M | re.S)
    assert header, message
    return header[1].split(";")[0], dict(re.findall(r"\b([A-Z][A-Z0-9_]+)\((-?[\d.]+)\)", header[1]))


def assassin_symbols(scene, message):
    """The same of SpamAssassin, which reads the Received fields."""
    text = scene.mx.run("spamassassin", "-t", "-p", "/dev/null", input=message, timeout=120)
    header = re.search(r"^X-Spam-Status: (.*?)\n(?=\S)", text, re.M | re.S)[1]
    header = re.sub(r"\s+", "", header)
    return re.search(r"^(\w+),score=(-?[\d.]+)", header).groups(), set(
        re.search(r"tests=([A-Z0-9_,]+)", header)[1].split(","))


@pytest.fixture(scope="module")
def scene():
    if os.geteuid():
        pytest.skip("network namespaces need root")
    with tempfile.TemporaryDirectory() as folder, Network(folder) as net:
        os.chmod(folder, 0o755)
        one = Scene(folder, net)
        try:
            yield one
        finally:
            one.daemon.close()


def judged(scene, client, port, user=None):
    """What both filters say of the message by that way, once greylisting lets it pass."""
    assert wait_until(lambda: scene.send(client, port, user)[0] == 250, 60)
    message = scene.delivered()
    return rspamd_symbols(message), assassin_symbols(scene, message)


def kept(symbols):
    """Those that say nothing of TLS and of how many Received fields there are."""
    return {name for name in symbols if not OF_FIELDS.match(name)}


WAYS = [(GOOD, 25, 2526, None, {"R_SPF_ALLOW", "TEST_PTR", "TEST_IP", "TEST_HELO"},
         {"TEST_HELO", "TEST_PTR"}),
        (LISTED, 25, 2526, None, {"R_SPF_FAIL", "TEST_DNSBL_LISTED", "VIOLATED_DIRECT_SPF",
                                  "TEST_PTR"}, {"TEST_HELO", "TEST_DNSBL"}),
        (NAMELESS, 25, 2526, None, {"R_SPF_FAIL", "RDNS_NONE", "TEST_HELO"}, {"TEST_HELO", "RDNS_NONE"}),
        (GOOD, 587, 2465, "alice", {"TEST_USER", "TEST_IP", "TEST_PTR", "TEST_HELO"}, set())]


@pytest.mark.parametrize("client, direct, door, user, in_rspamd, in_assassin", WAYS,
                         ids=["good", "listed", "nameless", "user"])
def test_the_same_symbols_and_verdict(scene, client, direct, door, user, in_rspamd, in_assassin):
    bare, sealed = judged(scene, client, direct, user), judged(scene, client, door, user)
    assert in_rspamd <= set(bare[0][1]), bare
    assert in_assassin <= bare[1][1], bare
    assert sealed == bare


def test_our_received_field_is_one_more(scene):
    """Where it is written (received = "on"), what counts the fields, or asks whether there is none,
    finds one more; nothing else changes."""
    bare, sealed = judged(scene, LISTED, 25), judged(scene, LISTED, 2525)
    # That one is made of SPF and RCVD_COUNT_ZERO.
    assert kept(bare[0][1]) - kept(sealed[0][1]) == {"VIOLATED_DIRECT_SPF"}
    assert not kept(sealed[0][1]) - kept(bare[0][1])
    assert {"RCVD_COUNT_ONE", "RCVD_TLS_ALL"} <= set(sealed[0][1])
    assert sealed[1] == bare[1]


def greylisted(scene):
    """The keys that greylisting has: of what was sent, and of who sends whom from which address."""
    return {key for key in scene.redis.cli("keys", "*").stdout.split() if "hist" not in key}


def test_greylisting_knows_the_client_again(scene):
    """Who was put off directly is let in through the door, by the same keys; another has others."""
    scene.redis.cli("flushall")
    assert scene.send(LISTED, 25)[0] == 451
    keys = greylisted(scene)
    assert len(keys) == 2, keys
    assert wait_until(lambda: scene.send(LISTED, 2526)[0] == 250, 30)
    scene.delivered()
    assert greylisted(scene) == keys
    other = MESSAGE.replace("two of text", "two of another text")
    assert scene.send(NAMELESS, 2526, message=other)[0] == 451
    assert len(greylisted(scene) - keys) == 2
