/*
 * A server's side of a conversation. First byte: the service; second: what we want. Then it is all
 * that the server says, in pieces of the length of the third byte; 0xff ends what is said in clear.
 */
#include "check/opening.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct server {
	struct check_opening o;
	struct buf in;
	bool may_tls;
};

/* Whole lines, and nothing of ours in clear behind STARTTLS. */
static void collect(struct server *s)
{
	struct slice said = buf_slice(&s->o.out);
	assert(!said.len || (said.len > 2 && said.data[said.len - 1] == '\n'));
	assert(said.len < 1024);
	buf_clear(&s->o.out);
}

static void met(struct server *s, enum check_opening_todo todo)
{
	collect(s);
	s->may_tls |= todo == CHECK_OPENING_START_TLS;
	if (todo == CHECK_OPENING_LOOKED && s->o.set.asks_mail)
		assert(!check_opening_noop(&s->o));
	else if (todo == CHECK_OPENING_LOOKED || todo == CHECK_OPENING_NOOPED) {
		assert(!check_opening_quit(&s->o));
		todo = CHECK_OPENING_OVER;
	}
	collect(s);
	assert((todo == CHECK_OPENING_OVER) == (s->o.state == CHECK_OPENING_ENDED) ||
	       todo == CHECK_OPENING_READ);
}

static void say(struct server *s, struct slice said)
{
	size_t used = 1;
	assert(!buf_add(&s->in, said));
	while (used && s->o.state != CHECK_OPENING_IN_TLS) {
		enum check_opening_todo todo;
		assert(!check_opening_feed(&s->o, buf_slice(&s->in), &used, &todo));
		assert(used <= buf_len(&s->in));
		buf_consume(&s->in, used);
		met(s, todo);
	}
}

static void tls(struct server *s)
{
	enum check_opening_todo todo;
	if (s->o.state != CHECK_OPENING_IN_TLS)
		return;
	assert(s->may_tls);
	buf_clear(&s->in);
	assert(!check_opening_tls_up(&s->o, &todo));
	met(s, todo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	struct check_opening_settings set = {
		.service = data[0] % CHECK_SERVICE_COUNT,
		.hostname = "me.test",
		.asks_mail = data[1] & 1,
		.injects = data[1] & 2,
	};
	struct server s = {};
	size_t step = data[2] + 1u;
	struct slice rest = slice_of(data + 3, size - 3);
	check_opening_init(&s.o, &set);
	met(&s, check_opening_start(&s.o));
	while (rest.len) {
		struct slice part = slice_head(rest, step);
		size_t end = slice_find(part, 0xff);
		part = slice_head(part, end);
		say(&s, part);
		rest = slice_skip(rest, part.len);
		if (rest.len && rest.data[0] == 0xff) {
			rest = slice_skip(rest, 1);
			tls(&s);
		}
	}
	check_opening_eof(&s.o);
	assert(s.o.end != CHECK_OPENING_UNDER_WAY && s.o.state == CHECK_OPENING_ENDED);
	check_opening_deinit(&s.o);
	buf_deinit(&s.in);
	return 0;
}
