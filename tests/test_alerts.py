"""The alert rules, by Prometheus's own checker; and what each says to do is written."""
import os
import re
import subprocess

import pytest

from daemon import ROOT

RULES = os.path.join(ROOT, "doc", "prometheus", "mailseal.rules.yml")


def promtool(*arguments, text=None):
    done = subprocess.run([os.path.join(ROOT, "tools", "promtool"), *arguments], input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    if done.returncode == 3 and "promtool" not in done.stdout:
        pytest.skip("no promtool, and Debian's package cannot be had: " + done.stdout[-200:])
    return done


def test_rules_are_right():
    done = promtool("check", "rules", RULES)
    assert done.returncode == 0, done.stdout


def test_each_alert_comes_for_its_reason_and_for_nothing_else():
    tests = os.path.join(ROOT, "tests", "prometheus", "rules.test.yml")
    done = promtool("test", "rules", tests)
    assert done.returncode == 0, done.stdout
    with open(tests, encoding="utf-8") as file:
        tested = re.findall(r"alertname: (\w+)", file.read())
    for name in alerts():
        assert tested.count(name) == 2, f"{name} has to be tested once quiet and once loud"


def alerts():
    with open(RULES, encoding="utf-8") as file:
        return re.findall(r"- alert: (\w+)", file.read())


def test_each_alert_has_a_page_of_the_runbook():
    with open(os.path.join(ROOT, "doc", "RUNBOOK.md"), encoding="utf-8") as file:
        headings = re.findall(r"^## (\w+)$", file.read(), re.M)
    with open(RULES, encoding="utf-8") as file:
        anchors = re.findall(r"RUNBOOK.md#(\w+)", file.read())
    assert alerts() == headings
    assert anchors == [name.lower() for name in alerts()]
