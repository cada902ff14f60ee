/* What came out of a handshake. */
#include "base/clean.h"
#include "tls/hello.h"
#include "tls/server_private.h"
#include "tls/session_private.h"
#include "tls/suite.h"

/* Names as people write them; the library's own where it is newer than this table. */
static const char *group_name(const SSL *ssl)
{
	static const struct {
		int nid;
		const char *name;
	} groups[] = {
		{ NID_X25519, "X25519" },          { NID_X448, "X448" },
		{ NID_X9_62_prime256v1, "P-256" }, { NID_secp384r1, "P-384" },
		{ NID_secp521r1, "P-521" },
	};
	int nid = (int)SSL_get_negotiated_group((SSL *)ssl);
	if (nid == NID_undef)
		return "";
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if (groups[i].nid == nid)
			return groups[i].name;
	const char *name = SSL_group_to_name((SSL *)ssl, nid) ?: "";
	const struct tls_group *known = tls_group_find(slice_str(name));
	return known ? known->name : name;
}

/* A server agrees to ids of its own alone, so what is cut fits none of them. */
static void alpn_fill(struct tls_session *s)
{
	const unsigned char *name = NULL;
	unsigned len = 0;
	SSL_get0_alpn_selected(s->ssl, &name, &len);
	if (!s->server || !len)
		return;
	slice_to_text(slice_of(name, len), s->alpn, sizeof(s->alpn));
	s->facts.alpn = s->alpn;
}

/* In a handshake that ended early, too. */
bool tls_session_is_visitor(const struct tls_session *s)
{
	struct slice name = slice_str(s->alpn);
	unsigned len = 0;
	if (!s->server || !s->server->visitor[0])
		return false;
	if (s->ssl) {
		SSL_get0_alpn_selected(s->ssl, &name.data, &len);
		name.len = len;
	}
	return slice_equal(name, slice_str(s->server->visitor));
}

void tls_session_facts_fill(struct tls_session *s)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(s->ssl);
	int exchange = SSL_CIPHER_get_kx_nid(cipher);
	bool is_dhe = exchange == NID_kx_dhe;
	/* A user edge has no CBC but for the clients of an old version. */
	bool is_below = s->server && s->server->policy.profile == TLS_PROFILE_USER &&
	                !SSL_CIPHER_is_aead(cipher);
	uint16_t version = (uint16_t)SSL_version(s->ssl);
	s->facts.version = tls_hello_version_name(version);
	s->facts.cipher = SSL_CIPHER_standard_name(cipher);
	s->facts.group = group_name(s->ssl);
	if (is_dhe && s->server)
		s->facts.group = "ffdhe2048"; /* the only one we have */
	s->facts.is_resumed = SSL_session_reused(s->ssl);
	s->facts.has_forward_secrecy = exchange == NID_kx_any || exchange == NID_kx_ecdhe || is_dhe;
	s->facts.is_legacy =
		version < TLS1_2_VERSION || is_dhe || is_below || !s->facts.has_forward_secrecy;
	alpn_fill(s);
}
