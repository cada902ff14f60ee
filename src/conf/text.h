/*
 * The text of a configuration: files read, includes put in their place, comments taken out, and
 * for every line where it came from. libconfig never opens a file itself: its two packaged
 * versions resolve include paths differently, and a worker may open nothing.
 */
#ifndef CONF_TEXT_H
#define CONF_TEXT_H

#include "base/buf.h"
#include "conf/conf.h"
#include "conf/errors.h"

enum {
	CONF_TEXT_MAX = 16 << 20,   /* bytes, includes expanded */
	CONF_TEXT_DEPTH_MAX = 16,   /* braces, brackets and parentheses inside each other */
	CONF_TEXT_INCLUDES_MAX = 8, /* files inside each other */
};

struct conf_text_line {
	unsigned file; /* index into files */
	int line;
};

struct conf_text {
	struct buf bytes; /* ends with NUL when read */
	struct conf_text_line *lines;
	size_t line_count;
	size_t line_cap;
	char **files; /* the first may be NULL: no file */
	size_t file_count;
};

void conf_text_deinit(struct conf_text *t);

/* 0, CONF_BAD (errors has why) or a negative. @include "PATH" takes a pattern too (conf.d). */
[[nodiscard]] int conf_text_read_file(struct conf_text *t, const char *path,
                                      struct conf_errors *errors);
/* @include is refused. */
[[nodiscard]] int conf_text_read_string(struct conf_text *t, const char *text,
                                        struct conf_errors *errors);

/* Where line `at` (from 1) of the expanded text came from. setting is copied as a pointer. */
struct conf_place conf_text_place(const struct conf_text *t, unsigned at, const char *setting);

#endif
