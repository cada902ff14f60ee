"""mailseal ctl upgrade, with two real builds: the other one differs in its version, and in the
version of the table of messages, as the next release might."""
import os
import shutil
import signal
import socket
import ssl
import subprocess

import pytest

import daemon as daemon_module
import peers
from edges import edge_config
from daemon import BINARY, ROOT, Daemon, Talk, client_context, free_ports, make_certificate, wait_until
from load import Load, login

OTHER_BUILD = os.path.dirname(os.path.abspath(BINARY)) + "-upgrade"


@pytest.fixture(scope="session")
def newer():
    """The other build, kept beside the first one, so that it is made only once."""
    binary = os.path.join(OTHER_BUILD, "mailseal")
    if not os.path.exists(os.path.join(OTHER_BUILD, "build.ninja")):
        subprocess.run(["meson", "setup", OTHER_BUILD, "-Dversion_suffix=+next",
                        "-Dc_args=-DPROC_TABLE_AHEAD=1", "-Doptimization=0", "-Ddebug=false"],
                       cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["nice", "-n", "5", "ninja", "-C", OTHER_BUILD, "mailseal"], check=True,
                   capture_output=True)
    return binary


@pytest.fixture
def small(tmp_path):
    """One IMAP edge on two ports, made for each test."""
    os.chmod(tmp_path, 0o755)
    backend = peers.Backend(peers.imap)
    plain, tls = free_ports(2)
    chain, key = make_certificate(str(tmp_path))
    config = (f'workers = 2;\ncertificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};\n'
              'drain_timeout = "60s";\n'
              'limits = { connections_per_address = 1000; handshakes_per_second = 0; };\n'
              + edge_config({"imap": backend.port}, {"imap": (plain, tls)}))
    daemon = Daemon(tmp_path, config).ready()
    daemon.plain, daemon.tls, daemon.chain, daemon.key = plain, tls, chain, key
    daemon.text_of_config = config
    yield daemon
    daemon.close()
    backend.close()


def version_of(binary):
    return subprocess.run([binary, "--version"], check=True, capture_output=True,
                          text=True).stdout.split()[1]


def upgrade(daemon, binary):
    """Asks for it and waits until the new workers are ready."""
    seen = len(daemon.events)
    answer = daemon.ctl("upgrade", binary)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout == f"upgrading to {version_of(binary)}\n"
    daemon.wait("upgraded", after=seen, to=version_of(binary))


def descriptors(pid):
    return sorted(os.readlink(f"/proc/{pid}/fd/{fd}").split(":[")[0]
                  for fd in os.listdir(f"/proc/{pid}/fd"))


def old_ones_gone(daemon, of):
    """Waits until only the processes of this build are left."""
    daemon.wait("the build before is gone", timeout=40, version=version_of(of))
    assert wait_until(lambda: {role: len(pids) for role, pids in daemon.children().items()}
                      == {"keys": 1, "worker": 2, "ledger": 1})  # its ledger goes behind its workers


def test_to_a_newer_and_back_to_an_older_build_under_load(small, newer):
    pid, before = small.process.pid, set(sum(small.children().values(), []))
    assert small.status()["version"] == version_of(BINARY)
    open_since = login(small)
    load = Load(small)
    load.until(20)
    for binary in (newer, BINARY):
        upgrade(small, binary)
        assert small.process.poll() is None and small.process.pid == pid
        assert small.status()["version"] == version_of(binary)
        for more in range(1, 41):  # a session that is silent for 5 s would be ended politely
            load.until(load.done + 1)
            assert open_since.noop()[0] == "OK", more
    errors = load.end()
    assert not errors, errors[:3]
    open_since.logout()
    old_ones_gone(small, newer)
    assert not before & set(sum(small.children().values(), []))
    assert small.status()["workers_leaving"] == 0
    login(small).logout()


def test_a_session_in_clear_is_sealed_by_the_keys_of_its_own_time(small, newer):
    talks = [Talk(small.plain) for _ in range(8)]
    for talk in talks:
        talk.until(b"* OK")
    upgrade(small, newer)
    for talk in talks:
        talk.say(b"a STARTTLS\r\n").until(b"a OK")
        assert talk.starttls().say(b"b LOGIN alice secret\r\n").until(b"b OK").endswith(b"b OK done\r\n")
        talk.close()
    old_ones_gone(small, BINARY)


def test_nothing_is_leaked_and_uptime_goes_on(small, newer):
    before = descriptors(small.process.pid)
    began = small.status()["uptime_s"]
    upgrade(small, newer)
    upgrade(small, BINARY)
    old_ones_gone(small, newer)
    assert descriptors(small.process.pid) == before
    assert small.status()["uptime_s"] >= began
    for pids in small.children().values():
        for pid in pids:
            assert not [d for d in descriptors(pid) if "mailseal-state" in d or "lock" in d]


