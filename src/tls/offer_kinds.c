/*
 * What each look at a server asks.
 *
 * The post-quantum one sends no share. One of ML-KEM makes a hello of two segments and has to pass
 * its receiver's check of the key; without any, every TLS 1.3 server that has one of these groups
 * answers with a HelloRetryRequest that names it (RFC 8446 4.1.4), OpenSSL, BoringSSL and Go alike,
 * and one hello asks for all of them, drafts too.
 */
#include "base/clean.h"
#include "tls/iana.h"
#include "tls/offer.h"
#include "tls/server.h"
#include "tls/suite.h"

#include <assert.h>

enum { SSL_3 = 0x0300, GROUP_X25519 = 29 };

/* There are balancers that hang at hellos of 256 to 511 bytes, RFC 7685 1. */
enum { PADDED_LEN = 512 };

enum {
	EXTENSIONS_ALL = TLS_OFFER_EMS | TLS_OFFER_RENEGOTIATION_INFO | TLS_OFFER_TICKET |
	                 TLS_OFFER_STATUS_REQUEST,
	EXTENSIONS_OLD = EXTENSIONS_ALL | TLS_OFFER_HEARTBEAT | TLS_OFFER_POINT_FORMATS |
	                 TLS_OFFER_ENCRYPT_THEN_MAC,
	EXTENSIONS_13 = EXTENSIONS_ALL | TLS_OFFER_PSK_MODES | TLS_OFFER_KEY_SHARE,
};

/*
 * Finite fields are left out before TLS 1.3: a server of RFC 7919 would choose one of them, where
 * it shows most clients the prime it was given.
 */
static bool is_group_for(const struct tls_iana_group *g, uint16_t version)
{
	if (version < g->min_version || version > g->max_version)
		return false;
	return version == TLS_1_3 || g->kind == TLS_GROUP_CURVE;
}

static void groups_fill(struct tls_offer *o, uint16_t version)
{
	size_t count = 0;
	const struct tls_iana_group *groups = tls_iana_groups(&count);
	for (size_t i = 0; i < count && o->group_count < TLS_OFFER_GROUPS_MAX; i++)
		if (is_group_for(&groups[i], version))
			o->groups[o->group_count++] = groups[i].number;
}

/* In TLS 1.3 those of TLS 1.2 too: they count for certificates (RFC 8446 4.2.3). */
static void schemes_fill(struct tls_offer *o, uint16_t version)
{
	size_t count = 0;
	const struct tls_iana_scheme *schemes = tls_iana_schemes(&count);
	for (size_t i = 0; i < count && o->scheme_count < TLS_OFFER_SCHEMES_MAX; i++)
		if (schemes[i].min_version <= version)
			o->schemes[o->scheme_count++] = schemes[i].number;
}

static void init_13(struct tls_offer *o)
{
	o->version = TLS_1_2;
	o->versions[o->version_count++] = TLS_1_3;
	o->extensions = EXTENSIONS_13;
	o->has_session_id = true;
	o->has_deflate = false; /* RFC 8446 4.1.2 */
	o->shares[o->share_count++] = GROUP_X25519;
	o->shares[o->share_count++] = TLS_GROUP_P256;
}

void tls_offer_init_version(struct tls_offer *ret_offer, uint16_t version, const char *sni)
{
	struct tls_offer o = { .record_version = TLS_1_0, .version = version, .sni = sni };
	o.has_deflate = true;
	o.extensions = EXTENSIONS_OLD;
	o.padded_len = PADDED_LEN;
	if (version == SSL_3) {
		o.record_version = SSL_3;
		o.is_bare = true;
		o.has_renegotiation_scsv = true;
	}
	if (version > SSL_3)
		groups_fill(&o, version);
	if (version >= TLS_1_2)
		schemes_fill(&o, version);
	if (version >= TLS_1_3)
		init_13(&o);
	*ret_offer = o;
}

/* A signature of the handshake is needed, so an offer of schemes says something. */
static bool is_signed(const struct tls_iana_suite *s)
{
	return (s->kex == TLS_KEX_DHE || s->kex == TLS_KEX_ECDHE) &&
	       s->authentication != TLS_AUTHENTICATION_ANONYMOUS;
}

