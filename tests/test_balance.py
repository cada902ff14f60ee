"""Which address of a backend a session goes to, and whether it is known to be well."""
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections import Counter

import pytest

import peers
from daemon import BINARY, Daemon, Talk, free_ports, make_certificate, wait_until

LOOKS = 'health_interval = "200ms"; health_timeout = "2s";'


def noting(serve):
    """The same server; it notes from where it was connected to."""
    def run(reader, sock, session):
        session["from"] = sock.getpeername()[0]
        serve(reader, sock, session)
    return run


def mute(reader, sock, session):
    """Accepts, and says nothing."""
    reader.read()


class Farm:
    """Servers of one backend, and an edge for port 25 in front of them."""

    def __init__(self, folder, count, more="", settings="workers = 1;", edge=""):
        os.chmod(folder, 0o755)
        self.servers = [peers.Backend(noting(peers.smtp)) for _ in range(count)]
        self.port, self.dashboard = free_ports(2)
        self.settings, self.more, self.edge = settings, more, edge
        self.addresses = [f"127.0.0.1:{server.port}" for server in self.servers]
        self.daemon = Daemon(folder, self.config()).ready()
        self.talks = []

    def config(self):
        quoted = ", ".join(f'"{a}"' for a in self.addresses)
        return (f'{self.settings} drain_timeout = "1s"; limits = {{ handshakes_per_second = 0; '
                'connections_per_address = 0; };\n'
                f'dashboard = {{ listen = "127.0.0.1:{self.dashboard}"; }};\n'
                f'backend = {{ b = {{ address = [{quoted}]; {self.more} }}; }};\n'
                f'edge = {{ mx = {{ protocol = "smtp"; listen = ["127.0.0.1:{self.port}"]; '
                f'backend = "b"; {self.edge} }}; }};\n')

    def reload(self):
        seen = len(self.daemon.events)
        self.daemon.write(self.config())
        self.daemon.ctl("reload")
        self.daemon.wait("configuration reloaded", after=seen)

    def stop(self, number):
        """As a server that was ended: nobody listens, and its connections are gone."""
        self.servers[number].close()

    def begin(self, number, serve=peers.smtp):
        port = self.servers[number].port

        def listens():
            try:
                self.servers[number] = peers.Backend(noting(serve), port=port)
            except OSError:
                return False  # a client's end has the number for a moment
            return True
        assert wait_until(listens, 30)

    def states(self):
        return [b["state"] for b in self.daemon.status()["backends"]]

    def until(self, *states):
        assert wait_until(lambda: self.states() == list(states), 20), self.states()

    def open(self, client="127.0.0.1"):
        """A session whose backend is open; its greeting, or what refused it."""
        talk = Talk(self.port, source=client)
        greeting = talk.line()
        if greeting.startswith(b"220"):
            talk.say(b"EHLO x\r\n").reply()
            greeting = talk.say(b"MAIL FROM:<a@example.net>\r\n").reply()
        self.talks.append(talk)
        return greeting

    def leave(self):
        for talk in self.talks:
            talk.close()
        self.talks.clear()

    def quick(self, client="127.0.0.1"):
        """The number of the server that a session of this client went to."""
        before = [len(s.sessions) for s in self.servers]
        said = self.open(client)
        self.leave()
        assert said.startswith(b"250"), said
        grown = [i for i, s in enumerate(self.servers) if len(s.sessions) > before[i]]
        assert len(grown) == 1
        return grown[0]

    def health(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.dashboard}/healthz/mx",
                                        timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.dashboard}/metrics",
                                    timeout=10) as answer:
            return answer.read().decode()

    def close(self):
        self.leave()
        self.daemon.close()
        for server in self.servers:
            try:
                server.close()
            except OSError:
                pass  # the test stopped it


@pytest.fixture
def farm():
    begun = []
    with tempfile.TemporaryDirectory() as folder:  # which ledger can enter, unlike pytest's

        def run(*args, **kwargs):
            begun.append(Farm(pathlib.Path(folder), *args, **kwargs))
            return begun[-1]
        yield run
        for one in begun:
            one.close()


def test_in_order(farm):
    """The first that is up, whatever is open; and the first again when it is back."""
    stage = farm(3, LOOKS)
    stage.until("up", "up", "up")
    assert [stage.quick() for _ in range(5)] == [0] * 5
    stage.stop(0)
    stage.until("down", "up", "up")
    assert [stage.quick() for _ in range(5)] == [1] * 5
    stage.daemon.wait("backend answers no more", address=stage.addresses[0])
    stage.begin(0)
    stage.until("up", "up", "up")
    stage.daemon.wait("backend answers again", address=stage.addresses[0])
    assert stage.quick() == 0
    events = [e.get("event") for e in stage.daemon.events]
    assert events.count("backend answers no more") == events.count("backend answers again") == 1


