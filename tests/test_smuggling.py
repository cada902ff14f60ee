"""One message in is one message out, and only CR LF ends a line (RFC 5321 2.3.8)."""
import itertools
import os
import random
import re
import socket

import pytest

import peers
from daemon import Daemon, Talk, free_ports
from edges import edge_config

NAMES = {b"\r": "CR", b"\n": "LF", b"\0": "NUL"}
UNITS = list(NAMES)
RUNS = [b"".join(p) for n in (1, 2) for p in itertools.product(UNITS, repeat=n)]
# What SEC Consult tried in 2023, and what was tried after it.
KNOWN = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r.\n", b"\n.\r",
         b"\n\n.\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\n.\r\0\n", b"\r\n.\r\r\n",
         b"\r\n..\n", b"\r\n .\r\n", b"\r\n.\t\r\n", b"\r\n.\x0b\r\n",
         b"\r\n.\x0c\r\n", b"\x85.\x85", b"\r\n\n.\r", b"\n.\n\r\n"]
EVIL = b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nevil\r\n.\r\n"


def words(data):
    return " ".join(NAMES.get(bytes([c]), repr(chr(c))[1:-1]) for c in data)


def open_mail(port, starttls=False):
    talk = Talk(port)
    talk.line()
    talk.say(b"EHLO x\r\n").reply()
    if starttls:
        talk.say(b"STARTTLS\r\n").line()
        talk.starttls()
        talk.say(b"EHLO x\r\n").reply()
    return talk


def leave(talk):
    talk.say(b"QUIT\r\n").reply()
    talk.close()


def envelope(talk, command=b"DATA\r\n", params=b""):
    for line in (b"MAIL FROM:<a@example.net>" + params + b"\r\n", b"RCPT TO:<b@example.org>\r\n"):
        assert talk.say(line).reply().startswith(b"250 ")
    if command:
        assert talk.say(command).reply().startswith(b"354 ")


def body_of(text):
    """Without our Received, which ends with the date."""
    head, body = re.match(rb"(Received: .*?\+0000\r\n)(.*)\Z", text, re.DOTALL).groups()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", head)
    return body


def assert_canonical(text):
    """Nothing that any server could take for the end of a message, or of a line but CR LF."""
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", text), text
    assert not re.search(rb"(?:\A|\r\n)\.\r\n", text), text


def assert_one_message(session, marker=b"evil@example.net"):
    assert len(session["messages"]) == 1 and marker in session["messages"][0], session
    assert_canonical(session["messages"][0])
    assert [l.split()[0] for l in session["lines"]].count(b"MAIL") == 1


@pytest.fixture(scope="module")
def mx(stage):
    """A session of its own for each message, with the backend's view of it."""
    def send(*segments, wait=b"250 "):
        talk = open_mail(stage.ports["mx"][0])
        talk.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        envelope(talk)
        for segment in segments:
            talk.say(segment)
        assert talk.reply().startswith(wait)
        leave(talk)
        talk.close()
        return stage.smtp.sessions[-1]
    return send


SEQUENCES = sorted({before + b"." + after for before in RUNS for after in RUNS}
                   - {b"\r\n.\r\n"} | set(KNOWN))


@pytest.mark.parametrize("group", range(4))
def test_only_cr_lf_dot_cr_lf_ends_a_message(mx, group):
    """Every run of one or two of CR, LF and NUL in front of a dot and behind it."""
    for sequence in SEQUENCES[group::4]:
        assert_one_message(mx(b"one" + sequence + EVIL))


@pytest.mark.parametrize("sequence", KNOWN[:8], ids=words)
def test_split_over_segments_the_same_holds(mx, sequence):
    for at in range(1, len(sequence)):
        assert_one_message(mx(b"one" + sequence[:at], sequence[at:] + EVIL))


def test_the_true_end_may_come_in_five_segments(mx):
    session = mx(b"one evil@example.net", b"\r", b"\n", b".", b"\r", b"\n")
    assert_one_message(session)
    assert body_of(session["messages"][0]) == b"one evil@example.net\r\n"


