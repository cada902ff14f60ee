#include "store/test_ledger.h"

static void assert_events(const char *expected)
{
	commit();
	assert_rows("SELECT kind, who, leg, edge, mx, day - 20000, count FROM event"
	            " ORDER BY day, kind, who",
	            expected);
}

static void tell_seal(enum store_seal seal, int count, int64_t at_s)
{
	struct store_record r = seal == STORE_SEAL_SEALED ? usual : with_seal(seal);
	r.ended_s = at_s;
	tell_times(&r, count);
}

/* Sealed often, then in clear; known by the file or by memory alone. */
static void test_events_lost_tls(void **state)
{
	(void)state;
	tell_seal(STORE_SEAL_SEALED, 5, NOW);
	tell_seal(STORE_SEAL_PLAIN, 1, NOW + 60);
	assert_events("0|192.0.2.7|0|mx||0|1\n");
	ledger_reopen();
	tell_seal(STORE_SEAL_PLAIN, 2, NOW + 90);
	tell_seal(STORE_SEAL_PLAIN, 1, NOW + DAY);
	assert_events("0|192.0.2.7|0|mx||0|3\n0|192.0.2.7|0|mx||1|1\n");
	assert_rows("SELECT DISTINCT detail FROM event", "5 sealed sessions before\n");
}

static void test_events_lost_tls_not(void **state)
{
	struct store_record r = with_seal(STORE_SEAL_PLAIN);
	(void)state;
	tell_seal(STORE_SEAL_SEALED, 4, NOW); /* too few */
	tell(&r);
	r.address = "192.0.2.8"; /* another */
	tell(&r);
	commit();
	tell_seal(STORE_SEAL_SEALED, 9, NOW + 1);
	r = with_seal(STORE_SEAL_PLAIN);
	r.edge = "mx2"; /* at another edge it never was */
	tell(&r);
	r.edge = "mx";
	r.seal = STORE_SEAL_LOCAL; /* in clear, but not over a network */
	tell(&r);
	r.seal = STORE_SEAL_NONE; /* nothing was said */
	tell(&r);
	r.leg = STORE_LEG_USER; /* a user, not a partner */
	r.edge = "imap";
	r.seal = STORE_SEAL_SEALED;
	r.hello = 0x11;
	tell_times(&r, 9);
	r.seal = STORE_SEAL_PLAIN;
	tell(&r);
	assert_events("");
}

/* Who has always had both does not get weaker each day. */
static void test_events_lost_tls_not_of_the_mixed(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		tell_seal(STORE_SEAL_PLAIN, 1, NOW + i * 100);
		tell_seal(STORE_SEAL_SEALED, 1, NOW + i * 100 + 50);
		if (i % 3 == 0)
			commit();
	}
	assert_events("");
}

/* But who comes in clear now and then beside a hundred sealed sessions does. */
static void test_events_lost_tls_now_and_then(void **state)
{
	(void)state;
	tell_seal(STORE_SEAL_SEALED, 100, NOW);
	tell_seal(STORE_SEAL_PLAIN, 1, NOW + 1);
	tell_seal(STORE_SEAL_SEALED, 100, NOW + DAY);
	tell_seal(STORE_SEAL_PLAIN, 1, NOW + DAY + 1);
	assert_events("0|192.0.2.7|0|mx||0|1\n0|192.0.2.7|0|mx||1|1\n");
}

static void test_events_fell_to_plain(void **state)
{
	struct store_record r = with_seal(STORE_SEAL_PLAIN);
	(void)state;
	tell_seal(STORE_SEAL_NONE, 1, NOW);
	r.ended_s = NOW + 3600;
	r.edge = "mx2"; /* another of our hosts */
	tell(&r);
	assert_events("1|192.0.2.7|0|mx2||0|1\n");
}

/* Of a refusal before a restart the file knows. */
static void test_events_fell_to_plain_after_a_restart(void **state)
{
	(void)state;
	tell_seal(STORE_SEAL_NONE, 1, NOW);
	commit();
	ledger_reopen();
	tell_seal(STORE_SEAL_PLAIN, 1, NOW + 3600);
	assert_events("1|192.0.2.7|0|mx||0|1\n");
}

static void test_events_fell_to_plain_not(void **state)
{
	struct store_record r = with_seal(STORE_SEAL_PLAIN);
	(void)state;
	tell_seal(STORE_SEAL_NONE, 1, NOW);
	r.ended_s = NOW + 3601; /* too late */
	tell(&r);
	r.ended_s = NOW + 10;
	r.address = "192.0.2.8"; /* another */
	tell(&r);
	r.leg = STORE_LEG_USER; /* the same address, but a user's */
	r.edge = "imap";
	r.address = usual.address;
	tell(&r);
	tell_seal(STORE_SEAL_SEALED, 1, NOW + 20); /* it came sealed after all */
	tell_seal(STORE_SEAL_PLAIN, 1, NOW + 30);
	commit();
	ledger_reopen();
	tell_seal(STORE_SEAL_PLAIN, 1, NOW + 40);
	r = with_seal(STORE_SEAL_NONE);
	r.address = "192.0.2.9";
	r.hello = 0; /* no handshake was refused, there was none */
	tell(&r);
	r = with_seal(STORE_SEAL_PLAIN);
	r.address = "192.0.2.9";
	tell(&r);
	assert_events("");
}

