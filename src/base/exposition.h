/*
 * Writes numbers as Prometheus reads them (text format 0.0.4). Values of labels may be what a
 * stranger wrote: they are escaped; controls and bytes that are no ASCII become "?".
 */
#ifndef BASE_EXPOSITION_H
#define BASE_EXPOSITION_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct exposition {
	struct buf out;
	bool has_failed; /* no memory; it sticks */
};

enum exposition_kind { EXPOSITION_GAUGE, EXPOSITION_COUNTER };

struct exposition_family {
	const char *name; /* a counter's ends in _total */
	enum exposition_kind kind;
	const char *help;
};

struct exposition_label {
	const char *name;
	const char *value;
};

void exposition_deinit(struct exposition *e);
/* Before its values. */
void exposition_begin(struct exposition *e, const struct exposition_family *family);
/* Labels end with one whose name is NULL: use the macro. */
void exposition_value_with(struct exposition *e, const struct exposition_family *family,
                           const struct exposition_label *labels, double value);
#define exposition_value(e, family, value, ...)                                                    \
	exposition_value_with(                                                                     \
		(e), (family),                                                                     \
		(const struct exposition_label[]){ __VA_ARGS__ __VA_OPT__(, ){ NULL, NULL } },     \
		(value))

#endif
