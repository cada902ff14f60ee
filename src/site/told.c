#include "site/told.h"

#include "base/clean.h"
#include "base/err.h"

#include <inttypes.h>

/* The last: of those that wait. */
enum { KINDS = CONF_STS_ENFORCE + 2 };

static size_t kind_of(const struct publish_served *s)
{
	return s->max_age_s ? (size_t)s->mode : KINDS - 1;
}

static int counts_write(struct buf *text, const struct publish_history *h)
{
	size_t counts[KINDS] = {};
	int r = 0;
	for (size_t i = 0; i < h->count; i++)
		counts[kind_of(&h->items[i])]++;
	for (size_t i = 0; i < KINDS && !r; i++)
		r = buf_printf(text, "%zu%c", counts[i], i + 1 < KINDS ? ' ' : '\n');
	return err_up(r);
}

static int line_write(struct buf *text, const struct publish_served *s, const char *why)
{
	char id[POLICY_STS_ID_MAX + 1];
	const char *mode =
		s->max_age_s ? policy_sts_mode_name((enum policy_sts_mode)s->mode) : "waiting";
	int r = publish_served_id(s, id);
	if (!r)
		r = buf_printf(text, "%s %s %s %" PRId64 " %s\n", s->domain, mode, id, s->since_s,
		               why ? why : "");
	return err_up(r);
}

int site_told_write(struct buf *text, const struct publish_history *h, const char *const *whys)
{
	size_t count = 0;
	int r = counts_write(text, h);
	for (int is_well = 0; is_well <= 1; is_well++)
		for (size_t i = 0; i < h->count && count < SITE_TOLD_MAX && !r; i++) {
			if ((whys[i] == NULL) != is_well)
				continue;
			r = line_write(text, &h->items[i], whys[i]);
			count++;
		}
	return err_up(r);
}
