#include "tls/offer.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/iana.h"
#include "tls/offer_private.h"

#include <assert.h>

enum { RECORD_HANDSHAKE = 22, MESSAGE_CLIENT_HELLO = 1, PADDED_MAX = 8192 };
enum { SCSV_RENEGOTIATION = 0x00ff, SCSV_FALLBACK = 0x5600 };

enum {
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_STATUS_REQUEST = 5,
	EXTENSION_GROUPS = 10,
	EXTENSION_POINT_FORMATS = 11,
	EXTENSION_SCHEMES = 13,
	EXTENSION_HEARTBEAT = 15,
	EXTENSION_ALPN = 16,
	EXTENSION_PADDING = 21,
	EXTENSION_ENCRYPT_THEN_MAC = 22,
	EXTENSION_EMS = 23,
	EXTENSION_TICKET = 35,
	EXTENSION_VERSIONS = 43,
	EXTENSION_PSK_MODES = 45,
	EXTENSION_KEY_SHARE = 51,
	EXTENSION_RENEGOTIATION = 0xff01,
};

/* RFC 8701 2: one of sixteen. nth: another for each place. */
static unsigned grease(struct writer *w, unsigned nth)
{
	uint8_t byte = 0;
	if (!w->r)
		w->r = tls_offer_draw(w->seed, TLS_OFFER_FOR_GREASE, &byte, 1);
	return 0x0a0a + 0x1010 * ((byte + nth) % 16);
}

/* Extensions: each writes its body, or says that it is not sent. */

static bool put_server_name(struct writer *w, const struct tls_offer *o)
{
	size_t len = o->sni ? strlen(o->sni) : 0;
	if (!len || len > TLS_OFFER_NAME_MAX)
		return false;
	size_t list = vector_open(w, 2);
	put_u8(w, 0); /* host_name */
	put_u16(w, (unsigned)len);
	put(w, o->sni, len);
	vector_close(w, list, 2);
	return true;
}

static bool put_status_request(struct writer *w, const struct tls_offer *o)
{
	static const uint8_t ocsp[] = { 1, 0, 0, 0, 0 };
	if (!(o->extensions & TLS_OFFER_STATUS_REQUEST))
		return false;
	put(w, ocsp, sizeof(ocsp));
	return true;
}

static bool put_groups(struct writer *w, const struct tls_offer *o)
{
	if (!o->group_count)
		return false;
	size_t list = vector_open(w, 2);
	if (o->has_grease)
		put_u16(w, grease(w, 1));
	put_list(w, o->groups, o->group_count);
	vector_close(w, list, 2);
	return true;
}

static bool put_point_formats(struct writer *w, const struct tls_offer *o)
{
	if (!(o->extensions & TLS_OFFER_POINT_FORMATS))
		return false;
	put_u8(w, 1);
	put_u8(w, 0); /* uncompressed */
	return true;
}

static bool put_schemes(struct writer *w, const struct tls_offer *o)
{
	if (!o->scheme_count)
		return false;
	size_t list = vector_open(w, 2);
	put_list(w, o->schemes, o->scheme_count);
	vector_close(w, list, 2);
	return true;
}

static bool put_heartbeat(struct writer *w, const struct tls_offer *o)
{
	if (!(o->extensions & TLS_OFFER_HEARTBEAT))
		return false;
	put_u8(w, 1); /* peer_allowed_to_send */
	return true;
}

static bool put_alpn(struct writer *w, const struct tls_offer *o)
{
	if (!o->alpn[0])
		return false;
	size_t list = vector_open(w, 2);
	for (size_t i = 0; i < COUNT_OF(o->alpn) && o->alpn[i]; i++) {
		size_t len = strlen(o->alpn[i]);
		if (!len || len > TLS_OFFER_NAME_MAX)
			continue;
		put_u8(w, (unsigned)len);
		put(w, o->alpn[i], len);
	}
	vector_close(w, list, 2);
	return true;
}

static bool put_renegotiation(struct writer *w, const struct tls_offer *o)
{
	if (!(o->extensions & TLS_OFFER_RENEGOTIATION_INFO))
		return false;
	put_u8(w, 0); /* no renegotiated connection */
	return true;
}

static bool put_versions(struct writer *w, const struct tls_offer *o)
{
	if (!o->version_count)
		return false;
	size_t list = vector_open(w, 1);
	if (o->has_grease)
		put_u16(w, grease(w, 2));
	put_list(w, o->versions, o->version_count);
	vector_close(w, list, 1);
	return true;
}

static bool put_psk_modes(struct writer *w, const struct tls_offer *o)
{
	if (!(o->extensions & TLS_OFFER_PSK_MODES))
		return false;
	put_u8(w, 1);
	put_u8(w, 1); /* psk_dhe_ke */
	return true;
}

static bool put_key_share(struct writer *w, const struct tls_offer *o)
{
	if (!(o->extensions & TLS_OFFER_KEY_SHARE))
		return false;
	size_t list = vector_open(w, 2);
	for (size_t i = 0; i < o->share_count; i++)
		tls_offer_put_share(w, o->shares[i]);
	vector_close(w, list, 2);
	return true;
}

static bool put_ems(struct writer *w, const struct tls_offer *o)
{
	(void)w;
	return o->extensions & TLS_OFFER_EMS;
}

static bool put_ticket(struct writer *w, const struct tls_offer *o)
{
	(void)w;
	return o->extensions & TLS_OFFER_TICKET;
}

static bool put_encrypt_then_mac(struct writer *w, const struct tls_offer *o)
{
	(void)w;
	return o->extensions & TLS_OFFER_ENCRYPT_THEN_MAC;
}

