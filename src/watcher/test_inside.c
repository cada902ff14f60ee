#include "watcher/inside.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct stage {
	struct store_recorder recorder;
	struct conf_watch settings;
	struct watcher_inside inside;
	struct watch_flow flow;
	enum store_seal seal;
	unsigned sessions, exposures;
	char edge[64], outcome[16];
};

static void on_session(struct store_recorder *r, const struct store_record *record)
{
	struct stage *s = (struct stage *)r;
	s->sessions++;
	s->seal = record->seal;
	assert_int_equal(record->leg, STORE_LEG_INTERNAL);
	snprintf(s->edge, sizeof(s->edge), "%s", record->edge);
	snprintf(s->outcome, sizeof(s->outcome), "%s", record->outcome);
}

static void on_exposure(struct store_recorder *r, const struct store_exposure *exposure)
{
	struct stage *s = (struct stage *)r;
	s->exposures++;
	assert_true(exposure->password_sent);
}

static struct watch_address v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct watch_address){ { [10] = 0xff, 0xff, a, b, c, d } };
}

static void stage_init(struct stage *s)
{
	*s = (struct stage){ .recorder = { .session = on_session, .exposure = on_exposure },
		             .flow = { .client = v4(10, 0, 0, 4),
		                       .server = v4(10, 0, 0, 8),
		                       .server_port = 6379,
		                       .transport = WATCH_IP_TCP,
		                       .protocol = "redis",
		                       .verdict = WATCH_PLAIN } };
	s->inside.settings = &s->settings;
	s->inside.recorder = &s->recorder;
}

static void test_inside_is_ours_and_not_ignored(void **state)
{
	static char redis[] = "redis";
	char *ignored[] = { redis };
	struct conf_network net = { .addr = { 192, 0, 2 }, .prefix = 24 };
	struct stage s;
	stage_init(&s);
	assert_true(watcher_inside_is(&s.inside, &s.flow));
	s.settings.internal = &net;
	s.settings.internal_count = 1;
	assert_false(watcher_inside_is(&s.inside, &s.flow));
	s.flow.client = v4(192, 0, 2, 1);
	assert_false(watcher_inside_is(&s.inside, &s.flow));
	s.flow.server = v4(192, 0, 2, 2);
	assert_true(watcher_inside_is(&s.inside, &s.flow));
	s.settings.ignored = ignored;
	s.settings.ignored_count = 1;
	assert_false(watcher_inside_is(&s.inside, &s.flow));
	s.flow.protocol = NULL;
	assert_false(watcher_inside_is(&s.inside, &s.flow));
}

static void test_inside_seals(void **state)
{
	static const struct {
		enum watch_verdict verdict;
		enum watch_wire wire;
		uint16_t version;
		enum store_seal seal; /* NONE: there is no record */
	} cases[] = {
		{ WATCH_PLAIN, WATCH_NETWORK, 0, STORE_SEAL_PLAIN },
		{ WATCH_NOT_USED, WATCH_NETWORK, 0, STORE_SEAL_PLAIN },
		{ WATCH_PASSWORD, WATCH_NETWORK, 0, STORE_SEAL_PLAIN },
		{ WATCH_PLAIN, WATCH_LOCAL, 0, STORE_SEAL_LOCAL },
		{ WATCH_PLAIN, WATCH_INSIDE, 0, STORE_SEAL_SEALED },
		{ WATCH_TLS, WATCH_NETWORK, 0x0304, STORE_SEAL_SEALED },
		{ WATCH_STARTTLS, WATCH_LOCAL, 0x0301, STORE_SEAL_LEGACY },
		{ WATCH_TUNNEL, WATCH_NETWORK, 0, STORE_SEAL_SEALED },
		{ WATCH_NOTHING, WATCH_NETWORK, 0, STORE_SEAL_NONE },
		{ WATCH_HIGH_ENTROPY, WATCH_NETWORK, 0, STORE_SEAL_NONE },
		{ WATCH_MIDSTREAM, WATCH_NETWORK, 0, STORE_SEAL_NONE },
		{ WATCH_UNKNOWN, WATCH_NETWORK, 0, STORE_SEAL_NONE },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stage s;
		stage_init(&s);
		s.inside.wire = cases[i].wire;
		s.flow.verdict = cases[i].verdict;
		s.flow.tls.version = cases[i].version;
		watcher_inside_tell(&s.inside, &s.flow, WATCH_NEWS_END);
		assert_int_equal(s.sessions, cases[i].seal != STORE_SEAL_NONE);
		assert_int_equal(s.seal, cases[i].seal);
		if (s.sessions)
			assert_string_equal(s.edge, "10.0.0.8:6379");
	}
}

static void test_inside_what_is_open_is_told_once(void **state)
{
	struct stage s;
	stage_init(&s);
	s.flow.is_open_told = true;
	watcher_inside_tell(&s.inside, &s.flow, WATCH_NEWS_OPEN);
	assert_string_equal(s.outcome, "open");
	watcher_inside_tell(&s.inside, &s.flow, WATCH_NEWS_END);
	assert_int_equal(s.sessions, 1);
}

static void test_inside_datagrams_count_once_a_minute(void **state)
{
	struct stage s;
	stage_init(&s);
	s.flow.transport = WATCH_IP_UDP;
	s.flow.last_s = 600;
	for (int i = 0; i < 3; i++)
		watcher_inside_tell(&s.inside, &s.flow, WATCH_NEWS_END);
	assert_int_equal(s.sessions, 1);
	s.flow.last_s = 660;
	watcher_inside_tell(&s.inside, &s.flow, WATCH_NEWS_END);
	assert_int_equal(s.sessions, 2);
	s.flow.server_port = 53;
	watcher_inside_tell(&s.inside, &s.flow, WATCH_NEWS_END);
	assert_int_equal(s.sessions, 3);
}

static void test_inside_passwords_on_a_network_alone(void **state)
{
	static const struct {
		enum watch_secret secret;
		enum watch_wire wire;
		unsigned exposures;
	} cases[] = {
		{ WATCH_SECRET_PASSWORD, WATCH_NETWORK, 1 },
		{ WATCH_SECRET_TOKEN, WATCH_NETWORK, 1 },
		{ WATCH_SECRET_HASH, WATCH_NETWORK, 0 },
		{ WATCH_SECRET_PASSWORD, WATCH_LOCAL, 0 },
		{ WATCH_SECRET_PASSWORD, WATCH_INSIDE, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stage s;
		stage_init(&s);
		s.inside.wire = cases[i].wire;
		s.flow.talk.secret = cases[i].secret;
		watcher_inside_tell(&s.inside, &s.flow, WATCH_NEWS_SECRET);
		assert_int_equal(s.exposures, cases[i].exposures);
		assert_int_equal(s.sessions, 0);
	}
}

static void test_inside_loopback_is_local(void **state)
{
	struct stage s;
	stage_init(&s);
	s.flow.server = v4(127, 0, 0, 1);
	watcher_inside_tell(&s.inside, &s.flow, WATCH_NEWS_END);
	assert_int_equal(s.seal, STORE_SEAL_LOCAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside_is_ours_and_not_ignored),
		cmocka_unit_test(test_inside_seals),
		cmocka_unit_test(test_inside_what_is_open_is_told_once),
		cmocka_unit_test(test_inside_datagrams_count_once_a_minute),
		cmocka_unit_test(test_inside_passwords_on_a_network_alone),
		cmocka_unit_test(test_inside_loopback_is_local),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
