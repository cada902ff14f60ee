"""What mailseal answers itself in HTTPS: its own policies of MTA-STS, and where mail programs find
their servers. Names are scripted (names.py); the CA is of the test."""
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import xml.etree.ElementTree

import pytest

import peers
from daemon import BINARY, ROOT, Daemon, free_ports, make_certificate, wait_until
from names import A, ANCHOR, MX, TXT, NameServer, wire
from test_tls_reports_received import report_of

FILE = "/.well-known/mta-sts.txt"
WEB = "127.0.5.1"  # port 443 of it is our door
GOOD, BAD, OTHER = "own.example", "bad.example", "other.example"


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more)


def authority(folder):
    """A CA, and a certificate of it for all names that port 25 and the door have."""
    names = ["mx.own.example", "mx2.own.example", "mx.other.example"]
    for label in ("mta-sts", "autoconfig", "autodiscover"):
        names += [f"{label}.{domain}" for domain in (GOOD, BAD, OTHER)]
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    run("openssl", "req", "-x509", *ec, "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem",
        "-days", "30", "-subj", "/CN=the test's CA", "-addext",
        "keyUsage=critical,keyCertSign,cRLSign")
    run("openssl", "req", *ec, "-keyout", f"{folder}/own.key", "-out", f"{folder}/own.csr", "-subj",
        "/CN=mail.example.org")
    with open(f"{folder}/own.ext", "w", encoding="ascii") as out:
        out.write("subjectAltName=" + ",".join(f"DNS:{name}" for name in names) +
                  "\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
    run("openssl", "x509", "-req", "-in", f"{folder}/own.csr", "-CA", f"{folder}/ca.pem", "-CAkey",
        f"{folder}/ca.key", "-CAcreateserial", "-days", "30", "-extfile", f"{folder}/own.ext", "-out",
        f"{folder}/own.pem")


class Site:
    def __init__(self, folder):
        self.folder = folder
        os.chmod(folder, 0o755)
        authority(folder)
        (folder / "anchor").write_text(ANCHOR, encoding="ascii")
        self.mx = {GOOD: ["mx.own.example"], BAD: ["else.bad.example"], OTHER: ["mx.other.example"]}
        self.texts = {}
        self.names = NameServer(self.say)
        self.names.ttl = 0  # the next look sees what has changed
        self.backend = peers.Backend(peers.http)
        self.h2 = peers.Backend(peers.echo)
        self.smtp, self.imap = free_ports(2)
        self.daemon = Daemon(folder, self.config()).ready()

    def say(self, name, kind):
        if kind == MX and name in self.mx:
            return 0, [b"\0\x0a" + wire(host) for host in self.mx[name]]
        if kind == A:
            return 0, socket.inet_aton(WEB)
        if kind == TXT and name in self.texts:
            return 0, bytes([len(self.texts[name])]) + self.texts[name].encode()
        return 0, None

    def config(self, mta_sts=None):
        own = mta_sts or f'''( {{ domain = "{GOOD}"; mode = "enforce"; }},
            {{ domain = "{BAD}"; mode = "enforce"; }},
            {{ domain = "{OTHER}"; mode = "testing"; max_age = "1d"; }} )'''
        return f'''workers = 1;
resolver = {{ forward = "{self.names.address}"; trust_anchor = "{self.folder}/anchor";
              ca_file = "{self.folder}/ca.pem"; }};
certificate = {{ own = {{ chain = "{self.folder}/own.pem"; key = "{self.folder}/own.key"; }}; }};
backend = {{ web = {{ address = ["127.0.0.1:{self.backend.port}"]; client_info = "proxy"; }};
             h2 = {{ address = ["127.0.0.1:{self.h2.port}"]; client_info = "proxy"; }}; }};
edge = {{ mx = {{ protocol = "smtp"; listen = ["127.0.0.1:{self.smtp}"]; backend = "web"; }};
          imap = {{ protocol = "imap"; listen_tls = ["*:{self.imap}"]; backend = "web"; }};
          web = {{ protocol = "http"; listen_tls = ["{WEB}:443"]; backend = "web"; backend_h2 = "h2"; }}; }};
mta_sts = {own};
autoconfig = ( {{ domain = "{GOOD}"; display_name = "Own & Sons"; }} );'''

    def reload(self, mta_sts):
        before = len(self.daemon.events)
        self.daemon.write(self.config(mta_sts))
        assert self.daemon.ctl("reload").returncode == 0
        self.daemon.wait("configuration reloaded", after=before)
        return before

    def tls(self, name, alpn=("http/1.1",)):
        context = ssl.create_default_context(cafile=f"{self.folder}/ca.pem")
        context.set_alpn_protocols(alpn)
        sock = socket.create_connection((WEB, 443), 20)
        return context.wrap_socket(sock, server_hostname=name)

    def ask(self, name, target=FILE, method="GET", host=None, body=None, head=()):
        """(status, fields, body)"""
        connection = http.client.HTTPConnection(name, timeout=20)
        connection.sock = self.tls(name)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for field, value in [("Host", host or name), *head]:
            connection.putheader(field, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        said = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return said

    def policy(self, domain):
        status, fields, body = self.ask("mta-sts." + domain)
        return body.decode() if status == 200 else status

    def serves(self, domain, text, within=30):
        assert wait_until(lambda: text in str(self.policy(domain)), within), self.policy(domain)
        return self.policy(domain)

    def close(self):
        self.daemon.close()
        for part in (self.names, self.backend, self.h2):
            part.close()


@pytest.fixture(scope="module")
def site():
    """In a folder that the user of the daemon's processes can come to."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mailseal-"))
    site = Site(folder)
    yield site
    site.close()
    shutil.rmtree(folder)


def test_a_policy_is_what_dns_has(site):
    text = site.serves(GOOD, "mode: enforce")
    assert text == "version: STSv1\r\nmode: enforce\r\nmx: mx.own.example\r\nmax_age: 604800\r\n"
    status, fields, body = site.ask("mta-sts." + GOOD)
    assert status == 200 and fields["Content-Type"].split(";")[0] == "text/plain"
    status, fields, body = site.ask("mta-sts." + GOOD, method="HEAD")
    assert status == 200 and body == b"" and int(fields["Content-Length"]) == len(text)


def test_nothing_else_is_answered(site):
    site.serves(GOOD, "mode: enforce")
    name = "mta-sts." + GOOD
    for target in ("/", "/metrics", FILE + "?a=b", "/.well-known/", "//.well-known/mta-sts.txt"):
        assert site.ask(name, target)[0] == 404, target
    assert site.ask(name, method="POST", body=b"x")[0] == 405
    assert site.ask(name, host="mta-sts.nobody.example")[0] == 404
    assert site.ask(name, host="x y")[0] == 400


def test_a_connection_is_for_its_own_name(site):
    """One certificate covers both (RFC 9113 9.1.1): a request for a name of ours that came by another
    connection is the backend's, and one for another name by ours is misdirected."""
    assert site.ask("mta-sts." + GOOD, "/", host="mx.own.example")[0] == 421
    status, _, body = site.ask("mx.own.example", host="mta-sts." + GOOD)
    assert b"STSv1" not in body, (status, body)


def test_what_is_too_long_or_too_slow_ends(site):
    name = "mta-sts." + GOOD
    assert site.ask(name, "/" + "a" * 100000)[0] in (404, 413, 414, 431)
    connection = site.tls(name)
    connection.sendall(b"GET " + FILE.encode() + b" HTTP/1.1\r\nHo")
    connection.settimeout(60)
    assert connection.recv(1000).split(b" ")[1:2] in ([], [b"408"])
    connection.close()
    site.serves(GOOD, "mode: enforce")


def test_only_http_1_is_spoken_at_these_names(site):
    sock = site.tls("mta-sts." + GOOD, ("h2", "http/1.1"))
    assert sock.selected_alpn_protocol() == "http/1.1"
    sock.close()
    with pytest.raises(ssl.SSLError):
        site.tls("mta-sts." + GOOD, ("h2",))


def test_one_that_would_stop_mail_is_not_served(site):
    assert site.serves(BAD, "mode: none") == "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"
    event = site.daemon.wait("policy is not well", domain=BAD)
    assert "else.bad.example" in event["why"]
    def alarms():
        return [a["subject"] for a in json.loads(site.daemon.ctl("status", "--json").stdout)["alarms"]
                if a["kind"] == "mta-sts"]
    assert wait_until(lambda: alarms() == [BAD], 30)


def test_the_status_has_each_policy(site):
    site.serves(GOOD, "mode: enforce")
    def said():
        return site.daemon.status()["mta_sts"]
    assert wait_until(lambda: said()["modes"] == {"none": 1, "testing": 1, "enforce": 1, "waiting": 0}, 30)
    domains = {row["domain"]: row for row in said()["domains"]}
    assert said()["domains"][0]["domain"] == BAD and "else.bad.example" in domains[BAD]["why"]
    assert domains[GOOD]["mode"] == "enforce" and domains[GOOD]["why"] == ""
    assert abs(domains[GOOD]["since"] - time.time()) < 3600
    text = site.daemon.ctl("status").stdout
    assert f"mta-sts: {GOOD}: enforce, id {domains[GOOD]['id']}" in text


def test_our_own_resolver_goes_by_it(site):
    text = site.serves(GOOD, "mode: enforce")
    site.texts["_mta-sts." + GOOD] = "v=STSv1; id=1;"
    done = subprocess.run([BINARY, "policy", "--json", "--config", site.daemon.config, GOOD],
                          capture_output=True, text=True, timeout=60, check=False)
    said = json.loads(done.stdout)
    assert said["sts"]["mode"] == "enforce", done
    assert "mx.own.example" in json.dumps(said["sts"]) and text


def test_the_records_have_the_id_that_is_served(site):
    site.serves(GOOD, "mode: enforce")
    def said():
        done = subprocess.run([BINARY, "dns", "--json", "--config", site.daemon.config, GOOD],
                              capture_output=True, text=True, timeout=60, check=False)
        return json.loads(done.stdout)
    assert wait_until(lambda: said()["policy_source"] == "served", 30), said()
    answer = said()
    assert answer["policy"] == site.policy(GOOD).replace("\r", "")
    event = site.daemon.wait("policy is served", domain=GOOD, mode="enforce")
    assert answer["policy_id"] == event["id"]
    def record():
        return [r for r in said()["records"] if r["owner"] == "_mta-sts." + GOOD][0]
    site.texts["_mta-sts." + GOOD] = "v=STSv1; id=old"
    assert record()["state"] == "missing" and "id=old" in record()["instead"]
    site.texts["_mta-sts." + GOOD] = f"v=STSv1; id={event['id']}"
    assert wait_until(lambda: record()["state"] == "there", 30)


def test_thunderbird_finds_the_ports_that_there_are(site):
    for target in ("/mail/config-v1.1.xml?emailaddress=a%40own.example",
                   "/.well-known/autoconfig/mail/config-v1.1.xml"):
        status, fields, body = site.ask("autoconfig." + GOOD, target)
        assert status == 200 and fields["Content-Type"].startswith("text/xml")
        provider = xml.etree.ElementTree.fromstring(body).find("emailProvider")
        assert provider.find("displayName").text == "Own & Sons"
        servers = provider.findall("incomingServer")
        assert [(s.get("type"), s.find("port").text, s.find("socketType").text)
                for s in servers] == [("imap", str(site.imap), "SSL")]
        assert provider.find("outgoingServer") is None
    assert site.ask("autoconfig." + OTHER, target)[0] == 404


def test_outlook_is_answered(site):
    wish = (b'<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/'
            b'autodiscover/outlook/requestschema/2006"><Request><EMailAddress>a&amp;b@own.example'
            b'</EMailAddress></Request></Autodiscover>')
    path = "/autodiscover/autodiscover.xml"
    status, _, body = site.ask("autodiscover." + GOOD, path, "POST", body=wish)
    space = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
    protocol = xml.etree.ElementTree.fromstring(body).find(f".//{space}Protocol")
    assert status == 200
    assert [protocol.find(space + tag).text for tag in ("Type", "Port", "LoginName", "SSL")] == [
        "IMAP", str(site.imap), "a&b@own.example", "on"]
    assert site.ask("autodiscover." + GOOD, path, "POST", body=b"<x>")[0] == 400
    with pytest.raises((http.client.HTTPException, OSError)):
        site.ask("autodiscover." + GOOD, path, "POST", body=b"x" * 100000)


def test_the_next_step_is_suggested_by_what_others_reported(site, tmp_path):
    chain, key = make_certificate(str(tmp_path), "mx")
    config = tmp_path / "mailseal.conf"
    config.write_text(f'''state_dir = "{tmp_path}"; run_dir = "{tmp_path}/run"; hostname = "mx.own.example";
certificate = {{ own = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ web = {{ address = ["127.0.0.1:8080"]; }}; }};
edge = {{ mx = {{ protocol = "smtp"; listen = ["*:25"]; backend = "web"; }};
          web = {{ protocol = "http"; listen_tls = ["*:443"]; backend = "web"; }}; }};
mta_sts = ( {{ domain = "{GOOD}"; }}, {{ domain = "{OTHER}"; }} );''', encoding="ascii")
    (tmp_path / "site").mkdir()
    since = int(time.time()) - 40 * 86400
    (tmp_path / "site/served").write_text(
        f"mailseal-served 1\n{OTHER} none 86400 {since} 0 here -\n"
        f"{GOOD} testing 604800 {since} 0 here mx.own.example=0\nend\n", encoding="ascii")
    def report(*words, stdin=None):
        return subprocess.run([BINARY, "report", "tlsrpt", "-c", config, *words], input=stdin,
                              capture_output=True, text=True, timeout=60, check=False)
    def ingest(organization, result=None):
        told = report_of(organization, "1" if result else "2", result, GOOD)
        assert report("--ingest", "-", stdin=json.dumps(told)).returncode == 0
    def steps():
        rows = json.loads(report("--received", "--json").stdout)["mta_sts"]
        return {row["domain"]: (row["step"], row["text"]) for row in rows}
    assert steps()[GOOD][0] == "wait" and steps()[OTHER][0] == "to-testing"
    ingest("one"), ingest("two")
    step, text = steps()[GOOD]
    assert step == "to-enforce" and "testing for 40 days, 2 reports of 2 senders, no failures" in text
    ingest("one", "certificate-expired")
    step, text = steps()[GOOD]
    assert step == "mend" and "3 sessions of 1 senders failed, most: certificate-expired at mx1" in text
    assert f"mta-sts {GOOD}: {text}" in report("--received", GOOD).stdout
    said = subprocess.run([BINARY, "dns", "-c", config, "--forward", site.names.address, GOOD],
                          capture_output=True, text=True, timeout=60, check=False)
    assert f"; next step: {text}" in said.stdout, said


def test_an_upgrade_serves_on(site):
    text = site.serves(GOOD, "mode: enforce")
    before, pid = len(site.daemon.events), site.daemon.status()["site_pid"]
    assert site.daemon.ctl("upgrade").returncode == 0
    site.daemon.wait("ready", after=before)
    assert wait_until(lambda: site.daemon.status()["site_pid"] not in (0, pid), 30)
    assert site.serves(GOOD, "mode: enforce") == text


def test_a_change_of_the_settings_is_served_and_remembered(site):
    """The last: it leaves other settings behind."""
    site.serves(GOOD, "mode: enforce")
    site.mx[GOOD] = ["mx2.own.example"]
    site.reload(f'( {{ domain = "{GOOD}"; mode = "enforce"; mx = ["mx2.own.example"]; }} )')
    # A question that was under way has the answer of before: the next look is a minute later.
    text = site.serves(GOOD, "mx: mx2.own.example", 120)
    assert "mx: mx.own.example\r\n" in text  # who holds the policy before knows no other
    assert site.serves(OTHER, "mode: none")  # taken back: RFC 8461 8.3
    wait_until(lambda: os.path.exists(f"{site.folder}/state/site/served"))
    assert wait_until(lambda: "other.example none 86400 " in
                      open(f"{site.folder}/state/site/served", encoding="ascii").read(), 30)
    pid = site.daemon.status()["site_pid"]
    site.daemon.process.terminate()
    site.daemon.process.wait(30)
    site.daemon.start()
    site.daemon.ready()
    assert site.daemon.status()["site_pid"] != pid
    assert "mx: mx.own.example\r\n" in site.serves(GOOD, "mx: mx2.own.example")
    assert site.serves(OTHER, "mode: none")
    site.reload("( )")
    event = site.daemon.wait("senders may hold a policy that is not served any more", domain=GOOD)
    assert int(event["until"]) > time.time() and "none" in event["mend"]


def test_the_example_is_well():
    done = subprocess.run([BINARY, "config", "check", "--json", "-c", f"{ROOT}/doc/examples/site.conf"], check=False,
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_config_check_says_which_names_no_certificate_has(site, tmp_path):
    config = tmp_path / "mailseal.conf"
    text = site.config(f'( {{ domain = "{GOOD}"; }}, {{ domain = "nobody.example"; }} )')
    config.write_text(text, encoding="ascii")
    def said():
        done = subprocess.run([BINARY, "config", "check", "--json", "-c", config], check=False,
                              capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout)
    names = [row for row in said() if "is for" in row["message"]]
    assert [row["message"].split()[-1] for row in names] == ["mta-sts.nobody.example"]
    assert names[0]["setting"] == "mta_sts[1].domain" and "certificate" in names[0]["mend"]
