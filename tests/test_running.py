"""The daemon as its keeper meets it: reload, renewed certificates, crashes, drain, bad files."""
import os
import pwd
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

import pytest

import peers
from edges import edge_config
from daemon import BINARY, Daemon, Talk, client_context, free_ports, make_certificate, wait_until
from load import Load, login


@pytest.fixture
def small(tmp_path):
    """One IMAP edge, made for each test."""
    os.chmod(tmp_path, 0o755)
    backend = peers.Backend(peers.imap)
    plain, tls = free_ports(2)
    chain, key = make_certificate(str(tmp_path))
    config = (f'workers = 2;\ncertificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};\n'
              'drain_timeout = "3s";\n'
              'limits = { connections_per_address = 1000; handshakes_per_second = 0; };\n'
              + edge_config({"imap": backend.port}, {"imap": (plain, tls)}))
    daemon = Daemon(tmp_path, config).ready()
    daemon.plain, daemon.tls, daemon.chain, daemon.key = plain, tls, chain, key
    daemon.text_of_config = config
    yield daemon
    daemon.close()
    backend.close()


def test_reload_under_load_breaks_nothing(small):
    old = login(small)
    load = Load(small)
    for n in range(5):
        seen = len(small.events)
        load.until((n + 1) * 10)
        assert small.ctl("reload").returncode == 0
        small.wait("configuration reloaded", after=seen)
    errors = load.end()
    assert not errors, errors[:3]
    assert old.noop()[0] == "OK"
    old.logout()


def test_a_bad_file_changes_nothing_on_reload(small):
    small.write(small.text_of_config.replace('protocol = "imap"', 'protocol = "imapp"'))
    answer = small.ctl("reload")
    assert answer.returncode == 1
    small.wait("configuration", setting="edge.imap.protocol")
    login(small).logout()


def served_certificate(port):
    context = client_context()
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port))) as tls:
        return tls.getpeercert(binary_form=True)


def test_a_renewed_certificate_is_picked_up_by_itself(small, tmp_path):
    old = served_certificate(small.tls)
    chain, key = make_certificate(str(tmp_path), "renewed")
    shutil.copy(key, small.key)
    shutil.copy(chain, small.chain)
    small.wait("configuration reloaded", timeout=40)
    deadline = time.monotonic() + 10
    while served_certificate(small.tls) == old:
        assert time.monotonic() < deadline
    login(small).logout()


def test_a_pair_that_does_not_match_is_refused(small, tmp_path):
    old = served_certificate(small.tls)
    _, key = make_certificate(str(tmp_path), "other")
    shutil.copy(key, small.key)
    small.ctl("reload")
    small.wait("not taken, the old one stays in force")
    assert served_certificate(small.tls) == old
    login(small).logout()


def test_a_killed_worker_breaks_its_own_sessions_only(small):
    load = Load(small)
    load.until(10)
    victim = small.children()["worker"][0]
    os.kill(victim, signal.SIGKILL)
    small.wait("process died and is started again")
    load.until(load.done + 40)
    errors = load.end()
    refused = [e for e in errors if "Refused" in e]
    assert not refused and len(errors) <= 4, errors
    assert wait_until(lambda: len(small.children()["worker"]) == 2)


def test_killed_keys_come_back_and_handshakes_go_on(small):
    login(small).logout()
    os.kill(small.children()["keys"][0], signal.SIGKILL)
    small.wait("process died and is started again", name="keys")
    login(small).logout()


def test_sessions_move_while_a_signature_waits(small):
    spliced = login(small)
    keys = small.children()["keys"][0]
    os.kill(keys, signal.SIGSTOP)
    try:
        waiting = socket.create_connection(("127.0.0.1", small.tls))
        hello = client_context().wrap_bio(ssl.MemoryBIO(), out := ssl.MemoryBIO())
        with pytest.raises(ssl.SSLWantReadError):
            hello.do_handshake()
        waiting.sendall(out.read())
        for _ in range(20):
            assert spliced.noop()[0] == "OK"
    finally:
        os.kill(keys, signal.SIGCONT)
    waiting.close()
    spliced.logout()
    login(small).logout()


def test_sigterm_drains_and_ends(small):
    client = login(small)
    small.process.send_signal(signal.SIGTERM)
    small.wait("draining")
    deadline = time.monotonic() + 10
    with pytest.raises(ConnectionError):  # once every worker has closed its sockets
        while time.monotonic() < deadline:
            socket.create_connection(("127.0.0.1", small.tls), 5).close()
    assert client.noop()[0] == "OK"
    assert small.process.wait(20) == 0


def test_sigterm_ends_one_whose_worker_is_still_to_come_again(small):
    """A worker that died young is started after a second only, and then is not waited for."""
    os.kill(small.children()["worker"][0], signal.SIGKILL)
    small.wait("process died and is started again")
    small.process.send_signal(signal.SIGTERM)
    assert small.process.wait(10) == 0