def test_tickets_are_good_in_the_other_build(small, newer):
    context = client_context()

    def visit(session=None):
        with context.wrap_socket(socket.create_connection(("127.0.0.1", small.tls)),
                                 server_hostname="mail.example.org", session=session) as tls:
            tls.recv(1000)
            return tls.session, tls.session_reused
    session, _ = visit()
    upgrade(small, newer)
    assert visit(session)[1]


def test_processes_that_die_after_it_are_started_again(small, newer):
    upgrade(small, newer)
    old_ones_gone(small, BINARY)
    for role in ("worker", "keys"):
        seen = len(small.events)
        victim = small.children()[role][0]
        os.kill(victim, signal.SIGKILL)
        small.wait("process died and is started again", after=seen)
        login(small).logout()
        assert wait_until(lambda: [len(small.children().get(r, ())) for r in ("keys", "worker")]
                          == [1, 2])  # a process has its name a moment after it is there
        assert victim not in small.children()[role]


def test_without_a_binary_it_is_the_file_now_at_the_path(tmp_path, newer, monkeypatch):
    os.chmod(tmp_path, 0o755)
    installed = str(tmp_path / "mailseal")
    shutil.copy(BINARY, installed)
    monkeypatch.setattr(daemon_module, "BINARY", installed)
    backend = peers.Backend(peers.smtp)
    daemon = Daemon(tmp_path, edge_config({"smtp": backend.port}, {"mx": free_ports(2)})).ready()
    try:
        shutil.copy(newer, installed + ".new")
        os.rename(installed + ".new", installed)  # as dpkg does
        seen = len(daemon.events)
        assert daemon.ctl("upgrade").returncode == 0
        daemon.wait("upgraded", after=seen)
        assert daemon.status()["version"] == version_of(newer)
        shutil.copy(BINARY, installed + ".old")
        monkeypatch.chdir(tmp_path)  # a path is that of who asks
        upgrade(daemon, "./mailseal.old")
    finally:
        daemon.close()
        backend.close()


def script(folder, text):
    path = os.path.join(str(folder), "broken")
    with open(path, "w", encoding="utf-8") as out:
        out.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def test_a_build_that_cannot_take_over_is_refused(small, tmp_path, newer):
    before, client = small.children(), login(small)
    knows_too_much = 'echo "mailseal 9.0.0 state 2 messages 1 1"'
    too_far = 'echo "mailseal 9.0.0 state 1 messages 7 8"'
    for text, why in (("exit 1", "exit 1"), ("kill -9 $$", "signal 9"), (knows_too_much, "too far"),
                      (too_far, "too far"), ("echo hello", "too far")):
        answer = small.ctl("upgrade", script(tmp_path, text))
        assert answer.returncode == 1 and why in answer.stdout, (text, answer)
    for path, why in ((str(tmp_path / "none"), "No such file"), (str(tmp_path), "denied"),
                      (small.config, "denied")):
        answer = small.ctl("upgrade", path)
        assert answer.returncode == 1, (path, answer)
    assert small.status()["version"] == version_of(BINARY) and small.children() == before
    assert client.noop()[0] == "OK"
    login(small).logout()
    upgrade(small, newer)


def test_a_bad_file_is_refused(small, newer):
    before = small.children()
    small.write(small.text_of_config.replace('protocol = "imap"', 'protocol = "imapp"'))
    answer = small.ctl("upgrade", newer)
    assert answer.returncode == 1 and "refuses the configuration" in answer.stdout
    assert "edge.imap.protocol" in answer.stdout
    assert small.children() == before
    login(small).logout()


def test_only_one_upgrade_at_a_time(small, tmp_path, newer):
    slow = script(tmp_path, "read line <$(dirname $0)/fifo; exit 1")
    os.mkfifo(tmp_path / "fifo")
    asking = subprocess.Popen([BINARY, "ctl", "-s", f"{small.folder}/run/ctl.sock", "upgrade", slow],
                              stdout=subprocess.PIPE, text=True)
    with open(tmp_path / "fifo", "w", encoding="utf-8") as fifo:  # opens when the script reads
        second = small.ctl("upgrade", newer)
        fifo.write("\n")
    assert second.returncode == 1 and "under way" in second.stdout
    assert "exit 1" in asking.communicate(timeout=20)[0]
    upgrade(small, newer)


def break_key(small, newer):
    """Chain and key do not fit any more, after the check: that shows when keys has read them."""
    _, other = make_certificate(small.folder, "other")
    shutil.copy(small.key, small.key + ".kept")
    text = script(small.folder, f'case "$*" in *"--inherit "[0-9]*) cp {other} {small.key};; esac\nexec {newer} "$@"\n')
    return text, lambda: shutil.copy(small.key + ".kept", small.key)


def break_address(small, newer):
    """Somebody else listens at a new address: that shows when it is bound."""
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    small.write(small.text_of_config.replace('listen = [', f'listen = ["127.0.0.1:{port}", '))

    def mend():
        taken.close()
    return newer, mend


def break_file(small, newer):
    """The file goes bad after the check, as the other build begins."""
    text = script(small.folder, f'case "$*" in *"--inherit "[0-9]*) echo bad >>{small.config};; esac\n'
                                f'exec {newer} "$@"\n')
    return text, lambda: small.write(small.text_of_config)