@pytest.mark.parametrize("first", [b".\n", b".\r", b"\n.\n", b"\r.\r", b"\0.\r\n"], ids=words)
def test_an_end_at_the_very_start_is_none(mx, first):
    assert_one_message(mx(first + EVIL))


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\0\r\n", b"\r\r\n", b"\n\r\n", b"\x7f\r\n",
                                 b"\x0b\r\n", b"\r\0\n"], ids=words)
@pytest.mark.parametrize("command", [b"NOOP", b"MAIL FROM:<a@example.net>", b"RSET", b"VRFY x"])
def test_a_command_with_another_end_is_not_passed_on(stage, end, command):
    """Behind it comes what a server with other ideas of a line would take for a command."""
    talk = open_mail(stage.ports["mx"][0])
    envelope(talk, None)
    session = stage.smtp.sessions[-1]
    count = len(session["lines"])
    talk.say(command + end + b"EXPN evil\r\nQUIT\r\n")
    said = talk.reply()
    assert said.startswith(b"500 5.5.2 "), said
    talk.close()
    stage.smtp.wait(lambda: session.get("ended"))
    late = session["lines"][count:]
    assert not any(b"\r" in l[:-2] or b"\0" in l or not l.endswith(b"\r\n") for l in late), late
    if end in (b"\n", b"\r", b"\r\r\n", b"\n\r\n", b"\r\0\n"):  # these end the session
        assert not any(l.startswith(b"EXPN") for l in late), late


@pytest.mark.parametrize("command", [
    b"MAIL FROM:<a\r@example.net>\r\n", b"MAIL FROM:<a\n@example.net>\r\n",
    b"MAIL FROM:<a@example.net>\rRCPT TO:<evil@example.org>\r\n",
    b"MAIL FROM:<a@example.net>\nRCPT TO:<evil@example.org>\r\n",
    b'MAIL FROM:<"a\r\n"@example.net>\r\n', b"MAIL FROM:<a@example.net> SIZE=1\r SIZE=2\r\n",
    b"MAIL FROM:<a\0@example.net>\r\n", b"EHLO a\rb\r\n", b"EHLO a\0b\r\n",
    b"RCPT TO:<b\r\0\n@example.org>\r\n"], ids=words)
@pytest.mark.parametrize("split", [False, True])
def test_line_ends_inside_an_argument_are_refused(stage, command, split):
    talk = open_mail(stage.ports["mx"][0])
    talk.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sessions = len(stage.smtp.sessions)
    parts = re.split(rb"(?<=[\r\n\0])", command) if split else [command]
    try:
        for part in filter(None, parts):
            talk.say(part)
        said = talk.reply()
    except ConnectionError:
        said = b"5"
    if command.startswith(b'MAIL FROM:<"a\r\n'):  # two lines, each bad as such
        assert said[:1] in b"25"
    else:
        assert said.startswith(b"500 "), said
    talk.close()
    stage.daemon.settle()
    for session in stage.smtp.sessions[sessions:]:
        lines = b"".join(session["lines"])
        assert_canonical(lines)
        assert b"evil" not in lines


def test_what_is_pipelined_behind_a_bad_line_does_not_run(stage):
    sessions = len(stage.smtp.sessions)
    talk = open_mail(stage.ports["mx"][0])
    talk.say(b"NOOP\n" + EVIL)
    assert talk.reply().startswith(b"500 5.5.2 ") and not talk.line()
    assert len(stage.smtp.sessions) == sessions


# BDAT

def bdat(talk, size, data=b"", last=False):
    return talk.say(b"BDAT %d%s\r\n" % (size, b" LAST" if last else b"") + data).reply()


def test_a_smuggled_end_inside_a_chunk_is_text(stage):
    talk = open_mail(stage.ports["mx"][0])
    envelope(talk, None)
    text = b"one\r\n.\r\n" + EVIL
    assert bdat(talk, len(text), text, True).startswith(b"250 ")
    leave(talk)
    session = stage.smtp.sessions[-1]
    assert body_of(b"".join(session["chunks"])) == text
    assert [l.split()[0] for l in session["lines"]].count(b"MAIL") == 1


