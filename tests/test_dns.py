"""mailseal dns with a scripted name server: what a configuration needs, and what of it is missing."""
import json
import re
import subprocess

import pytest

from daemon import BINARY, make_certificate
from names import A, ANCHOR, MX, TXT, NameServer, wire


def there(name, kind):
    """The domain has its MX, and reports; the rest is missing."""
    if kind == MX and name == "domain.example":
        return 0, b"\0\x14" + wire("mx.domain.example")
    if kind == A and name == "mx.domain.example":
        return 0, b"\xc0\0\2\1"
    if kind == TXT and name == "_smtp._tls.domain.example":
        text = b"v=TLSRPTv1; rua=mailto:elsewhere@domain.example"
        return 0, bytes([len(text)]) + text
    return 0, None


@pytest.fixture(name="names")
def names_fixture():
    server = NameServer(there)
    yield server
    server.close()


@pytest.fixture(name="config")
def config_fixture(tmp_path, names):
    chain, key = make_certificate(str(tmp_path), "mx")
    path = tmp_path / "mailseal.conf"
    (tmp_path / "anchor").write_text(ANCHOR, encoding="ascii")
    path.write_text(f'''hostname = "mx.domain.example";
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ mta = {{ address = ["127.0.0.1:10025"]; }}; imap = {{ address = ["127.0.0.1:10143"]; }}; }};
edge = {{ mx = {{ protocol = "smtp"; listen = ["*:25"]; backend = "mta"; }};
         imap = {{ protocol = "imap"; listen_tls = ["*:993"]; backend = "imap"; }}; }};
resolver = {{ forward = ["{names.address}"]; trust_anchor = "{tmp_path}/anchor"; }};
''', encoding="ascii")
    return str(path), chain


def dns(*arguments):
    return subprocess.run([BINARY, "dns", *arguments], stdin=subprocess.DEVNULL, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def key_digest(chain):
    key = subprocess.run(["openssl", "x509", "-in", chain, "-noout", "-pubkey"], check=True, stdout=subprocess.PIPE).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True, stdout=subprocess.PIPE).stdout
    digest = subprocess.run(["openssl", "sha256", "-r"], input=der, check=True, stdout=subprocess.PIPE).stdout
    return digest.split()[0].decode()


def test_each_record_and_whether_it_is_there(config):
    path, chain = config
    done = dns("--json", "-c", path, "domain.example")
    assert done.returncode == 1, done
    said = json.loads(done.stdout)
    states = {(row["owner"], row["type"]): row["state"] for row in said["records"]}
    assert states["domain.example", "MX"] == states["mx.domain.example", "A"] == "there"
    assert states["_smtp._tls.domain.example", "TXT"] == "there"
    assert states["_mta-sts.domain.example", "TXT"] == states["_25._tcp.mx.domain.example", "TLSA"] == "missing"
    assert states["_imaps._tcp.domain.example", "SRV"] == "missing"
    tlsa = next(row for row in said["records"] if row["type"] == "TLSA")
    assert tlsa["data"] == f"3 1 1 {key_digest(chain)}" and tlsa["is_needed"]
    assert said["policy"] == "version: STSv1\nmode: testing\nmx: mx.domain.example\nmax_age: 604800\n"


def test_a_zone_file_takes_what_it_prints(config):
    """Each line is a comment or a record."""
    done = dns("-c", config[0], "domain.example")
    lines = done.stdout.splitlines()
    record = re.compile(r"[\w.-]+\. 3600 IN (MX|A|TXT|TLSA|SRV|CAA) \S.*")
    assert all(line.startswith(";") or record.fullmatch(line) for line in lines), done.stdout
    assert any(line.startswith("; MISSING: ") for line in lines)
    assert any(line == "domain.example. 3600 IN MX 10 mx.domain.example." for line in lines)


def test_missing_alone(config):
    done = dns("--missing", "-c", config[0], "domain.example")
    assert done.returncode == 1 and " IN TLSA " in done.stdout and " IN MX " not in done.stdout


def test_a_domain_of_a_stranger_needs_what_ours_needs(config):
    done = dns("-c", config[0], "other.example")
    assert done.returncode == 1 and done.stdout.startswith("; MISSING: ")


def test_what_is_wrong_is_said(config, tmp_path):
    path, chain = config
    done = dns("-c", str(tmp_path / "none"), "domain.example")
    assert done.returncode == 2 and "none" in done.stderr
    assert dns("-c", path).returncode == dns("-c", path, "no domain").returncode == 2
    assert "that is no domain" in dns("-c", path, "-x.example").stderr + dns("-c", path, "no domain").stderr
    done = dns("-c", "", "domain.example")
    assert done.returncode == 2 and "no configuration" in done.stderr
    with open(chain, "w", encoding="ascii") as file:
        file.write("nothing\n")
    done = dns("-c", path, "domain.example")
    assert "has no certificate" in done.stderr and " IN TLSA " not in done.stdout


def test_help():
    done = dns("--help")
    assert done.returncode == 0 and "Example:" in done.stdout
