"""Doors for ManageSieve and LMTP in front of the real Dovecot, 2.3 (tree "inside") and 2.4 ("mail13"): as
users manage their scripts, and as Postfix hands mail over."""
import os
import re
import subprocess
import tempfile

import pytest

from daemon import BINARY, Daemon, client_context, wait_until
from inside import Host, Server
from inside_mail import Postfix
from labtools import inside_network
from sieves import Refused, Sieve

PASSWORD = "s3cret-Pw"
USERS = ("ann", "bob", "full")

# Listeners for mailseal expect its header; nothing else is changed.
LISTENERS = """\
haproxy_trusted_networks = 127.0.0.0/8
log_path = /dev/stderr
service managesieve-login {
  inet_listener sieve {
    %(listen)s = 127.0.0.1
    port = 14190
    haproxy = yes
  }
  inet_listener sieves {
    %(listen)s = 127.0.0.1
    port = 14191
    haproxy = yes
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    %(listen)s = 127.0.0.1
    port = 10024
    haproxy = yes
  }
}
"""
OLD = """\
protocols = lmtp sieve
base_dir = /run/doors
state_dir = /run/doors
mail_location = maildir:~/mail
first_valid_uid = 8
first_valid_gid = 8
auth_verbose = yes
ssl = yes
ssl_cert = <%(chain)s
ssl_key = <%(key)s
passdb {
  driver = passwd-file
  args = /etc/doors.users
}
userdb {
  driver = passwd-file
  args = /etc/doors.users
}
protocol lmtp {
  mail_plugins = sieve quota
}
plugin {
  sieve = file:~/sieve;active=~/active.sieve
  quota = count:User quota
  quota_vsizes = yes
}
""" + LISTENERS
NEW = """\
dovecot_config_version = 2.4.1
dovecot_storage_version = 2.4.1
protocols = lmtp sieve
base_dir = /run/doors
state_dir = /run/doors
mail_driver = maildir
mail_path = ~/mail
first_valid_uid = 8
first_valid_gid = 8
auth_verbose = yes
ssl = yes
ssl_server_cert_file = %(chain)s
ssl_server_key_file = %(key)s
passdb passwd-file {
  passwd_file_path = /etc/doors.users
}
userdb passwd-file {
  passwd_file_path = /etc/doors.users
}
protocol lmtp {
  mail_plugins {
    sieve = yes
    quota = yes
  }
}
sieve_script personal {
  path = ~/sieve
  active_path = ~/active.sieve
}
quota_storage_grace = 0
quota "User quota" {
}
""" + LISTENERS
TREES = {"2.3": ("inside", OLD, "address", "userdb_quota_rule=*:bytes=10"),
         "2.4": ("mail13", NEW, "listen", "userdb_quota_storage_size=10B")}

EDGES = """
workers = 1; user = "nobody";
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{
  sieve = {{ address = ["127.0.0.1:14190"]; }};
  sieves = {{ address = ["127.0.0.1:14191"];
             tls = {{ mode = "implicit"; verify = "file"; ca_file = "{ca}"; name = "localhost"; }}; }};
  lmtp = {{ address = ["127.0.0.1:10024"]; }};
}};
edge = {{
  sieve = {{ protocol = "managesieve"; listen = ["*:4190"]; listen_tls = ["*:5190"]; backend = "sieve"; }};
  sieves = {{ protocol = "managesieve"; listen = ["*:4191"]; backend = "sieves"; }};
  lmtp = {{ protocol = "lmtp"; listen = ["127.0.0.1:24"]; listen_tls = ["127.0.0.1:2424"]; backend = "lmtp"; }};
}};
"""


class Dovecot(Server):
    """LMTP and ManageSieve, with listeners for mailseal alone."""

    def __init__(self, host, version, tls):
        self.version = version
        super().__init__(host, port=14190, tls=tls)

    def prepare(self):
        _, config, listen, quota = TREES[self.version]
        self.host.run("install", "-d", "-o", "mail", "-g", "mail", "/srv/doors")
        self.host.write("/etc/doors.users", "".join(
            f"{user}@doors.test:{{PLAIN}}{PASSWORD}:8:8::/srv/doors/{user}::{quota if user == 'full' else ''}\n"
            for user in USERS), mode=0o644)
        self.config = self.host.write("/etc/doors.conf", config % {
            "listen": listen, "chain": self.tls[0], "key": self.tls[1]})

    def argv(self):
        return ["dovecot", "-F", "-c", self.config]

    def said(self):
        return self.host.log(self.name)


class Doors:
    """A host with Dovecot and mailseal in front of it."""

    def __init__(self, folder, version):
        self.version = version
        self.host = Host(os.path.join(folder, "host"), "doors", folder, root=TREES[version][0])
        self.tls = self.host.certificate("doors.test")
        self.dovecot = Dovecot(self.host, version, self.tls)
        chain, key, ca = self.tls
        self.daemon = Daemon(folder, EDGES.format(chain=chain, key=key, ca=ca), wrap=self.host.network).ready()

    def close(self):
        self.daemon.close()
        self.host.close()

    def client(self, port, context=None):
        """A client of this machine in the host's network."""
        return inside_network(self.host, lambda: Sieve("127.0.0.1", port, context))

    def texts(self, user):
        """The mail of a user."""
        return self.host.run("sh", "-c", f"cat /srv/doors/{user}/mail/new/* 2>/dev/null || true")


@pytest.fixture(scope="module", params=TREES)
def doors(request):
    if os.geteuid():
        pytest.skip("network namespaces need root")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        running = Doors(folder, request.param)
        yield running
        running.close()


KEEP = 'require "fileinto";\r\nfileinto "INBOX";\r\n'


