#include "base/clean.h"
#include "pki/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SECRET "00112233445566778899aabbccddeeff"

static const struct {
	const char *line;
	int result;
} requests[] = {
	{ "{\"do\":\"join\",\"name\":\"db1\",\"secret\":\"" SECRET "\",\"request\":\"x\"}", 0 },
	{ "{\"do\":\"renew\",\"request\":\"x\"}", 0 },
	{ "{\"do\":\"renew\"}", PKI_TALK_BAD },
	{ "{\"do\":\"go\",\"request\":\"x\"}", PKI_TALK_BAD },
	{ "{\"do\":\"join\",\"request\":\"x\"}", PKI_TALK_BAD },
	{ "{\"do\":\"join\",\"name\":\"../x\",\"secret\":\"" SECRET "\",\"request\":\"x\"}",
	  PKI_TALK_BAD },
	{ "{\"do\":\"join\",\"name\":\"db1\",\"secret\":\"" SECRET "0\",\"request\":\"x\"}",
	  PKI_TALK_BAD },
	{ "{\"do\":\"join\",\"name\":\"db1\",\"secret\":\"\",\"request\":\"x\"}", PKI_TALK_BAD },
	{ "{\"do\":\"renew\",\"request\":\"x\",\"request\":\"y\"}", PKI_TALK_BAD },
	{ "{\"do\":\"renew\",\"request\":\"x\\u0000y\"}", PKI_TALK_BAD },
	{ "{\"do\":\"renew\",\"request\":[\"x\"]}", PKI_TALK_BAD },
	{ "{\"do\":\"denied\",\"have\":\"" SECRET SECRET "\"}", 0 },
	{ "{\"do\":\"denied\",\"have\":\"" SECRET "\"}", PKI_TALK_BAD },
	{ "{\"do\":\"denied\",\"have\":\"" SECRET SECRET "\",\"request\":\"x\"}", PKI_TALK_BAD },
	{ "{\"do\":\"denied\"}", PKI_TALK_BAD },
	{ "", PKI_TALK_BAD },
	{ "[]", PKI_TALK_BAD },
	{ "null", PKI_TALK_BAD },
};

static void test_talk_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		CLEAN(pki_request_deinit) struct pki_request request = {};
		int r = pki_request_read(&request, slice_str(requests[i].line));
		if (r != requests[i].result)
			fail_msg("%s: %d", requests[i].line, r);
	}
}

static void test_talk_request_there_and_back(void **state)
{
	(void)state;
	CLEAN(pki_request_deinit)
	struct pki_request request = { .kind = PKI_TALK_JOIN, .name = "db1", .secret = SECRET };
	CLEAN(pki_request_deinit) struct pki_request again = {};
	CLEAN(buf_deinit) struct buf line = {};
	assert_int_equal(buf_add_str(&request.pem, "-----BEGIN\n\"x\"\n"), 0);
	assert_int_equal(pki_request_write(&request, &line), 0);
	assert_int_equal(slice_find(buf_slice(&line), '\n'), buf_len(&line) - 1);
	assert_int_equal(pki_request_read(&again, buf_slice(&line)), 0);
	assert_string_equal(again.name, "db1");
	assert_string_equal(again.secret, SECRET);
	assert_true(slice_equal(buf_slice(&again.pem), buf_slice(&request.pem)));
}

static void test_talk_answer_there_and_back(void **state)
{
	(void)state;
	CLEAN(pki_answer_deinit)
	struct pki_answer answer = { .servers = { "ca1.example:8", "[2001:db8::1]:9" },
		                     .server_count = 2 };
	CLEAN(pki_answer_deinit) struct pki_answer again = {};
	CLEAN(buf_deinit) struct buf line = {};
	assert_int_equal(buf_add_str(&answer.chain, "chain\n"), 0);
	assert_int_equal(buf_add_str(&answer.ca, "ca\n"), 0);
	assert_int_equal(pki_answer_write(&answer, &line), 0);
	assert_int_equal(pki_answer_read(&again, buf_slice(&line)), 0);
	assert_int_equal(again.error[0], 0);
	assert_int_equal(again.server_count, 2);
	assert_string_equal(again.servers[1], "[2001:db8::1]:9");
	assert_int_equal(buf_len(&again.denied), 0);
	assert_true(slice_equal(buf_slice(&again.chain), slice_str("chain\n")));
}

static void test_talk_list_there_and_back(void **state)
{
	(void)state;
	for (int is_same = 0; is_same < 2; is_same++) {
		CLEAN(pki_answer_deinit)
		struct pki_answer answer = { .is_same = is_same, .is_list = !is_same };
		CLEAN(pki_answer_deinit) struct pki_answer again = {};
		CLEAN(buf_deinit) struct buf line = {};
		assert_int_equal(buf_add_str(&answer.denied, "4f0c 1798675200\n"), 0);
		assert_int_equal(pki_answer_write(&answer, &line), 0);
		assert_int_equal(pki_answer_read(&again, buf_slice(&line)), 0);
		assert_true(again.is_same == is_same && again.is_list == !is_same);
		assert_int_equal(buf_len(&again.denied), is_same ? 0 : buf_len(&answer.denied));
		assert_true(!is_same || buf_len(&line) < 16);
	}
}

/* What a CA, or who says he is one, writes comes to a terminal. */
static void test_talk_error_is_printable(void **state)
{
	(void)state;
	CLEAN(pki_answer_deinit) struct pki_answer answer = {};
	assert_int_equal(pki_answer_read(&answer, slice_str("{\"error\":\"a\\u001b[2J\\nb\","
	                                                    "\"again\":true}")),
	                 0);
	assert_string_equal(answer.error, "a?[2J?b");
	assert_true(answer.is_again);
	assert_int_equal(pki_answer_read(&answer, slice_str("{\"chain\":\"x\"}")), PKI_TALK_BAD);
	assert_int_equal(
		pki_answer_read(&answer, slice_str("{\"chain\":\"\",\"ca\":\"\",\"denied\":"
	                                           "\"\",\"servers\":[\"x y:1\"]}")),
		PKI_TALK_BAD);
}

static const struct {
	const char *text, *host; /* NULL: none */
	uint16_t port;
} servers[] = {
	{ "ca.example.org:8", "ca.example.org", 8 },
	{ "192.0.2.1:65535", "192.0.2.1", 65535 },
	{ "[2001:db8::1]:1", "2001:db8::1", 1 },
	{ "ca", NULL, 0 },
	{ "ca:", NULL, 0 },
	{ ":1", NULL, 0 },
	{ "ca:0", NULL, 0 },
	{ "ca:65536", NULL, 0 },
	{ "ca:1x", NULL, 0 },
	{ "ca:-1", NULL, 0 },
	{ "c a:1", NULL, 0 },
	{ "[::1:1", NULL, 0 },
	{ "[]:1", NULL, 0 },
	{ "2001:db8::1:1", NULL, 0 },
};

static void test_talk_servers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(servers); i++) {
		char host[256];
		uint16_t port = 0;
		bool is_good = pki_server_read(servers[i].text, host, &port);
		if (is_good != (servers[i].host != NULL))
			fail_msg("%s", servers[i].text);
		if (is_good) {
			assert_string_equal(host, servers[i].host);
			assert_int_equal(port, servers[i].port);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talk_requests),
		cmocka_unit_test(test_talk_request_there_and_back),
		cmocka_unit_test(test_talk_answer_there_and_back),
		cmocka_unit_test(test_talk_list_there_and_back),
		cmocka_unit_test(test_talk_error_is_printable),
		cmocka_unit_test(test_talk_servers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
