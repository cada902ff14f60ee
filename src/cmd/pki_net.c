/* What a node and the CA's host say to each other. */
#include "base/clean.h"
#include "cmd/pki_inside.h"
#include "cmd/pki_print.h"
#include "identity/files.h"
#include "pki/caller.h"
#include "pki/desk.h"
#include "pki/node.h"
#include "pki/token.h"

#include <stdio.h>

int pki_token_run(struct pki_run *run)
{
	char text[PKI_TOKEN_CAP];
	struct pki *p = &run->pki;
	const char *name = run->o->words[1];
	int r = pki_open(p, run->o->dir, PKI_CHANGE);
	if (r)
		return pki_run_ended(run, r);
	const struct pki_certificate *had = pki_journal_find(&p->journal, name);
	if (had && pki_certificate_is_good(had, run->now_s) && !run->o->is_again) {
		fprintf(stderr,
		        "mailseal pki: %s has a certificate; revoke it first if its key is lost or "
		        "known, or --again\n",
		        name);
		return PKI_NOT_WELL;
	}
	const struct pki_token_order order = { .name = name,
		                               .names = &run->o->names,
		                               .days = run->o->days,
		                               .seconds = run->o->valid_s,
		                               .now_s = run->now_s };
	r = pki_token_make(p, &order, text);
	if (!r)
		puts(text);
	return pki_run_ended(run, r);
}

/* Is a certificate there that somebody may still need? */
static bool is_joined(const struct pki_run *run)
{
	char path[PKI_PATH_CAP];
	snprintf(path, sizeof(path), "%.300s/" IDENTITY_CHAIN_FILE, run->o->dir);
	return !access(path, F_OK) && !run->o->is_again;
}

static int answer_take(struct pki_run *run, const struct pki_node *node,
                       const struct pki_answer *answer, const char *server)
{
	struct tls_ca_facts facts;
	char until[16];
	int r = pki_node_take(run->o->dir, node, answer, server, run->pki.error,
	                      sizeof(run->pki.error));
	if (r)
		return r;
	if (!tls_ca_facts_read(&facts, buf_slice(&answer->chain))) {
		pki_day_write(facts.not_after_s, until);
		printf("%s: certificate until %s, serial %s, in %s\n", facts.common_name, until,
		       facts.serial, run->o->dir);
		tls_ca_facts_deinit(&facts);
	}
	return 0;
}

static int join(struct pki_run *run, const struct pki_token *token, struct pki_node *node)
{
	CLEAN(pki_request_deinit) struct pki_request request = { .kind = PKI_TALK_JOIN };
	CLEAN(pki_answer_deinit) struct pki_answer answer = {};
	struct pki *p = &run->pki;
	snprintf(request.name, sizeof(request.name), "%s", token->name);
	snprintf(request.secret, sizeof(request.secret), "%s", token->secret);
	int r = pki_node_request(run->o->dir, token->name, &request.pem, p->error,
	                         sizeof(p->error));
	if (!r)
		r = pki_node_key(node, run->o->dir, p->error, sizeof(p->error));
	const struct pki_call call = { .server = run->o->words[1],
		                       .request = &request,
		                       .pin = &token->pin };
	if (!r)
		r = pki_call(&call, &answer, p->error, sizeof(p->error));
	if (!r && answer.error[0]) {
		snprintf(p->error, sizeof(p->error), "%s: %s", call.server, answer.error);
		return PKI_FAILED;
	}
	return r ? r : answer_take(run, node, &answer, call.server);
}

int pki_join_run(struct pki_run *run)
{
	CLEAN(pki_node_deinit) struct pki_node node = {};
	struct pki_token token;
	if (!pki_token_read(run->o->words[2], &token)) {
		fputs("mailseal pki: this is no token; it is the line that mailseal pki token "
		      "said\n",
		      stderr);
		return PKI_UNKNOWN;
	}
	if (is_joined(run)) {
		fprintf(stderr, "mailseal pki: %s has a certificate already; --again replaces it\n",
		        run->o->dir);
		return PKI_NOT_WELL;
	}
	int status = pki_run_ended(run, join(run, &token, &node));
	explicit_bzero(&token, sizeof(token));
	return status;
}

/* What is asked of a desk, and what is done with its answer. */
struct errand {
	const struct pki_node *node;
	struct pki_request request;
	int (*take)(struct pki_run *run, const struct errand *e, const struct pki_answer *answer,
	            const char *server);
};

