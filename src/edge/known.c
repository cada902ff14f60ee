#include "edge/known.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "edge/session.h"
#include "identity/trust.h"
#include "tls/inside.h"
#include "tls/peer.h"

#include <stdio.h>

int edge_known_demand(struct tls_server_settings *set, const struct edge *e,
                      const struct edge_trust *trust, char ***ret_names, char *ret_error,
                      size_t cap)
{
	const struct conf_edge *conf = e->conf;
	char why[160];
	if (!conf->needs_client_certificate)
		return 0;
	if (!trust->inside || !trust->ca_pem.len) {
		snprintf(ret_error, cap, "edge.%s: no internal CA for its clients", conf->name);
		return EDGE_WORLD_BAD;
	}
	int r = identity_peers_new(ret_names, conf->peers, conf->peer_count, why, sizeof(why));
	if (r > 0) {
		snprintf(ret_error, cap, "edge.%s: %s", conf->name, why);
		return EDGE_WORLD_BAD;
	}
	set->client_ca_pem = trust->ca_pem;
	set->client_names = *ret_names;
	set->client_name_count = conf->peer_count;
	set->inside = trust->inside;
	set->policy.has_tickets = false; /* who is revoked must not come back by one */
	return err_up(r);
}

void edge_known_free(char **names, const struct edge *e)
{
	identity_peers_free(names, e->conf->peer_count);
}

void edge_known_passed(struct edge_session *s)
{
	const struct tls_session *tls = s->client.tls;
	const struct conv_facts *f = &s->conv->facts;
	if (!s->edge->conf->needs_client_certificate)
		return;
	log_notice(f->session_id, "client proved who it is", kv_str("edge", s->edge->conf->name),
	           kv_str("client", f->client_addr), kv_str("names", tls_session_peer_names(tls)));
	int64_t ago_s = tls_session_expired_s(tls);
	if (ago_s)
		log_error(f->session_id,
		          "certificate of one of our hosts has expired and is accepted for now",
		          kv_str("edge", s->edge->conf->name), kv_str("client", f->client_addr),
		          kv_str("names", tls_session_peer_names(tls)), kv_int("expired_s", ago_s),
		          kv_str("mend", "renew it: mailseal pki renew NAME on the CA's host"));
}

void edge_known_refused(struct edge_session *s)
{
	const struct tls_session *tls = s->client.tls;
	const struct conv_facts *f = &s->conv->facts;
	uint64_t unsaid;
	if (!s->edge->conf->needs_client_certificate || !tls_session_peer_fault(tls) ||
	    !log_calm(&s->edge->strangers, edge_session_now_ms(s), &unsaid))
		return;
	log_warn(f->session_id, "client has no certificate that counts",
	         kv_str("edge", s->edge->conf->name), kv_str("client", f->client_addr),
	         kv_str("names", tls_session_peer_names(tls)),
	         kv_str("error", tls_session_error(tls)),
	         kv_str("mend", identity_peer_mend(tls_session_peer_fault(tls))),
	         kv_int("unsaid", (int64_t)unsaid));
}
