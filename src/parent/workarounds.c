/* What far ends need to be spoken to, as resolver says it, for the status. */
#include "parent/workarounds.h"
#include "parent/state.h"

#include "base/log.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

void parent_workarounds_came(struct parent *p, struct slice list)
{
	buf_clear(&p->workarounds);
	if (buf_add(&p->workarounds, list))
		log_warn(NULL, "workarounds cannot be shown in the status");
}

/* "MX UNTIL" */
static json_t *workaround_json(struct slice line)
{
	char mx[256], until[32] = "", seconds[24];
	size_t space = slice_find(line, ' ');
	struct tm tm;
	slice_to_text(slice_head(line, space), mx, sizeof(mx));
	slice_to_text(slice_skip(line, space + 1), seconds, sizeof(seconds));
	time_t at = (time_t)strtoll(seconds, NULL, 10);
	if (gmtime_r(&at, &tm))
		strftime(until, sizeof(until), "%Y-%m-%d %H:%M UTC", &tm);
	return json_pack("{s:s, s:s, s:s}", "mx", mx, "with", "smaller ClientHello", "until",
	                 until);
}

json_t *parent_workarounds_json(const struct parent *p)
{
	json_t *list = json_array();
	struct slice rest = buf_slice(&p->workarounds);
	struct slice line;
	while (slice_line_next(&rest, &line))
		json_array_append_new(list, workaround_json(line));
	return list;
}
