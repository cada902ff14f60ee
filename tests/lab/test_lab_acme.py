"""A person reads mail in Roundcube, in a browser that trusts one CA: by a certificate that mailseal ordered from it
(pebble) through its own port 80, and that is renewed while the person reads."""
import contextlib
import hashlib
import os
import shutil
import ssl
import subprocess
import tempfile
import types

import pytest

from acme import Ca, MARKS, PATIENCE, bundle_mounted, public_key
from browsers import chromium
from daemon import BINARY, Daemon, wait_until
from inside import Network
from inside_mail import Dovecot
from inside_web import Nginx, roundcube
from test_lab_web import HOST, PASSWORD, Person, deliver, within

pytestmark = MARKS


def config(directory):
    return f'''workers = 2;
certificate = {{ c = {{ acme = "{directory}"; names = ["{HOST}"]; }}; }};
backend = {{ nginx = {{ address = ["127.0.0.1:8080"]; client_info = "proxy"; }};
             nginx_h2 = {{ address = ["127.0.0.1:8081"]; client_info = "proxy"; }}; }};
edge = {{ nginx = {{ protocol = "http"; listen = ["*:80"]; listen_tls = ["*:443"];
                     backend = "nginx"; backend_h2 = "nginx_h2"; }}; }};'''


@pytest.fixture(scope="module")
def site():
    folder = tempfile.mkdtemp(prefix="mailseal-web-")
    os.chmod(folder, 0o755)
    binary = shutil.copy(BINARY, f"{folder}/mailseal")
    with Network(folder) as net:
        web = net.host("web", "10.9.1.2", root="front")
        store = net.host("store", "10.9.1.3")
        site = types.SimpleNamespace(web=web, folder=folder)
        Dovecot(store, address="10.9.1.3", password=PASSWORD)
        roundcube(web, 8090, 8092, "tcp://10.9.1.3:143", "tcp://127.0.0.1:25")
        Nginx(web, port=8080, port_h2=8081, upstream="127.0.0.1:8092")
        site.ca = within(web, lambda: Ca(folder, 80, 443))
        os.mkdir(f"{folder}/daemon", 0o755)
        site.daemon = Daemon(f"{folder}/daemon", config(site.ca.directory), wrap=lambda command: web.network(
            bundle_mounted(site.ca.bundle, [binary, *command[1:]])))
        yield site
        site.daemon.close()
        site.ca.close()
    shutil.rmtree(folder, ignore_errors=True)


def openssl(*words, given=None):
    return subprocess.run(["openssl", *words], input=given, check=True, capture_output=True).stdout


def shown(site):
    """The chain on the wire, in PEM."""
    return within(site.web, lambda: ssl.get_server_certificate(("127.0.0.1", 443))).encode()


def tlsa_3_1_1(pem):
    return hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", given=public_key(
        openssl("x509", "-noout", "-pubkey", given=pem).decode()).encode())).hexdigest()


def root_of(site):
    """The certificate of the CA that issues: another each time that pebble starts."""
    return within(site.web, lambda: subprocess.run(
        ["curl", "-sSf", "--cacert", site.ca.bundle, f"https://127.0.0.1:{site.ca.management}/roots/0"],
        check=True, capture_output=True).stdout)


def trusting(profile, root):
    """A home whose NSS database has this CA, and no other that we added."""
    folder = f"{profile}/home/.pki/nssdb"
    os.makedirs(folder)
    with open(f"{profile}/root.pem", "wb") as out:
        out.write(root)
    for words in (["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "pebble", "-i", f"{profile}/root.pem"]):
        subprocess.run(["certutil", "-d", f"sql:{folder}", *words], check=True, capture_output=True)
    return f"{profile}/home"


def renew(daemon):
    seen = len(daemon.events)
    assert daemon.ctl("acme-renew", "c").returncode == 0
    daemon.wait("certificate issued", PATIENCE, after=seen)


def test_a_person_reads_mail_by_a_certificate_of_a_ca_while_it_is_renewed(site, tmp_path, monkeypatch):
    if not shutil.which("certutil"):
        pytest.skip("libnss3-tools is not installed")
    site.daemon.ready()
    site.daemon.wait("certificate issued", PATIENCE)
    assert wait_until(lambda: b"issuer=CN = Pebble" in openssl("x509", "-noout", "-issuer", given=shown(site)), 60)
    first = shown(site)
    within(site.web, lambda: deliver("before the renewal"))
    within(site.web, lambda: deliver("after the renewal"))
    home = trusting(str(tmp_path), root_of(site))

    def work():
        with monkeypatch.context() as patch:
            patch.setenv("HOME", home)
            driver = chromium(f"{tmp_path}/profile", f"--host-resolver-rules=MAP {HOST} 127.0.0.1")
        try:
            person = Person(driver, "nginx")
            person.login()
            assert person.protocol() == "h2"
            assert "Hello Alice." in person.read("before the renewal")
            renew(site.daemon)
            person.driver.back()
            assert "Hello Alice." in person.read("after the renewal")
            # The browser ends its connections as it likes, also those it made ready in vain.
            ended = [e for e in site.daemon.events if e.get("event") == "session ended" and e.get("alpn") == "h2"]
            assert all(e["outcome"] in ("ok", "client-gone") for e in ended), [e["outcome"] for e in ended]
        finally:
            driver.quit()
    within(site.web, work)
    assert wait_until(lambda: shown(site) != first, PATIENCE), "the renewed one is not shown"
    assert tlsa_3_1_1(shown(site)) == tlsa_3_1_1(first)


def test_a_browser_that_does_not_know_the_ca_shows_no_mail(site, tmp_path, monkeypatch):
    """So the test above sees what it says."""
    (tmp_path / "home").mkdir()

    def work():
        with monkeypatch.context() as patch:
            patch.setenv("HOME", str(tmp_path / "home"))
            driver = chromium(f"{tmp_path}/profile", f"--host-resolver-rules=MAP {HOST} 127.0.0.1")
        try:
            with contextlib.suppress(Exception):  # some say so, some show a page that says so
                driver.get(f"https://{HOST}/")
            assert not driver.find_elements("css selector", "#rcmloginuser"), driver.capabilities
        finally:
            driver.quit()
    within(site.web, work)
