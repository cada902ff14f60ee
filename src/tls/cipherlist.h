/* What a cipher list, as servers' configurations have it, lets in before TLS 1.3. */
#ifndef TLS_CIPHERLIST_H
#define TLS_CIPHERLIST_H

enum tls_cipher_class {
	TLS_CIPHERS_AEAD = 1 << 0,     /* ECDHE, AES-GCM or ChaCha20 or CCM */
	TLS_CIPHERS_CBC_SHA2 = 1 << 1, /* ECDHE, AES */
	TLS_CIPHERS_CBC_SHA1 = 1 << 2, /* ECDHE, AES */
	TLS_CIPHERS_DHE = 1 << 3,      /* finite fields */
	TLS_CIPHERS_STATIC = 1 << 4,   /* no forward secrecy: RSA key exchange, PSK */
	TLS_CIPHERS_ODD = 1 << 5,      /* CAMELLIA, ARIA, SEED and the like */
	TLS_CIPHERS_WEAK = 1 << 6,     /* RC4, 3DES, DES, MD5 */
	TLS_CIPHERS_OPEN = 1 << 7,     /* anonymous or without encryption */
};

enum { TLS_CIPHERLIST_BAD = 1 };

/*
 * list: "HIGH:!aNULL:@STRENGTH", as ciphers(1) has it; the OpenSSL here reads it. ret_classes: enum
 * tls_cipher_class. 0, TLS_CIPHERLIST_BAD (it means nothing here), or -ENOMEM.
 */
[[nodiscard]] int tls_cipherlist_classes(const char *list, unsigned *ret_classes);

#endif
