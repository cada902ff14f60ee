/* Key shares that are valid and nothing more, and the bytes they are made of. */
#include "base/clean.h"
#include "base/err.h"
#include "tls/offer_private.h"
#include "tls/suite.h"

#include <assert.h>
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

enum { GROUP_X25519 = 29, GROUP_X448 = 30, GROUP_X25519_MLKEM768 = 0x11ec };

static void context_freep(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

int tls_offer_draw(const uint8_t *seed, enum tls_offer_purpose purpose, uint8_t *ret_bytes,
                   size_t len)
{
	CLEAN(context_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t label = (uint8_t)purpose;
	if (!context || EVP_DigestInit_ex(context, EVP_shake256(), NULL) != 1 ||
	    EVP_DigestUpdate(context, seed, TLS_OFFER_RANDOM_LEN) != 1 ||
	    EVP_DigestUpdate(context, &label, 1) != 1 ||
	    EVP_DigestFinalXOF(context, ret_bytes, len) != 1) {
		ERR_clear_error();
		return err_raise(-ENOMEM);
	}
	return 0;
}

void tls_offer_put_drawn(struct writer *w, enum tls_offer_purpose purpose, size_t len)
{
	uint8_t bytes[64];
	assert(len <= sizeof(bytes));
	if (!w->r)
		w->r = tls_offer_draw(w->seed, purpose, bytes, len);
	if (!w->r)
		put(w, bytes, len);
}

/* The curve's base point: on it for certain, and nobody will compute with the answer. */
static void put_point(struct writer *w, int curve)
{
	uint8_t bytes[1 + 2 * 66];
	EC_GROUP *group = EC_GROUP_new_by_curve_name(curve);
	size_t len = 0;
	if (group)
		len = EC_POINT_point2oct(group, EC_GROUP_get0_generator(group),
		                         POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof(bytes), NULL);
	EC_GROUP_free(group);
	ERR_clear_error();
	if (!len && !w->r)
		w->r = err_raise(-ENOMEM);
	put(w, bytes, len);
}

/* An encapsulation key of ML-KEM-768: each coefficient is below 3329 (FIPS 203 7.2), then rho. */
static void put_module(struct writer *w)
{
	enum { COEFFICIENTS = 3 * 256, MODULUS = 3329, RHO_LEN = 32 };
	uint8_t drawn[2 * COEFFICIENTS + RHO_LEN];
	if (!w->r)
		w->r = tls_offer_draw(w->seed, TLS_OFFER_FOR_MODULE, drawn, sizeof(drawn));
	for (size_t i = 0; !w->r && i < COEFFICIENTS; i += 2) {
		unsigned a = (drawn[2 * i] << 8 | drawn[2 * i + 1]) % MODULUS;
		unsigned b = (drawn[2 * i + 2] << 8 | drawn[2 * i + 3]) % MODULUS;
		put_u8(w, a & 0xff);
		put_u8(w, a >> 8 | (b & 0x0f) << 4);
		put_u8(w, b >> 4);
	}
	put(w, drawn + 2 * (size_t)COEFFICIENTS, RHO_LEN);
}

static void put_x25519(struct writer *w)
{
	tls_offer_put_drawn(w, TLS_OFFER_FOR_CURVE, 32);
}

static void put_x448(struct writer *w)
{
	tls_offer_put_drawn(w, TLS_OFFER_FOR_CURVE, 56);
}

static void put_p256(struct writer *w)
{
	put_point(w, NID_X9_62_prime256v1);
}

static void put_p384(struct writer *w)
{
	put_point(w, NID_secp384r1);
}

static void put_p521(struct writer *w)
{
	put_point(w, NID_secp521r1);
}

static void put_hybrid(struct writer *w)
{
	put_module(w);
	put_x25519(w);
}

static const struct {
	uint16_t group;
	void (*put)(struct writer *w);
} shares[] = {
	{ GROUP_X25519, put_x25519 }, { GROUP_X448, put_x448 },
	{ TLS_GROUP_P256, put_p256 }, { TLS_GROUP_P384, put_p384 },
	{ TLS_GROUP_P521, put_p521 }, { GROUP_X25519_MLKEM768, put_hybrid },
};

bool tls_offer_has_share(uint16_t group)
{
	for (size_t i = 0; i < COUNT_OF(shares); i++)
		if (shares[i].group == group)
			return true;
	return false;
}

void tls_offer_put_share(struct writer *w, uint16_t group)
{
	for (size_t i = 0; i < COUNT_OF(shares); i++) {
		if (shares[i].group != group)
			continue;
		put_u16(w, group);
		size_t key = vector_open(w, 2);
		shares[i].put(w);
		vector_close(w, key, 2);
	}
}
