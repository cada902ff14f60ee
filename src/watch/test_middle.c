/* What is known of connections that began before the capture did. */
#include "watch/datagram.h"
#include "watch/proto.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TEXT(text)                                                                                 \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

struct middle_case {
	const char *name;
	struct slice client, server;
	const char *protocol; /* NULL: none */
	bool is_uncertain, is_swapped;
};

static const struct middle_case cases[] = {
	{ .name = "a beginning",
	  .client = TEXT("EHLO x\r\n"),
	  .server = TEXT("220 x ESMTP\r\n"),
	  .protocol = "smtp" },
	{ .name = "mail goes on",
	  .client = TEXT("MAIL FROM:<a@b>\r\n"),
	  .server = TEXT("250 ok\r\n"),
	  .protocol = "smtp" },
	{ .name = "its answer may say that it is none",
	  .client = TEXT("AUTH PLAIN x\r\n"),
	  .protocol = "smtp",
	  .is_uncertain = true },
	{ .name = "the same words, POP3's answer",
	  .client = TEXT("AUTH PLAIN x\r\n"),
	  .server = TEXT("+OK\r\n"),
	  .protocol = "pop3" },
	{ .name = "the same words, SMTP's answer",
	  .client = TEXT("AUTH PLAIN x\r\n"),
	  .server = TEXT("235 ok\r\n"),
	  .protocol = "smtp" },
	{ .name = "a password of POP3",
	  .client = TEXT("PASS x\r\n"),
	  .server = TEXT("+OK in\r\n"),
	  .protocol = "pop3" },
	{ .name = "a password of FTP",
	  .client = TEXT("PASS x\r\n"),
	  .server = TEXT("230 in\r\n"),
	  .protocol = "ftp" },
	{ .name = "LHLO", .client = TEXT("LHLO x\r\n"), .protocol = "lmtp" },
	{ .name = "a login of IMAP",
	  .client = TEXT("a1 LOGIN x y\r\n"),
	  .server = TEXT("a1 OK\r\n"),
	  .protocol = "imap" },
	{ .name = "an answer of FTP is none",
	  .client = TEXT("PWD\r\n"),
	  .server = TEXT("230 Login successful.\r\n") },
	{ .name = "nor is it where nobody answers", .server = TEXT("230 Login successful.\r\n") },
	{ .name = "a quoted login is none",
	  .client = TEXT("a1 LOGIN x y\r\n"),
	  .server = TEXT("250 ok\r\n") },
	{ .name = "the client was taken for the server",
	  .client = TEXT("250 ok\r\n"),
	  .server = TEXT("RCPT TO:<a@b>\r\n"),
	  .protocol = "smtp",
	  .is_swapped = true },
	{ .name = "sieve",
	  .client = TEXT("LISTSCRIPTS\r\n"),
	  .server = TEXT("\"a\" ACTIVE\r\n"),
	  .protocol = "managesieve" },
	{ .name = "Dovecot's auth is no POP3",
	  .client = TEXT("AUTH\t3\tPLAIN\tresp=x\n"),
	  .protocol = "dovecot-auth" },
	{ .name = "auth without a number", .client = TEXT("AUTH\tx\tPLAIN\n") },
	{ .name = "a lookup of dict",
	  .client = TEXT("Lpriv/quota/storage\tanna\n"),
	  .protocol = "dovecot-dict" },
	{ .name = "doveadm's password",
	  .client = TEXT("PLAIN\tx\n"),
	  .server = TEXT("+\n"),
	  .protocol = "doveadm" },
	{ .name = "a query of PostgreSQL",
	  .client = TEXT("Q\0\0\0\x0dselect 1\0"),
	  .protocol = "postgresql" },
	{ .name = "half of one",
	  .client = TEXT("Q\0\0\0\x0dselect"),
	  .protocol = "postgresql",
	  .is_uncertain = true },
	{ .name = "no NUL at its end", .client = TEXT("Q\0\0\0\x0dselect 1x") },
	{ .name = "PostgreSQL is ready", .server = TEXT("Z\0\0\0\5I"), .protocol = "postgresql" },
	{ .name = "nobody is ready so", .server = TEXT("Z\0\0\0\5X") },
	{ .name = "a query of MySQL",
	  .client = TEXT("\x0b\0\0\0\3select 123"),
	  .protocol = "mysql" },
	{ .name = "a second packet is no query", .client = TEXT("\x0b\0\0\1\3select 123") },
	{ .name = "a command of Redis",
	  .client = TEXT("*2\r\n$3\r\nGET\r\n"),
	  .server = TEXT("$-1\r\n"),
	  .protocol = "redis" },
	{ .name = "a key of memcached",
	  .client = TEXT("get key\r\n"),
	  .server = TEXT("END\r\n"),
	  .protocol = "memcached" },
	{ .name = "no answer of memcached",
	  .client = TEXT("get key\r\n"),
	  .server = TEXT("+OK\r\n") },
	{ .name = "a search of LDAP",
	  .client = TEXT("\x30\x0c\2\1\2\x63\7\4\0\n\1\0\n\1\0"),
	  .protocol = "ldap" },
	{ .name = "a frame of AMQP", .client = TEXT("\1\0\1\0\0\0\2xy\xce"), .protocol = "amqp" },
	{ .name = "one without its end", .client = TEXT("\1\0\1\0\0\0\2xyz") },
	{ .name = "a message of NATS",
	  .client = TEXT("PUB mail.new 5\r\nhello\r\n"),
	  .protocol = "nats" },
	{ .name = "a line of syslog",
	  .client = TEXT("<38>Oct 11 22:14:15 mx x\n"),
	  .protocol = "syslog" },
	{ .name = "a frame of RELP", .client = TEXT("17 syslog 12 <38>hello"), .protocol = "relp" },
	{ .name = "a request of HTTP", .client = TEXT("GET /x HTTP/1.1\r\n"), .protocol = "http" },
	{ .name = "two options of Telnet",
	  .server = TEXT("\xff\xfd\x18\xff\xfd\x20"),
	  .protocol = "telnet" },
	{ .name = "one alone", .server = TEXT("\xff\xfd\x18") },
	{ .name = "no OpenVPN by chance",
	  .client = TEXT("\0\x0e\x38xxxxxxxxxxxxx"),
	  .server = TEXT("\0\x0e\x40") },
	{ .name = "words of nobody", .client = TEXT("set me up\r\n"), .server = TEXT("well\r\n") },
};

