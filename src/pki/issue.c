/* Certificates of nodes: issued, renewed, revoked. */
#include "pki/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "identity/denied.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

enum { BACKDATE_S = 3600 }; /* clocks of nodes */

void pki_issued_deinit(struct pki_issued *issued)
{
	buf_deinit(&issued->chain);
	buf_deinit_secret(&issued->key);
}

static bool is_address(const char *text)
{
	struct in6_addr address;
	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

int pki_order_check(struct pki *p, const struct pki_order *order)
{
	const struct pki_names *names = order->names;
	if (!identity_name_is_valid(order->name))
		return pki_fails(p,
		                 "\"%.80s\" is no name for a node: lower-case letters, digits and "
		                 "\"-\", 63 at most, no dot (other names: --dns)",
		                 order->name);
	if (!order->days || order->days > PKI_DAYS_MAX)
		return pki_fails(p, "%u days: 1 to %d", order->days, PKI_DAYS_MAX);
	for (size_t i = 0; names && i < names->dns_count; i++)
		if (!identity_dns_is_valid(names->dns[i]))
			return pki_fails(p,
			                 "\"%.80s\" is no host name in lower case, or one of %s, "
			                 "which a node has by its own name alone",
			                 names->dns[i], IDENTITY_DOMAIN);
	for (size_t i = 0; names && i < names->address_count; i++)
		if (!is_address(names->addresses[i]))
			return pki_fails(p, "\"%.80s\" is no address", names->addresses[i]);
	return 0;
}

static int key_take(struct pki *p, const struct pki_order *order, struct tls_ca_key **ret_key,
                    struct buf *ret_pem)
{
	int r = order->request_pem.len ? tls_ca_request_read(ret_key, order->request_pem)
	                               : tls_ca_key_make(ret_key, TLS_CA_P256);
	if (r > 0)
		return pki_fails(p, "the request: %s", tls_ca_result_words(r));
	if (!r && !order->request_pem.len)
		r = tls_ca_key_write(*ret_key, (struct slice){}, ret_pem);
	return err_up(r);
}

/* What is to be known before the first certificate is out. */
static int journal_add(struct pki *p, const struct pki_order *order,
                       const struct pki_issued *issued, const char *event)
{
	CLEAN(buf_deinit) struct buf line = {};
	struct pki_certificate c = { .issued_s = order->now_s, .not_after_s = issued->not_after_s };
	snprintf(c.name, sizeof(c.name), "%s", order->name);
	snprintf(c.serial, sizeof(c.serial), "%s", issued->serial);
	snprintf(c.issuer, sizeof(c.issuer), "%s", pki_root_current(p)->issuing_serial);
	int r = order->names ? pki_names_copy(&c.names, order->names) : 0;
	struct pki_certificate *list =
		reallocarray(p->journal.list, p->journal.count + 1, sizeof(*list));
	if (!r && !list)
		r = err_raise(-ENOMEM);
	if (list)
		p->journal.list = list;
	if (!r)
		r = pki_journal_write_issued(&line, &c, event);
	if (!r)
		r = pki_journal_append(p, buf_slice(&line));
	if (r) {
		pki_names_deinit(&c.names);
		return r;
	}
	list[p->journal.count++] = c;
	return 0;
}

static int chain_end(struct pki *p, struct pki_issued *issued)
{
	const struct pki_root *root = pki_root_current(p);
	int r = buf_add(&issued->chain, buf_slice(&root->issuing));
	/* For nodes that know the old root alone, as long as that is trusted. */
	if (!r && p->root_count > 1)
		r = buf_add(&issued->chain, buf_slice(&root->cross));
	return err_up(r);
}

static int certify(struct pki *p, const struct pki_order *order, const struct tls_ca_key *subject,
                   struct pki_issued *issued)
{
	const struct pki_root *root = pki_root_current(p);
	CLEAN(tls_ca_key_freep) struct tls_ca_key *key = NULL;
	char own[IDENTITY_PEER_CAP];
	const char *dns[PKI_NAMES_MAX + 1] = { own };
	size_t dns_count = 1;
	const struct pki_names *names = order->names;
	int64_t end_s = order->now_s + order->days * (int64_t)PKI_DAY_S;
	int r = pki_key_read(p, root->number, "issuing.key", (struct slice){}, &key);
	if (r)
		return r;
	if (!tls_ca_key_fits(key, buf_slice(&root->issuing)))
		return pki_fails(p,
		                 "%s/root-%u: issuing.key and issuing.crt do not belong together",
		                 p->dir, root->number);
	if (root->not_after_s <= order->now_s)
		return pki_fails(p, "the issuing certificate has expired; mailseal pki root new");
	identity_peer_write(order->name, own);
	for (size_t i = 0; names && i < names->dns_count && i < PKI_NAMES_MAX; i++)
		dns[dns_count++] = names->dns[i];
	issued->not_after_s = end_s < root->not_after_s ? end_s : root->not_after_s;
	const struct tls_ca_spec spec = {
		.kind = TLS_CA_NODE,
		.common_name = order->name,
		.dns = dns,
		.dns_count = dns_count,
		.addresses = names ? (const char *const *)names->addresses : NULL,
		.address_count = names ? names->address_count : 0,
		.not_before_s = order->now_s - BACKDATE_S,
		.not_after_s = issued->not_after_s,
	};
	const struct tls_ca_issuer issuer = { buf_slice(&root->issuing), key };
	return err_up(tls_ca_certify(&spec, subject, &issuer, &issued->chain, issued->serial));
}

/* A copy stays here: its key and names are those of the next one. */
static int copy_keep(struct pki *p, const char *name, const struct pki_issued *issued)
{
	char path[PKI_PATH_CAP];
	snprintf(path, sizeof(path), "%s/issued/%s.crt", p->dir, name);
	return pki_file_write(p, path, 0644, buf_slice(&issued->chain));
}

static int order_fill(struct pki *p, const struct pki_order *order,
                      const struct tls_ca_key *subject, const char *event,
                      struct pki_issued *issued)
{
	int r = certify(p, order, subject, issued);
	if (!r)
		r = chain_end(p, issued);
	if (!r)
		r = journal_add(p, order, issued, event);
	return r ? r : copy_keep(p, order->name, issued);
}

int pki_issue(struct pki *p, const struct pki_order *order, struct pki_issued *ret_issued)
{
	CLEAN(tls_ca_key_freep) struct tls_ca_key *subject = NULL;
	CLEAN(pki_issued_deinit) struct pki_issued issued = {};
	int r = pki_order_check(p, order);
	if (r)
		return r;
	const struct pki_certificate *had = pki_journal_find(&p->journal, order->name);
	if (had && pki_certificate_is_good(had, order->now_s) && !order->is_again)
		return pki_fails(p,
		                 "%s has a certificate; mailseal pki renew %s, or revoke it "
		                 "first if its key is lost or known, or --again",
		                 order->name, order->name);
	r = key_take(p, order, &subject, &issued.key);
	if (!r)
		r = order_fill(p, order, subject, "issued", &issued);
	if (r)
		return r;
	*ret_issued = issued;
	issued = (struct pki_issued){};
	return 0;
}

/* The key of the certificate before. */
static int key_keep(struct pki *p, const char *name, struct tls_ca_key **ret_key)
{
	char path[PKI_PATH_CAP];
	CLEAN(buf_deinit) struct buf pem = {};
	snprintf(path, sizeof(path), "%s/issued/%s.crt", p->dir, name);
	int r = pki_file_read(p, path, &pem);
	if (!r)
		r = tls_ca_key_of(ret_key, buf_slice(&pem));
	if (r == TLS_CA_BAD_CERTIFICATE && !p->error[0])
		return pki_fails(p, "%s: %s", path, tls_ca_result_words(r));
	return r;
}

int pki_renew_as(struct pki *p, const struct pki_order *order, struct pki_issued *ret_issued)
{
	CLEAN(tls_ca_key_freep) struct tls_ca_key *subject = NULL;
	CLEAN(pki_issued_deinit) struct pki_issued issued = {};
	int r = pki_order_check(p, order);
	if (!r)
		r = key_take(p, order, &subject, NULL);
	if (!r)
		r = order_fill(p, order, subject, "renewed", &issued);
	if (r)
		return r;
	*ret_issued = issued;
	issued = (struct pki_issued){};
	return 0;
}

int pki_renew(struct pki *p, const struct pki_order *order, struct pki_issued *ret_issued)
{
	CLEAN(tls_ca_key_freep) struct tls_ca_key *subject = NULL;
	CLEAN(pki_issued_deinit) struct pki_issued issued = {};
	CLEAN(pki_names_deinit) struct pki_names names = {};
	struct pki_order again = *order;
	const struct pki_certificate *had = pki_journal_find(&p->journal, order->name);
	if (!had)
		return pki_fails(p,
		                 "\"%.80s\" has no certificate that was not revoked; mailseal pki "
		                 "issue makes one, mailseal pki list shows all",
		                 order->name);
	int r = pki_names_copy(&names, &had->names); /* the journal's list moves */
	again.names = &names;
	if (!r)
		r = pki_order_check(p, &again);
	if (!r)
		r = order->request_pem.len ? key_take(p, &again, &subject, NULL)
		                           : key_keep(p, order->name, &subject);
	if (!r)
		r = order_fill(p, &again, subject, "renewed", &issued);
	if (r)
		return r;
	*ret_issued = issued;
	issued = (struct pki_issued){};
	return 0;
}

/* Expired ones too, as long as somebody may accept them. */
static bool is_meant(const struct pki_certificate *c, const char *what, int64_t now_s)
{
	return !c->revoked_s && c->not_after_s + PKI_GRACE_MAX_S > now_s &&
	       (!strcmp(c->name, what) || !strcmp(c->serial, what));
}

int pki_revoke(struct pki *p, const char *what, int64_t now_s, size_t *ret_count)
{
	CLEAN(buf_deinit) struct buf lines = {};
	size_t count = 0;
	int r = 0;
	for (size_t i = 0; !r && i < p->journal.count; i++) {
		struct pki_certificate *c = &p->journal.list[i];
		if (!is_meant(c, what, now_s))
			continue;
		c->revoked_s = now_s;
		r = pki_journal_write_revoked(&lines, c);
		count++;
	}
	if (!r && !count)
		return pki_fails(p,
		                 "\"%.80s\" is no name or serial of a certificate that is still "
		                 "good; mailseal pki list shows all",
		                 what);
	if (!r)
		r = pki_journal_append(p, buf_slice(&lines));
	if (r)
		return r;
	*ret_count = count;
	return pki_publish(p, now_s);
}