@pytest.mark.parametrize("sequence", KNOWN[:12], ids=words)
@pytest.mark.parametrize("cut", [0, 1, 2])
def test_chunks_leave_without_bare_cr_lf_or_nul(stage, sequence, cut):
    talk = open_mail(stage.ports["mx"][0])
    envelope(talk, None)
    text = b"one" + sequence + b"two\r\n"
    parts = [text] if not cut else [text[:3 + cut], text[3 + cut:]]
    for i, part in enumerate(parts):
        assert bdat(talk, len(part), part, i == len(parts) - 1).startswith(b"250 ")
    leave(talk)
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", b"".join(stage.smtp.sessions[-1]["chunks"]))


@pytest.mark.parametrize("args", [b"", b"-1", b"+5", b"0x5", b"5.0", b"5 LASTX", b"5 LAST LAST",
                                  b"LAST", b"5,0 LAST", b"99999999999999999999", b"5\tLAST",
                                  b"5 LAST\0", b"18446744073709551616", b"4294967297 LAST x"])
def test_a_chunk_of_no_size_ends_the_session(stage, args):
    """What follows is no command, whatever it says."""
    talk = open_mail(stage.ports["mx"][0])
    envelope(talk, None)
    session = stage.smtp.sessions[-1]
    talk.say(b"BDAT " + args + b"\r\nXXXXX" + EVIL)
    said = talk.reply()
    assert said.startswith(b"5") and not talk.line(), said
    talk.close()
    stage.smtp.wait(lambda: session.get("ended"))
    lines = b"".join(session["lines"])
    assert not session.get("chunks") and not session["messages"] and b"evil" not in lines


@pytest.mark.parametrize("size", [60, 2 ** 31, 2 ** 32 + 5, 2 ** 63, 2 ** 64 - 1])
def test_a_chunk_that_says_too_much_swallows_commands(stage, size):
    talk = open_mail(stage.ports["mx"][0])
    envelope(talk, None)
    session = stage.smtp.sessions[-1]
    talk.say(b"BDAT %d LAST\r\nonly this\r\nQUIT\r\n" % size)
    talk.close()  # without the rest
    stage.smtp.wait(lambda: session.get("ended"))
    assert not any(b"LAST" in l for l in session["lines"])


def test_a_chunk_that_says_too_little_leaves_commands(stage):
    """That is what the client asked for; the backend gets the same two pieces."""
    talk = open_mail(stage.ports["mx"][0])
    envelope(talk, None)
    assert bdat(talk, 3, b"one\r\nNOOP\r\n", True).startswith(b"250 ")
    assert talk.reply().startswith(b"500 ")  # the empty line
    assert talk.reply().startswith(b"250 ")
    leave(talk)
    assert body_of(b"".join(stage.smtp.sessions[-1]["chunks"])) == b"one"


def test_empty_chunks_are_chunks(stage):
    talk = open_mail(stage.ports["mx"][0])
    envelope(talk, None)
    for size, data, last in ((0, b"", False), (4, b"a\r\nb", False), (0, b"", False),
                             (0, b"", True)):
        assert bdat(talk, size, data, last).startswith(b"250 ")
    envelope(talk, None)
    assert bdat(talk, 0, b"", True).startswith(b"250 ")
    leave(talk)
    text = b"".join(stage.smtp.sessions[-1]["chunks"])
    assert text.count(b"Received: ") == 2 and b"a\r\nb" in text


def test_data_in_the_middle_of_chunks_is_the_backends_to_refuse(stage):
    talk = open_mail(stage.ports["mx"][0])
    assert talk.say(b"BDAT 5 LAST\r\nhello").reply().startswith(b"503 ")  # MAIL comes before
    assert talk.is_closed()


# What is canonical passes unchanged.

def random_lines(rand):
    """Canonical mail that likes dots: any byte but CR, LF and NUL, lines of any length."""
    lines = []
    for _ in range(rand.randrange(0, 40)):
        kind = rand.random()
        line = bytes(rand.choice(b".. \tab\x01\x1f\x7f\x80\x85\xff")
                     for _ in range(rand.randrange(0, 12)))
        if kind < 0.3:
            line = b"." * rand.randrange(1, 4) + line
        elif kind < 0.4:
            line = bytes(c for c in rand.randbytes(rand.choice((70, 998, 5000)))
                         if c not in b"\r\n\0")
        lines.append(line)
    return lines


