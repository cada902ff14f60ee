"""What the bench says of its rows: which goal is met, which peer is the best, what the guard refuses (bench/). What it
measures is not tested here."""
import json
import pathlib
import subprocess
import sys

import pytest

BENCH = pathlib.Path(__file__).resolve().parent.parent / "bench"
sys.path.insert(0, str(BENCH))

import counts  # noqa: E402
import figures  # noqa: E402
import goals  # noqa: E402


def rows_of(what, field, **targets):
    return {what: {name.replace("_", "-"): {number: {field: value} for number, value in enumerate(rounds, 1)}
                   for name, rounds in targets.items()}}


# name: (ratios of five rounds, the goal, whether it is met)
HELD = {
    "all": ([1.3, 1.4, 1.3, 1.5, 1.3], 1.25, True),
    "one round lost": ([1.3, 1.4, 0.9, 1.5, 1.3], 1.25, True),
    "two rounds lost": ([1.3, 1.4, 0.9, 1.0, 1.3], 1.25, False),
    "a median below it": ([1.2, 1.2, 1.2, 1.2, 1.2], 1.25, False),
    "no worse, by the median alone": ([0.9, 1.0, 1.1, 0.9, 1.2], 1.0, True),
    "nothing measured": ([], 1.25, False),
}


@pytest.mark.parametrize("name", HELD)
def test_a_goal_is_met_by_the_median_and_four_rounds(name):
    ratios, goal, is_met = HELD[name]
    assert figures.is_held(ratios, goal) is is_met


def test_the_best_peer_is_one_that_connects():
    rows = rows_of("hs13-ecdsa", "per_cpu_s", mailseal_tcp=[300] * 5, nginx_mail=[400] * 5, hitch=[200] * 5, haproxy=[190] * 5)
    goal = next(goal for goal in goals.GOALS if (goal.what, goal.ours) == ("hs13-ecdsa", "mailseal-tcp"))
    assert goals.row_beside(goal, rows) == ["hitch", "1.50", "1.50-1.50", "5 of 5", "≥ 1.25", "met"]


def test_less_is_better_where_it_is():
    rows = rows_of("lat-1", "p50_us", mailseal_tcp=[100, 120, 100], hitch=[110, 100, 90], haproxy=[200] * 3)
    goal = next(goal for goal in goals.GOALS if (goal.what, goal.field) == ("lat-1", "p50_us"))
    assert goals.row_beside(goal, rows) == ["hitch", "0.90", "0.83-1.10", "1 of 3", "≥ 1", "**missed**"]


def test_a_number_is_kept_or_not():
    goal = next(goal for goal in goals.GOALS if goal.what == "st1-imap")
    kept, lost = (goals.row_number(goal, rows_of("st1-imap", "p50_us", mailseal=rounds))
                  for rounds in ([1000, 1100, 4000], [3100, 4000, 1000]))
    assert kept == ["-", "1100 us", "1000-4000 us", "2 of 3", "≤ 3000 us", "met"]
    assert lost[-1] == "**missed**"


def test_the_tables_go_where_the_marks_are(tmp_path):
    page, part = tmp_path / "page.md", tmp_path / "part.md"
    page.write_text("a\n<!-- goals -->\nold\n<!-- end of goals -->\nb\n", encoding="utf-8")
    part.write_text("new\n", encoding="utf-8")
    goals.into(page, part)
    assert page.read_text(encoding="utf-8") == "a\n<!-- goals -->\n\nnew\n\n<!-- end of goals -->\nb\n"
    page.write_text("no marks\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="no lines"):
        goals.into(page, part)


def test_a_cell_that_did_not_come_up_is_left_out(tmp_path):
    raw = tmp_path / "raw.json"
    cell = {"round": 1, "target": "mailseal-compact", "what": "idle-login", "conns": 2000, "still": 2000, "pss_conn": 845}
    raw.write_text("\n".join(json.dumps(one) for one in (cell, {**cell, "round": 2, "still": 1999})) + "\n", encoding="utf-8")
    said = subprocess.run([sys.executable, BENCH / "goals.py", raw], text=True, capture_output=True, check=True).stdout
    assert "| 845 B | 845-845 B | 1 of 1 | ≤ 2048 B | met |" in said and "1 cells are left out" in said
    assert "Not measured in this run: full handshake" in said


PROGRAMS = sorted(file.name for kind in ("*.py", "*.sh") for file in BENCH.glob(kind) if file.stat().st_mode & 0o111)


def said_by(program, *words):
    return subprocess.run([BENCH / program, *words], text=True, capture_output=True, check=False)


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_says_what_it_does(program):
    said = said_by(program, "--help")
    assert said.returncode == 0 and len(said.stdout) > 100 and not said.stderr


TAKE_A_COMMAND = {"alone.sh", "group.sh", "debian13.sh"}


@pytest.mark.parametrize("program", sorted(set(PROGRAMS) - TAKE_A_COMMAND))
def test_each_program_refuses_what_it_does_not_know(program):
    said = said_by(program, "--nonsense")
    assert said.returncode == 2 and "usage: " in said.stderr + said.stdout and "Traceback" not in said.stderr


@pytest.mark.parametrize("program", sorted(TAKE_A_COMMAND))
def test_who_runs_a_command_wants_one(program):
    assert said_by(program).returncode == 2


BROKEN = {
    "no such file": (["/nowhere/raw.json"], "/nowhere/raw.json: No such file"),
    "a line that is no row": (["RAW"], ":1: no row: "),
    "too few pages": (["--into", "page.md", "goals.md"], "RESULTS.md goals.md tables.md"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_table_is_made_of_is_named_where_it_is_wrong(name, tmp_path):
    words, text = BROKEN[name]
    raw = tmp_path / "raw.json"
    raw.write_text("{broken\n", encoding="utf-8")
    said = said_by("goals.py", *(raw if word == "RAW" else word for word in words))
    assert said.returncode and text in said.stderr and "Traceback" not in said.stderr


@pytest.mark.parametrize("growth, is_good", [(1.0, True), (1.09, True), (1.11, False)])
def test_the_guard_refuses_a_growth_of_a_tenth(growth, is_good, capsys):
    what = next(iter(counts.WHAT))
    assert counts.judge({what: int(1000000 * growth)}, {what: 1000000}) is is_good
    assert ("more than 10 % over" in capsys.readouterr().out) is not is_good
