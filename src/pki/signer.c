#include "pki/signer.h"

#include "base/clean.h"
#include "base/err.h"
#include "io/stream.h"

#include <errno.h>

enum { WAITING_MAX = 128, DIGEST_MAX = 64 };

struct request {
	struct tls_session *session; /* NULL: free */
	uint16_t scheme;
	size_t digest_len;
	uint8_t digest[DIGEST_MAX];
};

struct pki_signer {
	struct tls_signer tls; /* first */
	struct io_loop *loop;
	struct io_later later;
	const struct tls_ca_key *key;
	struct request waiting[WAITING_MAX];
};

static void on_later(struct io_later *later)
{
	struct pki_signer *s =
		(struct pki_signer *)((char *)later - offsetof(struct pki_signer, later));
	for (size_t i = 0; i < WAITING_MAX; i++) {
		struct request *r = &s->waiting[i];
		CLEAN(buf_deinit) struct buf sig = {};
		if (!r->session)
			continue;
		struct io_stream *stream = tls_session_owner(TAKE(r->session));
		if (tls_ca_sign(s->key, r->scheme, slice_of(r->digest, r->digest_len), &sig))
			buf_clear(&sig); /* no memory: that handshake fails */
		io_stream_signed(stream, buf_slice(&sig));
	}
}

/* Where there is no room the deadline of the connection ends it. */
static void on_request(struct tls_signer *tls, struct tls_session *session, uint32_t key_id,
                       uint16_t scheme, struct slice digest)
{
	struct pki_signer *s = (struct pki_signer *)tls;
	(void)key_id;
	for (size_t i = 0; i < WAITING_MAX && digest.len <= DIGEST_MAX; i++) {
		struct request *r = &s->waiting[i];
		if (r->session)
			continue;
		*r = (struct request){ session, scheme, digest.len, {} };
		memcpy(r->digest, digest.data, digest.len);
		io_later_add(s->loop, &s->later);
		return;
	}
}

static void on_cancel(struct tls_signer *tls, struct tls_session *session)
{
	struct pki_signer *s = (struct pki_signer *)tls;
	for (size_t i = 0; i < WAITING_MAX; i++)
		if (s->waiting[i].session == session)
			s->waiting[i].session = NULL;
}

int pki_signer_new(struct pki_signer **ret_signer, struct io_loop *loop,
                   const struct tls_ca_key *key)
{
	struct pki_signer *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->tls = (struct tls_signer){ .request = on_request, .cancel = on_cancel };
	s->later.fn = on_later;
	s->loop = loop;
	s->key = key;
	*ret_signer = s;
	return 0;
}

void pki_signer_free(struct pki_signer *s)
{
	if (!s)
		return;
	io_later_remove(s->loop, &s->later);
	free(s);
}

struct tls_signer *pki_signer_tls(struct pki_signer *s)
{
	return &s->tls;
}
