#include "watch/links.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { TCP = WATCH_IP_TCP, UDP = WATCH_IP_UDP };

/* 10.0.0.x; 0: somebody outside. */
static struct watch_address host(uint8_t number)
{
	struct watch_address a = { .bytes = { [10] = 0xff, 0xff, 10, 0, 0, number } };
	if (!number)
		a.bytes[12] = 192;
	return a;
}

static bool is_ten(const void *of, const struct watch_address *address)
{
	(void)of;
	return address->bytes[12] == 10;
}

struct crossing {
	uint8_t client, server;
	uint16_t port;
	uint8_t transport;
	const char *protocol;
	enum watch_verdict verdict;
	enum { A_LINK_FITS, STAYS_LOCAL, NOT_OF_A_KIND } kind;
};

static void crossings_add(struct watch_rows *rows, const struct crossing *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct watch_row_key key = {
			.client = host(list[i].client),
			.server = host(list[i].server),
			.port = list[i].port,
			.transport = list[i].transport,
			.wire = list[i].kind == STAYS_LOCAL ? WATCH_LOCAL : WATCH_NETWORK,
			.verdict = list[i].verdict,
			.protocol = list[i].protocol,
		};
		struct watch_row *row = watch_rows_get(rows, &key);
		assert_non_null(row);
		row->is_link_good = list[i].kind != NOT_OF_A_KIND;
	}
}

/* All hosts' settings, one behind the other. */
static void written(struct watch_rows *rows, struct buf *out, size_t host_count)
{
	CLEAN(watch_services_deinit) struct watch_services services = {};
	CLEAN(watch_links_deinit) struct watch_links links = {};
	CLEAN(watch_hosts_deinit) struct watch_hosts names = {};
	assert_int_equal(watch_hosts_read(&names, slice_str("10.0.0.7 mx\n10.0.0.9 db\n")), 0);
	assert_int_equal(watch_services_make(&services, rows), 0);
	assert_int_equal(
		watch_links_make(&links, &services,
	                         &(struct watch_ours){ .is_ours = is_ten, .names = &names }),
		0);
	assert_int_equal(links.host_count, host_count);
	for (size_t i = 0; i < links.host_count; i++)
		assert_int_equal(watch_link_host_write(&links.hosts[i], out), 0);
	assert_int_equal(buf_add(out, slice_of("", 1)), 0);
}

static void check(const struct crossing *list, size_t count, size_t host_count, const char *wanted)
{
	CLEAN(watch_rows_deinit) struct watch_rows rows = {};
	CLEAN(buf_deinit) struct buf text = {};
	crossings_add(&rows, list, count);
	written(&rows, &text, host_count);
	assert_string_equal((const char *)buf_slice(&text).data, wanted);
}

/* The way with a password and the one without are one; so are the clients of both. */
static void test_links_one_way_for_all_verdicts(void **state)
{
	static const struct crossing list[] = {
		{ 1, 3, 3306, TCP, "mysql", WATCH_PLAIN, A_LINK_FITS },
		{ 1, 3, 3306, TCP, "mysql", WATCH_PASSWORD, A_LINK_FITS },
		{ 2, 3, 3306, TCP, "mysql", WATCH_NOT_USED, A_LINK_FITS },
	};
	(void)state;
	check(list, COUNT_OF(list), 3,
	      "link = {\n"
	      "  # programs here are told 127.0.0.1, port 3306, instead of 10.0.0.3:3306\n"
	      "  mysql_10_0_0_3_3306 = { listen = \"127.0.0.1:3306\"; to = \"10.0.0.3:23306\"; "
	      "peer = \"10.0.0.3\"; };\n"
	      "};\n"
	      "link = {\n"
	      "  # programs here are told 127.0.0.1, port 3306, instead of 10.0.0.3:3306\n"
	      "  mysql_10_0_0_3_3306 = { listen = \"127.0.0.1:3306\"; to = \"10.0.0.3:23306\"; "
	      "peer = \"10.0.0.3\"; };\n"
	      "};\n"
	      "link = {\n"
	      "  # the server listens on 127.0.0.1, port 3306, alone\n"
	      "  mysql_10_0_0_3_3306_in = { listen_tls = \"10.0.0.3:23306\"; to = "
	      "\"127.0.0.1:3306\"; peer = [\"10.0.0.1\", \"10.0.0.2\"]; };\n"
	      "};\n");
}

/* Each of two that ask each other, and another server besides: no two listen at one place. */
static void test_links_share_no_place(void **state)
{
	static const struct crossing list[] = {
		{ 1, 2, 24, TCP, "lmtp", WATCH_PLAIN, A_LINK_FITS },
		{ 2, 1, 24, TCP, "lmtp", WATCH_PLAIN, A_LINK_FITS },
		{ 2, 3, 24, TCP, "lmtp", WATCH_PLAIN, A_LINK_FITS },
	};
	CLEAN(watch_rows_deinit) struct watch_rows rows = {};
	CLEAN(buf_deinit) struct buf text = {};
	(void)state;
	crossings_add(&rows, list, COUNT_OF(list));
	written(&rows, &text, 3);
	const char *all = (const char *)buf_slice(&text).data;
	assert_non_null(strstr(all, "lmtp_10_0_0_1_24_in = { listen_tls = \"10.0.0.1:20024\""));
	assert_non_null(strstr(all, "lmtp_10_0_0_2_24 = { listen = \"127.0.0.2:24\""));
	assert_non_null(strstr(all, "lmtp_10_0_0_1_24 = { listen = \"127.0.0.2:24\""));
	assert_non_null(strstr(all, "lmtp_10_0_0_3_24 = { listen = \"127.0.0.3:24\""));
	assert_null(strstr(all, "listen = \"127.0.0.1:24\""));
}

