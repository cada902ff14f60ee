/*
 * Contexts of a catalog's names: made at first use, so many at a time for all servers of a worker;
 * who makes one too many drops the one he did not use for longest.
 */
#include "base/clean.h"
#include "base/err.h"
#include "tls/server_private.h"

enum { CONTEXTS_MAX = 1000 };

static size_t all_count; /* a worker has one thread, and its memory is what is bounded */

void tls_named_deinit(struct tls_named *named)
{
	for (size_t i = 0; i < named->count; i++)
		SSL_CTX_free(named->list[i].context);
	all_count -= named->count;
	free(named->list);
	tls_catalog_unref(named->catalog);
	*named = (struct tls_named){};
}

static struct tls_named_context *known_find(const struct tls_named *named, uint32_t number)
{
	for (size_t i = 0; i < named->count; i++)
		if (named->list[i].number == number)
			return &named->list[i];
	return NULL;
}

static struct tls_named_context *oldest_take(struct tls_named *named)
{
	struct tls_named_context *oldest = &named->list[0];
	for (size_t i = 1; i < named->count; i++)
		if (named->list[i].used < oldest->used)
			oldest = &named->list[i];
	SSL_CTX_free(oldest->context);
	oldest->context = NULL;
	return oldest;
}

/* Where one more goes. NULL: no memory. */
static struct tls_named_context *place_take(struct tls_named *named)
{
	if (named->count && all_count >= CONTEXTS_MAX)
		return oldest_take(named);
	if (named->count == named->cap) {
		size_t cap = named->cap ? named->cap * 2 : 16;
		struct tls_named_context *list =
			reallocarray(named->list, cap, sizeof(*named->list));
		if (!list)
			return NULL;
		named->list = list;
		named->cap = cap;
	}
	all_count++;
	return &named->list[named->count++];
}

static struct tls_identity identity_of(const struct tls_catalog_found *found)
{
	struct tls_identity id = {};
	for (size_t kind = 0; kind < TLS_KEY_KIND_COUNT; kind++) {
		id.chains[kind].der =
			(struct buf){ .data = (uint8_t *)(uintptr_t)found->der[kind].data,
			              .end = (uint32_t)found->der[kind].len };
		id.key_ids[kind] = found->key_ids[kind];
	}
	return id;
}

SSL_CTX *tls_named_context(struct tls_server *s, const struct tls_catalog_found *found)
{
	struct tls_named *named = &s->named;
	struct tls_named_context *one = known_find(named, found->number);
	if (!one) {
		const struct tls_identity id = identity_of(found);
		CLEAN(tls_context_freep) SSL_CTX *context = tls_server_context_new(s, &id);
		one = context ? place_take(named) : NULL;
		if (!one)
			return NULL;
		*one = (struct tls_named_context){ .number = found->number,
			                           .context = TAKE(context) };
	}
	one->used = ++named->uses;
	return one->context;
}