def in_tls(doors, port):
    if port == 5190:
        return doors.client(port, client_context())
    client = doors.client(port)
    assert client.capabilities["SASL"] == "" and "STARTTLS" in client.capabilities
    client.starttls(client_context())
    return client


@pytest.mark.parametrize("port", [4190, 5190, 4191], ids=["starttls", "tls", "tls to the server"])
def test_scripts_are_checked_kept_and_listed(doors, port):
    seen = len(doors.daemon.events)
    client = in_tls(doors, port)
    assert "Pigeonhole" in client.capabilities["IMPLEMENTATION"] and "PLAIN" in client.capabilities["SASL"]
    assert "STARTTLS" not in client.capabilities
    client.login("ann@doors.test", "wrong", well=False)
    client.login("ann@doors.test", PASSWORD)
    client.do(f"CHECKSCRIPT {{{len(KEEP)}+}}\r\n{KEEP}")
    with pytest.raises(Refused, match="NO"):
        client.do('CHECKSCRIPT "nonsense"')
    client.put("keep", KEEP)
    client.put("long", "# " + "x" * 20000 + "\r\nkeep;\r\n")
    assert set(client.scripts()) >= {"keep", "long"}
    client.do('DELETESCRIPT "long"')
    client.logout()
    record = doors.daemon.wait("session ended", after=seen, user="ann@doors.test", outcome="ok",
                               edge={4191: "sieves"}.get(port, "sieve"))
    assert (record["seal"], record["protocol"]) == ("sealed", "managesieve")
    assert re.search(r"managesieve-login: (Info: )?(Login|Logged in): user=<ann@doors.test>.*(TLS|secured)",
                     doors.dovecot.said())


def test_a_password_in_clear_reaches_no_server(doors):
    seen, said = len(doors.daemon.events), len(doors.dovecot.said())
    client = doors.client(4190)
    with pytest.raises(Refused, match="ENCRYPT-NEEDED"):
        client.do('AUTHENTICATE "PLAIN" "AGFubkBkb29ycy50ZXN0AHMzY3JldC1Qdw=="')
    told = doors.daemon.wait("credential in clear", after=seen)
    assert (told["user"], told["password_sent"]) == ("ann@doors.test", "true")
    client.logout()
    assert "ann@doors.test" not in doors.dovecot.said()[said:]


def sieve_connect(doors, *words, **more):
    """The client of Debian; its tree is that of 2.4."""
    return doors.host.done("sieve-connect", "--server", "localhost", "--port", "4190", "--user", "bob@doors.test",
                           "--tlscafile", doors.tls[2], "--passwordfd", "0", *words, input=PASSWORD + "\n", **more)


@pytest.mark.parametrize("doors", ["2.4"], indirect=True)
def test_sieve_connect(doors):
    doors.host.write("/srv/filter.sieve", 'require "fileinto";\nfileinto "INBOX";\n')
    for words in (("--checkscript", "--localsieve", "/srv/filter.sieve"),
                  ("--upload", "--localsieve", "/srv/filter.sieve", "--remotesieve", "filter"),
                  ("--activate", "--remotesieve", "filter")):
        done = sieve_connect(doors, *words)
        assert done.returncode == 0, done.stdout
    listed = sieve_connect(doors, "--list").stdout
    assert '"filter" ACTIVE' in listed, listed
    record = doors.daemon.wait("session ended", user="bob@doors.test")
    assert (record["seal"], record["outcome"]) == ("sealed", "ok")


# Mail

@pytest.fixture(scope="module")
def postfix(doors):
    """Starts Postfix with a way to the LMTP door; its queue holds what was deferred."""
    server = Postfix(doors.host, main={
        "virtual_mailbox_domains": "doors.test", "virtual_mailbox_maps": "static:all",
        "virtual_transport": "lmtp:inet:127.0.0.1:24", "lmtp_tls_security_level": "secure",
        "lmtp_tls_CAfile": doors.tls[2], "lmtp_tls_secure_cert_match": "localhost", "lmtp_tls_loglevel": "1",
        "lmtp_destination_recipient_limit": "50", "bounce_notice_recipient": "ann@doors.test"})
    yield server
    server.close()


WAYS = {"starttls": {"virtual_transport": "lmtp:inet:127.0.0.1:24", "lmtp_tls_wrappermode": "no"},
        "wrappermode": {"virtual_transport": "lmtp:inet:127.0.0.1:2424", "lmtp_tls_wrappermode": "yes"}}


@pytest.mark.parametrize("way", WAYS)
def test_postfix_hands_over_to_three_of_whom_one_is_full(doors, postfix, way):
    postfix.reload(**WAYS[way])
    subject = f"three {way} {doors.version}"
    seen = len(doors.daemon.events)
    doors.host.run("sendmail", "-f", "boss@doors.test", *(f"{user}@doors.test" for user in USERS),
                   input=f"From: boss@doors.test\nSubject: {subject}\n\nhello\n")
    record = doors.daemon.wait("session ended", timeout=60, after=seen, edge="lmtp", messages="1")
    assert (record["leg"], record["seal"]) == ("internal", "sealed")
    assert wait_until(lambda: sum(f"to=<{user}@doors.test>" in postfix.mail_log() for user in USERS) == 3, 30)
    for user in ("ann", "bob"):
        assert wait_until(lambda: subject in doors.texts(user), 30)
        text = doors.texts(user)
        assert "with LMTPS id " in text and "(mailseal)" in text
    assert subject not in doors.texts("full")
    log = postfix.mail_log()
    assert re.search(r"to=<full@doors.test>.*status=(bounced|deferred) .*(Quota exceeded|quota)", log), log[-3000:]
    assert len(re.findall(r"to=<(ann|bob)@doors.test>.*status=sent \(250 2.0.0 ", log)) >= 2
