/* Configurations as texts, for the tests of this folder. Behind cmocka.h. */
#ifndef CONF_TEST_READ_H
#define CONF_TEST_READ_H

#include "base/clean.h"
#include "conf/conf.h"

#include <stdio.h>
#include <string.h>

/* It has no error; the caller's. */
static inline struct conf_settings *read_well(const char *text)
{
	struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	int r = conf_read_text(&s, text, 0, &errors);
	conf_errors_print(&errors, stderr);
	assert_int_equal(r, 0);
	return s;
}

struct refusal {
	const char *text;
	const char *setting, *fragment; /* of an error that is said: of its message, or its mend */
};

static inline void read_badly(const struct refusal *c)
{
	struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	bool is_said = false;
	assert_int_equal(conf_read_text(&s, c->text, 0, &errors), CONF_BAD);
	assert_null(s);
	for (size_t i = 0; i < errors.count; i++) {
		const struct conf_error *e = &errors.items[i];
		is_said |= !strcmp(e->setting, c->setting) &&
		           (strstr(e->message, c->fragment) || strstr(e->mend, c->fragment));
	}
	if (!is_said) {
		conf_errors_print(&errors, stderr);
		fail_msg("%s: %s is not said", c->setting, c->fragment);
	}
}

#endif
