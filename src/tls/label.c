#include "tls/label.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/chain.h"
#include "tls/label_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

/* What names a curve in other places, and here. */
static const struct {
	const char *openssl, *usual;
} curves[] = {
	{ "prime256v1", "P-256" },
	{ "secp384r1", "P-384" },
	{ "secp521r1", "P-521" },
};

int64_t tls_label_time(const ASN1_TIME *at)
{
	struct tm tm;
	return ASN1_TIME_to_tm(at, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

void tls_label_key(X509 *certificate, char *ret_text, size_t cap)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	char curve[32];
	if (!key || !EVP_PKEY_is_a(key, "EC") ||
	    EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) != 1) {
		const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
		snprintf(ret_text, cap, "%s %d", type ? type : "unknown",
		         key ? EVP_PKEY_get_bits(key) : 0);
		return;
	}
	const char *name = curve;
	for (size_t i = 0; i < COUNT_OF(curves); i++)
		if (!strcmp(curves[i].openssl, curve))
			name = curves[i].usual;
	snprintf(ret_text, cap, "EC %s", name);
}

static void issuer_write(X509 *leaf, char *ret_text, size_t cap)
{
	static const int kinds[] = { NID_commonName, NID_organizationName };
	X509_NAME *issuer = X509_get_issuer_name(leaf);
	ret_text[0] = '\0';
	for (size_t i = 0; i < COUNT_OF(kinds) && !ret_text[0]; i++) {
		int at = X509_NAME_get_index_by_NID(issuer, kinds[i], -1);
		const ASN1_STRING *text =
			at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(issuer, at));
		if (text)
			slice_to_text(slice_of(ASN1_STRING_get0_data(text),
			                       (size_t)ASN1_STRING_length(text)),
			              ret_text, cap);
	}
}

int tls_label_read(struct tls_label *ret_label, struct slice chain_pem)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	struct tls_label label = {};
	int r = tls_chain_read_pem(&list, chain_pem);
	if (r)
		return r; /* ours or an outcome of the same enum */
	X509 *leaf = sk_X509_value(list, 0);
	label.names = tls_chain_names(leaf);
	if (!label.names)
		return err_raise(-ENOMEM);
	label.not_before_s = tls_label_time(X509_get0_notBefore(leaf));
	label.not_after_s = tls_label_time(X509_get0_notAfter(leaf));
	tls_label_key(leaf, label.key, sizeof(label.key));
	issuer_write(leaf, label.issuer, sizeof(label.issuer));
	ERR_clear_error();
	*ret_label = label;
	return 0;
}

void tls_label_deinit(struct tls_label *label)
{
	free(label->names);
	label->names = NULL;
}
