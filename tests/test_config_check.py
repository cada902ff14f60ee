"""`mailseal config check`: what is in the files that a configuration names, before a daemon begins with it."""
import json
import os
import subprocess

import pytest

from daemon import BINARY, make_certificate

CONFIG = """hostname = "mail.example.org";
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ store1 = {{ address = ["127.0.0.1:10143"]; }}; store2 = {{ address = ["127.0.0.1:11143"]; }}; }};
lookup = {{ users = {{ table = "{table}"; }}; }};
edge = {{ imap = {{ protocol = "imap"; listen = ["127.0.0.1:1143"]; open = "auth"; lookup = "users";
    by_user = ( {{ backend = "store1"; }}, {{ backend = "store2"; }} ); }}; }};
"""


class Folder:
    """A configuration without a fault, and the files it names."""

    def __init__(self, folder):
        self.chain, self.key = make_certificate(folder)
        self.table = folder / "users"
        self.table.write_text("# homes\nanna@example.org store1\n@example.org store2\n")
        self.path = folder / "mailseal.conf"

    def check(self, more="", **other):
        """Exit status, and the faults by setting."""
        self.path.write_text(CONFIG.format(**{"chain": self.chain, "key": self.key, "table": self.table, **other})
                             + more)
        done = subprocess.run([BINARY, "config", "check", "--json", "-c", str(self.path)], check=False,
                              capture_output=True, text=True, timeout=30)
        return done.returncode, {e["setting"]: e for e in json.loads(done.stdout)}

    def words(self, more=""):
        self.check(more)
        return subprocess.run([BINARY, "config", "check", "-c", str(self.path)], check=False, capture_output=True,
                              text=True, timeout=30).stdout


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def test_one_of_each_is_counted_in_words(folder):
    assert folder.check() == (0, {})
    assert "well; 1 edge, 2 backends, 1 certificate\n" in folder.words("workers = 1;")
    assert "of 1 worker;" in folder.words("workers = 1;")
    assert "of 2 workers;" in folder.words("workers = 2;")


def one_fault(said, setting, words, level="error"):
    status, faults = said
    assert status == (1 if level == "error" else 0)
    assert set(faults) == {setting}, faults
    assert words in faults[setting]["message"] and faults[setting]["mend"], faults
    assert faults[setting]["level"] == level


def test_keys_that_no_daemon_would_begin_with(folder, tmp_path):
    _, other = make_certificate(tmp_path, "other")
    _, small = make_certificate(tmp_path, "small", ("rsa:1024",))
    sealed = str(tmp_path / "sealed.key")
    subprocess.run(["openssl", "pkey", "-in", folder.key, "-aes128", "-passout", "pass:secret", "-out", sealed],
                   check=True, capture_output=True)
    for key, words in ((other, "do not belong together"), (folder.chain, "no private key"),
                       (sealed, "without a passphrase"), (small, "cannot sign with")):
        one_fault(folder.check(key=key), "certificate.mx.key", words)
    one_fault(folder.check(chain=folder.key), "certificate.mx.chain", "no certificate")
    one_fault(folder.check(key="/nowhere.pem"), "certificate.mx.key", "No such file")


def test_tables_of_users(folder):
    for text, words, level in (("anna\n", ":1: no line", "error"), ("a store1\na store2\n", ":2: this user", "error"),
                               ("a store1\n\nb store9\n", ':3: "store9" is not in by_user', "warning")):
        folder.table.write_text(text)
        one_fault(folder.check(), "lookup.users.table", words, level)
    folder.table.unlink()
    one_fault(folder.check(), "lookup.users.table", "No such file")


def test_a_tree_of_certificates(folder, tmp_path):
    tree = tmp_path / "tree"
    setting = f'certificate_dir = "{tree}";'
    one_fault(folder.check(setting), "certificate_dir", "is no directory here")
    tree.mkdir()
    one_fault(folder.check(setting), "certificate_dir", "has no certificate with its key", "warning")
    for count, words in ((1, "1 pair in certificate_dir"), (2, "2 pairs in certificate_dir")):
        chain, key = make_certificate(tmp_path, f"site{count}")
        os.rename(chain, tree / f"site{count}.crt")
        os.rename(key, tree / f"site{count}.key")
        assert words in folder.words(setting)
        assert folder.check(setting) == (0, {})


def test_one_address_must_not_fill_the_line_of_handshakes(folder):
    assert folder.check("limits = { max_handshakes = 201; };") == (0, {})
    said = folder.check("\nlimits = {\n max_handshakes = 200;\n};")
    one_fault(said, "limits.max_handshakes", "silent clients of one address hold up all others", "warning")
    fault = said[1]["limits.max_handshakes"]
    assert fault["mend"].startswith("write max_handshakes = 1000")
    assert fault["line"] == folder.path.read_text().split("max_handshakes")[0].count("\n") + 1


def test_nobody_runs_as_root(folder):
    one_fault(folder.check('user = "root";'), "user", "who may do everything")
    one_fault(folder.check('keys_user = "root";'), "keys_user", "who may do everything")


def test_a_hook_of_dns_that_is_not_there(folder, tmp_path):
    folder.path.write_text(CONFIG.format(chain=folder.chain, key=folder.key, table=folder.table).replace(
        f'chain = "{folder.chain}"; key = "{folder.key}";',
        'acme = "https://ca.example/directory"; names = ["*.example.org"]; challenge = "dns-01"; '
        f'dns_hook = "{tmp_path}/hook";'))
    done = subprocess.run([BINARY, "config", "check", "-c", str(folder.path)], check=False, capture_output=True,
                          text=True, timeout=30)
    assert done.returncode == 1
    assert f'certificate.mx.dns_hook: cannot find "{tmp_path}/hook"' in done.stderr
