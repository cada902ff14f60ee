/*
 * Private keys that are not here. RSA and EC keys of an OpenSSL provider (tls/provider.h) are a
 * public key and the number by which keys knows the private one. A signature is asked for with the
 * session's tls_signer, and the fiber (ASYNC job) of the handshake sleeps until it came.
 *
 * There is no raw RSA operation and no decryption (DECISIONS 3): the request names a TLS
 * SignatureScheme, the padding is made by keys.
 */
#ifndef TLS_SIGNER_H
#define TLS_SIGNER_H

#include <openssl/core.h>
#include <openssl/evp.h>

/* RSA with MD5 and SHA-1 concatenated (TLS 1.0 and 1.1), which has no number in the registry. */
enum { TLS_SCHEME_RSA_MD5_SHA1 = 0xff01 };

/* For the provider: an OSSL_OP_KEYMGMT and an OSSL_OP_SIGNATURE. */
extern const OSSL_ALGORITHM tls_signer_keys[];
extern const OSSL_ALGORITHM tls_signer_signatures[];

/* A stand-in for the private key of public_key, of which it keeps a reference. NULL: no memory. */
EVP_PKEY *tls_signer_key_new(EVP_PKEY *public_key, uint32_t key_id);

#endif
