/* A report for programs. What the shape is, mailseal-check(1) says; ids and verdicts are stable. */
#include "advice/mend.h"
#include "base/clean.h"
#include "base/err.h"
#include "check/mended.h"
#include "check/print.h"
#include "tls/iana.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

enum { SCHEMA = 1 };

/* json_*_new() functions refuse NULL, and json_array_append_new() takes what it is given: a failure
 * shows where all is put together. */

/* What a stranger wrote need not be UTF-8. */
static json_t *words(const char *text)
{
	CLEAN(buf_deinit) struct buf clean = {};
	if (check_print_clean(&clean, text ? text : ""))
		return NULL;
	return buf_len(&clean) ? json_stringn((const char *)buf_slice(&clean).data, buf_len(&clean))
	                       : json_string("");
}

static json_t *seen(enum check_seen s)
{
	switch (s) {
	case CHECK_UNKNOWN:
		return json_null();
	case CHECK_NO:
		return json_false();
	case CHECK_YES:
		return json_true();
	}
	return json_null();
}

static json_t *letter_json(const struct check_letter *l)
{
	return json_pack("{s:s, s:b, s:o}", "letter", l->letter, "is_partial", l->is_partial, "why",
	                 words(l->why));
}

static json_t *mends_json(const struct check_report *report, const struct check_finding *f)
{
	CLEAN(buf_deinit) struct buf room = {};
	json_t *all = json_array();
	for (const struct advice_mend *m = advice_mend_next(f->criterion->id, NULL); m;
	     m = advice_mend_next(f->criterion->id, m))
		json_array_append_new(all, json_pack("{s:s, s:s}", "software", m->software, "text",
		                                     check_mended(&room, report, f, m->text)));
	return all;
}

static json_t *finding_json(const struct check_report *report, const struct check_finding *f)
{
	const struct advice_criterion *c = f->criterion;
	json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:s}", "id", c->id, "title", c->title,
	                      "verdict", check_verdict_name(f->verdict), "place", words(f->place),
	                      "evidence", words(f->evidence), "source", c->source, "why", c->why);
	if (o && f->retest[0])
		json_object_set_new(o, "retest", words(f->retest));
	if (o && f->verdict >= CHECK_WARN)
		json_object_set_new(o, "mends", mends_json(report, f));
	return o;
}

static json_t *findings_json(const struct check_report *report)
{
	json_t *all = json_array();
	for (size_t i = 0; i < report->count; i++)
		json_array_append_new(all, finding_json(report, &report->findings[i]));
	return all;
}

static json_t *suite_json(uint16_t number)
{
	char text[16];
	return json_string(tls_iana_suite_name(number, text, sizeof(text)));
}

static json_t *group_json(uint16_t number)
{
	char text[16];
	return json_string(tls_iana_group_name(number, text, sizeof(text)));
}

static json_t *numbers_json(const uint16_t *numbers, unsigned count, json_t *(*one)(uint16_t))
{
	json_t *all = json_array();
	for (unsigned i = 0; i < count; i++)
		json_array_append_new(all, one(numbers[i]));
	return all;
}

static json_t *versions_json(const struct check_endpoint *e)
{
	json_t *all = json_object();
	for (unsigned v = 0; v < CHECK_VERSION_COUNT; v++) {
		const struct check_suites *s = &e->versions[v];
		json_object_set_new(all, check_version_name(v),
		                    json_pack("{s:o, s:b, s:o, s:o}", "is_there", seen(s->is_there),
		                              "is_whole", s->is_whole, "has_order",
		                              seen(s->has_order), "suites",
		                              numbers_json(s->accepted, s->count, suite_json)));
	}
	return all;
}

