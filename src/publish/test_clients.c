/* What mail programs are told, and what Outlook asks. */
#include "base/clean.h"
#include "conf/conf.h"
#include "publish/clients.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char config[] =
	"hostname = \"mail.example.org\"; certificate = { a = { chain = \"/a\"; key = \"/a\"; }; };"
	"backend = { b = { address = [\"127.0.0.1:81\"]; }; };"
	"edge = { w = { protocol = \"http\"; listen_tls = [\"*:443\"]; backend = \"b\"; };"
	" imap = { protocol = \"imap\"; listen = [\"*:143\"]; listen_tls = [\"*:993\"]; backend = "
	"\"b\"; };"
	" inside = { protocol = \"pop3\"; listen_tls = [\"127.0.0.1:995\"]; backend = \"b\"; };"
	" out = { protocol = \"submission\"; listen = [\"*:587\"]; listen_tls = [\"*:465\"]; "
	"backend = \"b\"; }; };"
	"autoconfig = ( { domain = \"example.org\"; display_name = \"A & <B>\"; submission = "
	"\"smtp.example.org\"; } );";

static int settings_make(void **state)
{
	struct conf_errors errors = {};
	struct conf_settings *s = NULL;
	int r = conf_read_text(&s, config, 0, &errors);
	if (r)
		conf_errors_print(&errors, stderr);
	conf_errors_deinit(&errors);
	*state = s;
	return r;
}

static int settings_end(void **state)
{
	conf_settings_free(*state);
	return 0;
}

static const char *text_of(const struct buf *b, char *room, size_t cap)
{
	snprintf(room, cap, "%.*s", (int)buf_len(b), b->data + b->start);
	return room;
}

static void test_implicit_tls_is_first(void **state)
{
	const struct conf_settings *s = *state;
	CLEAN(buf_deinit) struct buf xml = {};
	char room[8192];
	assert_int_equal(publish_autoconfig_write(&xml, s, &s->autoconfigs[0]), 0);
	const char *text = text_of(&xml, room, sizeof(room));
	const char *implicit = strstr(text, "<port>993</port>\n<socketType>SSL<");
	const char *starttls = strstr(text, "<port>143</port>\n<socketType>STARTTLS<");
	assert_true(implicit && starttls && implicit < starttls);
	assert_true(strstr(text, "<port>465</port>") < strstr(text, "<port>587</port>"));
	assert_non_null(strstr(text, "<hostname>smtp.example.org</hostname>\n<port>465<"));
	assert_non_null(strstr(text, "<hostname>mail.example.org</hostname>\n<port>993<"));
	assert_non_null(strstr(text, "<displayName>A &#38; &#60;B&#62;</displayName>"));
	assert_null(strstr(text, "995")); /* on this host alone */
}

static void test_outlook_is_told_one_of_a_kind(void **state)
{
	const struct conf_settings *s = *state;
	CLEAN(buf_deinit) struct buf xml = {};
	char room[8192];
	assert_int_equal(publish_autodiscover_write(&xml, s, &s->autoconfigs[0], "a<b@example.org"),
	                 0);
	const char *text = text_of(&xml, room, sizeof(room));
	assert_non_null(strstr(text, "<Port>993</Port>\n<LoginName>a&#60;b@example.org<"));
	assert_non_null(strstr(text, "<Port>465</Port>"));
	assert_null(strstr(text, "<Port>143</Port>"));
}

static void test_the_address_of_a_request(void **state)
{
	(void)state;
	static const struct {
		const char *text, *address;
	} cases[] = {
		{ "<A><EMailAddress>a@b.org</EMailAddress></A>", "a@b.org" },
		{ "<x:EMailAddress> a&amp;b@c.org\r\n</x:EMailAddress>", "a&b@c.org" },
		{ "<EMailAddress>a@b.org", NULL },
		{ "<EMailAddress></EMailAddress>", NULL },
		{ "<EMailAddress>ab.org</EMailAddress>", NULL },
		{ "<EMailAddress>a@</EMailAddress>", NULL },
		{ "<EMailAddress>&xxe;@b.org</EMailAddress>", NULL },
		{ "<EMailAddress>a b@c.org</EMailAddress>", NULL },
		{ "<EMailAddress>a\x1b@c.org</EMailAddress>", NULL },
		{ "</EMailAddress>a@b.org<", NULL },
		{ "<<<<", NULL },
		{ "", NULL },
	};
	char address[PUBLISH_ADDRESS_CAP], longest[1024];
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int r = publish_autodiscover_read(slice_str(cases[i].text), address);
		assert_int_equal(r, cases[i].address ? 0 : PUBLISH_AUTODISCOVER_BAD);
		if (!r)
			assert_string_equal(address, cases[i].address);
	}
	snprintf(longest, sizeof(longest), "<EMailAddress>a@%0400d</EMailAddress>", 1);
	assert_int_equal(publish_autodiscover_read(slice_str(longest), address),
	                 PUBLISH_AUTODISCOVER_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_implicit_tls_is_first),
		cmocka_unit_test(test_outlook_is_told_one_of_a_kind),
		cmocka_unit_test(test_the_address_of_a_request),
	};
	return cmocka_run_group_tests(tests, settings_make, settings_end);
}
