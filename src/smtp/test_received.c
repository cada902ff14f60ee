#include "smtp/received.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct received_case {
	const char *name;
	enum conv_received setting;
	const char *helo;
	bool is_helo, is_lmtp, is_utf8, is_tls, is_logged_in;
	const char *addr; /* NULL: 192.0.2.1 */
	const char *group;
	const char *field;
};

#define DATE "\tTue, 24 Nov 2026 06:28:09 +0000\r\n"
#define BY "\tby mx.example (mailseal) with "
#define TLS " id 5f-1\r\n\ttls TLS_AES_256_GCM_SHA384"

static const struct received_case cases[] = {
	{ .name = "plain",
	  .helo = "c.example",
	  .field = "Received: from c.example ([192.0.2.1])\r\n" BY "ESMTP id 5f-1;\r\n" DATE },
	{ .name = "HELO",
	  .helo = "c.example",
	  .is_helo = true,
	  .field = "Received: from c.example ([192.0.2.1])\r\n" BY "SMTP id 5f-1;\r\n" DATE },
	{ .name = "IPv6",
	  .helo = "[IPv6:2001:db8::1]",
	  .addr = "2001:db8::1",
	  .field = "Received: from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n" BY
	           "ESMTP id 5f-1;\r\n" DATE },
	{ .name = "TLS",
	  .helo = "c.example",
	  .is_tls = true,
	  .group = "X25519",
	  .field = "Received: from c.example ([192.0.2.1])\r\n" BY "ESMTPS" TLS
	           " group X25519 (TLSv1.3);\r\n" DATE },
	{ .name = "TLS without a group",
	  .helo = "c.example",
	  .is_tls = true,
	  .field = "Received: from c.example ([192.0.2.1])\r\n" BY "ESMTPS" TLS
	           " (TLSv1.3);\r\n" DATE },
	{ .name = "logged in, UTF-8",
	  .helo = "c.example",
	  .is_tls = true,
	  .is_utf8 = true,
	  .is_logged_in = true,
	  .field = "Received: from c.example ([192.0.2.1])\r\n" BY "UTF8SMTPSA" TLS
	           " (TLSv1.3);\r\n" DATE },
	{ .name = "logged in, in clear",
	  .helo = "c.example",
	  .is_logged_in = true,
	  .field = "Received: from c.example ([192.0.2.1])\r\n" BY "ESMTPA id 5f-1;\r\n" DATE },
	{ .name = "no address",
	  .setting = CONV_RECEIVED_NO_ADDRESS,
	  .helo = "c.example",
	  .field = "Received: from c.example\r\n" BY "ESMTP id 5f-1;\r\n" DATE },
	{ .name = "no address, not even by EHLO",
	  .setting = CONV_RECEIVED_NO_ADDRESS,
	  .helo = "[192.0.2.1]",
	  .field = "Received: from unknown\r\n" BY "ESMTP id 5f-1;\r\n" DATE },
	{ .name = "off", .setting = CONV_RECEIVED_OFF, .helo = "c.example", .field = "" },
	{ .name = "a name that would break out",
	  .helo = "a(b)\\c;d\r\ne \"f\" \xc3\xa9<g>",
	  .field = "Received: from a?b??c?d??e??f?????g? ([192.0.2.1])\r\n" BY
	           "ESMTP id 5f-1;\r\n" DATE },
	{ .name = "LMTP by a unix socket",
	  .helo = "mta.example",
	  .is_lmtp = true,
	  .addr = "",
	  .field = "Received: from mta.example\r\n" BY "LMTP id 5f-1;\r\n" DATE },
	{ .name = "LMTP, UTF-8, TLS",
	  .helo = "mta.example",
	  .is_lmtp = true,
	  .is_utf8 = true,
	  .is_tls = true,
	  .field = "Received: from mta.example ([192.0.2.1])\r\n" BY "UTF8LMTPS" TLS
	           " (TLSv1.3);\r\n" DATE },
	{ .name = "no name",
	  .helo = "",
	  .field = "Received: from unknown ([192.0.2.1])\r\n" BY "ESMTP id 5f-1;\r\n" DATE },
};

static void test_received_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct received_case *k = &cases[i];
		const struct smtp_received how = {
			.setting = k->setting,
			.hostname = "mx.example",
			.session_id = "5f-1",
			.now_s = 1795501689,
			.helo = slice_str(k->helo),
			.is_ehlo = !k->is_helo,
			.is_lmtp = k->is_lmtp,
			.is_utf8 = k->is_utf8,
			.is_logged_in = k->is_logged_in,
			.client_addr = k->addr ? k->addr : "192.0.2.1",
			.client_is_v6 = k->addr && k->addr[0],
			.is_tls = k->is_tls,
			.tls_version = "TLSv1.3",
			.tls_cipher = "TLS_AES_256_GCM_SHA384",
			.tls_group = k->group ? k->group : "",
		};
		struct buf out = {};
		assert_int_equal(smtp_received_write(&out, &how), 0);
		struct slice got = buf_slice(&out);
		if (!slice_equal(got, slice_str(k->field)))
			fail_msg("%s: '%.*s'", k->name, (int)got.len, got.data);
		buf_deinit(&out);
	}
}

static void test_received_long_name_is_cut(void **state)
{
	(void)state;
	char name[4000];
	memset(name, 'x', sizeof(name));
	const struct smtp_received how = { .hostname = "mx.example",
		                           .session_id = "5f-1",
		                           .helo = slice_of(name, sizeof(name)),
		                           .client_addr = "192.0.2.1" };
	struct buf out = {};
	assert_int_equal(smtp_received_write(&out, &how), 0);
	/* RFC 5322 2.1.1. */
	assert_true(slice_find(buf_slice(&out), '\n') < 998);
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_received_write),
		cmocka_unit_test(test_received_long_name_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
