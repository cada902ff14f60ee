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

/* At each in turn, from another one on each time: none is to carry all. */
static int renew_somewhere(struct pki_run *run, const struct pki_node *node)
{
	CLEAN(pki_request_deinit) struct pki_request request = { .kind = PKI_TALK_RENEW };
	CLEAN(pki_answer_deinit) struct pki_answer known = {};
	struct pki *p = &run->pki;
	int r = pki_servers_read(run->o->dir, &known);
	if (!r)
		r = tls_ca_request_write(node->key, node->name, &request.pem);
	if (!r && !known.server_count) {
		snprintf(p->error, sizeof(p->error),
		         "%.300s/" PKI_SERVERS_FILE " names no desk; write HOST:PORT into it",
		         run->o->dir);
		return PKI_FAILED;
	}
	for (size_t i = 0; !r && i < known.server_count; i++) {
		CLEAN(pki_answer_deinit) struct pki_answer answer = {};
		size_t at = (i + (size_t)run->now_s / 3600) % known.server_count;
		const struct pki_call call = { .server = known.servers[at],
			                       .request = &request,
			                       .ca_pem = buf_slice(&node->ca),
			                       .denied = buf_slice(&node->denied),
			                       .chain_pem = buf_slice(&node->chain),
			                       .key = node->key };
		int called = pki_call(&call, &answer, p->error, sizeof(p->error));
		if (!called && !answer.error[0])
			return answer_take(run, node, &answer, call.server);
		if (!called)
			snprintf(p->error, sizeof(p->error), "%s: %s", call.server, answer.error);
		fprintf(stderr, "mailseal pki: %s\n", p->error);
	}
	return r ? r : PKI_FAILED;
}

int pki_self_renew(struct pki_run *run)
{
	CLEAN(pki_node_deinit) struct pki_node node = {};
	struct pki *p = &run->pki;
	char until[16];
	int r = pki_node_read(&node, run->o->dir, p->error, sizeof(p->error));
	if (r)
		return pki_run_ended(run, r);
	int64_t life_s = node.not_after_s - node.not_before_s;
	int64_t age_s = run->now_s - node.not_before_s;
	pki_day_write(node.not_after_s, until);
	if (age_s * 3 < life_s && !run->o->is_again) {
		printf("%s: certificate until %s; not due\n", node.name, until);
		return PKI_WELL;
	}
	r = renew_somewhere(run, &node);
	if (r > 0)
		snprintf(p->error, sizeof(p->error), "%s is not renewed%s; its certificate ends %s",
		         node.name, age_s * 2 > life_s ? ", and half of its life is over" : "",
		         until);
	return pki_run_ended(run, r);
}
