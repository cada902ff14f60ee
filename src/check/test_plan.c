/* Plans against a server that is a table: how many connections, and what is known at the end. */
#include "check/plan.h"

#include "base/clean.h"
#include "tls/iana.h"
#include "tls/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct server {
	const char *name;
	uint16_t min, max;
	bool takes_weak, takes_static, takes_sha1, has_pq, has_tickets;
	bool has_no_starttls;
	enum check_probe_end always; /* every connection ends so; 0: it answers */
	unsigned rates;              /* so many connections first end in RATE */
};

static const struct server good = {
	.name = "good",
	.min = TLS_1_2,
	.max = TLS_1_3,
	.has_pq = true,
	.has_tickets = true,
};
static const struct server bad = {
	.name = "bad",
	.min = 0x0300,
	.max = TLS_1_2,
	.takes_weak = true,
	.takes_static = true,
	.takes_sha1 = true,
};

static void refuse(struct tls_answer *a, uint8_t alert)
{
	a->kind = TLS_ANSWER_ALERT;
	a->has_alert = true;
	a->alert_description = alert;
}

static uint16_t latest(const struct tls_offer *o)
{
	uint16_t version = o->version_count ? 0 : o->version;
	for (size_t i = 0; i < o->version_count; i++)
		version = o->versions[i] > version ? o->versions[i] : version;
	return version;
}

/* What such a server has against a suite; the good one takes AEAD with forward secrecy. */
static bool takes_suite(const struct server *s, uint16_t version, uint16_t number)
{
	struct tls_iana_suite suite;
	if (!tls_iana_suite(number, &suite) || version < suite.min_version ||
	    version > suite.max_version)
		return false;
	if (tls_iana_suite_is_weak(&suite))
		return s->takes_weak && number == 0x0005; /* RC4-SHA */
	if (!suite.has_forward_secrecy)
		return s->takes_static && number == 0x002f; /* AES128-SHA */
	return number == 0xc02f || number == 0xc030 || number == 0xc013 || suite.kex == TLS_KEX_13;
}

static uint16_t choose(const struct server *s, const struct tls_offer *o, uint16_t version)
{
	for (size_t i = 0; i < o->suite_count; i++)
		if (takes_suite(s, version, o->suites[i]))
			return o->suites[i];
	return 0;
}

static uint16_t choose_group(const struct server *s, const struct tls_offer *o)
{
	for (size_t i = 0; i < o->group_count; i++)
		if (o->groups[i] == 29 || o->groups[i] == 23 ||
		    (s->has_pq && o->groups[i] == 0x11ec))
			return o->groups[i];
	return 0;
}

static bool is_sha1_alone(const struct tls_offer *o)
{
	for (size_t i = 0; i < o->scheme_count; i++)
		if (tls_iana_scheme(o->schemes[i])->hash != TLS_HASH_SHA1)
			return false;
	return o->scheme_count;
}

static void answer(const struct server *s, const struct tls_offer *o, struct tls_answer *a)
{
	uint16_t version = latest(o);
	version = version > s->max ? s->max : version;
	uint16_t suite = version >= s->min ? choose(s, o, version) : 0;
	uint16_t group = choose_group(s, o);
	bool is_fallback = o->has_fallback_scsv && version < s->max;
	if (version < s->min)
		refuse(a, 70);
	else if (is_fallback)
		refuse(a, 86);
	else if (!suite || (o->group_count && !group) || (is_sha1_alone(o) && !s->takes_sha1))
		refuse(a, 40);
	if (a->kind)
		return;
	a->kind = version == TLS_1_3 ? TLS_ANSWER_RETRY : TLS_ANSWER_HELLO;
	a->version = version;
	a->suite = suite;
	a->group = group;
	a->is_signed = true;
	a->scheme = is_sha1_alone(o) ? 0x0201 : o->scheme_count ? 0x0804 : 0;
}

