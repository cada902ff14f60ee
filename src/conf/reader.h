/* What reading one configuration needs; shared by read.c, fill.c, complain.c and the checks. Inside
 * conf/ alone. */
#ifndef CONF_READER_H
#define CONF_READER_H

#include "conf/conf.h"
#include "conf/tables.h"
#include "conf/text.h"

#include <libconfig.h>

enum {
	CONF_PATH_MAX = 320,
	CONF_ERRORS_MAX = 1000, /* errors, and as many warnings; what is wrong after that waits */
};

struct conf_reader {
	struct conf_settings *settings;
	struct conf_text text;
	config_t tree;
	int64_t now_s;
	struct conf_errors *errors;
	unsigned *order; /* by error: its line in the expanded text, for sorting */
	size_t order_cap;
	size_t warning_count;
	bool is_dropped; /* the one noted last, for there are too many */
	int failure;     /* the first negative; nothing is done after it */
};

/*
 * Notes an error or warning at a setting, by its path: "edge.mx.backend", "exception[0].from".
 * The line is that of the setting, or of the nearest group around it that is written.
 */
void conf_complain(struct conf_reader *r, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void conf_warn(struct conf_reader *r, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* line: of the expanded text. */
void conf_complain_at(struct conf_reader *r, unsigned line, const char *path, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));
/* What to do about the one noted last. */
void conf_mend(struct conf_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Was this setting written? */
bool conf_is_written(const struct conf_reader *r, const char *path);

/* By line of the expanded text. */
void conf_errors_sort(struct conf_reader *r);

/* Was an error noted at exactly this path? Then what hangs on it is not looked at. */
bool conf_is_bad(const struct conf_reader *r, const char *path);

/* conf/fill.c: defaults that depend on other settings, or on this host. Before the checks. */
void conf_fill(struct conf_reader *r);

/* conf/check.c: what one setting alone cannot show. */
void conf_check(struct conf_reader *r);

#endif