/* An empty one does not stand last: there are servers that take the message for cut then. */
static const struct {
	uint16_t number;
	bool (*put)(struct writer *w, const struct tls_offer *o);
} extensions[] = {
	{ EXTENSION_SERVER_NAME, put_server_name },
	{ EXTENSION_EMS, put_ems },
	{ EXTENSION_RENEGOTIATION, put_renegotiation },
	{ EXTENSION_TICKET, put_ticket },
	{ EXTENSION_ENCRYPT_THEN_MAC, put_encrypt_then_mac },
	{ EXTENSION_ALPN, put_alpn },
	{ EXTENSION_STATUS_REQUEST, put_status_request },
	{ EXTENSION_KEY_SHARE, put_key_share },
	{ EXTENSION_PSK_MODES, put_psk_modes },
	{ EXTENSION_VERSIONS, put_versions },
	{ EXTENSION_HEARTBEAT, put_heartbeat },
	{ EXTENSION_POINT_FORMATS, put_point_formats },
	{ EXTENSION_GROUPS, put_groups },
	{ EXTENSION_SCHEMES, put_schemes },
};

static void put_extension(struct writer *w, const struct tls_offer *o, size_t nth)
{
	size_t before = w->bytes.end;
	put_u16(w, extensions[nth].number);
	size_t body = vector_open(w, 2);
	bool is_sent = extensions[nth].put(w, o);
	vector_close(w, body, 2);
	if (!is_sent && !w->r)
		w->bytes.end = before;
}

static void put_padding(struct writer *w, const struct tls_offer *o)
{
	static const uint8_t zeros[PADDED_MAX];
	size_t wanted = o->padded_len < PADDED_MAX ? o->padded_len : PADDED_MAX;
	size_t len = buf_len(&w->bytes) + 4; /* with this one's header */
	if (!wanted || len > wanted)
		return;
	put_u16(w, EXTENSION_PADDING);
	put_u16(w, (unsigned)(wanted - len));
	put(w, zeros, wanted - len);
}

static void put_extensions(struct writer *w, const struct tls_offer *o)
{
	size_t all = vector_open(w, 2);
	if (o->has_grease) {
		put_u16(w, grease(w, 3));
		put_u16(w, 0);
	}
	for (size_t i = 0; i < COUNT_OF(extensions); i++)
		put_extension(w, o, i);
	put_padding(w, o);
	vector_close(w, all, 2);
}

/* The hello */

static void put_suites(struct writer *w, const struct tls_offer *o)
{
	size_t list = vector_open(w, 2);
	if (o->has_grease)
		put_u16(w, grease(w, 0));
	put_list(w, o->suites, o->suite_count);
	if (o->has_renegotiation_scsv)
		put_u16(w, SCSV_RENEGOTIATION);
	if (o->has_fallback_scsv)
		put_u16(w, SCSV_FALLBACK);
	vector_close(w, list, 2);
}

static void put_hello(struct writer *w, const struct tls_offer *o)
{
	put_u8(w, MESSAGE_CLIENT_HELLO);
	size_t body = vector_open(w, 3);
	put_u16(w, o->version);
	tls_offer_put_drawn(w, TLS_OFFER_FOR_RANDOM, 32);
	put_u8(w, o->has_session_id ? 32 : 0);
	if (o->has_session_id)
		tls_offer_put_drawn(w, TLS_OFFER_FOR_SESSION_ID, 32);
	put_suites(w, o);
	put_u8(w, o->has_deflate ? 2 : 1);
	if (o->has_deflate)
		put_u8(w, 1);
	put_u8(w, 0);
	if (!o->is_bare)
		put_extensions(w, o);
	vector_close(w, body, 3);
}

static int record_add(const struct tls_offer *o, struct slice message, struct buf *out)
{
	const uint8_t header[] = { RECORD_HANDSHAKE, (uint8_t)(o->record_version >> 8),
		                   (uint8_t)o->record_version, (uint8_t)(message.len >> 8),
		                   (uint8_t)message.len };
	assert(message.len <= TLS_OFFER_LEN_MAX);
	int r = buf_add(out, slice_of(header, sizeof(header)));
	if (!r)
		r = buf_add(out, message);
	return err_up(r);
}

int tls_offer_write(const struct tls_offer *offer, const uint8_t random[TLS_OFFER_RANDOM_LEN],
                    struct buf *out)
{
	struct writer w = { .seed = random };
	put_hello(&w, offer);
	int r = w.r ?: record_add(offer, buf_slice(&w.bytes), out);
	buf_deinit(&w.bytes);
	return err_up(r);
}

int tls_offer_write_ssl2(const uint8_t random[TLS_OFFER_RANDOM_LEN], struct buf *out)
{
	enum { CHALLENGE_LEN = 16, FIXED_LEN = 9 };
	size_t count = 0;
	const struct tls_iana_kind *kinds = tls_iana_ssl2_kinds(&count);
	struct writer w = { .seed = random };
	put_u16(&w, 0x8000 | (unsigned)(FIXED_LEN + 3 * count + CHALLENGE_LEN));
	put_u8(&w, MESSAGE_CLIENT_HELLO);
	put_u16(&w, 0x0002);
	put_u16(&w, (unsigned)(3 * count));
	put_u16(&w, 0); /* session id */
	put_u16(&w, CHALLENGE_LEN);
	for (size_t i = 0; i < count; i++)
		put_u24(&w, kinds[i].number);
	tls_offer_put_drawn(&w, TLS_OFFER_FOR_RANDOM, CHALLENGE_LEN);
	int r = w.r ?: buf_add(out, buf_slice(&w.bytes));
	buf_deinit(&w.bytes);
	return err_up(r);
}
