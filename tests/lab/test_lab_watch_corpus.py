"""mailseal watch before captures of real servers and clients of Debian, a file a protocol and variant: every plain
flow and every password is found, no encrypted flow is accused. The list of them is printed."""
import concurrent.futures
import os

import pytest

import inside
import recut
import watch_mail
import watch_others
import watch_stores
import watch_talks
from watch_stage import MIDSTREAM, NOTHING, REWRITES, SEALED, Tap, ask, is_plain, taken_apart

inside.READY_SECONDS = 180  # forty servers begin at once
CASES = [*watch_mail.CASES, *watch_stores.CASES, *watch_others.CASES]
PORTS = {row.port for case in CASES for row in case.rows}
# A capture that begins in a talk of LMTP has nothing that SMTP has not.
SAME_IN_THE_MIDDLE = {"lmtp": "smtp"}


class Stage:
    """mx talks to box, and to bare, which has no TLS."""

    def __init__(self, net):
        self.net = net
        self.mx, self.box, self.bare = (net.host(name, f"10.9.0.{number}")
                                        for number, name in enumerate(("mx", "box", "bare"), 2))
        self.addresses = {"box": self.box.address, "bare": self.bare.address}
        self.keys, self.servers = self.box.certificate(), {}
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for row in pool.map(self.begin, self.rows()):
                self.servers |= row

    def rows(self):
        """Servers that begin one after the other; rows begin side by side."""
        return [*watch_stores.servers(self.box, self.keys), *watch_mail.servers(self.mx, self.box, self.bare, self.keys),
                *watch_others.servers(self.box, self.keys)]

    @staticmethod
    def begin(row):
        return {name: begin() for name, begin in row.items()}

    def captures(self):
        tap = Tap(self.net, self.mx, self.box)
        for case in CASES:
            tap.mark(case.name)
            case.talk(self)
        return taken_apart(tap.frames())


@pytest.fixture(scope="module", name="captures")
def captures_fixture(tmp_path_factory):
    """The frames of each case."""
    if os.geteuid():
        pytest.skip("network namespaces need root")
    with inside.Network(str(tmp_path_factory.mktemp("stage") / "net")) as net:
        return Stage(net).captures()


@pytest.fixture(name="found")
def found_fixture(captures, tmp_path):
    """What is found in the rewritten captures of cases, each with its case."""
    def find_one(case, rewrite):
        name = case.name.replace(" ", "-").replace(",", "").replace(":", "")
        return ask(recut.save(tmp_path / f"{name}.pcap", rewrite(captures[case.name])), PORTS)

    def find(cases, rewrite):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(zip(cases, pool.map(lambda case: find_one(case, rewrite), cases)))
    return find


def told(case, how, rows, is_right):
    who = f"{case.script} is a script" if case.script else "real"
    what = "; ".join(f"{row.port or 'any port'} {row.protocol or '?'} {row.verdict} {row.mechanism or ''}".strip() for row in rows)
    print(f"{case.name:52} {how:22} {who:18} {'right' if is_right else 'WRONG'}  {what or 'silent'}")


@pytest.mark.parametrize("how", REWRITES)
def test_every_plain_flow_and_password_is_found_and_no_other(found, how):
    wrong = {}
    for case, rows in found(CASES, REWRITES[how]):
        if rows != sorted(case.rows_of(how), key=str):
            wrong[case.name] = rows
        told(case, how, rows, case.name not in wrong)
    assert not wrong


def may_be(case, row):
    """A capture that begins in the middle hides what was said before: never what it is."""
    wanted = [other for other in case.rows if other.port == row.port]
    verdicts = {other.verdict for other in wanted}
    names = {None, "tls", *(other.protocol for other in wanted), *(SAME_IN_THE_MIDDLE.get(other.protocol) for other in wanted)}
    if row.verdict in SEALED:
        return row.protocol in names and verdicts & SEALED
    if is_plain(row.verdict):
        return row.protocol in names - {None, "tls"} and any(map(is_plain, verdicts))
    return row.protocol in names and row.verdict in (MIDSTREAM, NOTHING, "unknown-high-entropy")


@pytest.mark.parametrize("spoken", [1, 2])
def test_what_begins_in_the_middle_is_never_called_the_contrary(found, spoken):
    wrong = {}
    for case, rows in found(CASES, lambda frames: recut.middle(frames, spoken)):
        if not all(may_be(case, row) for row in rows):
            wrong[case.name] = rows
        told(case, f"after {spoken} of each side", rows, case.name not in wrong)
    assert not wrong


@pytest.mark.parametrize("spoken", [3, 6])
def test_what_stays_connected_is_found_in_the_middle(found, spoken):
    wrong = {}
    cases = [case for case in CASES if case.is_long]
    for case, rows in found(cases, lambda frames: recut.middle(frames, spoken)):
        if [(row.port, row.protocol) for row in rows if is_plain(row.verdict)] != [case.rows[0][:2]]:
            wrong[case.name] = rows
        told(case, f"after {spoken} of each side", rows, case.name not in wrong)
    assert not wrong


def test_the_list_of_what_is_real():
    """What Debian 12 has no server for, or a kernel has to speak, is found in scripted captures alone."""
    real = {row.protocol for case in CASES for row in case.rows} | {case.protocol for case in CASES}
    scripted = {case.protocol for case in watch_talks.PLAIN_CASES} - real
    print("real:", ", ".join(sorted(filter(None, real))))
    print("scripted (tests/test_watch.py):", ", ".join(sorted(scripted)))
    assert scripted == {"mongodb", "kafka", "nfs", "smb", "icap", "relp"}
