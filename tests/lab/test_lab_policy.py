"""mailseal policy against real zones, validated from the lab's root down."""
import http.server
import json
import os
import ssl
import subprocess
import threading

import pytest

from labtools import BINARY, RUN, netns, network

ENFORCE = "version: STSv1\nmode: enforce\nmax_age: 86400\nmx: {}\n"


def ask(host, *arguments):
    """The exit status, and what --json says."""
    done = subprocess.run(
        ["ip", "netns", "exec", netns(host), BINARY, "policy", "--json", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=90)
    return done.returncode, json.loads(done.stdout)


def policy(domain, *options):
    return ask("client", "--forward", "192.0.2.53", "--stub", "test=192.0.2.53",
               "--trust-anchor", f"{RUN}/root.key", "--ca-file", f"{RUN}/ca.pem", *options, domain)


# domain: (exit status, MX, end, per host: (address, TLSA, level, authenticated, report))
CASES = {
    "beta.test": (0, "secure", "hosts", [("secure", "secure", "verify", True, None)]),
    "alpha.test": (1, "secure", "hosts", [("secure", "secure", "opportunistic", False, None)]),
    "exim.test": (0, "secure", "hosts", [("secure", "secure", "verify", True, None)]),
    "opensmtpd.test": (1, "secure", "hosts", [("secure", "secure", "opportunistic", False, None)]),
    "legacy.test": (1, "insecure", "hosts", [("insecure", None, "opportunistic", False, None)]),
    "nosuch.test": (1, "secure", "no-domain", []),
    "null.cases.test": (1, "secure", "null-mx", []),
    "nohost.cases.test": (1, "secure", "hosts", [("secure", None, "skip", False, None)]),
    "noaddress.cases.test": (1, "secure", "hosts", [("secure", None, "skip", False, None)]),
    "unusable.cases.test": (1, "secure", "hosts",
                            [("secure", "secure", "encrypt", False, "tlsa-invalid")]),
    "servfail.cases.test": (1, "secure", "hosts",
                            [("secure", "failed", "skip", False, "tlsa-invalid")]),
    "alias.cases.test": (0, "secure", "hosts", [("secure", "secure", "verify", True, None)]),
    "out.cases.test": (0, "secure", "hosts", [("insecure", "secure", "verify", True, None)]),
    "unsigned.cases.test": (0, "secure", "hosts", [("secure", "secure", "verify", True, None)]),
    "foreign.cases.test": (1, "secure", "hosts",
                           [("insecure", None, "opportunistic", False, None)]),
    "lost.cases.test": (2, "secure", "hosts",
                        [("bogus", None, "skip", False, "dnssec-invalid"),
                         ("secure", "secure", "verify", True, None)]),
    "bogus.test": (2, "bogus", "lost", []),
}


def summary(status, said):
    hosts = [(host["address_status"], host["tlsa_status"], host["level"],
              host["is_authenticated"], host["report"]) for host in said["hosts"]]
    return status, said["mx"], said["end"], hosts


@pytest.mark.parametrize("domain", CASES)
def test_what_dns_says(lab_up, domain):
    status, said = policy(domain)
    assert summary(status, said) == CASES[domain], said


def test_a_trusted_resolver_says_the_same(sender, tmp_path):
    """The Unbound on loopback of host sender; what is bogus to it is a failure to who asks it."""
    path = tmp_path / "mailseal.conf"
    path.write_text('policy_service = { socketmap = "unix:/run/x"; };\n'
                    'resolver = { trust_ad = true; forward = "127.0.0.1@53"; };\n')
    for domain, want in CASES.items():
        status, said = ask(sender, "--config", str(path), "--ca-file", f"{RUN}/ca.pem", domain)
        want = json.dumps(want).replace('"bogus"', '"failed"').replace('"dnssec-invalid"', "null")
        assert json.dumps(summary(status, said)) == want, (domain, said)


def test_the_base_domain_is_the_expanded_name_first(lab_up):
    assert policy("alias.cases.test")[1]["hosts"][0]["tlsa_base"] == "mx.beta.test"
    assert policy("out.cases.test")[1]["hosts"][0]["tlsa_base"] == "mx.out.cases.test"


def test_records_that_nothing_vouches_for_are_not_counted_with_others(lab_up):
    host = policy("unsigned.cases.test")[1]["hosts"][0]
    assert host["tlsa_base"] == "mx.unsigned.cases.test"
    assert [record["data"] for record in host["tlsa"]] == ["11" * 32]


class Files(http.server.BaseHTTPRequestHandler):
    """The policy files of cases.test."""
    files = {
        "enforce": ("text/plain", ENFORCE.format("mx.legacy.test")),
        "testing": ("text/plain; charset=utf-8",
                    ENFORCE.format("*.legacy.test").replace("enforce", "testing")),
        "both": ("text/plain", ENFORCE.format("mx.beta.test")),
        "other": ("text/plain", ENFORCE.format("mx.elsewhere.test")),
        "html": ("text/html", ENFORCE.format("mx.legacy.test")),
        "long": ("text/plain", ENFORCE.format("mx.legacy.test") + "\n" * 65536),
        "invalid": ("text/plain", ENFORCE.format("mx.legacy.test").replace("enforce", "force")),
        "misnamed": ("text/plain", ENFORCE.format("mx.legacy.test")),
        "sts-testing": ("text/plain", ENFORCE.format("mx.selfsigned.cases.test")
                        .replace("enforce", "testing")),
        **{f"sts-{name}": ("text/plain", ENFORCE.format(f"mx.{name}.cases.test"))
           for name in ("selfsigned", "expired", "wrongname")},
    }

    def do_GET(self):
        name = self.headers["Host"].split(".")[1]
        kind, text = self.files.get(name, ("text/plain", ""))
        self.send_response(302 if name == "moved" else 200)
        if name == "moved":
            self.send_header("Location", "https://mta-sts.enforce.cases.test" + self.path)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web(lab_up, tmp_path_factory):
    """The web server of mta-sts.*.cases.test, with a certificate of the lab's CA."""
    folder = str(tmp_path_factory.mktemp("web"))
    names = [f"mta-sts.{name}.cases.test" for name in [*Files.files, "moved"] if name != "misnamed"]
    with open(f"{folder}/extensions", "w", encoding="ascii") as out:
        out.write("subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + "\n")
    request = subprocess.run(
        ["openssl", "req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-keyout", f"{folder}/key", "-subj", "/CN=web"],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    subprocess.run(
        ["openssl", "x509", "-req", "-CA", f"{RUN}/ca.pem", "-CAkey", f"{RUN}/ca.key", "-days", "30",
         "-extfile", f"{folder}/extensions", "-out", f"{folder}/chain"],
        input=request, check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/chain", f"{folder}/key")
    with network("client"):
        server = http.server.ThreadingHTTPServer(("192.0.2.100", 443), Files)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


# name: (exit status, state, mode, its report and the text of its error, level, report of the host)
POLICIES = {
    "enforce": (0, "found", "enforce", None, "", "verify", None),
    "testing": (1, "found", "testing", None, "", "opportunistic", None),
    "both": (0, "found", "enforce", None, "", "verify", None),
    "other": (1, "found", "enforce", None, "", "skip", "validation-failure"),
    "twice": (1, "broken", None, "sts-policy-invalid", "more than one", "opportunistic", None),
    "moved": (1, "broken", None, "sts-policy-fetch-error", "302", "opportunistic", None),
    "html": (1, "broken", None, "sts-policy-fetch-error", "text/plain", "opportunistic", None),
    "long": (1, "broken", None, "sts-policy-fetch-error", "64 KiB", "opportunistic", None),
    "invalid": (1, "broken", None, "sts-policy-invalid", "mode", "opportunistic", None),
    "misnamed": (1, "broken", None, "sts-webpki-invalid", "name", "opportunistic", None),
    "absent": (1, "broken", None, "sts-policy-fetch-error", "no address", "opportunistic", None),
}


@pytest.mark.parametrize("name", POLICIES)
def test_what_mta_sts_says(web, name):
    status, said = policy(f"{name}.cases.test")
    sts, host = said["sts"], said["hosts"][0]
    want = POLICIES[name]
    assert (status, sts["state"], sts.get("mode"), sts["report"]) == want[:4], said
    assert want[4] in (sts["error"] or ""), said
    assert (host["level"], host["report"]) == want[5:], said
    assert host["needs_dane"] == (name == "both") and host["needs_pkix"] == (status == 0)


def test_a_web_server_of_another_ca_is_not_believed(web):
    said = policy("enforce.cases.test", "--ca-file", os.path.join(RUN, "root.key"))[1]
    assert said["sts"]["state"] == "broken"


def test_it_says_how_to_be_used():
    def run(*words):
        return subprocess.run([BINARY, "policy", *words], capture_output=True, text=True)
    assert run("--help").returncode == 0 and "Example" in run("--help").stdout
    for words, text in (((), "one domain"), (("a b",), "no domain"),
                        (("a\u2028b.example",), "no domain"),
                        (("-s", "x", "a.example"), "ZONE=ADDRESS"),
                        (("-C", "/nonexistent", "a.example"), "--ca-file"),
                        (("-a", "/nonexistent", "a.example"), "/nonexistent"),
                        (("-a", "/dev/null", "-f", "nowhere", "a.example"), "nowhere")):
        done = run(*words)
        assert done.returncode == 2 and text in done.stderr, done.stderr
