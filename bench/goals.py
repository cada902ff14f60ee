#!/usr/bin/env python3
"""The table of goals, as Markdown, of what goals.sh measured: which are met.

Beside a peer: how many times as good, round by round; the best peer is the one with the best median of those that connect
to the backend too. A goal over 1 is met when the median reaches it, and four rounds of five reach 1.10 (or the goal, where
that is less); one of 1 or less, when the median does. Beside a number: when the median keeps it.

usage: goals.py [--head TEXT] results.json ...
       goals.py --into RESULTS.md goals.md tables.md      puts both where RESULTS.md has its marks for them
"""
from statistics import median
from typing import NamedTuple

from figures import WIN, arguments_of, best_of, is_held, peers_of, put, ratios, read, text_of, values


class Beside(NamedTuple):
    """A ratio to the best peer, or to a target that is named (another mode's, if that is named too)."""
    issue: int
    text: str
    what: str
    ours: str
    field: str = "per_cpu_s"
    is_more: bool = True
    goal: float = 0  # 0: none was set
    peer: str = ""
    peer_what: str = ""


class Number(NamedTuple):
    """A figure of ours that is to be at most so much, or at least; neither: it is told."""
    issue: int
    text: str
    what: str
    ours: str
    field: str
    unit: str
    at_most: float = 0
    at_least: float = 0
    digits: int = 0


def handshakes(goals):
    """One after the other: an edge that does what the peers do, and that for mail."""
    for text, what, goal in goals:
        yield Beside(9, f"{text}, tcp edge", what, "mailseal-tcp", goal=goal)
        yield Beside(9, f"{text}, mail edge", what, "mailseal", goal=goal)


def lines(proto):
    yield Beside(9, f"STARTTLS {proto.upper()} with login, to the backend", f"sl-{proto}", "mailseal", goal=1.3)
    yield Beside(9, f"STARTTLS {proto.upper()}, first command (nginx answers it itself)", f"st-{proto}", "mailseal", goal=1.2,
                 peer="nginx-mail")
    yield Beside(9, f"the same, no backend before the login there too (open = \"auth\")", f"st-{proto}", "mailseal-auth", goal=1.2,
                 peer="nginx-mail")
    yield Number(9, f"one STARTTLS session alone, {proto.upper()}, p50", f"st1-{proto}", "mailseal", "p50_us", "us",
                 at_most=3000)


GOALS = [
    *handshakes([("full handshake, TLS 1.3, P-256", "hs13-ecdsa", 1.25), ("full handshake, TLS 1.2, P-256", "hs12-ecdsa", 1.25),
                 ("full handshake, TLS 1.3, RSA-2048", "hs13-rsa", 1.12), ("full handshake, TLS 1.2, RSA-2048", "hs12-rsa", 1.12),
                 ("resumed, TLS 1.3", "rs13", 1.3), ("resumed, TLS 1.2", "rs12", 1.3),
                 ("X25519MLKEM768, Debian 13", "hs13-pq", 0), ("X25519, Debian 13", "hs13-ecdsa-debian13", 0)]),
    *lines("smtp"), *lines("imap"), *lines("pop3"),
    Beside(9, "bulk, backend to client, 4 connections", "bulk-down", "mailseal-tcp", "mb_per_cpu_s", goal=1.3),
    Beside(9, "bulk, client to backend, 4 connections", "bulk-up", "mailseal-tcp", "mb_per_cpu_s", goal=1.3),
    Beside(9, "bulk, backend to client, 1 connection", "bulk-down1", "mailseal-tcp", "mb_per_cpu_s", goal=1.6),
    Beside(9, "bulk, client to backend, 1 connection", "bulk-up1", "mailseal-tcp", "mb_per_cpu_s", goal=1.6),
    *(Beside(9, f"bulk, {way}, {n}, compact sessions", f"bulk-{what}", "mailseal-compact-tcp", "mb_per_cpu_s", goal=goal)
      for n, suffix, goal in (("4 connections", "", 1.3), ("1 connection", "1", 1.6))
      for way, what in (("backend to client", f"down{suffix}"), ("client to backend", f"up{suffix}"))),
    Beside(9, "FETCH of 25 MiB messages, 4 connections", "fetch", "mailseal", "mb_per_cpu_s", goal=1.3),
    Beside(9, "APPEND of 25 MiB messages, 4 connections", "append", "mailseal", "mb_per_cpu_s", goal=1.3),
    Beside(9, "SMTP DATA through the scanner, beside a spliced APPEND", "data", "mailseal", "mb_per_cpu_s", goal=0.8,
           peer="mailseal", peer_what="append"),
    *(Beside(9, f"latency of a line, {n} connection{'s' * (n > 1)}, p{p}", f"lat-{n}", "mailseal-tcp", f"p{p}_us", False, 1.0)
      for n in (1, 64) for p in (50, 99)),
    Number(9, "10,000 certificates: ready", "start", "mailseal", "ready_s", "s", at_most=1.0, digits=2),
    Number(9, "10,000 certificates: the worker's PSS", "start", "mailseal", "worker_mib", "MiB", at_most=100),
    Number(9, "10,000 certificates: first use of a name", "start", "mailseal", "first_ms", "ms", at_most=2.0, digits=2),
    Number(8, "idle IMAPS session, compact, PSS", "idle-login", "mailseal-compact", "pss_conn", "B", at_most=2048),
    Number(8, "the same, of 8,000, seven workers", "idle-login-8000", "mailseal-compact", "pss_conn", "B", at_most=2048),
    Number(8, "the same, of 2,000, in front of Dovecot", "idle-login-dovecot", "mailseal-compact", "pss_conn", "B", at_most=2048),
    Beside(8, "the same, kernel memory of the path, beside the copying proxy", "idle-login", "mailseal-compact", "kernel_conn",
           False, 1.0, "copy"),
    Number(8, "idle IMAPS session, OpenSSL's, PSS (its object is 13,560, and 2,048)", "idle-login", "mailseal", "pss_conn", "B",
           at_most=15608),
    Beside(8, "idle IMAPS session, compact, beside the leanest peer", "idle-login", "mailseal-compact", "pss_conn", False),
    Beside(0, "relay: messages a second, beside Postfix alone", "relay", "mailseal", "rate", peer="postfix"),
    Number(0, "check: domains a second", "check", "mailseal", "rate", "/s", digits=1),
    Number(0, "check: CPU of a domain", "check", "mailseal", "ms_cpu", "ms", digits=1),
    Number(0, "watch: packets a second that are followed", "watch", "mailseal", "packets_per_s", "/s"),
    Number(0, "watch: of them lost", "watch", "mailseal", "lost_percent", "%", digits=2),
    Number(0, "watch: CPU of its core", "watch", "mailseal", "core_percent", "%"),
    Beside(0, "ledger: sessions of the worker with it, beside without: SMTP in clear", "ledger-plain", "mailseal", peer="mailseal-off"),
    Beside(0, "ledger: the same, full handshakes", "ledger-hs13", "mailseal", peer="mailseal-off"),
]


