#include "tls/ca.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/ca_private.h"
#include "tls/chain.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <time.h>

enum { SERIAL_LEN = 16, CN_MAX = 64, NAME_MAX_LEN = 253 };

void tls_ca_x509_freep(X509 **certificate)
{
	X509_free(*certificate);
}

static void general_names_freep(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

static void bignum_freep(BIGNUM **number)
{
	BN_free(*number);
}

/* RFC 5280 4.1.2.2: positive, at most 20 octets; random, so that two issuing hosts never meet. */
static bool serial_set(X509 *certificate)
{
	unsigned char bytes[SERIAL_LEN];
	if (RAND_bytes(bytes, sizeof(bytes)) <= 0)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	CLEAN(bignum_freep) BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	return number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
}

/* Lower case hex. */
static bool serial_write(const X509 *certificate, char ret_serial[TLS_CA_SERIAL_CAP])
{
	unsigned char bytes[(TLS_CA_SERIAL_CAP - 1) / 2];
	CLEAN(bignum_freep)
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	if (!number || BN_num_bytes(number) > (int)sizeof(bytes))
		return false;
	size_t len = (size_t)BN_bn2bin(number, bytes);
	for (size_t i = 0; i < len; i++)
		snprintf(ret_serial + 2 * i, 3, "%02x", bytes[i]);
	ret_serial[2 * len] = '\0';
	return true;
}

/* Takes value over, also where it fails. */
static bool name_push(GENERAL_NAMES *names, int type, ASN1_STRING *value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	if (!name || !value || !sk_GENERAL_NAME_push(names, name)) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(value);
		return false;
	}
	GENERAL_NAME_set0_value(name, type, value);
	return true;
}

static bool is_dns_name(const char *text)
{
	size_t len = strlen(text);
	return len && len <= NAME_MAX_LEN && text[0] != '.' && text[len - 1] != '.' &&
	       !strstr(text, "..") && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len;
}

static ASN1_STRING *bytes_new(int type, const void *bytes, size_t len)
{
	ASN1_STRING *value = ASN1_STRING_type_new(type);
	if (value && ASN1_STRING_set(value, bytes, (int)len))
		return value;
	ASN1_STRING_free(value);
	return NULL;
}

static size_t address_read(const char *text, uint8_t ret_bytes[16])
{
	if (inet_pton(AF_INET, text, ret_bytes) == 1)
		return 4;
	return inet_pton(AF_INET6, text, ret_bytes) == 1 ? 16 : 0;
}

/* Names go in as they are, through no parser. */
static int names_set(X509 *certificate, const struct tls_ca_spec *spec)
{
	CLEAN(general_names_freep) GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	uint8_t bytes[16];
	bool is_done = names;
	for (size_t i = 0; is_done && i < spec->dns_count; i++) {
		if (!is_dns_name(spec->dns[i]))
			return TLS_CA_BAD_NAME;
		is_done =
			name_push(names, GEN_DNS,
		                  bytes_new(V_ASN1_IA5STRING, spec->dns[i], strlen(spec->dns[i])));
	}
	for (size_t i = 0; is_done && i < spec->address_count; i++) {
		size_t len = address_read(spec->addresses[i], bytes);
		if (!len)
			return TLS_CA_BAD_NAME;
		is_done = name_push(names, GEN_IPADD, bytes_new(V_ASN1_OCTET_STRING, bytes, len));
	}
	if (is_done && sk_GENERAL_NAME_num(names))
		is_done = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
	return is_done ? 0 : err_raise(-ENOMEM);
}

/* Values are fixed texts: nothing of a name goes through this parser. */
static const struct extension {
	int nid;
	const char *root, *issuing, *node; /* NULL: it has none */
} extensions[] = {
	{ NID_basic_constraints, "critical,CA:TRUE", "critical,CA:TRUE,pathlen:0",
	  "critical,CA:FALSE" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign", "critical,keyCertSign,cRLSign",
	  "critical,digitalSignature" },
	{ NID_ext_key_usage, NULL, NULL, "serverAuth,clientAuth" },
	{ NID_subject_key_identifier, "hash", "hash", "hash" },
	{ NID_authority_key_identifier, "keyid", "keyid", "keyid" },
};

static const char *extension_value(const struct extension *e, enum tls_ca_kind kind)
{
	switch (kind) {
	case TLS_CA_ROOT:
		return e->root;
	case TLS_CA_ISSUING:
		return e->issuing;
	case TLS_CA_NODE:
		return e->node;
	}
	return NULL;
}

static bool extensions_set(X509 *certificate, X509 *issuer, enum tls_ca_kind kind)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, certificate, NULL, NULL, 0);
	for (size_t i = 0; i < COUNT_OF(extensions); i++) {
		const char *value = extension_value(&extensions[i], kind);
		X509_EXTENSION *e =
			value ? X509V3_EXT_conf_nid(NULL, &ctx, extensions[i].nid, value) : NULL;
		bool is_set = !value || (e && X509_add_ext(certificate, e, -1));
		X509_EXTENSION_free(e);
		if (!is_set)
			return false;
	}
	return true;
}

static bool time_set(ASN1_TIME *at, int64_t time_s)
{
	return ASN1_TIME_set(at, (time_t)time_s) != NULL;
}

