#include "cmd/hops_print.h"

#include "base/clean.h"
#include "base/err.h"
#include "report/table.h"

#include <errno.h>
#include <jansson.h>
#include <sys/ioctl.h>

/* What each result means, for people. */
static const char *const result_words[] = {
	[HOPS_RESULT_PLAIN] = "plain: a hop was in clear",
	[HOPS_RESULT_LEGACY] =
		"legacy: a hop was encrypted with less than TLS 1.2 and forward secrecy",
	[HOPS_RESULT_UNKNOWN] = "unknown: a hop does not say, or none is evidence",
	[HOPS_RESULT_ENCRYPTED] = "encrypted: every hop, but one does not say how well",
	[HOPS_RESULT_SEALED] =
		"sealed: TLS 1.2 or later and forward secrecy on every hop that left a host",
	[HOPS_RESULT_LOCAL] = "local: it never left a host",
};
_Static_assert(COUNT_OF(result_words) == HOPS_RESULT_COUNT);

static const char no_boundary[] =
	"Anybody can write such fields; with --trust HOST only what your own hosts wrote counts.";

enum { LONG_CAP = HOPS_TEXT_CAP + HOPS_ADDRESS_CAP + 4 };

/* "name [address]": of DNS, else as it called itself. */
static const char *from_text(const struct hops_hop *hop, char ret_text[LONG_CAP])
{
	char address[HOPS_ADDRESS_CAP];
	const char *name = hop->name[0] ? hop->name : hop->helo;
	hops_address_print(&hop->address, address);
	if (!address[0])
		snprintf(ret_text, LONG_CAP, "%s", name);
	else if (!name[0] || name[0] == '[')
		snprintf(ret_text, LONG_CAP, "[%s]", address);
	else
		snprintf(ret_text, LONG_CAP, "%s [%s]", name, address);
	return ret_text;
}

/* "encrypted (TLS 1.3)" */
static const char *verdict_text(enum hops_verdict verdict, const struct hops_tls *tls,
                                char ret_text[64])
{
	bool has_version = verdict == HOPS_ENCRYPTED && tls->version;
	snprintf(ret_text, 64, has_version ? "%s (%s)" : "%s", hops_verdict_name(verdict),
	         hops_version_name(tls->version));
	return ret_text;
}

/* "3 s", "2 min", "-1 s". */
static const char *delay_text(const struct hops_hop *hop, char ret_text[32])
{
	enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
	static const struct {
		int64_t from, size;
		const char *unit;
	} units[] = { { (int64_t)2 * DAY, DAY, "d" },
		      { (int64_t)2 * HOUR, HOUR, "h" },
		      { (int64_t)2 * MINUTE, MINUTE, "min" },
		      { 0, 1, "s" } };
	int64_t size = hop->delay_s < 0 ? -hop->delay_s : hop->delay_s;
	size_t i = 0;
	ret_text[0] = '\0';
	while (size < units[i].from)
		i++;
	if (hop->has_delay)
		snprintf(ret_text, 32, "%lld %s", (long long)(hop->delay_s / units[i].size),
		         units[i].unit);
	return ret_text;
}

/* --- for people --- */

/* The first is left out where there is no boundary. */
static const struct report_column text_columns[] = {
	{ "word", "word", REPORT_TEXT },   { "hop", "hop", REPORT_COUNT },
	{ "from", "from", REPORT_TEXT },   { "by", "by", REPORT_TEXT },
	{ "leg", "leg", REPORT_TEXT },     { "verdict", "encryption", REPORT_TEXT },
	{ "grade", "grade", REPORT_TEXT }, { "protocol", "with", REPORT_TEXT },
	{ "delay", "delay", REPORT_TEXT }, { "cipher", "cipher", REPORT_TEXT },
	{ "group", "group", REPORT_TEXT },
};
enum { SPARE_FROM = 7 };

static int text_row(struct report_table *t, const struct hops_way *way, const struct hops_hop *hop,
                    size_t number)
{
	char from[LONG_CAP], verdict[64], delay[32];
	const struct report_cell cells[COUNT_OF(text_columns)] = {
		report_text(hop->is_claimed ? "claimed" : "evidence"),
		report_count(number),
		report_text(from_text(hop, from)),
		report_text(hop->by),
		report_text(hops_leg_name(hop->leg)),
		report_text(verdict_text(hop->verdict, &hop->tls, verdict)),
		report_text(hops_grade_name(hop->grade)),
		report_text(hop->protocol),
		report_text(delay_text(hop, delay)),
		report_text(hop->tls.cipher),
		report_text(hop->tls.group),
	};
	return err_up(report_table_add(t, cells + !way->has_boundary, t->column_count));
}