def row_beside(goal, rows):
    """The cells behind "what", or None if nothing was measured."""
    targets, theirs = rows.get(goal.what, {}), rows.get(goal.peer_what or goal.what, {})
    peer = goal.peer or best_of(peers_of(goal.what, targets), targets, goal.field, goal.is_more)
    found = ratios(targets.get(goal.ours, {}), theirs.get(peer, {}), goal.field, goal.is_more)
    if not found:
        return None
    bar = min(goal.goal, WIN) if goal.goal else WIN
    return [goal.peer_what or peer, f"{median(found):.2f}", f"{min(found):.2f}-{max(found):.2f}",
            f"{sum(r >= bar for r in found)} of {len(found)}", f"≥ {goal.goal:g}" if goal.goal else "-",
            ("met" if is_held(found, goal.goal) else "**missed**") if goal.goal else "-"]


def row_number(goal, rows):
    found = list(values(rows.get(goal.what, {}).get(goal.ours, {}), goal.field).values())
    if not found and not rows.get(goal.what, {}).get(goal.ours):
        return None
    found = found or [0]
    text, unit = [f"{v:.{goal.digits}f}" for v in (median(found), min(found), max(found))], f" {goal.unit}"
    held = [v <= goal.at_most for v in found] if goal.at_most else [v >= goal.at_least for v in found]
    middle = median(found)
    is_met = middle <= goal.at_most if goal.at_most else middle >= goal.at_least
    has_goal = goal.at_most or goal.at_least
    wanted = f"≤ {goal.at_most:g}{unit}" if goal.at_most else f"≥ {goal.at_least:g}{unit}"
    return ["-", text[0] + unit, f"{text[1]}-{text[2]}{unit}", f"{sum(held)} of {len(held)}" if has_goal else "-",
            wanted if has_goal else "-", ("met" if is_met else "**missed**") if has_goal else "-"]


def table(rows):
    """Its lines, and what was not measured."""
    lines = ["| issue | what | best peer | median | min-max | rounds won | goal | |", "|---|---|---|---|---|---|---|---|"]
    missing = []
    for goal in GOALS:
        cells = (row_beside if isinstance(goal, Beside) else row_number)(goal, rows)
        if cells:
            lines.append(f"| {goal.issue or '-'} | {goal.text} | " + " | ".join(cells) + " |")
        else:
            missing.append(goal.text)
    return lines, missing


def into(path, *parts):
    for mark, part in zip(("goals", "tables"), parts):
        put(path, mark, text_of(part))


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--head", metavar="TEXT")
    parser.add_argument("--into", metavar="RESULTS.md")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    if options.into and len(options.files) != 2:
        parser.error("--into takes RESULTS.md goals.md tables.md")
    if options.into:
        into(options.into, *options.files)
        return
    rows, _, left_out = read(options.files)
    lines, missing = table(rows)
    if options.head:
        print(f"{options.head}\n")
    print("\n".join(lines))
    if left_out:
        print(f"\n{len(left_out)} cells are left out: not all of their connections came up and stayed, or were resumed.")
    if missing:
        print("\nNot measured in this run: " + "; ".join(missing) + ".")


if __name__ == "__main__":
    main()
