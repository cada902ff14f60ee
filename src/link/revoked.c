/* Other ends that were revoked while there are connections to them: these end now. */
#include "link/inside.h"

#include "base/log.h"
#include "tls/inside.h"
#include "tls/peer.h"

bool link_is_revoked(const struct link_pool *pool, const struct link_end *end,
                     const char *session_id, const struct tls_session *tls)
{
	if (!tls || !tls_session_is_denied(tls, pool->inside))
		return false;
	log_warn(session_id, "link ends, for the other host was revoked", kv_str("link", end->name),
	         kv_str("end", end->is_far ? "near" : "far"),
	         kv_str("names", end->is_far ? tls_session_peer_names(tls) : end->peers),
	         kv_str("mend", "if that host is still yours, issue another certificate (mailseal "
	                        "pki issue)"));
	return true;
}

void link_revoked_end(struct link_pool *pool)
{
	struct link_sender *next;
	for (struct link_session *s = pool->sessions; s; s = s->next) {
		const struct io_stream *sealed = link_session_sealed(s);
		if (!s->over.is_queued && sealed->is_tls_up &&
		    link_is_revoked(pool, s->end, s->id, sealed->tls))
			link_session_break(s, "revoked");
	}
	for (struct link_sender *s = pool->senders; s; s = next) {
		next = link_sender_next(s);
		link_sender_end_if_revoked(s);
	}
}
