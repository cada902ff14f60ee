/* Which policy of our own is served, and what is remembered of those before. */
#include "base/clean.h"
#include "publish/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

enum { NOW_S = 1700000000, DAY_S = 86400, WEEK_S = 7 * DAY_S };

static char domain_name[] = "example.org";

/* "mx..." has a certificate; "our..." is ours and has none. */
static enum publish_cover cover(void *owner, const char *host, char *ret_why)
{
	(void)owner;
	snprintf(ret_why, PUBLISH_WHY_CAP, "no certificate for %s", host);
	if (!strncasecmp(host, "mx", 2))
		return PUBLISH_COVERED;
	return !strncmp(host, "our", 3) ? PUBLISH_UNCOVERED : PUBLISH_FOREIGN;
}

struct domain {
	struct publish_served served;
	enum publish_policy policy;
	char why[PUBLISH_WHY_CAP];
	char text[1024];
};

static void look(struct domain *d, const struct conf_mta_sts *wish, const char *const *hosts,
                 int64_t now_s)
{
	CLEAN(buf_deinit) struct buf text = {};
	struct publish_hosts h = { .is_known = hosts != NULL,
		                   .why = hosts ? NULL : "no server answered",
		                   .names = hosts,
		                   .cover = cover };
	while (hosts && hosts[h.count])
		h.count++;
	if (!d->served.domain)
		d->served.domain = strdup(domain_name);
	assert_int_equal(publish_policy_decide(&d->served, wish, &h, now_s, &d->policy, d->why), 0);
	assert_int_equal(publish_served_text(&d->served, &text), 0);
	snprintf(d->text, sizeof(d->text), "%.*s", (int)buf_len(&text), text.data + text.start);
}

#define HOSTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
static const char *const no_hosts[] = { NULL };

static struct conf_mta_sts wish_of(enum conf_sts_mode mode, uint32_t max_age_s)
{
	return (struct conf_mta_sts){ .domain = domain_name, .mode = mode, .max_age_s = max_age_s };
}

static void test_hosts_are_those_of_dns(void **state)
{
	(void)state;
	CLEAN(publish_served_deinit) struct publish_served gone = {};
	struct domain d = {};
	const struct conf_mta_sts wish = wish_of(CONF_STS_ENFORCE, WEEK_S);
	look(&d, &wish, HOSTS("MX1.example.org", "mx2.example.org"), NOW_S);
	assert_int_equal(d.policy, PUBLISH_POLICY_AS_WISHED);
	assert_string_equal(d.why, "");
	assert_string_equal(d.text, "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\n"
	                            "mx: mx2.example.org\r\nmax_age: 604800\r\n");
	gone = d.served;
}

