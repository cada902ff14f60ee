#include "publish/served.h"

#include "base/clean.h"
#include "base/err.h"
#include "dns/message.h"
#include "tls/ca.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { GONE_MAX_AGE_S = 24 * 3600, LINE_WORDS = 7 };

static const char head_line[] = "mailseal-served 1";
static const char end_line[] = "end";

/* --- one domain --- */

void publish_served_deinit(struct publish_served *s)
{
	for (size_t i = 0; i < s->mx_count; i++)
		free(s->mx[i].name);
	free(s->mx);
	free(s->domain);
	*s = (struct publish_served){};
}

static const char *mode_name(const struct publish_served *s)
{
	return policy_sts_mode_name((enum policy_sts_mode)s->mode);
}

int publish_served_text(const struct publish_served *s, struct buf *text)
{
	int r = buf_printf(text, "version: STSv1\r\nmode: %s\r\n", mode_name(s));
	for (size_t i = 0; !r && i < s->mx_count; i++)
		r = buf_printf(text, "mx: %s\r\n", s->mx[i].name);
	if (!r)
		r = buf_printf(text, "max_age: %" PRIu32 "\r\n", s->max_age_s);
	return err_up(r);
}

int publish_served_id(const struct publish_served *s, char ret_id[POLICY_STS_ID_MAX + 1])
{
	CLEAN(buf_deinit) struct buf text = {};
	uint8_t digest[32];
	int r = publish_served_text(s, &text);
	if (r)
		return err_up(r);
	if (!tls_ca_digest_of(buf_slice(&text), digest))
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < POLICY_STS_ID_MAX / 2; i++)
		snprintf(ret_id + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

void publish_served_hold(struct publish_served *s, int64_t now_s)
{
	int64_t until_s = now_s + (int64_t)s->max_age_s;
	if (s->mode != CONF_STS_NONE && s->max_age_s && until_s > s->held_until_s)
		s->held_until_s = until_s;
}

void publish_served_leave(struct publish_served *s, int64_t now_s)
{
	if (s->is_gone)
		return;
	publish_served_hold(s, now_s);
	for (size_t i = 0; i < s->mx_count; i++)
		free(s->mx[i].name);
	s->mx_count = 0;
	if (s->mode != CONF_STS_NONE)
		s->since_s = now_s;
	s->mode = CONF_STS_NONE;
	s->max_age_s = GONE_MAX_AGE_S;
	s->is_gone = true;
}

bool publish_served_is_over(const struct publish_served *s, int64_t now_s)
{
	return s->is_gone && s->held_until_s <= now_s;
}

/* --- all of them --- */

void publish_history_deinit(struct publish_history *h)
{
	for (size_t i = 0; i < h->count; i++)
		publish_served_deinit(&h->items[i]);
	free(h->items);
	*h = (struct publish_history){};
}

/* Where it is, or has to be. */
static size_t place_of(const struct publish_history *h, const char *domain, bool *ret_is_there)
{
	size_t low = 0, high = h->count;
	*ret_is_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcasecmp(h->items[middle].domain, domain);
		if (!order) {
			*ret_is_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct publish_served *publish_history_find(const struct publish_history *h, const char *domain)
{
	bool is_there;
	size_t at = place_of(h, domain, &is_there);
	return is_there ? &h->items[at] : NULL;
}

static char *lower_copy(const char *text)
{
	char *copy = strdup(text);
	for (char *c = copy; c && *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
	return copy;
}

struct publish_served *publish_history_add(struct publish_history *h, const char *domain)
{
	bool is_there;
	size_t at = place_of(h, domain, &is_there);
	if (is_there)
		return &h->items[at];
	CLEAN(freep) char *name = lower_copy(domain);
	struct publish_served *items = reallocarray(h->items, h->count + 1, sizeof(*items));
	if (items)
		h->items = items;
	if (!name || !items)
		return NULL;
	memmove(&items[at + 1], &items[at], (h->count - at) * sizeof(*items));
	items[at] = (struct publish_served){ .domain = TAKE(name) };
	h->count++;
	return &items[at];
}

void publish_history_remove(struct publish_history *h, struct publish_served *s)
{
	size_t at = (size_t)(s - h->items);
	publish_served_deinit(s);
	memmove(s, s + 1, (h->count - at - 1) * sizeof(*s));
	h->count--;
}

/* --- as lines: DOMAIN MODE MAX_AGE SINCE HELD_UNTIL here|gone MX=UNTIL,MX=UNTIL --- */

static int line_write(struct buf *text, const struct publish_served *s)
{
	int r = buf_printf(text, "%s %s %" PRIu32 " %" PRId64 " %" PRId64 " %s ", s->domain,
	                   mode_name(s), s->max_age_s, s->since_s, s->held_until_s,
	                   s->is_gone ? "gone" : "here");
	for (size_t i = 0; !r && i < s->mx_count; i++)
		r = buf_printf(text, "%s%s=%" PRId64, i ? "," : "", s->mx[i].name,
		               s->mx[i].until_s);
	return r ? err_up(r) : err_up(buf_add_str(text, s->mx_count ? "\n" : "-\n"));
}

int publish_history_write(const struct publish_history *h, struct buf *text)
{
	int r = buf_printf(text, "%s\n", head_line);
	for (size_t i = 0; !r && i < h->count; i++)
		r = line_write(text, &h->items[i]);
	if (!r)
		r = buf_printf(text, "%s\n", end_line);
	return err_up(r);
}

static bool number_read(struct slice text, int64_t max, int64_t *ret_number)
{
	int64_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || n > max)
			return false;
		n = n * 10 + (text.data[i] - '0');
	}
	*ret_number = n;
	return text.len > 0 && text.len < 19 && n <= max;
}

/* NULL: it is no host name (or there is no memory). */
static char *name_read(struct slice text, bool may_be_pattern)
{
	CLEAN(freep) char *name = NULL;
	if (!text.len || text.len >= POLICY_STS_PATTERN_CAP || memchr(text.data, 0, text.len))
		return NULL;
	name = strndup((const char *)text.data, text.len);
	if (!name)
		return NULL;
	const char *host = may_be_pattern && !strncmp(name, "*.", 2) ? name + 2 : name;
	return dns_name_is_host(host) ? TAKE(name) : NULL;
}

static bool mx_read(struct publish_served *s, struct slice list)
{
	if (slice_equal(list, slice_str("-")))
		return true;
	s->mx = calloc(CONF_STS_MX_MAX, sizeof(*s->mx));
	while (s->mx && list.len) {
		struct slice one = slice_head(list, slice_find(list, ','));
		size_t equal = slice_find(one, '=');
		int64_t until_s;
		list = slice_skip(list, one.len + 1);
		if (s->mx_count == CONF_STS_MX_MAX || equal == one.len ||
		    !number_read(slice_skip(one, equal + 1), INT64_MAX / 16, &until_s))
			return false;
		char *name = name_read(slice_head(one, equal), true);
		if (!name)
			return false;
		s->mx[s->mx_count++] = (struct publish_served_mx){ name, until_s };
	}
	return s->mx_count > 0;
}

static bool mode_read(struct slice word, enum conf_sts_mode *ret_mode)
{
	for (int i = CONF_STS_NONE; i <= CONF_STS_ENFORCE; i++)
		if (slice_equal(word, slice_str(policy_sts_mode_name((enum policy_sts_mode)i)))) {
			*ret_mode = (enum conf_sts_mode)i;
			return true;
		}
	return false;
}

static bool line_read(struct publish_served *s, struct slice line)
{
	struct slice words[LINE_WORDS];
	int64_t max_age_s;
	for (size_t i = 0; i < LINE_WORDS; i++) {
		words[i] = slice_head(line, slice_find(line, ' '));
		line = slice_skip(line, words[i].len + 1);
	}
	s->is_gone = slice_equal(words[5], slice_str("gone"));
	s->domain = name_read(words[0], false);
	if (!s->domain || line.len || !mode_read(words[1], &s->mode) ||
	    !number_read(words[2], POLICY_STS_MAX_AGE_S, &max_age_s) ||
	    !number_read(words[3], INT64_MAX / 16, &s->since_s) ||
	    !number_read(words[4], INT64_MAX / 16, &s->held_until_s) ||
	    (!s->is_gone && !slice_equal(words[5], slice_str("here"))) || !mx_read(s, words[6]))
		return false;
	s->max_age_s = (uint32_t)max_age_s;
	return s->mx_count || s->mode == CONF_STS_NONE;
}

/* Takes s. They come sorted, each once. */
static bool append(struct publish_history *h, struct publish_served *s)
{
	if (h->count && strcasecmp(h->items[h->count - 1].domain, s->domain) >= 0)
		return false;
	if (!(h->count & (h->count - 1))) {
		size_t room = h->count ? 2 * h->count : 1;
		struct publish_served *items = reallocarray(h->items, room, sizeof(*items));
		if (!items)
			return false;
		h->items = items;
	}
	h->items[h->count++] = *s;
	*s = (struct publish_served){};
	return true;
}

int publish_history_read(struct publish_history *ret_h, struct slice text)
{
	CLEAN(publish_history_deinit) struct publish_history h = {};
	struct slice line = {};
	*ret_h = (struct publish_history){};
	if (!slice_line_next(&text, &line) || !slice_equal(line, slice_str(head_line)))
		return PUBLISH_HISTORY_BAD;
	while (slice_line_next(&text, &line) && !slice_equal(line, slice_str(end_line))) {
		CLEAN(publish_served_deinit) struct publish_served s = {};
		if (!line_read(&s, line) || !append(&h, &s))
			return PUBLISH_HISTORY_BAD;
	}
	if (!slice_equal(line, slice_str(end_line)) || text.len)
		return PUBLISH_HISTORY_BAD;
	*ret_h = h;
	h = (struct publish_history){};
	return 0;
}
