"""Clients as people use them, each against the edge of its protocol."""
import os
import subprocess

import pytest

from daemon import ROOT

pytestmark = pytest.mark.usefixtures("alone")


def run(*argv, stdin="", env=None):
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=60,
                          env={**os.environ, **(env or {})})


def test_curl_submits_with_starttls(stage):
    port = stage.ports["submission"][0]
    done = run("curl", "-sS", "--ssl-reqd", "-k", f"smtp://127.0.0.1:{port}/host.example.net",
               "--user", "alice:secret", "--mail-from", "a@example.org", "--mail-rcpt",
               "b@example.net", "-T", "-", stdin="Subject: curl\r\n\r\nhello\r\n")
    assert done.returncode == 0, done.stderr
    assert b"Subject: curl" in stage.smtp.sessions[-1]["messages"][0]


@pytest.mark.parametrize("url", ["imaps://127.0.0.1:{}/", "imap://127.0.0.1:{}/"])
def test_curl_reads_imap(stage, url):
    port = stage.ports["imap"][1 if url.startswith("imaps") else 0]
    done = run("curl", "-sS", "--ssl-reqd", "-k", url.format(port), "--user", "alice:secret",
               "-X", "NOOP")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("url", ["pop3s://127.0.0.1:{}/", "pop3://127.0.0.1:{}/"])
def test_curl_reads_pop3(stage, url):
    port = stage.ports["pop3"][1 if url.startswith("pop3s") else 0]
    done = run("curl", "-sS", "--ssl-reqd", "-k", url.format(port), "--user", "alice:secret",
               "-I", "-X", "NOOP")
    assert done.returncode == 0, done.stderr


def test_swaks_submits_and_delivers(stage):
    done = run("swaks", "--server", "127.0.0.1", "--port", str(stage.ports["submission"][1]),
               "--tls-on-connect", "--auth", "PLAIN", "--auth-user", "alice",
               "--auth-password", "secret", "--from", "a@example.org", "--to", "b@example.net")
    assert done.returncode == 0, done.stdout
    done = run("swaks", "--server", "127.0.0.1", "--port", str(stage.ports["mx"][0]), "-tls",
               "--from", "a@example.net", "--to", "b@example.org")
    assert done.returncode == 0, done.stdout
    assert b"with ESMTPS " in stage.smtp.sessions[-1]["messages"][0]


def test_swaks_without_tls_passes_port_25_and_is_plain(stage):
    seen = len(stage.daemon.events)
    done = run("swaks", "--server", "127.0.0.1", "--port", str(stage.ports["mx"][0]),
               "--from", "a@example.net", "--to", "b@example.org")
    assert done.returncode == 0, done.stdout
    assert b"with ESMTP " in stage.smtp.sessions[-1]["messages"][0]
    record = stage.daemon.wait("session ended", after=seen, edge="mx")
    assert record["seal"] == "plain"


def test_msmtp_submits(stage, tmp_path):
    rc = tmp_path / "msmtprc"
    rc.write_text("account default\nhost 127.0.0.1\n"
                  f"port {stage.ports['submission'][0]}\nfrom a@example.org\nauth plain\n"
                  "user alice\npassword secret\ntls on\ntls_starttls on\ntls_certcheck off\n")
    rc.chmod(0o600)
    done = run("msmtp", "-C", str(rc), "b@example.net", stdin="Subject: msmtp\n\nhello\n")
    assert done.returncode == 0, done.stderr
    assert b"Subject: msmtp" in stage.smtp.sessions[-1]["messages"][0]


@pytest.mark.parametrize("edge, name", [("mx", "smtp"), ("submission", "smtp"), ("imap", "imap"),
                                        ("pop3", "pop3")])
def test_openssl_upgrades(stage, edge, name):
    done = run("openssl", "s_client", "-connect", f"127.0.0.1:{stage.ports[edge][0]}",
               "-starttls", name, "-servername", "mail.example.org")
    assert "Protocol  : TLSv1.3" in done.stdout or "New, TLSv1.3" in done.stdout, done.stdout


@pytest.mark.parametrize("edge", ["submission", "imap", "pop3"])
def test_sslscan_finds_nothing_obsolete_on_user_ports(stage, edge):
    done = run("sslscan", "--no-colour", "--sni-name=mail.example.org",
               f"127.0.0.1:{stage.ports[edge][1]}")
    text = done.stdout
    for version in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"):
        assert any(l.startswith(version) and "disabled" in l for l in text.splitlines()), text
    accepted = [l.split() for l in text.splitlines() if l.startswith(("Preferred", "Accepted"))]
    assert accepted
    for words in accepted:
        suite = " ".join(words)
        assert "TLSv1.3" in suite or "ECDHE" in suite and ("GCM" in suite or "CHACHA20" in suite), \
            suite


@pytest.fixture(scope="module")
def fail2ban(tmp_path_factory):
    """fail2ban-regex from its Debian package, unpacked: installing it would start a service."""
    folder = tmp_path_factory.mktemp("fail2ban")
    folder.chmod(0o777)
    subprocess.run(["apt-get", "download", "-q", "fail2ban"], cwd=folder, check=True,
                   capture_output=True)
    package = next(folder.glob("fail2ban_*.deb"))
    subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
    return folder


def fail2ban_reads(fail2ban, folder, text):
    """The addresses that the filter finds in a log."""
    log = folder / "log"
    log.write_text(text)
    done = run("/usr/bin/python3", str(fail2ban / "usr/bin/fail2ban-regex"), "-c",
               str(fail2ban / "etc/fail2ban"), "-o", "ip", str(log),
               os.path.join(ROOT, "doc", "fail2ban", "mailseal.conf"),
               env={"PYTHONPATH": str(fail2ban / "usr/lib/python3/dist-packages")})
    return done.stdout.split()


def test_fail2ban_filter_finds_the_lines(stage, fail2ban, tmp_path):
    run("curl", "-sS", "-k", f"imaps://127.0.0.1:{stage.ports['imap'][1]}/", "--user", "alice:no",
        "-X", "NOOP")
    stage.daemon.wait("session ended", edge="imap", login_failures="1")
    run("curl", "-sS", f"pop3://127.0.0.1:{stage.ports['pop3'][0]}/", "--user", "alice:secret")
    found = fail2ban_reads(fail2ban, tmp_path, "".join(stage.daemon.text))
    assert set(found) == {"127.0.0.1"}


def test_fail2ban_bans_nobody_that_a_peer_names(fail2ban, tmp_path):
    line = ('time=2026-11-24T12:00:00.000Z level=notice process=worker-0 event="session ended" '
            'session=0123456789abcdef leg=user protocol=imap edge=imap client=192.0.2.7 port=9 '
            'seal=sealed user="{}" login_failures={} outcome=ok\n')
    clear = ('time=2026-11-24T12:00:00.000Z level=warning process=worker-0 '
             'event="credential in clear" session=0123456789abcdef protocol=imap edge=imap '
             'client=192.0.2.8 user="{}" mechanism=LOGIN password_sent=true exception={}\n')
    forged = 'x client=198.51.100.9 login_failures=3 exception=true y\\" client=198.51.100.9 z'
    text = (line.format(forged, 0) + line.format(forged, 2) + clear.format(forged, "false")
            + clear.format("carol", "true"))
    assert fail2ban_reads(fail2ban, tmp_path, text) == ["192.0.2.7", "192.0.2.8"]