/* Of a shortened address memory knows who it was, and the file does not. */
static void test_events_fell_to_plain_truncated(void **state)
{
	struct store_record r = with_seal(STORE_SEAL_PLAIN);
	(void)state;
	store_ledger_close(TAKE(ledger));
	settings.client_address = STORE_ADDRESS_TRUNCATED;
	ledger_open();
	tell_seal(STORE_SEAL_NONE, 1, NOW);
	r.address = "192.0.2.8"; /* its neighbour */
	tell(&r);
	assert_events("");
	tell_seal(STORE_SEAL_PLAIN, 1, NOW);
	assert_events("1|192.0.2.0/24|0|mx||0|1\n");
}

static void test_events_older(void **state)
{
	(void)state;
	tell_seal(STORE_SEAL_SEALED, 5, NOW);
	tell_seal(STORE_SEAL_LEGACY, 1, NOW + 1);
	assert_events("2|192.0.2.7|0|mx||0|1\n");
}

static void test_events_older_not(void **state)
{
	struct store_record r = usual;
	(void)state;
	tell_seal(STORE_SEAL_SEALED, 4, NOW); /* too few */
	tell_seal(STORE_SEAL_LEGACY, 1, NOW + 1);
	r.address = "192.0.2.8";
	tell_times(&r, 9);
	r.seal = STORE_SEAL_LEGACY; /* with the hello it always had: the policy is ours */
	tell(&r);
	r.address = "192.0.2.9";
	for (int i = 0; i < 20; i++) { /* it has both */
		r.ended_s += 10;
		r.seal = i % 2 ? STORE_SEAL_SEALED : STORE_SEAL_LEGACY;
		r.hello = i % 2 ? 0x11 : 0x22;
		tell(&r);
	}
	assert_events("");
}

static const struct store_record far = {
	.ended_s = NOW,
	.leg = STORE_LEG_OUTBOUND,
	.seal = STORE_SEAL_SEALED,
	.protocol = "smtp",
	.edge = "out",
	.address = "198.51.100.1",
	.domain = "b.example",
	.mx = "mx.b.example",
	.user = "",
	.software = "",
	.tls_version = "TLSv1.3",
	.cipher = "",
	.group = "",
	.policy = "opportunistic",
	.result = "",
	.outcome = "ok",
	.error = "",
	.sealed_before = 3,
	.was_trusted = true,
	.is_trusted = true,
	.backend = "",
};

