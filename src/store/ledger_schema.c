/*
 * The tables of the ledger. Times are Unix time in seconds. Enums are their numbers
 * (store/record.h). A new table or column is a new step: steps that were released never change.
 *
 *   hello     each kind of ClientHello, once; lists as "1301,c02b" (IANA numbers, GREASE left out);
 *             sni: bit 1 << enum store_sni for each kind seen. Of too many the ones that were seen
 *             for less than an hour go first: a name may have a hello that is not here any more
 *   name      who came with which ClientHello to which edge: the base of `impact` and `peers`.
 *             who: the user if one logged in (is_user), else the address; hello 0: in clear.
 *             sessions: all; refused: those of them whose handshake failed. seal, version, cipher,
 *             kex: of the last that was not refused; software: the last that was said
 *   far       where mail went: domain and MX. seal, version, cipher, kex: of the last connection
 *             that had one; policy, result, outcome: of the last
 *   session   rows of single sessions, as "keep" says; id grows with time
 *   sum       all sessions by hour (Unix time / 3600); for the leg "internal" also ways to backends
 *             (protocol "backend", edge: the backend's name)
 *   exposure  credentials in clear. hook_rank: 1 or 2 while its hook is still to be run (1: of a
 * user that had logged in, so strangers' inventions wait behind), from hook_due on; hook_tries: how
 *             often it failed
 *   alarm     what was wrong until somebody mended it, a row each time
 *   event     what got weaker, once for each who and kind and day worker    up to
 * which batch its sessions are counted fact      numbers by name: "began_s" (since when it
 * watches), "lost" (sessions of which a worker, or the ledger with a full disk, had to drop
 * something)
 */
#include "store/ledger.h"
#include "store/store.h"

#include "base/clean.h"

