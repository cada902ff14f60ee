/* MTAs of other hosts: in TLS from the first byte, and they prove who they are. */
#include "relay/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "identity/trust.h"
#include "tls/peer.h"

#include <errno.h>
#include <stdio.h>

/* A stranger who only begins one must not keep our own MTAs out. */
enum { HANDSHAKES_MAX = 500 };

/* Whom the door believes. */
struct believed {
	struct slice ca_pem;
	char *const *names; /* borrowed, or own */
	char **own;
	size_t count;
	struct tls_inside *inside;
};

static void believed_deinit(struct believed *b)
{
	identity_peers_free(b->own, b->count);
	tls_inside_unref(b->inside);
}

static int believed_fill(struct believed *b, const struct relay_world_settings *set,
                         char *ret_error, size_t error_cap)
{
	const struct conf_settings *settings = set->settings;
	const struct conf_relay *conf = &settings->relays[set->number];
	const struct buf *cas = set->materials->cas;
	b->names = conf->peers;
	b->count = conf->peer_count;
	b->ca_pem = buf_slice(&cas[conf_ca_of_clients(settings, set->number)]);
	if (conf->client_verify != TLS_VERIFY_INTERNAL)
		return 0;
	b->ca_pem = buf_slice(&cas[conf_ca_of_internal(settings)]);
	int r = identity_peers_new(&b->own, conf->peers, conf->peer_count, ret_error, error_cap);
	b->names = b->own;
	if (!r)
		r = identity_inside_new(&b->inside, buf_slice(&cas[conf_ca_denied(settings)]),
		                        settings->pki.grace_s, ret_error, error_cap);
	return r; /* IDENTITY_TRUST_BAD, or ours */
}

/* Of an internal door without any it is this node's own. */
static size_t specs_fill(struct tls_certificate_spec *specs, const struct relay_world_settings *set)
{
	const struct conf_relay *conf = &set->settings->relays[set->number];
	if (conf->client_verify == TLS_VERIFY_INTERNAL && !conf->certificate_count)
		return conf_node_spec(set->settings, set->materials, specs);
	return conf_certificate_specs(set->settings, set->materials, conf->certificates,
	                              conf->certificate_count, specs);
}

static int door_fails(const struct conf_relay *conf, const char *why, char *ret_error, size_t cap)
{
	snprintf(ret_error, cap, "relay.%s: %s", conf->name, why);
	return RELAY_WORLD_BAD;
}

/* Without its certificates. */
static struct tls_server_settings server_settings(const struct relay_world_settings *set,
                                                  const struct believed *believed)
{
	const struct conf_tls *t = &set->settings->tls;
	return (struct tls_server_settings){
		.policy = { .profile = TLS_PROFILE_USER,
		            .min_version = t->min_version > TLS_1_2 ? t->min_version : TLS_1_2,
		            .groups = t->groups },
		.client_ca_pem = believed->ca_pem,
		.client_names = believed->names,
		.client_name_count = believed->count,
		.inside = believed->inside,
		.is_compact = t->compact,
		.signer = set->signer,
	};
}

int relay_door_make(struct tls_server **ret_server, const struct relay_world_settings *set,
                    char *ret_error, size_t error_cap)
{
	const struct conf_settings *settings = set->settings;
	const struct conf_relay *conf = &settings->relays[set->number];
	char why[160];
	if (!conf->listen_tls_count)
		return 0;
	CLEAN(freep)
	struct tls_certificate_spec *specs =
		calloc(settings->certificate_count + 1, sizeof(*specs));
	if (!specs)
		return err_raise(-ENOMEM);
	CLEAN(believed_deinit) struct believed believed = {};
	int r = believed_fill(&believed, set, why, sizeof(why));
	if (r)
		return r > 0 ? door_fails(conf, why, ret_error, error_cap) : err_up(r);
	struct tls_server_settings server = server_settings(set, &believed);
	server.certificates = specs;
	server.certificate_count = specs_fill(specs, set);
	/* Without either anybody would come in, or nobody. */
	if (!server.certificate_count || !server.client_ca_pem.len)
		return door_fails(conf, "no certificate, or no client_ca_file", ret_error,
		                  error_cap);
	r = tls_server_new(ret_server, &server, why, sizeof(why));
	return r > 0 ? door_fails(conf, why, ret_error, error_cap) : err_up(r);
}

bool relay_door_has_room(const struct relay *r)
{
	size_t count = 0;
	for (const struct relay_client *c = r->clients.next; c != &r->clients; c = c->next)
		count += c->is_in_handshake;
	return count < HANDSHAKES_MAX;
}

static const char *mend_of(enum tls_peer_fault fault)
{
	static const char *const mends[] = {
		[TLS_PEER_FINE] = "",
		[TLS_PEER_NONE] = "give that MTA a certificate of a CA in client_ca_file (Postfix: "
				  "lmtp_tls_cert_file, lmtp_tls_key_file)",
		[TLS_PEER_NOT_TRUSTED] = "give that MTA a certificate of a CA in client_ca_file, "
					 "and those between; or add its CA there",
		[TLS_PEER_WRONG_NAME] = "write one of its names into peer, if it may send",
		[TLS_PEER_EXPIRED] = "renew its certificate, or look at the clocks",
		[TLS_PEER_REVOKED] = "its certificate was revoked; if it is still yours, issue "
				     "another one (mailseal pki issue)",
		[TLS_PEER_INVALID] = "give that MTA a certificate that is for TLS clients",
	};
	_Static_assert(COUNT_OF(mends) == TLS_PEER_FAULT_COUNT, "what to do about every fault");
	return mends[fault];
}

void relay_door_passed(const struct relay_client *c)
{
	const struct tls_session *tls = c->stream.tls;
	int64_t ago_s = tls_session_expired_s(tls);
	uint64_t unsaid;
	if (!ago_s || !log_calm(&c->relay->refusals, io_loop_now_ms(c->relay->loop), &unsaid))
		return;
	log_error(c->session_id,
	          "certificate of one of our hosts has expired and is accepted for now",
	          kv_str("relay", c->world->name), kv_str("client", c->addr),
	          kv_str("names", tls_session_peer_names(tls)), kv_int("expired_s", ago_s),
	          kv_str("mend", "renew it: mailseal pki renew NAME on the CA's host"),
	          kv_int("unsaid", (int64_t)unsaid));
}

void relay_door_refused(const struct relay_client *c)
{
	const struct tls_session *tls = c->stream.tls;
	uint64_t unsaid;
	if (!log_calm(&c->relay->refusals, io_loop_now_ms(c->relay->loop), &unsaid))
		return;
	log_warn(c->session_id, "handoff refused", kv_str("relay", c->world->name),
	         kv_str("client", c->addr), kv_str("reason", tls_session_error(tls)),
	         kv_str("names", tls_session_peer_names(tls)),
	         kv_str("mend", mend_of(tls_session_peer_fault(tls))),
	         kv_int("unsaid", (int64_t)unsaid));
}