static void test_what_would_stop_mail_is_not_served(void **state)
{
	(void)state;
	static char named[] = "mx1.example.org";
	static char *names[] = { named };
	struct conf_mta_sts written = wish_of(CONF_STS_ENFORCE, WEEK_S);
	const struct conf_mta_sts wish = written;
	written.mx = names;
	written.mx_count = 1;
	const struct {
		const struct conf_mta_sts *wish;
		const char *const *hosts;
		const char *why;
	} cases[] = {
		{ &wish, HOSTS("our.example.org"), "no certificate for our" },
		{ &wish, HOSTS("mx1.example.org", "else.example.net"), "no certificate for else" },
		{ &wish, no_hosts, "takes no mail" },
		{ &written, HOSTS("mx2.example.org"), "does not name" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct domain d = {}, before = {};
		look(&d, cases[i].wish, cases[i].hosts, NOW_S);
		assert_int_equal(d.policy, PUBLISH_POLICY_NONE);
		assert_non_null(strstr(d.why, cases[i].why));
		assert_string_equal(d.text, "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n");
		look(&before, &wish, HOSTS("mx1.example.org"), NOW_S);
		look(&before, cases[i].wish, cases[i].hosts, NOW_S + 1);
		assert_int_equal(before.policy, PUBLISH_POLICY_KEPT);
		assert_string_equal(before.text, "version: STSv1\r\nmode: enforce\r\nmx: "
		                                 "mx1.example.org\r\nmax_age: 604800\r\n");
		publish_served_deinit(&d.served);
		publish_served_deinit(&before.served);
	}
}

static void test_testing_stops_nothing_and_is_served(void **state)
{
	(void)state;
	struct domain d = {};
	const struct conf_mta_sts wish = wish_of(CONF_STS_TESTING, WEEK_S);
	look(&d, &wish, HOSTS("our.example.org"), NOW_S);
	assert_int_equal(d.policy, PUBLISH_POLICY_AS_WISHED);
	assert_non_null(strstr(d.why, "no certificate"));
	assert_non_null(strstr(d.text, "mode: testing\r\nmx: our.example.org\r\n"));
	publish_served_deinit(&d.served);
}

static void test_hosts_of_others_are_the_operators_word(void **state)
{
	(void)state;
	static char pattern[] = "*.example.net";
	static char *names[] = { pattern };
	struct conf_mta_sts wish = wish_of(CONF_STS_ENFORCE, WEEK_S);
	struct domain d = {};
	wish.mx = names;
	wish.mx_count = 1;
	look(&d, &wish, HOSTS("else.example.net"), NOW_S);
	assert_int_equal(d.policy, PUBLISH_POLICY_AS_WISHED);
	assert_non_null(strstr(d.text, "mx: *.example.net\r\n"));
	look(&d, &wish, HOSTS("our.example.net"), NOW_S);
	assert_int_equal(d.policy, PUBLISH_POLICY_KEPT);
	publish_served_deinit(&d.served);
}

static void test_a_lost_answer_changes_nothing(void **state)
{
	(void)state;
	struct domain d = {};
	const struct conf_mta_sts wish = wish_of(CONF_STS_ENFORCE, WEEK_S);
	look(&d, &wish, NULL, NOW_S);
	assert_int_equal(d.policy, PUBLISH_POLICY_WAITS);
	assert_int_equal(d.served.max_age_s, 0);
	look(&d, &wish, HOSTS("mx1.example.org"), NOW_S);
	look(&d, &wish, NULL, NOW_S);
	assert_int_equal(d.policy, PUBLISH_POLICY_KEPT);
	assert_non_null(strstr(d.why, "no server answered"));
	assert_non_null(strstr(d.text, "mode: enforce"));
	publish_served_deinit(&d.served);
}

static void test_a_host_stays_while_an_old_policy_is_held(void **state)
{
	(void)state;
	struct domain d = {};
	const struct conf_mta_sts wish = wish_of(CONF_STS_ENFORCE, WEEK_S);
	look(&d, &wish, HOSTS("mx1.example.org", "mx2.example.org"), NOW_S);
	look(&d, &wish, HOSTS("mx2.example.org", "mx3.example.org"), NOW_S + DAY_S);
	assert_non_null(strstr(d.text, "mx: mx1.example.org"));
	look(&d, &wish, HOSTS("mx2.example.org", "mx3.example.org"), NOW_S + DAY_S + WEEK_S - 1);
	assert_non_null(strstr(d.text, "mx: mx1.example.org"));
	look(&d, &wish, HOSTS("mx2.example.org", "mx3.example.org"), NOW_S + DAY_S + WEEK_S);
	assert_null(strstr(d.text, "mx: mx1.example.org"));
	assert_non_null(strstr(d.text, "mx: mx3.example.org"));
	publish_served_deinit(&d.served);
}

/* RFC 8461 8.3 */
static void test_a_domain_that_leaves_has_mode_none_so_long(void **state)
{
	(void)state;
	struct domain d = {};
	const struct conf_mta_sts year = wish_of(CONF_STS_ENFORCE, 365 * DAY_S);
	const struct conf_mta_sts day = wish_of(CONF_STS_ENFORCE, DAY_S);
	look(&d, &year, HOSTS("mx1.example.org"), NOW_S);
	look(&d, &day, HOSTS("mx1.example.org"), NOW_S);
	publish_served_leave(&d.served, NOW_S + DAY_S);
	assert_int_equal(d.served.mode, CONF_STS_NONE);
	assert_int_equal(d.served.mx_count, 0);
	assert_false(publish_served_is_over(&d.served, NOW_S + 365 * DAY_S - 1));
	assert_true(publish_served_is_over(&d.served, NOW_S + 365 * DAY_S));
	look(&d, &day, HOSTS("mx1.example.org"), NOW_S + 2 * DAY_S);
	assert_false(publish_served_is_over(&d.served, NOW_S + 400 * (int64_t)DAY_S));
	assert_int_equal(d.served.mode, CONF_STS_ENFORCE);
	publish_served_deinit(&d.served);
}

static void test_the_id_is_of_the_content(void **state)
{
	(void)state;
	char first[POLICY_STS_ID_MAX + 1], second[POLICY_STS_ID_MAX + 1], record[128];
	char parsed[POLICY_STS_ID_MAX + 1];
	struct domain d = {};
	const struct conf_mta_sts testing = wish_of(CONF_STS_TESTING, WEEK_S);
	const struct conf_mta_sts enforce = wish_of(CONF_STS_ENFORCE, WEEK_S);
	look(&d, &testing, HOSTS("mx1.example.org"), NOW_S);
	assert_int_equal(publish_served_id(&d.served, first), 0);
	look(&d, &testing, HOSTS("mx1.example.org"), NOW_S + 1);
	assert_int_equal(publish_served_id(&d.served, second), 0);
	assert_string_equal(first, second);
	look(&d, &enforce, HOSTS("mx1.example.org"), NOW_S + 2);
	assert_int_equal(publish_served_id(&d.served, second), 0);
	assert_string_not_equal(first, second);
	snprintf(record, sizeof(record), "v=STSv1; id=%s;", second);
	assert_int_equal(policy_sts_record_parse(slice_str(record), parsed), 0);
	assert_string_equal(parsed, second);
	publish_served_deinit(&d.served);
}

static void test_the_file_is_read_strictly(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"mailseal-served 2\nend\n",
		"mailseal-served 1\n",
		"mailseal-served 1\nend\nmore\n",
		"mailseal-served 1\nb.org none 1 0 0 here -\na.org none 1 0 0 here -\nend\n",
		"mailseal-served 1\na.org none 1 0 0 here -\na.org none 1 0 0 here -\nend\n",
		"mailseal-served 1\na.org enforce 1 0 0 here -\nend\n",
		"mailseal-served 1\na.org soft 1 0 0 here -\nend\n",
		"mailseal-served 1\na.org none 99999999999 0 0 here -\nend\n",
		"mailseal-served 1\na.org none 1 0 -1 here -\nend\n",
		"mailseal-served 1\na.org none 1 -1 0 here -\nend\n",
		"mailseal-served 1\na.org none 1 0 here -\nend\n",
		"mailseal-served 1\na.org none 1 0 0 away -\nend\n",
		"mailseal-served 1\na.org none 1 0 0 here mx.org\nend\n",
		"mailseal-served 1\na.org none 1 0 0 here m x=0\nend\n",
		"mailseal-served 1\na..org none 1 0 0 here -\nend\n",
	};
	struct publish_history h;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(publish_history_read(&h, slice_str(bad[i])), PUBLISH_HISTORY_BAD);
	static const char good[] = "mailseal-served 1\na.org enforce 604800 3 5 here "
				   "mx.a.org=0,*.b.org=9\nb.org none 1 0 7 gone -\nend\n";
	CLEAN(buf_deinit) struct buf text = {};
	assert_int_equal(publish_history_read(&h, slice_str(good)), 0);
	assert_int_equal(publish_history_write(&h, &text), 0);
	assert_true(slice_equal(buf_slice(&text), slice_str(good)));
	assert_true(publish_history_find(&h, "B.org")->is_gone);
	assert_non_null(publish_history_add(&h, "AA.org"));
	assert_string_equal(h.items[1].domain, "aa.org");
	publish_history_remove(&h, &h.items[0]);
	assert_null(publish_history_find(&h, "a.org"));
	publish_history_deinit(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts_are_those_of_dns),
		cmocka_unit_test(test_what_would_stop_mail_is_not_served),
		cmocka_unit_test(test_testing_stops_nothing_and_is_served),
		cmocka_unit_test(test_hosts_of_others_are_the_operators_word),
		cmocka_unit_test(test_a_lost_answer_changes_nothing),
		cmocka_unit_test(test_a_host_stays_while_an_old_policy_is_held),
		cmocka_unit_test(test_a_domain_that_leaves_has_mode_none_so_long),
		cmocka_unit_test(test_the_id_is_of_the_content),
		cmocka_unit_test(test_the_file_is_read_strictly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
