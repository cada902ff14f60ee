"""A tree of certificates: ready at once, found by name, renewed pair by pair, and a bad one stops only itself."""
import os
import signal
import socket
import statistics
import time

import pytest

import peers
from daemon import Daemon, client_context, free_ports, make_certificate, wait_until
from edges import edge_config
from trees import Tree, name_of

SOAK = bool(os.environ.get("SOAK"))
COUNT = 10000 if SOAK else 2000
USED = 1200  # more than are kept parsed
PATIENCE = 60
WORKER_MIB = 100
FIRST_S = 0.002


class Place:
    def __init__(self, folder, count, more=""):
        os.chmod(folder, 0o755)
        self.folder, self.backend = str(folder), peers.Backend(peers.imap)
        self.tree = Tree(folder / "tree", count)
        plain, self.tls = free_ports(2)
        self.chain, key = make_certificate(self.folder)
        self.config = (f'workers = 1; certificate_dir = "{self.tree.folder}"; {more}\n'
                       f'certificate = {{ mx = {{ chain = "{self.chain}"; key = "{key}"; }}; }};\n'
                       'limits = { connections_per_address = 0; handshakes_per_second = 0; };\n'
                       + edge_config({"imap": self.backend.port}, {"imap": (plain, self.tls)}))
        self.daemon = Daemon(folder, self.config).ready()
        self.context = client_context()

    def served(self, name):
        """(certificate, seconds that took)."""
        sock = socket.create_connection(("127.0.0.1", self.tls), 20)
        began = time.perf_counter()
        with self.context.wrap_socket(sock, server_hostname=name) as tls:
            return tls.getpeercert(binary_form=True), time.perf_counter() - began

    def is_own(self, number):
        return name_of(number).encode() in self.served(name_of(number))[0]

    def tree_status(self):
        return self.daemon.status()["tree"]

    def reload(self):
        seen = len(self.daemon.events)
        answer = self.daemon.ctl("reload")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        self.daemon.wait("configuration reloaded", after=seen)

    def close(self):
        self.daemon.close()
        self.backend.close()


@pytest.fixture
def small(tmp_path):
    place = Place(tmp_path, 6)
    yield place
    place.close()


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("tree"), COUNT)
    yield place
    place.close()


