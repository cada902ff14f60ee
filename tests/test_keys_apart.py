"""The private key is in the memory of keys and of no other process; processes are boxed."""
import base64
import contextlib
import ctypes
import os
import pathlib
import re
import select
import socket
import ssl
import struct
import subprocess
import threading

import pytest

import peers
from daemon import ROOT, Daemon, Talk, client_context, free_ports, make_certificate, wait_until


def memory_has(pid, needle):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if not match or "[vvar]" in line or "[vsyscall]" in line:
                continue
            start, end = (int(x, 16) for x in match.groups())
            try:
                memory.seek(start)
                if needle in memory.read(end - start):
                    return True
            except (OSError, ValueError):
                continue
    return False


def private_scalar(key_file):
    text = subprocess.run(["openssl", "ec", "-in", key_file, "-noout", "-text"], check=True,
                          capture_output=True, text=True).stdout
    digits = re.search(r"priv:\s*((?:[0-9a-f:]|\s)+)pub:", text).group(1)
    return bytes.fromhex(re.sub(r"[\s:]", "", digits))[-32:]


def test_key_is_in_keys_and_not_in_a_worker(stage):
    for _ in range(5):  # workers have signed by then
        Talk(stage.ports["imap"][1]).starttls().close()
    scalar = private_scalar(stage.key)
    needles = [scalar, scalar[::-1]]  # as in DER, and as OpenSSL keeps numbers on this machine
    with open(stage.key, encoding="ascii") as pem:
        body = "".join(l for l in pem.read().splitlines() if not l.startswith("-"))
    needles.append(body[:60].encode())
    needles.append(base64.b64decode(body))
    children = stage.daemon.children()
    assert any(memory_has(children["keys"][0], n) for n in needles), "the search itself is blind"
    for pid in children["worker"] + [stage.daemon.process.pid]:
        assert not any(memory_has(pid, n) for n in needles)


def test_processes_have_their_own_user_and_no_new_privileges(stage):
    for role, pids in stage.daemon.children().items():
        for pid in pids:
            with open(f"/proc/{pid}/status", encoding="utf-8") as status:
                facts = dict(l.rstrip("\n").split(":\t", 1) for l in status if ":\t" in l)
            assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2", role
            if os.geteuid() == 0:
                assert facts["Uid"].split()[0] != "0", role


# A worker that somebody else has


def message_number(name):
    """As src/proc/msg.h has it."""
    text = pathlib.Path(ROOT, "src/proc/msg.h").read_text(encoding="utf-8")
    body = re.sub(r"/\*.*?\*/", "", re.search(r"enum proc_msg_type \{(.*?)\};", text, re.S).group(1), flags=re.S)
    return re.findall(r"\bPROC_MSG_\w+", body).index(name)


def sockets_of(pid):
    """Inode -> descriptor."""
    found = {}
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(fd)):
                found[match.group(1)] = int(fd.name)
    return found


def channel_between(one, other):
    """The end of one, as if we were it."""
    mine, theirs = sockets_of(one), sockets_of(other)
    pairs = re.findall(r"\* (\d+)\s+\* (\d+)", subprocess.run(["ss", "-xa"], check=True, capture_output=True,
                                                               text=True).stdout)
    fd = next(mine[a] for a, b in pairs if a in mine and b in theirs)
    copy = ctypes.CDLL(None, use_errno=True).syscall(438, os.pidfd_open(one), fd, 0)  # pidfd_getfd
    if copy < 0:
        pytest.skip("nobody may look into processes here")
    return socket.socket(fileno=copy)


def is_served(port, name):
    """By a handshake, with a signature of its key."""
    host = f"{name}.example.org"
    with socket.create_connection(("127.0.0.1", port), 60) as sock, contextlib.suppress(ssl.SSLError), \
            client_context().wrap_socket(sock, server_hostname=host) as client:
        return host.encode() in client.getpeercert(binary_form=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="looks into other users' processes")
def test_who_asks_for_keys_too_early_takes_none_away(tmp_path):
    """Numbers of keys are easy to guess. A worker that asks for those to come does not keep the others from having
    them."""
    os.chmod(tmp_path, 0o755)
    backend = peers.Backend(peers.imap)
    port, = free_ports(1)
    names = ("one", "two", "three")
    pairs = [make_certificate(str(tmp_path), name, host=f"{name}.example.org") for name in names]

    def config(count):
        certificates = "".join(f'c{n} = {{ chain = "{chain}"; key = "{key}"; }}; '
                               for n, (chain, key) in enumerate(pairs[:count]))
        return (f'workers = 1; keys_processes = 1; certificate = {{ {certificates} }};\n'
                f'backend = {{ b = {{ address = ["127.0.0.1:{backend.port}"]; }}; }};\n'
                f'edge = {{ e = {{ protocol = "imap"; listen_tls = ["127.0.0.1:{port}"]; backend = "b"; }}; }};')
    daemon = Daemon(tmp_path, config(1)).ready()
    over = threading.Event()

    def ask(channel):
        frames = b""
        for key_id in range(1, 30):
            payload = struct.pack("!IIHH", 0xffffffff, key_id, 0x0403, 32) + bytes(32)
            frames += struct.pack("!IHH", len(payload), message_number("PROC_MSG_SIGN"), 1) + payload
        while not over.is_set():
            if select.select([], [channel], [], 1)[1]:
                with contextlib.suppress(BlockingIOError):
                    channel.send(frames)
    try:
        children = daemon.children()
        channel = channel_between(children["worker"][0], children["keys"][0])
        asker = threading.Thread(target=ask, args=(channel,))
        asker.start()
        try:
            for count in (2, 3, 1, 2, 3):
                daemon.write(config(count))
                answer = daemon.ctl("reload")
                assert answer.returncode == 0, answer.stdout + answer.stderr
                # The log is full of refusals, and may have no room for more.
                for name in names[:count]:
                    assert wait_until(lambda host=name: is_served(port, host), 60), name
        finally:
            over.set()
            asker.join()
            channel.close()
    finally:
        daemon.close()
        backend.close()
