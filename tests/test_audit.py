"""`mailseal audit`: what a person gets. Rules are tested beside their code, the files of real
packages in lab/test_lab_audit.py."""
import json
import os
import shutil
import subprocess

import pytest

from daemon import BINARY

MAIN = "smtpd_tls_security_level = may\nsmtpd_tls_chain_files = /etc/ssl/mx.pem\n"
MASTER = "smtp inet n - y - - smtpd\nsmtp unix - - y - - smtp\n"
DOVECOT = "ssl = required\nssl_cert = </etc/ssl/mx.pem\nssl_key = </etc/ssl/mx.pem\n"

# Nothing is left to mend.
GOOD = {
    "etc/postfix/main.cf": MAIN + """
smtpd_tls_protocols = >=TLSv1.2
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_exclude_ciphers = aNULL, eNULL, kRSA, PSK, SRP, DSS, 3DES, RC4, MD5, CAMELLIA, ARIA, SEED
smtpd_tls_mandatory_exclude_ciphers = kDHE, SHA1, SHA256, SHA384
tls_preempt_cipherlist = yes
tls_ssl_options = NO_COMPRESSION, NO_RENEGOTIATION
smtpd_tls_loglevel = 1
smtp_tls_loglevel = 1
smtpd_tls_received_header = yes
smtp_tls_security_level = dane
smtp_dns_support_level = dnssec
smtpd_milters = unix:opendkim/opendkim.sock
virtual_transport = lmtp:unix:private/dovecot-lmtp
""",
    "etc/postfix/master.cf": MASTER + """
submissions inet n - y - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
lmtp unix - - y - - lmtp
""",
    "etc/dovecot/dovecot.conf": DOVECOT + """
protocols = imap lmtp
ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20
login_log_format_elements = user=<%u> method=%m rip=%r lip=%l mpid=%e %c %k session=<%{session}>
""",
}


def write(root, files):
    for path, text in files.items():
        os.makedirs(os.path.dirname(f"{root}/{path}"), exist_ok=True)
        with open(f"{root}/{path}", "w", encoding="utf-8", newline="") as file:
            file.write(text)


