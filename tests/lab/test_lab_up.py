"""mailseal up on a Debian with Postfix and Dovecot as their packages leave them: in front, and back."""
import imaplib
import json
import os
import re
import shutil
import smtplib
import ssl
import subprocess

import pytest

from labtools import BINARY, LAB, Log, RUN, imap, imap_plain, inside, lab, letter, netns, \
    network, password, pop3, smtp, until

MAILSEAL = "/usr/local/sbin/mailseal"
SEARCHED = "PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
ASKS = ["--forward", "192.0.2.53", "--stub", "test=192.0.2.53", "--trust-anchor",
        "/lab/run/root.key", "--ca-file", "/lab/run/ca.pem"]
# What is there of each file: "PATH MODE OWNER SHA256".
STATE = ('find /etc/postfix /etc/dovecot /etc/mailseal -type f -exec '
         'sh -c \'for f; do stat -c "%n %a %u:%g" "$f"; sha256sum <"$f"; done\' sh {} + || true')


class Site:
    """The host that a test is about."""

    def __init__(self):
        self.installed = set()
        self.enter("fresh")

    def enter(self, host):
        self.host, self.name, self.dora = host, f"{host}.test", f"dora@{host}.test"
        self.address = {"fresh": "192.0.2.26", "fresh13": "192.0.2.27"}[host]
        self.tree = {"fresh": "bookworm", "fresh13": "mail13"}[host]

    def install(self):
        """The binary, with those of its libraries that the host's tree lacks, and its users."""
        own = f"{RUN}/{self.host}/own"
        os.makedirs(own, exist_ok=True)
        shutil.copy(BINARY, own)
        said = subprocess.run(["ldd", BINARY], stdout=subprocess.PIPE, text=True, check=True).stdout
        for library in re.findall(r"=> (/\S+)", said):
            there = f"usr/lib/x86_64-linux-gnu/{os.path.basename(library)}"
            if not os.path.lexists(f"{LAB}/trees/{self.tree}/{there}"):
                shutil.copy(library, own)
        inside(self.host, "sh", "-ec", f"cd /lab/run/{self.host}/own; "
               "cp --remove-destination mailseal /usr/local/sbin; cp lib* /usr/local/lib; ldconfig; "
               "for user in mailseal mailseal-keys; do id $user || useradd --system $user; done")


site = Site()


def up(*words):
    return lab("exec", site.host, "env", SEARCHED, MAILSEAL, "up", *words)


@pytest.fixture
def installed(host, request):
    """As the packages left it; a test may name the other host."""
    site.enter(host(getattr(request, "param", "fresh")))
    if site.host not in site.installed:
        site.install()
        site.installed.add(site.host)
    up("--undo")


@pytest.fixture
def fresh(installed):
    """The same after the test."""
    before = state()
    yield
    assert up("--undo").returncode == 0
    assert state() == before


both = pytest.mark.parametrize("installed", ["fresh", "fresh13"], indirect=True)


def state():
    return inside(site.host, "sh", "-c", STATE)


def change(path, text):
    inside(site.host, "sh", "-c", f"cat >>{path}", input=text)


