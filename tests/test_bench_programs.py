"""The generator, the backend and the plain proxy of bench/: every mode comes to its end without an error, through the plain
proxy and through mailseal, and says so in one row. How fast it is is not tested here. They are built with sanitizers."""
import json
import os
import pathlib
import socket
import subprocess

import pytest

from daemon import Daemon, free_ports, make_certificate, wait_until

BENCH = pathlib.Path(__file__).resolve().parent.parent / "bench"
FLAGS = ["-std=gnu2x", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-I."]
SANITIZED = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}  # what a process holds to its end
PROGRAMS = {"loadgen": ["load/*.c"], "backend": ["backend*.c"], "plainproxy": ["plainproxy.c"]}
MODES = ("smtp", "imap", "pop3", "echo", "bulk")

CONFIG = """workers = 1;
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
limits = {{ connections_per_address = 0; handshakes_per_second = 0; }};
backend = {{
  smtp = {{ address = ["127.0.0.1:{smtp}"]; client_info = "none"; accept = ["no-client-info"]; }};
  imap = {{ address = ["127.0.0.1:{imap}"]; client_info = "none"; accept = ["no-client-info"]; }};
  pop3 = {{ address = ["127.0.0.1:{pop3}"]; client_info = "none"; accept = ["no-client-info"]; }};
  bulk = {{ address = ["127.0.0.1:{bulk}"]; client_info = "none"; accept = ["no-client-info"]; }};
}};
edge = {{
  smtp = {{ protocol = "submission"; listen = ["127.0.0.1:{smtp_edge}"]; backend = "smtp"; }};
  imap = {{ protocol = "imap"; listen = ["127.0.0.1:{imap_edge}"]; listen_tls = ["127.0.0.1:{tls_edge}"]; backend = "imap"; }};
  pop3 = {{ protocol = "pop3"; listen = ["127.0.0.1:{pop3_edge}"]; backend = "pop3"; }};
  bulk = {{ protocol = "tcp"; listen_tls = ["127.0.0.1:{bulk_edge}"]; backend = "bulk"; }};
}};
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")

    def build(name, patterns):
        sources = [file.relative_to(BENCH) for pattern in [*patterns, "common/*.c"] for file in sorted(BENCH.glob(pattern))]
        subprocess.run(["cc", *FLAGS, "-o", folder / name, *sources, "-lssl", "-lcrypto"], cwd=BENCH, check=True)
        return folder / name

    return {name: build(name, patterns) for name, patterns in PROGRAMS.items()}


def listens(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def ports(programs, tmp_path_factory):
    """Those of the backend, of the plain proxy in both ways before its bulk and echo, and of mailseal's edges."""
    folder = tmp_path_factory.mktemp("daemon")
    os.chmod(folder, 0o755)
    names = [*MODES, "splice", "copy", "echo_copy", "smtp_edge", "imap_edge", "tls_edge", "pop3_edge", "bulk_edge"]
    found = dict(zip(names, free_ports(len(names))))
    chain, key = make_certificate(str(folder))
    proxies = [["splice", "bulk"], ["-c", "copy", "bulk"], ["-c", "echo_copy", "echo"]]
    running = [subprocess.Popen([programs["backend"], *(f"{mode}:{found[mode]}" for mode in MODES)], env=SANITIZED)]
    running += [subprocess.Popen([programs["plainproxy"], *way, f"127.0.0.1:{found[front]}", f"127.0.0.1:{found[back]}"], env=SANITIZED)
                for *way, front, back in proxies]
    daemon = Daemon(folder, CONFIG.format(chain=chain, key=key, **found))
    try:
        assert all(wait_until(lambda name=name: listens(found[name]), 60) for name in [*MODES, "splice", "copy", "echo_copy"])
        daemon.ready()
        yield found
        assert all(process.poll() is None for process in running)
    finally:
        daemon.close()
        for process in running:
            process.terminate()
            process.wait()


def load(programs, port, *words):
    return subprocess.run([programs["loadgen"], *words, "--port", str(port), "--label", "test", "--sources", "4"], text=True,
                          capture_output=True, check=False, timeout=120, env=SANITIZED)


def row_of(done):
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("JSON "))[5:])
    assert found["errors"] == 0 and found["first_error"] == "" and found["target"] == "test"
    return found