static void test_links_syslog_by_datagrams(void **state)
{
	static const struct crossing list[] = {
		{ 1, 5, 514, UDP, "syslog", WATCH_PLAIN, A_LINK_FITS },
		{ 1, 5, 514, TCP, "syslog", WATCH_PLAIN, A_LINK_FITS },
	};
	(void)state;
	check(list, COUNT_OF(list), 2,
	      "link = {\n"
	      "  # programs here are told 127.0.0.1, port 514, instead of 10.0.0.5:514\n"
	      "  syslog_10_0_0_5_514 = { listen = \"127.0.0.1:514\"; to = \"10.0.0.5:20514\"; "
	      "peer = \"10.0.0.5\"; };\n"
	      "  # programs here are told 127.0.0.1, port 514, instead of 10.0.0.5:514\n"
	      "  syslog_udp_10_0_0_5_514 = { listen = \"127.0.0.1:514\"; protocol = "
	      "\"syslog\"; to = \"10.0.0.5:6514\"; peer = \"10.0.0.5\"; };\n"
	      "};\n"
	      "link = {\n"
	      "  # the server listens on 127.0.0.1, port 514, alone\n"
	      "  syslog_10_0_0_5_514_in = { listen_tls = \"10.0.0.5:20514\"; to = "
	      "\"127.0.0.1:514\"; peer = [\"10.0.0.1\"]; };\n"
	      "  # the server listens on 127.0.0.1, port 514, alone\n"
	      "  syslog_udp_10_0_0_5_514_in = { listen_tls = \"10.0.0.5:6514\"; protocol = "
	      "\"syslog\"; to = \"127.0.0.1:514\"; peer = [\"10.0.0.1\"]; };\n"
	      "};\n");
}

/* The ports between the links are other ones, and two ways never share one. */
static void test_links_high_port(void **state)
{
	static const struct crossing list[] = {
		{ 1, 2, 45535, TCP, "redis", WATCH_PLAIN, A_LINK_FITS },
		{ 1, 2, 45536, TCP, "redis", WATCH_PLAIN, A_LINK_FITS },
		{ 1, 2, 65535, TCP, "redis", WATCH_PLAIN, A_LINK_FITS },
	};
	CLEAN(watch_rows_deinit) struct watch_rows rows = {};
	CLEAN(buf_deinit) struct buf text = {};
	(void)state;
	crossings_add(&rows, list, COUNT_OF(list));
	written(&rows, &text, 2);
	const char *all = (const char *)buf_slice(&text).data;
	assert_non_null(strstr(all, "listen_tls = \"10.0.0.2:65535\"; to = \"127.0.0.1:45535\""));
	assert_non_null(strstr(all, "listen_tls = \"10.0.0.2:1\"; to = \"127.0.0.1:45536\""));
	assert_non_null(strstr(all, "listen_tls = \"10.0.0.2:20000\"; to = \"127.0.0.1:65535\""));
}

static void test_links_named(void **state)
{
	static const struct crossing list[] = {
		{ 7, 9, 3306, TCP, "mysql", WATCH_PLAIN, A_LINK_FITS },
		{ 8, 9, 3306, TCP, "mysql", WATCH_PLAIN, A_LINK_FITS },
	};
	CLEAN(watch_rows_deinit) struct watch_rows rows = {};
	CLEAN(buf_deinit) struct buf text = {};
	(void)state;
	crossings_add(&rows, list, COUNT_OF(list));
	written(&rows, &text, 3);
	const char *all = (const char *)buf_slice(&text).data;
	assert_non_null(strstr(all, "to = \"10.0.0.9:23306\"; peer = \"db\";"));
	assert_non_null(strstr(all, "peer = [\"mx\", \"10.0.0.8\"];"));
}

static void test_links_not_for_these(void **state)
{
	static const struct crossing list[] = {
		{ 0, 2, 25, TCP, "smtp", WATCH_PLAIN, A_LINK_FITS },
		{ 1, 0, 25, TCP, "smtp", WATCH_PLAIN, A_LINK_FITS },
		{ 1, 2, 53, UDP, "dns", WATCH_PLAIN, NOT_OF_A_KIND },
		{ 1, 2, 23, TCP, "telnet", WATCH_PLAIN, NOT_OF_A_KIND },
		{ 1, 2, 443, TCP, "tls", WATCH_TLS, A_LINK_FITS },
		{ 1, 2, 24, TCP, "lmtp", WATCH_PLAIN, STAYS_LOCAL },
	};
	(void)state;
	check(list, COUNT_OF(list), 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links_one_way_for_all_verdicts),
		cmocka_unit_test(test_links_share_no_place),
		cmocka_unit_test(test_links_syslog_by_datagrams),
		cmocka_unit_test(test_links_high_port),
		cmocka_unit_test(test_links_named),
		cmocka_unit_test(test_links_not_for_these),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
