#include "tls/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/ca.h"
#include "tls/client_private.h"
#include "tls/inside_private.h"
#include "tls/server_private.h"
#include "tls/session_private.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

typedef char serial_text[TLS_CA_SERIAL_CAP];

struct tls_inside {
	size_t references;
	serial_text *denied;
	size_t denied_count;
	uint32_t grace_s;
};

int tls_inside_new(struct tls_inside **ret_inside, const struct tls_inside_settings *set)
{
	struct tls_inside *inside = calloc(1, sizeof(*inside));
	serial_text *denied = calloc(set->denied_count + 1, sizeof(*denied));
	if (!inside || !denied) {
		free(inside);
		free(denied);
		return err_raise(-ENOMEM);
	}
	for (size_t i = 0; i < set->denied_count; i++)
		snprintf(denied[i], sizeof(denied[i]), "%s", set->denied[i]);
	*inside = (struct tls_inside){ .references = 1,
		                       .denied = denied,
		                       .denied_count = set->denied_count,
		                       .grace_s = set->grace_s };
	*ret_inside = inside;
	return 0;
}

struct tls_inside *tls_inside_ref(struct tls_inside *inside)
{
	if (inside)
		inside->references++;
	return inside;
}

void tls_inside_unref(struct tls_inside *inside)
{
	if (!inside || --inside->references)
		return;
	free(inside->denied);
	free(inside);
}

static int serial_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* "": it does not fit, and is none of ours. */
static void serial_write(const X509 *certificate, serial_text ret_text)
{
	static const char digits[] = "0123456789abcdef";
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	int len = ASN1_STRING_length(serial);
	const uint8_t *bytes = ASN1_STRING_get0_data(serial);
	memset(ret_text, 0, sizeof(serial_text));
	if (len <= 0 || (size_t)len > (sizeof(serial_text) - 1) / 2)
		return;
	for (int i = 0; i < len; i++) {
		ret_text[2 * i] = digits[bytes[i] >> 4];
		ret_text[2 * i + 1] = digits[bytes[i] & 15];
	}
}

static bool is_listed(const struct tls_inside *inside, const char *serial)
{
	return !*serial || bsearch(serial, inside->denied, inside->denied_count,
	                           sizeof(serial_text), serial_compare);
}

static bool is_denied(const struct tls_inside *inside, const X509 *certificate)
{
	serial_text text;
	serial_write(certificate, text);
	return is_listed(inside, text);
}

/* 0: it has not, or too long ago. */
static int64_t expired_s(const struct tls_inside *inside, const X509 *certificate)
{
	struct tm tm;
	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
		return 0;
	int64_t ago_s = (int64_t)time(NULL) - (int64_t)timegm(&tm);
	return ago_s > 0 && ago_s <= (int64_t)inside->grace_s ? ago_s : 0;
}

int tls_inside_judge(const struct tls_inside *inside, int is_ok, X509_STORE_CTX *ctx,
                     int64_t *ret_expired_s)
{
	X509 *certificate = X509_STORE_CTX_get_current_cert(ctx);
	if (!inside || !certificate)
		return is_ok;
	if (is_ok) {
		if (!is_denied(inside, certificate))
			return 1;
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_REVOKED);
		return 0;
	}
	int64_t ago_s = 0;
	if (X509_STORE_CTX_get_error(ctx) == X509_V_ERR_CERT_HAS_EXPIRED &&
	    X509_STORE_CTX_get_error_depth(ctx) == 0)
		ago_s = expired_s(inside, certificate);
	if (!ago_s)
		return 0;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	*ret_expired_s = ago_s;
	return 1; /* asked once more, as one that is good: then the list counts */
}

struct tls_inside_chain {
	size_t count;
	serial_text serials[];
};

int tls_inside_chain_keep(struct tls_inside_chain **ret_chain, const struct tls_session *s)
{
	bool is_inside = (s->server && s->server->inside) || (s->client && s->client->inside);
	STACK_OF(X509) *chain = SSL_get0_verified_chain(s->ssl);
	size_t count = is_inside && chain ? (size_t)sk_X509_num(chain) : 0;
	*ret_chain = NULL;
	if (!count)
		return 0;
	struct tls_inside_chain *kept = calloc(1, sizeof(*kept) + count * sizeof(serial_text));
	if (!kept)
		return err_raise(-ENOMEM);
	for (kept->count = 0; kept->count < count; kept->count++)
		serial_write(sk_X509_value(chain, (int)kept->count), kept->serials[kept->count]);
	*ret_chain = kept;
	return 0;
}

bool tls_session_is_denied(const struct tls_session *s, const struct tls_inside *inside)
{
	size_t count = inside && s->chain ? s->chain->count : 0;
	for (size_t i = 0; i < count; i++)
		if (is_listed(inside, s->chain->serials[i]))
			return true;
	return false;
}

int64_t tls_session_expired_s(const struct tls_session *s)
{
	return s->is_up ? s->expired_s : 0;
}
