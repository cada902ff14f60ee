/* Values of the configuration file. */
#include "base/clean.h"
#include "conf/value.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t ms;
	} cases[] = {
		{ "500ms", 0, 500 },
		{ "90s", 0, 90000 },
		{ "90", 0, 90000 },
		{ "5m", 0, 300000 },
		{ "35m", 0, 2100000 },
		{ "2h", 0, 7200000 },
		{ "1d", 0, 86400000 },
		{ "0", 0, 0 },
		{ "50d", CONF_VALUE_BAD, 0 }, /* over 32 bits */
		{ "99999999999999999999s", CONF_VALUE_BAD, 0 },
		{ "5 m", CONF_VALUE_BAD, 0 },
		{ "-5s", CONF_VALUE_BAD, 0 },
		{ "5min", CONF_VALUE_BAD, 0 },
		{ "m", CONF_VALUE_BAD, 0 },
		{ "", CONF_VALUE_BAD, 0 },
		{ "1.5h", CONF_VALUE_BAD, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint32_t ms = 0;
		print_message("%s\n", cases[i].text);
		assert_int_equal(conf_duration_parse(cases[i].text, &ms), cases[i].result);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void test_seconds(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t s;
	} cases[] = {
		{ "30d", 0, 2592000 },
		{ "365d", 0, 31536000 },
		{ "12h", 0, 43200 },
		{ "90", 0, 90 },
		{ "500ms", CONF_VALUE_BAD, 0 },
		{ "50000d", CONF_VALUE_BAD, 0 }, /* over 32 bits */
		{ "30 d", CONF_VALUE_BAD, 0 },
		{ "", CONF_VALUE_BAD, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint32_t s = 0;
		assert_int_equal(conf_seconds_parse(cases[i].text, &s), cases[i].result);
		assert_int_equal(s, cases[i].s);
	}
}

static void test_sizes(void **state)
{
	size_t len = 0;
	assert_int_equal(conf_size_parse("64K", &len), 0);
	assert_int_equal(len, 65536);
	assert_int_equal(conf_size_parse("12288", &len), 0);
	assert_int_equal(len, 12288);
	assert_int_equal(conf_size_parse("2M", &len), 0);
	assert_int_equal(len, 2097152);
	assert_int_equal(conf_size_parse("64k", &len), CONF_VALUE_BAD);
	assert_int_equal(conf_size_parse("64KB", &len), CONF_VALUE_BAD);
	assert_int_equal(conf_size_parse("18446744073709551615G", &len), CONF_VALUE_BAD);
}

static void test_dates(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t days;
	} cases[] = {
		{ "1970-01-01", 0, 0 },
		{ "2000-02-29", 0, 11016 },
		{ "2024-02-29", 0, 19782 },
		{ "2027-03-31", 0, 20908 },
		{ "9999-12-31", 0, 2932896 },
		{ "2027-02-29", CONF_VALUE_BAD, 0 },
		{ "2100-02-29", CONF_VALUE_BAD, 0 },
		{ "2027-13-01", CONF_VALUE_BAD, 0 },
		{ "2027-00-01", CONF_VALUE_BAD, 0 },
		{ "2027-04-31", CONF_VALUE_BAD, 0 },
		{ "2027-04-00", CONF_VALUE_BAD, 0 },
		{ "1969-12-31", CONF_VALUE_BAD, 0 },
		{ "2027-4-1", CONF_VALUE_BAD, 0 },
		{ "31.03.2027", CONF_VALUE_BAD, 0 },
		{ "2027-03-31 ", CONF_VALUE_BAD, 0 },
		{ "", CONF_VALUE_BAD, 0 },
	};
	char text[32];
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t days = 0;
		print_message("%s\n", cases[i].text);
		assert_int_equal(conf_date_parse(cases[i].text, &days), cases[i].result);
		assert_int_equal(days, cases[i].days);
		if (cases[i].result)
			continue;
		conf_date_print(days, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_addresses(void **state)
{
	static const struct {
		const char *text;
		enum conf_address_kind kind;
		const char *host;
		uint16_t port;
		bool is_local;
	} cases[] = {
		{ "127.0.0.1:25", CONF_ADDRESS_INET, "127.0.0.1", 25, true },
		{ "127.9.9.9:25", CONF_ADDRESS_INET, "127.9.9.9", 25, true },
		{ "10.0.0.5:993", CONF_ADDRESS_INET, "10.0.0.5", 993, false },
		{ "[2001:db8::1]:25", CONF_ADDRESS_INET6, "2001:db8::1", 25, false },
		{ "[::1]:25", CONF_ADDRESS_INET6, "::1", 25, true },
		{ "[::ffff:127.0.0.1]:25", CONF_ADDRESS_INET6, "::ffff:127.0.0.1", 25, true },
		{ "[fe80::1%eth0]:25", CONF_ADDRESS_INET6, "fe80::1%eth0", 25, false },
		{ "*:65535", CONF_ADDRESS_ANY, "", 65535, false },
		{ "unix:/run/mta", CONF_ADDRESS_UNIX, "/run/mta", 0, true },
		{ "mail.example.org:25", CONF_ADDRESS_NAME, "mail.example.org", 25, false },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_address a;
		const char *why;
		print_message("%s\n", cases[i].text);
		assert_int_equal(conf_address_parse(cases[i].text, &a, &why), 0);
		assert_int_equal(a.kind, cases[i].kind);
		assert_string_equal(a.host, cases[i].host);
		assert_int_equal(a.port, cases[i].port);
		assert_string_equal(a.text, cases[i].text);
		assert_int_equal(conf_address_is_local(&a), cases[i].is_local);
	}
}

static void test_addresses_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"25",
		":25",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:0",
		"127.0.0.1:65536",
		"127.0.0.1:-1",
		"127.0.0.1:25x",
		"::1:25",
		"[::1]",
		"[::1]25",
		"[::1:25",
		"[127.0.0.1]:25",
		"[::g]:25",
		"300.0.0.1:25",
		"1.2.3:25",
		"**:25",
		"unix:run/mta",
		"unix:",
		"unix:/",
		"a b:25",
		"-x:25",
		"a..b:25",
		"127.0.0.1:25,26",
	};
	char path[200];
	struct conf_address a;
	const char *why = NULL;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		print_message("%s\n", cases[i]);
		assert_int_equal(conf_address_parse(cases[i], &a, &why), CONF_VALUE_BAD);
		assert_non_null(why);
	}
	memset(path, 'x', sizeof(path));
	memcpy(path, "unix:/", 6);
	path[5 + 107] = '\0'; /* sun_path has 108 bytes, one of them NUL */
	assert_int_equal(conf_address_parse(path, &a, &why), 0);
	path[5 + 107] = 'x';
	path[5 + 108] = '\0';
	assert_int_equal(conf_address_parse(path, &a, &why), CONF_VALUE_BAD);
}

