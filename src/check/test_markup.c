#include "base/clean.h"
#include "check/markup.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>

/* Each tag as "text<name attributes>", an end with "/". */
static const struct markup_case {
	const char *in, *out;
} cases[] = {
	{ "a<b>c</b>d", "a<b >c</b >" },
	{ "<p class='x>y' id=1>", "<p  class='x>y' id=1>" },
	{ "x<!-- <b> --><i>", "x<!-- <b> --><i >" },
	{ "<!-- <b>", "" },
	{ "<!DOCTYPE html><p>", "<!DOCTYPE html><p >" },
	{ "1 < 2 <b>", "1 < 2 <b >" },
	{ "<b", "<b >" },
	{ "<", "" },
	{ "</", "" },
	{ "<a href=\"x", "<a  href=\"x>" },
	{ "<a title=\"it's\"><b>", "<a  title=\"it's\"><b >" },
	{ "<a it's><b>", "<a  it's><b >" },
	{ "<script>if (a<b) '<form>'</script><i>", "<script ></script ><i >" },
	{ "<SCRIPT>x</ y</Script ><i>", "<SCRIPT ></Script  ><i >" },
	{ "<script><form>", "<script >" },
	{ "<style><b></style>", "<style ></style >" },
	{ "<?xml version='1.0'?><clientConfig>", "<?xml version='1.0'?><clientConfig >" },
};

static void test_markup(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct slice rest = slice_str(cases[i].in);
		struct check_tag tag;
		char out[256] = "";
		while (check_markup_next(&rest, &tag))
			snprintf(out + strlen(out), sizeof(out) - strlen(out), "%.*s<%s%.*s %.*s>",
			         (int)tag.text.len, tag.text.data, tag.is_end ? "/" : "",
			         (int)tag.name.len, tag.name.data, (int)tag.attributes.len,
			         tag.attributes.data);
		assert_string_equal(out, cases[i].out);
	}
}

static const struct attribute_case {
	const char *in, *name, *value; /* NULL: none */
} attributes[] = {
	{ "<a href=x>", "href", "x" },     { "<a HREF = 'x y' >", "href", "x y" },
	{ "<a b href=\"\">", "href", "" }, { "<a b href>", "href", "" },
	{ "<a xhref=1>", "href", NULL },   { "<a b='href=1'>", "href", NULL },
	{ "<a =x href=1>", "href", "1" },  { "<a href=1 href=2>", "href", "1" },
	{ "<a/href=1/>", "href", "1/" },   { "<a href='open>", "href", "open>" },
	{ "<a>", "href", NULL },
};

static void test_markup_attribute(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(attributes); i++) {
		const struct attribute_case *c = &attributes[i];
		struct slice rest = slice_str(c->in), value;
		struct check_tag tag;
		assert_true(check_markup_next(&rest, &tag));
		bool is_there = check_tag_attribute(&tag, c->name, &value);
		if (is_there != (c->value != NULL) ||
		    (is_there && !slice_equal(value, slice_str(c->value))))
			fail_msg("%s: %d, %.*s", c->in, is_there, (int)value.len, value.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markup),
		cmocka_unit_test(test_markup_attribute),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