static bool is_any(const struct tls_iana_suite *s)
{
	(void)s;
	return true;
}

static void suites_fill(struct tls_offer *o, uint16_t version,
                        bool (*is_wanted)(const struct tls_iana_suite *s))
{
	uint16_t all[TLS_IANA_SUITES_MAX];
	size_t count = tls_iana_suites(version, all, COUNT_OF(all));
	for (size_t i = 0; i < count && o->suite_count < TLS_OFFER_SUITES_MAX; i++) {
		struct tls_iana_suite suite;
		if (tls_iana_suite(all[i], &suite) && is_wanted(&suite))
			o->suites[o->suite_count++] = all[i];
	}
}

/*
 * The worst first, the anonymous last: of those that a server has it may choose the first, and an
 * anonymous suite is the least that can be said of it.
 */
static int compare_weak(const void *a, const void *b)
{
	struct tls_iana_suite x = {};
	struct tls_iana_suite y = {};
	tls_iana_suite(*(const uint16_t *)a, &x);
	tls_iana_suite(*(const uint16_t *)b, &y);
	bool is_x_anonymous = x.authentication == TLS_AUTHENTICATION_ANONYMOUS;
	bool is_y_anonymous = y.authentication == TLS_AUTHENTICATION_ANONYMOUS;
	if (is_x_anonymous != is_y_anonymous)
		return is_x_anonymous - is_y_anonymous;
	if (x.bits != y.bits)
		return x.bits < y.bits ? -1 : 1;
	return (x.number > y.number) - (x.number < y.number);
}

static void suites_worst_first(struct tls_offer *o)
{
	qsort(o->suites, o->suite_count, sizeof(o->suites[0]), compare_weak);
}

static void groups_post_quantum(struct tls_offer *o)
{
	size_t count = 0;
	const struct tls_iana_group *groups = tls_iana_groups(&count);
	o->group_count = 0;
	for (size_t i = 0; i < count; i++)
		if (groups[i].kind == TLS_GROUP_HYBRID || groups[i].kind == TLS_GROUP_KEM)
			o->groups[o->group_count++] = groups[i].number;
	o->share_count = 0;
}

static void schemes_sha1(struct tls_offer *o)
{
	size_t count = 0;
	const struct tls_iana_scheme *schemes = tls_iana_schemes(&count);
	o->scheme_count = 0;
	for (size_t i = 0; i < count; i++)
		if (schemes[i].hash == TLS_HASH_SHA1)
			o->schemes[o->scheme_count++] = schemes[i].number;
}

static const struct {
	const char *name;
	uint16_t version;
	bool (*is_wanted)(const struct tls_iana_suite *s);
	void (*change)(struct tls_offer *o);
} kinds[] = {
	[TLS_OFFER_13] = { "TLS 1.3", TLS_1_3, is_any, NULL },
	[TLS_OFFER_12] = { "TLS 1.2", TLS_1_2, is_any, NULL },
	[TLS_OFFER_11] = { "TLS 1.1", TLS_1_1, is_any, NULL },
	[TLS_OFFER_10] = { "TLS 1.0", TLS_1_0, is_any, NULL },
	[TLS_OFFER_SSL3] = { "SSL 3", SSL_3, is_any, NULL },
	[TLS_OFFER_WEAK] = { "weak suites", TLS_1_2, tls_iana_suite_is_weak, suites_worst_first },
	[TLS_OFFER_POST_QUANTUM] = { "post-quantum groups", TLS_1_3, is_any, groups_post_quantum },
	[TLS_OFFER_SHA1] = { "SHA-1 signatures", TLS_1_2, is_signed, schemes_sha1 },
};
_Static_assert(COUNT_OF(kinds) == TLS_OFFER_KIND_COUNT);

void tls_offer_init(struct tls_offer *ret_offer, enum tls_offer_kind kind, const char *sni)
{
	assert(kind < TLS_OFFER_KIND_COUNT);
	tls_offer_init_version(ret_offer, kinds[kind].version, sni);
	suites_fill(ret_offer, kinds[kind].version, kinds[kind].is_wanted);
	if (kinds[kind].change)
		kinds[kind].change(ret_offer);
}

const char *tls_offer_kind_name(enum tls_offer_kind kind)
{
	return kinds[kind].name;
}
