"""Watch as a part of the daemon: a mirror of public ports gives the rows of a door, and what crosses
between our own hosts is the internal leg."""
import contextlib
import json
import os
import re
import signal
import subprocess
import urllib.request

import pytest

import watch_talks
from capture import Capture
from daemon import BINARY, free_ports, make_certificate, wait_until
from mirrors import PASSWORD, Wire, door_and_mirror, encoded, watching
from test_ledger import SEALS, query

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a capture needs root")

SESSION = ("SELECT address, leg, protocol, edge, seal, user, software, version, cipher, kex, hello,"
           " messages, outcome FROM session WHERE leg != 3")
EXPOSURE = "SELECT address, user, protocol, edge, password_sent, mechanism, count FROM exposure"
HELLO = "SELECT hash, legacy_version, max_version, versions, suites, groups, sigalgs FROM hello"
NAME = ("SELECT edge, hello, who, leg, protocol, sessions, refused, seal, version, cipher, kex"
        " FROM name WHERE NOT is_user")
# What is said in TLS from the first byte, a mirror does not hear.
UNHEARD = ("user", "software")


def report(folder, *words, status=None):
    done = subprocess.run([BINARY, "report", words[0], "-c", f"{folder}/mailseal.conf", "--json",
                           *words[1:]], capture_output=True, text=True, timeout=60)
    assert status is None or done.returncode == status, done
    return json.loads(done.stdout)


