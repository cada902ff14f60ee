#include "tls/chain.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/leaf.h"
#include "tls/server.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <strings.h>

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

void tls_chain_list_freep(STACK_OF(X509) * *list)
{
	sk_X509_pop_free(*list, X509_free);
	*list = NULL;
}

/* Whether reading ended where no certificate follows, and not within one. Empties the queue. */
static bool is_pem_end(void)
{
	unsigned long error = ERR_peek_last_error();
	ERR_clear_error();
	return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

int tls_chain_read_pem(STACK_OF(X509) * *ret_list, struct slice pem)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = sk_X509_new_null();
	CLEAN(bio_freep) BIO *bio = NULL;
	if (!pem.len)
		return TLS_CHAIN_EMPTY;
	if (pem.len <= INT_MAX)
		bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (!list || !bio)
		return err_raise(-ENOMEM);
	for (;;) {
		X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (!certificate)
			break;
		if (!sk_X509_push(list, certificate)) {
			X509_free(certificate);
			return err_raise(-ENOMEM);
		}
	}
	if (!is_pem_end())
		return TLS_CHAIN_BAD;
	if (!sk_X509_num(list))
		return TLS_CHAIN_EMPTY;
	*ret_list = TAKE(list);
	return 0;
}

STACK_OF(X509) * tls_chain_certificates(struct slice der)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = sk_X509_new_null();
	const unsigned char *at = der.data;
	while (list && at < der.data + der.len) {
		X509 *certificate = d2i_X509(NULL, &at, der.data + der.len - at);
		if (!certificate)
			return NULL;
		if (!sk_X509_push(list, certificate)) {
			X509_free(certificate);
			return NULL;
		}
	}
	return TAKE(list);
}

bool tls_chain_is_well(struct slice der)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = tls_chain_certificates(der);
	ERR_clear_error();
	return list;
}

static int der_add(struct buf *der, X509 *certificate)
{
	int len = i2d_X509(certificate, NULL);
	uint8_t *at = NULL;
	if (len <= 0)
		return TLS_CHAIN_BAD;
	int r = buf_reserve(der, (size_t)len, &at);
	if (r)
		return err_up(r);
	i2d_X509(certificate, &at);
	buf_commit(der, (size_t)len);
	return 0;
}

static int kind_of(X509 *leaf, enum tls_key_kind *ret_kind)
{
	EVP_PKEY *key = X509_get0_pubkey(leaf);
	if (!key)
		return TLS_CHAIN_BAD;
	if (EVP_PKEY_is_a(key, "RSA"))
		*ret_kind = TLS_KEY_RSA;
	else if (EVP_PKEY_is_a(key, "EC"))
		*ret_kind = TLS_KEY_EC;
	else
		return TLS_CHAIN_UNSUPPORTED;
	return 0;
}

/* Empty where it is no name. */
static struct slice name_text(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == ',')
			return (struct slice){};
	return text;
}

/* DNS names only: subject, addresses and mailboxes do not choose a certificate (RFC 9525). */
static struct slice dns_name(const GENERAL_NAME *name)
{
	if (name->type != GEN_DNS)
		return (struct slice){};
	return name_text(slice_of(ASN1_STRING_get0_data(name->d.dNSName),
	                          (size_t)ASN1_STRING_length(name->d.dNSName)));
}

static int compare_names(const void *a, const void *b)
{
	const struct slice *x = a;
	const struct slice *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = strncasecmp((const char *)x->data, (const char *)y->data, len);
	if (order)
		return order;
	return (x->len > y->len) - (x->len < y->len);
}

static void to_lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text + 'a' - 'A');
}

static int names_join(struct slice *names, size_t count, char **ret_text)
{
	CLEAN(buf_deinit) struct buf text = {};
	int r = 0;
	if (count)
		qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count && !r; i++) {
		if (i && slice_equal_nocase(names[i], names[i - 1]))
			continue;
		if (buf_len(&text))
			r = buf_add_str(&text, ",");
		if (!r)
			r = buf_add(&text, names[i]);
	}
	if (r)
		return err_up(r);
	*ret_text = strndup((const char *)buf_slice(&text).data ?: "", buf_len(&text));
	if (!*ret_text)
		return err_raise(-ENOMEM);
	to_lower(*ret_text);
	return 0;
}