def test_least(farm):
    stage = farm(3, 'balance = "least";' + LOOKS)
    stage.until("up", "up", "up")
    for _ in range(30):
        assert stage.open().startswith(b"250")
    assert [len(s.sessions) for s in stage.servers] == [10, 10, 10]
    told = stage.daemon.status()["backends"]
    assert [(b["open"], b["sessions"], b["failures"]) for b in told] == [(10, 10, 0)] * 3
    stage.leave()
    assert wait_until(lambda: not any(b["open"] for b in stage.daemon.status()["backends"]))


def test_least_fills_up_who_comes_back(farm):
    """Its sessions are gone with it; those that come next are its own."""
    stage = farm(2, 'balance = "least";' + LOOKS)
    stage.until("up", "up")
    stage.stop(0)
    stage.until("down", "up")
    for _ in range(6):
        stage.open()
    assert len(stage.servers[1].sessions) == 6
    stage.begin(0)
    stage.until("up", "up")
    for _ in range(6):
        stage.open()
    assert len(stage.servers[0].sessions) == 6


CLIENTS = [f"127.0.{i // 50 + 1}.{i % 50 + 1}" for i in range(120)]


def test_source_keeps_together(farm):
    """A client comes to the same server, on every worker; if it is lost, its clients alone move."""
    stage = farm(3, 'balance = "source";' + LOOKS, "workers = 2;")
    stage.until("up", "up", "up")
    before = {client: stage.quick(client) for client in CLIENTS}
    assert before == {client: stage.quick(client) for client in CLIENTS}
    assert all(20 <= count <= 60 for count in Counter(before.values()).values()), before
    stage.stop(1)
    stage.until("up", "down", "up")
    now = {client: stage.quick(client) for client in CLIENTS}
    assert {c for c in CLIENTS if now[c] != before[c]} == {c for c in CLIENTS if before[c] == 1}
    stage.begin(1)
    stage.until("up", "up", "up")
    assert before == {client: stage.quick(client) for client in CLIENTS}


def test_a_list_in_another_order_moves_nobody(farm):
    stage = farm(3, 'balance = "source";' + LOOKS)
    before = {client: stage.quick(client) for client in CLIENTS[:40]}
    stage.addresses.reverse()
    stage.reload()
    assert before == {client: stage.quick(client) for client in CLIENTS[:40]}


def test_who_accepts_and_says_nothing_is_down(farm):
    stage = farm(2, LOOKS)
    stage.until("up", "up")
    stage.stop(0)
    stage.begin(0, mute)
    stage.until("down", "up")
    assert [stage.quick() for _ in range(4)] == [1] * 4
    assert stage.daemon.status()["backends"][0]["error"] == "no answer in time"


def test_all_down_and_back(farm):
    """Clients are told at once, balancers too; what is not looked at is never down."""
    stage = farm(2, LOOKS, "workers = 2;")
    stage.until("up", "up")
    assert wait_until(lambda: stage.health() == 200)
    stage.stop(0)
    stage.stop(1)
    stage.until("down", "down")
    assert wait_until(lambda: all(stage.open().startswith(b"421") for _ in range(8)))
    assert wait_until(lambda: stage.health() == 503)
    up = 'mailseal_backend_up{backend="b",address="%s"} %d'
    assert up % (stage.addresses[1], 0) in stage.metrics()
    stage.begin(1)
    stage.until("down", "up")
    assert wait_until(lambda: all(stage.open().startswith(b"250") for _ in range(8)))
    assert wait_until(lambda: stage.health() == 200)
    assert up % (stage.addresses[1], 1) in stage.metrics()


def refusing(reader, sock, session):
    sock.sendall(b"554 5.3.2 backend is closed\r\n")
    reader.read()


def test_what_a_server_refuses_with_reaches_the_client(farm):
    """It is down, but it answers: its word counts, not ours."""
    stage = farm(1, LOOKS)
    stage.until("up")
    stage.stop(0)
    stage.begin(0, refusing)
    stage.until("down")
    said = stage.open()
    assert said.startswith(b"554 5.3.2 backend is closed"), said


