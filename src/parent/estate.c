#include "parent/estate.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum { SLOT_MAX = 63 };

static const char head[] = "mailseal-state";

void estate_deinit(struct estate *e)
{
	free(e->listeners);
	free(e->children);
	explicit_bzero(e, sizeof(*e));
	e->lock_fd = e->ctl_fd = -1;
}

int estate_add_listener(struct estate *e, struct estate_listener l)
{
	if (e->listener_count == ESTATE_LISTENERS_MAX)
		return err_raise(-E2BIG);
	struct estate_listener *more =
		realloc(e->listeners, (e->listener_count + 1) * sizeof(*more));
	if (!more)
		return err_raise(-ENOMEM);
	e->listeners = more;
	e->listeners[e->listener_count++] = l;
	return 0;
}

int estate_add_child(struct estate *e, struct estate_child c)
{
	if (e->child_count == ESTATE_CHILDREN_MAX)
		return err_raise(-E2BIG);
	struct estate_child *more = realloc(e->children, (e->child_count + 1) * sizeof(*more));
	if (!more)
		return err_raise(-ENOMEM);
	e->children = more;
	e->children[e->child_count++] = c;
	return 0;
}

/* --- writing --- */

static int tickets_write(const struct estate *e, struct buf *text)
{
	int r = buf_printf(text, "tickets %u ", (unsigned)e->tickets_left_ms);
	for (size_t i = 0; !r && i < sizeof(e->ticket_keys); i++)
		r = buf_printf(text, "%02x", e->ticket_keys[i]);
	return r ? r : buf_add_str(text, "\n");
}

int estate_write(const struct estate *e, struct buf *ret_text)
{
	int r = buf_printf(ret_text, "%s %d\nversion %s\nbegan %llu\nlock %d\nctl %d\ndrain %u\n",
	                   head, ESTATE_FORMAT, e->version, (unsigned long long)e->began_s,
	                   e->lock_fd, e->ctl_fd, (unsigned)e->drain_timeout_ms);
	if (!r)
		r = tickets_write(e, ret_text);
	for (size_t i = 0; !r && i < e->listener_count; i++)
		r = buf_printf(ret_text, "listener %u %d\n", e->listeners[i].slot,
		               e->listeners[i].fd);
	for (size_t i = 0; !r && i < e->child_count; i++) {
		const struct estate_child *c = &e->children[i];
		r = buf_printf(ret_text, "child %s %u %d %d %u %d\n", proc_role_name(c->role),
		               c->slot, (int)c->pid, c->fd, c->messages_version, c->is_drained);
	}
	for (size_t i = 0; !r && i < e->asker_count; i++)
		r = buf_printf(ret_text, "asker %d\n", e->askers[i]);
	if (!r)
		r = buf_add_str(ret_text, "end\n");
	return err_up(r);
}

/* --- reading: each takes from the rest of the line, and says whether it was there --- */

static bool word_take(struct slice *rest, struct slice *ret_word)
{
	size_t len = slice_find(*rest, ' ');
	*ret_word = slice_head(*rest, len);
	*rest = slice_skip(*rest, len + 1);
	return len > 0;
}

