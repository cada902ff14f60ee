/* SERVER-HELLO and ERROR of SSL 2 (draft-hickman-netscape-ssl-00), in records of two bytes' header.
 */
#include "base/err.h"
#include "tls/answer_private.h"

enum { MESSAGE_ERROR = 0, MESSAGE_SERVER_HELLO = 4, HAS_NO_PADDING = 0x80, HEADER_LEN = 2 };

bool tls_answer_looks_ssl2(struct slice wire)
{
	if (!wire.len || !(wire.data[0] & HAS_NO_PADDING))
		return false;
	return wire.len <= HEADER_LEN || wire.data[HEADER_LEN] == MESSAGE_SERVER_HELLO ||
	       wire.data[HEADER_LEN] == MESSAGE_ERROR;
}

static int on_hello(struct tls_answer *a, struct reader in)
{
	read_number(&in, 2); /* session id hit, kind of certificate */
	unsigned version = read_number(&in, 2);
	size_t certificate_len = read_number(&in, 2);
	size_t kinds_len = read_number(&in, 2);
	read_number(&in, 2); /* connection id */
	struct slice certificate = read_bytes(&in, certificate_len);
	struct reader kinds = { .rest = read_bytes(&in, kinds_len) };
	if (in.is_bad || kinds_len % 3)
		return tls_answer_fail(a, "a SERVER-HELLO that is cut");
	a->kind = TLS_ANSWER_SSL2;
	a->version = (uint16_t)version;
	while (kinds.rest.len) {
		uint32_t kind = read_number(&kinds, 3);
		if (a->ssl2_kind_count < TLS_ANSWER_SSL2_KINDS_MAX)
			a->ssl2_kinds[a->ssl2_kind_count++] = kind;
	}
	a->is_done = true;
	return certificate.len ? err_up(tls_answer_add_certificate(a, certificate)) : 0;
}

static int on_error(struct tls_answer *a, struct reader in)
{
	a->ssl2_error = (uint16_t)read_number(&in, 2);
	if (in.is_bad)
		return tls_answer_fail(a, "an ERROR that is cut");
	a->kind = TLS_ANSWER_SSL2_ERROR;
	a->is_done = true;
	return 0;
}

int tls_answer_ssl2(struct tls_answer *a, struct slice wire)
{
	struct reader in = { .rest = wire };
	if (wire.len <= HEADER_LEN) /* it may be none yet */
		return TLS_ANSWER_MORE;
	size_t len = read_number(&in, 2) & 0x7fff;
	if (!len)
		return tls_answer_fail(a, "an empty record");
	if (len > in.rest.len)
		return TLS_ANSWER_MORE;
	in.rest = slice_head(in.rest, len);
	if (read_number(&in, 1) == MESSAGE_SERVER_HELLO)
		return on_hello(a, in);
	return on_error(a, in);
}
