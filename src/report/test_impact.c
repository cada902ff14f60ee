/* The judgement of one who came, what all come to, and the exceptions that would keep them. */
#include "advice/profile.h"
#include "base/clean.h"
#include "conf/conf.h"
#include "report/impact.h"
#include "report/impact_plan.h"
#include "report/impact_tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NOW = 1800000000, DAY = 86400 };

/* --- strength --- */

static const struct strength_case {
	struct impact_tls weaker, stronger;
} strengths[] = {
	{ { "", "", "" }, { "TLSv1.0", "TLS_RSA_WITH_AES_128_CBC_SHA", "" } },
	{ { "TLSv1.0", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "" },
	  { "TLSv1.1", "TLS_RSA_WITH_AES_128_CBC_SHA", "" } },
	{ { "TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256", "" },
	  { "TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "" } },
	{ { "TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "" },
	  { "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "" } },
	{ { "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "P-256" },
	  { "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "P-256" } },
	{ { "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "P-384" },
	  { "TLSv1.3", "TLS_AES_128_GCM_SHA256", "X25519" } },
	{ { "TLSv1.3", "TLS_AES_256_GCM_SHA384", "X25519" },
	  { "TLSv1.3", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768" } },
};

static void test_impact_strength(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(strengths); i++) {
		const struct strength_case *c = &strengths[i];
		if (impact_strength(&c->weaker, true) >= impact_strength(&c->stronger, true))
			fail_msg("%s %s", c->weaker.version, c->weaker.cipher);
	}
	const struct strength_case *last = &strengths[COUNT_OF(strengths) - 1];
	assert_int_equal(impact_strength(&last->weaker, false),
	                 impact_strength(&last->stronger, false));
}

/* --- doors --- */

static const char config[] =
	"hostname = \"mx.example.org\";\n"
	"certificate = { a = { chain = \"/c\"; key = \"/k\"; }; };\n"
	"backend = { b = { address = [\"127.0.0.1:1\"]; }; };\n"
	"edge = {\n"
	"  mx = { protocol = \"smtp\"; listen = [\"127.0.0.1:2\"]; backend = \"b\";"
	"         require_tls_from = [\"203.0.113.0/24\"]; };\n"
	"  imap = { protocol = \"imap\"; listen = [\"127.0.0.1:3\"]; backend = \"b\"; };\n"
	"};\n"
	"exception = (\n"
	"  { edge = \"imap\"; from = [\"198.51.100.0/24\"]; allow = [\"tls1.1\", \"plain-login\"];"
	"    until = \"2027-02-01\"; reason = \"tills\"; },\n"
	"  { edge = \"mx\"; from = [\"192.0.2.1\"]; allow = [\"tls1.0\"]; until = \"2027-02-01\";"
	"    reason = \"old\"; }\n"
	");\n";

static struct conf_settings *settings_make(const char *text)
{
	struct conf_settings *settings = NULL;
	struct conf_errors errors = {};
	if (conf_read_text(&settings, text, NOW, &errors)) {
		conf_errors_print(&errors, stderr);
		fail_msg("%s", text);
	}
	conf_errors_deinit(&errors);
	return settings;
}

static struct impact_door door_make(const char *name, const char *protocol,
                                    const struct conf_settings *settings,
                                    const struct impact_wish *wish)
{
	static const struct impact_wish nothing = {};
	const struct impact_door_settings set = { .name = name,
		                                  .protocol = protocol,
		                                  .settings = settings,
		                                  .wish = wish ? wish : &nothing,
		                                  .has_keys = true,
		                                  .has_rsa = true };
	struct impact_door door;
	assert_int_equal(impact_door_make(&door, &set), 0);
	return door;
}

static const uint16_t both[] = { TLS_1_3, TLS_1_2 }, suites[] = { 0x1301, 0xc02f, 0xc013, 0x33 },
		      curves[] = { 29, 23 }, sigalgs[] = { 0x804, 0x401, 0x201 },
		      old_suites[] = { 0xc013, 0x2f };
static const struct store_hello modern = { 1,       0x303, 0x304, both, suites, curves,
	                                   sigalgs, 2,     4,     2,    3 },
				of_1_2 = { 2,       0x303, 0x303, NULL, suites, curves,
	                                   sigalgs, 0,     4,     2,    3 },
				of_1_1 = { 3,    0x302, 0x302, NULL, old_suites, curves,
	                                   NULL, 0,     2,     2,    0 },
				of_1_0 = { 4,    0x301, 0x301, NULL, old_suites, curves,
	                                   NULL, 0,     2,     2,    0 };

static void test_impact_door_wishes(void **state)
{
	(void)state;
	struct impact_wish wish = { .profile = advice_profile_find("ncsc2025") };
	struct impact_door door = door_make("mx", "smtp", NULL, &wish);
	assert_int_equal(door.server.suite_count, 9); /* 1.3 and ECDHE-AEAD, port 25 or not */
	assert_int_equal(impact_judge(&door, &of_1_2).replay.suite->number, 0xc02f);
	wish.min_version = TLS_1_3;
	door = door_make("mx", "smtp", NULL, &wish);
	assert_int_equal(impact_judge(&door, &of_1_2).result, TLS_REPLAY_NO_VERSION);
	assert_int_equal(impact_judge(&door, &of_1_2).allow, TLS_1_1); /* an exception lets it in */
	wish = (struct impact_wish){ .groups = "P-256" };
	door = door_make("imap", "imap", NULL, &wish);
	assert_int_equal(impact_judge(&door, &modern).replay.group, 23);
	wish = (struct impact_wish){ .suites = { tls_suite_find(slice_str("DHE-RSA-AES128-SHA")) },
		                     .suite_count = 1 };
	door = door_make("imap", "imap", NULL, &wish);
	assert_int_equal(impact_judge(&door, &modern).replay.suite->number, 0x33);
}

/* --- one who came --- */

static const struct impact_tls had = { "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
	                               "X25519" };

static const struct comer_case {
	const char *what;
	const char *edge, *protocol;
	const char *min_version; /* planned; NULL: as configured */
	bool requires_tls;
	const struct store_hello *hello; /* NULL: in clear */
	struct store_use_name name;
	const char *address; /* NULL: its name */
	enum impact_kind kind;
} comers[] = {
	{ "stronger",
	  "mx",
	  "smtp",
	  NULL,
	  false,
	  &modern,
	  { "192.0.2.9", false, 9, 0, 9, 9, STORE_SEAL_SEALED },
	  NULL,
	  IMPACT_STRONGER },
	{ "the same",
	  "imap",
	  "imap",
	  NULL,
	  false,
	  &of_1_2,
	  { "alice", true, 9, 0, 9, 9, STORE_SEAL_SEALED },
	  "",
	  IMPACT_SAME },
	{ "falls",
	  "mx",
	  "smtp",
	  NULL,
	  false,
	  &of_1_1,
	  { "192.0.2.9", false, 9, 0, 9, 9, STORE_SEAL_LEGACY },
	  NULL,
	  IMPACT_FALLS },
	{ "falls to nothing where TLS is required of it",
	  "mx",
	  "smtp",
	  NULL,
	  false,
	  &of_1_1,
	  { "203.0.113.9", false, 9, 0, 9, 9, STORE_SEAL_LEGACY },
	  NULL,
	  IMPACT_CUT },
	{ "falls to nothing where TLS is required",
	  "mx",
	  "smtp",
	  NULL,
	  true,
	  &of_1_1,
	  { "192.0.2.9", false, 9, 0, 9, 9, STORE_SEAL_LEGACY },
	  NULL,
	  IMPACT_CUT },
	{ "an exception",
	  "mx",
	  "smtp",
	  NULL,
	  false,
	  &of_1_0,
	  { "192.0.2.1", false, 9, 0, 9, 9, STORE_SEAL_LEGACY },
	  NULL,
	  IMPACT_EXCEPTED },
	{ "an exception for another version",
	  "imap",
	  "imap",
	  NULL,
	  false,
	  &of_1_0,
	  { "alice", true, 9, 0, 9, 9, STORE_SEAL_LEGACY },
	  "198.51.100.7",
	  IMPACT_CUT },
	{ "an exception for a user's address",
	  "imap",
	  "imap",
	  NULL,
	  false,
	  &of_1_1,
	  { "alice", true, 9, 0, 9, 9, STORE_SEAL_LEGACY },
	  "198.51.100.7",
	  IMPACT_EXCEPTED },
	{ "a user from nobody knows where",
	  "imap",
	  "imap",
	  NULL,
	  false,
	  &of_1_1,
	  { "alice", true, 9, 0, 9, 9, STORE_SEAL_LEGACY },
	  "",
	  IMPACT_CUT },
	{ "a scanner at a user's edge",
	  "imap",
	  "imap",
	  NULL,
	  false,
	  &of_1_1,
	  { "192.0.2.9", false, 9, 1, 0, 9, STORE_SEAL_LEGACY },
	  NULL,
	  IMPACT_NOBODY },
	{ "a scanner at port 25",
	  "mx",
	  "smtp",
	  NULL,
	  false,
	  &of_1_1,
	  { "192.0.2.9", false, 9, 1, 0, 9, STORE_SEAL_LEGACY },
	  NULL,
	  IMPACT_NOBODY },
	{ "refused already",
	  "mx",
	  "smtp",
	  NULL,
	  false,
	  &of_1_1,
	  { "192.0.2.9", false, 9, 9, 0, 0, STORE_SEAL_NONE },
	  NULL,
	  IMPACT_REFUSED },
	{ "in clear",
	  "mx",
	  "smtp",
	  NULL,
	  false,
	  NULL,
	  { "192.0.2.9", false, 9, 0, 9, 9, STORE_SEAL_PLAIN },
	  NULL,
	  IMPACT_PLAIN },
	{ "in clear, refused",
	  "mx",
	  "smtp",
	  NULL,
	  true,
	  NULL,
	  { "192.0.2.9", false, 9, 0, 9, 9, STORE_SEAL_PLAIN },
	  NULL,
	  IMPACT_PLAIN_REFUSED },
	{ "in clear, of a partner who may not",
	  "mx",
	  "smtp",
	  NULL,
	  false,
	  NULL,
	  { "203.0.113.9", false, 9, 0, 9, 9, STORE_SEAL_PLAIN },
	  NULL,
	  IMPACT_PLAIN_REFUSED },
	{ "in clear on this host",
	  "mx",
	  "smtp",
	  NULL,
	  true,
	  NULL,
	  { "127.0.0.1", false, 9, 0, 9, 9, STORE_SEAL_LOCAL },
	  NULL,
	  IMPACT_PLAIN },
	{ "a user in clear by an exception",
	  "imap",
	  "imap",
	  NULL,
	  false,
	  NULL,
	  { "alice", true, 9, 0, 9, 9, STORE_SEAL_PLAIN },
	  "198.51.100.7",
	  IMPACT_EXCEPTED },
	{ "a user in clear, and exceptions end",
	  "imap",
	  "imap",
	  NULL,
	  true,
	  NULL,
	  { "alice", true, 9, 0, 9, 9, STORE_SEAL_PLAIN },
	  "198.51.100.7",
	  IMPACT_PLAIN_REFUSED },
	{ "who looked and went",
	  "imap",
	  "imap",
	  NULL,
	  false,
	  NULL,
	  { "192.0.2.9", false, 9, 0, 0, 9, STORE_SEAL_PLAIN },
	  NULL,
	  IMPACT_NOBODY },
	{ "1.3 planned",
	  "imap",
	  "imap",
	  "1.3",
	  false,
	  &of_1_2,
	  { "alice", true, 9, 0, 9, 9, STORE_SEAL_SEALED },
	  "",
	  IMPACT_CUT },
	{ "1.3 planned, an exception",
	  "imap",
	  "imap",
	  "1.3",
	  false,
	  &of_1_2,
	  { "alice", true, 9, 0, 9, 9, STORE_SEAL_SEALED },
	  "198.51.100.7",
	  IMPACT_EXCEPTED },
	{ "an edge that is no more",
	  "gone",
	  "imap",
	  NULL,
	  false,
	  &of_1_1,
	  { "alice", true, 9, 0, 9, 9, STORE_SEAL_LEGACY },
	  "198.51.100.7",
	  IMPACT_CUT },
};

static void test_impact_kinds(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep) struct conf_settings *settings = settings_make(config);
	for (size_t i = 0; i < COUNT_OF(comers); i++) {
		const struct comer_case *c = &comers[i];
		struct impact_wish wish = { .min_version = c->min_version ? TLS_1_3 : 0,
			                    .requires_tls = c->requires_tls };
		struct impact_door door = door_make(c->edge, c->protocol, settings, &wish);
		struct impact_verdict verdict = {};
		if (c->hello)
			verdict = impact_judge(&door, c->hello);
		const struct impact_comer comer = {
			.name = &c->name,
			.address = c->address ? c->address : c->name.who,
			.verdict = c->hello ? &verdict : NULL,
			.before = had,
			.now_s = NOW,
		};
		enum impact_kind kind = impact_kind_of(&door, &comer);
		if (kind != c->kind)
			fail_msg("%s: %s", c->what, impact_kind_name(kind));
	}
}

/* --- all of them --- */

struct crowd {
	struct conf_settings *settings;
	struct impact_door doors[2];
	struct impact_verdict verdicts[2][2]; /* of a door: of 1.2, of 1.0 */
	struct impact impact;
};

static void crowd_deinit(struct crowd *c)
{
	impact_deinit(&c->impact);
	conf_settings_free(c->settings);
}

static void crowd_init(struct crowd *c, size_t limit)
{
	static const struct impact_wish wish = { .min_version = TLS_1_3 };
	*c = (struct crowd){ .settings = settings_make(config) };
	c->doors[0] = door_make("mx", "smtp", c->settings, &wish);
	c->doors[1] = door_make("imap", "imap", c->settings, &wish);
	for (size_t door = 0; door < 2; door++) {
		c->verdicts[door][0] = impact_judge(&c->doors[door], &of_1_2);
		c->verdicts[door][1] = impact_judge(&c->doors[door], &of_1_0);
	}
	assert_int_equal(impact_init(&c->impact, c->doors, 2, limit), 0);
}

static void crowd_add(struct crowd *c, size_t door, size_t hello, const char *who,
                      uint64_t messages)
{
	const struct store_use_name name = { .who = who, .is_user = door == 1 };
	const struct impact_case one = { .door = door,
		                         .kind = door ? IMPACT_CUT : IMPACT_FALLS,
		                         .verdict = &c->verdicts[door][hello],
		                         .before = had,
		                         .count = { 1, 10, messages, 100 } };
	assert_int_equal(impact_add_name(&c->impact, &one, &name), 0);
}

static void test_impact_keeps_the_weightiest(void **state)
{
	(void)state;
	CLEAN(crowd_deinit) struct crowd c;
	crowd_init(&c, 3);
	for (uint64_t i = 0; i < 1000; i++) {
		char who[32];
		uint64_t weight = (i * 7919) % 1000; /* each once, in no order */
		snprintf(who, sizeof(who), "192.0.2.%u", (unsigned)weight);
		crowd_add(&c, 0, 0, who, weight);
	}
	impact_sort(&c.impact);
	assert_int_equal(c.impact.finding_count, 3);
	assert_int_equal(c.impact.findings_all, 1000);
	assert_int_equal(c.impact.findings[0].count.messages, 999);
	assert_int_equal(c.impact.findings[2].count.messages, 997);
	assert_int_equal(impact_total(&c.impact, 0).names, 1000);
	assert_int_equal(impact_total(&c.impact, 0).messages, 999 * 500);
	assert_int_equal(c.impact.change_count, 1);
	assert_int_equal(c.impact.changes[0].count.sessions, 10000);
	assert_true(impact_has_broken(&c.impact));
}

static void test_impact_tables(void **state)
{
	(void)state;
	CLEAN(crowd_deinit) struct crowd c;
	CLEAN(buf_deinit) struct buf out = {};
	const struct impact_watch watch = { .began_s = NOW - 2 * DAY, .now_s = NOW, .lost = 7 };
	struct report_table t;
	crowd_init(&c, 0);
	crowd_add(&c, 1, 0, "=cmd|'/c calc'!A1", 5);
	crowd_add(&c, 0, 1, "192.0.2.7\x1b[31m", 6);
	impact_sort(&c.impact);
	assert_int_equal(impact_table_who(&t, &c.impact, &watch), 0);
	assert_int_equal(report_table_text(&out, &t, 0), 0);
	report_table_deinit(&t);
	assert_int_equal(buf_add(&out, slice_of("", 1)), 0);
	const char *text = (const char *)buf_slice(&out).data;
	assert_non_null(strstr(text, "It has watched for 2 days only"));
	assert_non_null(strstr(text, "lost and are not in it: 7."));
	assert_non_null(strstr(text, "falls to plaintext"));
	assert_null(strchr(text, 0x1b));
	buf_clear(&out);
	assert_int_equal(impact_table_notify(&t, &c.impact), 0);
	assert_int_equal(report_table_csv(&out, &t), 0);
	report_table_deinit(&t);
	assert_int_equal(buf_add(&out, slice_of("", 1)), 0);
	text = (const char *)buf_slice(&out).data;
	assert_non_null(strstr(text, "'=cmd|"));
}

/* --- exceptions --- */

static int one_place(void *owner, const struct impact_finding *finding,
                     int (*fn)(void *taker, const char *address), void *taker)
{
	(void)owner;
	return strcmp(finding->who, "nowhere") ? fn(taker, "2001:db8::7") : 0;
}
static const struct impact_places places = { one_place, NULL };

/* In the configuration instead of what it has. */
static struct conf_settings *planned_settings(const struct crowd *c)
{
	CLEAN(buf_deinit) struct buf text = {};
	size_t len = (size_t)(strstr(config, "exception") - config);
	assert_int_equal(buf_add(&text, slice_of(config, len)), 0);
	assert_int_equal(impact_plan_write(&text, &c->impact, &places, NOW), 0);
	assert_int_equal(buf_add(&text, slice_of("", 1)), 0);
	return settings_make((const char *)buf_slice(&text).data);
}

static void test_impact_plan_is_read_and_covers_all(void **state)
{
	(void)state;
	CLEAN(crowd_deinit) struct crowd c;
	crowd_init(&c, 0);
	crowd_add(&c, 0, 0, "192.0.2.1", 1); /* four of a network: the network */
	crowd_add(&c, 0, 0, "192.0.2.2", 1);
	crowd_add(&c, 0, 0, "192.0.2.3", 1);
	crowd_add(&c, 0, 0, "192.0.2.77", 1);
	crowd_add(&c, 0, 0, "198.51.100.9", 1);
	crowd_add(&c, 0, 1, "203.0.113.4", 1);
	crowd_add(&c, 1, 0, "alice", 1);
	impact_sort(&c.impact);
	CLEAN(conf_settings_freep) struct conf_settings *s = planned_settings(&c);
	assert_int_equal(s->exception_count, 3);
	const struct conf_exception *e = &s->exceptions[0];
	assert_string_equal(e->edge, "mx");
	assert_int_equal(e->allow_version, TLS_1_1);
	assert_int_equal(e->from_count, 2);
	assert_int_equal(e->from[0].prefix, 24);
	assert_int_equal(e->from[1].prefix, 32);
	assert_int_equal(e->until_s / DAY - 1 - NOW / DAY, IMPACT_PLAN_DAYS);
	assert_int_equal(s->exceptions[1].allow_version, TLS_1_0);
	assert_string_equal(s->exceptions[2].edge, "imap");
	assert_int_equal(s->exceptions[2].from[0].prefix, 64);
	/* With them nobody of those is cut off. */
	static const struct impact_wish wish = { .min_version = TLS_1_3 };
	struct impact_door doors[] = { door_make("mx", "smtp", s, &wish),
		                       door_make("imap", "imap", s, &wish) };
	for (size_t i = 0; i < c.impact.finding_count; i++) {
		const struct impact_finding *f = &c.impact.findings[i];
		const struct store_use_name name = {
			.who = f->who, .sessions = 1, .messages = 1, .is_user = f->is_user
		};
		size_t door = f->is_user ? 1 : 0;
		struct impact_verdict v =
			impact_judge(&doors[door], f->allow == TLS_1_0 ? &of_1_0 : &of_1_2);
		const struct impact_comer comer = { &name, f->is_user ? "2001:db8::7" : f->who, &v,
			                            had, NOW };
		assert_int_equal(impact_kind_of(&doors[door], &comer), IMPACT_EXCEPTED);
	}
}

static void test_impact_plan_of_many_and_of_nobody_knows_where(void **state)
{
	(void)state;
	CLEAN(crowd_deinit) struct crowd c;
	crowd_init(&c, 0);
	for (unsigned i = 0; i < 3000; i++) {
		char who[32];
		snprintf(who, sizeof(who), "10.%u.%u.1", i / 256, i % 256);
		crowd_add(&c, 0, 0, who, 1);
	}
	crowd_add(&c, 1, 0, "nowhere", 1);
	impact_sort(&c.impact);
	CLEAN(conf_settings_freep) struct conf_settings *s = planned_settings(&c);
	assert_int_equal(s->exception_count, 2);
	assert_true(s->exceptions[0].any_from);
	assert_true(s->exceptions[1].any_from);
}

static void test_impact_plan_says_who_cannot_be_kept(void **state)
{
	(void)state;
	CLEAN(crowd_deinit) struct crowd c;
	CLEAN(buf_deinit) struct buf out = {};
	crowd_init(&c, 0);
	c.verdicts[0][0].allow = 0;
	crowd_add(&c, 0, 0, "192.0.2.1", 1);
	assert_int_equal(impact_plan_write(&out, &c.impact, NULL, NOW), 0);
	assert_int_equal(buf_add(&out, slice_of("", 1)), 0);
	const char *text = (const char *)buf_slice(&out).data;
	assert_non_null(strstr(text, "# 1 of those who break cannot be kept"));
	assert_null(strstr(text, "exception = ("));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_impact_strength),
		cmocka_unit_test(test_impact_door_wishes),
		cmocka_unit_test(test_impact_kinds),
		cmocka_unit_test(test_impact_keeps_the_weightiest),
		cmocka_unit_test(test_impact_tables),
		cmocka_unit_test(test_impact_plan_is_read_and_covers_all),
		cmocka_unit_test(test_impact_plan_of_many_and_of_nobody_knows_where),
		cmocka_unit_test(test_impact_plan_says_who_cannot_be_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