def start():
    """The daemon, for there is no systemd in the host; taking back ends it."""
    process = subprocess.Popen([f"{LAB}/exec", site.host, MAILSEAL, "run"], text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    for line in process.stderr:
        if "event=ready" in line:
            return process
    raise AssertionError("mailseal did not start")


def apply():
    done = up("--apply", *ASKS)
    assert done.returncode == 0, done.stdout
    return start()


def certificate(port, *starttls):
    """Its fingerprint, as a client sees it."""
    said = lab("exec", "client", "sh", "-c",
               f"openssl s_client -connect {site.address}:{port} {' '.join(starttls)} </dev/null 2>&1 | "
               "openssl x509 -noout -fingerprint -sha256").stdout
    return re.search(r"Fingerprint=(\S+)", said)[1]


def certificates():
    return [certificate(25, "-starttls", "smtp"), certificate(143, "-starttls", "imap"),
            certificate(993), certificate(110, "-starttls", "pop3"), certificate(995)]


def anybody():
    """Their certificate is of nobody's CA."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture(autouse=True)
def trusting_anybody(monkeypatch):
    monkeypatch.setattr("labtools.trusting", anybody)


def deliver():
    message = letter("stranger@client.test", site.dora)
    with smtp(site.address, 25) as session:
        session.send_message(message)
    return message["Subject"]


def read(subject):
    """The message, from the mailbox behind mailseal."""
    box = imap(site.address)
    box.login("dora", password(site.host, "dora"))
    box.select("INBOX", readonly=True)

    def find():
        box.noop()
        return box.search(None, "SUBJECT", subject)[1][0].split()
    text = box.fetch(until(find)[0].decode(), "(BODY.PEEK[])")[1][0][1].decode()
    box.logout()
    return text


def past_mailseal():
    """From the host itself, as before."""
    with network(site.host):
        session = imaplib.IMAP4("127.0.0.1", 20143, timeout=30)
        session.login("dora", password(site.host, "dora"))
        session.logout()
        with smtplib.SMTP("127.0.0.1", 20025, local_hostname=site.name, timeout=30) as direct:
            direct.ehlo()
            assert direct.has_extn("starttls")


def listening():
    return inside(site.host, "ss", "-Hltn")


def test_plan_changes_nothing(fresh):
    before = state(), listening()
    done = up("--json", *ASKS)
    assert done.returncode == 0, done.stdout
    plan = json.loads(done.stdout)
    assert plan["can_be_done"] and not plan["refusals"]
    assert [[door["port"] for door in edge["doors"]] for edge in plan["edges"]] == [
        [25], [143, 993], [110, 995]]
    assert [file["path"] for file in plan["files"]] == [
        "/etc/postfix/master.cf", "/etc/dovecot/dovecot.conf", "/etc/mailseal/mailseal.conf"]
    assert (state(), listening()) == before


@both
def test_sealed_and_back_byte_for_byte(fresh):
    before, seen, ports = state(), certificates(), listening()
    apply()
    assert certificates() == seen
    assert state() != before

    log = Log(site.host, "mail.log")
    text = read(deliver())
    assert re.search(r"with ESMTPS\b", text) and "[192.0.2.100]" in text
    log.wait(r"connect from client.test\[192.0.2.100\]")
    with smtp(site.address, 25) as session:  # who comes through loopback is no friend
        session.ehlo()
        session.mail("stranger@client.test")
        assert session.rcpt("somebody@beta.test")[0] in (454, 554)

    session = imap_plain(site.address, 143)
    assert "LOGINDISABLED" in session.capabilities
    with pytest.raises(imaplib.IMAP4.error):
        session.login("dora", password(site.host, "dora"))
    session.logout()
    box = pop3(site.address)
    box.user("dora")
    box.pass_(password(site.host, "dora"))
    box.quit()
    past_mailseal()

    done = up("--undo")
    assert done.returncode == 0, done.stdout
    assert state() == before
    assert sorted(re.findall(r"\S+:\d+ ", listening())) == sorted(re.findall(r"\S+:\d+ ", ports))
    assert certificates() == seen


ENDPOINTS = ["25/smtp", "143/imap", "993/imaps", "110/pop3", "995/pop3s"]
SNAKEOIL = ["/etc/ssl/certs/ssl-cert-snakeoil.pem", "/etc/ssl/private/ssl-cert-snakeoil.key"]


@pytest.fixture
def certified(fresh):
    """As the packages left it, but for a certificate that clients can believe, where theirs was."""
    own = f"{RUN}/{site.host}/own"
    subprocess.run(
        f"openssl req -newkey rsa:2048 -nodes -keyout {own}/site.key -subj /CN={site.name} "
        f"-addext subjectAltName=IP:{site.address} 2>/dev/null | openssl x509 -req -days 90 "
        f"-CA {RUN}/ca.pem -CAkey {RUN}/ca.key -copy_extensions copy -out {own}/site.pem 2>/dev/null",
        shell=True, check=True)
    pairs = list(zip(["site.pem", "site.key"], SNAKEOIL))
    for ours, theirs in pairs:
        inside(site.host, "sh", "-ec", f"cp -p {theirs} {theirs}.kept; "
               f"cat /lab/run/{site.host}/own/{ours} >{theirs}")
    inside(site.host, "doveadm", "reload")
    yield
    for _, theirs in pairs:
        inside(site.host, "sh", "-ec", f"cat {theirs}.kept >{theirs}; rm {theirs}.kept")


def check():
    """A letter for each endpoint, and what is to be mended: "ID PLACE"."""
    words = [word for place in ENDPOINTS for word in ("--host", f"{site.address}:{place}")]
    done = subprocess.run(
        ["ip", "netns", "exec", netns("client"), BINARY, "check", "--mine", "--json",
         "--ca-file", f"{RUN}/ca.pem", *words],
        text=True, stdout=subprocess.PIPE, timeout=120)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) == len(ENDPOINTS)
    return ([report["overall"]["letter"] for report in reports],
            {f"{finding['id']} {finding['place']}" for report in reports
             for finding in report["findings"] if finding["verdict"] in ("fail", "critical")})


@both
def test_check_gives_it_an_a(certified):
    """What it was before shows that there was something to do."""
    assert max(check()[0]) > "A+"
    apply()
    letters, faults = check()
    assert not faults and set(letters) <= {"A", "A+"}, (letters, faults)


@both
def test_edits_survive_and_nothing_of_ours_does(fresh):
    before = state()
    apply()
    change("/etc/postfix/main.cf", "delay_warning_time = 4h\n")
    change("/etc/postfix/master.cf", "mine unix - n n - - pipe\n  flags=F argv=/bin/true\n")
    inside(site.host, "sed", "-i", "1i # of the admin", "/etc/dovecot/dovecot.conf")
    done = up("--undo")
    assert done.returncode == 0, done.stdout
    assert "-127.0.0.1:10025" in done.stdout  # the diff
    assert "\nmine unix - n n - - pipe\n  flags=F argv=/bin/true\n" in inside(
        site.host, "cat", "/etc/postfix/master.cf")
    assert "delay_warning_time = 4h" in inside(site.host, "postconf", "-n")
    assert inside(site.host, "head", "-n", "1", "/etc/dovecot/dovecot.conf") == "# of the admin\n"
    assert lab("exec", site.host, "grep", "-r", "mailseal", "/etc/postfix",
               "/etc/dovecot").returncode == 1
    assert deliver()  # the servers are back
    inside(site.host, "sh", "-c", "sed -i '/^delay_warning/d' /etc/postfix/main.cf; "
           "sed -i '/^mine/,$d' /etc/postfix/master.cf; sed -i 1d /etc/dovecot/dovecot.conf")
    assert state() == before


def test_our_lines_that_somebody_edited_are_left(fresh):
    apply()
    inside(site.host, "sed", "-i.kept", "s/^127.0.0.1:20025 /127.0.0.1:20026 /",
           "/etc/postfix/master.cf")
    applied = state()
    done = up("--undo")
    assert done.returncode == 1
    assert re.search(r"/etc/postfix/master.cf:\d+: somebody changed lines of our block 1",
                     done.stdout)
    assert state() == applied
    assert read(deliver())  # mailseal goes on
    inside(site.host, "mv", "/etc/postfix/master.cf.kept", "/etc/postfix/master.cf")


SUBMISSION = """submission inet n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_auth_only=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
# between
smtps     inet  n       -       y       -       -       smtpd
  -o syslog_name=postfix/smtps
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
"""
AUTH = """ssl = required
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
"""


@pytest.fixture
def with_submission(installed):
    """587 and 465 as the comments of Debian's master.cf have them."""
    inside(site.host, "sh", "-c", "cp -p /etc/postfix/master.cf /etc/postfix/main.cf /tmp")
    change("/etc/postfix/master.cf", SUBMISSION)
    change("/etc/dovecot/local.conf", AUTH)
    inside(site.host, "postconf", "smtpd_sasl_type=dovecot", "smtpd_sasl_path=private/auth")
    inside(site.host, "sh", "-c", "postfix reload 2>&1; doveadm reload")
    until(lambda: ":465 " in listening())
    yield
    up("--undo")
    inside(site.host, "sh", "-c", "rm -f /etc/dovecot/local.conf && "
           "cp -p /tmp/master.cf /tmp/main.cf /etc/postfix && postfix reload 2>&1 && "
           "doveadm reload")
    until(lambda: ":465 " not in listening())


def submit(session):
    session.login("dora", password(site.host, "dora"))
    message = letter(site.dora, site.dora)
    session.send_message(message)
    session.quit()
    return message["Subject"]


def smtps():
    with network("client"):
        return smtplib.SMTP_SSL(site.address, 465, local_hostname="client.test", timeout=30,
                                context=anybody())


def test_submission_keeps_its_options(with_submission):
    before = state()
    log = Log(site.host, "mail.log")
    apply()
    with smtp(site.address, 587, tls=False) as session:
        session.ehlo()
        assert not session.has_extn("auth")
        assert session.mail(site.dora)[0] == 530
    assert "with ESMTPSA" in read(submit(smtp(site.address, 587)))
    assert read(submit(smtps()))
    log.wait(r"postfix/submission/smtpd.*client=client.test.*sasl_username=dora")
    log.wait(r"postfix/smtps/smtpd.*client=client.test.*sasl_username=dora")
    assert up("--undo").returncode == 0
    assert state() == before


def test_server_that_refuses_its_files_gets_the_old_ones(fresh):
    before, ports = state(), listening()
    inside(site.host, "sh", "-c", "cat >/usr/local/sbin/doveconf && chmod 755 /usr/local/sbin/doveconf",
           input="#!/bin/sh\necho 'doveconf: Fatal: no such thing' >&2\nexit 89\n")
    try:
        done = up("--apply", "--no-dns")
    finally:
        inside(site.host, "rm", "/usr/local/sbin/doveconf")
    assert done.returncode == 1
    assert "Fatal: no such thing" in done.stdout
    assert (state(), sorted(listening().splitlines())) == (before, sorted(ports.splitlines()))
    assert "nothing to take back" in up("--undo").stdout


# What up needs of it: the daemon as a service of its own.
SYSTEMCTL = """#!/bin/sh
case "$1 $2 $3" in
"enable --now mailseal")
	[ ! -e /tmp/fails ] || { echo "Job for mailseal.service failed." >&2; exit 1; }
	setsid mailseal run </dev/null >/tmp/daemon.log 2>&1 &
	until grep -q event=ready /tmp/daemon.log; do sleep 0.1; done
	;;
"disable --now mailseal") mailseal ctl drain ;;
*) exit 4 ;;
esac
"""


@pytest.fixture
def systemd(fresh):
    inside(site.host, "sh", "-c", "mkdir -p /run/systemd/system && rm -f /tmp/daemon.log && "
           "cat >/usr/local/sbin/systemctl && chmod 755 /usr/local/sbin/systemctl",
           input=SYSTEMCTL)
    yield
    assert up("--undo").returncode == 0
    inside(site.host, "sh", "-c", "rm -r /run/systemd /usr/local/sbin/systemctl; rm -f /tmp/fails")


def test_with_systemd_the_daemon_starts_and_ends(systemd):
    before = state()
    done = up("--apply", "--no-dns")
    assert done.returncode == 0, done.stdout
    assert read(deliver())
    assert up("--undo").returncode == 0
    assert state() == before and deliver()


def test_daemon_that_does_not_start_leaves_all_as_it_was(systemd):
    before, ports = state(), listening()
    inside(site.host, "touch", "/tmp/fails")
    done = up("--apply", "--no-dns")
    assert done.returncode == 1
    assert "Job for mailseal.service failed." in done.stdout
    assert state() == before
    assert sorted(listening().splitlines()) == sorted(ports.splitlines())
    assert "nothing to take back" in up("--undo").stdout


@pytest.mark.parametrize("seconds", [0.1, 0.25, 0.4, 0.6])
def test_killed_in_the_midst_is_taken_back(fresh, seconds):
    before = state()
    lab("exec", site.host, "timeout", "--signal=KILL", str(seconds), MAILSEAL, "up", "--apply",
        "--no-dns")
    done = up("--undo")
    assert done.returncode == 0, done.stdout
    assert state() == before
    assert deliver()


def test_killed_in_the_midst_is_gone_on_with(fresh):
    inside(site.host, "sh", "-c", "mkdir -p /tmp/slow && cat >/usr/local/sbin/postfix && "
           "chmod 755 /usr/local/sbin/postfix",
           input='#!/bin/sh\n[ "$1" != check ] || kill -KILL $PPID\nexec /usr/sbin/postfix "$@"\n')
    try:
        assert up("--apply", "--no-dns").returncode not in (0, 1, 2)
    finally:
        inside(site.host, "rm", "/usr/local/sbin/postfix")
    said = up("--no-dns")
    assert said.returncode == 1 and "did not come to its end" in said.stdout
    done = up("--apply", "--no-dns")
    assert done.returncode == 0 and "gone on with" in done.stdout
    start()
    assert read(deliver())


def test_refused_where_published_records_would_not_match(fresh):
    names = ["myhostname=mx.beta.test", "mydestination=beta.test"]
    inside(site.host, "sh", "-c", "cp -p /etc/postfix/main.cf /tmp/main.cf.own")
    try:
        inside(site.host, "postconf", *names)
        done = up("--apply", *ASKS)
        assert done.returncode == 1
        assert "no TLSA record at _25._tcp.mx.beta.test matches" in done.stdout
        inside(site.host, "postconf", "smtpd_tls_cert_file=/lab/run/beta/tls.pem",
               "smtpd_tls_key_file=/lab/run/beta/tls.key")
        done = up(*ASKS)
        assert done.returncode == 0, done.stdout
    finally:
        inside(site.host, "cp", "-p", "/tmp/main.cf.own", "/etc/postfix/main.cf")


HOLDER = ("use IO::Socket::INET; $| = 1; my $s = IO::Socket::INET->new(LocalPort => 143, "
          "Listen => 1, ReuseAddr => 1) or die; print qq{held\\n}; <STDIN>")


def test_port_of_another_program_is_refused(fresh):
    inside(site.host, "doveadm", "stop")
    until(lambda: ":143 " not in listening())
    holder = subprocess.Popen([f"{LAB}/exec", site.host, "perl", "-e", HOLDER], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == "held\n"
        done = up("--no-dns")
        assert done.returncode == 1
        assert 'port 143, which Dovecot is to leave to mailseal, is held by "perl"' in done.stdout
    finally:
        holder.communicate("", timeout=30)
        inside(site.host, "sh", "-c", "dovecot >/dev/null 2>&1")
        until(lambda: ":143 " in listening())
