"""A ledger's file made by hand: the schema is read from the source of the program that owns it."""
import os
import re
import sqlite3

from daemon import ROOT

TOKEN = re.compile(r'/\*.*?\*/|"((?:[^"\\]|\\.)*)"|(,)', re.S)
LEGS = ["inbound", "outbound", "user", "internal"]
SEALS = ["none", "plain", "legacy", "sealed", "authenticated", "local"]
EVENTS = ["lost-tls", "fell-to-plain", "older-tls", "lost-ca"]


def steps_of(path):
    """The SQL of each step of a schema: steps[] of a C file."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as source:
        body = re.search(r"steps\[\] = \{(.*?)\n\};", source.read(), re.S)[1]
    steps = [""]
    for text, comma in (t.groups() for t in TOKEN.finditer(body)):
        if comma:
            steps.append("")
        elif text:
            steps[-1] += text.encode().decode("unicode_escape")
    return [step for step in steps if step]


def create(path, source="src/store/ledger_schema.c"):
    """The open file, empty, as the daemon would begin it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    steps = steps_of(source)
    for step in steps:
        db.executescript(step)
    db.execute(f"PRAGMA user_version = {len(steps)}")
    return db


def add(db, table, **values):
    """One row; what is not said is 0 or "", as its column wants."""
    row = {name: "" if kind == "TEXT" else 0
           for _, name, kind, *_ in db.execute(f"PRAGMA table_info({table})")}
    assert set(values) <= set(row), (table, values)
    row.update(values)
    if table == "session":
        row["id"] = values.get("id")
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
               list(row.values()))
