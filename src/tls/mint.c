#include "tls/mint.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/chain.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

enum { SERIAL_LEN = 16, CN_MAX = 64, DAY_S = 24 * 3600, CA_DAYS = 3650, RSA_BITS = 2048 };

struct tls_mint {
	EVP_PKEY *key;
	X509 *certificate;
};

static void pkey_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void x509_freep(X509 **certificate)
{
	X509_free(*certificate);
}

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

static void general_names_freep(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

static void mint_freep(struct tls_mint **m)
{
	tls_mint_free(*m);
}

void tls_mint_free(struct tls_mint *m)
{
	if (!m)
		return;
	EVP_PKEY_free(m->key);
	X509_free(m->certificate);
	free(m);
}

/* RFC 5280 4.1.2.2: positive, at most 20 octets, not to be guessed. */
static bool serial_set(X509 *certificate)
{
	unsigned char bytes[SERIAL_LEN];
	if (RAND_bytes(bytes, sizeof(bytes)) <= 0)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool is_set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
	BN_free(number);
	return is_set;
}

/* The common name is for people; a longer one does not fit. */
static bool subject_set(X509 *certificate, const char *name)
{
	const char *cn = strlen(name) <= CN_MAX ? name : "mailseal check --sender";
	return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
	                                  MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
}

static bool name_push(GENERAL_NAMES *names, const char *text)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *string = ASN1_IA5STRING_new();
	if (!name || !string || !ASN1_STRING_set(string, text, -1)) {
		GENERAL_NAME_free(name);
		ASN1_IA5STRING_free(string);
		return false;
	}
	GENERAL_NAME_set0_value(name, GEN_DNS, string);
	if (sk_GENERAL_NAME_push(names, name))
		return true;
	GENERAL_NAME_free(name);
	return false;
}

static bool names_set(X509 *certificate, const struct tls_mint_order *order)
{
	CLEAN(general_names_freep) GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool is_well = names;
	for (size_t i = 0; is_well && i < order->name_count; i++)
		is_well = name_push(names, order->names[i]);
	return is_well && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
}

/* Values are fixed texts: nothing of a caller goes through this parser. */
static bool extension_set(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool is_set = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return is_set;
}

static bool span_set(X509 *certificate, int from_days, int until_days)
{
	return X509_gmtime_adj(X509_getm_notBefore(certificate), (long)from_days * DAY_S) &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), (long)until_days * DAY_S);
}

/* The key's identifier helps who builds chains of several CAs with one name. */
static bool identifier_set(X509 *certificate, EVP_PKEY *key)
{
	unsigned char digest[32];
	bool is_set =
		X509_set_pubkey(certificate, key) && tls_chain_spki_digest(certificate, digest);
	ASN1_OCTET_STRING *text = is_set ? ASN1_OCTET_STRING_new() : NULL;
	is_set = text && ASN1_OCTET_STRING_set(text, digest, 20) &&
	         X509_add1_ext_i2d(certificate, NID_subject_key_identifier, text, 0, 0) == 1;
	ASN1_OCTET_STRING_free(text);
	return is_set;
}

/* RFC 5280 4.2.1.1: who verifies strictly wants it of all but a self-signed one. */
static bool issuer_identifier_set(X509 *certificate, X509 *issuer)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension =
		X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid");
	bool is_set = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return is_set;
}

