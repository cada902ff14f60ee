#include "edge/passed.h"

#include "tls/hello.h"
#include "tls/iana.h"
#include "tls/server.h"

#include <stdio.h>
#include <stdlib.h>

struct edge_passed *edge_passed_new(const struct tls_hello *hello)
{
	struct edge_passed *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	snprintf(p->sni, sizeof(p->sni), "%s", hello->sni);
	p->facts = (struct tls_facts){
		.version = "", .cipher = "", .group = "", .sni = p->sni, .alpn = ""
	};
	return p;
}

void edge_passed_free(struct edge_passed *p)
{
	if (!p)
		return;
	tls_answer_deinit(&p->answer);
	free(p);
}

/* By the same measure as what is ended here for users. */
static bool is_legacy(uint16_t version, const struct tls_iana_suite *suite)
{
	return version < TLS_1_2 || !suite->has_forward_secrecy || suite->kex == TLS_KEX_DHE ||
	       (suite->mode != TLS_MODE_AEAD && suite->mode != TLS_MODE_CCM_8);
}

static void answer_take(struct edge_passed *p)
{
	const struct tls_answer *a = &p->answer;
	const struct tls_iana_group *group = tls_iana_group(a->group);
	struct tls_iana_suite suite = {};
	bool is_known = tls_iana_suite(a->suite, &suite);
	snprintf(p->version, sizeof(p->version), "%s", tls_hello_version_name(a->version));
	p->facts.version = p->version;
	p->facts.cipher = tls_iana_suite_name(a->suite, p->cipher, sizeof(p->cipher));
	p->facts.group = group ? group->name : "";
	p->facts.has_forward_secrecy = suite.has_forward_secrecy;
	p->facts.is_legacy = !is_known || is_legacy(a->version, &suite);
	p->is_answered = true;
}

/* Before TLS 1.3 the group comes behind the certificates. */
static bool has_all(const struct tls_answer *a)
{
	return a->kind == TLS_ANSWER_RETRY ||
	       (a->kind == TLS_ANSWER_HELLO && a->version >= TLS_1_3);
}

void edge_passed_feed(struct edge_passed *p, struct slice input)
{
	if (p->is_over)
		return;
	int r = tls_answer_feed(&p->answer, input);
	if (p->answer.kind == TLS_ANSWER_HELLO || p->answer.kind == TLS_ANSWER_RETRY)
		answer_take(p);
	if (r == TLS_ANSWER_MORE && !has_all(&p->answer))
		return;
	p->is_over = true;
	tls_answer_deinit(&p->answer);
}