static void general_names_freep(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

static int names_read(X509 *leaf, char **ret_text)
{
	CLEAN(general_names_freep)
	GENERAL_NAMES *list = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	int total = list ? sk_GENERAL_NAME_num(list) : 0;
	CLEAN(freep) struct slice *names = calloc((size_t)total + 1, sizeof(*names));
	size_t count = 0;
	if (!names)
		return err_raise(-ENOMEM);
	for (int i = 0; i < total; i++) {
		names[count] = dns_name(sk_GENERAL_NAME_value(list, i));
		count += names[count].len > 0;
	}
	return err_up(names_join(names, count, ret_text));
}

char *tls_chain_names(X509 *certificate)
{
	char *names = NULL;
	int r = names_read(certificate, &names);
	ERR_clear_error();
	return r ? NULL : names;
}

int tls_chain_init(struct tls_chain *ret_chain, struct slice pem)
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	CLEAN(tls_chain_deinit) struct tls_chain chain = {};
	int r = tls_chain_read_pem(&list, pem);
	if (!r)
		r = kind_of(sk_X509_value(list, 0), &chain.kind);
	for (int i = 0; !r && i < sk_X509_num(list); i++)
		r = der_add(&chain.der, sk_X509_value(list, i));
	if (!r)
		r = names_read(sk_X509_value(list, 0), &chain.names);
	if (!r && !tls_chain_spki_digest(sk_X509_value(list, 0), chain.key_sha256))
		r = TLS_CHAIN_BAD;
	ERR_clear_error();
	if (r)
		return r; /* ours or an outcome of the same enum */
	*ret_chain = chain;
	chain = (struct tls_chain){};
	return 0;
}

/* The bytes of all certificates of a PEM text. 0, TLS_CHAIN_EMPTY, TLS_CHAIN_BAD or ours. */
static int der_read(struct buf *der, struct slice pem)
{
	CLEAN(bio_freep) BIO *bio = NULL;
	char *name, *header;
	unsigned char *data;
	long len;
	int r = 0;
	if (pem.len <= INT_MAX)
		bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (!bio)
		return err_raise(-ENOMEM);
	while (!r && PEM_read_bio(bio, &name, &header, &data, &len)) {
		if (!strcmp(name, PEM_STRING_X509) || !strcmp(name, PEM_STRING_X509_OLD))
			r = buf_add(der, slice_of(data, (size_t)len));
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	if (r)
		return err_up(r);
	if (!is_pem_end())
		return TLS_CHAIN_BAD;
	return buf_len(der) ? 0 : TLS_CHAIN_EMPTY;
}

static int leaf_take(struct tls_chain *chain)
{
	struct tls_leaf leaf;
	size_t count = 0;
	int r = tls_leaf_read(&leaf, buf_slice(&chain->der));
	if (r)
		return r;
	chain->kind = leaf.kind;
	for (size_t i = 0; i < leaf.name_count; i++) {
		leaf.names[count] = name_text(leaf.names[i]);
		count += leaf.names[count].len > 0;
	}
	if (!EVP_Digest(leaf.key.data, leaf.key.len, chain->key_sha256, NULL, EVP_sha256(), NULL))
		return err_raise(-ENOMEM);
	return err_up(names_join(leaf.names, count, &chain->names));
}

int tls_chain_take(struct tls_chain *ret_chain, struct slice pem)
{
	CLEAN(tls_chain_deinit) struct tls_chain chain = {};
	int r = pem.len ? der_read(&chain.der, pem) : TLS_CHAIN_EMPTY;
	if (!r)
		r = leaf_take(&chain);
	if (r)
		return r; /* the same */
	*ret_chain = chain;
	chain = (struct tls_chain){};
	return 0;
}

void tls_chain_deinit(struct tls_chain *chain)
{
	buf_deinit(&chain->der);
	free(chain->names);
	chain->names = NULL;
}

bool tls_chain_spki_digest(X509 *certificate, uint8_t ret_sha256[32])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
	if (len <= 0)
		return false;
	bool is_done = EVP_Digest(der, (size_t)len, ret_sha256, NULL, EVP_sha256(), NULL) == 1;
	OPENSSL_free(der);
	return is_done;
}

const char *tls_chain_result_words(int result)
{
	switch ((enum tls_chain_result)result) {
	case TLS_CHAIN_EMPTY:
		return "no certificate in it";
	case TLS_CHAIN_BAD:
		return "a certificate in it does not parse";
	case TLS_CHAIN_UNSUPPORTED:
		return "its key is neither RSA nor EC";
	}
	return "no memory";
}

int tls_chain_public_digest(struct slice chain_pem, uint8_t ret_sha256[32])
{
	CLEAN(tls_chain_list_freep) STACK_OF(X509) *list = NULL;
	int r = tls_chain_read_pem(&list, chain_pem);
	if (r < 0)
		return err_up(r);
	if (r || !tls_chain_spki_digest(sk_X509_value(list, 0), ret_sha256))
		return TLS_SERVER_BAD_CHAIN;
	return 0;
}
