"""Bytes of a client that come when the server has ended and much of its last answer is still on its way: none
of the answer is lost, however late the client begins to read."""
import contextlib
import socket
import threading
import time

import pytest

from daemon import Daemon, Talk, free_ports, make_certificate

SIZE = 3_000_000  # the socket takes all that the client does not
LATE_S = 3        # longer than an edge lingers when all is received


def answer(sock):
    with contextlib.suppress(OSError), sock, sock.makefile("rb") as lines:
        sock.sendall(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n")
        for line in lines:
            if b"BIG" in line:
                sock.sendall(b"x" * SIZE)
                sock.shutdown(socket.SHUT_WR)
            else:
                sock.sendall(line.split()[0] + b" OK done\r\n")


@pytest.fixture
def backend():
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


@pytest.mark.parametrize("compact", ["true", "false"])
def test_late_bytes_lose_nothing(tmp_path, backend, compact):
    tmp_path.chmod(0o755)
    chain, key = make_certificate(str(tmp_path))
    port = free_ports(1)[0]
    daemon = Daemon(tmp_path, f"""workers = 1; tls = {{ compact = {compact}; }};
certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ imap = {{ address = ["127.0.0.1:{backend}"]; client_info = "none"; accept = ["no-client-info"]; }}; }};
edge = {{ imap = {{ protocol = "imap"; listen_tls = ["127.0.0.1:{port}"]; backend = "imap"; }}; }};""").ready()
    try:
        talk = Talk(port, 60).starttls()
        talk.line()
        assert b"OK" in talk.say(b"a LOGIN alice@example.com secret\r\n").line()
        talk.say(b"b BIG\r\n")
        time.sleep(LATE_S)  # what is tested: a client that is slow
        talk.say(b"c NOOP\r\n" * 20)
        got = 0
        while more := talk.sock.recv(65536):
            got += len(more)
        assert got == SIZE
    finally:
        daemon.close()
