#include "acme/challenges.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_same(const struct acme_challenge *c, enum acme_type type, const char *name,
                    const char *token)
{
	return c->type == type && !strcasecmp(c->name, name) && !strcmp(c->token, token);
}

int acme_challenges_add(struct acme_challenges *list, struct acme_challenge *c)
{
	(void)acme_challenges_remove(list, c->type, c->name, c->token);
	if (list->count >= ACME_CHALLENGES_MAX)
		return ACME_CHALLENGES_FULL;
	struct acme_challenge *items =
		reallocarray(list->items, list->count + 1, sizeof(*list->items));
	if (!items)
		return err_raise(-ENOMEM);
	list->items = items;
	list->items[list->count++] = *c;
	*c = (struct acme_challenge){};
	return 0;
}

bool acme_challenges_remove(struct acme_challenges *list, enum acme_type type, const char *name,
                            const char *token)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!is_same(&list->items[i], type, name, token))
			continue;
		acme_challenge_deinit(&list->items[i]);
		list->items[i] = list->items[--list->count];
		return true;
	}
	return false;
}

void acme_challenges_clear(struct acme_challenges *list)
{
	for (size_t i = 0; i < list->count; i++)
		acme_challenge_deinit(&list->items[i]);
	free(list->items);
	*list = (struct acme_challenges){};
}

void acme_challenge_deinit(struct acme_challenge *c)
{
	buf_deinit(&c->chain_pem);
}

const char *acme_challenges_answer(const struct acme_challenges *list, struct slice token)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].type == ACME_HTTP_01 &&
		    slice_equal(token, slice_str(list->items[i].token)))
			return list->items[i].authorization;
	return NULL;
}

const struct acme_challenge *acme_challenges_find(const struct acme_challenges *list,
                                                  const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].type == ACME_TLS_ALPN_01 &&
		    !strcasecmp(list->items[i].name, name))
			return &list->items[i];
	return NULL;
}
