#include "keys/selfsigned.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

enum { SERIAL_LEN = 16, CN_MAX = 64, HOSTNAME_MAX = 253 };

/* Old clocks of peers: an hour back. A year here is 365 days, ten of them nearly ten years. */
enum { BACKDATE_S = 3600, LIFETIME_S = 10 * 365 * 24 * 3600 };

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

/* The common name is for people; names are matched in the SAN. A longer one does not fit. */
static bool subject_set(X509 *certificate, const char *hostname)
{
	const char *cn = strlen(hostname) <= CN_MAX ? hostname : "mailseal";
	X509_NAME *name = X509_get_subject_name(certificate);
	return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
	                                  (const unsigned char *)cn, -1, -1, 0) &&
	       X509_set_issuer_name(certificate, name);
}

static bool name_push(GENERAL_NAMES *names, const char *text)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *string = ASN1_IA5STRING_new();
	if (!name || !string || !ASN1_STRING_set(string, text, -1) ||
	    !sk_GENERAL_NAME_push(names, name)) {
		GENERAL_NAME_free(name);
		ASN1_IA5STRING_free(string);
		return false;
	}
	GENERAL_NAME_set0_value(name, GEN_DNS, string);
	return true;
}

GENERAL_NAMES *keys_names_new(const char *const *names, size_t count)
{
	CLEAN(general_names_freep) GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
	for (size_t i = 0; list && i < count; i++)
		if (!name_push(list, names[i]))
			return NULL;
	return TAKE(list);
}

static bool names_set(X509 *certificate, const struct keys_certificate *what)
{
	CLEAN(general_names_freep)
	GENERAL_NAMES *names = keys_names_new(what->names, what->name_count);
	return names && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
}

/* Values are fixed texts: nothing of the hostname goes through this parser. */
static bool extension_set(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool is_set = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return is_set;
}

/* RFC 8737 3: critical, an OCTET STRING with the digest. */
static bool digest_set(X509 *certificate, const uint8_t *digest)
{
	unsigned char value[2 + KEYS_DIGEST_LEN] = { V_ASN1_OCTET_STRING, KEYS_DIGEST_LEN };
	memcpy(value + 2, digest, KEYS_DIGEST_LEN);
	ASN1_OBJECT *id = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
	ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	if (id && data && ASN1_OCTET_STRING_set(data, value, sizeof(value)))
		extension = X509_EXTENSION_create_by_OBJ(NULL, id, 1, data);
	bool is_set = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(data);
	ASN1_OBJECT_free(id);
	return is_set;
}

static bool certificate_fill(X509 *certificate, EVP_PKEY *key, const struct keys_certificate *what)
{
	return X509_set_version(certificate, X509_VERSION_3) && serial_set(certificate) &&
	       subject_set(certificate, what->names[0]) && names_set(certificate, what) &&
	       (!what->acme_digest || digest_set(certificate, what->acme_digest)) &&
	       extension_set(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
	       extension_set(certificate, NID_key_usage, "critical,digitalSignature") &&
	       extension_set(certificate, NID_ext_key_usage, "serverAuth") &&
	       X509_gmtime_adj(X509_getm_notBefore(certificate), -BACKDATE_S) &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), LIFETIME_S) &&
	       X509_set_pubkey(certificate, key) && X509_sign(certificate, key, EVP_sha256()) > 0;
}

static int bio_move(BIO *bio, struct buf *ret_text)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	if (len <= 0)
		return err_raise(-ENOMEM);
	return err_up(buf_add(ret_text, slice_of(data, (size_t)len)));
}

int keys_key_write(struct buf *ret_pem, EVP_PKEY *key)
{
	CLEAN(bio_freep) BIO *secret = BIO_new(BIO_s_secmem()); /* wiped when freed */
	if (!secret || !PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL))
		return err_raise(-ENOMEM);
	return err_up(bio_move(secret, ret_pem));
}

int keys_certificate_make(struct buf *ret_pem, EVP_PKEY *key, const struct keys_certificate *what)
{
	CLEAN(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	CLEAN(x509_freep) X509 *certificate = X509_new();
	for (size_t i = 0; i < what->name_count; i++)
		if (!what->names[i][0] || strlen(what->names[i]) > HOSTNAME_MAX)
			return err_raise(-EINVAL);
	if (!what->name_count)
		return err_raise(-EINVAL);
	if (!bio || !certificate || !certificate_fill(certificate, key, what) ||
	    !PEM_write_bio_X509(bio, certificate)) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	return err_up(bio_move(bio, ret_pem));
}

int keys_self_signed_make(struct buf *ret_key_pem, struct buf *ret_chain_pem, const char *hostname)
{
	const struct keys_certificate what = { .names = &hostname, .name_count = 1 };
	CLEAN(pkey_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
	if (!key) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	int r = keys_certificate_make(ret_chain_pem, key, &what);
	if (!r)
		r = keys_key_write(ret_key_pem, key);
	return err_up(r);
}
