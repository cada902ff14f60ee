#include "base/clean.h"
#include "check/autoconfig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CONFIG(servers)                                                                            \
	"<?xml version=\"1.0\"?><clientConfig version=\"1.1\"><emailProvider id=\"x\">" servers    \
	"</emailProvider></clientConfig>"
#define IN(type, host, port, socket)                                                               \
	"<incomingServer type=\"" type "\"><hostname>" host "</hostname><port>" port               \
	"</port><socketType>" socket "</socketType>\n<authentication>password-cleartext"           \
	"</authentication></incomingServer>"

static const struct document_case {
	const char *text;
	bool is_one, names_clear;
	unsigned count;
	enum check_service service;
	const char *host;
	unsigned port;
	const char *clear;
} cases[] = {
	{ CONFIG(IN("imap", "Imap.Example.org", "993", "SSL")), true, false, 1, CHECK_IMAPS,
	  "imap.example.org", 993, "" },
	{ CONFIG(IN("imap", "imap.%EMAILDOMAIN%", "143", "STARTTLS")), true, false, 1, CHECK_IMAP,
	  "imap.example.org", 143, "" },
	{ CONFIG(IN("imap", "a.example", "143", "plain")), true, true, 1, CHECK_IMAP, "a.example",
	  143, "imap a.example:143, socketType plain, password-cleartext" },
	{ CONFIG(IN("pop3", "a.example", "110", "")), true, true, 1, CHECK_POP3, "a.example", 110,
	  "pop3 a.example:110, no socketType, password-cleartext" },
	{ CONFIG(IN("pop3", "a.example", "995", "")), true, false, 1, CHECK_POP3S, "a.example", 995,
	  "" },
	{ CONFIG("<outgoingServer type='smtp'><hostname>s.example</hostname><port> 465 </port>"
	         "<socketType>ssl</socketType></outgoingServer>"),
	  true, false, 1, CHECK_SUBMISSIONS, "s.example", 465, "" },
	{ CONFIG("<outgoingServer type='smtp'><hostname>s.example</hostname>"
	         "<socketType>STARTTLS</socketType>"),
	  true, false, 1, CHECK_SUBMISSION, "s.example", 587, "" },
	{ CONFIG(IN("imap", "a b", "143", "plain")), true, true, 0, 0, NULL, 0,
	  "imap (no host):143, socketType plain, password-cleartext" },
	{ CONFIG(IN("imap", "a.example", "99999", "plain")), true, false, 0, 0, NULL, 0, "" },
	{ CONFIG(IN("jmap", "a.example", "443", "SSL")), true, false, 0, 0, NULL, 0, "" },
	{ CONFIG("<!--" IN("imap", "a.example", "143", "plain") "-->"), true, false, 0, 0, NULL, 0,
	  "" },
	{ "<Autodiscover><Response><Account><Protocol><Type>IMAP</Type><Server>m.example</Server>"
	  "<Port>143</Port><SSL>off</SSL></Protocol></Account></Response></Autodiscover>",
	  true, true, 1, CHECK_IMAP, "m.example", 143, "imap m.example:143, socketType off" },
	{ "<html><body>Welcome</body></html>", false, false, 0, 0, NULL, 0, "" },
	{ "", false, false, 0, 0, NULL, 0, "" },
};

static void test_autoconfig(void **state)
{
	(void)state;
	struct check_document d;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct document_case *c = &cases[i];
		check_document_scan(slice_str(c->text), "example.org", &d);
		if (d.is_one != c->is_one || d.names_clear != c->names_clear ||
		    d.count != c->count || strcmp(d.clear, c->clear) != 0)
			fail_msg("%zu: one %d, %u servers, clear %d \"%s\"", i, d.is_one, d.count,
			         d.names_clear, d.clear);
		if (c->host &&
		    (d.servers[0].service != c->service ||
		     strcmp(d.servers[0].host, c->host) != 0 || d.servers[0].port != c->port ||
		     d.servers[0].is_clear != c->names_clear))
			fail_msg("%zu: service %d, %s:%u, clear %d", i, d.servers[0].service,
			         d.servers[0].host, d.servers[0].port, d.servers[0].is_clear);
	}
}

static void test_autoconfig_bounded(void **state)
{
	(void)state;
	static char text[64 * 1024];
	static const char server[] = IN("imap", "a.example", "993", "SSL");
	struct check_document d;
	for (size_t at = 0; at + sizeof(server) < sizeof(text); at += strlen(server))
		memcpy(text + at, server, sizeof(server));
	check_document_scan(slice_str(text), "example.org", &d);
	assert_int_equal(d.count, CHECK_SERVERS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_autoconfig),
		cmocka_unit_test(test_autoconfig_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