def test_reload(farm):
    """Sessions go on at an address that is no more; those that stay are counted on."""
    stage = farm(3, 'balance = "least";' + LOOKS)
    stage.until("up", "up", "up")
    for _ in range(6):
        stage.open()
    gone = stage.addresses.pop(0)
    stage.reload()
    told = stage.daemon.status()["backends"]
    assert [b["address"] for b in told] == stage.addresses and gone not in stage.addresses
    assert wait_until(lambda: [b["open"] for b in stage.daemon.status()["backends"]] == [2, 2])
    stage.until("up", "up")
    for talk in stage.talks:
        assert talk.say(b"RCPT TO:<b@example.org>\r\n").reply().startswith(b"250")
    for _ in range(4):
        stage.open()
    assert [b["open"] for b in stage.daemon.status()["backends"]] == [4, 4]
    assert not any(e.get("event") in ("backend answers no more", "backend answers again")
                   for e in stage.daemon.events)


def test_a_reload_does_not_forget_who_is_down(farm):
    stage = farm(2, LOOKS)
    stage.until("up", "up")
    stage.stop(0)
    stage.until("down", "up")
    since = stage.daemon.status()["backends"][0]["since"]
    stage.more += ' connect_timeout = "9s";'
    stage.reload()
    told = stage.daemon.status()["backends"][0]
    assert (told["state"], told["since"]) == ("down", since)
    assert stage.quick() == 1
    assert [e.get("event") for e in stage.daemon.events].count("backend answers no more") == 1


