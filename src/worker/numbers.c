#include "worker/numbers.h"

#include "edge/edge.h"
#include "link/link.h"
#include "proc/teller.h"
#include "relay/collector.h"
#include "relay/relay.h"
#include "relay/service.h"
#include "tls/session.h"
#include "worker/services.h"
#include "worker/signer.h"

static void edges_take(const struct edge_pool *pool, uint64_t *n)
{
	const struct edge_counters *c = edge_pool_counters(pool);
	n[PROC_WORKER_OPEN] = edge_pool_open(pool);
	n[PROC_WORKER_SESSIONS] = c->sessions;
	n[PROC_WORKER_TLS] = c->tls;
	n[PROC_WORKER_TLS_FAILED] = c->tls_failed;
	n[PROC_WORKER_PLAIN] = c->plain;
	n[PROC_WORKER_LEGACY] = c->legacy;
	n[PROC_WORKER_RESUMED] = c->resumed;
	n[PROC_WORKER_REFUSED] = c->refused;
	n[PROC_WORKER_EXPOSURES] = c->exposures;
	n[PROC_WORKER_BACKEND_FAILURES] = c->backend_failures;
	n[PROC_WORKER_MESSAGES] = c->messages;
	n[PROC_WORKER_BYTES_IN] = c->bytes_in;
	n[PROC_WORKER_BYTES_OUT] = c->bytes_out;
	n[PROC_WORKER_LOGINS_SLOWED] = c->logins_slowed;
	n[PROC_WORKER_LOGINS_REFUSED] = c->logins_refused;
	n[PROC_WORKER_LOOKUPS] = c->lookups;
	n[PROC_WORKER_LOOKUPS_UNKNOWN] = c->lookups_unknown;
	n[PROC_WORKER_LOOKUPS_FAILED] = c->lookups_failed;
	n[PROC_WORKER_REFUSED_BUSY] = c->refused_busy;
	n[PROC_WORKER_HANDSHAKES_WAITING] = edge_pool_in_line(pool);
}

static void relays_take(struct worker_services *services, uint64_t *n)
{
	const struct relay *relay = worker_services_relay(services);
	const struct relay_counters *r = relay_counters(relay);
	const struct relay_service_counters *s = worker_services_policy(services);
	const struct relay_collector *t = worker_services_collector(services);
	n[PROC_WORKER_POLICY_QUESTIONS] = s->questions;
	n[PROC_WORKER_POLICY_ANSWERS] = s->answers;
	n[PROC_WORKER_POLICY_TEMPORARY] = s->temps;
	n[PROC_WORKER_HANDOFFS_OPEN] = relay_open(relay);
	n[PROC_WORKER_HANDOFFS] = r->handoffs;
	n[PROC_WORKER_HOPS] = r->hops;
	n[PROC_WORKER_HOPS_SEALED] = r->sealed;
	n[PROC_WORKER_HOPS_AUTHENTICATED] = r->authenticated;
	n[PROC_WORKER_HOPS_PLAIN] = r->plain;
	n[PROC_WORKER_HOPS_TLS_FAILED] = r->tls_failed;
	n[PROC_WORKER_MESSAGES_RELAYED] = r->messages;
	n[PROC_WORKER_TLSRPT_DATAGRAMS] = t->datagrams;
	n[PROC_WORKER_TLSRPT_REFUSED] = t->refused;
}

static void links_take(const struct link_pool *links, uint64_t *n)
{
	const struct link_counters *k = link_pool_counters(links);
	n[PROC_WORKER_LINKS_OPEN] = link_pool_open(links);
	n[PROC_WORKER_LINK_CONNECTIONS] = k->connections;
	n[PROC_WORKER_LINKS_REFUSED] = k->refused;
	n[PROC_WORKER_LINKS_TLS_FAILED] = k->tls_failed;
	n[PROC_WORKER_LINK_BYTES_IN] = k->bytes_in;
	n[PROC_WORKER_LINK_BYTES_OUT] = k->bytes_out;
	n[PROC_WORKER_LINK_DATAGRAMS] = k->datagrams;
	n[PROC_WORKER_LINK_DATAGRAMS_LOST] = k->datagrams_lost;
}

void worker_numbers_take(const struct worker_counted *from,
                         uint64_t ret_numbers[PROC_WORKER_NUMBER_COUNT])
{
	uint64_t *n = ret_numbers;
	struct proc_teller_counters ledger = proc_teller_counters(from->ledger);
	struct tls_compact_counts compact;
	tls_compact_counts(&compact);
	edges_take(from->pool, n);
	relays_take(from->services, n);
	links_take(worker_services_links(from->services), n);
	n[PROC_WORKER_SIGNATURES_PENDING] = worker_signer_pending(from->signer);
	n[PROC_WORKER_LEDGER_WAITING] = ledger.waiting;
	n[PROC_WORKER_LEDGER_LOST] = ledger.lost;
	n[PROC_WORKER_TLS_COMPACT] = compact.compact;
	n[PROC_WORKER_TLS_NOT_COMPACT] = compact.stayed;
}