static void visit(const struct server *s, const struct check_ask *ask,
                  struct check_probe_seen *seen)
{
	bool is_13 = s->max == TLS_1_3 && !ask->tls.is_tls12;
	seen->was_tried = true;
	seen->is_done = true;
	snprintf(seen->version, sizeof(seen->version), is_13 ? "TLSv1.3" : "TLSv1.2");
	snprintf(seen->suite, sizeof(seen->suite),
	         is_13 ? "TLS_AES_256_GCM_SHA384" : "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
	seen->ticket_facts.is_ticket = s->has_tickets;
	seen->ticket = s->has_tickets ? (struct tls_ticket *)1 : NULL; /* asked for, never used */
	seen->is_resumed = ask->resumes;
	if (ask->renegotiations_max && !is_13)
		seen->renegotiates = CHECK_NO;
}

struct run {
	struct check_plan plan;
	struct check_endpoint endpoint;
	unsigned connections;
	unsigned asked[CHECK_STEP_COUNT];
};

static void talk(const struct server *s, const struct check_ask *ask, struct check_opening *o)
{
	o->was_heard = o->clear.was_heard = true;
	o->clear.offers_starttls = !s->has_no_starttls;
	o->sealed.was_heard = ask->is_visit;
	o->plain_mail = ask->asks_mail ? CHECK_YES : CHECK_UNKNOWN;
	o->injection = ask->injects ? CHECK_NO : CHECK_UNKNOWN;
}

static void connect_once(struct run *run, const struct server *s, const struct check_ask *ask)
{
	struct check_opening opening = {};
	struct tls_answer a = {};
	struct check_probe_seen seen = {};
	struct check_heard heard = { .end = CHECK_PROBE_TLS, .why = "why", .opening = &opening };
	run->asked[ask->step]++;
	run->connections++;
	if (s->always)
		heard.end = s->always;
	if (run->connections <= s->rates)
		heard.end = CHECK_PROBE_RATE;
	if (heard.end != CHECK_PROBE_TLS) {
		check_plan_lose(&run->plan, ask->step, &heard);
		return;
	}
	talk(s, ask, &opening);
	if (s->has_no_starttls)
		heard.end = CHECK_PROBE_NO_TLS;
	if (ask->is_visit)
		visit(s, ask, &seen);
	else if (ask->is_ssl2)
		a.kind = TLS_ANSWER_NONE;
	else
		answer(s, &ask->offer, &a);
	heard.answer = ask->is_visit ? NULL : &a;
	heard.seen = ask->is_visit ? &seen : NULL;
	assert_int_equal(check_plan_hear(&run->plan, ask->step, &heard), 0);
}

/* Two at a time, as the budget has it. */
static void run_all(struct run *run, const struct server *s, enum check_service service,
                    const struct check_plan_settings *set)
{
	struct check_ask asks[2];
	int r = 0;
	*run = (struct run){ .endpoint = { .host = "mx.test", .service = service } };
	check_plan_init(&run->plan, set, &run->endpoint);
	while (r != CHECK_PLAN_DONE) {
		size_t count = 0;
		while (count < 2 && !(r = check_plan_next(&run->plan, &asks[count])))
			count++;
		assert_true(count || r == CHECK_PLAN_DONE);
		while (count)
			connect_once(run, s, &asks[--count]);
		assert_true(run->connections < 500);
	}
	check_plan_deinit(&run->plan);
}

static const struct check_plan_settings shallow = { .only = CHECK_STEPS_ALL };
static const struct check_plan_settings deep = { .tier = CHECK_TIER_DEEP, .only = CHECK_STEPS_ALL };

/* The list of the default tier, and what each costs (DECISIONS 25). */
static void test_plan_default_tier_is_counted(void **state)
{
	(void)state;
	unsigned usual = 0, most = 0;
	for (enum check_step s = 0; s < CHECK_STEP_COUNT; s++) {
		assert_true(check_steps[s].name && check_steps[s].criteria[0]);
		if (check_steps[s].tier != CHECK_TIER_DEFAULT)
			continue;
		assert_int_equal(check_steps[s].connections, 1);
		most++;
		usual += !check_steps[s].is_conditional;
	}
	assert_int_equal(usual, 9);
	assert_int_equal(most, 15);
}

static void test_plan_good_server_costs_nine(void **state)
{
	(void)state;
	for (enum check_service service = 0; service < CHECK_SERVICE_COUNT; service++) {
		struct run run;
		run_all(&run, &good, service, &shallow);
		for (enum check_step s = 0; s < CHECK_STEP_COUNT; s++)
			assert_true(!run.asked[s] || !check_steps[s].is_conditional);
		assert_int_equal(run.connections, 9);
		assert_int_equal(run.endpoint.connections, 9);
		assert_int_equal(run.endpoint.probes_lost, 0);
	}
}

static void test_plan_good_server_is_known(void **state)
{
	(void)state;
	struct run run;
	run_all(&run, &good, CHECK_SMTP, &shallow);
	const struct check_endpoint *e = &run.endpoint;
	for (enum check_version v = CHECK_SSL2; v < CHECK_VERSION_COUNT; v++)
		assert_int_equal(e->versions[v].is_there, v < CHECK_TLS12 ? CHECK_NO : CHECK_YES);
	assert_int_equal(e->reach, CHECK_OPEN);
	assert_int_equal(e->has_tls, CHECK_YES);
	assert_int_equal(e->tolerates, CHECK_YES);
	assert_int_equal(e->takes_bad_suites, CHECK_NO);
	assert_int_equal(e->takes_sha1, CHECK_NO);
	assert_int_equal(e->has_pq, CHECK_YES);
	assert_int_equal(e->pq_group, 0x11ec);
	assert_int_equal(e->handshake.is_resumed, CHECK_YES);
	assert_int_equal(e->injection, CHECK_NO);
	assert_int_equal(e->plain_mail, CHECK_YES);
	assert_int_equal(e->renegotiates, CHECK_NO);
	assert_int_equal(e->versions[CHECK_TLS13].chosen, 0x1302);
}

static void test_plan_bad_server_is_known(void **state)
{
	(void)state;
	struct run run;
	run_all(&run, &bad, CHECK_SMTP, &shallow);
	const struct check_endpoint *e = &run.endpoint;
	assert_int_equal(e->versions[CHECK_SSL2].is_there, CHECK_NO);
	assert_int_equal(e->versions[CHECK_SSL3].is_there, CHECK_YES);
	assert_int_equal(e->versions[CHECK_TLS10].is_there, CHECK_YES);
	assert_int_equal(e->versions[CHECK_TLS11].is_there, CHECK_YES);
	assert_int_equal(e->versions[CHECK_TLS13].is_there, CHECK_NO);
	assert_int_equal(e->takes_bad_suites, CHECK_YES);
	assert_int_equal(e->bad_suite, 0x0005);
	assert_int_equal(e->takes_sha1, CHECK_YES);
	assert_int_equal(e->has_pq, CHECK_NO);
	assert_int_equal(e->honours_fallback_scsv, CHECK_YES);
	assert_true(run.asked[CHECK_STEP_WEAKER] && !run.asked[CHECK_STEP_POST_QUANTUM]);
	/* Both halves of what is weak were met. */
	bool has_static = false;
	for (unsigned i = 0; i < e->versions[CHECK_TLS12].count; i++)
		has_static |= e->versions[CHECK_TLS12].accepted[i] == 0x002f;
	assert_true(has_static);
	assert_true(run.connections <= 13);
}

static void test_plan_deep_stays_below_eighty(void **state)
{
	(void)state;
	const struct server *servers[] = { &good, &bad };
	for (size_t i = 0; i < COUNT_OF(servers); i++) {
		struct run run;
		run_all(&run, servers[i], CHECK_SMTP, &deep);
		const struct check_endpoint *e = &run.endpoint;
		assert_true(run.connections < CHECK_PLAN_CONNECTIONS_MAX);
		assert_int_equal(e->probes_lost, 0);
		assert_true(e->groups_are_whole);
		for (enum check_version v = CHECK_SSL3; v < CHECK_VERSION_COUNT; v++)
			assert_int_equal(e->versions[v].is_whole,
			                 e->versions[v].is_there == CHECK_YES);
	}
}

static void test_plan_limit_is_kept_and_said(void **state)
{
	(void)state;
	struct run run;
	run_all(&run, &good, CHECK_SMTP, &deep);
	run_all(&run, &good, CHECK_SMTP, &shallow);
	struct check_plan_settings set = deep;
	run = (struct run){ .endpoint = { .host = "mx.test", .service = CHECK_SMTP } };
	check_plan_init(&run.plan, &set, &run.endpoint);
	run.plan.connections = CHECK_PLAN_CONNECTIONS_MAX - 2;
	struct check_ask ask;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(check_plan_next(&run.plan, &ask), 0);
		connect_once(&run, &good, &ask);
	}
	assert_int_equal(check_plan_next(&run.plan, &ask), CHECK_PLAN_DONE);
	assert_true(run.endpoint.probes_lost > 5);
	check_plan_deinit(&run.plan);
}

