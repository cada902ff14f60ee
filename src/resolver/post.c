#include "resolver/post.h"

#include "ask/fetch.h"
#include "ask/lookup.h"
#include "base/address.h"
#include "base/buf.h"
#include "base/clean.h"
#include "base/err.h"
#include "conf/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

enum { A, AAAA, QUESTIONS };
enum { ADDRESSES_MAX = 8 };

struct post {
	struct post_settings set;
	struct buf body;
	post_fn *fn;
	void *owner;
	char *url;
	struct lookup_question *questions[QUESTIONS];
	unsigned open;
	bool was_private;
	char addresses[ADDRESSES_MAX][DNS_ADDRESS_CAP];
	size_t count;
	struct fetch_request *request;
};

static bool network_has(const struct conf_network *network, const char *text)
{
	uint8_t bytes[16];
	if (inet_pton(AF_INET, text, bytes) == 1)
		return conf_network_contains(network, bytes, false);
	return inet_pton(AF_INET6, text, bytes) == 1 && conf_network_contains(network, bytes, true);
}

/* Examples are what labs use. */
bool post_is_private(const char *text)
{
	enum address_scope scope = address_scope_of(text);
	return scope != ADDRESS_PUBLIC && scope != ADDRESS_EXAMPLE;
}

static void address_add(struct post *p, const char *text)
{
	bool is_allowed = !post_is_private(text);
	for (size_t i = 0; i < p->set.allowed_count && !is_allowed; i++)
		is_allowed = network_has(&p->set.allowed[i], text);
	p->was_private |= !is_allowed;
	if (is_allowed && p->count < ADDRESSES_MAX)
		snprintf(p->addresses[p->count++], DNS_ADDRESS_CAP, "%s", text);
}

static void on_posted(void *owner, const struct fetch_result *result)
{
	struct post *p = owner;
	p->fn(p->owner, result->why);
}

/* NULL, or why it cannot be. */
static const char *fetch_begin(struct post *p)
{
	const struct fetch_parcel parcel = { .url = p->url,
		                             .addresses = p->addresses,
		                             .count = p->count,
		                             .type = p->set.type,
		                             .body = buf_slice(&p->body) };
	if (!p->count)
		return p->was_private ? "its web server has an address of a private network"
		                      : "its web server has no address";
	return fetch_post(&p->request, p->set.fetch, &parcel, on_posted, p) ? "out of memory"
	                                                                    : NULL;
}

static void on_address(struct post *p, const struct lookup_answer *answer, int number)
{
	struct dns_message m;
	struct dns_record r;
	char text[DNS_ADDRESS_CAP];
	if (!dns_message_open(&m, answer->packet))
		while (!dns_message_next(&m, &r))
			if (!dns_address_read(&r, text))
				address_add(p, text);
	lookup_question_free(TAKE(p->questions[number]));
	const char *why = --p->open ? NULL : fetch_begin(p);
	if (why)
		p->fn(p->owner, why);
}

static void on_a(void *owner, const struct lookup_answer *answer)
{
	on_address(owner, answer, A);
}

static void on_aaaa(void *owner, const struct lookup_answer *answer)
{
	on_address(owner, answer, AAAA);
}

static int begin(struct post *p, const struct fetch_place *place)
{
	if (place->is_address) {
		address_add(p, place->host);
		return fetch_begin(p) ? POST_BAD : 0;
	}
	p->open = QUESTIONS;
	int r = lookup_ask(&p->questions[A], p->set.lookup, place->host, DNS_A, on_a, p);
	if (!r)
		r = lookup_ask(&p->questions[AAAA], p->set.lookup, place->host, DNS_AAAA, on_aaaa,
		               p);
	return err_up(r);
}

int post_new(struct post **ret_p, const struct post_settings *set, post_fn *fn, void *owner)
{
	struct fetch_place place;
	if (!fetch_place_of(set->url, &place))
		return POST_BAD;
	struct post *p = calloc(1, sizeof(*p));
	if (!p)
		return err_raise(-ENOMEM);
	*p = (struct post){ .set = *set, .fn = fn, .owner = owner, .url = strdup(set->url) };
	int r = !p->url || buf_add(&p->body, set->body) ? err_raise(-ENOMEM) : begin(p, &place);
	if (r) {
		post_free(p);
		return r;
	}
	*ret_p = p;
	return 0;
}

void post_free(struct post *p)
{
	if (!p)
		return;
	for (int i = 0; i < QUESTIONS; i++)
		lookup_question_free(p->questions[i]);
	fetch_request_free(p->request);
	buf_deinit(&p->body);
	free(p->url);
	free(p);
}