static bool overlaps(const char *a, const char *b)
{
	struct conf_address x;
	struct conf_address y;
	const char *why;
	assert_int_equal(conf_address_parse(a, &x, &why), 0);
	assert_int_equal(conf_address_parse(b, &y, &why), 0);
	assert_int_equal(conf_address_overlaps(&x, &y), conf_address_overlaps(&y, &x));
	return conf_address_overlaps(&x, &y);
}

static void test_addresses_overlap(void **state)
{
	assert_true(overlaps("*:25", "127.0.0.1:25"));
	assert_true(overlaps("*:25", "[::1]:25"));
	assert_true(overlaps("[::1]:25", "[0:0::1]:25"));
	assert_true(overlaps("unix:/a", "unix:/a"));
	assert_false(overlaps("*:25", "*:26"));
	assert_false(overlaps("127.0.0.1:25", "127.0.0.2:25"));
	assert_false(overlaps("127.0.0.1:25", "[::1]:25"));
	assert_false(overlaps("unix:/a", "unix:/b"));
	assert_false(overlaps("unix:/a", "*:25"));
}

static bool contains(const char *network, const char *addr)
{
	struct conf_network n;
	uint8_t bytes[16] = {};
	const char *why;
	bool is_v6 = strchr(addr, ':') != NULL;
	assert_int_equal(conf_network_parse(network, &n, &why), 0);
	assert_int_equal(inet_pton(is_v6 ? AF_INET6 : AF_INET, addr, bytes), 1);
	return conf_network_contains(&n, bytes, is_v6);
}

