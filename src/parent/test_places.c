#include "parent/places.h"

#include "base/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct conf_address ports[] = { { .port = 143 }, { .port = 993 }, { .port = 25 },
	                               { .port = 80 },  { .port = 443 }, { .kind = 0 } };
static char *only_second[] = { "imap" };
static struct conf_certificate certificates[] = { { .name = "mx" }, { .name = "imap" } };

static struct conf_edge edge_of(enum conf_protocol protocol, size_t clear, size_t tls)
{
	return (struct conf_edge){ .name = "e",
		                   .protocol = protocol,
		                   .listen = &ports[clear],
		                   .listen_count = 1,
		                   .listen_tls = &ports[tls],
		                   .listen_tls_count = 1 };
}

static void text_of(const struct places *p, char *text, size_t cap)
{
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < p->count; i++)
		len += (size_t)snprintf(text + len, cap - len, "%s%s:%u", i ? " " : "",
		                        p->list[i].host, p->list[i].port);
}

static const struct {
	const char *name;
	const char *names[2]; /* of the certificates */
	bool second_alone;    /* the IMAP edge has the second certificate alone */
	const char *expected[2];
} cases[] = {
	{ "each by its own name, mail before all",
	  { "mx.example.org", "imap.example.org" },
	  false,
	  { "mx.example.org:25 mx.example.org:143 mx.example.org:993",
	    "imap.example.org:25 imap.example.org:143 imap.example.org:993" } },
	{ "an edge's first is shown to who asks for no name of ours",
	  { "mx.example.org", "imap.example.org" },
	  true,
	  { "mx.example.org:25",
	    "imap.example.org:25 mx.example.org:143 mx.example.org:993 imap.example.org:143 "
	    "imap.example.org:993" } },
	{ "a wildcard stands behind an exact name",
	  { "*.example.org", "mx.example.org" },
	  false,
	  { "", "mx.example.org:25 mx.example.org:143 mx.example.org:993" } },
	{ "a wildcard has the host of the edge",
	  { "*.example.org", "other.example.net" },
	  false,
	  { "mx.example.org:25 mx.example.org:143 mx.example.org:993",
	    "other.example.net:25 other.example.net:143 other.example.net:993" } },
	{ "of two with the same name the first is shown",
	  { "mx.example.org", "mx.example.org" },
	  false,
	  { "mx.example.org:25 mx.example.org:143 mx.example.org:993", "" } },
	{ "a certificate that cannot be read is the edge's first all the same",
	  { NULL, "imap.example.org" },
	  false,
	  { "mx.example.org:25 mx.example.org:143 mx.example.org:993",
	    "imap.example.org:25 imap.example.org:143 imap.example.org:993" } },
};

static void test_places_are_those_it_is_shown_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_edge edges[] = { edge_of(CONF_IMAP, 0, 1), edge_of(CONF_SMTP, 2, 5) };
		if (cases[i].second_alone) {
			edges[0].certificates = only_second;
			edges[0].certificate_count = 1;
		}
		const struct conf_settings s = { .hostname = "mx.example.org",
			                         .certificates = certificates,
			                         .certificate_count = 2,
			                         .edges = edges,
			                         .edge_count = 2 };
		for (size_t c = 0; c < 2; c++) {
			static struct places places;
			char text[1024];
			places_find(&places, &s, cases[i].names, c);
			text_of(&places, text, sizeof(text));
			if (strcmp(text, cases[i].expected[c]) != 0)
				fail_msg("%s, certificate %zu: \"%s\"", cases[i].name, c, text);
		}
	}
}

static void test_places_port_80_has_no_tls(void **state)
{
	(void)state;
	struct conf_edge edge = edge_of(CONF_HTTP, 3, 4);
	struct conf_settings s = { .hostname = "www.example.org",
		                   .certificates = certificates,
		                   .certificate_count = 1,
		                   .edges = &edge,
		                   .edge_count = 1 };
	const char *names[] = { "www.example.org" };
	static struct places places;
	char text[256];
	places_find(&places, &s, names, 0);
	text_of(&places, text, sizeof(text));
	assert_string_equal(text, "www.example.org:443");
	edge.is_passthrough = true;
	places_find(&places, &s, names, 0);
	assert_int_equal(places.count, 0);
}

static void test_places_are_bounded(void **state)
{
	(void)state;
	struct conf_edge edge = edge_of(CONF_SMTP, 2, 1);
	struct conf_settings s = { .hostname = "mx.example.org",
		                   .certificates = certificates,
		                   .certificate_count = 1,
		                   .edges = &edge,
		                   .edge_count = 1 };
	static char many[8192];
	const char *names[] = { many };
	static struct places places;
	size_t len = 0;
	for (int i = 0; i < 200; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len, "%sh%d.example.org",
		                        i ? "," : "", i);
	places_find(&places, &s, names, 0);
	assert_int_equal(places.count, PROC_GUARD_PLACES_MAX);
	assert_true(places.is_cut);
	assert_string_equal(places.list[0].host, "mx.example.org");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_are_those_it_is_shown_at),
		cmocka_unit_test(test_places_port_80_has_no_tls),
		cmocka_unit_test(test_places_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
