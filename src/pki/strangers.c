#include "pki/strangers.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000, PREFIX_V6 = 8 };

struct guesser {
	struct pki_stranger who;
	uint64_t until_ms; /* of the minute that counts */
	unsigned count;
};

struct pki_strangers {
	struct pki_stranger *here; /* one for each connection */
	size_t count, max;
	struct guesser guessers[PKI_STRANGERS_KNOWN];
	size_t oldest; /* the next to be forgotten */
};

int pki_strangers_new(struct pki_strangers **ret_s, size_t max)
{
	struct pki_strangers *s = calloc(1, sizeof(*s));
	struct pki_stranger *here = calloc(max, sizeof(*here));
	if (!s || !here) {
		free(s);
		free(here);
		return err_raise(-ENOMEM);
	}
	s->here = here;
	s->max = max;
	*ret_s = s;
	return 0;
}

void pki_strangers_free(struct pki_strangers *s)
{
	if (!s)
		return;
	free(s->here);
	free(s);
}

struct pki_stranger pki_stranger_of(const struct sockaddr_storage *from)
{
	struct pki_stranger who = {};
	if (from->ss_family == AF_INET6)
		memcpy(who.bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, PREFIX_V6);
	else
		memcpy(who.bytes + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
	return who;
}

void pki_stranger_print(const struct sockaddr_storage *from, char ret_text[INET6_ADDRSTRLEN])
{
	const void *at = from->ss_family == AF_INET6
	                         ? (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr
	                         : &((const struct sockaddr_in *)from)->sin_addr;
	if (!inet_ntop(from->ss_family, at, ret_text, INET6_ADDRSTRLEN))
		strcpy(ret_text, "?");
}

static bool is_same(const struct pki_stranger *a, const struct pki_stranger *b)
{
	return !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static size_t guesser_find(const struct pki_strangers *s, const struct pki_stranger *who,
                           uint64_t now_ms)
{
	size_t i = 0;
	while (i < PKI_STRANGERS_KNOWN &&
	       (!is_same(&s->guessers[i].who, who) || s->guessers[i].until_ms <= now_ms))
		i++;
	return i;
}

bool pki_strangers_may(const struct pki_strangers *s, const struct pki_stranger *who,
                       uint64_t now_ms)
{
	size_t own = 0;
	size_t guesser = guesser_find(s, who, now_ms);
	for (size_t i = 0; i < s->count; i++)
		own += is_same(&s->here[i], who);
	return s->count < s->max && own < PKI_STRANGERS_EACH &&
	       (guesser == PKI_STRANGERS_KNOWN ||
	        s->guessers[guesser].count < PKI_STRANGERS_GUESSES);
}

void pki_strangers_enter(struct pki_strangers *s, const struct pki_stranger *who)
{
	s->here[s->count++] = *who;
}

void pki_strangers_leave(struct pki_strangers *s, const struct pki_stranger *who)
{
	for (size_t i = 0; i < s->count; i++) {
		if (!is_same(&s->here[i], who))
			continue;
		s->here[i] = s->here[--s->count];
		return;
	}
}

void pki_strangers_guessed(struct pki_strangers *s, const struct pki_stranger *who, uint64_t now_ms)
{
	size_t at = guesser_find(s, who, now_ms);
	if (at == PKI_STRANGERS_KNOWN) {
		at = s->oldest;
		s->oldest = (s->oldest + 1) % PKI_STRANGERS_KNOWN;
		s->guessers[at] = (struct guesser){ *who, now_ms + MINUTE_MS, 0 };
	}
	s->guessers[at].count++;
}