static void test_middle(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct middle_case *c = &cases[i];
		const struct watch_opening o = { c->client, c->server };
		struct watch_middle m = watch_proto_find_middle(&o);
		const char *name = m.proto ? m.proto->name : "-";
		bool is_right = !strcmp(name, c->protocol ? c->protocol : "-") &&
		                (!m.proto || (m.is_certain == !c->is_uncertain &&
		                              m.is_swapped == c->is_swapped));
		if (!is_right)
			print_error("%s: %s, certain %d, swapped %d\n", c->name, name, m.is_certain,
			            m.is_swapped);
		assert_true(is_right);
	}
}

/* A parser that is given what stands behind the beginning does not take it for one. */
static void test_middle_of_a_login(void **state)
{
	static const struct {
		const char *name;
		struct slice client;
		enum watch_secret secret;
		const char *mechanism;
	} logins[] = {
		{ "a password", TEXT("p\0\0\0\x0bsecret\0"), WATCH_SECRET_PASSWORD, "PASSWORD" },
		{ "MD5", TEXT("p\0\0\0\x28md50123456789abcdef0123456789abcdef\0"),
		  WATCH_SECRET_HASH, "MD5" },
		{ "SCRAM", TEXT("p\0\0\0\x19SCRAM-SHA-256\0\0\0\0\3n,,"), WATCH_SECRET_HASH,
		  "SCRAM" },
		{ "GSS", TEXT("p\0\0\0\x08\x60\x82\1\2"), WATCH_SECRET_HASH, "GSS" },
	};
	const struct watch_opening o = { .server = TEXT("R\0\0\0\x08\0\0\0\0") };
	(void)state;
	for (size_t i = 0; i < COUNT_OF(logins); i++) {
		struct watch_middle m = watch_proto_find_middle(&o);
		assert_true(m.proto && m.is_begun);
		struct watch_talk t = { .proto = m.proto };
		m.proto->on_middle(&t);
		assert_int_equal(watch_talk_feed(&t, WATCH_CLIENT, logins[i].client),
		                 logins[i].client.len);
		if (t.secret != logins[i].secret || strcmp(t.mechanism, logins[i].mechanism))
			print_error("%s: %d %s\n", logins[i].name, t.secret, t.mechanism);
		assert_int_equal(t.secret, logins[i].secret);
		assert_string_equal(t.mechanism, logins[i].mechanism);
	}
}

/* RFC 3414 4: who wants to be private first asks in clear whom he talks to. */
static void test_snmp3_asks_before_it_is_private(void **state)
{
	static const struct slice ask = TEXT("0>\2\1\3"
	                                     "0\x11\2\4abcd\2\3\0\xff\xe3\4\1\4\2\1\3"
	                                     "\4\x10"
	                                     "0\x0e\4\0\2\1\0\2\1\0\4\0\4\0\4\0"
	                                     "0\x14\4\0\4\0\xa0\x0e\2\4abcd\2\1\0\2\1\0"
	                                     "0\0");
	static const struct slice sealed = TEXT("0>\2\1\3"
	                                        "0\x11\2\4abcd\2\3\0\xff\xe3\4\1\7\2\1\3"
	                                        "\4\x12"
	                                        "0\x10\4\2id\2\1\0\2\1\0\4\4anna\4\0\4\0"
	                                        "\4\x10xxxxxxxxxxxxxxxx");
	static const struct slice open = TEXT("0>\2\1\3"
	                                      "0\x11\2\4abcd\2\3\0\xff\xe3\4\1\4\2\1\3"
	                                      "\4\x12"
	                                      "0\x10\4\2id\2\1\0\2\1\0\4\4anna\4\0\4\0"
	                                      "0\x10xxxxxxxxxxxxxxxx");
	struct watch_udp u = {}, plain = {};
	(void)state;
	watch_udp_feed(&u, WATCH_CLIENT, ask);
	assert_false(u.is_settled);
	assert_int_equal(u.verdict, WATCH_NOTHING);
	watch_udp_feed(&u, WATCH_SERVER, ask);
	assert_false(u.is_settled);
	watch_udp_feed(&u, WATCH_CLIENT, sealed);
	assert_true(u.is_settled);
	assert_int_equal(u.verdict, WATCH_TUNNEL);
	watch_udp_feed(&plain, WATCH_CLIENT, open);
	assert_true(plain.is_settled);
	assert_int_equal(plain.verdict, WATCH_PLAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_middle),
		cmocka_unit_test(test_middle_of_a_login),
		cmocka_unit_test(test_snmp3_asks_before_it_is_private),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