def test_drain_rate(tmp_path):
    """Idle sessions end so many a second, not all at once and back together at once."""
    os.chmod(tmp_path, 0o755)
    backend = peers.Backend(peers.imap)
    plain, tls = free_ports(2)
    chain, key = make_certificate(str(tmp_path))
    daemon = Daemon(tmp_path, f'''workers = 1; drain_timeout = "20s"; drain_rate = 2;
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
{edge_config({"imap": backend.port}, {"imap": (plain, tls)})}''')
    try:
        daemon.plain, daemon.tls = plain, tls
        daemon.ready()
        idle = [login(daemon) for _ in range(6)]
        time.sleep(5.5)  # silent for long enough that an end can come between two commands
        began = time.monotonic()
        daemon.process.send_signal(signal.SIGTERM)
        waiting = {client.socket(): client for client in idle}
        while waiting:
            for sock in select.select(waiting, [], [], 10)[0]:
                client = waiting.pop(sock)
                assert client.readline().startswith(b"* BYE")
                client.shutdown()
        assert 2 < time.monotonic() - began < 18  # the first at once, the others half a second apart
        assert daemon.process.wait(30) == 0
    finally:
        daemon.close()
        backend.close()


def with_syslog(folder, command):
    """The command, with a /dev of its own whose /dev/log is folder/log."""
    devices = "null zero full random urandom"
    return ["unshare", "--mount", "sh", "-ec", f'''
        mkdir {folder}/dev && mount -t tmpfs none {folder}/dev
        for name in {devices}; do
            touch {folder}/dev/$name && mount --bind /dev/$name {folder}/dev/$name
        done
        ln -s {folder}/log {folder}/dev/log && mount --move {folder}/dev /dev
        exec "$@"''', "sh", *command]


@pytest.mark.skipif(os.geteuid() != 0, reason="a /dev of the test's own needs root")
def test_syslog_gets_the_lines_of_every_process(tmp_path):
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX,
                                                                socket.SOCK_DGRAM) as syslog:
        os.chmod(folder, 0o755)
        syslog.bind(f"{folder}/log")
        os.chmod(f"{folder}/log", 0o666)
        syslog.settimeout(15)
        backend = peers.Backend(peers.smtp)
        mx = free_ports(2)
        daemon = Daemon(tmp_path, 'workers = 1; log_target = "syslog"; drain_timeout = "1s";\n'
                        + edge_config({"smtp": backend.port}, {"mx": mx}),
                        wrap=lambda command: with_syslog(folder, command))

        def line_with(text):
            while text not in (line := syslog.recv(8192).decode()):
                pass
            return line

        try:
            ready = line_with("event=ready")
            assert re.match(r"<21>mailseal\[\d+\]: level=notice", ready), ready  # mail.notice
            talk = Talk(mx[0])
            talk.line()
            talk.say(b"QUIT\r\n").line()
            talk.close()
            assert "process=worker-0" in line_with('event="session ended"')
            assert not any("session ended" in line for line in daemon.text)
        finally:
            daemon.close()
            backend.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else needs root")
def test_without_root_it_works_too():
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as folder:
        binary = shutil.copy(BINARY, folder)
        backend = peers.Backend(peers.imap)
        plain, tls = free_ports(2)
        chain, key = make_certificate(folder)
        for path in folder, chain, key:
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        daemon = Daemon(folder, f'''workers = 2; drain_timeout = "1s";
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
{edge_config({"imap": backend.port}, {"imap": (plain, tls)})}''',
                        wrap=lambda command: [binary, *command[1:]],
                        user="nobody", group=nobody.pw_gid, extra_groups=[])
        try:
            daemon.plain, daemon.tls = plain, tls
            daemon.ready()
            login(daemon).logout()
            assert daemon.wait("session ended")["outcome"] == "ok"
            seen = len(daemon.events)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait("configuration reloaded", after=seen)
            os.kill(daemon.children()["worker"][0], signal.SIGKILL)
            daemon.wait("process died and is started again")
            login(daemon).logout()
            assert wait_until(lambda: len(sum(daemon.children().values(), [])) == 4)
            for pid in [daemon.process.pid, *sum(daemon.children().values(), [])]:
                with open(f"/proc/{pid}/status", encoding="ascii") as status:
                    assert re.search(rf"^Uid:(\s{nobody.pw_uid}){{4}}$", status.read(), re.M)
            assert daemon.close() == 0
        finally:
            daemon.close()
            backend.close()


def test_status_counts(small):
    login(small).logout()
    Talk(small.plain).close()
    assert wait_until(lambda: small.status()["sums"]["sessions"] == 2)
    status = small.status()
    assert status["state"] == "running"
    assert status["sums"]["tls"] + status["sums"]["open"] >= 1
    assert "sessions" in small.ctl("status").stdout


def test_a_second_daemon_is_refused(small):
    again = subprocess.run([BINARY, "run", "-c", small.config], capture_output=True, text=True,
                           timeout=20)
    assert again.returncode == 1 and "another mailseal runs" in again.stderr


