"""More clients than can be served: about as many are served as at the best, and the newest are turned away."""
import asyncio
import os
import ssl
import time

import pytest

import peers
from daemon import Daemon, client_context, free_ports, make_certificate
from edges import edge_config

pytestmark = pytest.mark.speed

SLOW_KEY = ("rsa:4096",)  # so the daemon is what is slow, and not the clients of this test
AT_BEST = 48              # clients at a time
BEST_S, FLOOD_S, SETTLED_S = 3, 6, 2
SHARE = 0.8
TRIES = 3  # the machine may do something else meanwhile


@pytest.fixture
def place(tmp_path):
    os.chmod(tmp_path, 0o755)
    backend = peers.Backend(peers.imap)
    plain, tls = free_ports(2)
    chain, key = make_certificate(str(tmp_path), key_type=SLOW_KEY)
    daemon = Daemon(tmp_path, f'''workers = 1; keys_processes = 1;
        certificate = {{ mx = {{ chain = "{chain}"; key = "{key}"; }}; }};
        limits = {{ connections_per_address = 0; handshakes_per_second = 0;
                    max_handshakes = 32; handshake_wait = "300ms"; }};
        ''' + edge_config({"imap": backend.port}, {"imap": (plain, tls)})).ready()
    daemon.tls = tls
    yield daemon
    daemon.close()
    backend.close()


async def session(port, context):
    """From the connection to the greeting: is he served?"""
    writer = None
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        return (await reader.readline()).startswith(b"* OK")
    except (OSError, ssl.SSLError):
        return False
    finally:
        if writer:
            writer.transport.abort()


async def at_best(port, context):
    """Sessions a second, of clients that come again when they were served."""
    until, done = time.monotonic() + BEST_S, 0

    async def client():
        nonlocal done
        while time.monotonic() < until:
            is_served = await session(port, context)
            done += is_served
    began = time.monotonic()
    await asyncio.gather(*(client() for _ in range(AT_BEST)))
    return done / (time.monotonic() - began)


async def flood(port, context, rate):
    """Clients that come at that rate whatever becomes of them: (served a second, refused, longest wait)."""
    served, waits, refused, tasks = [], [], 0, set()

    async def client():
        nonlocal refused
        began = time.monotonic()
        if await session(port, context):
            served.append(time.monotonic())
            waits.append(served[-1] - began)
        else:
            refused += 1
    began, count = time.monotonic(), 0
    while (now := time.monotonic() - began) < FLOOD_S:
        while count < now * rate:
            task = asyncio.ensure_future(client())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            count += 1
        await asyncio.sleep(0.005)
    last = time.monotonic()
    await asyncio.gather(*tasks)
    settled = [at for at in served if began + SETTLED_S <= at <= last]
    return len(settled) / (last - began - SETTLED_S), refused, max(waits)


def test_at_twice_the_capacity_as_many_are_served(place):
    context = client_context()
    for _ in range(TRIES):
        best = asyncio.run(at_best(place.tls, context))
        before = place.status()["sums"]["refused_busy"]
        goodput, refused, longest = asyncio.run(flood(place.tls, context, 2 * best))
        counted = place.status()["sums"]["refused_busy"] - before
        print(f"best {best:.0f}/s, at twice that {goodput:.0f}/s, {refused} refused, longest wait {longest:.2f} s")
        if goodput >= SHARE * best:
            break
    assert goodput >= SHARE * best
    assert refused and counted == refused
    lines = [e for e in place.events if e.get("event") == "connection refused"]
    assert lines and len(lines) < TRIES * (FLOOD_S + BEST_S + 5)
    assert sum(1 + int(e["others"]) for e in lines) <= place.status()["sums"]["refused"]
