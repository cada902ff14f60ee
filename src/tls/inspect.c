#include "tls/inspect.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/chain.h"
#include "tls/inspect_private.h"
#include "tls/label_private.h"

#include <errno.h>
#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* RFC 7633: status_request, status_request_v2. */
enum { FEATURE_STATUS = 5, FEATURE_STATUS_V2 = 17 };

/* The certificates */

/* Reads on until one does not parse: a server may send anything behind its own. */
static int der_read(STACK_OF(X509) * list, struct slice der)
{
	const unsigned char *at = der.data;
	const unsigned char *end = der.data + der.len;
	while (at < end) {
		X509 *certificate = d2i_X509(NULL, &at, end - at);
		if (!certificate)
			break;
		if (!sk_X509_push(list, certificate)) {
			X509_free(certificate);
			return err_raise(-ENOMEM);
		}
	}
	return sk_X509_num(list) ? 0 : TLS_INSPECT_BAD;
}

static bool is_pem(struct slice chain)
{
	static const char start[] = "-----BEGIN ";
	return memmem(chain.data, chain.len, start, sizeof(start) - 1) && chain.data[0] != 0x30;
}

int tls_inspect_read(STACK_OF(X509) * *ret_list, struct slice chain)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	int r = 0;
	if (!chain.len)
		return TLS_INSPECT_EMPTY;
	if (chain.len > TLS_INSPECT_LEN_MAX)
		return TLS_INSPECT_BAD;
	if (is_pem(chain)) {
		r = tls_chain_read_pem(&list, chain);
		if (r > 0)
			r = TLS_INSPECT_BAD;
	} else {
		list = sk_X509_new_null();
		r = list ? der_read(list, chain) : err_raise(-ENOMEM);
	}
	ERR_clear_error();
	if (r)
		return r; /* BAD, or ours */
	*ret_list = TAKE(list);
	return 0;
}

/* One of them */

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

/* RFC 4514's own escapes leave nothing but printable ASCII; what does not fit is cut. */
static void name_write(const X509_NAME *name, char *ret_text, size_t cap)
{
	CLEAN(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL;
	ret_text[0] = '\0';
	if (!bio || X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) < 0)
		return;
	long len = BIO_get_mem_data(bio, &data);
	if (len > 0)
		slice_to_text(slice_of(data, (size_t)len), ret_text, cap);
}

static void common_name_write(X509 *certificate, char *ret_text, size_t cap)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	unsigned char *text = NULL;
	int last = -1;
	ret_text[0] = '\0';
	for (int at = 0; at >= 0;) {
		at = X509_NAME_get_index_by_NID(subject, NID_commonName, last);
		last = at >= 0 ? at : last;
	}
	if (last < 0)
		return;
	int len = ASN1_STRING_to_UTF8(&text,
	                              X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
	if (len > 0)
		slice_to_text(slice_of(text, (size_t)len), ret_text, cap);
	OPENSSL_free(text);
}

static void key_fill(X509 *certificate, struct tls_inspected *ret)
{
	static const char curve[] = "EC ";
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	int bits = key ? EVP_PKEY_get_bits(key) : 0;
	tls_label_key(certificate, ret->key, sizeof(ret->key));
	ret->key_bits = bits > 0 ? (unsigned)bits : 0;
	if (!strncmp(ret->key, curve, sizeof(curve) - 1) && EVP_PKEY_is_a(key, "EC"))
		slice_to_text(slice_str(ret->key + sizeof(curve) - 1), ret->curve,
		              sizeof(ret->curve));
}

/* The long name says the hash too, but for RSASSA-PSS, which has it in its parameters. */
static void signature_fill(X509 *certificate, struct tls_inspected *ret)
{
	const X509_ALGOR *algorithm = NULL;
	const ASN1_OBJECT *object = NULL;
	char name[sizeof(ret->signature)];
	int hash = NID_undef;
	int kind = NID_undef;
	X509_get0_signature(NULL, &algorithm, certificate);
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	OBJ_obj2txt(name, sizeof(name), object, 0);
	X509_get_signature_info(certificate, &hash, &kind, NULL, NULL);
	if (kind == NID_rsassaPss && hash != NID_undef)
		snprintf(ret->signature, sizeof(ret->signature), "RSASSA-PSS %s", OBJ_nid2ln(hash));
	else
		slice_to_text(slice_str(name), ret->signature, sizeof(ret->signature));
	ret->is_sha1_signed = hash == NID_sha1;
	ret->is_md5_signed = hash == NID_md5 || hash == NID_md4 || hash == NID_md2;
}

static bool is_ca(X509 *certificate)
{
	BASIC_CONSTRAINTS *constraints =
		X509_get_ext_d2i(certificate, NID_basic_constraints, NULL, NULL);
	bool is = constraints && constraints->ca;
	BASIC_CONSTRAINTS_free(constraints);
	return is;
}

static bool has_ocsp_url(X509 *certificate)
{
	STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate);
	bool has = urls && sk_OPENSSL_STRING_num(urls) > 0;
	X509_email_free(urls);
	return has;
}

static bool is_issued_by(X509 *certificate, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	return key && X509_check_issued(issuer, certificate) == X509_V_OK &&
	       X509_verify(certificate, key) == 1;
}

