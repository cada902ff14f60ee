/*
 * What a stranger sends to an accepting session, in up to eight pieces: the first eight bytes are
 * their lengths, 255 is the rest. Signatures are answered if the first length is odd, else refused
 * or left open.
 */
#include "base/clean.h"
#include "keys/selfsigned.h"
#include "keys/store.h"
#include "tls/hello.h"
#include "tls/server.h"

#undef NDEBUG
#include <assert.h>

enum { PIECES = 8, STEPS_MAX = 64 };

struct fuzz_signer {
	struct tls_signer tls; /* first */
	struct keys_store *store;
	struct tls_session *asking;
	uint16_t scheme;
	uint8_t digest[64];
	size_t digest_len;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_request(struct tls_signer *tls, struct tls_session *session, uint32_t key_id,
                       uint16_t scheme, struct slice digest)
{
	struct fuzz_signer *signer = (struct fuzz_signer *)tls;
	assert(key_id == 1 && digest.len <= sizeof(signer->digest));
	signer->asking = session;
	signer->scheme = scheme;
	signer->digest_len = digest.len;
	memcpy(signer->digest, digest.data, digest.len);
}

static void on_cancel(struct tls_signer *tls, struct tls_session *session)
{
	struct fuzz_signer *signer = (struct fuzz_signer *)tls;
	assert(signer->asking == session);
	signer->asking = NULL;
}

static void answer(struct fuzz_signer *signer, bool is_willing)
{
	CLEAN(buf_deinit) struct buf sig = {};
	struct tls_session *session = TAKE(signer->asking);
	struct slice digest = slice_of(signer->digest, signer->digest_len);
	if (is_willing)
		assert(keys_store_sign(signer->store, 1, signer->scheme, digest, &sig) == 0);
	tls_session_signed(session, buf_slice(&sig));
}

static struct tls_server *server_make(struct fuzz_signer *signer)
{
	CLEAN(buf_deinit_secret) struct buf key = {};
	CLEAN(buf_deinit) struct buf chain = {};
	struct tls_server *server = NULL;
	char error[128];
	assert(keys_self_signed_make(&key, &chain, "fuzz.test") == 0);
	assert(keys_store_new(&signer->store) == 0);
	assert(keys_store_add(signer->store, 1, buf_slice(&key)) == 0);
	struct tls_certificate_spec spec = { "fuzz", buf_slice(&chain), 1 };
	struct tls_server_settings set = { .policy = { .profile = TLS_PROFILE_OPPORTUNISTIC,
		                                       .min_version = TLS_1_0,
		                                       .groups = "X25519:P-256:P-384",
		                                       .has_tickets = true },
		                           .certificates = &spec,
		                           .certificate_count = 1,
		                           .alpn = "imap",
		                           .signer = &signer->tls };
	assert(tls_server_new(&server, &set, error, sizeof(error)) == 0);
	return server;
}

/* Feeds one piece. False: the session is over, or it waits for what never comes. */
static bool feed(struct tls_session *s, struct slice *piece, struct fuzz_signer *signer,
                 bool is_willing)
{
	CLEAN(buf_deinit) struct buf out = {};
	for (int step = 0; step < STEPS_MAX; step++) {
		uint8_t plain[512];
		size_t len = 0;
		int r = tls_session_handshake(s, piece, &out);
		assert(r >= 0);
		if (r == TLS_SIGNING && !is_willing && piece->len)
			return false; /* leaves in mid-signature */
		if (r == TLS_SIGNING)
			answer(signer, is_willing);
		else if (r)
			return r == TLS_MORE;
		else if (tls_session_read(s, piece, &out, plain, sizeof(plain), &len))
			return false;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_signer signer = { .tls = { on_request, on_cancel } };
	static struct tls_server *server;
	struct tls_session *s = NULL;
	if (size < PIECES)
		return 0;
	if (!server)
		server = server_make(&signer);
	struct slice rest = slice_of(data + PIECES, size - PIECES);
	assert(tls_session_accept(&s, server, NULL) == 0);
	for (size_t i = 0; i < PIECES && rest.len; i++) {
		struct slice piece = data[i] == 0xff ? rest : slice_head(rest, data[i]);
		size_t given = piece.len;
		if (!feed(s, &piece, &signer, data[0] & 1))
			break;
		rest = slice_skip(rest, given - piece.len);
	}
	assert(tls_session_error(s) && tls_session_facts(s));
	tls_session_free(s);
	assert(!signer.asking);
	return 0;
}