static bool ca_fill(X509 *certificate, EVP_PKEY *key, const char *name)
{
	return X509_set_version(certificate, X509_VERSION_3) && serial_set(certificate) &&
	       subject_set(certificate, name) &&
	       X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) &&
	       span_set(certificate, -1, CA_DAYS) && identifier_set(certificate, key) &&
	       extension_set(certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	       extension_set(certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       X509_sign(certificate, key, EVP_sha256()) > 0;
}

int tls_mint_new(struct tls_mint **ret_mint, const char *name)
{
	CLEAN(mint_freep) struct tls_mint *m = calloc(1, sizeof(*m));
	if (!m)
		return err_raise(-ENOMEM);
	m->key = EVP_EC_gen("P-256");
	m->certificate = X509_new();
	if (!m->key || !m->certificate || !ca_fill(m->certificate, m->key, name)) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	*ret_mint = TAKE(m);
	return 0;
}

/* No passphrase is asked for on a terminal. */
static int no_passphrase(char *text, int size, int is_writing, void *arg)
{
	(void)text;
	(void)size;
	(void)is_writing;
	(void)arg;
	return -1;
}

int tls_mint_read(struct tls_mint **ret_mint, struct slice pem)
{
	CLEAN(mint_freep) struct tls_mint *m = calloc(1, sizeof(*m));
	CLEAN(bio_freep) BIO *key = BIO_new_mem_buf(pem.data, (int)pem.len);
	CLEAN(bio_freep) BIO *certificate = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (!m || !key || !certificate)
		return err_raise(-ENOMEM);
	m->key = PEM_read_bio_PrivateKey(key, NULL, no_passphrase, NULL);
	m->certificate = PEM_read_bio_X509(certificate, NULL, no_passphrase, NULL);
	bool is_well = m->key && m->certificate && X509_check_ca(m->certificate) == 1 &&
	               X509_check_private_key(m->certificate, m->key) == 1;
	ERR_clear_error();
	if (!is_well)
		return TLS_MINT_BAD_PEM;
	*ret_mint = TAKE(m);
	return 0;
}

static int bio_move(BIO *bio, struct buf *ret_text)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	if (len <= 0)
		return err_raise(-ENOMEM);
	return err_up(buf_add(ret_text, slice_of(data, (size_t)len)));
}

static int key_write(EVP_PKEY *key, struct buf *ret_pem)
{
	CLEAN(bio_freep) BIO *secret = BIO_new(BIO_s_secmem()); /* wiped when freed */
	if (!secret || !PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL))
		return err_raise(-ENOMEM);
	return err_up(bio_move(secret, ret_pem));
}

static int certificate_write(X509 *certificate, struct buf *ret_pem)
{
	CLEAN(bio_freep) BIO *text = BIO_new(BIO_s_mem());
	if (!text || !PEM_write_bio_X509(text, certificate))
		return err_raise(-ENOMEM);
	return err_up(bio_move(text, ret_pem));
}

int tls_mint_write(const struct tls_mint *m, struct buf *ret_pem)
{
	int r = key_write(m->key, ret_pem);
	return r ? err_up(r) : err_up(certificate_write(m->certificate, ret_pem));
}

int tls_mint_certificate(const struct tls_mint *m, struct buf *ret_pem)
{
	return err_up(certificate_write(m->certificate, ret_pem));
}

int tls_mint_digest(const struct tls_mint *m, uint8_t ret_sha256[32])
{
	return tls_chain_spki_digest(m->certificate, ret_sha256) ? 0 : err_raise(-ENOMEM);
}

static bool leaf_fill(X509 *leaf, EVP_PKEY *key, const struct tls_mint *m,
                      const struct tls_mint_order *order)
{
	X509 *issuer = order->is_self_signed ? leaf : m->certificate;
	return X509_set_version(leaf, X509_VERSION_3) && serial_set(leaf) &&
	       subject_set(leaf, order->names[0]) &&
	       X509_set_issuer_name(leaf, X509_get_subject_name(issuer)) &&
	       span_set(leaf, order->from_days, order->until_days) && identifier_set(leaf, key) &&
	       (order->is_self_signed || issuer_identifier_set(leaf, issuer)) &&
	       names_set(leaf, order) &&
	       extension_set(leaf, NID_basic_constraints, "critical,CA:FALSE") &&
	       extension_set(leaf, NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
	       extension_set(leaf, NID_ext_key_usage, "serverAuth") &&
	       X509_sign(leaf, order->is_self_signed ? key : m->key, EVP_sha256()) > 0;
}

int tls_mint_order(const struct tls_mint *m, const struct tls_mint_order *order,
                   struct buf *ret_key_pem, struct buf *ret_chain_pem)
{
	if (!order->name_count)
		return err_raise(-EINVAL);
	CLEAN(pkey_freep)
	EVP_PKEY *key = order->key == TLS_MINT_RSA ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");
	CLEAN(x509_freep) X509 *leaf = X509_new();
	if (!key || !leaf || !leaf_fill(leaf, key, m, order)) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	int r = key_write(key, ret_key_pem);
	if (!r)
		r = certificate_write(leaf, ret_chain_pem);
	if (!r && !order->is_self_signed)
		r = certificate_write(m->certificate, ret_chain_pem);
	return err_up(r);
}
