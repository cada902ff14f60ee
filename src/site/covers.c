#include "site/covers.h"

#include "base/buf.h"
#include "base/clean.h"
#include "base/err.h"
#include "tls/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { KNOWN_MAX = 64 };

/* Thousands of domains have the same hosts. */
struct known {
	char host[256];
	enum publish_cover cover;
	char why[PUBLISH_WHY_CAP];
	int64_t at_s;
};

struct site_covers {
	const struct conf_settings *settings;
	struct tls_roots *roots; /* NULL: there are none */
	struct buf *chains;
	size_t count;
	struct known known[KNOWN_MAX];
	size_t next; /* the one that is overwritten */
};

enum { KNOWN_S = 60 }; /* certificates expire */

int site_covers_new(struct site_covers **ret_covers, struct slice ca_pem)
{
	struct site_covers *c = calloc(1, sizeof(*c));
	if (!c)
		return err_raise(-ENOMEM);
	int r = tls_roots_new(&c->roots, ca_pem);
	if (r < 0) {
		free(c);
		return err_up(r);
	}
	*ret_covers = c;
	return 0;
}

void site_covers_clear(struct site_covers *c, const struct conf_settings *settings)
{
	for (size_t i = 0; i < c->count; i++)
		buf_deinit(&c->chains[i]);
	free(c->chains);
	c->chains = NULL;
	c->count = 0;
	memset(c->known, 0, sizeof(c->known));
	c->settings = settings;
}

void site_covers_free(struct site_covers *c)
{
	if (!c)
		return;
	site_covers_clear(c, NULL);
	tls_roots_free(c->roots);
	free(c);
}

int site_covers_add(struct site_covers *c, struct slice chain_pem)
{
	struct buf *chains = reallocarray(c->chains, c->count + 1, sizeof(*chains));
	if (!chains)
		return err_raise(-ENOMEM);
	c->chains = chains;
	chains[c->count] = (struct buf){};
	int r = buf_add(&chains[c->count], chain_pem);
	c->count += !r;
	return err_up(r);
}

static bool is_our_name(const struct conf_settings *s, const char *host)
{
	for (size_t i = 0; i < s->edge_count; i++) {
		const struct conf_edge *e = &s->edges[i];
		const char *name = e->hostname ? e->hostname : s->hostname;
		if (e->protocol == CONF_SMTP && !strcasecmp(name, host))
			return true;
	}
	return false;
}

/* True: it has the name; then *ret_trust says what it is worth. */
static bool chain_judge(const struct site_covers *c, size_t number, const char *host, int64_t now_s,
                        struct tls_trust *ret_trust)
{
	const struct tls_trust_question question = { .chain = buf_slice(&c->chains[number]),
		                                     .name = host,
		                                     .now_s = now_s };
	return !tls_inspect_trust(ret_trust, c->roots, &question) && ret_trust->has_name;
}

static void host_judge(const struct site_covers *c, const char *host, int64_t now_s,
                       struct known *k)
{
	struct tls_trust trust;
	k->cover = is_our_name(c->settings, host) ? PUBLISH_UNCOVERED : PUBLISH_FOREIGN;
	snprintf(k->why, sizeof(k->why), "no certificate of an smtp edge is for the MX host %s",
	         host);
	for (size_t i = 0; i < c->count && c->roots; i++) {
		if (!chain_judge(c, i, host, now_s, &trust))
			continue;
		if (trust.result == TLS_PROOF_HOLDS) {
			k->cover = PUBLISH_COVERED;
			return;
		}
		k->cover = PUBLISH_UNCOVERED;
		snprintf(k->why, sizeof(k->why),
		         "senders do not believe the certificate of the MX host %.200s: %.100s",
		         host, trust.why ? trust.why : "no public CA vouches for it");
	}
}

enum publish_cover site_covers_host(void *owner, const char *host, char *ret_why)
{
	struct site_covers *c = owner;
	int64_t now_s = time(NULL);
	struct known *k = NULL;
	for (size_t i = 0; i < KNOWN_MAX && !k; i++)
		if (!strcasecmp(c->known[i].host, host) && now_s - c->known[i].at_s < KNOWN_S)
			k = &c->known[i];
	if (!k) {
		k = &c->known[c->next++ % KNOWN_MAX];
		*k = (struct known){ .at_s = now_s };
		snprintf(k->host, sizeof(k->host), "%s", host);
		host_judge(c, host, now_s, k);
	}
	snprintf(ret_why, PUBLISH_WHY_CAP, "%s", k->why);
	return k->cover;
}
