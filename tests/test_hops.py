"""mailseal hops: a message's way, hop by hop, from its Received fields."""
import contextlib
import json
import os
import pty
import random
import re
import resource
import subprocess
import threading
import time

import pytest

from daemon import BINARY, ROOT

CHAINS = os.path.join(ROOT, "tests", "hops", "chains.txt")
EXITS = {"plain": 1, "legacy": 1, "unknown": 2, "encrypted": 2, "sealed": 0, "local": 0}


def hops(*arguments, mail=None, path="-", **more):
    if isinstance(mail, str):
        mail = mail.encode()
    return subprocess.run([BINARY, "hops", *arguments, path], input=mail, capture_output=True,
                          timeout=60, check=False, **more)


def asked(mail, *arguments):
    done = hops("--json", *arguments, mail=mail)
    assert not done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


class Chain:
    """One of chains.txt."""

    def __init__(self, text):
        head, _, self.mail = text.partition("\n\n")
        self.name, *lines = head.splitlines()
        self.arguments, self.result, self.hops = [], None, []
        for line in lines:
            key, _, value = line.partition(": ")
            if key == "hop":
                self.hops.append(value.split())
            elif key == "args":
                self.arguments = value.split()
            else:
                assert key == "result", line
                self.result = value


def chains():
    with open(CHAINS, encoding="utf-8") as text:
        return [Chain(part) for part in text.read().split("\n== ")[1:]]


def told(hop):
    """A hop of the answer, in the words of chains.txt."""
    words = [hop[key] for key in ("verdict", "leg", "grade", "version", "cipher", "group")]
    words += [key for key in ("guessed", "authenticated", "claimed") if hop[key]]
    return [word.replace(" ", "_") for word in words if word]


@pytest.mark.parametrize("chain", chains(), ids=lambda chain: chain.name)
def test_chain(chain):
    code, answer = asked(chain.mail, *chain.arguments)
    assert [told(hop) for hop in answer["hops"]] == chain.hops
    assert answer["result"] == chain.result and code == EXITS[chain.result]
    quiet = hops("--quiet", *chain.arguments, mail=chain.mail)
    assert quiet.stdout == chain.result.encode() + b"\n" and quiet.returncode == code


def test_there_are_enough_chains():
    assert len(chains()) >= 80
    assert len({chain.name for chain in chains()}) == len(chains())


SEALED = b"""Received: from a.example (a.example [203.0.113.1])
\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))
\tby mx.example (Postfix) with ESMTPS id 4X; Tue, 24 Nov 2026 06:28:09 +0000
"""
PLAIN = b"""Received: from b.example (b.example [203.0.113.2])
\tby mx.example (Postfix) with ESMTP id 4Y; Tue, 24 Nov 2026 06:30:09 +0000
"""
SENDER = b"From somebody@example.org Tue Nov 24 06:28:09 2026\n"


def manual():
    with open(f"{ROOT}/doc/mailseal-hops.1", encoding="utf-8") as page:
        return page.read().replace("\\-", "-")


# --- a message ---


def test_lines_of_any_kind():
    """CRLF or LF, folded anywhere, other fields between, a "From " line before."""
    _, plainly = asked(SEALED + PLAIN + b"\nbody")
    assert len(plainly["hops"]) == 2
    for mail in (SEALED.replace(b"\n", b"\r\n") + PLAIN + b"\r\nbody",
                 (SEALED + b"Subject: x\n" + PLAIN).replace(b" ", b"\n \n "),
                 SEALED + b"Subject: x\n y\n" + PLAIN,
                 b"no header line\n" + SENDER + SEALED + b"\x00\xff\n" + PLAIN,
                 SENDER + SEALED + PLAIN):
        assert asked(mail)[1] == plainly, mail


def test_what_is_in_the_body_is_not_read():
    assert len(asked(SEALED + b"\n" + PLAIN)[1]["hops"]) == 1