def checked(place, count):
    return wait_until(lambda: place.tree_status()["checked"] == count, PATIENCE)


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def test_each_name_has_its_certificate_and_others_the_first(big):
    for number in (0, 1, COUNT // 2, COUNT - 1):
        assert big.is_own(number)
        assert name_of(number).upper().lower().encode() in big.served(name_of(number).upper())[0]
    assert b"mail.example.org" in big.served("nobody.example.com")[0]
    assert b"mail.example.org" in big.served(f"n{COUNT:05}.example.org")[0]


def test_all_pairs_are_checked_behind_the_start(big):
    assert checked(big, COUNT)
    assert big.tree_status() == {"pairs": COUNT, "checked": COUNT, "left_out": 0}


def test_more_names_than_are_kept_parsed_and_memory_is_bounded(big):
    for number in range(USED):
        assert big.is_own(number)
    assert big.is_own(0) and big.is_own(USED - 1)  # the first was dropped meanwhile
    worker, = big.daemon.children()["worker"]
    assert resident_mib(worker) < WORKER_MIB


def test_keys_that_dies_is_fed_again_and_asked_meanwhile(big):
    keys = big.daemon.children()["keys"][0]
    os.kill(keys, signal.SIGKILL)
    big.daemon.wait("process died and is started again", name="keys")
    assert big.is_own(COUNT - 1) and big.is_own(COUNT // 3)
    assert checked(big, COUNT)


@pytest.mark.speed
def test_it_is_ready_soon_and_the_first_use_of_a_name_takes_little(tmp_path):
    """In CPU time, for the machine may do something else."""
    place = Place(tmp_path, COUNT)
    try:
        began = cpu_s(place.daemon.process.pid)
        place.reload()
        reloaded = cpu_s(place.daemon.process.pid) - began
        assert checked(place, COUNT)
        first, again = [], []
        for number in range(200, 300):
            first.append(place.served(name_of(number))[1])
            again.append(place.served(name_of(number))[1])
        print(f"start {began:.2f} s of CPU, reload {reloaded:.2f} s; first use "
              f"{statistics.median(first) * 1000:.2f} ms, later {statistics.median(again) * 1000:.2f} ms")
        assert began < 1.5 * COUNT / 10000 + 0.5
        assert reloaded < began
        assert statistics.median(first) - statistics.median(again) < FIRST_S
    finally:
        place.close()


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_bad_pair_stops_only_itself(small):
    assert checked(small, 6)
    with open(small.tree.path(1, "fullchain.pem"), "w", encoding="ascii") as out:
        out.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    os.unlink(small.tree.path(2, "privkey.pem"))
    small.reload()
    left = small.daemon.wait("certificate left out", chain=small.tree.path(1, "fullchain.pem"))
    assert left["reason"] and left["serves"] == "the one before it"
    assert wait_until(lambda: small.tree_status() == {"pairs": 5, "checked": 4, "left_out": 1}, PATIENCE)
    assert all(small.is_own(number) for number in (0, 1, 3, 4, 5))
    assert not small.is_own(2)


def test_links_that_make_a_tree_without_end_are_given_up(small):
    """Two links a level lead to the next: 40 levels are a million million folders."""
    assert checked(small, 6)
    bomb = os.path.join(small.tree.folder, "bomb")
    for level in range(40):
        os.makedirs(f"{bomb}/{level}")
        for link in "ab":
            os.symlink(f"../{level + 1}", f"{bomb}/{level}/{link}")
    seen = len(small.daemon.events)
    os.kill(small.daemon.process.pid, signal.SIGHUP)
    failed = small.daemon.wait("not taken, the old one stays in force", after=seen, timeout=PATIENCE)
    assert "too many" in failed["reason"]
    assert all(small.is_own(number) for number in range(6))


def test_a_fifo_in_place_of_a_file_holds_up_nobody(small):
    """Who opens one waits for its writer: the parent must not."""
    assert checked(small, 6)
    for number, file in ((1, "privkey.pem"), (2, "fullchain.pem")):
        os.unlink(small.tree.path(number, file))
        os.mkfifo(small.tree.path(number, file))
    small.reload()
    left = small.daemon.wait("certificate left out", chain=small.tree.path(1, "fullchain.pem"))
    assert left["reason"] == "Invalid argument" and left["serves"] == "the one before it"
    assert wait_until(lambda: small.tree_status() == {"pairs": 5, "checked": 4, "left_out": 1}, PATIENCE)
    assert all(small.is_own(number) for number in (0, 1, 3, 4, 5))
    assert not small.is_own(2)


def test_a_key_of_another_pair_is_found_out(small):
    assert checked(small, 6)
    os.makedirs(os.path.dirname(small.tree.path(6, "x")))
    small.tree.made(small.tree.path(6, "privkey.pem"))  # another key than the chain's
    small.tree.add(6)
    small.reload()
    left = small.daemon.wait("certificate left out", chain=small.tree.path(6, "fullchain.pem"))
    assert left["reason"] == "chain and key do not belong together" and left["serves"] == "none for its names"
    assert wait_until(lambda: not is_any(small, 6), PATIENCE)
    assert all(small.is_own(number) for number in range(6))


def is_any(place, number):
    try:
        return place.is_own(number)
    except OSError:  # it was served before it was looked at
        return True


def test_a_renewed_pair_comes_into_force_when_it_is_whole(small):
    assert checked(small, 6)
    old = small.served(name_of(3))[0]
    key = small.tree.path(3, "privkey.pem")
    os.rename(key, key + ".away")
    new = small.tree.renew(3)
    new_key = key + ".new"
    os.rename(key, new_key)
    os.rename(key + ".away", key)  # as if the client were between chain and key
    small.reload()
    small.daemon.wait("certificate left out", chain=small.tree.path(3, "fullchain.pem"))
    assert small.served(name_of(3))[0] == old
    os.rename(new_key, key)
    small.reload()
    assert wait_until(lambda: small.served(name_of(3))[0] == new, PATIENCE)
    assert checked(small, 6) and all(small.is_own(number) for number in range(6))


def test_a_tree_that_is_not_there_is_an_error(small):
    seen = len(small.daemon.events)
    small.daemon.write(small.config.replace(small.tree.folder, small.tree.folder + "x"))
    small.daemon.ctl("reload")
    failed = small.daemon.wait("not taken, the old one stays in force", after=seen)
    assert "certificate_dir" in failed["reason"]
    assert small.is_own(0)