static void test_networks(void **state)
{
	assert_true(contains("192.0.2.0/24", "192.0.2.255"));
	assert_false(contains("192.0.2.0/24", "192.0.3.0"));
	assert_true(contains("192.0.2.128/25", "192.0.2.129"));
	assert_false(contains("192.0.2.128/25", "192.0.2.127"));
	assert_true(contains("192.0.2.1", "192.0.2.1"));
	assert_false(contains("192.0.2.1", "192.0.2.2"));
	assert_true(contains("0.0.0.0/0", "203.0.113.9"));
	assert_false(contains("0.0.0.0/0", "2001:db8::1"));
	assert_true(contains("0.0.0.0/0", "::ffff:203.0.113.9"));
	assert_true(contains("192.0.2.0/24", "::ffff:192.0.2.9"));
	assert_true(contains("::ffff:192.0.2.9", "192.0.2.9"));
	assert_true(contains("::ffff:192.0.2.9", "::ffff:192.0.2.9"));
	assert_true(contains("::ffff:192.0.2.0/120", "192.0.2.9"));
	assert_false(contains("::ffff:192.0.2.0/120", "192.0.3.9"));
	assert_true(contains("2001:db8::/32", "2001:db8:ffff::1"));
	assert_false(contains("2001:db8::/32", "2001:db9::1"));
	assert_true(contains("::/0", "::1"));
	assert_false(contains("::/0", "192.0.2.1"));
	assert_true(contains("2001:db8::1", "2001:db8::1"));
}

static void test_networks_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"/24",
		"192.0.2.0/33",
		"2001:db8::/129",
		"192.0.2.1/24",
		"192.0.2.0/",
		"192.0.2.0/-1",
		"192.0.2/24",
		"2001:db8::1/32",
		"example.org",
		"192.0.2.0/24/1",
		"*",
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_network n;
		const char *why;
		print_message("%s\n", cases[i]);
		assert_int_equal(conf_network_parse(cases[i], &n, &why), CONF_VALUE_BAD);
	}
}

static void test_servers(void **state)
{
	static const struct {
		const char *text;
		bool has_zone;
		const char *zone, *address; /* NULL: refused */
	} cases[] = {
		{ "192.0.2.53", false, "", "192.0.2.53" },
		{ "192.0.2.53@5300", false, "", "192.0.2.53@5300" },
		{ "2001:db8::53@53", false, "", "2001:db8::53@53" },
		{ "example.test=::1", true, "example.test", "::1" },
		{ "test=192.0.2.53@1", true, "test", "192.0.2.53@1" },
		{ "", false, NULL, NULL },
		{ "dns.example", false, NULL, NULL },
		{ "192.0.2.53:53", false, NULL, NULL },
		{ "192.0.2.53@", false, NULL, NULL },
		{ "192.0.2.53@0", false, NULL, NULL },
		{ "192.0.2.53@65536", false, NULL, NULL },
		{ "[::1]", false, NULL, NULL },
		{ "test=192.0.2.53", false, NULL, NULL },
		{ "192.0.2.53", true, NULL, NULL },
		{ "=192.0.2.53", true, NULL, NULL },
		{ "a b=192.0.2.53", true, NULL, NULL },
		{ "test=", true, NULL, NULL },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_server server;
		const char *why = NULL;
		int r = conf_server_parse(cases[i].text, cases[i].has_zone, &server, &why);
		print_message("%s\n", cases[i].text);
		assert_int_equal(r, cases[i].address ? 0 : CONF_VALUE_BAD);
		if (r) {
			assert_non_null(why);
			continue;
		}
		assert_string_equal(server.zone, cases[i].zone);
		assert_string_equal(server.address, cases[i].address);
	}
}

