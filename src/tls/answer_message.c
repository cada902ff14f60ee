/* The handshake messages of a server, RFC 8446 4 and RFC 5246 7.4. */
#include "base/err.h"
#include "tls/answer_private.h"
#include "tls/iana.h"
#include "tls/server.h"

#include <errno.h>

enum {
	MESSAGE_HELLO_REQUEST = 0,
	MESSAGE_SERVER_HELLO = 2,
	MESSAGE_CERTIFICATE = 11,
	MESSAGE_KEY_EXCHANGE = 12,
	MESSAGE_CERTIFICATE_REQUEST = 13,
	MESSAGE_HELLO_DONE = 14,
	MESSAGE_CERTIFICATE_STATUS = 22,
};

enum {
	EXTENSION_STATUS_REQUEST = 5,
	EXTENSION_HEARTBEAT = 15,
	EXTENSION_ALPN = 16,
	EXTENSION_ENCRYPT_THEN_MAC = 22,
	EXTENSION_EMS = 23,
	EXTENSION_TICKET = 35,
	EXTENSION_VERSIONS = 43,
	EXTENSION_KEY_SHARE = 51,
	EXTENSION_RENEGOTIATION = 0xff01,
};

enum { RANDOM_LEN = 32, SESSION_ID_MAX = 32, DRAFT_13 = 0x7f };
enum { CURVE_NAMED = 3, STATUS_OCSP = 1 };

/* SHA-256 of "HelloRetryRequest", RFC 8446 4.1.3. */
static const uint8_t retry_random[RANDOM_LEN] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
	0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
	0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static void alpn_read(struct tls_answer *a, struct reader body)
{
	struct reader list = { .rest = read_vector(&body, 2) };
	slice_to_text(read_vector(&list, 1), a->alpn, sizeof(a->alpn));
}

/* A number that is missing is 0: a group or version nobody has. */
static void extension_read(struct tls_answer *a, unsigned type, struct reader body)
{
	switch (type) {
	case EXTENSION_STATUS_REQUEST:
		a->has_status = true;
		break;
	case EXTENSION_HEARTBEAT:
		a->has_heartbeat = true;
		break;
	case EXTENSION_ALPN:
		alpn_read(a, body);
		break;
	case EXTENSION_ENCRYPT_THEN_MAC:
		a->has_encrypt_then_mac = true;
		break;
	case EXTENSION_EMS:
		a->has_ems = true;
		break;
	case EXTENSION_TICKET:
		a->has_ticket = true;
		break;
	case EXTENSION_VERSIONS:
		a->version = (uint16_t)read_number(&body, 2);
		break;
	case EXTENSION_KEY_SHARE:
		a->group = (uint16_t)read_number(&body, 2);
		break;
	case EXTENSION_RENEGOTIATION:
		a->has_renegotiation_info = true;
		break;
	default: /* a number of the peer's, not an enum of ours */
		break;
	}
}

static void random_read(struct tls_answer *a, struct slice random)
{
	static const char mark[] = "DOWNGRD";
	size_t mark_at = RANDOM_LEN - 8;
	if (random.len != RANDOM_LEN)
		return;
	bool is_retry = !memcmp(random.data, retry_random, RANDOM_LEN);
	a->kind = is_retry ? TLS_ANSWER_RETRY : TLS_ANSWER_HELLO;
	a->has_downgrade_mark = !memcmp(random.data + mark_at, mark, sizeof(mark) - 1) &&
	                        random.data[RANDOM_LEN - 1] <= 1;
}

/* What is in encrypted extensions is not ours to see: the first flight of TLS 1.3 ends here. */
static int hello_end(struct tls_answer *a)
{
	if (a->version >> 8 != 3 && a->version >> 8 != DRAFT_13)
		return tls_answer_fail(a, "a version that is none");
	a->is_done = a->version >= TLS_1_3;
	if (a->kind == TLS_ANSWER_RETRY && !a->is_done)
		return tls_answer_fail(a, "a HelloRetryRequest before TLS 1.3");
	return 0;
}

static int on_hello(struct tls_answer *a, struct reader in)
{
	if (a->kind != TLS_ANSWER_NONE && a->kind != TLS_ANSWER_ALERT)
		return tls_answer_fail(a, "a second ServerHello");
	struct tls_answer before = *a;
	a->version = (uint16_t)read_number(&in, 2);
	random_read(a, read_bytes(&in, RANDOM_LEN));
	in.is_bad |= read_vector(&in, 1).len > SESSION_ID_MAX;
	a->suite = (uint16_t)read_number(&in, 2);
	a->compression = (uint8_t)read_number(&in, 1);
	struct reader all = {};
	if (in.rest.len) /* before TLS 1.3 a hello may end without extensions */
		all.rest = read_vector(&in, 2);
	while (all.rest.len && !all.is_bad) {
		unsigned type = read_number(&all, 2);
		struct reader body = { .rest = read_vector(&all, 2) };
		if (!all.is_bad)
			extension_read(a, type, body);
	}
	if (!in.is_bad && !all.is_bad && !in.rest.len)
		return hello_end(a);
	*a = before; /* half a hello is none */
	return tls_answer_fail(a, "a ServerHello that is cut or too long");
}