def audit(*options):
    return subprocess.run([BINARY, "audit", *map(str, options)], text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ids(done):
    return {finding["id"] for server in json.loads(done.stdout)["servers"]
            for finding in server["findings"]}


def test_well_configured(tmp_path):
    write(tmp_path, GOOD)
    done = audit("--root", tmp_path)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    assert "0 to mend" in done.stdout and "  fail" not in done.stdout
    assert audit("--root", tmp_path, "--diff").stdout == ""


def test_what_is_said_of_a_finding(tmp_path):
    write(tmp_path, {"etc/postfix/main.cf": MAIN + "smtpd_sasl_auth_enable = yes\n",
                     "etc/postfix/master.cf": MASTER})
    done = audit("--root", tmp_path)
    assert done.returncode == 1
    assert "Postfix (version not known), /etc/postfix/main.cf" in done.stdout
    block = done.stdout[done.stdout.index("AUTH is offered before STARTTLS"):]
    for line in ("where:  smtp:inet", "now:    smtpd_tls_auth_only = no  [default]",
                 "right:  yes", "mend:   postconf -e 'smtpd_tls_auth_only = yes'",
                 "source: RFC 4954 4; RFC 8314 4.1 (postfix-smtpd-tls-auth-only)"):
        assert line in block[:500], done.stdout
    verdicts = [line.split()[0] for line in done.stdout.splitlines()
                if line.startswith("  ") and not line.startswith("   ")]
    assert verdicts == sorted(verdicts, key=["fail", "warn", "info"].index)
    assert "\033" not in done.stdout


def test_json(tmp_path):
    write(tmp_path, {"etc/postfix/main.cf": "\n" + MAIN + "smtpd_tls_protocols = !SSLv2\n",
                     "etc/postfix/master.cf": MASTER})
    answer = json.loads(audit("--root", tmp_path, "--json").stdout)
    server, = answer["servers"]
    assert answer["profile"] == "m3aawg" and answer["faults"] == []
    assert server["software"] == "postfix" and not server["by_tool"]
    assert server["listeners"] == [{"name": "smtp:inet", "protocol": "smtp", "address": "*",
                                    "port": 25, "tls": False, "proxy": False}]
    finding, = (f for f in server["findings"] if f["id"] == "postfix-smtpd-tls-protocols")
    assert finding["verdict"] == "fail" and finding["check"] == "C2"
    assert (finding["file"], finding["line"]) == ("/etc/postfix/main.cf", 4)
    assert finding["value"] == "!SSLv2" and finding["right"] == ">=TLSv1.2" and finding["in_diff"]
    assert answer["to_mend"] == sum(f["verdict"] != "info" for f in server["findings"])


@pytest.mark.skipif(not shutil.which("patch"), reason="no patch here")
def test_diff_is_a_patch_and_no_file_changes(tmp_path):
    write(tmp_path, {"etc/postfix/main.cf": MAIN.rstrip("\n"), "etc/postfix/master.cf": MASTER,
                     "etc/dovecot/dovecot.conf": DOVECOT + "disable_plaintext_auth = no # why?\n"})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = audit("--root", tmp_path, "--diff")
    assert done.returncode == 1
    assert {path: path.read_bytes() for path in before} == before
    patched = subprocess.run(["patch", "-p1", "-d", tmp_path], input=done.stdout, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert patched.returncode == 0 and "fuzz" not in patched.stdout, patched.stdout
    again = audit("--root", tmp_path, "--json")
    assert again.returncode == 0, again.stdout


def test_profiles(tmp_path):
    write(tmp_path, GOOD)
    assert "postfix-smtpd-tls-ciphers" not in ids(audit("--root", tmp_path, "--json"))
    stricter = audit("--root", tmp_path, "--json", "--profile", "ncsc2025")
    assert stricter.returncode == 1 and "postfix-smtpd-tls-ciphers" in ids(stricter)


def test_one_software_and_one_file(tmp_path):
    write(tmp_path, GOOD)
    done = audit("--root", tmp_path, "--software", "dovecot")
    assert "Dovecot" in done.stdout and "Postfix" not in done.stdout
    done = audit(tmp_path / "etc/dovecot/dovecot.conf")
    assert done.returncode == 0 and "Dovecot" in done.stdout and "Postfix" not in done.stdout
    postfix = tmp_path / "etc/postfix"
    done = audit(postfix / "main.cf", postfix / "master.cf")
    assert done.returncode == 0 and done.stdout.count("Postfix") == 1
    done = audit(postfix / "master.cf")
    assert done.returncode == 0 and f"{tmp_path}/etc/postfix/main.cf" in done.stdout


def test_what_could_not_be_read(tmp_path):
    write(tmp_path, {"etc/postfix/main.cf": GOOD["etc/postfix/main.cf"] + "nonsense\n"
                     "alias_maps = ldap:/etc/postfix/gone.cf\n",
                     "etc/postfix/master.cf": GOOD["etc/postfix/master.cf"]})
    line = GOOD["etc/postfix/main.cf"].count("\n") + 1
    done = audit("--root", tmp_path)
    assert done.returncode == 2
    assert f"/etc/postfix/main.cf:{line}: no \"name = value\"" in done.stderr
    assert f"/etc/postfix/gone.cf: it is not there; /etc/postfix/main.cf:{line + 1} names it" \
        in done.stderr


@pytest.mark.parametrize("options, says", [
    (["--root", "/no/such/folder"], "/no/such/folder: No such file or directory"),
    (["--profile", "none"], "no such profile: none"),
    (["--software", "none"], "no such software: none"),
    (["/etc/hostname"], "whose file is this"),
    (["/no/such/main.cf"], "/no/such/main.cf: there is no such file"),
    (["--json", "--diff"], "choose one"),
    (["--no-such-option"], "mailseal audit --help says more"),
])
def test_wrong_questions(options, says):
    done = audit(*options)
    assert done.returncode == 2 and says in done.stderr, done.stderr
    assert not done.stdout


def test_nothing_is_there(tmp_path):
    done = audit("--root", tmp_path)
    assert done.returncode == 2 and "no mail server was found" in done.stderr
    done = audit("--root", tmp_path, "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["servers"] == []


def test_hostile_values(tmp_path):
    """No byte of a configuration moves the terminal; JSON stays JSON; passwords are not shown."""
    write(tmp_path, {
        "etc/postfix/main.cf": "smtpd_tls_protocols = \x1b[2J\u202e\n"
                               "smtpd_tls_security_level = may\n"
                               "alias_maps = mysql:/etc/postfix/users.cf\n",
        "etc/postfix/users.cf": "hosts = db.example.org\npassword = geheim\n",
        "etc/postfix/master.cf": MASTER,
        "etc/dovecot/dovecot.conf": DOVECOT + "passdb {\n  args = proxy=y host=10.0.0.1 "
                                    "pass=geheim\n}\ndoveadm_password = geheim\n"})
    with open(tmp_path / "etc/postfix/main.cf", "ab") as file:
        file.write(b"smtpd_milters = inet:\xff\xfe.example:1\n")
    text = audit("--root", tmp_path)
    assert text.returncode == 1
    assert all(" " <= c <= "~" or c == "\n" for c in text.stdout)
    done = audit("--root", tmp_path, "--json")
    assert "postfix-milter" in ids(done) and "dovecot-proxy" in ids(done)
    assert "geheim" not in text.stdout + done.stdout


def test_a_hostile_tree_is_soon_done_with(tmp_path):
    """Settings that double each other, services and blocks without end."""
    write(tmp_path, {
        "etc/postfix/main.cf": "transport_maps = hash:/etc/postfix/table\n"
                               + "".join(f"a{i} = $a{i - 1}$a{i - 1}\n" for i in range(60000)),
        "etc/postfix/master.cf": "".join(f"{port} inet n - n - - smtpd\n"
                                         for port in range(1, 60000)) + "smtp unix - - - - - smtp\n",
        "etc/postfix/table": "".join(f"d{i}.example smtp:[10.0.{i // 250}.{i % 250}]\n"
                                     for i in range(60000)),
        "etc/dovecot/dovecot.conf": "".join(f"b x{i} {{\n  a = $ssl $x\n}}\n"
                                            for i in range(60000))})
    done = audit("--root", tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("are too many") == 3, done.stderr


def test_links_do_not_lead_out(tmp_path):
    """What is below --root may be anybody's: it shows nothing of this machine."""
    write(tmp_path, {"tree/etc/postfix/master.cf": MASTER, "main.cf": "relayhost = [secret]\n"})
    os.symlink(tmp_path / "main.cf", tmp_path / "tree/etc/postfix/main.cf")
    done = audit("--root", tmp_path / "tree")
    assert done.returncode == 2 and "secret" not in done.stdout


def test_help():
    done = audit("--help")
    assert done.returncode == 0 and "Example:" in done.stdout


# --- what servers log in with ---

SECRETS = {
    "etc/postfix/main.cf": """virtual_mailbox_maps = pgsql:/etc/postfix/p.cf
relayhost = [relay.example]:587
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = static:user:Secret1
smtp_sasl_security_options =
smtp_tls_security_level = may
""",
    "etc/postfix/master.cf": MASTER,
    "etc/postfix/p.cf": "hosts = postgresql://u:Secret2@10.0.0.9/db\n",
    "etc/dovecot/dovecot.conf": """protocols = imap
doveadm_password = Secret3
ssl = no
imapc_password = Secret4
passdb {
  driver = sql
  args = /etc/dovecot/sql.conf.ext
}
""",
    "etc/dovecot/sql.conf.ext":
        "driver = pgsql\nconnect = host=10.0.0.9 password='Secret5 Secret6' x=y\n",
    "etc/smtpd.conf": """listen on 0.0.0.0
action "out" relay host smtp://u:Secret7@10.0.0.9 auth { "l" = "u:Secret8" }
match from any for any action "out"
""",
    "etc/nginx/nginx.conf": """mail {
auth_http http://u:Secret9@10.0.0.9/auth;
server { listen 143; protocol imap; starttls off; }
}
""",
    "etc/roundcube/config.inc.php": "<?php\n$config['imap_host'] = 'imap://u:Secret0@10.0.0.9:143';\n",
}


@pytest.mark.parametrize("options", ([], ["--json"], ["--diff"]), ids=("text", "json", "diff"))
def test_passwords_stay_in_their_files(tmp_path, options):
    write(tmp_path, SECRETS)
    done = audit("--root", tmp_path, *options)
    assert done.returncode == 1 and ("10.0.0.9" in done.stdout or "--diff" in options)
    assert "Secret" not in done.stdout + done.stderr


def test_patch_without_secrets_around_it_fits(tmp_path):
    write(tmp_path, SECRETS)
    patch = audit("--root", tmp_path, "--diff")
    assert "+ssl = required" in patch.stdout
    subprocess.run(["patch", "-p1", "-d", tmp_path], input=patch.stdout, text=True, check=True,
                   timeout=30)
    assert "ssl = required" in open(f"{tmp_path}/etc/dovecot/dovecot.conf", encoding="utf-8").read()


def test_a_file_without_end_does_not_keep_us(tmp_path):
    block = "mail { server { listen 143; protocol imap; starttls off; } }\n"
    write(tmp_path, {"etc/nginx/nginx.conf": block * 60000})
    done = audit("--root", tmp_path)
    assert done.returncode == 1 and "4000 to mend" in done.stdout
    assert "more is to be mended than is told" in done.stderr
