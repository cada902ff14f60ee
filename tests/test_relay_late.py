"""Far ends that say nothing at all. The worker's clock runs 300 times as fast, so that minutes are
over soon: every one of its waits ends, with 4yz."""
import os
import shutil
import subprocess
import tempfile
import threading

import pytest

from names import ANCHOR
from test_relay import TEXT, Mta, Relay

FASTER = 300
CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
static int (*real)(clockid_t, struct timespec *);
static struct timespec began;
__attribute__((constructor)) static void begin(void)
{
	char line[256] = "";
	FILE *file = fopen("/proc/self/cmdline", "r");
	size_t len = file ? fread(line, 1, sizeof(line), file) : 0;
	if (memmem(line, len, "worker", 6))
		clock_gettime(CLOCK_MONOTONIC, &began);
	if (file)
		fclose(file);
}
int clock_gettime(clockid_t id, struct timespec *t)
{
	/* Libraries ask while they are loaded, before any constructor here. */
	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	int r = real(id, t);
	if (r || !began.tv_sec || (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE))
		return r;
	long long ns = (t->tv_sec - began.tv_sec) * 1000000000LL + t->tv_nsec - began.tv_nsec;
	ns = ns * FASTER + began.tv_nsec;
	t->tv_sec = began.tv_sec + ns / 1000000000;
	t->tv_nsec = ns % 1000000000;
	return r;
}
"""
MOMENTS = ["greeting", "EHLO", "STARTTLS", "handshake", "MAIL", "RCPT", "DATA", "text", "end"]
STEPS = {"DATA": 3, "text": 4, "end": 4}  # replies up to the last: to MAIL and RCPT, DATA, text


class Silent:
    """Never speaks at that moment, nor reads."""

    def __init__(self, moment, until):
        self.moment, self.until = moment, until

    def get(self, moment, usual=None):
        if moment == "reads":
            return self.until.wait() if self.moment == "text" else None
        if moment == self.moment:
            return lambda *_: self.until.wait() and None
        return "220 go\r\n" if (moment, self.moment) == ("STARTTLS", "handshake") else usual

    def wrap_socket(self, *_, **__):
        self.until.wait()
        raise OSError("hang up")


@pytest.fixture(scope="module")
def fast():
    folder, over = tempfile.mkdtemp(prefix="mailseal-"), threading.Event()
    os.chmod(folder, 0o755)
    subprocess.run(["cc", "-shared", "-fPIC", f"-DFASTER={FASTER}", "-x", "c", "-", "-ldl", "-o",
                    f"{folder}/clock.so"], input=CLOCK, text=True, check=True)
    with open(f"{folder}/anchor", "w", encoding="ascii") as out:
        out.write(ANCHOR)
    daemon = Relay(folder, rest="route = (" + ", ".join(
        f'{{ domain = "{moment.lower()}.route"; host = "127.0.1.{i + 1}:PORT"; '
        'tls = { verify = "pin"; pin = "PIN"; }; }' for i, moment in enumerate(MOMENTS)) + ");",
        env={"LD_PRELOAD": f"{folder}/clock.so"}).ready()
    for moment in MOMENTS:
        far = daemon.far(moment.lower())
        far.script = Silent(moment, over)
        if moment == "handshake":
            far.context = far.script
    yield daemon
    over.set()
    daemon.close()
    shutil.rmtree(folder)


def deliver(relay, moment, said):
    client = Mta(relay.lmtp)
    client.say("MAIL FROM:<a@b.example>", f"RCPT TO:<a@{moment.lower()}.route>")
    said += [client.reply(), client.reply()]
    if said[-1].startswith("250"):
        said.append(client.ask("DATA"))
    if said[-1].startswith("354"):
        client.sock.sendall(TEXT * (200000 if moment == "text" else 1) + b".\r\n")
        said.append(client.reply())
    client.close()


def test_every_wait_for_a_far_end_ends_with_4yz(fast):
    said = {moment: [] for moment in MOMENTS}
    threads = [threading.Thread(target=deliver, args=(fast, moment, said[moment]))
               for moment in MOMENTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for moment, replies in said.items():
        assert len(replies) == STEPS.get(moment, 2), said
        # A handshake that hangs is one that failed: a smaller ClientHello was tried behind it.
        code = "451 4.7.5 " if moment == "handshake" else "451 4.4.2 "
        assert replies[-1].startswith(code), said
    assert sum(far.name == "handshake" and len(far.sessions) for far in fast.far_ends) == 2