static bool head_set(X509 *certificate, const struct tls_ca_spec *spec, EVP_PKEY *subject)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	return X509_set_version(certificate, X509_VERSION_3) && serial_set(certificate) &&
	       X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
	                                  (const unsigned char *)spec->common_name, -1, -1, 0) &&
	       time_set(X509_getm_notBefore(certificate), spec->not_before_s) &&
	       time_set(X509_getm_notAfter(certificate), spec->not_after_s) &&
	       X509_set_pubkey(certificate, subject);
}

static int certificate_fill(X509 *certificate, const struct tls_ca_spec *spec, EVP_PKEY *subject,
                            const struct tls_ca_issuer *issuer)
{
	CLEAN(tls_ca_x509_freep) X509 *above = NULL;
	EVP_PKEY *key = issuer->key->pkey;
	if (issuer->certificate_pem.len) {
		above = tls_ca_certificate(issuer->certificate_pem);
		if (!above)
			return TLS_CA_BAD_CERTIFICATE;
	}
	X509 *by = above ? above : certificate;
	if (!head_set(certificate, spec, subject) ||
	    !X509_set_issuer_name(certificate, X509_get_subject_name(by)))
		return err_raise(-ENOMEM);
	int r = names_set(certificate, spec);
	if (r)
		return r;
	if (!extensions_set(certificate, by, spec->kind) ||
	    X509_sign(certificate, key, tls_ca_digest(key)) <= 0)
		return err_raise(-ENOMEM);
	return 0;
}

int tls_ca_certify(const struct tls_ca_spec *spec, const struct tls_ca_key *subject,
                   const struct tls_ca_issuer *issuer, struct buf *ret_pem,
                   char ret_serial[TLS_CA_SERIAL_CAP])
{
	CLEAN(tls_ca_x509_freep) X509 *certificate = X509_new();
	CLEAN(tls_ca_bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	size_t len = strlen(spec->common_name);
	if (!len || len > CN_MAX)
		return TLS_CA_BAD_NAME;
	int r = certificate && bio ? certificate_fill(certificate, spec, subject->pkey, issuer)
	                           : err_raise(-ENOMEM);
	if (!r && (!PEM_write_bio_X509(bio, certificate) || !serial_write(certificate, ret_serial)))
		r = err_raise(-ENOMEM);
	ERR_clear_error();
	return r ? r : err_up(tls_ca_bio_move(bio, ret_pem));
}

static int64_t time_of(const ASN1_TIME *at)
{
	struct tm tm;
	return ASN1_TIME_to_tm(at, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void common_name_write(X509 *certificate, char *ret_text, size_t cap)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	const ASN1_STRING *text =
		at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
	slice_to_text(text ? slice_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text))
	                   : (struct slice){},
	              ret_text, cap);
}

static void address_add(struct buf *text, const ASN1_OCTET_STRING *from, int *r)
{
	char name[INET6_ADDRSTRLEN];
	int family = ASN1_STRING_length(from) == 4 ? AF_INET : AF_INET6;
	if (*r || (family == AF_INET6 && ASN1_STRING_length(from) != 16) ||
	    !inet_ntop(family, ASN1_STRING_get0_data(from), name, sizeof(name)))
		return;
	*r = buf_printf(text, "%s%s", buf_len(text) ? "," : "", name);
}

/* NULL: no memory. */
static char *addresses_join(X509 *certificate)
{
	CLEAN(general_names_freep)
	GENERAL_NAMES *list = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	CLEAN(buf_deinit) struct buf text = {};
	int r = 0;
	for (int i = 0; list && i < sk_GENERAL_NAME_num(list); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(list, i);
		if (name->type == GEN_IPADD)
			address_add(&text, name->d.iPAddress, &r);
	}
	if (r)
		return NULL;
	return strndup(buf_len(&text) ? (const char *)buf_slice(&text).data : "", buf_len(&text));
}

int tls_ca_facts_read(struct tls_ca_facts *ret_facts, struct slice certificate_pem)
{
	CLEAN(tls_ca_x509_freep) X509 *certificate = tls_ca_certificate(certificate_pem);
	struct tls_ca_facts facts = {};
	if (!certificate || !serial_write(certificate, facts.serial) ||
	    !X509_digest(certificate, EVP_sha256(), facts.sha256, NULL)) {
		ERR_clear_error();
		return TLS_CA_BAD_CERTIFICATE;
	}
	facts.not_before_s = time_of(X509_get0_notBefore(certificate));
	facts.not_after_s = time_of(X509_get0_notAfter(certificate));
	facts.is_ca = X509_check_ca(certificate) == 1;
	common_name_write(certificate, facts.common_name, sizeof(facts.common_name));
	facts.names = tls_chain_names(certificate);
	facts.addresses = addresses_join(certificate);
	ERR_clear_error();
	if (!facts.names || !facts.addresses) {
		tls_ca_facts_deinit(&facts);
		return err_raise(-ENOMEM);
	}
	*ret_facts = facts;
	return 0;
}

void tls_ca_facts_deinit(struct tls_ca_facts *facts)
{
	free(facts->names);
	free(facts->addresses);
	facts->names = facts->addresses = NULL;
}