/* What the row of a hop has no room for. */
static int hop_notes(struct report_table *t, const struct hops_hop *hop, size_t number)
{
	char verdict[64];
	int r = 0;
	if (hop->verdict == HOPS_NOT_STATED || hop->is_likely)
		r = report_table_note(t, "%zu: %s", number, hop->why);
	if (!r && hop->has_backend)
		r = report_table_note(
			t, "%zu: from mailseal on to %s: %s", number, hop->backend,
			verdict_text(hop->backend_verdict, &hop->backend_tls, verdict));
	return err_up(r);
}

static int way_notes(struct report_table *t, const struct hops_way *way)
{
	int r = 0;
	for (size_t i = way->count; !r && i-- > 0;)
		r = hop_notes(t, &way->hops[i], way->count - i);
	if (!r && way->left_out)
		r = report_table_note(t, "%zu older hops were not looked at", way->left_out);
	if (!r && !way->has_boundary && way->count)
		r = report_table_note(t, "%s", no_boundary);
	return r ? err_up(r) : err_up(report_table_note(t, "%s", result_words[way->result]));
}

static const char *colour_of(const struct hops_hop *hop)
{
	static const char red[] = "\033[31m", yellow[] = "\033[33m", green[] = "\033[32m";
	switch (hop->verdict) {
	case HOPS_PLAINTEXT:
		return red;
	case HOPS_ENCRYPTED:
		return hop->grade == HOPS_SEALED ? green : yellow;
	case HOPS_NOT_STATED:
		return yellow;
	case HOPS_LOCAL:
	case HOPS_VERDICT_COUNT:
		break;
	}
	return "";
}

/* The heading is the first line, then each hop has one; cells have no control characters. */
static void coloured_print(FILE *out, struct slice text, const struct hops_way *way)
{
	for (size_t line = 0; text.len; line++) {
		size_t len = slice_find(text, '\n');
		bool is_row = line && line <= way->count;
		const char *colour = is_row ? colour_of(&way->hops[way->count - line]) : "";
		fprintf(out, "%s%.*s%s\n", colour, (int)len, (const char *)text.data,
		        colour[0] ? "\033[0m" : "");
		text = slice_skip(text, len + 1);
	}
}

/* 0: nobody reads it on a terminal. */
static size_t width_of(FILE *out)
{
	struct winsize size;
	return isatty(fileno(out)) && !ioctl(fileno(out), TIOCGWINSZ, &size) ? size.ws_col : 0;
}

static int table_print(FILE *out, const struct report_table *t, const struct hops_way *way)
{
	CLEAN(buf_deinit) struct buf text = {};
	int r = report_table_text(&text, t, width_of(out));
	if (r)
		return err_up(r);
	if (way && isatty(fileno(out)))
		coloured_print(out, buf_slice(&text), way);
	else
		fwrite(buf_slice(&text).data, 1, buf_len(&text), out);
	return 0;
}

static int way_text(FILE *out, const struct hops_way *way)
{
	CLEAN(report_table_deinit)
	struct report_table t = { .columns = text_columns + !way->has_boundary,
		                  .column_count = COUNT_OF(text_columns) - !way->has_boundary,
		                  .spare_from = SPARE_FROM - !way->has_boundary,
		                  .empty = "no Received field" };
	int r = 0;
	for (size_t i = way->count; !r && i-- > 0;)
		r = text_row(&t, way, &way->hops[i], way->count - i);
	if (!r)
		r = way_notes(&t, way);
	return r ? err_up(r) : err_up(table_print(out, &t, way));
}

/* --- for programs --- */

static const struct report_column json_columns[] = {
	{ "hop", "", REPORT_COUNT },
	{ "helo", "", REPORT_TEXT },
	{ "name", "", REPORT_TEXT },
	{ "address", "", REPORT_TEXT },
	{ "by", "", REPORT_TEXT },
	{ "software", "", REPORT_TEXT },
	{ "protocol", "", REPORT_TEXT },
	{ "id", "", REPORT_TEXT },
	{ "time", "", REPORT_TIME },
	{ "delay_s", "", REPORT_COUNT },
	{ "leg", "", REPORT_TEXT },
	{ "verdict", "", REPORT_TEXT },
	{ "grade", "", REPORT_TEXT },
	{ "version", "", REPORT_TEXT },
	{ "cipher", "", REPORT_TEXT },
	{ "group", "", REPORT_TEXT },
	{ "why", "", REPORT_TEXT },
	{ "guessed", "", REPORT_BOOL },
	{ "authenticated", "", REPORT_BOOL },
	{ "claimed", "", REPORT_BOOL },
	{ "backend", "", REPORT_TEXT },
	{ "backend_verdict", "", REPORT_TEXT },
	{ "backend_grade", "", REPORT_TEXT },
};

static struct report_cell date_cell(const struct hops_hop *hop)
{
	return hop->has_date ? report_time(hop->at_s) : report_unknown();
}

static struct report_cell delay_cell(const struct hops_hop *hop)
{
	return hop->has_delay ? report_count((uint64_t)hop->delay_s) : report_unknown();
}

