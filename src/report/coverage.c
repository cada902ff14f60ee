#include "report/coverage.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void report_coverage_configure(struct report_coverage *c, const struct conf_settings *settings)
{
	for (size_t i = 0; i < settings->edge_count; i++) {
		enum conf_protocol protocol = settings->edges[i].protocol;
		if (protocol != CONF_LMTP) /* internal: it has a backend */
			c->is_configured[protocol == CONF_SMTP ? STORE_LEG_INBOUND
			                                       : STORE_LEG_USER] = true;
	}
	c->is_configured[STORE_LEG_OUTBOUND] = settings->relay_count;
	for (size_t i = 0; i < settings->mirror_count; i++) {
		bool is_open = settings->mirrors[i].protocol == CONF_SMTP;
		c->is_configured[is_open ? STORE_LEG_INBOUND : STORE_LEG_USER] = true;
	}
	c->is_configured[STORE_LEG_INTERNAL] = settings->backend_count || settings->relay_count ||
	                                       settings->link_count || settings->watch.is_set;
}

/* --- sums --- */

static bool is_encrypted(enum store_seal seal)
{
	return seal == STORE_SEAL_LEGACY || seal == STORE_SEAL_SEALED ||
	       seal == STORE_SEAL_AUTHENTICATED;
}

/* "X25519MLKEM768", "SecP256r1MLKEM768": RFC 9794 calls them hybrids. */
static bool is_post_quantum(const char *group)
{
	return strcasestr(group, "mlkem") != NULL;
}

static void counts_add(struct report_counts *counts, const struct store_ledger_sum *sum)
{
	counts->by_seal[sum->seal] += sum->sessions;
	counts->messages += sum->messages;
	counts->bytes += sum->bytes;
	if (!is_encrypted(sum->seal))
		return;
	counts->encrypted += sum->sessions;
	counts->forward_secrecy += sum->has_forward_secrecy ? sum->sessions : 0;
	counts->post_quantum += is_post_quantum(sum->group) ? sum->sessions : 0;
	counts->resumed += sum->is_resumed ? sum->sessions : 0;
}

/* NULL: out of memory. */
static struct report_coverage_line *line_find(struct report_coverage *c,
                                              const struct store_ledger_sum *sum)
{
	for (size_t i = 0; i < c->line_count; i++) {
		struct report_coverage_line *line = &c->lines[i];
		if (line->leg == sum->leg && !strcmp(line->protocol, sum->protocol))
			return line;
	}
	struct report_coverage_line *lines =
		reallocarray(c->lines, c->line_count + 1, sizeof(*lines));
	if (!lines)
		return NULL;
	c->lines = lines;
	struct report_coverage_line *line = &lines[c->line_count++];
	*line = (struct report_coverage_line){ .leg = sum->leg };
	snprintf(line->protocol, sizeof(line->protocol), "%s", sum->protocol);
	return line;
}

int report_coverage_add(struct report_coverage *c, const struct store_ledger_sum *sum)
{
	if ((unsigned)sum->leg >= STORE_LEG_COUNT || (unsigned)sum->seal >= STORE_SEAL_COUNT)
		return 0; /* of a build that knows more than this one */
	struct report_coverage_line *line = line_find(c, sum);
	if (!line)
		return err_raise(-ENOMEM);
	counts_add(&line->counts, sum);
	counts_add(&c->legs[sum->leg], sum);
	return 0;
}

static int sum_take(void *owner, const struct store_ledger_sum *sum)
{
	return report_coverage_add(owner, sum);
}

static int line_compare(const void *a, const void *b)
{
	const struct report_coverage_line *left = a, *right = b;
	if (left->leg != right->leg)
		return left->leg < right->leg ? -1 : 1;
	return strcmp(left->protocol, right->protocol);
}

int report_coverage_read(struct report_coverage *c, struct store_ledger_read *l,
                         const struct store_ledger_filter *filter)
{
	int64_t lost = 0;
	int r = store_ledger_read_fact(l, "began_s", &c->began_s);
	if (!r)
		r = store_ledger_read_fact(l, "lost", &lost);
	if (!r)
		r = store_ledger_read_sums(l, filter, sum_take, c);
	c->lost = lost > 0 ? (uint64_t)lost : 0;
	if (c->line_count)
		qsort(c->lines, c->line_count, sizeof(*c->lines), line_compare);
	return err_up(r);
}

