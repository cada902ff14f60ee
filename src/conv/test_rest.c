#include "base/sparse.h"
#include "conv/rest.h"
#include "conv/tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct conv *spoken(void)
{
	static const struct conv_settings set = { .hostname = "mx.example" };
	struct conv *c = NULL;
	assert_int_equal(conv_new(&c, &conv_tcp_ops, &set, NULL), 0);
	snprintf(c->facts.session_id, sizeof(c->facts.session_id), "0123456789abcdef");
	snprintf(c->facts.client_addr, sizeof(c->facts.client_addr), "192.0.2.1");
	snprintf(c->user, sizeof(c->user), "anna@example.com");
	c->facts.client_port = 4711;
	c->is_logged_in = true;
	c->login_failures = 2;
	conv_exposure_note(c, "anna", "PLAIN", true);
	return c;
}

static void test_rest_and_wake(void **state)
{
	struct conv *c = spoken();
	struct conv before = *c;
	struct sparse *rest = NULL;
	(void)state;
	assert_int_equal(conv_rest(&rest, &c), 0);
	assert_null(c);
	assert_true(sparse_size(rest) < sizeof(before) / 4);
	assert_int_equal(conv_wake(&c, rest), 0);
	assert_memory_equal(c, &before, sizeof(before));
	assert_int_equal(conv_end(c, CONV_OUTCOME_OK), CONV_TODO_CLOSE);
	conv_free(c);
}

static void test_rest_looked_at(void **state)
{
	struct conv *c = spoken(), copy;
	struct sparse *rest = NULL;
	(void)state;
	assert_int_equal(conv_rest(&rest, &c), 0);
	conv_rest_read(rest, &copy);
	assert_string_equal(copy.user, "anna@example.com");
	assert_int_equal(copy.facts.client_port, 4711);
	sparse_free(rest);
}

/* What it owns goes with it, and is not there a second time when it wakes. */
static void test_rest_owns_nothing(void **state)
{
	struct conv *c = spoken();
	struct sparse *rest = NULL;
	(void)state;
	c->seen = calloc(1, sizeof(*c->seen));
	assert_non_null(c->seen);
	assert_int_equal(conv_rest(&rest, &c), 0);
	assert_int_equal(conv_wake(&c, rest), 0);
	assert_null(c->seen);
	conv_free(c);
}

static struct conv *offered(const char *text)
{
	struct conv *c = spoken();
	c->seen = calloc(1, sizeof(*c->seen));
	assert_non_null(c->seen);
	snprintf(c->seen->text, sizeof(c->seen->text), "%s", text);
	c->is_seen_whole = true;
	return c;
}

/* The same text is there once; another becomes what the next ones share. */
static void test_rest_offer_is_shared(void **state)
{
	struct conv_offer *offer = NULL;
	struct conv *first = offered("IMAP4rev1"), *second = offered("IMAP4rev1");
	struct conv *third = offered("IMAP4rev1 IDLE"), *half = offered("IMAP4");
	(void)state;
	conv_share_seen(first, &offer);
	conv_share_seen(second, &offer);
	conv_share_seen(second, &offer);
	assert_ptr_equal(first->seen, second->seen);
	conv_share_seen(third, &offer);
	half->is_seen_whole = false;
	conv_share_seen(half, &offer);
	assert_null(half->offer);
	assert_string_equal(first->seen->text, "IMAP4rev1");
	assert_string_equal(third->seen->text, "IMAP4rev1 IDLE");
	assert_string_equal(offer->caps.text, "IMAP4rev1 IDLE");
	conv_free(first);
	assert_string_equal(second->seen->text, "IMAP4rev1");
	conv_forget_seen(second);
	assert_null(second->seen);
	conv_free(second);
	conv_free(half);
	conv_offer_unref(offer);
	assert_string_equal(third->seen->text, "IMAP4rev1 IDLE");
	conv_free(third);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rest_and_wake),
		cmocka_unit_test(test_rest_looked_at),
		cmocka_unit_test(test_rest_owns_nothing),
		cmocka_unit_test(test_rest_offer_is_shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
