/*
 * Login forms of a web page: where a password field is, and where its form goes (H2). What scripts
 * build is not seen. Pure.
 */
#ifndef CHECK_WEBFORM_H
#define CHECK_WEBFORM_H

#include "base/slice.h"

enum { CHECK_FORMS_MAX = 8, CHECK_ACTION_CAP = 512 };

struct check_webform {
	bool has_password; /* a password field is there */
	/* Of the forms with one: action, and formaction of their buttons; as they are written, cut;
	 * "": the page itself. */
	char actions[CHECK_FORMS_MAX][CHECK_ACTION_CAP];
	unsigned count;
	char base[CHECK_ACTION_CAP]; /* href of its base tag, or "" */
};

void check_webform_scan(struct slice page, struct check_webform *ret_form);

#endif
