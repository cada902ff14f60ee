"""An http edge in front of nginx and Apache with Roundcube: HTTP/2 and HTTP/1.1, the client's address
by PROXY v2, and a person who reads and writes mail in a real browser."""
import email
import hashlib
import imaplib
import os
import re
import shutil
import subprocess
import tempfile
import threading
import types

import pytest

import peers
from browsers import chromium
from daemon import BINARY, Daemon, wait_until
from inside import Network, certificate
from inside_mail import Dovecot
from inside_web import Nginx, apache_h2, roundcube
from labtools import setns

HOST, USER, PASSWORD = "web.test", "alice", "s3cret-Pw"
DOORS = {"nginx": 443, "apache": 8443}
BLIND = 9443  # in front of an Apache that expects no PROXY header
MiB = 1 << 20


def within(host, work):
    """What work() returns, whose sockets and processes are in the network of the host."""
    told = []

    def run():
        with open(f"/proc/{host.pid}/ns/net", "rb") as there:
            setns(there.fileno())
        try:
            told.append(work())
        except BaseException as error:  # the test's, not the thread's
            told.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(told[0], BaseException):
        raise told[0]
    return told[0]


def config(chain, key):
    return f'''workers = 1;
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{
    nginx = {{ address = ["127.0.0.1:8080"]; client_info = "proxy"; }};
    nginx_h2 = {{ address = ["127.0.0.1:8081"]; client_info = "proxy"; }};
    apache = {{ address = ["127.0.0.1:8090"]; client_info = "proxy"; }};
    blind = {{ address = ["127.0.0.1:8092"]; client_info = "proxy"; }};
    apache_h2 = {{ address = ["127.0.0.1:8091"]; client_info = "proxy"; }};
}};
edge = {{
    nginx = {{ protocol = "http"; listen = ["*:80"]; listen_tls = ["*:443"];
               backend = "nginx"; backend_h2 = "nginx_h2"; }};
    apache = {{ protocol = "http"; listen_tls = ["*:8443"];
                backend = "apache"; backend_h2 = "apache_h2"; }};
    blind = {{ protocol = "http"; listen_tls = ["*:{BLIND}"]; backend = "blind"; }};
}};'''


@pytest.fixture(scope="module")
def site():
    if os.geteuid():
        pytest.skip("namespaces need root")
    if not os.path.exists(BINARY):
        pytest.skip("no built mailseal")
    folder = tempfile.mkdtemp(prefix="mailseal-web-")
    os.chmod(folder, 0o755)
    with Network(folder) as net:
        web = net.host("web", "10.9.1.2", root="front")
        store = net.host("store", "10.9.1.3")
        site = types.SimpleNamespace(web=web, folder=folder)
        site.dovecot = Dovecot(store, address="10.9.1.3", password=PASSWORD)
        site.mta = within(web, lambda: peers.Backend(peers.smtp, expects_proxy=False))
        site.apache = roundcube(web, 8090, 8092, "tcp://10.9.1.3:143", f"tcp://127.0.0.1:{site.mta.port}")
        site.apache_h2 = apache_h2(web, 8091, "127.0.0.1:8092")
        site.nginx = Nginx(web, port=8080, port_h2=8081, upstream="127.0.0.1:8092")
        site.chain, key, site.ca = certificate(folder, HOST)
        os.mkdir(f"{folder}/mailseal", 0o755)
        site.daemon = Daemon(f"{folder}/mailseal", config(site.chain, key), wrap=web.network).ready()
        yield site
        site.daemon.close()
        site.mta.close()
    shutil.rmtree(folder, ignore_errors=True)


