#include "report/impact_tables.h"

#include "base/clean.h"
#include "base/err.h"

enum { DAY_S = 86400, DAYS_ENOUGH = 30, DAYS_FEW = 3 };

uint64_t impact_unknown(const struct impact *i)
{
	uint64_t sessions = 0;
	for (size_t door = 0; door < i->door_count; door++)
		sessions += i->counts[door][IMPACT_UNKNOWN].sessions;
	return sessions;
}

uint64_t impact_seen(const struct impact *i)
{
	uint64_t sessions = 0;
	for (size_t door = 0; door < i->door_count; door++)
		sessions += impact_total(i, door).sessions;
	return sessions;
}

/* --- summary --- */

static const struct report_column summary_columns[] = {
	{ "edge", "edge", REPORT_TEXT },          { "what", "what", REPORT_TEXT },
	{ "breaks", "breaks", REPORT_BOOL },      { "names", "names", REPORT_COUNT },
	{ "sessions", "sessions", REPORT_COUNT }, { "sessions_share", "share", REPORT_SHARE },
	{ "messages", "messages", REPORT_COUNT }, { "messages_share", "share", REPORT_SHARE },
	{ "bytes", "bytes", REPORT_BYTES },       { "bytes_share", "share", REPORT_SHARE },
};

static int summary_row(struct report_table *t, const struct impact *i, size_t door,
                       enum impact_kind kind)
{
	const struct impact_count *count = &i->counts[door][kind];
	const struct impact_count all = impact_total(i, door);
	if (!count->names && !count->sessions)
		return 0;
	return REPORT_ROW(
		t, report_text(i->doors[door].name), report_text(impact_kind_name(kind)),
		report_bool(impact_kind_breaks(kind)), report_count(count->names),
		report_count(count->sessions), report_share(count->sessions, all.sessions),
		report_count(count->messages), report_share(count->messages, all.messages),
		report_bytes(count->bytes), report_share(count->bytes, all.bytes));
}

int impact_table_summary(struct report_table *ret_table, const struct impact *i)
{
	*ret_table = (struct report_table){ .id = "summary",
		                            .title = "What becomes of those who come",
		                            .empty = "nobody came",
		                            .columns = summary_columns,
		                            .spare_from = 6,
		                            .column_count = COUNT_OF(summary_columns) };
	int r = 0;
	for (size_t door = 0; !r && door < i->door_count; door++)
		for (int kind = 0; !r && kind < IMPACT_KIND_COUNT; kind++)
			r = summary_row(ret_table, i, door, (enum impact_kind)kind);
	return err_up(r);
}

/* --- changes --- */

static const struct report_column change_columns[] = {
	{ "edge", "edge", REPORT_TEXT },
	{ "what", "what", REPORT_TEXT },
	{ "now", "now", REPORT_TEXT },
	{ "then", "then", REPORT_TEXT },
	{ "names", "names", REPORT_COUNT },
	{ "sessions", "sessions", REPORT_COUNT },
	{ "messages", "messages", REPORT_COUNT },
	{ "bytes", "bytes", REPORT_BYTES },
};

int impact_table_changes(struct report_table *ret_table, const struct impact *i, size_t limit)
{
	*ret_table = (struct report_table){ .id = "changes",
		                            .title = "From which TLS to which",
		                            .empty = "nobody came",
		                            .columns = change_columns,
		                            .spare_from = 6,
		                            .column_count = COUNT_OF(change_columns) };
	int r = 0;
	size_t count = limit && limit < i->change_count ? limit : i->change_count;
	for (size_t n = 0; !r && n < count; n++) {
		const struct impact_change *c = &i->changes[n];
		r = REPORT_ROW(ret_table, report_text(c->door->name),
		               report_text(impact_kind_name(c->kind)), report_text(c->now),
		               report_text(c->then), report_count(c->count.names),
		               report_count(c->count.sessions), report_count(c->count.messages),
		               report_bytes(c->count.bytes));
	}
	if (!r && count < i->change_count)
		r = report_table_note(ret_table, "%zu more: --limit 0 shows all",
		                      i->change_count - count);
	return err_up(r);
}

/* --- who --- */

static const struct report_column who_columns[] = {
	{ "edge", "edge", REPORT_TEXT },
	{ "what", "what", REPORT_TEXT },
	{ "who", "who", REPORT_TEXT },
	{ "is_user", "user", REPORT_BOOL },
	{ "software", "software", REPORT_TEXT },
	{ "now", "now", REPORT_TEXT },
	{ "then", "then", REPORT_TEXT },
	{ "exception", "exception", REPORT_TEXT },
	{ "sessions", "sessions", REPORT_COUNT },
	{ "messages", "messages", REPORT_COUNT },
	{ "bytes", "bytes", REPORT_BYTES },
	{ "last", "last seen", REPORT_TIME },
};

/* What an exception would have to allow. */
static const char *exception_of(const struct impact_finding *f)
{
	if (f->kind == IMPACT_PLAIN_REFUSED)
		return f->door->has_users ? "plain-login" : "";
	return f->allow == TLS_1_1 ? "tls1.1" : f->allow == TLS_1_0 ? "tls1.0" : "";
}

