/* Adding to the list of what is wrong with a file: for conf/ and `mailseal config check`. */
#ifndef CONF_ERRORS_H
#define CONF_ERRORS_H

#include "conf/conf.h"

#include <stdarg.h>

struct conf_place {
	const char *file; /* NULL: none; copied */
	int line;
	const char *setting; /* copied */
};

/* Adds one. 0 or -ENOMEM. */
[[nodiscard]] int conf_errors_add(struct conf_errors *errors, struct conf_place place,
                                  bool is_warning, const char *format, va_list args)
	__attribute__((format(printf, 4, 0)));

/* The mend of the one added last. 0 or -ENOMEM. */
[[nodiscard]] int conf_errors_mend(struct conf_errors *errors, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

#endif