static bool number_take(struct slice *rest, uint64_t max, uint64_t *ret)
{
	struct slice word;
	uint64_t value = 0;
	if (!word_take(rest, &word))
		return false;
	for (size_t i = 0; i < word.len; i++) {
		unsigned digit = (unsigned)word.data[i] - '0';
		if (digit > 9 || digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

static bool unsigned_take(struct slice *rest, unsigned max, unsigned *ret)
{
	uint64_t value;
	if (!number_take(rest, max, &value))
		return false;
	*ret = (unsigned)value;
	return true;
}

/* 0, 1 and 2 are not given on: they stay what they are. */
static bool fd_take(struct slice *rest, int *ret)
{
	unsigned value;
	if (!unsigned_take(rest, INT_MAX, &value) || value < 3)
		return false;
	*ret = (int)value;
	return true;
}

static int line_version(struct estate *e, struct slice rest)
{
	if (rest.len == 0 || rest.len >= sizeof(e->version))
		return ESTATE_BAD;
	slice_to_text(rest, e->version, sizeof(e->version));
	return 0;
}

static int line_began(struct estate *e, struct slice rest)
{
	return number_take(&rest, INT64_MAX, &e->began_s) && !rest.len ? 0 : ESTATE_BAD;
}

static int line_lock(struct estate *e, struct slice rest)
{
	return fd_take(&rest, &e->lock_fd) && !rest.len ? 0 : ESTATE_BAD;
}

static int line_ctl(struct estate *e, struct slice rest)
{
	return fd_take(&rest, &e->ctl_fd) && !rest.len ? 0 : ESTATE_BAD;
}

static int line_drain(struct estate *e, struct slice rest)
{
	return unsigned_take(&rest, UINT_MAX, &e->drain_timeout_ms) && !rest.len ? 0 : ESTATE_BAD;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int line_tickets(struct estate *e, struct slice rest)
{
	if (!unsigned_take(&rest, UINT_MAX, &e->tickets_left_ms) ||
	    rest.len != 2 * sizeof(e->ticket_keys))
		return ESTATE_BAD;
	for (size_t i = 0; i < sizeof(e->ticket_keys); i++) {
		int high = hex_digit(rest.data[2 * i]), low = hex_digit(rest.data[2 * i + 1]);
		if (high < 0 || low < 0)
			return ESTATE_BAD;
		e->ticket_keys[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int line_listener(struct estate *e, struct slice rest)
{
	struct estate_listener l;
	if (!unsigned_take(&rest, SLOT_MAX, &l.slot) || !fd_take(&rest, &l.fd) || rest.len)
		return ESTATE_BAD;
	return err_up(estate_add_listener(e, l));
}

static bool role_take(struct slice *rest, enum proc_role *ret)
{
	static const enum proc_role roles[] = { PROC_ROLE_KEYS, PROC_ROLE_WORKER };
	struct slice word;
	if (!word_take(rest, &word))
		return false;
	for (size_t i = 0; i < COUNT_OF(roles); i++) {
		*ret = roles[i];
		if (slice_equal(word, slice_str(proc_role_name(roles[i]))))
			return true;
	}
	return false;
}

static int line_child(struct estate *e, struct slice rest)
{
	struct estate_child c;
	unsigned pid, is_drained;
	if (!role_take(&rest, &c.role) || !unsigned_take(&rest, SLOT_MAX, &c.slot) ||
	    !unsigned_take(&rest, INT_MAX, &pid) || pid < 2 || !fd_take(&rest, &c.fd) ||
	    !unsigned_take(&rest, UINT16_MAX, &c.messages_version) ||
	    !unsigned_take(&rest, 1, &is_drained) || rest.len)
		return ESTATE_BAD;
	c.pid = (pid_t)pid;
	c.is_drained = is_drained;
	return err_up(estate_add_child(e, c));
}

static int line_asker(struct estate *e, struct slice rest)
{
	int fd;
	if (e->asker_count == ESTATE_ASKERS_MAX || !fd_take(&rest, &fd) || rest.len)
		return ESTATE_BAD;
	e->askers[e->asker_count++] = fd;
	return 0;
}

static const struct kind {
	const char *word;
	int (*read)(struct estate *e, struct slice rest);
} kinds[] = {
	{ "version", line_version },   { "began", line_began }, { "lock", line_lock },
	{ "ctl", line_ctl },           { "drain", line_drain }, { "tickets", line_tickets },
	{ "listener", line_listener }, { "child", line_child }, { "asker", line_asker },
};

static int line_read(struct estate *e, struct slice line)
{
	struct slice word, rest = line;
	if (!word_take(&rest, &word))
		return ESTATE_BAD;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (slice_equal(word, slice_str(kinds[i].word)))
			return kinds[i].read(e, rest);
	return 0; /* of a newer build, and not needed */
}

/* Without it there is nothing to take over. */
static bool has_needed(const struct estate *e)
{
	return e->version[0] && e->lock_fd >= 0 && e->ctl_fd >= 0;
}

static int lines_read(struct estate *e, struct slice text)
{
	bool is_first = true, has_end = false;
	while (text.len && !has_end) {
		size_t len = slice_find(text, '\n');
		struct slice line = slice_head(text, len), rest = line, word;
		unsigned format;
		if (len == text.len)
			return ESTATE_BAD;
		text = slice_skip(text, len + 1);
		if (is_first) {
			if (!word_take(&rest, &word) || !slice_equal(word, slice_str(head)) ||
			    !unsigned_take(&rest, UINT_MAX, &format) || format != ESTATE_FORMAT)
				return ESTATE_BAD;
			is_first = false;
			continue;
		}
		has_end = slice_equal(line, slice_str("end"));
		int r = has_end ? 0 : line_read(e, line);
		if (r)
			return r;
	}
	return has_end && !text.len && has_needed(e) ? 0 : ESTATE_BAD;
}

int estate_read(struct estate *ret_e, struct slice text)
{
	*ret_e = (struct estate){ .lock_fd = -1, .ctl_fd = -1 };
	int r = text.len > ESTATE_LEN_MAX ? ESTATE_BAD : lines_read(ret_e, text);
	if (r)
		estate_deinit(ret_e);
	return r;
}
