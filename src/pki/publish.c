/* What others go by: the bundle of roots, the denial list, CRLs. */
#include "pki/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "identity/denied.h"
#include "identity/files.h"

#include <errno.h>

enum { CRL_DAYS = 30 };

int pki_bundle_write(const struct pki *p, struct buf *ret_pem)
{
	int r = 0;
	for (size_t i = p->root_count; !r && i-- > 0;)
		r = buf_add(ret_pem, buf_slice(&p->roots[i].root));
	return err_up(r);
}

/* What another issuing host revoked: its list, as somebody copied it. */
static int others_add(struct pki *p, struct identity_denied *denied)
{
	CLEAN(identity_denied_deinit) struct identity_denied others = {};
	CLEAN(buf_deinit) struct buf text = {};
	char path[PKI_PATH_CAP];
	unsigned line = 0;
	pki_path(p, PKI_OTHERS_FILE, path);
	int r = access(path, F_OK) ? 0 : pki_file_read(p, path, &text);
	if (!r)
		r = identity_denied_read(&others, buf_slice(&text), &line);
	if (r > 0 && !p->error[0])
		return pki_fails(p, "%s:%u: no serial and time", path, line);
	for (size_t i = 0; !r && i < others.count; i++)
		r = identity_denied_add(denied, others.list[i].serial, others.list[i].until_s);
	return r;
}

int pki_denied_write(struct pki *p, int64_t now_s, struct buf *ret_text)
{
	CLEAN(identity_denied_deinit) struct identity_denied denied = {};
	int r = 0;
	for (size_t i = 0; !r && i < p->journal.count; i++) {
		const struct pki_certificate *c = &p->journal.list[i];
		int64_t until_s = c->not_after_s + PKI_GRACE_MAX_S;
		if (c->revoked_s && until_s > now_s)
			r = identity_denied_add(&denied, c->serial, until_s);
	}
	if (!r)
		r = others_add(p, &denied);
	if (r == IDENTITY_DENIED_MANY)
		return pki_fails(p,
		                 "over %d revoked certificates that are not long expired; "
		                 "begin anew with mailseal pki root new",
		                 IDENTITY_DENIED_MAX);
	if (!r)
		r = identity_denied_write(&denied, now_s, ret_text);
	return r; /* PKI_FAILED, or ours */
}

/* RFC 5280 5.1.2.6: what was revoked stays until it has expired. */
static int revoked_collect(const struct pki *p, const struct pki_root *root, int64_t now_s,
                           struct tls_ca_crl *crl)
{
	struct tls_ca_revoked *list = calloc(p->journal.count + 1, sizeof(*list));
	if (!list)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < p->journal.count; i++) {
		const struct pki_certificate *c = &p->journal.list[i];
		if (c->revoked_s && c->not_after_s + PKI_GRACE_MAX_S > now_s &&
		    !strcmp(c->issuer, root->issuing_serial))
			list[crl->count++] = (struct tls_ca_revoked){ c->serial, c->revoked_s };
	}
	crl->revoked = list;
	return 0;
}

static int crl_write(struct pki *p, const struct pki_root *root, int64_t now_s, struct buf *ret_pem)
{
	CLEAN(tls_ca_key_freep) struct tls_ca_key *key = NULL;
	struct tls_ca_crl crl = { .number = now_s,
		                  .now_s = now_s,
		                  .next_s = now_s + CRL_DAYS * (int64_t)PKI_DAY_S };
	int r = pki_key_read(p, root->number, "issuing.key", (struct slice){}, &key);
	if (r)
		return r;
	r = revoked_collect(p, root, now_s, &crl);
	const struct tls_ca_issuer issuer = { buf_slice(&root->issuing), key };
	if (!r)
		r = tls_ca_crl_write(&crl, &issuer, ret_pem);
	free((void *)crl.revoked);
	return err_up(r);
}

int pki_publish(struct pki *p, int64_t now_s)
{
	CLEAN(buf_deinit) struct buf bundle = {};
	CLEAN(buf_deinit) struct buf denied = {};
	CLEAN(buf_deinit) struct buf crls = {};
	char path[PKI_PATH_CAP];
	int r = pki_bundle_write(p, &bundle);
	if (!r)
		r = pki_denied_write(p, now_s, &denied);
	for (size_t i = p->root_count; !r && i-- > 0;)
		r = crl_write(p, &p->roots[i], now_s, &crls);
	const struct {
		const char *name;
		struct slice bytes;
	} files[] = {
		{ IDENTITY_CA_FILE, buf_slice(&bundle) },
		{ IDENTITY_DENIED_FILE, buf_slice(&denied) },
		{ "crl.pem", buf_slice(&crls) },
	};
	for (size_t i = 0; !r && i < COUNT_OF(files); i++) {
		pki_path(p, files[i].name, path);
		r = pki_file_write(p, path, 0644, files[i].bytes);
	}
	return r;
}
