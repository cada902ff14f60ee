"""mailseal pki: the CA of our own hosts, with openssl as the judge."""
import json
import os
import pty
import re
import stat
import subprocess
import time

import pytest

from daemon import BINARY
from pkis import Pki, ran


@pytest.fixture
def pki(tmp_path):
    made = Pki(tmp_path / "pki")
    made.run("init")
    return made


def x509(path, *what):
    done = ran("openssl", "x509", "-noout", "-in", path, *what)
    assert done.returncode == 0, done.stderr
    return done.stdout


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize("algorithm", [(), ("--ed25519",)], ids=["p256", "ed25519"])
def test_issued_certificate_is_what_openssl_wants(tmp_path, algorithm):
    pki = Pki(tmp_path / "pki")
    pki.run("init", *algorithm)
    pki.run("issue", "db1", "--dns", "db1.int.example.org", "--ip", "192.0.2.9", "--ip",
            "2001:db8::9")
    for purpose in ("sslserver", "sslclient"):
        for name in (("-verify_hostname", "db1.mailseal.internal"), ("-verify_ip", "192.0.2.9"),
                     ("-verify_hostname", "db1.int.example.org"), ("-verify_ip", "2001:db8::9")):
            done = pki.verify("db1", "-purpose", purpose, *name)
            assert done.returncode == 0, done.stderr
    assert pki.verify("db1", "-verify_hostname", "db2.mailseal.internal").returncode != 0
    assert pki.verify("db1", "-purpose", "smimesign").returncode != 0
    leaf = os.path.join(pki.node("db1"), "node.crt")
    assert x509(leaf, "-subject").replace(" ", "").strip().endswith("CN=db1")
    assert "Certificate will not expire" in x509(leaf, "-checkend", str(29 * 86400))
    assert "Certificate will expire" in ran("openssl", "x509", "-noout", "-in", leaf, "-checkend",
                                            str(31 * 86400)).stdout
    key = ran("openssl", "pkey", "-in", os.path.join(pki.node("db1"), "node.key"), "-pubout").stdout
    assert key == x509(leaf, "-pubkey")


def test_what_is_missing_is_named_with_its_mend(tmp_path):
    nothing, above = Pki(tmp_path / "nothing"), Pki(tmp_path / "not" / "there")
    assert "there is no CA; mailseal pki init makes one" in nothing.run("list", status=1)
    assert "make the directory above it first" in above.run("init", status=1)
    assert "mailseal pki join makes it" in nothing.run("renew", "--self", status=1)
    assert "write join HOST:PORT TOKEN" in nothing.run("join", status=2)
    token = "db1:" + "0" * 32 + ":" + "0" * 64
    assert "is mailseal pki serve running there?" in nothing.run("join", "127.0.0.1:1", token, status=1)


def test_a_node_is_no_ca(pki, tmp_path):
    """What a node signs with its key is worth nothing."""
    pki.run("issue", "a")
    request, forged = tmp_path / "r.pem", tmp_path / "f.pem"
    ran("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", tmp_path / "k.pem", "-subj", "/CN=b", "-out", request)
    ran("openssl", "x509", "-req", "-in", request, "-CA", pki.node("a") + "/node.crt", "-CAkey",
        pki.node("a") + "/node.key", "-out", forged)
    done = ran("openssl", "verify", "-CAfile", pki.path("ca.crt"), "-untrusted",
               pki.node("a") + "/node.crt", forged)
    assert done.returncode != 0 and "invalid CA" in done.stdout + done.stderr


def test_permissions(pki):
    pki.run("issue", "db1")
    for directory in (pki.dir, pki.path("root-1"), pki.path("issued"), pki.node("db1")):
        assert mode(directory) == 0o700, directory
    for key in (pki.path("root-1", "root.key"), pki.path("root-1", "issuing.key"),
                pki.node("db1") + "/node.key", pki.path("issued.log")):
        assert mode(key) == 0o600, key
    os.chmod(pki.dir, 0o770)
    assert "others can write" in pki.run("issue", "db2", status=1)
    os.chmod(pki.dir, 0o700)
    os.chmod(pki.path("root-1", "issuing.key"), 0o640)
    assert "others may read" in pki.run("issue", "db2", status=1)


