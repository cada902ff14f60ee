#include "acme/tokens.h"

#include "acme/word.h"
#include "base/err.h"

int acme_tokens_write(struct buf *out, const struct acme_challenges *list)
{
	int r = 0;
	for (size_t i = 0; i < list->count && !r; i++)
		if (list->items[i].type == ACME_HTTP_01)
			r = buf_printf(out, "%s %s\n", list->items[i].token,
			               list->items[i].authorization);
	return err_up(r);
}

/* 0, ACME_CHALLENGES_FULL or -ENOMEM. */
static int line_read(struct acme_challenges *list, struct slice line)
{
	size_t space = slice_find(line, ' ');
	struct slice token = slice_head(line, space), answer = slice_skip(line, space + 1);
	struct acme_challenge c = { .type = ACME_HTTP_01 };
	if (!acme_token_is_answered(token, answer))
		return 0;
	slice_to_text(token, c.token, sizeof(c.token));
	slice_to_text(answer, c.authorization, sizeof(c.authorization));
	return acme_challenges_add(list, &c);
}

int acme_tokens_read(struct acme_challenges *list, struct slice text)
{
	struct slice line;
	int r = 0;
	while (!r && slice_line_next(&text, &line))
		r = line_read(list, line);
	return r == ACME_CHALLENGES_FULL ? 0 : err_up(r);
}