def segments(rand, data):
    while data:
        cut = rand.choice((1, 2, 3, 7, 100, 4000, 70000))
        yield data[:cut]
        data = data[cut:]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("starttls", [False, True])
def test_canonical_mail_arrives_byte_by_byte(stage, seed, starttls):
    rand = random.Random(f"mail {seed} {starttls}")
    talk = open_mail(stage.ports["mx"][0], starttls)
    wanted = []
    for _ in range(12):
        lines = random_lines(rand)
        text = b"".join(l + b"\r\n" for l in lines)
        wanted.append(text)
        envelope(talk)
        stuffed = re.sub(rb"(?m)(?:\A|(?<=\r\n))\.", b"..", text)
        for part in segments(rand, stuffed + b".\r\n"):
            talk.say(part)
        assert talk.reply().startswith(b"250 ")
    leave(talk)
    got = [body_of(re.sub(rb"(?:\A|(?<=\r\n))\.\.", b".", m))
           for m in stage.smtp.sessions[-1]["messages"]]
    assert got == wanted


@pytest.mark.parametrize("seed", range(3))
def test_chunked_mail_arrives_byte_by_byte(stage, seed):
    rand = random.Random(f"chunks {seed}")
    talk = open_mail(stage.ports["mx"][0], True)
    for _ in range(6):
        text = b"".join(l + b"\r\n" for l in random_lines(rand)) + rand.choice((b"", b"no end"))
        envelope(talk, None)
        rest = text
        before = len(stage.smtp.sessions[-1].get("chunks", []))
        while rest:
            size = min(len(rest), rand.choice((1, 2, 5, 1000, 100000)))
            assert bdat(talk, size, rest[:size]).startswith(b"250 ")
            rest = rest[size:]
        assert bdat(talk, 0, b"", True).startswith(b"250 ")
        assert body_of(b"".join(stage.smtp.sessions[-1]["chunks"][before:])) == text
    leave(talk)


# bare_newline = "reject"

@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strict")
    os.chmod(folder, 0o755)
    backend = peers.Backend(peers.smtp)
    port, other = free_ports(2)
    daemon = Daemon(folder, "workers = 1;\n" + edge_config(
        {"smtp": backend.port}, {"mx": (port, other)},
        {"mx": 'bare_newline = "reject";'})).ready()
    daemon.port, daemon.backend = port, backend
    yield daemon
    daemon.close()
    backend.close()


@pytest.mark.parametrize("sequence", KNOWN[:12], ids=words)
@pytest.mark.parametrize("way", ["DATA", "BDAT"])
def test_where_it_is_refused_nothing_arrives(strict, sequence, way):
    seen = len(strict.events)
    talk = open_mail(strict.port)
    port = talk.sock.getsockname()[1]
    envelope(talk, b"DATA\r\n" if way == "DATA" else None)
    text = b"one" + sequence + b"two\r\n"
    if way == "DATA":
        talk.say(text + b".\r\n")
    else:
        talk.say(b"BDAT %d LAST\r\n" % len(text) + text)
    assert talk.reply().startswith(b"550 5.6.0 ")
    assert not talk.line()
    talk.close()
    session = strict.backend.sessions[-1]
    strict.backend.wait(lambda: session.get("ended"))
    assert not session["messages"] and not any(b"LAST" in l for l in session["lines"])
    record = strict.wait("session ended", after=seen, port=str(port))
    assert record["outcome"] == "smuggling" and record["bare_newlines"] != "0"


def test_where_it_is_refused_good_mail_passes(strict):
    talk = open_mail(strict.port)
    envelope(talk)
    assert talk.say(b"..one\r\n\r\ntwo\r\n.\r\n").reply().startswith(b"250 ")
    leave(talk)
    assert body_of(strict.backend.sessions[-1]["messages"][0]) == b"..one\r\n\r\ntwo\r\n"