static int errand_at(struct pki_run *run, const struct errand *e, const char *server)
{
	CLEAN(pki_answer_deinit) struct pki_answer answer = {};
	struct pki *p = &run->pki;
	const struct pki_call call = { .server = server,
		                       .request = &e->request,
		                       .ca_pem = buf_slice(&e->node->ca),
		                       .denied = buf_slice(&e->node->denied),
		                       .chain_pem = buf_slice(&e->node->chain),
		                       .key = e->node->key };
	int r = pki_call(&call, &answer, p->error, sizeof(p->error));
	if (!r && !answer.error[0])
		return e->take(run, e, &answer, server);
	if (!r)
		snprintf(p->error, sizeof(p->error), "%s: %s", server, answer.error);
	fprintf(stderr, "mailseal pki: %s\n", p->error);
	return PKI_FAILED;
}

/* At each in turn, from another one on each time: none is to carry all. */
static int errand_run(struct pki_run *run, const struct errand *e, const struct pki_answer *known)
{
	int r = PKI_FAILED;
	for (size_t i = 0; r == PKI_FAILED && i < known->server_count; i++)
		r = errand_at(
			run, e,
			known->servers[(i + (size_t)run->now_s / 3600) % known->server_count]);
	return r;
}

static int renewed_take(struct pki_run *run, const struct errand *e,
                        const struct pki_answer *answer, const char *server)
{
	return answer_take(run, e->node, answer, server);
}

static int renew_somewhere(struct pki_run *run, const struct pki_node *node,
                           const struct pki_answer *known)
{
	struct errand e = { .node = node,
		            .request = { .kind = PKI_TALK_RENEW },
		            .take = renewed_take };
	if (!known->server_count) {
		snprintf(run->pki.error, sizeof(run->pki.error),
		         "%.300s/" PKI_SERVERS_FILE " names no desk; write HOST:PORT into it",
		         run->o->dir);
		return PKI_FAILED;
	}
	int r = tls_ca_request_write(node->key, node->name, &e.request.pem);
	if (!r)
		r = errand_run(run, &e, known);
	pki_request_deinit(&e.request);
	return r;
}

static int list_take(struct pki_run *run, const struct errand *e, const struct pki_answer *answer,
                     const char *server)
{
	bool is_new = false;
	struct pki *p = &run->pki;
	int r = answer->is_same ? 0
	                        : pki_node_denied_take(run->o->dir, e->node, answer, &is_new,
	                                               p->error, sizeof(p->error));
	if (!r)
		printf("%s: the list of those revoked is %s (%s)\n", e->node->name,
		       is_new ? "a new one" : "the same", server);
	return r;
}

/* Who was given its files by hand has no desk, and is told by hand. */
static int list_refresh(struct pki_run *run, const struct pki_node *node,
                        const struct pki_answer *known)
{
	struct errand e = { .node = node, .take = list_take };
	if (!known->server_count)
		return 0;
	int r = pki_node_denied_request(node, &e.request);
	if (!r)
		r = errand_run(run, &e, known);
	if (r == PKI_FAILED)
		snprintf(run->pki.error, sizeof(run->pki.error),
		         "no desk tells who was revoked; the list of before stays in force");
	return r;
}

int pki_self_renew(struct pki_run *run)
{
	CLEAN(pki_node_deinit) struct pki_node node = {};
	CLEAN(pki_answer_deinit) struct pki_answer known = {};
	struct pki *p = &run->pki;
	char until[16];
	int r = pki_node_read(&node, run->o->dir, p->error, sizeof(p->error));
	if (!r)
		r = pki_servers_read(run->o->dir, &known);
	if (r)
		return pki_run_ended(run, r);
	int64_t life_s = node.not_after_s - node.not_before_s;
	int64_t age_s = run->now_s - node.not_before_s;
	pki_day_write(node.not_after_s, until);
	if (age_s * 3 < life_s && !run->o->is_again) {
		printf("%s: certificate until %s; not due\n", node.name, until);
		return pki_run_ended(run, list_refresh(run, &node, &known));
	}
	r = renew_somewhere(run, &node, &known);
	if (r > 0)
		snprintf(p->error, sizeof(p->error), "%s is not renewed%s; its certificate ends %s",
		         node.name, age_s * 2 > life_s ? ", and half of its life is over" : "",
		         until);
	return pki_run_ended(run, r);
}
