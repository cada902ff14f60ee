#include "cmd/pki_print.h"

#include "base/clean.h"
#include "base/err.h"
#include "report/table.h"

#include <errno.h>
#include <jansson.h>
#include <sys/ioctl.h>
#include <time.h>

enum { ROOT_WARN_DAYS = 365 };

void pki_day_write(int64_t at_s, char ret_text[16])
{
	time_t at = (time_t)at_s;
	struct tm tm;
	if (!gmtime_r(&at, &tm) || !strftime(ret_text, 16, "%Y-%m-%d", &tm))
		snprintf(ret_text, 16, "?");
}

/* The one that counts of a name is the last; the others end by themselves. */
static const char *state_of(const struct pki *p, const struct pki_certificate *c, int64_t now_s)
{
	int64_t life_s = c->not_after_s - c->issued_s;
	if (c->revoked_s)
		return "revoked";
	if (c->not_after_s <= now_s)
		return "expired";
	if (pki_journal_find(&p->journal, c->name) != c)
		return "renewed";
	return now_s - c->issued_s > life_s / 2 ? "renewal is late" : "good";
}

static int names_join(const struct pki_names *names, struct buf *out)
{
	int r = 0;
	for (size_t i = 0; !r && i < names->dns_count; i++)
		r = buf_printf(out, "%s%s", buf_len(out) ? " " : "", names->dns[i]);
	for (size_t i = 0; !r && i < names->address_count; i++)
		r = buf_printf(out, "%s%s", buf_len(out) ? " " : "", names->addresses[i]);
	return r ? err_up(r) : err_up(buf_add(out, slice_of("", 1)));
}

static int certificate_add(struct report_table *t, const struct pki *p,
                           const struct pki_certificate *c, int64_t now_s)
{
	CLEAN(buf_deinit) struct buf names = {};
	int r = names_join(&c->names, &names);
	if (r)
		return err_up(r);
	return err_up(REPORT_ROW(t, report_text(c->name), report_text(state_of(p, c, now_s)),
	                         report_time(c->issued_s), report_time(c->not_after_s),
	                         report_text(c->serial),
	                         report_text((const char *)buf_slice(&names).data)));
}

static int width_of(FILE *out)
{
	struct winsize size;
	return isatty(fileno(out)) && !ioctl(fileno(out), TIOCGWINSZ, &size) ? size.ws_col : 0;
}

static void json_freep(json_t **json)
{
	json_decref(*json);
}

static int json_print(FILE *out, json_t *json)
{
	CLEAN(json_freep) json_t *owned = json;
	if (!owned || json_dumpf(owned, out, JSON_INDENT(2)))
		return err_raise(-ENOMEM);
	fputc('\n', out);
	return 0;
}

static int table_print(FILE *out, const struct report_table *t, bool is_json)
{
	CLEAN(buf_deinit) struct buf text = {};
	if (is_json)
		return err_up(json_print(out, report_table_json(t)));
	int r = report_table_text(&text, t, (size_t)width_of(out));
	if (r)
		return err_up(r);
	fwrite(buf_slice(&text).data, 1, buf_len(&text), out);
	return 0;
}

int pki_list_print(FILE *out, const struct pki *p, int64_t now_s, bool is_json)
{
	static const struct report_column columns[] = {
		{ "name", "name", REPORT_TEXT },     { "state", "state", REPORT_TEXT },
		{ "issued", "issued", REPORT_TIME }, { "until", "until", REPORT_TIME },
		{ "serial", "serial", REPORT_TEXT }, { "beside", "beside", REPORT_TEXT },
	};
	CLEAN(report_table_deinit)
	struct report_table t = { .id = "certificates",
		                  .title = "Certificates",
		                  .empty = "nothing was issued",
		                  .columns = columns,
		                  .column_count = COUNT_OF(columns),
		                  .spare_from = 5 };
	int r = 0;
	for (size_t i = 0; !r && i < p->journal.count; i++)
		r = certificate_add(&t, p, &p->journal.list[i], now_s);
	return r ? err_up(r) : err_up(table_print(out, &t, is_json));
}