@pytest.mark.parametrize("balance", ["least", "source"])
def test_thousands_of_sessions(farm, balance):
    stage = farm(4, f'balance = "{balance}";', "workers = 2;")
    for address in stage.addresses:
        stage.daemon.wait("capabilities learnt", address=address)
    per_thread, threads, failed = 125, 16, []

    def clients(number):
        for i in range(per_thread):
            n = number * per_thread + i
            talk = Talk(stage.port, source=f"127.0.{n // 250 + 1}.{n % 250 + 1}")
            talk.line()
            if not talk.say(b"EHLO x\r\n").reply() or not talk.say(
                    b"MAIL FROM:<a@example.net>\r\n").reply().startswith(b"250"):
                failed.append(n)
            talk.close()
    running = [threading.Thread(target=clients, args=(n,)) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    counts = [len(s.sessions) for s in stage.servers]
    assert not failed and sum(counts) == per_thread * threads
    # A fair share of 2,000 is 500; five standard deviations are 97.
    assert all(400 < count < 600 for count in counts), counts


def test_source_addresses_take_turns(farm):
    sources = [f"127.0.9.{i}" for i in range(1, 5)]
    quoted = ", ".join(f'"{s}"' for s in sources)
    stage = farm(1, f"source = [{quoted}]; {LOOKS}")
    for _ in range(40):
        assert stage.open().startswith(b"250")
    seen = Counter(s["from"] for s in stage.servers[0].sessions)
    # Looks take their turns, too.
    assert set(seen) == set(sources) and all(4 <= count <= 16 for count in seen.values()), seen
    assert {ask["from"] for ask in stage.servers[0].asks} <= set(sources)


def test_a_source_that_is_not_of_this_host_is_passed_over(farm):
    stage = farm(1, f'source = ["192.0.2.77", "127.0.9.9"]; {LOOKS}')
    for _ in range(6):
        assert stage.open().startswith(b"250")
    assert {s["from"] for s in stage.servers[0].sessions} == {"127.0.9.9"}


def test_a_look_logs_nobody_in_and_is_no_session(farm):
    stage = farm(2, LOOKS)
    server = stage.servers[0]
    server.wait(lambda: len(server.asks) >= 4 and server.asks[2].get("ended"))
    for ask in server.asks[:3]:
        assert ask["told"] == {"local": True}
        assert ask["lines"] == [b"EHLO mail.example.org\r\n", b"QUIT\r\n"]
    assert not server.sessions
    status = stage.daemon.status()
    assert status["sums"]["sessions"] == status["ledger"]["rows"] == 0
    assert [(b["open"], b["sessions"]) for b in status["backends"]] == [(0, 0), (0, 0)]
    assert status["backends"][0]["connect_us"] > 0
    assert not any(e.get("event") in ("session ended", "backend answers again")
                   for e in stage.daemon.events)
    assert [e.get("event") for e in stage.daemon.events].count("capabilities learnt") == 2


@pytest.mark.parametrize("serve, protocol", [(peers.imap, "imap"), (peers.pop3, "pop3"),
                                             (peers.sieve, "managesieve")])
def test_looks_of_the_others_log_nobody_in(tmp_path, serve, protocol):
    os.chmod(tmp_path, 0o755)
    server = peers.Backend(serve)
    chain, key = make_certificate(str(tmp_path))
    port, = free_ports(1)
    daemon = Daemon(tmp_path, f'''workers = 1;
certificate = {{ c = {{ chain = "{chain}"; key = "{key}"; }}; }};
backend = {{ b = {{ address = ["127.0.0.1:{server.port}"]; {LOOKS} }}; }};
edge = {{ e = {{ protocol = "{protocol}"; listen = ["127.0.0.1:{port}"]; backend = "b"; }}; }};
''').ready()
    try:
        server.wait(lambda: len(server.asks) >= 3 and server.asks[1].get("ended"))
        said = b"".join(line for ask in server.asks for line in ask["lines"]).upper()
        assert b"LOGIN" not in said and b"AUTH" not in said and b"USER" not in said
        assert daemon.status()["backends"][0]["state"] == "up"
    finally:
        daemon.close()
        server.close()


def test_looks_can_be_off(tmp_path):
    """Then each is asked once; and a server that does not answer is not called down."""
    os.chmod(tmp_path, 0o755)
    looked, off = peers.Backend(peers.smtp), peers.Backend(peers.smtp)
    gone, *ports = free_ports(3)
    daemon = Daemon(tmp_path, f'''workers = 1;
backend = {{ looked = {{ address = ["127.0.0.1:{looked.port}"]; {LOOKS} }};
            off = {{ address = ["127.0.0.1:{off.port}", "127.0.0.1:{gone}"];
                    health_interval = 0; }}; }};
edge = {{ a = {{ protocol = "smtp"; listen = ["127.0.0.1:{ports[0]}"]; backend = "looked"; }};
         b = {{ protocol = "smtp"; listen = ["127.0.0.1:{ports[1]}"]; backend = "off"; }}; }};
''').ready()
    try:
        daemon.wait("capabilities learnt", backend="off")
        looked.wait(lambda: len(looked.asks) >= 4)
        assert len(off.asks) == 1
        assert [b["state"] for b in daemon.status()["backends"]] == ["up", "unchecked",
                                                                    "unchecked"]
    finally:
        daemon.close()
        looked.close()
        off.close()


def test_one_worker_looks(farm):
    """However many there are; and another when it is gone."""
    stage = farm(1, LOOKS, "workers = 3;")
    stage.until("up")
    status = stage.daemon.status()
    first = next(w["pid"] for w in status["workers"] if w["slot"] == 0)
    os.kill(first, 9)
    stage.stop(0)
    stage.until("down")
    assert wait_until(lambda: all(stage.open().startswith(b"421") for _ in range(9)))
    stage.begin(0)
    stage.until("up")
    assert wait_until(lambda: all(stage.open().startswith(b"250") for _ in range(9)))


CHECKED = """workers = 2; hostname = "mx.example.org"; limits = {{ max_sessions = {} ; }};
backend = {{ b = {{ address = ["127.0.0.1:10025"]; {} }}; }};
edge = {{ mx = {{ protocol = "smtp"; listen = ["127.0.0.1:2525"]; backend = "b"; }}; }};
"""


def test_ports_are_counted_before_they_run_out(tmp_path):
    """config check: what takes two addresses of this host; and one that was named is too few."""
    path = tmp_path / "f.conf"
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        low, high = map(int, f.read().split())
    each = (high - low + 1) * 3 // 4  # of two workers
    few, many = 'source = ["127.0.9.1"];', 'source = ["127.0.9.1", "127.0.9.2"];'
    for more, level in (("", "warning"), (few, "error"), (many, None)):
        path.write_text(CHECKED.format(each, more))
        done = subprocess.run([BINARY, "config", "-c", str(path), "--json", "check"],
                              capture_output=True, text=True, timeout=20)
        said = {e["level"] for e in json.loads(done.stdout)
                if e["setting"] == "backend.b.source"
                and e["message"] == f"{2 * each} sessions of all workers may go there, and there "
                                    f"are ports for {high - low + 1}"}
        assert said == ({level} if level else set()), done.stdout


def test_memory_is_counted_before_it_runs_out(tmp_path):
    path = tmp_path / "f.conf"
    here = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for sessions, fits in ((100, True), (here // 2 // 30000, False)):
        path.write_text(CHECKED.format(sessions, ""))
        done = subprocess.run([BINARY, "config", "-c", str(path), "--json", "check"],
                              capture_output=True, text=True, timeout=20)
        said = [e for e in json.loads(done.stdout)
                if e["setting"] == "limits.max_sessions" and "of memory" in e["message"]]
        assert bool(said) != fits, done.stdout
        if fits:
            done = subprocess.run([BINARY, "config", "-c", str(path), "check"], capture_output=True, text=True)
            assert done.returncode == 0 and "room: 200 sessions of 2 workers;" in done.stdout
        else:
            assert done.returncode == 1 and said[0]["level"] == "error"
            fitting = int(said[0]["mend"].split("max_sessions = ")[1].split(",")[0])
            assert 0 < fitting < sessions