/* Turned away says nothing of TLS, and ends after three tries. */
static void test_plan_turned_away(void **state)
{
	(void)state;
	struct server s = good;
	struct run run;
	s.always = CHECK_PROBE_RATE;
	run_all(&run, &s, CHECK_SMTP, &shallow);
	assert_int_equal(run.connections, CHECK_PLAN_TRIES);
	assert_int_equal(run.endpoint.reach, CHECK_RATE);
	assert_int_equal(run.endpoint.has_tls, CHECK_UNKNOWN);
	assert_string_equal(run.endpoint.why, "why");
	s.always = 0;
	s.rates = 2;
	run_all(&run, &s, CHECK_SMTP, &shallow);
	assert_int_equal(run.connections, 9 + 2);
	assert_int_equal(run.endpoint.reach, CHECK_OPEN);
	assert_int_equal(run.endpoint.probes_lost, 0);
}

/* A server that takes a hello without a word would else eat up all the time there is. */
static void test_plan_silence_is_asked_twice(void **state)
{
	(void)state;
	struct server s = good;
	struct run run;
	s.always = CHECK_PROBE_LOST;
	run_all(&run, &s, CHECK_SMTP, &shallow);
	assert_int_equal(run.connections, CHECK_PLAN_TRIES_LOST);
	assert_int_equal(run.endpoint.reach, CHECK_SILENT);
}