struct sums {
	size_t good, late, revoked;
};

static struct sums sums_of(const struct pki *p, int64_t now_s)
{
	struct sums sums = {};
	for (size_t i = 0; i < p->journal.count; i++) {
		const char *state = state_of(p, &p->journal.list[i], now_s);
		sums.good += !strcmp(state, "good");
		sums.late += !strcmp(state, "renewal is late");
		sums.revoked += !strcmp(state, "revoked");
	}
	return sums;
}

static void pin_write(const uint8_t sha256[32], char ret_text[65])
{
	for (size_t i = 0; i < 32; i++)
		snprintf(ret_text + 2 * i, 3, "%02x", sha256[i]);
}

static int roots_collect(struct pki *p, json_t *list)
{
	for (size_t i = p->root_count; i-- > 0;) {
		struct tls_ca_facts facts;
		char pin[65];
		int r = tls_ca_facts_read(&facts, buf_slice(&p->roots[i].root));
		if (r > 0)
			snprintf(p->error, sizeof(p->error), "%s/root-%u/root.crt: %s", p->dir,
			         p->roots[i].number, tls_ca_result_words(r));
		if (r)
			return r > 0 ? PKI_FAILED : err_up(r);
		pin_write(facts.sha256, pin);
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:I, s:I, s:b}", "name", facts.common_name,
		                        "sha256", pin, "until", (json_int_t)facts.not_after_s,
		                        "issuing_until", (json_int_t)p->roots[i].not_after_s,
		                        "issues", i == p->root_count - 1));
		tls_ca_facts_deinit(&facts);
	}
	return 0;
}

static const char *mend_of(const struct pki *p, const struct sums *sums, int64_t now_s)
{
	if (pki_root_current(p)->not_after_s < now_s + ROOT_WARN_DAYS * (int64_t)PKI_DAY_S)
		return "the root ends within a year: mailseal pki root new";
	if (sums->late)
		return "nodes have not renewed in half their certificate's life: mailseal pki list";
	return "";
}

static void show_text(FILE *out, const struct pki *p, const json_t *roots, const struct sums *sums)
{
	size_t i;
	json_t *root;
	char day[16];
	fprintf(out, "directory: %s\n", p->dir);
	json_array_foreach(roots, i, root)
	{
		pki_day_write(json_integer_value(json_object_get(root, "until")), day);
		fprintf(out, "root: %s, until %s, SHA-256 %s%s\n",
		        json_string_value(json_object_get(root, "name")), day,
		        json_string_value(json_object_get(root, "sha256")),
		        json_is_true(json_object_get(root, "issues")) ? ", issues"
		                                                      : ", trusted until retired");
	}
	fprintf(out, "certificates: %zu good, %zu whose renewal is late, %zu revoked\n", sums->good,
	        sums->late, sums->revoked);
}

int pki_show_print(FILE *out, struct pki *p, int64_t now_s, bool is_json, bool *ret_is_well)
{
	CLEAN(json_freep) json_t *roots = json_array();
	struct sums sums = sums_of(p, now_s);
	const char *mend = mend_of(p, &sums, now_s);
	int r = roots ? roots_collect(p, roots) : err_raise(-ENOMEM);
	if (r)
		return r;
	*ret_is_well = !*mend;
	if (is_json)
		return err_up(
			json_print(out, json_pack("{s:s, s:O, s:I, s:I, s:I, s:s}", "dir", p->dir,
		                                  "roots", roots, "good", (json_int_t)sums.good,
		                                  "late", (json_int_t)sums.late, "revoked",
		                                  (json_int_t)sums.revoked, "mend", mend)));
	show_text(out, p, roots, &sums);
	if (*mend)
		fprintf(out, "mend: %s\n", mend);
	return 0;
}