@pytest.mark.parametrize("breaks", [break_key, break_address, break_file])
def test_a_build_that_cannot_begin_leaves_the_old_workers_serving(small, newer, breaks):
    workers = small.children()["worker"]
    client = login(small)
    load = Load(small)
    load.until(10)
    binary, mend = breaks(small, newer)
    seen = len(small.events)
    answer = small.ctl("upgrade", binary)
    assert answer.returncode == 0, answer.stdout
    small.wait("upgrade failed, the old workers go on", after=seen)
    load.until(load.done + 20)
    status = small.status()
    assert status["state"] == "upgrade failed" and status["version"] == version_of(newer)
    assert status["workers_leaving"] == 2
    assert sorted(small.children()["worker"]) == sorted(workers)
    assert client.noop()[0] == "OK"
    client.logout()  # the old workers may tell a silent one to go as soon as they leave
    mend()
    assert small.ctl("reload").returncode == 0
    small.wait("upgraded", after=seen)
    load.until(load.done + 20)
    errors = load.end()
    assert not errors, errors[:3]
    assert small.status()["state"] == "running"
    old_ones_gone(small, BINARY)
    assert not set(workers) & set(small.children()["worker"])


def test_a_failed_one_can_go_back_or_drain(small, newer):
    binary, mend = break_key(small, newer)
    client = login(small)
    seen = len(small.events)
    assert small.ctl("upgrade", binary).returncode == 0
    small.wait("upgrade failed, the old workers go on", after=seen)
    mend()
    upgrade(small, BINARY)
    assert small.status()["state"] == "running" and client.noop()[0] == "OK"
    seen = len(small.events)
    assert small.ctl("upgrade", binary).returncode == 0
    small.wait("upgrade failed, the old workers go on", after=seen)
    client.logout()
    small.process.send_signal(signal.SIGTERM)
    assert small.process.wait(30) == 0


def test_after_a_failed_one_the_clients_of_a_dead_worker_go_to_the_others(small, newer):
    first, second = small.children()["worker"]
    binary, _ = break_key(small, newer)
    seen = len(small.events)
    assert small.ctl("upgrade", binary).returncode == 0
    small.wait("upgrade failed, the old workers go on", after=seen)
    os.kill(first, signal.SIGKILL)
    small.wait("process of the build before died", pid=str(first))
    for _ in range(20):
        talk = Talk(small.tls).starttls()
        assert talk.line().startswith(b"* OK")
        talk.close()
    os.kill(second, signal.SIGKILL)  # the supervisor is to begin anew
    small.wait("no worker is left")
    assert small.process.wait(20) == 1


def test_a_process_that_does_not_answer_puts_it_off(small, newer):
    stopped = small.children()["worker"][0]
    os.kill(stopped, signal.SIGSTOP)
    try:
        small.status()  # waits for its numbers in vain, and says what it knows
        answer = small.ctl("upgrade", newer)
        assert answer.returncode == 1 and "do not come to rest" in answer.stdout
    finally:
        os.kill(stopped, signal.SIGCONT)
    upgrade(small, newer)
    login(small).logout()


def test_fewer_workers_in_the_other_build_refuse_nobody(small, newer):
    load = Load(small)
    load.until(10)
    small.write(small.text_of_config.replace("workers = 2", "workers = 1"))
    seen = len(small.events)
    assert small.ctl("upgrade", newer).returncode == 0
    small.wait("upgraded", after=seen)
    load.until(load.done + 40)
    errors = load.end()
    assert not errors, errors[:3]
    # The kernel still gives clients to the socket of the seat that is no more: someone accepts.
    for _ in range(20):
        login(small).logout()


def test_signals_wait_for_the_other_build(small, newer):
    seen = len(small.events)
    assert small.ctl("upgrade", newer).returncode == 0
    small.process.send_signal(signal.SIGHUP)  # on its default it would end the daemon
    small.wait("upgraded", after=seen)
    login(small).logout()
    assert small.ctl("upgrade", BINARY).returncode == 0
    small.process.send_signal(signal.SIGTERM)
    assert small.process.wait(30) == 0
    assert small.events[-1]["event"] == "ended"


def test_systemd_is_told(tmp_path, newer):
    os.chmod(tmp_path, 0o755)
    notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notified.bind(str(tmp_path / "notify"))
    notified.settimeout(20)
    backend = peers.Backend(peers.smtp)
    daemon = Daemon(tmp_path, edge_config({"smtp": backend.port}, {"mx": free_ports(2)}),
                    env={"NOTIFY_SOCKET": str(tmp_path / "notify")}).ready()
    try:
        assert notified.recv(100) == b"READY=1"
        assert daemon.ctl("upgrade", newer).returncode == 0
        assert notified.recv(100) == b"RELOADING=1"
        assert notified.recv(100) == b"READY=1"
    finally:
        daemon.close()
        backend.close()
        notified.close()