void report_coverage_deinit(struct report_coverage *c)
{
	free(c->lines);
	c->lines = NULL;
	c->line_count = 0;
}

/* --- what they say --- */

uint64_t report_counts_sealed(const struct report_counts *counts)
{
	return counts->by_seal[STORE_SEAL_SEALED] + counts->by_seal[STORE_SEAL_AUTHENTICATED];
}

uint64_t report_counts_open(const struct report_counts *counts)
{
	return counts->encrypted + counts->by_seal[STORE_SEAL_PLAIN];
}

enum report_coverage_verdict report_coverage_judge(const struct report_coverage *c)
{
	uint64_t all = 0;
	for (int leg = 0; leg < STORE_LEG_COUNT; leg++)
		for (int seal = 0; seal < STORE_SEAL_COUNT; seal++)
			all += c->legs[leg].by_seal[seal];
	if (!all)
		return REPORT_COVERAGE_UNKNOWN;
	bool is_plain = c->legs[STORE_LEG_USER].by_seal[STORE_SEAL_PLAIN] ||
	                c->legs[STORE_LEG_INTERNAL].by_seal[STORE_SEAL_PLAIN];
	return is_plain ? REPORT_COVERAGE_NOT_WELL : REPORT_COVERAGE_WELL;
}

static int row_add(struct report_table *t, enum store_leg leg, const char *protocol,
                   const struct report_counts *n)
{
	uint64_t open = report_counts_open(n);
	return REPORT_ROW(t, report_text(store_leg_name(leg)), report_text(protocol),
	                  report_count(open), report_share(report_counts_sealed(n), open),
	                  report_share(n->by_seal[STORE_SEAL_AUTHENTICATED], open),
	                  report_share(n->by_seal[STORE_SEAL_LEGACY], open),
	                  report_share(n->by_seal[STORE_SEAL_PLAIN], open),
	                  report_count(n->by_seal[STORE_SEAL_LOCAL]),
	                  report_count(n->by_seal[STORE_SEAL_NONE]),
	                  report_share(n->forward_secrecy, n->encrypted),
	                  report_share(n->post_quantum, n->encrypted),
	                  report_share(n->resumed, n->encrypted), report_count(n->messages),
	                  report_bytes(n->bytes));
}

static int leg_add(struct report_table *t, const struct report_coverage *c, enum store_leg leg)
{
	int r = row_add(t, leg, "all", &c->legs[leg]);
	for (size_t i = 0; !r && i < c->line_count; i++)
		if (c->lines[i].leg == leg)
			r = row_add(t, leg, c->lines[i].protocol, &c->lines[i].counts);
	return err_up(r);
}

/* --- notes --- */

static const char *const not_configured[STORE_LEG_COUNT] = {
	[STORE_LEG_INBOUND] = "no edge or mirror has protocol = \"smtp\"",
	[STORE_LEG_OUTBOUND] = "no relay is configured, so mail goes out unseen",
	[STORE_LEG_USER] = "no edge or mirror for users is configured",
	[STORE_LEG_INTERNAL] = "no backend, link or watch is configured",
};

static int unknown_note(struct report_table *t, const struct report_coverage *c, enum store_leg leg)
{
	const struct report_counts *n = &c->legs[leg];
	for (int seal = 0; seal < STORE_SEAL_COUNT; seal++)
		if (n->by_seal[seal])
			return 0;
	return report_table_note(t, "%s: nothing is known: %s.", store_leg_name(leg),
	                         c->is_configured[leg] ? "no session in this time"
	                                               : not_configured[leg]);
}

/* How bad a line is: in clear where it is ours to mend, in clear elsewhere, below policy. */
static unsigned badness(const struct report_coverage_line *line)
{
	bool is_ours = line->leg == STORE_LEG_USER || line->leg == STORE_LEG_INTERNAL;
	if (line->counts.by_seal[STORE_SEAL_PLAIN])
		return is_ours ? 3 : 2;
	return line->counts.by_seal[STORE_SEAL_LEGACY] ? 1 : 0;
}

static uint64_t bad_sessions(const struct report_coverage_line *line)
{
	uint64_t plain = line->counts.by_seal[STORE_SEAL_PLAIN];
	return plain ? plain : line->counts.by_seal[STORE_SEAL_LEGACY];
}

