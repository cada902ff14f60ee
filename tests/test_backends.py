"""Several addresses of a backend are tried in turn, for each protocol; the record names the one."""
import os

import pytest

import peers
from daemon import Daemon, Talk, client_context, free_ports, make_certificate

SERVE = {"smtp": peers.smtp, "submission": peers.smtp, "imap": peers.imap, "pop3": peers.pop3}
SAY = {"smtp": (b"EHLO x\r\n", b"MAIL FROM:<a@example.net>\r\n", b"QUIT\r\n"),
       "submission": (b"EHLO x\r\n", b"QUIT\r\n"),
       "imap": (b"a LOGIN alice secret\r\n", b"b LOGOUT\r\n"),
       "pop3": (b"USER alice\r\n", b"QUIT\r\n")}


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
@pytest.mark.parametrize("protocol", SERVE)
def test_the_next_address_is_tried(tmp_path, protocol, log_format):
    os.chmod(tmp_path, 0o755)
    backend = peers.Backend(SERVE[protocol])
    dead, plain, tls = free_ports(3)
    chain, key = make_certificate(str(tmp_path))
    listen_tls = f'listen_tls = ["127.0.0.1:{tls}"];' if protocol != "smtp" else ""
    daemon = Daemon(tmp_path, f'''workers = 1; log_format = "{log_format}"; drain_timeout = "1s";
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ b = {{ address = ["127.0.0.1:{dead}", "127.0.0.1:{backend.port}"]; }}; }};
edge = {{ e = {{ protocol = "{protocol}"; listen = ["127.0.0.1:{plain}"]; {listen_tls}
                 backend = "b"; }}; }};''').ready()
    try:
        talk = Talk(tls if listen_tls else plain)
        if listen_tls:
            talk.sock = client_context().wrap_socket(talk.sock)
        assert talk.line()
        for line in SAY[protocol]:
            talk.say(line)
            assert talk.reply() if SERVE[protocol] is peers.smtp else talk.line(), line
        talk.close()
        ended = daemon.wait("session ended", edge="e")
        assert ended["backend"] == f"127.0.0.1:{backend.port}"
        assert ended["protocol"] == protocol
    finally:
        daemon.close()
        backend.close()