static int time_note(struct report_table *t, const struct impact_watch *w)
{
	int64_t days = (w->now_s - w->began_s) / DAY_S;
	if (w->is_of_logs)
		return report_table_note(
			t,
			"A log tells the version and cipher that were used, not what a client "
			"could do: who is named here may have better, and nobody else is known.");
	if (!w->began_s)
		return report_table_note(t, "Since when it watches is not known.");
	if (days < DAYS_FEW)
		return report_table_note(t,
		                         "It has watched for %lld day%s only: that nobody is named "
		                         "proves nothing yet.",
		                         (long long)days, days == 1 ? "" : "s");
	return report_table_note(t, "It has watched for %lld days.%s", (long long)days,
	                         days < DAYS_ENOUGH
	                                 ? " Who comes less often than that is not here; 30 days "
	                                   "would tell more."
	                                 : "");
}

static int notes_add(struct report_table *t, const struct impact *i, const struct impact_watch *w)
{
	uint64_t unknown = impact_unknown(i);
	int r = time_note(t, w);
	if (!r && w->lost)
		r = report_table_note(t, "Sessions that were lost and are not in it: %llu.",
		                      (unsigned long long)w->lost);
	if (!r && unknown)
		r = report_table_note(t, "Of %llu sessions it is not known what the client can do.",
		                      (unsigned long long)unknown);
	if (!r && w->unnamed)
		r = report_table_note(t,
		                      "Of %llu sessions only the sums were kept: too many names.",
		                      (unsigned long long)w->unnamed);
	if (!r && w->lines_unread)
		r = report_table_note(t, "Lines that were too long and not read: %llu.",
		                      (unsigned long long)w->lines_unread);
	if (!r && w->has_guessed_keys)
		r = report_table_note(t, "Certificates could not be read: taken are RSA and ECDSA "
		                         "P-256.");
	return r;
}

int impact_table_who(struct report_table *ret_table, const struct impact *i,
                     const struct impact_watch *watch)
{
	*ret_table = (struct report_table){ .id = "who",
		                            .title = "Who breaks, gets weaker or is refused already",
		                            .empty = "nobody",
		                            .columns = who_columns,
		                            .spare_from = 8,
		                            .column_count = COUNT_OF(who_columns) };
	int r = 0;
	for (size_t n = 0; !r && n < i->finding_count; n++) {
		const struct impact_finding *f = &i->findings[n];
		r = REPORT_ROW(ret_table, report_text(f->door->name),
		               report_text(impact_kind_name(f->kind)), report_text(f->who),
		               report_bool(f->is_user), report_text(f->software),
		               report_text(f->now), report_text(f->then),
		               report_text(exception_of(f)), report_count(f->count.sessions),
		               report_count(f->count.messages), report_bytes(f->count.bytes),
		               report_time(f->last_s));
	}
	if (!r && i->findings_all > i->finding_count)
		r = report_table_note(ret_table, "%llu more: --limit 0 shows all",
		                      (unsigned long long)(i->findings_all - i->finding_count));
	if (!r)
		r = notes_add(ret_table, i, watch);
	return err_up(r);
}

/* --- what it is worth --- */

static const struct report_column watched_columns[] = {
	{ "since", "since", REPORT_TIME },         { "days", "days", REPORT_COUNT },
	{ "is_enough", "30 days", REPORT_BOOL },   { "sessions", "sessions", REPORT_COUNT },
	{ "lost", "lost", REPORT_COUNT },          { "unknown", "unknown", REPORT_COUNT },
	{ "from_logs", "from logs", REPORT_BOOL }, { "unnamed", "without names", REPORT_COUNT },
};

int impact_table_watched(struct report_table *ret_table, const struct impact *i,
                         const struct impact_watch *w)
{
	*ret_table = (struct report_table){ .id = "watched",
		                            .title = "What was watched",
		                            .columns = watched_columns,
		                            .column_count = COUNT_OF(watched_columns) };
	bool has_time = w->began_s != 0;
	uint64_t days = has_time ? (uint64_t)((w->now_s - w->began_s) / DAY_S) : 0;
	return err_up(REPORT_ROW(ret_table, report_time(w->began_s),
	                         has_time ? report_count(days) : report_unknown(),
	                         report_bool(days >= DAYS_ENOUGH), report_count(impact_seen(i)),
	                         report_count(w->lost), report_count(impact_unknown(i)),
	                         report_bool(w->is_of_logs), report_count(w->unnamed)));
}

/* --- whom to tell --- */

static const struct report_column notify_columns[] = {
	{ "who", "who", REPORT_TEXT },
	{ "is_user", "user", REPORT_BOOL },
	{ "edge", "edge", REPORT_TEXT },
	{ "software", "software", REPORT_TEXT },
	{ "last_seen", "last seen", REPORT_TIME },
	{ "what", "what breaks", REPORT_TEXT },
	{ "has", "has", REPORT_TEXT },
	{ "lacks", "lacks", REPORT_TEXT },
	{ "sessions", "sessions", REPORT_COUNT },
	{ "messages", "messages", REPORT_COUNT },
};

int impact_table_notify(struct report_table *ret_table, const struct impact *i)
{
	*ret_table = (struct report_table){ .id = "notify",
		                            .title = "Whom to tell",
		                            .columns = notify_columns,
		                            .column_count = COUNT_OF(notify_columns) };
	int r = 0;
	for (size_t n = 0; !r && n < i->finding_count; n++) {
		const struct impact_finding *f = &i->findings[n];
		if (!impact_kind_breaks(f->kind))
			continue;
		r = REPORT_ROW(ret_table, report_text(f->who), report_bool(f->is_user),
		               report_text(f->door->name), report_text(f->software),
		               report_time(f->last_s), report_text(impact_kind_name(f->kind)),
		               report_text(f->now),
		               report_text(f->kind == IMPACT_PLAIN_REFUSED ? "TLS" : f->then),
		               report_count(f->count.sessions), report_count(f->count.messages));
	}
	return err_up(r);
}
