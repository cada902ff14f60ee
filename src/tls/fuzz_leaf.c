/* A certificate in DER, as it stands in a file: what is taken of it lies within it, and of one that
 * OpenSSL takes, the key is of the same kind. */
#include "tls/leaf.h"

#undef NDEBUG
#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(struct slice part, struct slice whole)
{
	return part.data >= whole.data && part.len <= whole.len &&
	       (size_t)(part.data - whole.data) <= whole.len - part.len;
}

static void compare(const struct tls_leaf *leaf, const uint8_t *data, size_t size)
{
	const unsigned char *at = data;
	X509 *certificate = d2i_X509(NULL, &at, (long)size);
	EVP_PKEY *key = certificate ? X509_get0_pubkey(certificate) : NULL;
	if (key)
		assert(EVP_PKEY_is_a(key, "RSA") == (leaf->kind == TLS_KEY_RSA));
	X509_free(certificate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice der = slice_of(data, size);
	struct tls_leaf leaf;
	int r = tls_leaf_read(&leaf, der);
	assert(r == 0 || r == TLS_CHAIN_BAD || r == TLS_CHAIN_UNSUPPORTED);
	assert(!ERR_peek_error());
	if (r)
		return 0;
	assert(leaf.key.len && is_within(leaf.key, der));
	for (size_t i = 0; i < leaf.name_count; i++)
		assert(is_within(leaf.names[i], der));
	compare(&leaf, data, size);
	ERR_clear_error();
	return 0;
}