def page_of(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as page:
        return page.read().decode()


def addresses(of):
    return {row["address"] for row in query(of.folder, SESSION)}


@pytest.fixture(scope="module")
def stage():
    with door_and_mirror() as both:
        for of in (both.door, both.mirror):
            wait_until(lambda of=of: set(both.names) <= addresses(of), 60)
            assert not [both.names[a] for a in set(both.names) - addresses(of)], of.folder
        yield both


def rows(of, text):
    return sorted((tuple(row.values()) for row in query(of.folder, text)), key=str)


def heard(row, name):
    """What of a door's row a mirror can know."""
    if "implicit" not in name and name != "a login in TLS":
        return row
    return {**row, **{field: "" for field in UNHEARD}}


def test_a_mirror_has_the_sessions_of_a_door(stage):
    door, mirror = ({row["address"]: row for row in query(of.folder, SESSION)}
                    for of in (stage.door, stage.mirror))
    assert len(door) == len(mirror) == len(stage.names) > 80
    wrong = {name: (door[address], mirror[address]) for address, name in stage.names.items()
             if heard(door[address], name) != mirror[address]}
    assert not wrong, wrong
    seen = {(row["version"], SEALS[row["seal"]]) for row in mirror.values()}
    assert seen >= {("TLSv1.3", "sealed"), ("TLSv1.2", "sealed"), ("", "plain"), ("", "none")}


def test_a_mirror_has_the_exposures_of_a_door(stage):
    assert rows(stage.mirror, EXPOSURE) == rows(stage.door, EXPOSURE)
    assert len(rows(stage.mirror, EXPOSURE)) >= 12


def test_a_mirror_has_the_client_hellos_of_a_door(stage):
    assert rows(stage.mirror, HELLO) == rows(stage.door, HELLO)
    assert len(rows(stage.mirror, HELLO)) > 10


def test_a_mirror_has_the_names_of_a_door(stage):
    login = next(a for a, name in stage.names.items() if name == "a login in TLS")
    of_door, of_mirror = rows(stage.door, NAME), rows(stage.mirror, NAME)
    assert [row for row in of_mirror if login not in row] == of_door


def test_impact_answers_from_a_mirror(stage):
    """At the MX as the door's does; elsewhere the keys of the certificate are guessed."""
    def at_mx(of):
        summary = report(of.folder, "impact", "--min-version", "1.3")["summary"]
        return [(row["what"], row["names"], row["sessions"]) for row in summary
                if row["edge"] == "mx"]
    assert at_mx(stage.mirror) == at_mx(stage.door) != []


def test_the_status_and_metrics_of_a_mirror(stage):
    watch, = stage.mirror.daemon.status()["watch"]
    assert watch["watching"] and watch["interface"] == "lo" and watch["packets"] > 1000
    assert watch["sessions"] == len(stage.names) and watch["passwords"] == 8
    assert watch["services"]["plaintext+password"] >= 3 and watch["drops"] == 0
    said = stage.mirror.daemon.ctl("status").stdout
    assert re.search(r"watch lo: pid \d+; packets: \d+, drops: 0, flows: \d+, sessions: \d+", said)
    assert wait_until(lambda: 'mailseal_watch_passwords_total{interface="lo"} 8'
                      in page_of(stage.dashboard, "/metrics"), 30)
    metrics = page_of(stage.dashboard, "/metrics")
    assert 'mailseal_watch_up{interface="lo"} 1' in metrics
    assert 'mailseal_watch_services{interface="lo",verdict="plaintext+password"}' in metrics
    assert page_of(stage.dashboard, "/healthz") == "running\n"
    assert "Nothing was seen between our hosts" in page_of(stage.dashboard, "/internal")


def test_no_password_stays_anywhere(stage):
    secrets = [word.encode() for word in (PASSWORD,)] + [encoded("", user, PASSWORD)
                                                         for user in ("anna", "otto", "carla", "emil")]
    places = ["".join(stage.mirror.daemon.text).encode()]
    for folder, _, names in os.walk(stage.mirror.folder):
        for name in names:
            with contextlib.suppress(OSError), open(os.path.join(folder, name), "rb") as file:
                places.append(file.read())
    assert len(places) > 2
    assert not [secret for secret in secrets if any(secret in place for place in places)]


def test_the_process_that_parses_has_nothing_but_its_capture(stage):
    pid, = stage.mirror.daemon.children()["watch"]
    status = open(f"/proc/{pid}/status", encoding="ascii").read()
    assert "Seccomp:\t2" in status and re.search(r"Uid:\t[1-9]", status)
    assert re.search(r"CapEff:\t0+\n", status) and "NoNewPrivs:\t1" in status
    links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    assert not [link for link in links if link.startswith("/") and not link.startswith("/dev/null")]


# --- between our own hosts ---

INSIDE = 'workers = 1; ledger = {{ keep = "all"; }}; watch = {{ interfaces = [{}]; {} }};'
LDAP_CLIENT, LDAP_SERVER = "10.7.0.5", "10.7.0.9"


@pytest.fixture
def wire():
    pair = Wire(f"msw{os.getpid()}")
    yield pair
    pair.unplug()


def redis(capture, client="10.7.0.4", port=6379):
    capture.talk(["C: *2\r\n$3\r\nGET\r\n$1\r\na", "S: $1\r\nb"], client=client,
                 server="10.7.0.8", port=port)


def login(capture, user="anna", client="10.7.0.5"):
    capture.talk(["S: * OK ready", f"C: a LOGIN {user} {PASSWORD}", "S: a OK in", "C: b LOGOUT"],
                 client=client, server="10.7.0.9", port=143)


def internal(of):
    return query(of.folder, "SELECT protocol, edge, address, seal, user, version FROM session"
                            " WHERE leg = 3 ORDER BY protocol, edge, address")


def sent(wire, make, to_near=False, **more):
    capture = Capture()
    make(capture, **more)
    wire.send(capture, to_near)


def watched(of, interface):
    return next(w for w in of.daemon.status()["watch"] if w["interface"] == interface)


def test_the_internal_leg_and_its_passwords(wire, tmp_path):
    wire.plug()
    dashboard, = free_ports(1)
    config = (INSIDE.format(f'"{wire.near}"', 'as = "network"; ignore = ["dns"];')
              + f' dashboard = {{ listen = "127.0.0.1:{dashboard}"; }};')
    with watching(config) as of:
        of.daemon.wait("watching", interface=wire.near, kind="veth")
        capture = Capture()
        redis(capture)
        login(capture)
        capture.talk(watch_talks.tls(make_certificate(str(tmp_path))), client="10.7.0.4", server="10.7.0.7", port=5432)
        capture.datagram(b"\0\1\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1", server="10.7.0.53", port=53)
        redis(capture, client="198.51.100.7", port=6380)  # from outside: another leg
        wire.send(capture)
        assert wait_until(lambda: len(internal(of)) >= 3, 30)
        assert [(row["protocol"], row["edge"], row["address"], SEALS[row["seal"]], row["version"])
                for row in internal(of)] == [
            ("imap", "10.7.0.9:143", "10.7.0.5", "plain", ""),
            ("redis", "10.7.0.8:6379", "10.7.0.4", "plain", ""),
            ("tls", "10.7.0.7:5432", "10.7.0.4", "sealed", "TLSv1.3")]
        exposure, = query(of.folder, EXPOSURE)
        assert exposure == {"address": "10.7.0.5", "user": "anna", "protocol": "imap",
                            "edge": "10.7.0.9:143", "password_sent": 1, "mechanism": "LOGIN",
                            "count": 1}
        of.daemon.wait("credential in clear", protocol="imap", server="10.7.0.9:143", user="anna")
        assert PASSWORD not in "".join(of.daemon.text)
        shares = report(of.folder, "coverage", status=1)
        leg = next(row for row in shares if (row["leg"], row["protocol"]) == ("internal", "all"))
        assert leg["sessions"] == 3, leg
        assert [row["user"] for row in report(of.folder, "exposures", "--leg", "internal")] == ["anna"]
        assert not report(of.folder, "exposures", "--leg", "user")
        page = page_of(dashboard, "/internal")
        assert page.index("10.7.0.9:143") < page.index("10.7.0.7:5432")


def test_on_this_host_alone_it_is_local(wire):
    wire.plug()
    with watching(INSIDE.format(f'"{wire.near}"', "")) as of:
        of.daemon.wait("watching", interface=wire.near, **{"as": "local"})
        sent(wire, login, to_near=True)
        assert wait_until(lambda: internal(of), 30)
        assert SEALS[internal(of)[0]["seal"]] == "local"
        assert not query(of.folder, EXPOSURE)


def test_what_only_passes_is_not_local(wire):
    wire.plug()
    with watching(INSIDE.format(f'"{wire.near}"', "")) as of:
        of.daemon.wait("watching", interface=wire.near, **{"as": "local"})
        sent(wire, login)
        assert wait_until(lambda: internal(of), 30)
        assert SEALS[internal(of)[0]["seal"]] == "plain"


def test_an_interface_that_comes_and_goes(wire):
    with watching(INSIDE.format(f'"{wire.near}"', 'as = "network";')) as of:
        failed = of.daemon.wait("cannot watch, tried again until it can be", interface=wire.near)
        assert "no such interface" in failed["reason"]
        assert wire.near in of.daemon.ctl("status").stdout
        assert "no such interface" in watched(of, wire.near)["reason"]
        for _ in range(2):
            seen = len(of.daemon.events)
            wire.plug()
            of.daemon.wait("watching", timeout=30, after=seen, interface=wire.near)
            assert wait_until(lambda: watched(of, wire.near)["watching"])
            seen = len(of.daemon.events)
            wire.unplug()
            of.daemon.wait("cannot watch, tried again until it can be", timeout=30, after=seen,
                           interface=wire.near)
        told = [e for e in of.daemon.events if e.get("event", "").startswith("cannot watch")]
        assert len(told) <= 5, told  # once for each reason, not for each try
        assert of.daemon.status()["deaths"]["watch"] == 0


def test_without_the_right_it_says_so_and_goes_on():
    """Everything else runs, and the status says what is missing."""
    def without(command):
        return ["setpriv", "--bounding-set", "-net_raw", *command]
    with watching(INSIDE.format('"lo"', ""), wrap=without) as of:
        failed = of.daemon.wait("cannot watch, tried again until it can be", interface="lo")
        assert "not permitted" in failed["reason"] and "CAP_NET_RAW" in failed["reason"]
        assert not watched(of, "lo")["watching"] and of.daemon.status()["state"] == "running"


def test_it_is_started_again_when_it_dies(wire):
    wire.plug()
    with watching(INSIDE.format(f'"{wire.near}"', 'as = "network";')) as of:
        of.daemon.wait("watching", interface=wire.near)
        pid, = of.daemon.children()["watch"]
        seen = len(of.daemon.events)
        os.kill(pid, signal.SIGKILL)
        of.daemon.wait("process died and is started again", after=seen, name=f"watch-{wire.near}")
        of.daemon.wait("watching", timeout=30, after=seen, interface=wire.near)
        assert of.daemon.status()["deaths"]["watch"] == 1
        sent(wire, redis)
        assert wait_until(lambda: internal(of), 30)


def test_it_counts_on_while_the_ledger_is_away(wire):
    wire.plug()
    with watching(INSIDE.format(f'"{wire.near}"', 'as = "network";')) as of:
        of.daemon.wait("watching", interface=wire.near)
        sent(wire, redis)
        assert wait_until(lambda: len(internal(of)) == 1, 30)
        pid, = of.daemon.children()["ledger"]
        os.kill(pid, signal.SIGSTOP)
        sent(wire, login)
        assert wait_until(lambda: watched(of, wire.near)["sessions"] == 2, 30)
        os.kill(pid, signal.SIGKILL)
        sent(wire, redis, port=6381)
        assert wait_until(lambda: len(internal(of)) == 3, 30)
        assert len(query(of.folder, EXPOSURE)) == 1


def test_a_reload_changes_it_in_place(wire):
    wire.plug()
    with watching(INSIDE.format(f'"{wire.near}"', 'as = "network";')) as of:
        of.daemon.wait("watching", interface=wire.near)
        pid, = of.daemon.children()["watch"]
        sent(wire, redis)
        assert wait_until(lambda: len(internal(of)) == 1, 30)

        def reload(config):
            seen = len(of.daemon.events)
            of.daemon.write(config)
            assert of.daemon.ctl("reload").returncode == 0
            of.daemon.wait("configuration reloaded", after=seen, timeout=30)
            return seen
        reload(INSIDE.format(f'"{wire.near}"', 'as = "network"; ignore = ["redis"];'))
        assert of.daemon.children()["watch"] == [pid]
        for user in ("bert", "carla"):  # the second shows that the first redis was passed over
            sent(wire, redis, port=6382)
            sent(wire, login, user=user, client="10.7.1.5")
            assert wait_until(lambda user=user: user in [r["user"] for r in internal(of)], 30)
        assert "10.7.0.8:6382" not in [row["edge"] for row in internal(of)]
        seen = reload(INSIDE.format('"lo"', ""))
        of.daemon.wait("watching", after=seen, timeout=30, interface="lo")
        assert wait_until(lambda: len(of.daemon.children()["watch"]) == 1, 30)
        assert pid not in of.daemon.children()["watch"]
        reload(f'{free_edge()}')
        assert wait_until(lambda: "watch" not in of.daemon.children(), 30)
        assert of.daemon.status().get("watch") in (None, [])
        assert of.daemon.status()["deaths"]["watch"] == 0


def free_edge():
    """Something else to do."""
    port, backend = free_ports(2)
    return (f'workers = 1; backend = {{ a = {{ address = ["127.0.0.1:{backend}"]; client_info = '
            f'"proxy"; }}; }}; edge = {{ e = {{ protocol = "smtp"; listen = ["127.0.0.1:{port}"]; '
            f'backend = "a"; }}; }};')


def test_an_upgrade_goes_on_watching(wire):
    wire.plug()
    with watching(INSIDE.format(f'"{wire.near}"', 'as = "network";')) as of:
        of.daemon.wait("watching", interface=wire.near)
        sent(wire, redis)
        seen = len(of.daemon.events)
        assert of.daemon.ctl("upgrade").returncode == 0
        of.daemon.wait("upgraded", after=seen, timeout=60)
        of.daemon.wait("watching", after=seen, timeout=30, interface=wire.near)
        assert wait_until(lambda: len(internal(of)) == 1, 30)  # the one before told it
        sent(wire, redis, port=6381)
        assert wait_until(lambda: len(internal(of)) == 2, 30)
        assert wait_until(lambda: len(of.daemon.children()["watch"]) == 1, 30)


def test_what_is_open_is_told_at_the_end(wire):
    wire.plug()
    with watching(INSIDE.format(f'"{wire.near}"', 'as = "network";')) as of:
        of.daemon.wait("watching", interface=wire.near)
        capture = Capture()
        capture.talk(["C: *2\r\n$3\r\nGET\r\n$1\r\na", "S: $1\r\nb"], client="10.7.0.4",
                     server="10.7.0.8", port=6379, end=False)
        wire.send(capture)
        assert wait_until(lambda: watched(of, wire.near)["flows"] >= 1, 30)
        assert not internal(of)
        of.daemon.process.send_signal(signal.SIGTERM)
        assert of.daemon.process.wait(30) == 0
        assert [row["protocol"] for row in internal(of)] == ["redis"]