static void test_events_of_far_ends(void **state)
{
	static const struct {
		const char *name;
		enum store_seal seal;
		const char *outcome;
		uint32_t sealed_before;
		bool was_trusted, is_trusted;
		int kind; /* -1: none */
	} cases[] = {
		{ "well", STORE_SEAL_SEALED, "ok", 3, true, true, -1 },
		{ "in clear", STORE_SEAL_PLAIN, "ok", 3, true, false, STORE_EVENT_LOST_TLS },
		{ "always in clear", STORE_SEAL_PLAIN, "ok", 0, false, false, -1 },
		{ "no STARTTLS", STORE_SEAL_NONE, "no-tls", 3, true, false, STORE_EVENT_LOST_TLS },
		{ "it fails", STORE_SEAL_NONE, "tls-failed", 1, false, false,
		  STORE_EVENT_LOST_TLS },
		{ "not there", STORE_SEAL_NONE, "unreachable", 3, true, false, -1 },
		{ "late", STORE_SEAL_NONE, "timeout", 3, true, false, -1 },
		{ "lost its CA", STORE_SEAL_SEALED, "ok", 3, true, false, STORE_EVENT_LOST_CA },
		{ "never had one", STORE_SEAL_SEALED, "ok", 3, false, false, -1 },
		{ "has one now", STORE_SEAL_SEALED, "ok", 3, false, true, -1 },
		{ "DANE instead", STORE_SEAL_AUTHENTICATED, "ok", 3, true, false, -1 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct store_record r = far;
		unsigned expected = cases[i].kind < 0 ? 0 : 1u << cases[i].kind;
		struct ledger_seen seen;
		(void)state;
		r.seal = cases[i].seal;
		r.outcome = cases[i].outcome;
		r.sealed_before = cases[i].sealed_before;
		r.was_trusted = cases[i].was_trusted;
		r.is_trusted = cases[i].is_trusted;
		ledger_seen_make(&seen, &ledger->words, STORE_ADDRESS_FULL, &r);
		unsigned kinds = ledger_judge_far(&seen, STORE_SEAL_SEALED);
		if (kinds != expected)
			fail_msg("%s: %x", cases[i].name, kinds);
	}
}

static void test_events_of_far_ends_are_kept(void **state)
{
	struct store_record r = far;
	(void)state;
	tell(&r);
	r.seal = STORE_SEAL_LEGACY;
	tell(&r); /* older */
	tell(&r); /* as before */
	commit();
	tell(&r);
	r.seal = STORE_SEAL_PLAIN;
	tell_times(&r, 2);
	r.seal = STORE_SEAL_SEALED;
	r.is_trusted = false;
	r.error = "self-signed certificate";
	tell(&r);
	assert_events("0|b.example|1|out|mx.b.example|0|2\n2|b.example|1|out|mx.b.example|0|1\n"
	              "3|b.example|1|out|mx.b.example|0|1\n");
	assert_rows("SELECT detail FROM event WHERE kind = 3", "self-signed certificate\n");
}

/* Addresses that fall to plaintext cost nothing: a crowd of them hides no partner and no domain. */
static void test_events_crowd_hides_nobody(void **state)
{
	char address[32];
	struct store_record r = far;
	(void)state;
	ledger->events_kept.max = 10;
	tell_seal(STORE_SEAL_SEALED, 5, NOW);
	for (int i = 0; i < 30; i++) {
		struct store_record refused = with_seal(STORE_SEAL_NONE);
		struct store_record plain = with_seal(STORE_SEAL_PLAIN);
		snprintf(address, sizeof(address), "198.51.100.%d", i);
		refused.address = plain.address = address;
		tell(&refused);
		tell(&plain);
	}
	tell_seal(STORE_SEAL_PLAIN, 1, NOW + 1);
	r.seal = STORE_SEAL_PLAIN;
	r.sealed_before = 9;
	tell(&r);
	commit();
	assert_rows("SELECT count(*) FROM event WHERE kind = 1", "11\n");
	assert_rows("SELECT who FROM event WHERE kind = 0 ORDER BY leg", "192.0.2.7\nb.example\n");
}

/* Days count anew where the clock was far ahead for a while. */
static void test_events_after_a_jump(void **state)
{
	struct store_record r = far;
	(void)state;
	ledger->events_kept.max = 1;
	r.seal = STORE_SEAL_PLAIN;
	r.sealed_before = 9;
	r.ended_s = NOW + 1000 * DAY;
	tell(&r);
	r.mx = "mx2.b.example";
	tell(&r);
	r.mx = "mx3.b.example";
	tell(&r);
	commit();
	r.ended_s = NOW;
	tell(&r);
	commit();
	assert_rows("SELECT count(*) FROM event WHERE who = ''", "0\n");
}

/* More than are told apart in a day are one of each kind. */
static void test_events_bound(void **state)
{
	char domain[32];
	struct store_record r = far;
	(void)state;
	ledger->events_kept.max = 4;
	r.domain = domain;
	r.seal = STORE_SEAL_PLAIN;
	for (int i = 0; i < 30; i++) {
		snprintf(domain, sizeof(domain), "%02d.example", i);
		tell_times(&r, 2);
		if (i == 15)
			commit();
	}
	commit();
	assert_rows("SELECT count(*), sum(count) FROM event", "13|60\n");
	assert_rows("SELECT count, detail FROM event WHERE who = ''",
	            "36|more than are told apart in a day\n");
	ledger_reopen();
	ledger->events_kept.max = 4;
	snprintf(domain, sizeof(domain), "new.example");
	tell(&r);
	r.ended_s += DAY; /* a new day, and room */
	tell(&r);
	commit();
	assert_rows("SELECT count(*), sum(count) FROM event", "14|62\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(test_events_lost_tls),
		LEDGER_TEST(test_events_lost_tls_not),
		LEDGER_TEST(test_events_lost_tls_not_of_the_mixed),
		LEDGER_TEST(test_events_lost_tls_now_and_then),
		LEDGER_TEST(test_events_crowd_hides_nobody),
		LEDGER_TEST(test_events_after_a_jump),
		LEDGER_TEST(test_events_fell_to_plain),
		LEDGER_TEST(test_events_fell_to_plain_after_a_restart),
		LEDGER_TEST(test_events_fell_to_plain_not),
		LEDGER_TEST(test_events_fell_to_plain_truncated),
		LEDGER_TEST(test_events_older),
		LEDGER_TEST(test_events_older_not),
		LEDGER_TEST(test_events_of_far_ends),
		LEDGER_TEST(test_events_of_far_ends_are_kept),
		LEDGER_TEST(test_events_bound),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
