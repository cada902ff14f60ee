#include "pki/desk.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "pki/inside.h"
#include "pki/token.h"

#include <errno.h>
#include <stdio.h>

enum { SERVERS_MAX_LEN = 16 * 1024 };

int pki_servers_read(const char *dir, struct pki_answer *answer)
{
	CLEAN(buf_deinit) struct buf text = {};
	char path[PKI_PATH_CAP], host[256];
	uint16_t port;
	snprintf(path, sizeof(path), "%s/" PKI_SERVERS_FILE, dir);
	int r = file_read(&text, path, SERVERS_MAX_LEN, NULL);
	if (r)
		return r == -ENOMEM ? err_up(r) : 0; /* there need be none */
	for (struct slice rest = buf_slice(&text); rest.len;) {
		size_t end = slice_find(rest, '\n');
		char line[PKI_TALK_SERVER_CAP];
		slice_to_text(slice_trim(slice_head(rest, end)), line, sizeof(line));
		if (pki_server_read(line, host, &port) &&
		    answer->server_count < PKI_TALK_SERVERS_MAX)
			snprintf(answer->servers[answer->server_count++], PKI_TALK_SERVER_CAP, "%s",
			         line);
		rest = slice_skip(rest, end + 1);
	}
	return 0;
}

/* "a,b" as a list of its own; what is under our own domain is left out. */
static char **names_split(const char *text, bool is_dns, size_t *ret_count)
{
	char **list = calloc(PKI_NAMES_MAX + 1, sizeof(*list));
	*ret_count = 0;
	for (const char *at = text; list && *at;) {
		size_t len = strcspn(at, ",");
		char *one = strndup(at, len);
		if (one && *ret_count < PKI_NAMES_MAX && (!is_dns || identity_dns_is_valid(one)))
			list[(*ret_count)++] = TAKE(one);
		free(one);
		at += len + (at[len] == ',');
	}
	return list;
}

/* What the certificate says was given by an issuing host of ours, this one or another. */
struct holder {
	char name[IDENTITY_NAME_CAP];
	char serial[TLS_CA_SERIAL_CAP];
	struct pki_names names;
	unsigned days;
};

/* False: it is none of a node. */
static bool holder_read(struct slice certificate, struct holder *ret_holder)
{
	struct tls_ca_facts facts;
	struct holder h = {};
	if (!certificate.len || tls_ca_facts_read(&facts, certificate))
		return false;
	int64_t days = (facts.not_after_s - facts.not_before_s) / PKI_DAY_S;
	bool is_node = !facts.is_ca && identity_name_find(facts.names, h.name) && days >= 1 &&
	               days <= PKI_DAYS_MAX;
	if (is_node) {
		h.days = (unsigned)days;
		snprintf(h.serial, sizeof(h.serial), "%s", facts.serial);
		h.names.dns = names_split(facts.names, true, &h.names.dns_count);
		h.names.addresses = names_split(facts.addresses, false, &h.names.address_count);
		*ret_holder = h;
	}
	tls_ca_facts_deinit(&facts);
	return is_node;
}

/* What one visit is about. */
struct visit {
	const struct pki_visitor *visitor;
	struct pki_request request;
	struct pki pki;
	struct pki_answer answer;
	int64_t now_s;
	enum pki_desk_end end;
};

static int refuse(struct visit *v, enum pki_desk_end end, const char *words)
{
	v->end = end;
	v->answer.is_again = end == PKI_DESK_LATER;
	snprintf(v->answer.error, sizeof(v->answer.error), "%.199s", words);
	return 0;
}

static int answer_fill(struct visit *v, struct pki_issued *issued)
{
	v->answer.chain = issued->chain;
	issued->chain = (struct buf){};
	int r = pki_bundle_write(&v->pki, &v->answer.ca);
	if (!r)
		r = pki_denied_write(&v->pki, v->now_s, &v->answer.denied);
	if (!r)
		r = pki_servers_read(v->pki.dir, &v->answer);
	return r;
}