@pytest.mark.parametrize("name", ["key", "pem"])
def test_a_full_disk_ends_the_start_with_its_reason(tmp_path, name):
    """Nobody waits for a certificate that cannot be kept; when there is room again, it is made."""
    os.chmod(tmp_path, 0o755)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / f"self-made.{name}").symlink_to("/dev/full")
    config = edge_config({"smtp": 1}, {"mx": free_ports(2)})
    daemon = Daemon(tmp_path, config)
    try:
        assert f"self-made.{name}" in daemon.wait("cannot start")["reason"]
        assert daemon.process.wait(10) == 1
    finally:
        daemon.close()
    (tmp_path / "state" / f"self-made.{name}").unlink(missing_ok=True)
    daemon = Daemon(tmp_path, config).ready()
    daemon.close()


def test_a_reload_says_what_waits_for_a_restart(tmp_path):
    os.chmod(tmp_path, 0o755)
    config = edge_config({"smtp": 1}, {"mx": free_ports(2)})
    daemon = Daemon(tmp_path, config).ready()
    try:
        for _ in range(2):  # each time, for it still waits
            seen = len(daemon.events)
            daemon.write('log_format = "json";\n' + config)
            assert daemon.ctl("reload").returncode == 0
            warned = daemon.wait("what was changed needs a restart", after=seen)
            assert warned["settings"] == "log_format"
            daemon.wait("configuration reloaded", after=seen)
        seen = len(daemon.events)
        daemon.write(config)
        assert daemon.ctl("reload").returncode == 0
        daemon.wait("configuration reloaded", after=seen)
        assert not any(e.get("event") == "what was changed needs a restart"
                       for e in daemon.events[seen:])
    finally:
        daemon.close()


def test_backend_down_is_said_politely(tmp_path):
    dead, plain, tls, mx, mx_tls = free_ports(5)
    os.chmod(tmp_path, 0o755)
    chain, key = make_certificate(str(tmp_path))
    config = ('workers = 1;\n'
              f'certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};\n'
              + edge_config({"imap": dead, "smtp": dead},
                            {"imap": (plain, tls), "mx": (mx, mx_tls)}))
    daemon = Daemon(tmp_path, config).ready()
    try:
        daemon.wait("backend does not answer yet", backend="smtp")
        assert Talk(tls).starttls().line().startswith(b"* BYE [UNAVAILABLE]")
        assert Talk(mx).line().startswith(b"421 4.3.2")
        daemon.wait("session ended", edge="mx", outcome="backend-down")
    finally:
        daemon.close()


def test_a_backend_that_expects_no_proxy_header_is_not_used(tmp_path):
    os.chmod(tmp_path, 0o755)
    backend = peers.Backend(peers.smtp, expects_proxy=False)
    mx, mx_tls = free_ports(2)
    config = edge_config({"smtp": backend.port}, {"mx": (mx, mx_tls)})
    daemon = Daemon(tmp_path, config).ready()
    try:
        talk = Talk(mx)
        talk.line()
        talk.say(b"EHLO x\r\n").reply()
        assert talk.say(b"MAIL FROM:<a@b>\r\n").reply().startswith(b"421 ")
        daemon.wait("backend expects no PROXY header and is not used")
        # One that greets late got the header; a command, never.
        assert not any(line.upper().startswith((b"EHLO", b"MAIL"))
                       for s in backend.sessions for line in s["lines"])
    finally:
        daemon.close()
        backend.close()


def test_without_a_certificate_port_25_has_a_self_made_one(tmp_path):
    os.chmod(tmp_path, 0o755)
    backend = peers.Backend(peers.smtp)
    mx, mx_tls = free_ports(2)
    config = edge_config({"smtp": backend.port}, {"mx": (mx, mx_tls)})

    def fingerprint():
        daemon = Daemon(tmp_path, config).ready()
        try:
            talk = Talk(mx)
            talk.line()
            talk.say(b"EHLO x\r\n").reply()
            talk.say(b"STARTTLS\r\n").line()
            return talk.starttls().sock.getpeercert(binary_form=True)
        finally:
            daemon.close()
    assert fingerprint() == fingerprint()
    assert os.stat(tmp_path / "state" / "self-made.key").st_mode & 0o777 == 0o600
    backend.close()


def test_a_backend_that_refuses_leaves_a_record(tmp_path):
    """The last address failed: no worker may look past the list of them."""
    backend = peers.Backend(peers.smtp)
    mx, mx_tls = free_ports(2)
    os.chmod(tmp_path, 0o755)
    daemon = Daemon(tmp_path, edge_config({"smtp": backend.port}, {"mx": (mx, mx_tls)})).ready()
    try:
        daemon.wait("capabilities learnt")
        backend.close()
        talk = Talk(mx)
        talk.line()
        talk.say(b"EHLO x\r\n").reply()
        talk.say(b"STARTTLS\r\n").line()
        talk.starttls().say(b"EHLO x\r\n").reply()
        assert talk.say(b"MAIL FROM:<a@b>\r\n").reply().startswith(b"421 ")
        daemon.wait("session ended", outcome="backend-down")
        assert not [e for e in daemon.events if e.get("event", "").startswith("process died")]
    finally:
        daemon.close()