static int on_certificate(struct tls_answer *a, struct reader in)
{
	struct reader list = { .rest = read_vector(&in, 3) };
	if (a->certificate_count)
		return tls_answer_fail(a, "a second Certificate");
	while (list.rest.len && !list.is_bad) {
		struct slice der = read_vector(&list, 3);
		list.is_bad |= !der.len;
		int r = list.is_bad ? 0 : tls_answer_add_certificate(a, der);
		if (r)
			return err_up(r);
	}
	if (list.is_bad || in.is_bad || in.rest.len)
		return tls_answer_fail(a, "a Certificate that is cut or too long");
	return 0;
}

static int on_status(struct tls_answer *a, struct reader in)
{
	unsigned type = read_number(&in, 1);
	struct slice response = read_vector(&in, 3);
	if (in.is_bad)
		return tls_answer_fail(a, "a CertificateStatus that is cut");
	if (type != STATUS_OCSP || buf_len(&a->ocsp))
		return 0;
	return err_up(buf_add(&a->ocsp, response));
}

static struct slice without_zeros(struct slice number)
{
	while (number.len && !number.data[0])
		number = slice_skip(number, 1);
	return number;
}

static unsigned bits_of(struct slice number)
{
	number = without_zeros(number);
	if (!number.len)
		return 0;
	unsigned bits = 8 * (unsigned)number.len;
	for (unsigned first = number.data[0]; !(first & 0x80); first <<= 1)
		bits--;
	return bits;
}

static int dh_read(struct tls_answer *a, struct reader *in)
{
	struct slice prime = without_zeros(read_vector(in, 2));
	struct slice generator = without_zeros(read_vector(in, 2));
	read_vector(in, 2); /* its public value */
	if (in->is_bad || bits_of(prime) > TLS_ANSWER_DH_BITS_MAX)
		return 0; /* the caller sees is_bad; a prime so long is of no use to anybody */
	a->exchange = TLS_EXCHANGE_DH;
	a->dh_bits = bits_of(prime);
	int r = buf_add(&a->dh_prime, prime);
	if (!r)
		r = buf_add(&a->dh_generator, generator);
	return err_up(r);
}

static int curve_read(struct tls_answer *a, struct reader *in)
{
	if (read_number(in, 1) != CURVE_NAMED) {
		a->exchange = TLS_EXCHANGE_EXPLICIT_CURVE;
		in->rest = (struct slice){}; /* its parameters are of use to nobody */
		return 0;
	}
	a->group = (uint16_t)read_number(in, 2);
	read_vector(in, 1); /* its point */
	a->exchange = TLS_EXCHANGE_CURVE;
	return 0;
}

static int rsa_read(struct tls_answer *a, struct reader *in)
{
	a->rsa_bits = bits_of(read_vector(in, 2));
	read_vector(in, 2); /* the exponent */
	a->exchange = TLS_EXCHANGE_RSA;
	return 0;
}

static void signature_read(struct tls_answer *a, struct reader *in)
{
	if (!in->rest.len)
		return;
	if (a->version >= TLS_1_2)
		a->scheme = (uint16_t)read_number(in, 2);
	read_vector(in, 2);
	a->is_signed = !in->is_bad;
}

static int on_key_exchange(struct tls_answer *a, struct reader in)
{
	struct tls_iana_suite suite = {};
	int r = 0;
	if (a->exchange != TLS_EXCHANGE_NONE)
		return tls_answer_fail(a, "a second ServerKeyExchange");
	a->exchange = TLS_EXCHANGE_OTHER;
	if (!tls_iana_suite(a->suite, &suite))
		return 0;
	if (suite.kex == TLS_KEX_ECDHE)
		r = curve_read(a, &in);
	else if (suite.kex == TLS_KEX_DHE)
		r = dh_read(a, &in);
	else if (suite.kex == TLS_KEX_RSA)
		r = rsa_read(a, &in);
	else
		return 0;
	if (r)
		return err_up(r);
	signature_read(a, &in);
	if (in.is_bad || in.rest.len)
		return tls_answer_fail(a, "a ServerKeyExchange that is cut or too long");
	return 0;
}

static int on_done(struct tls_answer *a, struct reader in)
{
	if (in.rest.len)
		return tls_answer_fail(a, "a ServerHelloDone that is too long");
	a->is_done = true;
	return 0;
}

int tls_answer_message(struct tls_answer *a, unsigned type, struct slice body)
{
	struct reader in = { .rest = body };
	bool has_hello = a->kind == TLS_ANSWER_HELLO;
	if (type == MESSAGE_HELLO_REQUEST)
		return 0; /* to be ignored in a handshake, RFC 5246 7.4.1.1 */
	if (type != MESSAGE_SERVER_HELLO && !has_hello)
		return tls_answer_fail(a, "no ServerHello first");
	switch (type) {
	case MESSAGE_SERVER_HELLO:
		return on_hello(a, in);
	case MESSAGE_CERTIFICATE:
		return on_certificate(a, in);
	case MESSAGE_CERTIFICATE_STATUS:
		return on_status(a, in);
	case MESSAGE_KEY_EXCHANGE:
		return on_key_exchange(a, in);
	case MESSAGE_CERTIFICATE_REQUEST:
		a->wants_certificate = true;
		return 0;
	case MESSAGE_HELLO_DONE:
		return on_done(a, in);
	default: /* a number of the peer's, not an enum of ours */
		return tls_answer_fail(a, "a message that belongs elsewhere");
	}
}