static void test_plan_nobody_there(void **state)
{
	(void)state;
	static const struct {
		enum check_probe_end end;
		enum check_reach reach;
	} cases[] = {
		{ CHECK_PROBE_CLOSED, CHECK_CLOSED },
		{ CHECK_PROBE_SILENT, CHECK_SILENT },
		{ CHECK_PROBE_FOREIGN, CHECK_FOREIGN },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct server s = good;
		struct run run;
		s.always = cases[i].end;
		run_all(&run, &s, CHECK_SMTP, &deep);
		assert_int_equal(run.connections, 1);
		assert_int_equal(run.endpoint.reach, cases[i].reach);
	}
}

static void test_plan_without_starttls(void **state)
{
	(void)state;
	struct server s = good;
	struct run run;
	s.has_no_starttls = true;
	run_all(&run, &s, CHECK_SMTP, &deep);
	assert_int_equal(run.connections, 1);
	assert_int_equal(run.endpoint.reach, CHECK_OPEN);
	assert_int_equal(run.endpoint.has_tls, CHECK_NO);
	assert_true(run.endpoint.clear.was_heard);
}

static void test_plan_only(void **state)
{
	(void)state;
	struct check_plan_settings set = deep;
	struct run run;
	set.only = check_steps_for("D9");
	run_all(&run, &good, CHECK_SMTP, &set);
	assert_int_equal(run.endpoint.has_pq, CHECK_YES);
	assert_int_equal(run.connections, 3); /* the handshake, 1.2, and it */
	set.only = check_steps_for("B1");
	run_all(&run, &good, CHECK_SMTP, &set);
	assert_int_equal(run.connections, 1);
	assert_int_equal(check_steps_for("A7"), 0);
	assert_int_equal(check_steps_for("D"), 0);
	assert_int_equal(check_steps_for(""), 0);
}

static void test_plan_stopped(void **state)
{
	(void)state;
	struct run run = { .endpoint = { .host = "mx.test", .service = CHECK_SMTP } };
	struct check_ask ask;
	check_plan_init(&run.plan, &shallow, &run.endpoint);
	assert_int_equal(check_plan_next(&run.plan, &ask), 0);
	assert_int_equal(check_plan_next(&run.plan, &ask), CHECK_PLAN_WAIT);
	check_plan_stop(&run.plan, "no time was left");
	assert_int_equal(run.endpoint.reach, CHECK_SILENT);
	assert_int_equal(check_plan_next(&run.plan, &ask), CHECK_PLAN_DONE);
	assert_true(run.endpoint.probes_lost);
	check_plan_deinit(&run.plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_default_tier_is_counted),
		cmocka_unit_test(test_plan_good_server_costs_nine),
		cmocka_unit_test(test_plan_good_server_is_known),
		cmocka_unit_test(test_plan_bad_server_is_known),
		cmocka_unit_test(test_plan_deep_stays_below_eighty),
		cmocka_unit_test(test_plan_limit_is_kept_and_said),
		cmocka_unit_test(test_plan_turned_away),
		cmocka_unit_test(test_plan_silence_is_asked_twice),
		cmocka_unit_test(test_plan_nobody_there),
		cmocka_unit_test(test_plan_without_starttls),
		cmocka_unit_test(test_plan_only),
		cmocka_unit_test(test_plan_stopped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
