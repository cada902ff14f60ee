"""The private key is in the memory of keys and of no other process; processes are boxed."""
import base64
import os
import re
import subprocess

from daemon import Talk


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
