"""mailseal up on files of a machine elsewhere (--root): what it plans, says and refuses. On real
servers it is in tests/lab/test_lab_up.py."""
import json
import os
import re
import subprocess

import pytest

from daemon import BINARY

MAIN_CF = """myhostname = mx.example.org
mydestination = example.org
smtpd_tls_cert_file = /etc/ssl/mx.pem
smtpd_tls_key_file = /etc/ssl/mx.key
smtpd_tls_security_level = may
"""
MASTER_CF = "smtp      inet  n       -       y       -       -       smtpd\n"
DOVECOT = """protocols = imap
ssl = required
ssl_cert = </etc/ssl/imap.pem
ssl_key = </etc/ssl/imap.key
"""


def put(root, path, text):
    whole = os.path.join(root, path)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    with open(whole, "w", encoding="utf-8") as out:
        out.write(text)


@pytest.fixture
def root(tmp_path):
    put(tmp_path, "etc/postfix/main.cf", MAIN_CF)
    put(tmp_path, "etc/postfix/master.cf", MASTER_CF)
    put(tmp_path, "etc/dovecot/dovecot.conf", DOVECOT)
    return str(tmp_path)


def up(*words):
    return subprocess.run([BINARY, "up", *words], capture_output=True, text=True, timeout=60)


def planned(root, *words):
    return up("--root", root, "--no-dns", *words)


def files(root):
    return {os.path.join(folder, name): open(os.path.join(folder, name), "rb").read()
            for folder, _, names in os.walk(root) for name in names}


def patched(text, patch):
    """What a unified patch of one file makes of it; each line has to be what the patch says."""
    before, after, at = text.splitlines(True), [], 0
    for line in patch.splitlines(True)[2:]:
        hunk = re.match(r"@@ -(\d+)", line)
        if hunk:
            start = max(int(hunk[1]) - 1, 0)
            after += before[at:start]
            at = start
        elif line[0] == "+":
            after.append(line[1:])
        else:
            assert before[at] == line[1:]
            after += [before[at]] if line[0] == " " else []
            at += 1
    return "".join(after + before[at:])


def test_plan_is_shown_and_nothing_changes(root):
    before = files(root)
    done = planned(root)
    assert done.returncode == 0, done.stdout
    for part in ('Postfix "smtp:inet", /etc/postfix/master.cf:1', "+127.0.0.1:10025      inet",
                 "127.0.0.1:10143 behind mailseal; past it: 127.0.0.1:20993", "postfix reload",
                 "doveadm reload", "File /etc/mailseal/mailseal.conf (new)",
                 "dport { 10025, 20025, 10143, 20143, 20993 } drop"):
        assert part in done.stdout
    assert files(root) == before


def test_patches_are_patches(root):
    plan = json.loads(planned(root, "--json").stdout)
    for file in plan["files"]:
        before = files(root).get(root + file["path"], b"").decode()
        put(root, file["path"].lstrip("/"), patched(before, file["diff"]))
    assert "#mailseal# smtp" in files(root)[f"{root}/etc/postfix/master.cf"].decode()
    conf = f"{root}/etc/mailseal/mailseal.conf"
    with open(conf, encoding="utf-8") as text:
        assert 'hostname = "mx.example.org";' in text.read()
    checked = subprocess.run([BINARY, "config", "check", "-c", conf], capture_output=True,
                             text=True)
    assert checked.returncode == 1  # its certificates are not on this machine, and else all is well
    assert checked.stderr.count("cannot open") == len(checked.stderr.splitlines()) == 4


def test_the_same_for_programs(root):
    plan = json.loads(planned(root, "--json").stdout)
    assert plan["can_be_done"] and plan["refusals"] == []
    imap = plan["edges"][1]
    assert (imap["server"], imap["backend_port"]) == ("dovecot", 10143)
    assert imap["certificates"] == ["/etc/ssl/imap.pem"]
    assert [(door["port"], door["tls"], door["direct_port"]) for door in imap["doors"]] == [
        (143, False, 20143), (993, True, 20993)]


def test_only_one_of_them(root):
    plan = json.loads(planned(root, "--json", "--only", "dovecot").stdout)
    assert [edge["server"] for edge in plan["edges"]] == ["dovecot"]
    assert [file["path"] for file in plan["files"]] == [
        "/etc/dovecot/dovecot.conf", "/etc/mailseal/mailseal.conf"]


@pytest.mark.parametrize("path,text,said", [
    ("etc/mailseal/mailseal.conf", "hostname = \"mine\";\n", "mailseal.conf is there already"),
    ("etc/postfix/master.cf", "# mailseal up 1: begin\n" + MASTER_CF, "has lines of mailseal up"),
    ("etc/dovecot/dovecot.conf", "protocols = imap\nssl = no\n", "Dovecot has no certificate"),
])
def test_refusals(root, path, text, said):
    put(root, path, text)
    done = planned(root)
    assert done.returncode == 1
    assert "This is not done, because" in done.stdout and said in done.stdout
    assert "postfix reload" not in done.stdout
    plan = json.loads(planned(root, "--json").stdout)
    assert not plan["can_be_done"] and plan["files"] == [] and said in plan["refusals"][0]


def test_where_nothing_is(tmp_path):
    done = planned(str(tmp_path))
    assert done.returncode == 1 and "no Postfix and no Dovecot here" in done.stdout


def test_what_files_say_does_not_reach_the_terminal(root):
    put(root, "etc/postfix/master.cf", "# \x1b[2J\u009b\n" + MASTER_CF)
    done = planned(root)
    assert done.returncode == 0
    assert all(c == "\n" or c == "\t" or " " <= c <= "~" for c in done.stdout)


@pytest.mark.parametrize("words,said", [
    (["--apply", "--undo"], "not both"),
    (["--apply", "--root", "/"], "--root is for the plan alone"),
    (["--only", "exim"], "--only is a list of postfix, dovecot"),
    (["--only", ""], "--only is a list of postfix, dovecot"),
    (["--config", "here.conf"], 'begins with "/"'),
    (["--stub", "test"], "--stub is ZONE=ADDRESS"),
    (["more"], "nothing but options"),
    (["--root", "/no/such/folder"], "/no/such/folder: No such file"),
    (["--never"], "up --help says more"),
])
def test_wrong_words(words, said):
    done = up(*words)
    assert done.returncode == 2 and said in done.stderr


def test_help_has_an_example():
    done = up("--help")
    assert done.returncode == 0 and "Example: mailseal up" in done.stdout
