"""What mailseal check finds of a domain by DNS and on its web servers, in the lab's signed zones."""
import http.server
import json
import ssl
import subprocess
import threading

import pytest

from labtools import BINARY, RUN, netns, network

SETUP = "setup.cases.test"
WEB = ["reports", "autoconfig", "webmail"]


def check(domain, *options):
    """What --json says."""
    done = subprocess.run(
        ["ip", "netns", "exec", netns("client"), BINARY, "check", "--json", "--mine",
         "--forward", "192.0.2.53", "--stub", "test=192.0.2.53",
         "--trust-anchor", f"{RUN}/root.key", "--ca-file", f"{RUN}/ca.pem", *options, domain],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode in (0, 1, 2), done
    return json.loads(done.stdout)


def finding(said, number, place=None):
    """The finding of a criterion, at a place that begins so."""
    found = [one for one in said["findings"]
             if one["id"] == number and one["place"].startswith(place or "")]
    assert len(found) == 1, (number, place, found, said)
    return found[0]


# domain: criterion, where, verdict, words of what was seen
CASES = [
    ("servfail.cases.test", "A7", "mx.servfail.cases.test", "fail", "SERVFAIL"),
    ("alias.cases.test", "A2", "mx.alias.cases.test", "warn", "CNAME"),
    ("alias.cases.test", "A6", "mx.alias.cases.test", "pass", "signed"),
    ("lost.cases.test", "A6", "mx.bogus.test", "fail", ""),
    ("twice.cases.test", "F5", None, "fail", "2"),
    ("absent.cases.test", "F6", None, "fail", "no address"),
    ("alpha.test", "A5", "alpha.test", "pass", "signed"),
    ("legacy.test", "A5", "legacy.test", "info", "not signed"),
]


@pytest.fixture(scope="module")
def said(lab_up):
    """The results by domain, each asked for once."""
    return {domain: check(domain) for domain in {case[0] for case in CASES}}


@pytest.mark.parametrize("domain,number,place,verdict,words", CASES)
def test_what_dns_says(said, domain, number, place, verdict, words):
    one = finding(said[domain], number, place)
    assert one["verdict"] == verdict and words in one["evidence"], one


class Pages(http.server.BaseHTTPRequestHandler):
    """The web servers of setup.cases.test, in clear and in TLS."""
    document = (
        '<clientConfig version="1.1"><emailProvider id="setup.cases.test">'
        '<incomingServer type="imap"><hostname>mail.beta.test</hostname><port>143</port>'
        '<socketType>plain</socketType><authentication>password-cleartext</authentication>'
        '</incomingServer></emailProvider></clientConfig>')
    login = '<form action="http://webmail.setup.cases.test/in"><input type="password"></form>'
    asked = []

    def do_GET(self):
        host, path = self.headers["Host"].split(":")[0], self.path
        is_https = isinstance(self.connection, ssl.SSLSocket)
        self.asked.append((is_https, host, path))
        pages = {("autoconfig", "/mail/config-v1.1.xml"): self.document,
                 ("webmail", "/login"): self.login} if is_https else {}
        body = pages.get((host.split(".")[0], path), "").encode()
        goes_on = host.startswith("webmail.") and path == "/"
        self.send_response(302 if goes_on else 200 if body else 404)
        if goes_on:
            self.send_header("Location", "/login" if is_https else f"https://{host}/")
            self.send_header("Set-Cookie", "session=1; HttpOnly")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web(lab_up, tmp_path_factory):
    """Both servers at the client's address, with a certificate of the lab's CA."""
    folder = str(tmp_path_factory.mktemp("web"))
    with open(f"{folder}/extensions", "w", encoding="ascii") as out:
        out.write("subjectAltName=" + ",".join(f"DNS:{name}.{SETUP}" for name in WEB) + "\n")
    request = subprocess.run(
        ["openssl", "req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-keyout", f"{folder}/key", "-subj", "/CN=web"],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    subprocess.run(
        ["openssl", "x509", "-req", "-CA", f"{RUN}/ca.pem", "-CAkey", f"{RUN}/ca.key", "-days",
         "30", "-extfile", f"{folder}/extensions", "-out", f"{folder}/chain"],
        input=request, check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/chain", f"{folder}/key")
    with network("client"):
        servers = [http.server.ThreadingHTTPServer(("192.0.2.100", port), Pages)
                   for port in (80, 443)]
    # Each thread makes its own handshake: a probe that stalls in one delays nobody.
    servers[1].socket = context.wrap_socket(servers[1].socket, server_side=True,
                                            do_handshake_on_connect=False)
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Pages
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def setup(web):
    return check(SETUP)


def test_the_document_that_sends_users_where_there_is_no_tls(setup):
    one = finding(setup, "A12", f"https://autoconfig.{SETUP}/")
    assert one["verdict"] == "fail"
    assert "imap mail.beta.test:143, socketType plain, password-cleartext" in one["evidence"]


def test_a_login_that_goes_in_clear(setup):
    assert finding(setup, "H2", f"webmail.{SETUP}:443")["verdict"] == "fail"


def test_records_for_users(setup):
    assert "ca.test" in finding(setup, "A9", f"webmail.{SETUP}")["evidence"]  # its domain's
    assert finding(setup, "F9")["verdict"] == "pass"
    assert finding(setup, "A11")["verdict"] in ("pass", "warn")


def test_the_report_place_is_asked_for_no_more_than_an_answer(setup, web):
    assert [path for is_https, host, path in web.asked if host.startswith("reports.")] == ["/"]


def test_of_another_providers_hosts_what_is_named_alone(setup):
    """The MX host's port 25, and what SRV and autoconfig name: none of its other ports."""
    places = {(one["host"], one["port"]) for one in setup["endpoints"]}
    assert places == {("mx.beta.test", 25), ("mail.beta.test", 993), ("mail.beta.test", 143),
                      (f"webmail.{SETUP}", 443), (f"autoconfig.{SETUP}", 443)}, places
