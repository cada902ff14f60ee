#include "edge/hello.h"

#include "edge/session.h"

#include "base/log.h"
#include "store/hello.h"

#include <stdio.h>

bool edge_hello_is_new(struct edge_hellos *seen, uint64_t hash)
{
	uint64_t *slot = &seen->slots[hash % EDGE_HELLO_SLOTS];
	if (*slot == hash)
		return false;
	*slot = hash;
	return true;
}

void edge_hello_list(const uint16_t *numbers, size_t count, char *ret_text)
{
	size_t len = 0;
	ret_text[0] = '\0';
	for (size_t i = 0; i < count && i < TLS_HELLO_SUITES_MAX; i++)
		len += (size_t)snprintf(ret_text + len, EDGE_HELLO_LIST_MAX - len, "%s%04x",
		                        i ? "," : "", numbers[i]);
}

static enum store_sni sni_of(const struct edge_session *s, const struct tls_hello *h)
{
	if (!h->sni[0])
		return STORE_SNI_NONE;
	if (!s->edge->tls) /* passed on: what names the backend has is not known */
		return STORE_SNI_OTHER;
	return tls_server_has_name(s->edge->tls, h->sni) ? STORE_SNI_OURS : STORE_SNI_OTHER;
}

static void hello_record(const struct edge_session *s, const struct tls_hello *h)
{
	struct store_recorder *r = s->pool->recorder;
	const struct store_hello hello = store_hello_of(h);
	if (r)
		r->hello(r, &hello);
}

const char *edge_hello_name(uint64_t hash, char ret_text[EDGE_HELLO_NAME_CAP])
{
	ret_text[0] = '\0';
	if (hash)
		snprintf(ret_text, EDGE_HELLO_NAME_CAP, "%016llx", (unsigned long long)hash);
	return ret_text;
}

void edge_hello_note(struct edge_session *s)
{
	const struct tls_hello *h = s->client.tls ? tls_session_hello(s->client.tls) : NULL;
	if (h)
		edge_hello_take(s, h);
}

void edge_hello_take(struct edge_session *s, const struct tls_hello *h)
{
	char versions[EDGE_HELLO_LIST_MAX], suites[EDGE_HELLO_LIST_MAX];
	char groups[EDGE_HELLO_LIST_MAX], sigalgs[EDGE_HELLO_LIST_MAX];
	char name[EDGE_HELLO_NAME_CAP];
	s->hello = h->hash;
	s->hello_max = h->max_version;
	s->sni = sni_of(s, h);
	hello_record(s, h);
	if (!edge_hello_is_new(&s->pool->hellos, h->hash))
		return;
	edge_hello_list(h->versions, h->version_count, versions);
	edge_hello_list(h->suites, h->suite_count, suites);
	edge_hello_list(h->groups, h->group_count, groups);
	edge_hello_list(h->sigalgs, h->sigalg_count, sigalgs);
	log_info(s->conv->facts.session_id, "client hello",
	         kv_str("hello", edge_hello_name(h->hash, name)),
	         kv_str("highest", tls_hello_version_name(h->max_version)),
	         kv_str("versions", versions), kv_str("suites", suites), kv_str("groups", groups),
	         kv_str("sigalgs", sigalgs), kv_str("alpn", h->alpn));
}
