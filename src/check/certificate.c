#include "check/certificate.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/staple.h"

#include <errno.h>
#include <stdio.h>

static bool is_nist_or_edwards(const struct tls_inspected *leaf)
{
	static const char *const curves[] = { "P-256", "P-384", "P-521" };
	for (size_t i = 0; i < COUNT_OF(curves); i++)
		if (!strcmp(leaf->curve, curves[i]))
			return true;
	return !strncasecmp(leaf->key, "ED25519", 7) || !strncasecmp(leaf->key, "ED448", 5);
}

static void leaf_take(struct check_certificate *c, const struct tls_inspected *leaf)
{
	snprintf(c->subject, sizeof(c->subject), "%s", leaf->subject);
	snprintf(c->issuer, sizeof(c->issuer), "%s", leaf->issuer);
	snprintf(c->key, sizeof(c->key), "%s", leaf->key);
	c->key_bits = leaf->key_bits;
	c->key_is_rsa = !strncmp(leaf->key, "RSA", 3);
	c->key_is_nist_or_edwards = is_nist_or_edwards(leaf);
	c->not_before_s = leaf->not_before_s;
	c->not_after_s = leaf->not_after_s;
	c->is_self_signed = leaf->is_self_signed;
	c->has_ocsp = leaf->has_ocsp_url;
	memcpy(c->spki, leaf->spki, sizeof(c->spki));
	memcpy(c->hash, leaf->sha256, sizeof(c->hash));
}

static void signatures_take(struct check_certificate *c, const struct tls_inspection *in)
{
	for (size_t i = 0; i < in->count && i < CHECK_CHAIN_MAX; i++) {
		const struct tls_inspected *one = &in->certificates[i];
		snprintf(c->signatures[i], sizeof(c->signatures[i]), "%.39s", one->signature);
		c->signature_is_weak[i] =
			!one->is_self_signed && (one->is_sha1_signed || one->is_md5_signed);
	}
}

/* A staple that cannot be trusted says nothing of revocation. */
static void staple_take(struct check_certificate *c, const struct check_chain *chain)
{
	if (!chain->was_asked_to_staple && !chain->staple.len)
		return;
	c->is_stapled = chain->staple.len ? CHECK_YES : CHECK_NO;
	if (!chain->staple.len)
		return;
	switch (tls_staple_read(chain->der, chain->staple)) {
	case TLS_STAPLE_GOOD:
		c->is_revoked = CHECK_NO;
		break;
	case TLS_STAPLE_REVOKED:
		c->is_revoked = CHECK_YES;
		break;
	case TLS_STAPLE_UNKNOWN:
	case TLS_STAPLE_BAD:
	case TLS_STAPLE_COUNT:
		break;
	}
}

static void name_take(struct check_certificate *c, enum tls_inspect_name name)
{
	c->has_name = CHECK_NO;
	switch (name) {
	case TLS_INSPECT_NAME_MATCHES:
		c->has_name = CHECK_YES;
		break;
	case TLS_INSPECT_NAME_WILDCARD:
		c->has_name = CHECK_YES;
		c->name_is_by_wildcard = true;
		break;
	case TLS_INSPECT_NAME_CN_ONLY:
		c->name_is_by_cn = true;
		break;
	case TLS_INSPECT_NAME_MISSING:
	case TLS_INSPECT_NAME_COUNT:
		break;
	}
}

/* Names with " " between, as the facts have them. */
static int names_take(struct check_certificate *c, const struct tls_inspection *in)
{
	char *names = strdup(in->names ?: "");
	if (!names)
		return err_raise(-ENOMEM);
	for (char *at = names; *at; at++)
		if (*at == ',')
			*at = ' ';
	free(c->names);
	c->names = names;
	return 0;
}

static int trust_take(struct check_certificate *c, const struct check_chain *chain)
{
	struct tls_trust trust;
	struct tls_trust_question question = { .chain = chain->der,
		                               .name = chain->name,
		                               .now_s = chain->now_s };
	c->pkix = TLS_PROOF_NOT_ASKED;
	if (!chain->roots)
		return 0;
	int r = tls_inspect_trust(&trust, chain->roots, &question);
	if (r)
		return r < 0 ? err_up(r) : 0;
	c->pkix = trust.result;
	/* SAN's names, which name_take() knows, are those of DNS. */
	if (trust.has_name && c->has_name == CHECK_NO && !c->name_is_by_cn)
		c->has_name = CHECK_YES;
	snprintf(c->pkix_why, sizeof(c->pkix_why), "%s", trust.why);
	return 0;
}

static int facts_take(struct check_certificate *c, const struct tls_inspection *in,
                      const struct check_chain *chain)
{
	leaf_take(c, &in->certificates[0]);
	signatures_take(c, in);
	c->sent_count = (unsigned)in->sent_count;
	c->root_is_sent = in->has_root;
	c->is_in_order = in->is_in_order;
	c->must_staple = in->has_must_staple;
	c->has_sct = in->sct_count > 0;
	staple_take(c, chain);
	name_take(c, tls_inspect_name(in, chain->name));
	int r = names_take(c, in);
	return r ? err_up(r) : err_up(trust_take(c, chain));
}

int check_certificate_read(struct check_certificate *ret_certificate,
                           const struct check_chain *chain)
{
	struct tls_inspection in = {};
	int r = tls_inspect(&in, chain->der);
	if (!r)
		r = facts_take(ret_certificate, &in, chain);
	tls_inspection_deinit(&in);
	return r < 0 ? err_up(r) : r;
}
