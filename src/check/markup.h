/*
 * The tags of HTML and XML as far as check needs them: names, attributes, the text before. It
 * understands no document and believes none: whatever the bytes, it ends, after one pass. Pure.
 */
#ifndef CHECK_MARKUP_H
#define CHECK_MARKUP_H

#include "base/slice.h"

struct check_tag {
	struct slice text; /* since the tag before; borrowed, like all here */
	struct slice name; /* letters, digits, "-", "_", ":" */
	bool is_end;
	struct slice attributes;
};

/* The next tag of *rest, which is moved behind it; comments are passed over, and what stands inside
 * script and style. False: there is none any more. */
bool check_markup_next(struct slice *rest, struct check_tag *ret_tag);

/* The value of an attribute, its quotes taken off; names without case. False: it has none of that
 * name. */
bool check_tag_attribute(const struct check_tag *tag, const char *name, struct slice *ret_value);
bool check_tag_is(const struct check_tag *tag, const char *name);

/* White space of markup at both ends goes. */
struct slice check_markup_trim(struct slice s);

#endif
