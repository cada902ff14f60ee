#include "tls/catalog.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/sni.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MAGIC = 0x6c746163 };

/* Then the names, then the certificates, then the bytes that both point to. */
struct head {
	uint32_t magic, name_count, count;
};

struct name {
	uint32_t text, len; /* text: offset from the beginning */
	uint32_t entry;
};

struct entry {
	uint32_t der, len; /* the same */
	uint32_t key_id, kind;
};

struct tls_catalog {
	size_t references;
	const uint8_t *bytes;
	size_t len;
	const struct name *names;
	const struct entry *entries;
	uint32_t name_count, count;
};

/* --- writing --- */

/* A name before it has its place. */
struct planned {
	const char *text;
	uint32_t len, entry;
};

static int compare_planned(const void *a, const void *b)
{
	const struct planned *x = a, *y = b;
	int order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);
	if (order)
		return order;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return (x->entry > y->entry) - (x->entry < y->entry);
}

static size_t names_count(const struct tls_catalog_entry *entries, size_t count)
{
	size_t total = 0;
	for (size_t i = 0; i < count; i++) {
		total += entries[i].names[0] != '\0';
		for (const char *at = entries[i].names; *at; at++)
			total += *at == ',';
	}
	return total;
}

static void names_plan(struct planned *planned, const struct tls_catalog_entry *entries,
                       size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (const char *at = entries[i].names; *at;) {
			size_t len = strcspn(at, ",");
			*planned++ = (struct planned){ at, (uint32_t)len, (uint32_t)i };
			at += len + (at[len] == ',');
		}
}

static int entries_write(struct buf *b, const struct tls_catalog_entry *entries, size_t count,
                         size_t *at)
{
	int r = 0;
	for (size_t i = 0; !r && i < count; i++) {
		const struct entry e = { (uint32_t)*at, (uint32_t)entries[i].der.len,
			                 entries[i].key_id, entries[i].kind };
		*at += entries[i].der.len;
		r = buf_add(b, slice_of(&e, sizeof(e)));
	}
	return err_up(r);
}

static int names_write(struct buf *b, const struct planned *planned, size_t count, size_t *at)
{
	int r = 0;
	for (size_t i = 0; !r && i < count; i++) {
		const struct name n = { (uint32_t)*at, planned[i].len, planned[i].entry };
		*at += planned[i].len;
		r = buf_add(b, slice_of(&n, sizeof(n)));
	}
	return err_up(r);
}

int tls_catalog_write(struct buf *ret_bytes, const struct tls_catalog_entry *entries, size_t count)
{
	size_t name_count = names_count(entries, count);
	CLEAN(freep) struct planned *planned = calloc(name_count + 1, sizeof(*planned));
	if (!planned)
		return err_raise(-ENOMEM);
	names_plan(planned, entries, count);
	if (name_count)
		qsort(planned, name_count, sizeof(*planned), compare_planned);
	const struct head head = { MAGIC, (uint32_t)name_count, (uint32_t)count };
	size_t at = sizeof(head) + name_count * sizeof(struct name) + count * sizeof(struct entry);
	int r = buf_add(ret_bytes, slice_of(&head, sizeof(head)));
	if (!r)
		r = names_write(ret_bytes, planned, name_count, &at);
	if (!r)
		r = entries_write(ret_bytes, entries, count, &at);
	for (size_t i = 0; !r && i < name_count; i++)
		r = buf_add(ret_bytes, slice_of(planned[i].text, planned[i].len));
	for (size_t i = 0; !r && i < count; i++)
		r = buf_add(ret_bytes, entries[i].der);
	return err_up(r);
}

/* --- reading --- */

static bool is_within(const struct tls_catalog *c, uint32_t at, uint32_t len)
{
	return at <= c->len && len <= c->len - at;
}

static bool is_whole(const struct tls_catalog *c)
{
	for (uint32_t i = 0; i < c->name_count; i++)
		if (!is_within(c, c->names[i].text, c->names[i].len) ||
		    c->names[i].entry >= c->count)
			return false;
	for (uint32_t i = 0; i < c->count; i++)
		if (!is_within(c, c->entries[i].der, c->entries[i].len) ||
		    c->entries[i].kind >= TLS_KEY_KIND_COUNT)
			return false;
	return true;
}

static bool tables_find(struct tls_catalog *c)
{
	struct head head;
	if (c->len < sizeof(head))
		return false;
	memcpy(&head, c->bytes, sizeof(head));
	uint64_t tables = (uint64_t)head.name_count * sizeof(struct name) +
	                  (uint64_t)head.count * sizeof(struct entry);
	if (head.magic != MAGIC || tables > c->len - sizeof(head))
		return false;
	c->name_count = head.name_count;
	c->count = head.count;
	c->names = (const struct name *)(const void *)(c->bytes + sizeof(head));
	c->entries = (const struct entry *)(const void *)(c->names + head.name_count);
	return true;
}

int tls_catalog_new(struct tls_catalog **ret_catalog, void *bytes, size_t len)
{
	struct tls_catalog *c = calloc(1, sizeof(*c));
	if (!c) {
		munmap(bytes, len);
		return err_raise(-ENOMEM);
	}
	*c = (struct tls_catalog){ .references = 1, .bytes = bytes, .len = len };
	if (!tables_find(c) || !is_whole(c)) {
		tls_catalog_unref(c);
		return TLS_CATALOG_BAD;
	}
	*ret_catalog = c;
	return 0;
}

struct tls_catalog *tls_catalog_ref(struct tls_catalog *c)
{
	if (c)
		c->references++;
	return c;
}

void tls_catalog_unref(struct tls_catalog *c)
{
	if (!c || --c->references)
		return;
	munmap((void *)(uintptr_t)c->bytes, c->len);
	free(c);
}

size_t tls_catalog_count(const struct tls_catalog *c)
{
	return c->count;
}

static int compare_with(const struct tls_catalog *c, uint32_t number, struct slice text)
{
	const struct name *n = &c->names[number];
	int order = memcmp(c->bytes + n->text, text.data, n->len < text.len ? n->len : text.len);
	return order ? order : (n->len > text.len) - (n->len < text.len);
}

static bool find_text(const struct tls_catalog *c, struct slice text,
                      struct tls_catalog_found *ret_found)
{
	uint32_t low = 0, high = c->name_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (compare_with(c, middle, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = (struct tls_catalog_found){ .number = low };
	uint32_t at = low;
	for (; at < c->name_count && !compare_with(c, at, text); at++) {
		const struct entry *e = &c->entries[c->names[at].entry];
		if (ret_found->der[e->kind].len)
			continue;
		ret_found->der[e->kind] = slice_of(c->bytes + e->der, e->len);
		ret_found->key_ids[e->kind] = e->key_id;
	}
	return at > low;
}

bool tls_catalog_find(const struct tls_catalog *c, const char *sni,
                      struct tls_catalog_found *ret_found)
{
	char name[TLS_SNI_CAP];
	if (!tls_sni_fold(sni, name))
		return false;
	if (find_text(c, slice_str(name), ret_found))
		return true;
	const char *wildcard = tls_sni_wildcard(name);
	return wildcard && find_text(c, slice_str(wildcard), ret_found);
}
