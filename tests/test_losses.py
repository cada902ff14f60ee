"""The judge of lost messages sees what is wrong."""
import pytest

from losses import Copy, Kill, judge

ONE, TWO = (1, "a.example"), (2, "a.example")
HOP, OTHER = ("127.0.1.1", 40000), ("127.0.1.1", 40001)


def copy(what, came=10.0, hop=HOP, answered=True, is_cut=False):
    return Copy(what, hop, came - 1, came, came + 0.1 if answered else None, is_cut)


WELL = copy(ONE)
AGAIN = copy(ONE, 12.0, OTHER)

# name: (copies, kills, what is wrong begins so)
CASES = {
    "all is well": ([WELL], [], None),
    "one is lost": ([], [], f"{ONE} is lost"),
    "nobody said 250": ([copy(ONE, answered=False)], [], f"{ONE}: the MTA was told 250"),
    "one that nobody sent": ([WELL, copy(TWO)], [], f"{TWO} was never sent"),
    "twice": ([WELL, AGAIN], [], f"{ONE} came again"),
    "twice, not answered": ([copy(ONE, answered=False), AGAIN], [], f"{ONE} came again"),
    "twice, the other way round": ([AGAIN, WELL], [], f"{ONE} came again"),
    "the far end cut it off": ([copy(ONE, answered=False, is_cut=True), AGAIN], [], None),
    "and the second time it did not": (
        [copy(ONE, answered=False, is_cut=True), AGAIN, copy(ONE, 13.0)], [], f"{ONE} came again"),
    "killed before the answer": ([WELL, AGAIN], [Kill(10.05, "worker", {HOP})], None),
    "killed as it answered": ([WELL, AGAIN], [Kill(10.2, "worker", {HOP, OTHER})], None),
    "killed, and never answered": (
        [copy(ONE, answered=False), AGAIN], [Kill(10.2, "worker", {HOP})], None),
    "another was killed": ([WELL, AGAIN], [Kill(10.05, "worker", {OTHER})], f"{ONE} came again"),
    "killed long after": ([WELL, AGAIN], [Kill(11.5, "worker", {HOP})], f"{ONE} came again"),
    "killed before the connection": (
        [WELL, AGAIN], [Kill(8.9, "worker", {HOP})], f"{ONE} came again"),
    "nothing of the hop was killed": ([WELL, AGAIN], [Kill(10.05, "resolver", set())],
                                      f"{ONE} came again"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_judge(name):
    copies, kills, begins = CASES[name]
    wrong = judge([ONE], {ONE}, copies, kills)
    assert len(wrong) == (begins is not None), wrong
    assert not wrong or wrong[0].startswith(begins), wrong