def curl(site, door, *words, path="/"):
    """From an address of loopback that nobody else has."""
    done = subprocess.run(site.web.network(
        ["curl", "-sS", "--max-time", "120", "--cacert", site.ca, "--interface", "127.0.0.7", "--resolve",
         f"{HOST}:{DOORS[door]}:127.0.0.1", *words, f"https://{HOST}:{DOORS[door]}{path}"]),
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def log_of(site, door, version):
    server = site.nginx if door == "nginx" else site.apache_h2 if version == "2" else site.apache
    return lambda: site.web.log(server.name + "-seen")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("option, version", [("--http1.1", "1.1"), ("--http2", "2")])
def test_a_login_page_by_either_protocol_and_the_client_s_address(site, door, option, version):
    seen, mark = len(site.daemon.events), f"/?mark={door}{version}"
    head = curl(site, door, option, "-D", "-", path=mark)
    assert re.match(rf"HTTP/{version} 200", head) and "rcmloginuser" in head
    assert re.search("(?i)^strict-transport-security: max-age=31536000", head, re.M)
    cookie = re.search(r"(?im)^set-cookie: roundcube_sessid=.*$", head)[0].lower()
    assert "secure" in cookie and "httponly" in cookie
    said = log_of(site, door, version)
    assert wait_until(lambda: mark in said(), 30)
    line = next(l for l in said().splitlines() if mark in l)
    assert line.startswith("127.0.0.7 ") and f" HTTP/{version}" in line
    record = site.daemon.wait("session ended", after=seen, edge=door)
    assert (record["client"], record["outcome"], record["seal"]) == ("127.0.0.7", "ok", "sealed")
    assert record["alpn"] == ("h2" if version == "2" else "http/1.1")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("option", ["--http1.1", "--http2"])
def test_an_upload_of_20_mib_arrives(site, door, option, tmp_path):
    (tmp_path / "file").write_bytes(os.urandom(20 * MiB))
    site.web.write("/var/lib/roundcube/public_html/sum.php",
                   "<?php echo hash_file('sha256', $_FILES['f']['tmp_name']);")
    got = curl(site, door, option, "-H", "Expect:", "-F", f"f=@{tmp_path}/file", path="/sum.php")
    assert got == hashlib.sha256((tmp_path / "file").read_bytes()).hexdigest()


def test_a_server_that_expects_no_header_takes_no_request(site):
    done = subprocess.run(site.web.network(
        ["curl", "-sS", "--max-time", "60", "--cacert", site.ca, "-w", "%{http_code}", "-o", "/dev/null",
         "--resolve", f"{HOST}:{BLIND}:127.0.0.1", f"https://{HOST}:{BLIND}/"]),
        capture_output=True, text=True, check=False)
    assert done.stdout == "400", done.stderr


def test_port_80_leads_to_it(site):
    done = subprocess.run(site.web.network(
        ["curl", "-sSL", "--http2", "--max-time", "60", "--cacert", site.ca, "-w", "%{http_version} %{num_redirects}",
         "-o", "/dev/null", "--resolve", f"{HOST}:443:127.0.0.1", "--resolve", f"{HOST}:80:127.0.0.1",
         f"http://{HOST}/"]), capture_output=True, text=True, check=False)
    assert done.stdout == "2 1", done.stderr


def deliver(subject):
    letter = f"From: bob@inside.test\r\nTo: alice@inside.test\r\nSubject: {subject}\r\n\r\nHello Alice.\r\n"
    with imaplib.IMAP4("10.9.1.3", 143, timeout=60) as box:
        box.login(USER, PASSWORD)
        assert box.append("INBOX", None, None, letter.encode())[0] == "OK"


class Person:
    """Somebody in front of Roundcube."""

    def __init__(self, driver, door):
        self.driver, self.door = driver, f"https://{HOST}:{DOORS[door]}/"

    def until(self, find):
        found = []

        def look():
            try:
                found[:] = [find(self.driver)]
            except Exception:  # pylint: disable=broad-except; not there yet, or no longer
                return False
            return bool(found[0])
        assert wait_until(look, 60), self.driver.page_source[-3000:]
        return found[0]

    def one(self, selector):
        return self.until(lambda d: next(e for e in d.find_elements("css selector", selector) if e.is_displayed()))

    def protocol(self):
        return self.driver.execute_script("return performance.getEntriesByType('navigation')[0].nextHopProtocol")

    def login(self):
        self.driver.get(self.door)
        self.one("#rcmloginuser").send_keys(USER)
        self.one("#rcmloginpwd").send_keys(PASSWORD)
        self.one("#rcmloginsubmit").click()
        self.one("#messagelist")

    def read(self, subject):
        """The text of the message, which is in the list."""
        link = self.until(lambda d: next(e for e in d.find_elements("css selector", "#messagelist .subject a")
                                         if subject in e.text))
        self.driver.get(link.get_attribute("href"))
        return self.one("#messagebody").text

    def write(self, recipient, subject, path):
        self.driver.get(self.door + "?_task=mail&_action=compose")
        self.until(lambda d: d.execute_script(
            "return window.rcmail && rcmail.gui_objects.messageform && rcmail.gui_objects.attachmentlist"))
        self.driver.execute_script(
            "document.querySelector('[name=_to]').value = arguments[0];"
            "document.querySelector('[name=_subject]').value = arguments[1];"
            "document.querySelector('[name=_message]').value = 'Is this sealed all the way?'", recipient, subject)
        field = self.until(lambda d: d.find_element("css selector", "input[type=file][name='_attachments[]']"))
        field.send_keys(str(path))
        self.until(lambda d: d.find_elements("css selector", "#attachment-list li:not(.uploading)"))
        self.driver.execute_script("rcmail.command('send', {})")


@pytest.mark.parametrize("door", DOORS)
def test_a_person_reads_and_writes_in_a_browser(site, door, tmp_path):
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        pytest.skip("chromium and chromium-driver are not installed")
    pytest.importorskip("selenium.webdriver", reason="python3-selenium")
    subject, path = f"to read at {door}", tmp_path / "attachment.bin"
    path.write_bytes(os.urandom(20 * MiB))
    within(site.web, lambda: deliver(subject))
    before = len(site.mta.sessions)

    def work():
        driver = chromium(f"{tmp_path}/profile", f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
                          "--ignore-certificate-errors")
        try:
            person = Person(driver, door)
            person.login()
            assert person.protocol() == "h2"
            cookies = [c for c in driver.get_cookies() if c["name"].startswith("roundcube_sess")]
            assert len(cookies) == 2 and all(c["secure"] and c["httpOnly"] for c in cookies)
            assert "Hello Alice." in person.read(subject)
            person.write("carol@inside.test", "written in a browser", path)
            site.mta.wait(lambda: any(s.get("messages") for s in site.mta.sessions[before:]), 120)
        finally:
            driver.quit()
    within(site.web, work)
    text = next(s["messages"][0] for s in site.mta.sessions[before:] if s.get("messages"))
    message = email.message_from_bytes(text[:-3])
    attached = next(part for part in message.walk() if part.get_filename() == "attachment.bin")
    assert message["Subject"] == "written in a browser"
    assert attached.get_payload(decode=True) == path.read_bytes()