static const char *const mends[STORE_LEG_COUNT] = {
	[STORE_LEG_INBOUND] = "see `mailseal report peers --weak --leg inbound`",
	[STORE_LEG_OUTBOUND] = "see `mailseal report peers --weak --leg outbound`",
	[STORE_LEG_USER] = "see `mailseal report exposures`, and end the exceptions that allow it",
	[STORE_LEG_INTERNAL] = "give the backend or the relay's listener TLS (mailseal.conf(5))",
};

static int worst_note(struct report_table *t, const struct report_coverage *c)
{
	const struct report_coverage_line *worst = NULL;
	for (size_t i = 0; i < c->line_count; i++) {
		const struct report_coverage_line *line = &c->lines[i];
		unsigned now = worst ? badness(worst) : 0, next = badness(line);
		if (next > now ||
		    (worst && next == now && bad_sessions(line) > bad_sessions(worst)))
			worst = line;
	}
	if (!worst)
		return 0;
	bool is_plain = worst->counts.by_seal[STORE_SEAL_PLAIN];
	uint64_t count = bad_sessions(worst);
	return report_table_note(
		t, "%llu session%s of the %s leg (%s) %s %s: %s.", (unsigned long long)count,
		count == 1 ? "" : "s", store_leg_name(worst->leg), worst->protocol,
		count == 1 ? "was" : "were", is_plain ? "in clear" : "below policy",
		is_plain ? mends[worst->leg]
			 : "`mailseal report impact` says who would be cut off without");
}

static int time_note(struct report_table *t, const struct report_coverage *c, int64_t since_s)
{
	CLEAN(buf_deinit) struct buf since = {};
	const struct report_cell began = report_time(c->began_s);
	if (c->began_s <= since_s)
		return 0;
	int r = report_cell_write(&since, &began);
	if (!r)
		r = report_table_note(t, "The ledger begins %.*s (UTC).", (int)buf_len(&since),
		                      (const char *)buf_slice(&since).data);
	return err_up(r);
}

static int notes_add(struct report_table *t, const struct report_coverage *c,
                     const struct store_ledger_filter *filter)
{
	int r = worst_note(t, c);
	for (int leg = 0; !r && leg < STORE_LEG_COUNT; leg++)
		if (filter->leg < 0 || filter->leg == leg)
			r = unknown_note(t, c, (enum store_leg)leg);
	if (!r && c->lost)
		r = report_table_note(t, "%llu sessions were not counted since the ledger began.",
		                      (unsigned long long)c->lost);
	return r ? err_up(r) : err_up(time_note(t, c, filter->since_s));
}

int report_coverage_table(struct report_table *ret_table, const struct report_coverage *c,
                          const struct store_ledger_filter *filter)
{
	static const struct report_column columns[] = {
		{ "leg", "leg", REPORT_TEXT },
		{ "protocol", "protocol", REPORT_TEXT },
		{ "sessions", "sessions", REPORT_COUNT },
		{ "sealed", "sealed", REPORT_SHARE },
		{ "authenticated", "proven", REPORT_SHARE },
		{ "legacy", "legacy", REPORT_SHARE },
		{ "plain", "plain", REPORT_SHARE },
		{ "local_sessions", "local", REPORT_COUNT },
		{ "failed_sessions", "failed", REPORT_COUNT },
		{ "forward_secrecy", "fwd secr", REPORT_SHARE },
		{ "post_quantum", "post-q", REPORT_SHARE },
		{ "resumed", "resumed", REPORT_SHARE },
		{ "messages", "messages", REPORT_COUNT },
		{ "bytes", "bytes", REPORT_BYTES },
	};
	int r = 0;
	*ret_table = (struct report_table){ .id = "coverage",
		                            .title = "How much of each leg is sealed",
		                            .columns = columns,
		                            .column_count = COUNT_OF(columns),
		                            .spare_from = 7 };
	for (int leg = 0; !r && leg < STORE_LEG_COUNT; leg++)
		if (filter->leg < 0 || filter->leg == leg)
			r = leg_add(ret_table, c, (enum store_leg)leg);
	return r ? err_up(r) : err_up(notes_add(ret_table, c, filter));
}