def test_no_more_than_the_header_is_read(tmp_path):
    """Of a file a block at most; and a pipe need not end."""
    path = tmp_path / "mail"
    path.write_bytes(SEALED + b"\n" + b"x" * 10_000_000)
    with open(path, "rb") as mail:
        done = subprocess.run([BINARY, "hops", "-q", "-"], stdin=mail, capture_output=True,
                              timeout=60, check=False)
        assert done.stdout == b"sealed\n" and os.lseek(mail.fileno(), 0, os.SEEK_CUR) <= 65536
    with subprocess.Popen([BINARY, "hops", "-q", "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as still_open:
        still_open.stdin.write(SEALED + b"\n")
        still_open.stdin.flush()
        late = threading.Timer(60, still_open.kill)
        late.start()
        assert still_open.stdout.read() == b"sealed\n" and still_open.wait(60) == 0
        late.cancel()


def test_table():
    done = hops(mail=PLAIN + SEALED)
    lines = done.stdout.decode().splitlines()
    assert re.match(r" *hop +from +by +leg +encryption", lines[0])
    assert re.search(r"1 +a\.example \[203\.0\.113\.1\] +mx\.example +between +"
                     r"encrypted \(TLS 1\.3\) +sealed +ESMTPS +- ", lines[1])
    assert re.search(r"2 +b\.example .* plaintext +- +ESMTP +2 min ", lines[2])
    assert lines[-1].startswith("plain: ") and "--trust" in done.stdout.decode()
    assert b"\033" not in done.stdout and b"secure" not in done.stdout
    trusting = hops("--trust", "mx.example", mail=PLAIN + SEALED).stdout.decode().splitlines()
    assert trusting[1].startswith("claimed") and trusting[2].startswith("evidence")
    assert "--trust" not in "\n".join(trusting)


def test_backend_of_a_pair():
    mail = (b"Received: from a.example (a.example [203.0.113.1]) by mx.example (Postfix)\n"
            b" with ESMTP id 4B; Tue, 24 Nov 2026 06:28:10 +0000\n"
            b"Received: from a.example ([203.0.113.1]) by edge.example (mailseal) with ESMTPS\n"
            b" id 5f00c1d2e3a4b596 tls TLS_AES_256_GCM_SHA384 group X25519 (TLSv1.3);\n"
            b" Tue, 24 Nov 2026 06:28:09 +0000\n")
    code, answer = asked(mail)
    hop, = answer["hops"]
    assert hop["backend"] == "mx.example" and hop["backend_verdict"] == "plaintext" and code == 1
    assert b"1: from mailseal on to mx.example: plaintext" in hops(mail=mail).stdout
    assert asked(mail.replace(b"edge.example", b"mx.example"))[1]["result"] == "sealed"


def test_colour_is_for_terminals():
    main, other = pty.openpty()
    with subprocess.Popen([BINARY, "hops", "-"], stdin=subprocess.PIPE, stdout=other) as running:
        os.close(other)
        late = threading.Timer(60, running.kill)
        late.start()
        running.stdin.write(PLAIN + b"\n")
        running.stdin.close()
        shown = b""
        while b"plain: " not in shown:
            shown += os.read(main, 4096)
        late.cancel()
    os.close(main)
    assert re.search(rb"\033\[31m .*plaintext.*\033\[0m", shown)


HOSTILE = (b"Received: from \x1b[31m<script>&\xc2\x9b2J\xe2\x80\xae (\x07x\x7f [203.0.113.1])\n"
           b"\tby mx\x1b]0;t\x07.example (Postfix) with ESMTP\x08 id \xff\x00\x1b; 24 Nov 2026\n")


def test_what_strangers_wrote_is_escaped():
    for arguments in ((), ("--json",), ("--trust", "x.example")):
        shown = hops(*arguments, mail=HOSTILE).stdout
        assert re.fullmatch(rb"[\n -~]+", shown), shown
    mbox = b"".join(SENDER + PLAIN.replace(b"b.example", b"\x1b[2Jb.example") + b"\n" for _ in "ab")
    for arguments in (("--mbox",), ("--mbox", "--json")):
        assert re.fullmatch(rb"[\n -~]+", hops(*arguments, mail=mbox).stdout)


def test_manual_has_all_words():
    text = manual()
    _, answer = asked(PLAIN)
    for key in [*answer, *answer["hops"][0]]:
        assert f'"{key}"' in text, key
    for word in EXITS:
        assert re.search(rf"^\.B {word}$", text, re.M), word


# --- many ---


@pytest.fixture(name="mails")
def fixture_mails(tmp_path):
    (tmp_path / "sealed").write_bytes(SEALED + b"\nFrom here it is the body\n")
    (tmp_path / "plain").write_bytes(PLAIN + b"\nbody\n")
    return tmp_path


def sums(*paths, **more):
    done = subprocess.run([BINARY, "hops", "--json", *map(str, paths)], capture_output=True,
                          timeout=60, check=False, **more)
    return done.returncode, json.loads(done.stdout)


def peers(answer):
    return {peer["peer"]: (peer["hops"], peer["encrypted"], peer["plain"])
            for peer in answer["peers"]}


BOTH = {"a.example": (1, 1.0, 0), "b.example": (1, 0.0, 1)}


def test_several_files(mails):
    code, answer = sums(mails / "sealed", mails / "plain")
    assert code == 1 and answer["messages"] == 2 and peers(answer) == BOTH
    assert answer["results"]["sealed"] == answer["results"]["plain"] == 1
    done = subprocess.run([BINARY, "hops", mails / "sealed", mails / "plain"], check=False,
                          capture_output=True, text=True, timeout=60)
    assert re.search(r"^b\.example +1 +0\.0 % .*\n(.*\n)*2 messages, 1 plain, 1 sealed$", done.stdout, re.M)


def test_mbox(mails):
    mbox = SENDER + SEALED + b"\nbody\n>From me\nFrom you\n\n" + SENDER + PLAIN + b"\n\n"
    (mails / "mbox").write_bytes(mbox)
    assert peers(sums(mails / "mbox")[1]) == BOTH
    assert peers(sums("--mbox", "-", input=mbox)[1]) == BOTH
    # What a pipe brings is one message.
    assert len(sums("-", input=mbox)[1]["hops"]) == 1


@pytest.mark.parametrize("folders", [("new", "cur"), ("cur",), (".",)])
def test_folder(mails, folders):
    maildir = mails / "maildir"
    for name, folder in zip(("sealed", "plain"), folders * 2):
        (maildir / folder).mkdir(parents=True, exist_ok=True)
        (mails / name).rename(maildir / folder / name)
    (maildir / ".hidden").write_bytes(PLAIN)
    assert peers(sums(maildir)[1]) == BOTH


def test_what_cannot_be_read(mails):
    done = hops("-q", path=str(mails / "nowhere"))
    assert done.returncode == 2 and not done.stdout
    assert done.stderr == f"mailseal hops: {mails}/nowhere: No such file or directory\n".encode()
    done = hops("-q", str(mails / "nowhere"), path=str(mails / "sealed"))
    assert done.returncode == 2 and done.stdout == b"sealed\n"


@pytest.mark.parametrize("arguments, words", [
    ((), "a file is wanted"),
    (("--trust", "a b", "-"), '--trust "a b"'),
    (("--terminator", "10.0.0.0/99", "-"), '--terminator "10.0.0.0/99"'),
    (("--json", "--quiet", "-"), "not both"),
    (("--nonsense", "-"), "nonsense"),
])
def test_wrong_usage(arguments, words):
    done = subprocess.run([BINARY, "hops", *arguments], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2 and words in done.stderr and not done.stdout


def test_help():
    done = subprocess.run([BINARY, "hops", "--help"], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0 and "Example: mailseal hops" in done.stdout


# --- broken ---

MEMORY_MAX = 96 * 2**20  # of address space, libraries included


def few_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))


def memory_of(process):
    """The most that it had, in KiB; 0: it is over."""
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
        return int((re.findall(r"VmHWM:\s+(\d+)", status.read()) or [0])[0])


def measured(arguments, pieces, patience_s=60):
    """The answer, and how much memory it took; pieces of the mail come one by one."""
    memory_kib = 0
    with subprocess.Popen([BINARY, "hops", *arguments, "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, preexec_fn=few_memory) as running:
        late = threading.Timer(patience_s, running.kill)
        late.start()
        try:
            for piece in pieces:
                running.stdin.write(piece)
            running.stdin.flush()
            memory_kib = memory_of(running)
        except BrokenPipeError:
            pass  # it has what it wants
        with contextlib.suppress(BrokenPipeError):
            running.stdin.close()
        shown = running.stdout.read()
        running.wait()
        late.cancel()
    return running.returncode, shown, memory_kib


NOISE = random.Random(5)
BY = b" by mx.example (Postfix) with ESMTP id 1; Tue, 24 Nov 2026 06:28:09 +0000\n"


BROKEN = [
    ([b"\0" * 1_000_000], "unknown"),
    ([b"Received: \0" + BY, b"\0\n"], "plain"),
    ([b"Received: from ", b"x" * 10 * 2**20, BY], "unknown"),
    ([b"x" * 10 * 2**20, b": y\n", PLAIN], "plain"),
    ([b"X: "] + [b"y\n " * 2**20] * 5 + [b"\n", PLAIN], "plain"),
    ([PLAIN] * 100_000, "plain"),
    ([SEALED] * 100_000, "unknown"),
    ([b"Received: by x ", b"(" * 10_000, b")" * 10_000, BY], "unknown"),
    ([b"Received: from x ", b"(" * 8_000, b")" * 8_000, BY], "plain"),
    ([b"Received: by x ", b"(" * 10_000], "unknown"),
    ([b"Received: by x ", b"<\"" * 8_000], "unknown"),
    ([b"Received: by x ", b"(<" * 8_000], "unknown"),
    ([b"Received: by x", b"\\" * 16_000], "unknown"),
    ([b"Received:"] + [b" by" * 5_000], "unknown"),
    ([b"Received: from x by y with"], "unknown"),
    ([b""], "unknown"),
    ([NOISE.randbytes(4 * 2**20)], "unknown"),
    ([b"Received: ", NOISE.randbytes(10_000).replace(b"\n\n", b"")], "unknown"),
    ([b"Authentication-Results: x; ", b"(;\"" * 5_000, b"\n", PLAIN], "plain"),
]


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_broken_mail_is_read_in_bounds(number):
    mail, result = BROKEN[number]
    code, shown, _ = measured(["-q"], mail)
    assert shown.decode().strip() == result and code == EXITS[result]


# --- fuzzed ---

TOKENS = [b"(", b")", b"\\", b'"', b"<", b">", b";", b"\0", b"\r", b"\n", b"\n ", b"\r\n\t", b"\n\n",
          b" by ", b" with ESMTPS ", b" tls 0x1301 group ", b"(using TLSv1.3 with cipher ",
          b"Received: ", b"[::ffff:", b"helo=", b"=" * 300, b"(" * 900, b"\xff\x1b[2J"]


def mutated(rng, mails):
    """A mail after some accidents."""
    mail = bytearray(rng.choice(mails))
    for _ in range(rng.randrange(1, 6)):
        at, size = rng.randrange(len(mail) + 1), rng.randrange(64)
        accident = rng.randrange(5)
        if accident == 0:
            mail[at:at] = rng.choice(TOKENS)
        elif accident == 1:
            mail[at:at + size] = rng.randbytes(size)
        elif accident == 2:
            del mail[at:at + size]
        elif accident == 3:
            mail[at:at] = mail[at:at + 8 * size]
        else:
            other = rng.choice(mails)
            mail[at:] = other[rng.randrange(len(other)):]
    if not rng.randrange(5000):
        mail += rng.choice(TOKENS)[:1] * 2**20
    return bytes(mail)


def mutated_mbox(size):
    """Blocks of an mbox of mutated mails, the same each time; and how many they are."""
    rng = random.Random(20261124)
    mails = [chain.mail.strip("\n").encode() for chain in chains()]
    written = count = 0
    while written < size:
        block = []
        while len(block) < 256:
            block.append(SENDER + mutated(rng, mails) + b"\n\n")
        count += len(block)
        written += sum(map(len, block))
        yield b"".join(block), count


def test_fuzzed_mail():
    """FUZZ_MIB of it; make soak T=hops takes 1024."""
    size = int(os.environ.get("FUZZ_MIB", "8")) * 2**20
    counts = []

    def pieces():
        for block, count in mutated_mbox(size):
            counts.append(count)
            yield block

    begun = time.monotonic()
    code, shown, memory_kib = measured(["--mbox", "--json"], pieces(), 3600)
    answer = json.loads(shown)
    assert code == 1 and answer["messages"] == counts[-1]
    assert sum(answer["results"].values()) == counts[-1]
    assert memory_kib > 0
    print(f"{size // 2**20} MiB of fuzzed mail, {counts[-1]} messages, "
          f"{time.monotonic() - begun:.0f} s, {memory_kib // 1024} MiB of memory at most")