static int json_row(struct report_table *t, const struct hops_way *way, const struct hops_hop *hop,
                    size_t number)
{
	char address[HOPS_ADDRESS_CAP];
	const char *backend = hop->has_backend ? hops_verdict_name(hop->backend_verdict) : "";
	hops_address_print(&hop->address, address);
	return err_up(REPORT_ROW(
		t, report_count(number), report_text(hop->helo), report_text(hop->name),
		report_text(address), report_text(hop->by), report_text(hop->software),
		report_text(hop->protocol), report_text(hop->id), date_cell(hop), delay_cell(hop),
		report_text(hops_leg_name(hop->leg)), report_text(hops_verdict_name(hop->verdict)),
		report_text(hops_grade_name(hop->grade)),
		report_text(hops_version_name(hop->tls.version)), report_text(hop->tls.cipher),
		report_text(hop->tls.group), report_text(hop->why), report_bool(hop->is_likely),
		report_bool(hop->is_logged_in),
		way->has_boundary ? report_bool(hop->is_claimed) : report_unknown(),
		report_text(hop->backend), report_text(backend),
		report_text(hops_grade_name(hop->backend_grade))));
}

static int json_print(FILE *out, json_t *all)
{
	if (!all)
		return err_raise(-ENOMEM);
	json_dumpf(all, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	fputs("\n", out);
	json_decref(all);
	return 0;
}

static int way_json(FILE *out, const struct hops_way *way)
{
	CLEAN(report_table_deinit)
	struct report_table t = { .columns = json_columns, .column_count = COUNT_OF(json_columns) };
	int r = 0;
	for (size_t i = way->count; !r && i-- > 0;)
		r = json_row(&t, way, &way->hops[i], way->count - i);
	if (r)
		return err_up(r);
	return err_up(json_print(
		out, json_pack("{s:s, s:b, s:I, s:o}", "result", hops_result_name(way->result),
	                       "has_boundary", way->has_boundary, "left_out",
	                       (json_int_t)way->left_out, "hops", report_table_json(&t))));
}

int hops_print_way(FILE *out, const struct hops_way *way, bool is_json)
{
	return err_up(is_json ? way_json(out, way) : way_text(out, way));
}

/* --- many messages --- */

static const struct report_column peer_columns[] = {
	{ "peer", "peer", REPORT_TEXT },
	{ "hops", "hops", REPORT_COUNT },
	{ "encrypted", "encrypted", REPORT_SHARE },
	{ "sealed", "sealed", REPORT_SHARE },
	{ "legacy", "legacy", REPORT_COUNT },
	{ "plain", "plaintext", REPORT_COUNT },
	{ "not_stated", "not stated", REPORT_COUNT },
};

static int peer_row(struct report_table *t, const char *name, const struct hops_peer_sum *sum)
{
	return err_up(REPORT_ROW(t, report_text(name), report_count(sum->hops),
	                         report_share(sum->encrypted, sum->hops),
	                         report_share(sum->sealed, sum->hops), report_count(sum->legacy),
	                         report_count(sum->plain), report_count(sum->not_stated)));
}

static int peers_fill(struct report_table *t, const struct hops_peers *p)
{
	int r = 0;
	for (size_t i = 0; !r && i < p->count; i++)
		r = peer_row(t, p->rows[i].name, &p->rows[i]);
	if (!r && p->others.hops)
		r = peer_row(t, "others", &p->others);
	return err_up(r);
}

static int results_note(struct report_table *t, const struct hops_sums *sums)
{
	CLEAN(buf_deinit) struct buf text = {};
	int r = buf_printf(&text, "%llu messages", (unsigned long long)sums->messages);
	for (int i = 0; !r && i < HOPS_RESULT_COUNT; i++)
		if (sums->results[i])
			r = buf_printf(&text, ", %llu %s", (unsigned long long)sums->results[i],
			               hops_result_name((enum hops_result)i));
	if (r)
		return err_up(r);
	return err_up(report_table_note(t, "%.*s", (int)buf_len(&text),
	                                (const char *)buf_slice(&text).data));
}

static json_t *sums_json(const struct hops_sums *sums, const struct report_table *t)
{
	json_t *results = json_object();
	for (int i = 0; i < HOPS_RESULT_COUNT; i++)
		json_object_set_new(results, hops_result_name((enum hops_result)i),
		                    json_integer((json_int_t)sums->results[i]));
	return json_pack("{s:I, s:o, s:o}", "messages", (json_int_t)sums->messages, "results",
	                 results, "peers", report_table_json(t));
}

int hops_print_sums(FILE *out, const struct hops_sums *sums, bool is_json)
{
	CLEAN(report_table_deinit)
	struct report_table t = { .columns = peer_columns,
		                  .column_count = COUNT_OF(peer_columns),
		                  .empty = "no hop between providers" };
	int r = peers_fill(&t, &sums->peers);
	if (!r && is_json)
		return err_up(json_print(out, sums_json(sums, &t)));
	if (!r)
		r = results_note(&t, sums);
	return r ? err_up(r) : err_up(table_print(out, &t, NULL));
}
