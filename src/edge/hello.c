#include "edge/hello.h"

#include "edge/session.h"

#include "base/log.h"

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

void edge_hello_note(struct edge_session *s)
{
	const struct tls_hello *h = s->client.tls ? tls_session_hello(s->client.tls) : NULL;
	char versions[EDGE_HELLO_LIST_MAX], suites[EDGE_HELLO_LIST_MAX];
	char groups[EDGE_HELLO_LIST_MAX], sigalgs[EDGE_HELLO_LIST_MAX];
	if (!h)
		return;
	snprintf(s->hello, sizeof(s->hello), "%016llx", (unsigned long long)h->hash);
	if (!edge_hello_is_new(&s->pool->hellos, h->hash))
		return;
	edge_hello_list(h->versions, h->version_count, versions);
	edge_hello_list(h->suites, h->suite_count, suites);
	edge_hello_list(h->groups, h->group_count, groups);
	edge_hello_list(h->sigalgs, h->sigalg_count, sigalgs);
	log_info(s->conv->facts.session_id, "client hello", kv_str("hello", s->hello),
	         kv_str("highest", tls_hello_version_name(h->max_version)),
	         kv_str("versions", versions), kv_str("suites", suites), kv_str("groups", groups),
	         kv_str("sigalgs", sigalgs), kv_str("alpn", h->alpn));
}
