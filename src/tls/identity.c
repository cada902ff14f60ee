/* Certificates of an edge: grouped by names, found by SNI. */
#include "base/clean.h"
#include "base/err.h"
#include "tls/server_private.h"
#include "tls/sni.h"

#include <errno.h>
#include <stdio.h>

/* An SSL_CTX is some 20 KiB: ten thousand certificates would be 200 MiB. */
enum { CONTEXTS_MAX = 1000 };

static void identity_deinit(struct tls_identity *id)
{
	for (size_t kind = 0; kind < TLS_KEY_KIND_COUNT; kind++)
		tls_chain_deinit(&id->chains[kind]);
	SSL_CTX_free(id->context);
	*id = (struct tls_identity){};
}

void tls_identities_deinit(struct tls_identities *ids)
{
	for (size_t i = 0; i < ids->count; i++)
		identity_deinit(&ids->list[i]);
	free(ids->list);
	free(ids->names);
	*ids = (struct tls_identities){};
}

static int identity_init(struct tls_identity *id, const struct tls_certificate_spec *spec)
{
	struct tls_chain chain = {};
	int r = tls_chain_init(&chain, spec->chain_pem);
	if (r)
		return r;
	id->chains[chain.kind] = chain;
	id->key_ids[chain.kind] = spec->key_id;
	id->names = chain.names;
	return 0;
}

static int compare_identities(const void *a, const void *b)
{
	const struct tls_identity *x = a;
	const struct tls_identity *y = b;
	int order = strcmp(x->names, y->names);
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int compare_orders(const void *a, const void *b)
{
	const struct tls_identity *x = a;
	const struct tls_identity *y = b;
	return (x->order > y->order) - (x->order < y->order);
}

/* other's chain moves into id if id has none of that kind. */
static bool identity_merge(struct tls_identity *id, struct tls_identity *other)
{
	if (strcmp(id->names, other->names) != 0)
		return false;
	for (size_t kind = 0; kind < TLS_KEY_KIND_COUNT; kind++) {
		if (!buf_len(&other->chains[kind].der))
			continue;
		if (buf_len(&id->chains[kind].der))
			return false;
		id->chains[kind] = other->chains[kind];
		id->key_ids[kind] = other->key_ids[kind];
		other->chains[kind] = (struct tls_chain){};
	}
	identity_deinit(other);
	return true;
}

/* Neighbours with the same names become one. */
static void identities_merge(struct tls_identities *ids)
{
	size_t kept = 0;
	qsort(ids->list, ids->count, sizeof(*ids->list), compare_identities);
	for (size_t i = 1; i < ids->count; i++) {
		if (identity_merge(&ids->list[kept], &ids->list[i]))
			continue;
		kept++;
		if (kept == i)
			continue;
		ids->list[kept] = ids->list[i];
		ids->list[i] = (struct tls_identity){};
	}
	ids->count = kept + 1;
	qsort(ids->list, ids->count, sizeof(*ids->list), compare_orders);
}

static int compare_text(const struct tls_identity_name *x, const struct tls_identity_name *y)
{
	int order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Of two certificates with one name the first of the configuration comes first. */
static int compare_names(const void *a, const void *b)
{
	const struct tls_identity_name *x = a;
	const struct tls_identity_name *y = b;
	int order = compare_text(x, y);
	return order ? order : compare_orders(x->identity, y->identity);
}

static size_t names_count(const char *names)
{
	size_t count = *names != '\0';
	for (; *names; names++)
		count += *names == ',';
	return count;
}

static void names_add(struct tls_identities *ids, struct tls_identity *id)
{
	for (const char *at = id->names; *at;) {
		size_t len = strcspn(at, ",");
		ids->names[ids->name_count++] =
			(struct tls_identity_name){ .text = at, .len = len, .identity = id };
		at += len + (at[len] == ',');
	}
}

static int names_index(struct tls_identities *ids)
{
	size_t total = 0;
	for (size_t i = 0; i < ids->count; i++)
		total += names_count(ids->list[i].names);
	ids->names = calloc(total + 1, sizeof(*ids->names));
	if (!ids->names)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < ids->count; i++)
		names_add(ids, &ids->list[i]);
	qsort(ids->names, ids->name_count, sizeof(*ids->names), compare_names);
	return 0;
}

int tls_identities_init(struct tls_identities *ret_ids, const struct tls_certificate_spec *specs,
                        size_t count, char *ret_error, size_t error_cap)
{
	CLEAN(tls_identities_deinit) struct tls_identities ids = {};
	ids.list = calloc(count + 1, sizeof(*ids.list));
	if (!ids.list)
		return err_raise(-ENOMEM);
	for (; ids.count < count; ids.count++) {
		struct tls_identity *id = &ids.list[ids.count];
		int r = identity_init(id, &specs[ids.count]);
		if (r < 0)
			return err_up(r);
		if (r) {
			snprintf(ret_error, error_cap, "certificate %s: %s", specs[ids.count].name,
			         tls_chain_result_words(r));
			return TLS_SERVER_BAD_CHAIN;
		}
		id->order = ids.count;
	}
	if (!count) {
		snprintf(ret_error, error_cap, "no certificate");
		return TLS_SERVER_BAD_CHAIN;
	}
	identities_merge(&ids);
	int r = names_index(&ids);
	if (r)
		return err_up(r);
	*ret_ids = ids;
	ids = (struct tls_identities){};
	return 0;
}

/* The first of those with that name. */
static struct tls_identity *find_text(const struct tls_identities *ids, const char *text)
{
	struct tls_identity_name key = { .text = text, .len = strlen(text) };
	size_t low = 0, high = ids->name_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_text(&ids->names[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < ids->name_count && compare_text(&ids->names[low], &key) == 0)
		return ids->names[low].identity;
	return NULL;
}

struct tls_identity *tls_identities_find(const struct tls_identities *ids, const char *sni)
{
	char name[TLS_SNI_CAP];
	if (!tls_sni_fold(sni, name))
		return NULL;
	struct tls_identity *id = find_text(ids, name);
	const char *wildcard = id ? NULL : tls_sni_wildcard(name);
	return wildcard ? find_text(ids, wildcard) : id;
}

void tls_identities_touch(struct tls_identities *ids, struct tls_identity *id)
{
	id->used = ++ids->uses;
	if (ids->context_count <= CONTEXTS_MAX)
		return;
	struct tls_identity *oldest = NULL;
	for (size_t i = 1; i < ids->count; i++) { /* the default stays: sessions start from it */
		struct tls_identity *other = &ids->list[i];
		if (other->context && (!oldest || other->used < oldest->used))
			oldest = other;
	}
	if (!oldest)
		return;
	SSL_CTX_free(oldest->context);
	oldest->context = NULL;
	ids->context_count--;
}
