"""What run.sh and its like measured, and how one target does beside another in the same round."""
import argparse
import json
import os
import shutil
from statistics import median

WIN = 1.10  # in the median, and in four of five rounds
PLAIN = {"splice", "copy", "direct"}  # limits, not peers
# Answer by themselves before a login: in these modes they make no backend connection, so they do less.
OWN = {"nginx-mail", "dovecot", "postfix-smtpd"}
OWN_MODES = ("hs", "rs", "st", "idle")


def is_ours(target):
    return target.startswith("mailseal")


def does_less(what, target):
    return target in OWN and what.startswith(OWN_MODES) and not what.startswith("idle-login")


def is_whole(row):
    """Idle connections that all came and stayed; a session resumed where that is measured."""
    if row["what"].startswith("idle"):
        return row["still"] == row["conns"]
    return not row["what"].startswith("rs") or row["resumed_pct"] > 90


def text_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise SystemExit(f"{path}: {error.strerror}") from error


def rows_of(path):
    """A row a line; what else is said between them is passed over."""
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if not line.startswith("{") and "JSON {" not in line:
            continue
        try:
            yield json.loads(line[line.index("{"):])
        except json.JSONDecodeError as error:
            raise SystemExit(f"{path}:{number}: no row: {error}") from error


def read(paths):
    """{what: {target: {round: row}}}, the rows of limits.sh, and those left out."""
    rows, limits, left_out = {}, [], []
    for path in paths:
        for one in rows_of(path):
            if "limit" in one:
                limits.append(one)
            elif is_whole(one):
                rows.setdefault(one["what"], {}).setdefault(one["target"], {})[one["round"]] = one
            else:
                left_out.append(one)
    return rows, limits, left_out


def values(rounds, field):
    """Of the rounds in which there is one."""
    if field == "core":
        return {number: row["proxy_cpu_s"] / row["secs"] for number, row in rounds.items()}
    return {number: row[field] for number, row in rounds.items() if row.get(field)}


def middle(rounds, field):
    found = values(rounds, field).values()
    return median(found) if found else 0


def peers_of(what, targets, through=True):
    """Those to be compared with; through: only those that connect to the backend in this mode."""
    return [t for t in targets if not is_ours(t) and t not in PLAIN and not (through and does_less(what, t))]


def best_of(names, targets, field, is_more):
    """By the median."""
    known = {t: middle(targets[t], field) for t in names if middle(targets[t], field)}
    return (max if is_more else min)(known, key=known.get) if known else None


def ratios(ours, theirs, field, is_more):
    """How many times as good as the other, of each round that both have; over 1 is better."""
    ours, theirs = values(ours, field), values(theirs, field)
    both = sorted(set(ours) & set(theirs))
    return [ours[n] / theirs[n] if is_more else theirs[n] / ours[n] for n in both]


def is_held(reached, wanted):
    """By the median, and in four rounds of five."""
    if not reached:
        return False
    share = sum(r >= min(wanted, WIN) for r in reached) / len(reached)
    return median(reached) >= wanted and (share >= 0.8 or wanted <= 1)


def arguments_of(text):
    """A parser whose help is the text of the program: its head."""
    return argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)


def at_least_one(text):
    """For a parser: how often, how many."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of 1 or more")
    return int(text)


def need_root():
    if os.geteuid():
        raise SystemExit("this is measured as root")


def need(*programs):
    """Ends with the mend where one of them is not there."""
    for program in programs:
        if not shutil.which(program):
            raise SystemExit(f"{program} is not there: `make build` makes mailseal, `make -C bench` what measures it")


def row(what, target, number, **figures):
    """Says what one round of one target was, as run.sh's rows are."""
    print(json.dumps({"round": number, "what": what, "target": target, **figures}), flush=True)


def put(path, mark, text):
    """In place of what stands between the two lines of the mark."""
    before, _, rest = text_of(path).partition(f"<!-- {mark} -->\n")
    _, end, after = rest.partition(f"<!-- end of {mark} -->\n")
    if not end:
        raise SystemExit(f"{path}: no lines <!-- {mark} --> and <!-- end of {mark} -->")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}<!-- {mark} -->\n\n{text.strip()}\n\n<!-- end of {mark} -->\n{after}")
