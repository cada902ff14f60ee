"""A CA that speaks ACME (pebble), a DNS server of one zone (pebble-challtestsrv), and a daemon that orders."""
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import urllib.request

import pytest

from daemon import BINARY, Daemon, client_context, free_ports, wait_until

SYSTEM_CAS = "/etc/ssl/certs/ca-certificates.crt"


def bundle_mounted(bundle, command):
    """With the CA of pebble's HTTPS for the system's."""
    return ["unshare", "--mount", "sh", "-ec", f'mount --bind {bundle} {SYSTEM_CAS}; exec "$@"', "sh", *command]


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Ca:
    """pebble, until close(). directory: its URL; bundle: what vouches for its HTTPS."""

    def __init__(self, folder, http_port, tls_port, lives_s=None, env=None):
        self.folder = folder
        self.port, self.management, self.dns, self.records = free_ports(4)
        self.directory = f"https://127.0.0.1:{self.port}/dir"
        self.bundle = f"{folder}/ca.pem"
        openssl("req", "-x509", "-nodes", "-newkey", "rsa:2048", "-keyout", f"{folder}/pebble.key", "-out",
                self.bundle, "-days", "2", "-subj", "/CN=pebble", "-addext", "subjectAltName=IP:127.0.0.1")
        settings = {"listenAddress": f"127.0.0.1:{self.port}", "certificate": self.bundle,
                    "managementListenAddress": f"127.0.0.1:{self.management}",
                    "privateKey": f"{folder}/pebble.key", "httpPort": http_port, "tlsPort": tls_port,
                    "ocspResponderURL": "", "externalAccountBindingRequired": False}
        if lives_s:
            settings["certificateValidityPeriod"] = lives_s
        with open(f"{folder}/pebble.json", "w", encoding="ascii") as out:
            json.dump({"pebble": settings}, out)
        self.zone = subprocess.Popen(
            ["pebble-challtestsrv", "-dns01", f"127.0.0.1:{self.dns}", "-http01", "", "-https01", "",
             "-tlsalpn01", "", "-management", f"127.0.0.1:{self.records}", "-defaultIPv6", "",
             "-defaultIPv4", "127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.process = None
        self.start(env or {})

    def start(self, env):
        """Also once more: it has forgotten its accounts then."""
        self.log = open(f"{self.folder}/pebble.log", "ab")
        self.process = subprocess.Popen(
            ["pebble", "-config", f"{self.folder}/pebble.json", "-dnsserver", f"127.0.0.1:{self.dns}", "-strict"],
            stdout=self.log, stderr=self.log,
            env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0",
                 **env})
        assert wait_until(self.answers, 30), "pebble does not answer"

    def answers(self):
        done = subprocess.run(["curl", "-s", "--cacert", self.bundle, self.directory], capture_output=True,
                              check=False)
        return done.returncode == 0

    def set(self, what, **values):
        """To the DNS server: "clear-a", "add-a", "set-default-ipv4"."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.records}/{what}",
                                         data=json.dumps(values).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.log.close()
        self.process = None

    def close(self):
        self.stop()
        self.zone.terminate()
        self.zone.wait(10)


class Scene:
    """A folder that every user may enter, the binary in it, a CA, and a daemon with one door for the web."""

    def __init__(self, lives_s=None, env=None):
        self.home = tempfile.TemporaryDirectory()
        self.folder = self.home.name
        os.chmod(self.folder, 0o755)
        self.binary = f"{self.folder}/mailseal"
        shutil.copy(BINARY, self.binary)
        self.clear, self.tls, self.imap, self.backend, self.nobody = free_ports(5)
        self.ca = Ca(self.folder, self.clear, self.tls, lives_s, env)
        self.daemon = None

    def config(self, certificate, more=""):
        return f'''workers = 2; keys_processes = 2; certificate = {{ c = {{ acme = "{self.ca.directory}"; {certificate} }}; }};
backend = {{ web = {{ address = ["127.0.0.1:{self.backend}"]; client_info = "proxy"; }};
             imap = {{ address = ["127.0.0.1:{self.nobody}"]; client_info = "proxy"; }}; }};
edge = {{ web = {{ protocol = "http"; listen = ["127.0.0.1:{self.clear}"];
                   listen_tls = ["127.0.0.1:{self.tls}"]; backend = "web"; }};
          imap = {{ protocol = "imap"; listen_tls = ["127.0.0.1:{self.imap}"]; backend = "imap"; }}; }};
{more}'''

    def wrap(self, command):
        """The binary where every user may start it."""
        return bundle_mounted(self.ca.bundle, [self.binary, *command[1:]])

    def run(self, certificate, more=""):
        self.daemon = Daemon(self.folder, self.config(certificate, more), wrap=self.wrap)
        return self.daemon

    def path(self, name):
        return f"{self.folder}/state/certificates/c/{name}"

    def status(self):
        done = subprocess.run([self.binary, "ctl", "-s", f"{self.folder}/run/ctl.sock", "--json", "status"],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["acme"][0]

    def close(self):
        if self.daemon:
            self.daemon.close()
        self.ca.close()
        self.home.cleanup()


MARKS = [
    pytest.mark.skipif(os.geteuid() != 0, reason="the CA of the test is made the system's in a mount namespace"),
    pytest.mark.skipif(not shutil.which("pebble") or not shutil.which("uacme"), reason="needs pebble and uacme"),
]

NAMES = 'names = ["mail.example.org", "imap.example.org"];'
PATIENCE = 60


def shown(port, name="mail.example.org", alpn=()):
    """The certificate in DER, and the protocol."""
    context = client_context()
    if alpn:
        context.set_alpn_protocols(list(alpn))
    with socket.create_connection(("127.0.0.1", port), 15) as sock, \
            context.wrap_socket(sock, server_hostname=name) as tls:
        return tls.getpeercert(True), tls.selected_alpn_protocol()


def facts(pem):
    done = subprocess.run(["openssl", "x509", "-in", pem, "-noout", "-issuer", "-ext", "subjectAltName", "-pubkey"],
                          check=True, capture_output=True, text=True)
    return done.stdout


def public_key(text):
    return re.search(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", text, re.S).group(0)


def leaf_of(pem):
    with open(pem, encoding="ascii") as chain:
        text = chain.read()
    return ssl.PEM_cert_to_DER_cert(text[:text.index("-----END CERTIFICATE-----") + 26])


@pytest.fixture
def scene(request):
    scene = Scene(**getattr(request, "param", {}))
    yield scene
    scene.close()


def issued(scene, after=0):
    """In force: on the wire, not on the disk alone."""
    event = scene.daemon.wait("certificate issued", PATIENCE, after=after)
    assert wait_until(lambda: shown(scene.imap)[0] == leaf_of(scene.path("chain.pem")), PATIENCE), "what was issued is not shown"
    return event