static void test_watched(void **state)
{
	static const struct {
		const char *text, *host, *protocol, *file; /* protocol NULL: refused */
		unsigned port;
		bool is_address;
	} cases[] = {
		{ "mail2.example.org:993/imap", "mail2.example.org", "imaps", "", 993, false },
		{ "mail2.example.org:143/imap", "mail2.example.org", "imap", "", 143, false },
		{ "mail2.example.org:10993/imaps", "mail2.example.org", "imaps", "", 10993, false },
		{ "10.0.0.7:25/smtp", "10.0.0.7", "smtp", "", 25, true },
		{ "10.0.0.7:465/smtp", "10.0.0.7", "submissions", "", 465, true },
		{ "10.0.0.7:465/submission", "10.0.0.7", "submissions", "", 465, true },
		{ "[2001:db8::7]:995/pop3", "2001:db8::7", "pop3s", "", 995, true },
		{ "[::1]:110/pop3", "::1", "pop3", "", 110, true },
		{ "a.example:4190/managesieve=/etc/a=b.pem", "a.example", "managesieve",
		  "/etc/a=b.pem", 4190, false },
		{ "a.example:443/https", "a.example", "https", "", 443, false },
		{ "a.example:5222/tls=/x", "a.example", "tls", "/x", 5222, false },
		{ .text = "" },
		{ .text = "a.example" },
		{ .text = "a.example:993" },
		{ .text = "a.example:993/" },
		{ .text = "a.example:993/imap4" },
		{ .text = "a.example:993/imap=" },
		{ .text = "a.example:993/imap=x.pem" },
		{ .text = "a.example:993=/x/imap" },
		{ .text = "a.example:0/imap" },
		{ .text = "a.example/imap" },
		{ .text = ":993/imap" },
		{ .text = "*:993/imap" },
		{ .text = "unix:/run/x/imap" },
		{ .text = "2001:db8::7:993/imap" },
		{ .text = "a b:993/imap" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_watched w;
		const char *why = NULL;
		int r = conf_watched_parse(cases[i].text, &w, &why);
		print_message("%s\n", cases[i].text);
		assert_int_equal(r, cases[i].protocol ? 0 : CONF_VALUE_BAD);
		if (r) {
			assert_non_null(why);
			continue;
		}
		assert_string_equal(w.host, cases[i].host);
		assert_string_equal(w.protocol, cases[i].protocol);
		assert_string_equal(w.file, cases[i].file);
		assert_string_equal(w.text, cases[i].text);
		assert_int_equal(w.port, cases[i].port);
		assert_int_equal(conf_watched_is_address(&w), cases[i].is_address);
	}
}

static void test_modes(void **state)
{
	static const char *const bad[] = { "", "66", "06660", "0668", "rw-", "0x1ff", "1777" };
	unsigned mode;
	assert_int_equal(conf_mode_parse("0660", &mode), 0);
	assert_int_equal(mode, 0660);
	assert_int_equal(conf_mode_parse("777", &mode), 0);
	assert_int_equal(mode, 0777);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(conf_mode_parse(bad[i], &mode), CONF_VALUE_BAD);
}

static void test_pins(void **state)
{
	uint8_t base64[32];
	uint8_t hex[32];
	/* SHA-256 of nothing */
	assert_int_equal(
		conf_pin_parse("sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", base64), 0);
	assert_int_equal(
		conf_pin_parse("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	                       hex),
		0);
	assert_memory_equal(base64, hex, 32);
	assert_int_equal(conf_pin_parse("sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", hex),
	                 0);
	assert_memory_equal(base64, hex, 32);
	assert_int_equal(conf_pin_parse("sha256:", hex), CONF_VALUE_BAD);
	assert_int_equal(conf_pin_parse("sha1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", hex),
	                 CONF_VALUE_BAD);
	assert_int_equal(conf_pin_parse("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF!=", hex),
	                 CONF_VALUE_BAD);
	assert_int_equal(
		conf_pin_parse("g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	                       hex),
		CONF_VALUE_BAD);
}

static void test_hostnames(void **state)
{
	char label[80];
	assert_true(conf_hostname_is_valid("mx.example.org"));
	assert_true(conf_hostname_is_valid("mx1"));
	assert_true(conf_hostname_is_valid("a_b.example"));
	assert_false(conf_hostname_is_valid(""));
	assert_false(conf_hostname_is_valid("."));
	assert_false(conf_hostname_is_valid("mx.example.org."));
	assert_false(conf_hostname_is_valid("mx..example"));
	assert_false(conf_hostname_is_valid("-mx.example"));
	assert_false(conf_hostname_is_valid("mx example"));
	assert_false(conf_hostname_is_valid("mx\r\nEvil"));
	memset(label, 'a', sizeof(label));
	label[64] = '\0';
	assert_false(conf_hostname_is_valid(label));
	label[63] = '\0';
	assert_true(conf_hostname_is_valid(label));
}

static void test_edit_distance(void **state)
{
	assert_int_equal(conf_edit_distance("listen", "listen"), 0);
	assert_int_equal(conf_edit_distance("lisen", "listen"), 1);
	assert_int_equal(conf_edit_distance("lsiten", "listen"), 1);
	assert_int_equal(conf_edit_distance("", "abc"), 3);
	assert_int_equal(conf_edit_distance("kitten", "sitting"), 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_addresses_refused),
		cmocka_unit_test(test_addresses_overlap),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_networks_refused),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_watched),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_hostnames),
		cmocka_unit_test(test_edit_distance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
