#include "watcher/facts.h"
#include "watcher/mirrors.h"
#include "watcher/services.h"

#include "base/clean.h"
#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_facts_are_those_of_a_door(void **state)
{
	static const struct {
		struct watch_tls tls;
		enum store_leg leg;
		const char *version, *cipher, *group;
		bool has_forward_secrecy, is_legacy;
	} cases[] = {
		{ { .version = 0x0304, .suite = 0x1301, .group = 29 },
		  STORE_LEG_USER,
		  "TLSv1.3",
		  "TLS_AES_128_GCM_SHA256",
		  "X25519",
		  true,
		  false },
		{ { .version = 0x0304, .suite = 0x1302, .group = 0x11ec },
		  STORE_LEG_USER,
		  "TLSv1.3",
		  "TLS_AES_256_GCM_SHA384",
		  "X25519MLKEM768",
		  true,
		  false },
		{ { .version = 0x0303, .suite = 0xc02b, .group = 23 },
		  STORE_LEG_INBOUND,
		  "TLSv1.2",
		  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
		  "P-256",
		  true,
		  false },
		/* CBC is no suite of a user edge, but one of port 25 */
		{ { .version = 0x0303, .suite = 0xc013, .group = 24 },
		  STORE_LEG_INBOUND,
		  "TLSv1.2",
		  "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
		  "P-384",
		  true,
		  false },
		{ { .version = 0x0303, .suite = 0xc013, .group = 24 },
		  STORE_LEG_USER,
		  "TLSv1.2",
		  "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
		  "P-384",
		  true,
		  true },
		{ { .version = 0x0303, .suite = 0x009e },
		  STORE_LEG_INBOUND,
		  "TLSv1.2",
		  "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
		  "",
		  true,
		  true },
		{ { .version = 0x0303, .suite = 0x009c },
		  STORE_LEG_INTERNAL,
		  "TLSv1.2",
		  "TLS_RSA_WITH_AES_128_GCM_SHA256",
		  "",
		  false,
		  true },
		{ { .version = 0x0301, .suite = 0xc013, .group = 23 },
		  STORE_LEG_INBOUND,
		  "TLSv1.0",
		  "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
		  "P-256",
		  true,
		  true },
		{ { .version = 0xfefd, .suite = 0xc02b },
		  STORE_LEG_INTERNAL,
		  "DTLS 1.2",
		  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
		  "",
		  true,
		  false },
		{ { .is_quic = true }, STORE_LEG_INTERNAL, "QUIC", "", "", false, false },
		{ {}, STORE_LEG_INTERNAL, "", "", "", false, false },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct watcher_facts f;
		watcher_facts_make(&f, &cases[i].tls, cases[i].leg);
		if (strcmp(f.version, cases[i].version) || strcmp(f.cipher, cases[i].cipher) ||
		    strcmp(f.group, cases[i].group) ||
		    f.has_forward_secrecy != cases[i].has_forward_secrecy ||
		    f.is_legacy != cases[i].is_legacy)
			fail_msg("%zu: %s %s %s %d %d", i, f.version, f.cipher, f.group,
			         f.has_forward_secrecy, f.is_legacy);
	}
}

static const char settings_text[] = "hostname = \"x.example\"; watch = { interfaces = [\"lo\"]; };"
				    "mirror = { mx = { protocol = \"smtp\"; server = "
				    "[\"192.0.2.25:25\", \"[2001:db8::1]:25\"]; };"
				    "imap = { protocol = \"imap\"; server = [\"*:143\"]; }; };";

static void test_mirrors_are_found(void **state)
{
	CLEAN(conf_settings_freep) struct conf_settings *settings = NULL;
	struct conf_errors errors = {};
	struct watcher_mirrors m;
	const struct watch_address mx = { { [10] = 0xff, 0xff, 192, 0, 2, 25 } };
	const struct watch_address mx6 = { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
	const struct watch_address other = { { [10] = 0xff, 0xff, 192, 0, 2, 26 } };
	assert_int_equal(conf_read_text(&settings, settings_text, 0, &errors), 0);
	conf_errors_deinit(&errors);
	assert_int_equal(watcher_mirrors_make(&m, settings), 0);
	assert_string_equal(watcher_mirrors_find(&m, &mx, 25)->name, "mx");
	assert_string_equal(watcher_mirrors_find(&m, &mx6, 25)->name, "mx");
	assert_string_equal(watcher_mirrors_find(&m, &other, 143)->name, "imap");
	assert_null(watcher_mirrors_find(&m, &other, 25));
	assert_null(watcher_mirrors_find(&m, &mx, 587));
	watcher_mirrors_deinit(&m);
	assert_null(watcher_mirrors_find(&m, &mx, 25));
}

static void test_services_of_a_day(void **state)
{
	struct watcher_services *s = calloc(1, sizeof(*s));
	struct watch_flow flow = { .protocol = "redis", .verdict = WATCH_PLAIN, .last_s = 1000 };
	uint64_t counts[WATCH_VERDICT_COUNT];
	assert_non_null(s);
	for (int i = 0; i < 3; i++)
		watcher_services_note(s, &flow);
	flow.server_port = 1;
	watcher_services_note(s, &flow);
	flow.verdict = WATCH_TLS;
	watcher_services_note(s, &flow);
	watcher_services_count(s, 1000, counts);
	assert_int_equal(counts[WATCH_PLAIN], 2);
	assert_int_equal(counts[WATCH_TLS], 1);
	watcher_services_count(s, 1001 + WATCHER_SERVICES_S, counts);
	assert_int_equal(counts[WATCH_PLAIN], 0);
	for (unsigned i = 0; i < 4 * WATCHER_SERVICES_MAX; i++) {
		flow.server.bytes[0] = (uint8_t)i;
		flow.server_port = (uint16_t)(i >> 4);
		flow.last_s++;
		watcher_services_note(s, &flow);
	}
	watcher_services_count(s, flow.last_s, counts);
	assert_in_range(counts[WATCH_TLS], WATCHER_SERVICES_MAX / 2, WATCHER_SERVICES_MAX);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts_are_those_of_a_door),
		cmocka_unit_test(test_mirrors_are_found),
		cmocka_unit_test(test_services_of_a_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
