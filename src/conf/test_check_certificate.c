/* Certificates that are brought or ordered: each way to write it wrong is found, and where. */
#include "conf/conf.h"
#include "conf/materials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define HEAD                                                                                       \
	"hostname = \"mx.example.org\"; backend = { w = { address = [\"127.0.0.1:8080\"]; }; }; "  \
	"edge = { web = { protocol = \"http\"; listen = [\"*:80\"]; listen_tls = [\"*:443\"]; "    \
	"backend = \"w\"; }; }; "
#define CLEAR_ALONE                                                                                \
	"hostname = \"mx.example.org\"; backend = { w = { address = [\"127.0.0.1:8080\"]; }; }; "  \
	"edge = { web = { protocol = \"http\"; listen = [\"*:80\"]; backend = \"w\"; }; }; "
#define TLS_ALONE                                                                                  \
	"hostname = \"mx.example.org\"; backend = { w = { address = [\"127.0.0.1:8080\"]; }; }; "  \
	"edge = { web = { protocol = \"http\"; listen_tls = [\"*:443\"]; backend = \"w\"; }; }; "
#define ACME "acme = \"https://ca.example/dir\"; "
#define NAMES "names = [\"mx.example.org\"]; "
#define CLUSTER "cluster = { servers = [\"127.0.0.1:6379\"]; }; "
#define CERT(text) "certificate = { c = { " text "}; }; "

static bool has_error(const struct conf_errors *errors, const char *setting, const char *words)
{
	for (size_t i = 0; i < errors->count; i++)
		if (!errors->items[i].is_warning && !strcmp(errors->items[i].setting, setting) &&
		    strstr(errors->items[i].message, words))
			return true;
	for (size_t i = 0; i < errors->count; i++)
		print_message("%s: %s\n", errors->items[i].setting, errors->items[i].message);
	return false;
}

static void test_certificate_is_refused(void **state)
{
	static const struct {
		const char *text, *setting, *words;
	} cases[] = {
		{ HEAD CERT(""), "certificate.c.chain", "missing" },
		{ HEAD CERT("chain = \"/c\"; "), "certificate.c.key", "missing" },
		{ HEAD CERT("chain = \"/c\"; key = \"/k\"; " NAMES), "certificate.c.names",
		  "ordered" },
		{ HEAD CERT("chain = \"/c\"; key = \"/k\"; contact = \"a@b\"; "),
		  "certificate.c.contact", "ordered" },
		{ HEAD CERT(ACME NAMES "chain = \"/c\"; "), "certificate.c.chain", "own" },
		{ HEAD CERT(ACME NAMES "key = \"/k\"; "), "certificate.c.key", "own" },
		{ HEAD CERT(ACME), "certificate.c.names", "missing" },
		{ HEAD CERT("acme = \"http://ca.example/dir\"; " NAMES), "certificate.c.acme",
		  "https" },
		{ HEAD CERT("acme = \"https://ca.example/a b\"; " NAMES), "certificate.c.acme",
		  "https" },
		{ HEAD CERT(ACME "names = [\"mx_.example.org:1\"]; "), "certificate.c.names",
		  "no host name" },
		{ HEAD CERT(ACME "names = [\"*.example.org\"]; "), "certificate.c.names",
		  "wildcard" },
		{ HEAD CERT(ACME "names = [\"localhost\"]; "), "certificate.c.names", "full" },
		{ HEAD CERT(ACME "names = [\"a.example.org\", \"A.example.org\"]; "),
		  "certificate.c.names", "twice" },
		{ HEAD CERT(ACME NAMES "challenge = \"dns-01\"; "), "certificate.c.dns_hook",
		  "missing" },
		{ HEAD CERT(ACME NAMES "dns_hook = \"/h\"; "), "certificate.c.dns_hook", "dns-01" },
		{ HEAD CERT(ACME NAMES "contact = \"-x@y\"; "), "certificate.c.contact", "mail" },
		{ HEAD CERT(ACME NAMES "challenge = \"dns-02\"; "), "certificate.c.challenge",
		  "dns-02" },
		{ TLS_ALONE CERT(ACME NAMES), "certificate.c.challenge", "port 80" },
		{ CLEAR_ALONE CERT(ACME NAMES "challenge = \"tls-alpn-01\"; "),
		  "certificate.c.challenge", "port 443" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_errors errors = {};
		struct conf_settings *s = NULL;
		assert_int_equal(conf_read_text(&s, cases[i].text, 0, &errors), CONF_BAD);
		assert_true(has_error(&errors, cases[i].setting, cases[i].words));
		conf_errors_deinit(&errors);
	}
}

static void test_certificate_is_taken(void **state)
{
	static const char *const cases[] = {
		HEAD CERT("chain = \"/c\"; key = \"/k\"; "),
		HEAD CERT(ACME NAMES),
		HEAD CERT(ACME NAMES "challenge = \"tls-alpn-01\"; key_type = \"rsa-2048\"; "
		                     "contact = \"postmaster@example.org\"; "),
		HEAD CERT(
			ACME
			"names = [\"*.example.org\"]; challenge = \"dns-01\"; dns_hook = \"/h\"; "),
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_errors errors = {};
		struct conf_settings *s = NULL;
		assert_int_equal(conf_read_text(&s, cases[i], 0, &errors), 0);
		assert_int_equal(conf_has_acme(s), i > 0);
		assert_int_equal(conf_needs_runner(s), i > 0);
		conf_errors_deinit(&errors);
		conf_settings_free(s);
	}
}

/* An ordered one has its files in state_dir, the stand-in until the first was issued. */
static void test_certificate_paths(void **state)
{
	struct conf_errors errors = {};
	struct conf_settings *s = NULL;
	char path[256];
	(void)state;
	assert_int_equal(
		conf_read_text(&s, HEAD "state_dir = \"/nowhere\"; " CERT(ACME NAMES), 0, &errors),
		0);
	conf_certificate_key_path(s, &s->certificates[0], path, sizeof(path));
	assert_string_equal(path, "/nowhere/certificates/c/key.pem");
	conf_certificate_chain_path(s, &s->certificates[0], path, sizeof(path));
	assert_string_equal(path, "/nowhere/certificates/c/stand-in.pem");
	conf_errors_deinit(&errors);
	conf_settings_free(s);
}

static void test_certificate_tls_alpn_in_a_cluster(void **state)
{
	static const char *const cases[] = {
		HEAD CLUSTER CERT(ACME NAMES "challenge = \"tls-alpn-01\"; "),
		HEAD CLUSTER CERT(ACME NAMES),
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_errors errors = {};
		struct conf_settings *s = NULL;
		assert_int_equal(conf_read_text(&s, cases[i], 0, &errors), 0);
		assert_int_equal(errors.count, i == 0);
		if (i == 0) {
			assert_true(errors.items[0].is_warning);
			assert_string_equal(errors.items[0].setting, "certificate.c.challenge");
		}
		conf_errors_deinit(&errors);
		conf_settings_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certificate_is_refused),
		cmocka_unit_test(test_certificate_is_taken),
		cmocka_unit_test(test_certificate_tls_alpn_in_a_cluster),
		cmocka_unit_test(test_certificate_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
