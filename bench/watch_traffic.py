#!/usr/bin/python3
"""The conversations of bench/watch_speed.py, one behind the other in a capture file: those of the
tests, TLS handshakes and bulk, mail, fetches, pages, syslog, DNS; small frames and full ones.

    ./watch_traffic.py FILE
"""
import pathlib
import random
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))

import watch_talks  # noqa: E402
from capture import Capture  # noqa: E402
from daemon import make_certificate  # noqa: E402
from figures import arguments_of  # noqa: E402

FULL = 1448  # bytes of a segment
LINE = b"Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod te.\r\n"


def bulk(data):
    """Said by the server, acknowledged every other segment."""
    return [("S", data[at:at + 2 * FULL]) for at in range(0, len(data), 2 * FULL)]


def records(noise, count):
    """Application data of TLS, 4 KiB each."""
    return b"".join(b"\x17\x03\x03\x10\x00" + noise.randbytes(4096) for _ in range(count))


def sent_mail(size):
    text = [("C", (LINE * (size // len(LINE)))[at:at + 2 * FULL]) for at in range(0, size, 2 * FULL)]
    return watch_talks.SMTP_HELLO + watch_talks.MAIL[:6] + text + ["C: .", "S: 250 ok", "C: QUIT", "S: 221 bye"]


def fetched(size):
    return watch_talks.IMAP + ["C: a1 SELECT INBOX", "S: a1 OK", "C: a2 FETCH 1 BODY[]",
                               f"S: * 1 FETCH (BODY[] {{{size}}}"] + bulk((LINE * (size // 77 + 1))[:size]) + ["S: )", "S: a2 OK"]


def page(size):
    return ["C: GET /a HTTP/1.1", "C: Host: x", "C: ", ("S", f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())] \
        + bulk((LINE * (size // 77 + 1))[:size])


def write(path):
    """Returns the protocols that have to be found."""
    noise, capture = random.Random(6), Capture()
    with tempfile.TemporaryDirectory() as folder:
        chain = make_certificate(folder)
        sealed = watch_talks.tls_cases(chain)
        session = watch_talks.tls(chain)
    cases = watch_talks.PLAIN_CASES + watch_talks.NOTHING_CASES + sealed
    for number, case in enumerate(cases):
        capture.talk(case.steps, server=f"10.0.1.{number % 200 + 1}", port=1 + number, piece=FULL)
    for number in range(40):
        host = {"server": f"10.0.2.{number + 1}", "piece": FULL}
        capture.talk(session + bulk(records(noise, 10 + number)), port=993, **host)
        capture.talk(session, port=443, **host)
        if number % 4 == 0:
            capture.talk(sent_mail(20000), port=25, **host)
            capture.talk(fetched(60000), port=143, **host)
            capture.talk(page(40000), port=80, **host)
        for line in range(12):
            capture.datagram(b"<38>Oct 1 10:00:00 mx postfix/smtpd[77]: " + b"x" * (60 + 10 * line), server=host["server"], client_port=2000 + number)
        query = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\7example\3org\0\0\1\0\1"
        for back in (False, True):
            capture.datagram(query[:2] + b"\x81\x80" + query[4:] if back else query, server=host["server"], port=53,
                             client_port=3000 + number, back=back)
    capture.save(path)
    return {case.protocol for case in cases} | {"syslog", "dns"}


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("file")
    print(" ".join(sorted(write(parser.parse_args().file))))


if __name__ == "__main__":
    main()