static int issue(struct visit *v, const char *name, const struct pki_names *names, unsigned days)
{
	CLEAN(pki_issued_deinit) struct pki_issued issued = {};
	const struct pki_order order = { .name = name,
		                         .names = names,
		                         .days = days,
		                         .request_pem = buf_slice(&v->request.pem),
		                         .is_again = true, /* who made the token was asked */
		                         .now_s = v->now_s };
	int r = v->request.kind == PKI_TALK_RENEW ? pki_renew_as(&v->pki, &order, &issued)
	                                          : pki_issue(&v->pki, &order, &issued);
	if (!r)
		r = answer_fill(v, &issued);
	if (!r) {
		v->end = PKI_DESK_ISSUED;
		log_notice(NULL, "certificate issued", kv_str("node", name),
		           kv_str("serial", issued.serial), kv_str("client", v->visitor->address),
		           kv_bool("renewal", v->request.kind == PKI_TALK_RENEW));
	}
	return r;
}

static int join(struct visit *v)
{
	struct pki_token_use use = {};
	int r = pki_token_take(&v->pki, v->request.name, v->request.secret, v->now_s, &use);
	if (r == PKI_TOKEN_WRONG)
		return refuse(v, PKI_DESK_GUESSED,
		              "this token is not good, or not any more; mailseal pki token makes "
		              "another one");
	if (!r)
		r = issue(v, v->request.name, &use.names, use.days);
	pki_names_deinit(&use.names);
	return r;
}

static int renew(struct visit *v)
{
	struct holder h;
	if (!holder_read(v->visitor->certificate, &h))
		return refuse(v, PKI_DESK_REFUSED,
		              "who renews shows its certificate, which is a node's");
	/* TLS went by the list of some seconds ago. */
	const struct pki_certificate *c = pki_journal_serial(&v->pki.journal, h.serial);
	int r = c && c->revoked_s ? refuse(v, PKI_DESK_REFUSED, "this certificate was revoked")
	                          : issue(v, h.name, &h.names, h.days);
	pki_names_deinit(&h.names);
	return r;
}

static int denied(struct visit *v)
{
	struct holder h;
	char digest[PKI_DIGEST_LEN + 1];
	if (!holder_read(v->visitor->certificate, &h))
		return refuse(v, PKI_DESK_REFUSED,
		              "who asks for the list shows its certificate, which is a node's");
	pki_names_deinit(&h.names);
	int r = pki_denied_write(&v->pki, v->now_s, &v->answer.denied);
	if (!r)
		r = pki_digest_write(buf_slice(&v->answer.denied), digest);
	if (r)
		return r;
	v->answer.is_same = !strcmp(digest, v->request.have);
	v->answer.is_list = !v->answer.is_same;
	v->end = PKI_DESK_TOLD;
	return 0;
}

static int request_do(struct visit *v)
{
	switch (v->request.kind) {
	case PKI_TALK_JOIN:
		return join(v);
	case PKI_TALK_RENEW:
		return renew(v);
	case PKI_TALK_DENIED:
		return denied(v);
	}
	return 0;
}

static int visit(struct visit *v, const char *dir, struct slice line)
{
	int r = pki_request_read(&v->request, line);
	if (r == PKI_TALK_BAD)
		return refuse(v, PKI_DESK_REFUSED, "this is no request");
	if (r)
		return err_up(r);
	r = pki_open(&v->pki, dir, v->request.kind == PKI_TALK_DENIED ? PKI_READ : PKI_CHANGE);
	if (r == PKI_FAILED) {
		log_warn(NULL, "the CA cannot be used now", kv_str("reason", v->pki.error));
		return refuse(v, PKI_DESK_LATER, "the CA cannot be used now, its log says why");
	}
	if (!r)
		r = request_do(v);
	return r;
}

int pki_desk_answer(const char *dir, const struct pki_visitor *visitor, struct slice line,
                    int64_t now_s, struct buf *ret_answer, enum pki_desk_end *ret_end)
{
	struct visit v = { .visitor = visitor, .pki = { .lock_fd = -1 }, .now_s = now_s };
	int r = visit(&v, dir, line);
	if (r == PKI_FAILED)
		r = refuse(&v, PKI_DESK_REFUSED, v.pki.error);
	if (!r)
		r = pki_answer_write(&v.answer, ret_answer);
	if (!r && v.end != PKI_DESK_ISSUED && v.end != PKI_DESK_TOLD)
		log_warn(NULL, "node refused", kv_str("client", visitor->address),
		         kv_str("reason", v.answer.error));
	*ret_end = v.end;
	pki_request_deinit(&v.request);
	pki_answer_deinit(&v.answer);
	pki_deinit(&v.pki);
	return err_up(r);
}
