"""`mailseal ctl`: its words."""
import re


def test_a_word_that_there_is_not_shows_those_of_the_help(stage):
    done = stage.daemon.ctl("statsu")
    assert done.returncode == 1 and done.stdout.startswith("unknown command; known: ")
    listed = done.stdout.split("known:")[1].replace(",", " ").split()
    shown = stage.daemon.ctl("--help").stdout
    synopsis = shown.split("\n\n", maxsplit=1)[0]
    assert re.findall(r"^  ([a-z-]+) ", shown, re.M) == listed
    assert [form.split()[0] for form in synopsis.split("\n", 1)[1].split("|")] == listed
    assert all(len(line) <= 80 for line in synopsis.split("\n"))
    assert "|ban TARGET [--for TIME]|" in synopsis.replace("\n         ", "")


def test_words_of_other_commands_are_theirs(stage):
    done = stage.daemon.ctl("tlsa-plan", "mx")
    assert done.returncode == 2 and "no such command: tlsa-plan" in done.stderr
    assert "tlsa-" not in stage.daemon.ctl("statsu").stdout
