/* Where a configuration listens. */
#include "base/clean.h"
#include "conf/conf.h"
#include "parent/listen_list.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/un.h>
/* After those it needs. */
#include <cmocka.h>

#include "conf/test_read.h"

#define BEGIN                                                                                      \
	"hostname = \"mx.example.org\"; "                                                          \
	"certificate = { c = { chain = \"/c\"; key = \"/k\"; }; }; "                               \
	"backend = { b = { address = [\"127.0.0.1:26\"]; client_info = \"proxy\"; }; }; "
#define SMTP "protocol = \"smtp\"; backend = \"b\"; "
#define IMAPS "protocol = \"imap\"; backend = \"b\"; "

/* "ADDRESS PORT" or a path. */
static void place_print(const struct parent_listener *l, char *text, size_t cap)
{
	char host[INET6_ADDRSTRLEN] = "";
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&l->sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&l->sa;
	if (l->sa.ss_family == AF_UNIX)
		snprintf(text, cap, "%s", ((const struct sockaddr_un *)&l->sa)->sun_path);
	else if (l->sa.ss_family == AF_INET6)
		snprintf(text, cap, "%s %u",
		         inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host)),
		         ntohs(v6->sin6_port));
	else
		snprintf(text, cap, "%s %u", inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host)),
		         ntohs(v4->sin_port));
}

/* A socket that was handed over is known by its address. */
static void place_again(const struct parent_listener *l)
{
	struct parent_listener other = {};
	assert_true(parent_listener_place(&other, &l->sa));
	assert_int_equal(other.sa_len, l->sa_len);
	assert_memory_equal(&other.sa, &l->sa, l->sa_len);
}

struct expected {
	const char *place;
	uint32_t edge;
	bool is_tls, is_service;
	enum proc_service service;
};

static void list_check(const char *text, const struct expected *expected, size_t count)
{
	CLEAN(conf_settings_freep) struct conf_settings *s = read_well(text);
	struct parent_listen_list list = {};
	assert_int_equal(parent_listen_list_make(&list, s), 0);
	for (size_t i = 0; i < list.count && i < count; i++) {
		const struct parent_listener *l = &list.items[i];
		char place[160];
		place_print(l, place, sizeof(place));
		assert_string_equal(place, expected[i].place);
		assert_int_equal(l->edge, expected[i].edge);
		assert_int_equal(l->is_tls, expected[i].is_tls);
		assert_int_equal(l->is_service, expected[i].is_service);
		if (l->is_service)
			assert_int_equal(l->service, expected[i].service);
		place_again(l);
		assert_int_equal(l->fds[0], -1);
		assert_int_equal(l->fds[PARENT_WORKERS_MAX - 1], -1);
	}
	assert_int_equal(list.count, count);
	free(list.items);
}

static void test_listen_list_of_edges(void **state)
{
	static const struct expected expected[] = {
		{ "0.0.0.0 25", 0, false, false, 0 },
		{ ":: 25", 0, false, false, 0 },
		{ "192.0.2.1 143", 1, false, false, 0 },
		{ "2001:db8::1 993", 1, true, false, 0 },
	};
	(void)state;
	list_check(BEGIN "edge = { x = { " SMTP "listen = [\"*:25\"]; }; y = { " IMAPS
	                 "listen = [\"192.0.2.1:143\"]; listen_tls = [\"[2001:db8::1]:993\"]; "
	                 "}; };",
	           expected, COUNT_OF(expected));
}

/* 127.0.0.0/8 is one socket, at any address: the device makes it loopback's alone. */
static void test_listen_list_of_relays(void **state)
{
	static const struct expected expected[] = {
		{ "0.0.0.0 10026", 0, false, true, PROC_SERVICE_LMTP },
		{ "127.0.0.1 10027", 0, false, true, PROC_SERVICE_SMTP },
	};
	(void)state;
	list_check(BEGIN "relay = { out = { listen = [\"lmtp:127.0.0.0/8:10026\", "
	                 "\"smtp:127.0.0.1:10027\"]; }; };",
	           expected, COUNT_OF(expected));
}

static void test_listen_list_of_paths(void **state)
{
	static const struct expected expected[] = {
		{ "/run/policy", 0, false, true, PROC_SERVICE_POLICY },
		{ "/run/out", 0, false, true, PROC_SERVICE_LMTP },
	};
	(void)state;
	list_check(BEGIN "relay = { out = { listen = [\"lmtp:unix:/run/out\"]; }; }; "
	                 "policy_service = { socketmap = [\"unix:/run/policy\"]; };",
	           expected, COUNT_OF(expected));
}

static void test_listener_place_unknown(void **state)
{
	const struct sockaddr_storage sa = { .ss_family = AF_NETLINK };
	struct parent_listener l = {};
	(void)state;
	assert_false(parent_listener_place(&l, &sa));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listen_list_of_edges),
		cmocka_unit_test(test_listen_list_of_relays),
		cmocka_unit_test(test_listen_list_of_paths),
		cmocka_unit_test(test_listener_place_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