static json_t *certificate_json(const struct check_certificate *c)
{
	return json_pack("{s:o, s:o, s:o, s:s, s:I, s:I, s:b, s:o, s:o}", "subject",
	                 words(c->subject), "issuer", words(c->issuer), "names", words(c->names),
	                 "key", c->key, "not_before", (json_int_t)c->not_before_s, "not_after",
	                 (json_int_t)c->not_after_s, "is_self_signed", c->is_self_signed,
	                 "has_name", seen(c->has_name), "is_trusted",
	                 seen(c->pkix == TLS_PROOF_NOT_ASKED ? CHECK_UNKNOWN
	                      : c->pkix == TLS_PROOF_HOLDS   ? CHECK_YES
	                                                     : CHECK_NO));
}

static json_t *handshake_json(const struct check_handshake *h)
{
	return json_pack("{s:o, s:s, s:s, s:s, s:s}", "is_done", seen(h->is_done), "version",
	                 h->version, "suite", h->suite, "group", h->group, "signature",
	                 h->signature);
}

static json_t *endpoint_json(const struct check_endpoint *e)
{
	json_t *o = json_pack("{s:o, s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:i}", "host",
	                      words(e->host), "address", e->address, "port", (int)e->port,
	                      "service", check_service_name(e->service), "reach",
	                      check_reach_name(e->reach), "why", words(e->why), "greeting",
	                      words(e->greeting), "software", words(e->software), "has_tls",
	                      seen(e->has_tls), "connections", (int)e->connections);
	if (!o || e->reach != CHECK_OPEN)
		return o;
	json_object_set_new(o, "versions", versions_json(e));
	json_object_set_new(o, "groups", numbers_json(e->groups, e->group_count, group_json));
	json_object_set_new(o, "groups_are_whole", json_boolean(e->groups_are_whole));
	json_object_set_new(o, "has_post_quantum", seen(e->has_pq));
	json_object_set_new(o, "handshake", handshake_json(&e->handshake));
	json_object_set_new(o, "auth_in_clear", words(e->clear.auth));
	json_object_set_new(o, "auth_in_tls", words(e->sealed.auth));
	if (e->has_chain)
		json_object_set_new(o, "certificate", certificate_json(&e->chain));
	if (e->has_other_chain)
		json_object_set_new(o, "other_certificate", certificate_json(&e->other_chain));
	return o;
}

static json_t *endpoints_json(const struct check_domain *d)
{
	json_t *all = json_array();
	for (unsigned i = 0; i < d->endpoint_count; i++)
		json_array_append_new(all, endpoint_json(d->endpoints[i]));
	return all;
}

static json_t *totals_json(const struct check_report *report)
{
	json_t *o = json_object();
	for (unsigned i = 0; i < CHECK_VERDICT_COUNT; i++)
		json_object_set_new(o, check_verdict_name(i), json_integer(report->totals[i]));
	return o;
}

static json_t *report_json(const struct check_report *report)
{
	const struct check_domain *d = report->domain;
	const struct check_letter *l = report->letters;
	return json_pack(
		"{s:i, s:s, s:o, s:o, s:I, s:s, s:o, s:o, s:{s:o, s:o, s:o}, s:o, s:o, s:o, s:i}",
		"schema", SCHEMA, "mailseal", MAILSEAL_VERSION, "domain", words(d->name), "asked",
		words(check_report_asked(report)), "at", (json_int_t)d->at_s, "profile",
		report->profile->name, "why", words(d->why), "overall",
		letter_json(&report->overall), "recommendations", "between",
		letter_json(&l[CHECK_BETWEEN]), "inside", letter_json(&l[CHECK_INSIDE]), "users",
		letter_json(&l[CHECK_USERS]), "totals", totals_json(report), "findings",
		findings_json(report), "endpoints", endpoints_json(d), "addresses_refused",
		(int)d->addresses_refused);
}

int check_print_json(struct buf *out, const struct check_report *report, bool is_pretty)
{
	json_t *o = report_json(report);
	CLEAN(freep)
	char *text = o ? json_dumps(o, is_pretty ? JSON_INDENT(2) : JSON_COMPACT) : NULL;
	json_decref(o);
	if (!text)
		return err_raise(-ENOMEM);
	return err_up(buf_printf(out, "%s\n", text));
}