def test_directory_of_others_is_refused(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    assert "others can write" in Pki(shared).run("init", status=1)
    assert not list(shared.iterdir())
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert "no directory" in Pki(link).run("init", status=1)


def test_umask_opens_nothing(tmp_path):
    pki = Pki(tmp_path / "pki")
    pki.run("init", umask=0)
    pki.run("issue", "db1", umask=0)
    assert mode(pki.dir) == 0o700 and mode(pki.node("db1") + "/node.key") == 0o600


@pytest.mark.parametrize("words, why", [
    (("issue", "Db1"), "no name"), (("issue", "a.b"), "no name"), (("issue", "../a"), "no name"),
    (("issue", "a\nb"), "no name"), (("issue", ""), "no name"), (("issue", "x" * 64), "no name"),
    (("issue", "a", "--dns", "*.example.org"), "no host name"),
    (("issue", "a", "--dns", "b.mailseal.internal"), "by its own name alone"),
    (("issue", "a", "--ip", "192.0.2"), "no address"),
    (("renew", "nobody"), "no certificate"), (("revoke", "nobody"), "no name or serial"),
    (("root", "retire"), "there is one root"),
])
def test_refused(pki, words, why):
    error = pki.run(*words, status=1)
    assert why in error
    assert pki.list() == []


def test_usage(pki):
    for words in ((), ("nothing",), ("issue",), ("issue", "a", "b"), ("root", "x"), ("renew",),
                  ("renew", "a", "--due"), ("issue", "a", "--days", "0"),
                  ("issue", "a", "--days", "9999"), ("issue", "a", "--days", "3x"), ("--odd",)):
        pki.run(*words, status=2)
    text = ran(BINARY, "pki", "--help").stdout
    assert "Example: mailseal pki init" in text


def test_init_does_not_overwrite(pki):
    before = open(pki.path("root-1", "root.crt"), encoding="ascii").read()
    assert "already" in pki.run("init", status=1)
    assert open(pki.path("root-1", "root.crt"), encoding="ascii").read() == before


def test_passphrase_of_a_file(tmp_path):
    pki = Pki(tmp_path / "pki")
    secret = tmp_path / "secret"
    secret.write_text("open sesame\nsecond line\n")
    pki.run("init", "--passphrase-file", str(secret))
    key = pki.path("root-1", "root.key")
    assert ran("openssl", "pkey", "-in", key, "-noout", "-passin", "pass:wrong").returncode != 0
    assert ran("openssl", "pkey", "-in", key, "-noout", "-passin",
               "pass:open sesame").returncode == 0
    pki.run("issue", "db1")  # the issuing key works unattended
    assert "passphrase" in pki.run("root", "new", status=1)
    pki.run("root", "new", "--passphrase-file", "-", input="open sesame\n")
    assert "ENCRYPTED" in open(pki.path("root-2", "root.key"), encoding="ascii").read()
    for path in (pki.path("issued.log"), pki.path("ca.crt")):
        assert "sesame" not in open(path, encoding="ascii").read()


def test_passphrase_is_typed_without_echo(tmp_path):
    pki = Pki(tmp_path / "pki")
    child, terminal = pty.fork()
    if not child:
        os.execv(BINARY, [BINARY, "pki", "init", "--ask-passphrase", "--dir", pki.dir])
    seen, answers = b"", 0
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
        if answers < 2 and seen.count(b": ") > answers:
            os.write(terminal, b"open sesame\n")
            answers += 1
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen
    assert answers == 2 and b"sesame" not in seen
    assert ran("openssl", "pkey", "-in", pki.path("root-1", "root.key"), "-noout", "-passin",
               "pass:open sesame").returncode == 0


def test_revoked_by_name_and_serial(pki):
    for name in ("a", "b", "c"):
        pki.run("issue", name)
    serials = {row["name"]: row["serial"] for row in pki.list()}
    pki.run("revoke", "a")
    pki.run("revoke", serials["b"])
    with open(pki.path("denied"), encoding="ascii") as lines:
        denied = {line.split()[0] for line in lines if not line.startswith("#")}
    assert denied == {serials["a"], serials["b"]}
    crl = ("-crl_check", "-CRLfile", pki.path("crl.pem"))
    for name in ("a", "b"):
        done = pki.verify(name, *crl)
        assert done.returncode != 0 and "certificate revoked" in done.stdout + done.stderr
    assert pki.verify("c", *crl).returncode == 0
    text = ran("openssl", "crl", "-in", pki.path("crl.pem"), "-noout", "-CAfile",
               pki.path("root-1", "issuing.crt")).stderr
    assert "verify OK" in text
    assert "no name or serial" in pki.run("revoke", "a", status=1)
    pki.run("issue", "a")  # anew
    assert pki.verify("a", *crl).returncode == 0


def test_the_node_makes_its_key_itself(pki, tmp_path):
    node = Pki(tmp_path / "node")
    request = node.run("request", "db1")
    assert mode(node.path("node.key")) == 0o600
    assert node.run("request", "db1") and "PRIVATE" not in request
    pki.run("issue", "db1", "--request", "-", "--out", node.path(), input=request)
    assert not os.path.exists(pki.node("db1") + "/node.key")
    key = ran("openssl", "pkey", "-in", node.path("node.key"), "-pubout").stdout
    assert key == x509(node.path("node.crt"), "-pubkey")
    assert pki.verify("db1").returncode == 0


def test_a_request_names_nothing(pki, tmp_path):
    """Who asks gets the names that the CA's host gave, not those he wrote."""
    request = tmp_path / "r.pem"
    ran("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", tmp_path / "k.pem", "-subj", "/CN=admin", "-addext",
        "subjectAltName=DNS:admin.mailseal.internal", "-addext", "basicConstraints=CA:TRUE", "-out",
        request)
    pki.run("issue", "db1", "--request", str(request))
    text = x509(pki.node("db1") + "/node.crt", "-text")
    assert "admin" not in text and "CA:FALSE" in text
    weak = tmp_path / "weak.pem"
    ran("openssl", "req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", tmp_path / "k2.pem",
        "-subj", "/CN=x", "-out", weak)
    assert "weak" in pki.run("issue", "db2", "--request", str(weak), status=1)
    weak.write_text("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----")
    assert "no certificate request" in pki.run("issue", "db2", "--request", str(weak), status=1)


def test_renewal_keeps_key_and_names(pki):
    pki.run("issue", "db1", "--dns", "db1.example.org")
    assert "has a certificate" in pki.run("issue", "db1", status=1)
    leaf = pki.node("db1") + "/node.crt"
    before = x509(leaf, "-pubkey"), x509(leaf, "-ext", "subjectAltName"), x509(leaf, "-serial")
    pki.run("renew", "db1", "--days", "60")
    after = x509(leaf, "-pubkey"), x509(leaf, "-ext", "subjectAltName"), x509(leaf, "-serial")
    assert before[:2] == after[:2] and before[2] != after[2]
    assert [row["state"] for row in pki.list()] == ["renewed", "good"]
    pki.run("renew", "--due")
    assert len(pki.list()) == 2  # nothing was


def test_due_is_renewed(pki):
    """A journal of ten days ago: a third of thirty is over."""
    pki.run("issue", "db1")
    pki.run("issue", "db2")
    with open(pki.path("issued.log"), encoding="ascii") as log:
        lines = [json.loads(line) for line in log]
    for line in lines:
        if line.get("name") == "db1":
            line["time"] -= 16 * 86400
            line["not_after"] -= 16 * 86400
    with open(pki.path("issued.log"), "w", encoding="ascii") as log:
        log.writelines(json.dumps(line) + "\n" for line in lines)
    assert "half their certificate" in ran(BINARY, "pki", "show", "--dir", pki.dir).stdout
    pki.run("renew", "--due")
    assert [(row["name"], row["state"]) for row in pki.list()] == [
        ("db1", "renewed"), ("db2", "good"), ("db1", "good")]
    pki.run("show")


def test_a_root_follows_another(pki, tmp_path):
    pki.run("issue", "old")
    first = tmp_path / "first.crt"
    first.write_text(open(pki.path("ca.crt"), encoding="ascii").read())
    pki.run("root", "new", "--ed25519")
    pki.run("issue", "new")
    assert pki.run("show").count("\nroot: ") == 2
    second = pki.path("root-2", "root.crt")
    # Who knows the old root alone, both, or the new one alone.
    assert pki.verify("old", ca=first).returncode == 0
    assert pki.verify("new", ca=first).returncode == 0
    assert pki.verify("old").returncode == 0 and pki.verify("new").returncode == 0
    assert pki.verify("new", ca=second).returncode == 0
    assert pki.verify("old", ca=second).returncode != 0
    assert "follows another" in pki.run("root", "new", status=1)
    # Revocation goes on for both.
    pki.run("revoke", "old")
    assert "revoked" in pki.verify("old", "-crl_check", "-CRLfile", pki.path("crl.pem")).stderr
    pki.run("issue", "old")
    pki.run("root", "retire")
    assert not os.path.exists(pki.path("root-1"))
    keys = [os.path.join(top, name) for top, _, files in os.walk(pki.dir) for name in files
            if name.endswith(".key") and "issued" not in top]
    assert sorted(keys) == [pki.path("root-2", "issuing.key"), pki.path("root-2", "root.key")]
    assert pki.verify("new").returncode == 0 and pki.verify("new", ca=first).returncode == 0
    pki.run("renew", "new")
    assert pki.verify("new").returncode == 0 and pki.verify("new", ca=first).returncode != 0


def test_a_root_is_not_retired_under_a_node(pki):
    pki.run("issue", "db1")
    pki.run("root", "new")
    assert "db1 still has a certificate of the old root" in pki.run("root", "retire", status=1)
    pki.run("renew", "db1")
    pki.run("root", "retire")
    pki.run("root", "new")
    assert "db1" in pki.run("root", "retire", status=1)
    pki.run("root", "retire", "--force")
    assert pki.verify("db1").returncode != 0


def test_what_a_crash_left(pki):
    """Half a line at the end of the log, half a root beside."""
    pki.run("issue", "db1")
    with open(pki.path("issued.log"), "a", encoding="ascii") as log:
        log.write('{"time":1,"event":"iss')
    os.mkdir(pki.path("making"), 0o700)
    with open(pki.path("making", "root.key"), "w", encoding="ascii") as key:
        key.write("half")
    assert len(pki.list()) == 1
    pki.run("issue", "db2")
    pki.run("root", "new")
    assert [row["name"] for row in pki.list()] == ["db1", "db2"]
    with open(pki.path("issued.log"), "a", encoding="ascii") as log:
        log.write("not a line\n")
    error = pki.run("list", status=1)
    assert re.search(r"issued\.log:\d+: ", error)


def test_many_at_once_lose_nothing(pki):
    """Two that change it at a time: one is told so, and the record is whole."""
    runs = [subprocess.Popen([BINARY, "pki", "issue", f"n{i}", "--dir", pki.dir],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for i in range(8)]
    done = [(run.wait(60), run.stderr.read()) for run in runs]
    well = [i for i, (status, _) in enumerate(done) if status == 0]
    assert well and all("another one changes" in error for status, error in done if status)
    assert sorted(row["name"] for row in pki.list()) == sorted(f"n{i}" for i in well)


def test_nothing_secret_is_said(pki, tmp_path):
    said = pki.run("issue", "db1") + pki.run("list") + pki.run("show")
    key = open(pki.node("db1") + "/node.key", encoding="ascii").read().splitlines()[1]
    assert key not in said and key not in open(pki.path("issued.log"), encoding="ascii").read()


def test_times_are_backdated_a_little(pki):
    """Clocks of nodes differ; a certificate is good an hour before it was made."""
    pki.run("issue", "db1")
    done = pki.verify("db1", "-attime", str(int(time.time()) - 1800))
    assert done.returncode == 0, done.stderr