SHORT = ["-T", "0.5", "-W", "0.1", "-c", "4"]
# name: (the port, what loadgen is told)
SESSIONS = {
    "clear": ("imap", ["handshake", "--plain"]),
    "TLS 1.3": ("tls_edge", ["handshake"]),
    "TLS 1.2": ("tls_edge", ["handshake", "--tls", "12"]),
    "all is verified": ("tls_edge", ["handshake", "--verify"]),
    "SMTP": ("smtp_edge", ["starttls", "--proto", "smtp"]),
    "IMAP": ("imap_edge", ["starttls", "--proto", "imap"]),
    "POP3": ("pop3_edge", ["starttls", "--proto", "pop3"]),
    "SMTP with a login": ("smtp_edge", ["starttls", "--proto", "smtp", "--login"]),
    "IMAP with a login": ("imap_edge", ["starttls", "--proto", "imap", "--login"]),
    "POP3 with a login": ("pop3_edge", ["starttls", "--proto", "pop3", "--login"]),
    "IMAP in clear with a login": ("imap", ["starttls", "--proto", "imap", "--login", "--plain"]),
}


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions_come_to_their_end(name, programs, ports):
    port, words = SESSIONS[name]
    found = row_of(load(programs, ports[port], *words, *SHORT))
    assert found["mode"] == words[0] and found["sessions"] > 0 and found["timeouts"] == 0
    assert 0 < found["p50_us"] <= found["p99_us"] <= found["p999_us"]


@pytest.mark.parametrize("version", ["12", "13"])
def test_sessions_are_resumed(version, programs, ports):
    found = row_of(load(programs, ports["tls_edge"], "handshake", "--resume", "--tls", version, *SHORT))
    assert found["resumed_pct"] > 90


MEBIBYTE = 1 << 20
MESSAGES = 2 * 25 * MEBIBYTE  # one on each of two connections
# name: (the port, what loadgen is told, the bytes that are to move)
BULK = {
    "down": ("bulk", ["--plain"], 8 * MEBIBYTE),
    "up": ("bulk", ["--plain", "--up"], 8 * MEBIBYTE),
    "down, spliced": ("splice", ["--plain"], 8 * MEBIBYTE),
    "up, spliced": ("splice", ["--plain", "--up"], 8 * MEBIBYTE),
    "down, copied": ("copy", ["--plain"], 8 * MEBIBYTE),
    "up, copied": ("copy", ["--plain", "--up"], 8 * MEBIBYTE),
    "down, sealed": ("bulk_edge", [], 8 * MEBIBYTE),
    "up, sealed": ("bulk_edge", ["--up"], 8 * MEBIBYTE),
    "FETCH": ("tls_edge", ["--proto", "imap"], MESSAGES),
    "APPEND": ("tls_edge", ["--proto", "imap", "--up"], MESSAGES),
    "DATA": ("smtp_edge", ["--proto", "smtp", "--up"], MESSAGES),
}


@pytest.mark.parametrize("name", BULK)
def test_all_bytes_move(name, programs, ports):
    port, words, size = BULK[name]
    found = row_of(load(programs, ports[port], "bulk", *words, "-c", "2", "-B", str(size)))
    assert found["bytes"] == size and found["mb_s"] > 0


@pytest.mark.parametrize("port", ["echo", "echo_copy"])
@pytest.mark.parametrize("rate", ["0", "200"])
def test_lines_come_back(port, rate, programs, ports):
    found = row_of(load(programs, ports[port], "latency", "--plain", "-R", rate, "-S", "100", *SHORT))
    assert found["rate"] > 0 and found["offered"] == float(rate) and found["p50_us"] > 0


@pytest.mark.parametrize("words", [["--plain"], ["--login"]])
def test_idle_connections_stay(words, programs, ports):
    port = ports["imap" if words == ["--plain"] else "tls_edge"]
    found = row_of(load(programs, port, "idle", "-N", "50", "-c", "4", "--pids", str(os.getpid()), *words))
    assert found["conns"] == found["still"] == 50 and found["pss0_kib"] > 0 and found["proxy_procs"] > 0


REFUSED = {
    "no mode": (["nonsense"], "no mode: nonsense"),
    "no protocol": (["starttls", "--proto", "gopher"], "no protocol: gopher"),
    "no number": (["handshake", "-c", "many"], "no number for -c: many"),
    "no address": (["handshake", "--addr", "mail.example"], "no IPv4 address: mail.example"),
    "no option": (["handshake", "--nonsense"], "not understood"),
    "a word too many": (["handshake", "more"], "one word too many: more"),
    "a line too long": (["latency", "-S", "16385"], "1 to 16384"),
    "no such TLS": (["handshake", "--tls", "11"], "12 and 13"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_generator_refuses_what_it_does_not_know(name, programs):
    words, text = REFUSED[name]
    done = load(programs, 1, *words)
    assert done.returncode == 2 and text in done.stderr and not done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_programs_say_what_they_take(program, programs):
    done = subprocess.run([programs[program], "--help"], text=True, capture_output=True, check=True, env=SANITIZED)
    assert done.stdout.startswith("usage: ") and not done.stderr
    assert subprocess.run([programs[program]], capture_output=True, check=False, env=SANITIZED).returncode == 2


def test_nobody_there_is_an_error(programs):
    done = load(programs, free_ports(1)[0], "handshake", *SHORT)
    said = json.loads(done.stdout.splitlines()[-1][5:])
    assert done.returncode == 1 and said["errors"] > 0 and said["sessions"] == 0
