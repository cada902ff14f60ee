/* A session that goes on without OpenSSL's object: tls/record.h has its keys. */
#include "base/err.h"
#include "tls/hello.h"
#include "tls/library.h"
#include "tls/session_private.h"

bool tls_session_is_compact(const struct tls_session *s)
{
	return s->records != NULL;
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

size_t tls_session_size(const struct tls_session *s)
{
	return sizeof(*s) + (s->hello ? sizeof(*s->hello) : 0) + text_size(s->sni) +
	       text_size(s->peer_names) + s->first.cap + s->signature.cap;
}

void tls_compact_counts(struct tls_compact_counts *ret_counts)
{
	struct tls_library *library = NULL;
	*ret_counts = (struct tls_compact_counts){};
	if (!tls_library_open(&library))
		*ret_counts = library->compact;
}
