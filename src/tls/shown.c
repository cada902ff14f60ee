#include "tls/shown.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/chain.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { USAGE_TA = 2, USAGE_EE = 3, SELECTOR_KEY = 1, FULL = 0, SHA2_256 = 1, SHA2_512 = 2 };

/* --- TLSA --- */

/* What the selector names, in DER; *ret_der is OpenSSL's to free. 0 or -ENOMEM. */
static int selected(X509 *certificate, const struct tls_record *record, unsigned char **ret_der,
                    size_t *ret_len)
{
	*ret_der = NULL;
	int len = record->selector == SELECTOR_KEY
	                  ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), ret_der)
	                  : i2d_X509(certificate, ret_der);
	if (len <= 0)
		return err_raise(-ENOMEM);
	*ret_len = (size_t)len;
	return 0;
}

static bool data_is(const struct tls_record *record, const unsigned char *der, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned digest_len = 0;
	if (record->matching == FULL)
		return slice_equal(record->data, slice_of(der, len));
	const EVP_MD *md = record->matching == SHA2_256   ? EVP_sha256()
	                   : record->matching == SHA2_512 ? EVP_sha512()
	                                                  : NULL;
	return md && EVP_Digest(der, len, digest, &digest_len, md, NULL) == 1 &&
	       slice_equal(record->data, slice_of(digest, digest_len));
}

static int certificate_matches(X509 *certificate, const struct tls_record *record, bool *ret_is)
{
	unsigned char *der = NULL;
	size_t len = 0;
	int r = selected(certificate, record, &der, &len);
	if (r)
		return err_up(r);
	*ret_is = data_is(record, der, len);
	OPENSSL_free(der);
	return 0;
}

static int record_matches(STACK_OF(X509) * list, const char *host, const struct tls_record *record,
                          bool *ret_is)
{
	int from = record->usage == USAGE_TA;
	int to = record->usage == USAGE_EE ? 1 : sk_X509_num(list);
	int r = 0;
	*ret_is = false;
	if (record->usage != USAGE_EE && record->usage != USAGE_TA)
		return 0;
	if (record->usage == USAGE_TA &&
	    X509_check_host(sk_X509_value(list, 0), host, 0, 0, NULL) != 1)
		return 0;
	for (int i = from; i < to && !*ret_is && !r; i++)
		r = certificate_matches(sk_X509_value(list, i), record, ret_is);
	return err_up(r);
}

int tls_shown_matches(const struct tls_shown *shown, const struct tls_record *records, size_t count,
                      bool *ret_matches)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	bool is = false;
	int r = tls_chain_read_pem(&list, shown->chain_pem);
	if (r)
		return r; /* ours, or an outcome of the same enum */
	for (size_t i = 0; i < count && !is && !r; i++)
		r = record_matches(list, shown->host, &records[i], &is);
	ERR_clear_error();
	*ret_matches = is;
	return err_up(r);
}

int tls_shown_has_name(const struct tls_shown *shown, bool *ret_has)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	int r = tls_chain_read_pem(&list, shown->chain_pem);
	if (r)
		return r; /* as above */
	*ret_has = X509_check_host(sk_X509_value(list, 0), shown->host, 0, 0, NULL) == 1;
	ERR_clear_error();
	return 0;
}

int tls_shown_tlsa(struct slice chain_pem, char ret_text[TLS_SHOWN_TLSA_CAP])
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	uint8_t digest[32];
	int r = tls_chain_read_pem(&list, chain_pem);
	if (r)
		return r; /* as above */
	if (!tls_chain_spki_digest(sk_X509_value(list, 0), digest))
		return TLS_CHAIN_BAD;
	int len = snprintf(ret_text, TLS_SHOWN_TLSA_CAP, "3 1 1 ");
	for (size_t i = 0; i < sizeof(digest); i++)
		len += snprintf(ret_text + len, TLS_SHOWN_TLSA_CAP - (size_t)len, "%02x",
		                digest[i]);
	return 0;
}

/* --- public CAs --- */

static void storep(X509_STORE **store)
{
	X509_STORE_free(*store);
}

static void contextp(X509_STORE_CTX **context)
{
	X509_STORE_CTX_free(*context);
}

static int store_fill(X509_STORE *store, struct slice ca_pem)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	int r = ca_pem.len ? tls_chain_read_pem(&list, ca_pem) : 0;
	if (r)
		return r < 0 ? err_up(r) : TLS_PROOF_BAD_CA;
	for (int i = 0; i < sk_X509_num(list); i++)
		if (X509_STORE_add_cert(store, sk_X509_value(list, i)) != 1)
			return err_raise(-ENOMEM);
	return 0;
}

static enum tls_proof_result result_of(int error)
{
	switch (error) {
	case X509_V_OK:
		return TLS_PROOF_HOLDS;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return TLS_PROOF_EXPIRED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return TLS_PROOF_NOT_TRUSTED;
	default:
		return TLS_PROOF_INVALID;
	}
}

int tls_shown_pkix(const struct tls_shown *shown, struct slice ca_pem, time_t now,
                   enum tls_proof_result *ret_result)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	CLEAN(storep) X509_STORE *store = X509_STORE_new();
	CLEAN(contextp) X509_STORE_CTX *context = X509_STORE_CTX_new();
	int r = tls_chain_read_pem(&list, shown->chain_pem);
	if (r)
		return r < 0 ? err_up(r) : r + TLS_SHOWN_CHAIN;
	if (!store || !context)
		return err_raise(-ENOMEM);
	r = store_fill(store, ca_pem);
	if (r)
		return r; /* TLS_PROOF_BAD_CA, or ours */
	X509 *leaf = sk_X509_value(list, 0);
	if (X509_STORE_CTX_init(context, store, leaf, list) != 1)
		return err_raise(-ENOMEM);
	X509_STORE_CTX_set_default(context, "ssl_server");
	X509_STORE_CTX_set_time(context, 0, now);
	int is_valid = X509_verify_cert(context);
	*ret_result =
		is_valid == 1 ? TLS_PROOF_HOLDS : result_of(X509_STORE_CTX_get_error(context));
	if (*ret_result == TLS_PROOF_HOLDS && X509_check_host(leaf, shown->host, 0, 0, NULL) != 1)
		*ret_result = TLS_PROOF_WRONG_NAME;
	ERR_clear_error();
	return 0;
}
