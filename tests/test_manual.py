"""The manual names what the program says."""
import glob
import os
import re
import subprocess

import pytest

from daemon import BINARY, ROOT

CALL = re.compile(r'\b(?:log_(?:info|notice|warn|error|write)\(|complain\(s, LOG_)(.*?")\s*(?:,|\);)', re.S)
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def events():
    """All events above debug, and the file that says each."""
    found = {}
    for path in glob.glob(f"{ROOT}/src/**/*.c", recursive=True):
        if os.path.basename(path).startswith(("test_", "fuzz_")):
            continue
        with open(path, encoding="utf-8") as source:
            for call in CALL.finditer(source.read()):
                found.update((text, os.path.relpath(path, ROOT)) for text in TEXT.findall(call[1]))
    return found


def manual(name):
    with open(f"{ROOT}/doc/{name}", encoding="utf-8") as page:
        return re.sub(r"\s+", " ", page.read().replace("\\-", "-"))


@pytest.mark.parametrize("event", events())
def test_every_event_is_in_the_manual(event):
    assert event in manual("mailseal-run.8"), events()[event]


def test_events_are_found():
    assert len(events()) > 50
    assert {"ready", "session ended", "backend answers no more"} <= set(events())


@pytest.mark.parametrize("words", [("config", "defaults"), ("policy", "--help"), ("ctl", "--help")])
def test_what_a_full_disk_did_not_take_is_not_well(words):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BINARY, *words], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and "cannot write: No space left" in done.stderr
