"""With the default of witness_every an alarm comes within two minutes of the fault."""
import time

from daemon import make_certificate, wait_until
from truths import ALARM_S, Server, alarms, folder, put, raised, watch, watching  # noqa: F401


def test_within_two_minutes(folder):  # noqa: F811
    """Two looks a minute apart at most, and ten seconds."""
    pair, other = (make_certificate(folder, name) for name in ("mail", "other"))
    server = Server(pair, "imap", is_implicit=True)
    port = f"127.0.0.1:{server.port}/imaps"
    with watching(folder, watch(f"{port}={pair[0]}"), every="1m") as daemon:
        assert wait_until(lambda: daemon.status().get("witness", {}).get("looks"), 90)
        assert not alarms(daemon)
        put(other[:1], pair[:1])
        began = time.monotonic()
        raised(daemon, "stale", port)
        assert time.monotonic() - began < ALARM_S
    server.close()
