/*
 * Failed logins, counted by user and address at all nodes: who guesses at each of them in turn is
 * slowed as if it were one. Counted once, and not again where the answer is lost: a lost one is one
 * guess more, a doubled one would slow a user.
 */
#include "base/clean.h"
#include "ledger/share_inside.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	FORGET_S = 3600,    /* as edge/throttle.h does */
	GUESSES_MAX = 2000, /* on their way; who comes above is counted by its worker alone */
};

struct guess {
	struct share *share;
	struct share_guess what;
};

/* "guess:" 32 hexadecimal digits ":" user. Its bytes may be any: keys have a length. */
static struct share_key key_of(const struct share *s, const struct share_guess *guess)
{
	char name[SHARE_KEY_CAP - 72];
	size_t len = (size_t)snprintf(name, sizeof(name), "guess:");
	for (size_t i = 0; i < sizeof(guess->address); i++)
		len += (size_t)snprintf(name + len, sizeof(name) - len, "%02x", guess->address[i]);
	name[len++] = ':';
	for (const char *c = guess->user; *c && len < sizeof(name) - 1; c++)
		name[len++] = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
	name[len] = '\0';
	return share_key_of(s, name);
}

static void on_counted(void *owner, const struct cluster_value *answer)
{
	CLEAN(freep) struct guess *g = owner;
	struct share *s = g->share;
	struct share_key key = key_of(s, &g->what);
	s->guesses--;
	share_mend(s, answer, key.text);
	if (!answer || answer->kind != CLUSTER_NUMBER || answer->number < 1)
		return;
	s->set.on_guessed(s->set.owner, &g->what,
	                  answer->number > UINT16_MAX ? UINT16_MAX : (uint32_t)answer->number);
}

static bool count_ask(struct guess *g)
{
	struct share *s = g->share;
	struct share_key key = key_of(s, &g->what);
	char keep[16];
	snprintf(keep, sizeof(keep), "%d", FORGET_S);
	const struct slice count[] = { slice_str("INCR"), slice_str(key.text) };
	const struct slice expire[] = { slice_str("EXPIRE"), slice_str(key.text), slice_str(keep) };
	if (!share_ask(s, count, COUNT_OF(count), on_counted, g))
		return false;
	s->guesses++;
	(void)share_ask(s, expire, COUNT_OF(expire), NULL, NULL);
	return true;
}

void share_guess_failed(struct share *s, const struct share_guess *guess)
{
	if (!cluster_client_is_reached(s->client) || s->guesses == GUESSES_MAX)
		return;
	struct guess *g = malloc(sizeof(*g));
	if (!g)
		return;
	*g = (struct guess){ .share = s, .what = *guess };
	if (!count_ask(g))
		free(g);
}

void share_guess_well(struct share *s, const struct share_guess *guess)
{
	struct share_key key = key_of(s, guess);
	const struct slice words[] = { slice_str("DEL"), slice_str(key.text) };
	if (cluster_client_is_reached(s->client))
		(void)share_ask(s, words, COUNT_OF(words), NULL, NULL);
}
