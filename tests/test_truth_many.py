"""More certificates at a port than fit a list of witness."""
import os

from daemon import free_ports, make_certificate, wait_until
from truths import alarms, backends, folder, put, raised, watching  # noqa: F401


def test_more_than_fit_a_list_are_looked_at_in_turn(folder, backends):
    """17 certificates of 16 names at one port: 272, and a list has 256."""
    pairs = [make_certificate(folder, f"c{i}", host=f"a.c{i}.example.org",
                              other=[f"n{n}.c{i}.example.org" for n in range(15)])
             for i in range(17)]
    for _, key in pairs:
        os.chmod(key, 0o644)
    port, = free_ports(1)
    config = ("certificate = { " + " ".join(
        f'c{i} = {{ chain = "{chain}"; key = "{key}"; }};' for i, (chain, key) in enumerate(pairs))
        + f"""}};
backend = {{ b = {{ address = ["127.0.0.1:{backends[0].port}"]; client_info = "proxy"; }}; }};
edge = {{ any = {{ protocol = "tcp"; listen_tls = ["127.0.0.1:{port}"]; backend = "b"; }}; }};
""")
    stale = make_certificate(folder, "stale", host="a.c16.example.org")
    with watching(folder, config, every="3s") as daemon:
        assert wait_until(lambda: daemon.status().get("witness", {}).get("looks", 0) > 300, 90)
        witness = daemon.status()["witness"]
        assert witness["in_turn"] and witness["edges_and_certificates"] == 17
        assert 0 < witness["targets"] <= 256
        assert not alarms(daemon)
        put(stale[:1], pairs[16][:1])  # of the last: its key does not fit
        raised(daemon, "stale", f"any 127.0.0.1:{port} a.c16.example.org")
        assert all(kind == "stale" and ".c16." in subject for kind, subject in alarms(daemon))
