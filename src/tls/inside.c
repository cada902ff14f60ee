#include "tls/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "tls/ca.h"
#include "tls/inside_private.h"
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

/* One whose serial does not fit is none of ours. */
static bool is_denied(const struct tls_inside *inside, const X509 *certificate)
{
	static const char digits[] = "0123456789abcdef";
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	int len = ASN1_STRING_length(serial);
	const uint8_t *bytes = ASN1_STRING_get0_data(serial);
	serial_text text = "";
	if (len <= 0 || (size_t)len > sizeof(text) / 2)
		return true;
	for (int i = 0; i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return bsearch(text, inside->denied, inside->denied_count, sizeof(text), serial_compare);
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

bool tls_session_is_denied(const struct tls_session *s, const struct tls_inside *inside)
{
	STACK_OF(X509) *chain = s->is_up ? SSL_get0_verified_chain(s->ssl) : NULL;
	for (int i = 0; inside && i < sk_X509_num(chain); i++)
		if (is_denied(inside, sk_X509_value(chain, i)))
			return true;
	return false;
}

int64_t tls_session_expired_s(const struct tls_session *s)
{
	return s->is_up ? s->expired_s : 0;
}