/* next: NULL behind the last */
static int inspected_fill(struct tls_inspected *ret, X509 *certificate, X509 *next)
{
	name_write(X509_get_subject_name(certificate), ret->subject, sizeof(ret->subject));
	name_write(X509_get_issuer_name(certificate), ret->issuer, sizeof(ret->issuer));
	common_name_write(certificate, ret->cn, sizeof(ret->cn));
	key_fill(certificate, ret);
	signature_fill(certificate, ret);
	ret->not_before_s = tls_label_time(X509_get0_notBefore(certificate));
	ret->not_after_s = tls_label_time(X509_get0_notAfter(certificate));
	ret->is_self_signed = X509_self_signed(certificate, 1) == 1;
	ret->is_ca = is_ca(certificate);
	ret->is_issued_by_next = next && is_issued_by(certificate, next);
	ret->has_ocsp_url = has_ocsp_url(certificate);
	if (!tls_chain_spki_digest(certificate, ret->spki) ||
	    X509_digest(certificate, EVP_sha256(), ret->sha256, NULL) != 1)
		return err_raise(-ENOMEM);
	return 0;
}

/* The leaf */

static bool has_must_staple(X509 *leaf)
{
	TLS_FEATURE *features = X509_get_ext_d2i(leaf, NID_tlsfeature, NULL, NULL);
	bool has = false;
	for (int i = 0; features && i < sk_ASN1_INTEGER_num(features); i++) {
		long number = ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i));
		has |= number == FEATURE_STATUS || number == FEATURE_STATUS_V2;
	}
	TLS_FEATURE_free(features);
	return has;
}

static size_t sct_count(X509 *leaf)
{
	STACK_OF(SCT) *list = X509_get_ext_d2i(leaf, NID_ct_precert_scts, NULL, NULL);
	int count = list ? sk_SCT_num(list) : 0;
	SCT_LIST_free(list);
	return count > 0 ? (size_t)count : 0;
}

static void names_count(struct tls_inspection *ret)
{
	const char *at = ret->names;
	while (*at) {
		size_t len = strcspn(at, ",");
		ret->name_count++;
		ret->has_wildcard |= at[0] == '*';
		at += len + (at[len] == ',');
	}
}

static int leaf_fill(struct tls_inspection *ret, X509 *leaf)
{
	ret->names = tls_chain_names(leaf);
	if (!ret->names)
		return err_raise(-ENOMEM);
	names_count(ret);
	ret->has_must_staple = has_must_staple(leaf);
	ret->sct_count = sct_count(leaf);
	return 0;
}

/* All of them */

static bool is_twice(const struct tls_inspection *inspection, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!memcmp(inspection->certificates[i].sha256, inspection->certificates[n].sha256,
		            sizeof(inspection->certificates[n].sha256)))
			return true;
	return false;
}

static void chain_conclude(struct tls_inspection *ret)
{
	ret->is_in_order = true;
	for (size_t i = 0; i < ret->count; i++) {
		const struct tls_inspected *one = &ret->certificates[i];
		bool is_last = i + 1 == ret->sent_count;
		bool is_cut = i + 1 == ret->count; /* whether the next one issued it is not known */
		ret->is_in_order &= is_last || is_cut || one->is_issued_by_next;
		ret->has_root |= i && one->is_self_signed;
		ret->has_duplicate |= is_twice(ret, i);
	}
}

int tls_inspect(struct tls_inspection *ret_inspection, struct slice chain)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	CLEAN(tls_inspection_deinit) struct tls_inspection inspection = {};
	int r = tls_inspect_read(&list, chain);
	if (r)
		return r; /* enum tls_inspect_result, or ours */
	inspection.sent_count = (size_t)sk_X509_num(list);
	r = leaf_fill(&inspection, sk_X509_value(list, 0));
	for (int i = 0; !r && i < sk_X509_num(list) && i < TLS_INSPECT_CERTIFICATES_MAX; i++)
		r = inspected_fill(&inspection.certificates[inspection.count++],
		                   sk_X509_value(list, i), sk_X509_value(list, i + 1));
	ERR_clear_error();
	if (r)
		return err_up(r);
	chain_conclude(&inspection);
	*ret_inspection = inspection;
	inspection = (struct tls_inspection){};
	return 0;
}

void tls_inspection_deinit(struct tls_inspection *inspection)
{
	free(inspection->names);
	inspection->names = NULL;
}

/* Names */

/* "*.example.org" is one label more than "example.org", RFC 9525 6.3. */
static bool is_wildcard_for(struct slice pattern, struct slice name)
{
	size_t label = slice_find(name, '.');
	if (pattern.len < 3 || pattern.data[0] != '*' || !label || label == name.len)
		return false;
	return slice_equal_nocase(slice_skip(pattern, 1), slice_skip(name, label));
}

enum tls_inspect_name tls_inspect_name(const struct tls_inspection *inspection, const char *name)
{
	struct slice wanted = slice_str(name);
	enum tls_inspect_name found = TLS_INSPECT_NAME_MISSING;
	if (wanted.len && wanted.data[wanted.len - 1] == '.')
		wanted.len--;
	for (struct slice rest = slice_str(inspection->names); rest.len;) {
		struct slice one = slice_head(rest, slice_find(rest, ','));
		rest = slice_skip(rest, one.len + 1);
		if (slice_equal_nocase(one, wanted))
			return TLS_INSPECT_NAME_MATCHES;
		if (is_wildcard_for(one, wanted))
			found = TLS_INSPECT_NAME_WILDCARD;
	}
	if (found == TLS_INSPECT_NAME_MISSING && wanted.len &&
	    slice_equal_nocase(slice_str(inspection->certificates[0].cn), wanted))
		found = TLS_INSPECT_NAME_CN_ONLY;
	return found;
}