static const char *const steps[] = {
	"CREATE TABLE hello (hash INTEGER PRIMARY KEY, legacy_version INTEGER NOT NULL,"
	" max_version INTEGER NOT NULL, versions TEXT NOT NULL, suites TEXT NOT NULL,"
	" groups TEXT NOT NULL, sigalgs TEXT NOT NULL, sni INTEGER NOT NULL,"
	" first INTEGER NOT NULL, last INTEGER NOT NULL);"
	"CREATE INDEX hello_last ON hello (last - first >= 3600, last);"

	"CREATE TABLE name (edge TEXT NOT NULL, hello INTEGER NOT NULL, who TEXT NOT NULL,"
	" is_user INTEGER NOT NULL, leg INTEGER NOT NULL, protocol TEXT NOT NULL,"
	" first INTEGER NOT NULL, last INTEGER NOT NULL, sessions INTEGER NOT NULL,"
	" refused INTEGER NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL,"
	" seal INTEGER NOT NULL, version TEXT NOT NULL, cipher TEXT NOT NULL,"
	" kex TEXT NOT NULL, software TEXT NOT NULL,"
	" PRIMARY KEY (edge, hello, who)) WITHOUT ROWID;"
	"CREATE INDEX name_who ON name (who);"
	"CREATE INDEX name_last ON name (last);"
	/* who taught little goes first: a crowd of strangers does not push out who is known */
	"CREATE INDEX name_few ON name (last) WHERE sessions < 5;"

	"CREATE TABLE far (relay TEXT NOT NULL, domain TEXT NOT NULL, mx TEXT NOT NULL,"
	" address TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" sessions INTEGER NOT NULL, failed INTEGER NOT NULL, messages INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL, seal INTEGER NOT NULL, version TEXT NOT NULL,"
	" cipher TEXT NOT NULL, kex TEXT NOT NULL, policy TEXT NOT NULL, result TEXT NOT NULL,"
	" outcome TEXT NOT NULL, PRIMARY KEY (domain, mx, relay)) WITHOUT ROWID;"
	"CREATE INDEX far_last ON far (last);"

	"CREATE TABLE session (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, leg INTEGER NOT NULL,"
	" seal INTEGER NOT NULL, protocol TEXT NOT NULL, edge TEXT NOT NULL,"
	" address TEXT NOT NULL, domain TEXT NOT NULL, mx TEXT NOT NULL, user TEXT NOT NULL,"
	" software TEXT NOT NULL, version TEXT NOT NULL, cipher TEXT NOT NULL,"
	" kex TEXT NOT NULL, resumed INTEGER NOT NULL, hello INTEGER NOT NULL,"
	" policy TEXT NOT NULL, result TEXT NOT NULL, outcome TEXT NOT NULL,"
	" error TEXT NOT NULL, messages INTEGER NOT NULL, bytes_in INTEGER NOT NULL,"
	" bytes_out INTEGER NOT NULL, duration_ms INTEGER NOT NULL);"
	"CREATE INDEX session_at ON session (at);"
	"CREATE INDEX session_user ON session (user) WHERE user <> '';"

	"CREATE TABLE sum (hour INTEGER NOT NULL, leg INTEGER NOT NULL, protocol TEXT NOT NULL,"
	" edge TEXT NOT NULL, seal INTEGER NOT NULL, version TEXT NOT NULL, cipher TEXT NOT NULL,"
	" kex TEXT NOT NULL, resumed INTEGER NOT NULL, forward_secrecy INTEGER NOT NULL,"
	" sessions INTEGER NOT NULL, messages INTEGER NOT NULL, bytes_in INTEGER NOT NULL,"
	" bytes_out INTEGER NOT NULL, login_failures INTEGER NOT NULL,"
	" PRIMARY KEY (hour, leg, protocol, edge, seal, version, cipher, kex, resumed,"
	" forward_secrecy)) WITHOUT ROWID;"

	"CREATE TABLE exposure (user TEXT NOT NULL, protocol TEXT NOT NULL, edge TEXT NOT NULL,"
	" address TEXT NOT NULL, password_sent INTEGER NOT NULL, mechanism TEXT NOT NULL,"
	" is_excepted INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" count INTEGER NOT NULL,"
	" PRIMARY KEY (user, protocol, edge, address, password_sent)) WITHOUT ROWID;"
	"CREATE INDEX exposure_last ON exposure (last - first >= 3600, last);"

	/* kind: enum store_event_kind; who: the partner's address or domain, "" where no address
	 * is kept, and for all that were too many to tell apart that day */
	"CREATE TABLE event (kind INTEGER NOT NULL, who TEXT NOT NULL, day INTEGER NOT NULL,"
	" leg INTEGER NOT NULL, edge TEXT NOT NULL, mx TEXT NOT NULL, detail TEXT NOT NULL,"
	" first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,"
	" PRIMARY KEY (kind, who, edge, mx, day)) WITHOUT ROWID;"
	"CREATE INDEX event_last ON event (last);"

	"CREATE TABLE worker (id INTEGER PRIMARY KEY, batch INTEGER NOT NULL,"
	" last INTEGER NOT NULL);"
	"CREATE TABLE fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;",

	"ALTER TABLE exposure ADD COLUMN hook_rank INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE exposure ADD COLUMN hook_due INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE exposure ADD COLUMN hook_tries INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX exposure_hook ON exposure (hook_rank, hook_due) WHERE hook_rank > 0;",

	/* kind: its name (proc/alarm.h); seen: when the daemon said last that it is so; cleared: 0
	 * until it was over */
	"CREATE TABLE alarm (kind TEXT NOT NULL, subject TEXT NOT NULL, since INTEGER NOT NULL,"
	" seen INTEGER NOT NULL, cleared INTEGER NOT NULL, detail TEXT NOT NULL,"
	" mend TEXT NOT NULL, PRIMARY KEY (kind, subject, since)) WITHOUT ROWID;"
	"CREATE INDEX alarm_seen ON alarm (seen);",
};

const struct store_schema store_ledger_schema = { steps, COUNT_OF(steps) };
