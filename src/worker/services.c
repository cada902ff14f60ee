#include "worker/services.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "io/loop.h"
#include "link/link.h"
#include "relay/collector.h"
#include "relay/relay.h"
#include "relay/service.h"
#include "worker/listeners.h"

#include <errno.h>

/* Of one configuration. */
struct set {
	enum conf_dialect dialect;
	struct relay_service_transport transport;
	struct relay_world **worlds;
	size_t world_count;
	struct link_world *links;
};

struct worker_services {
	struct io_loop *loop;
	struct relay_service *policy;
	struct relay_collector collector;
	struct relay *relay;
	struct link_pool *links;
	struct worker_listeners listeners; /* kind: enum proc_service, number: relay or link */
	struct worker_listeners next_listeners;
	struct set now, next;
};

static void worlds_free(struct set *s)
{
	for (size_t i = 0; i < s->world_count; i++)
		relay_world_unref(s->worlds[i]);
	free(s->worlds);
	s->worlds = NULL;
	s->world_count = 0;
	link_world_unref(s->links);
	s->links = NULL;
	char **domains = s->transport.local_domains;
	for (size_t i = 0; domains && domains[i]; i++)
		free(domains[i]);
	free(domains);
	s->transport = (struct relay_service_transport){};
}

int worker_services_new(struct worker_services **ret_s, struct io_loop *loop,
                        struct policy_asker *asker)
{
	struct worker_services *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->loop = loop;
	s->collector.asker = asker;
	int r = relay_service_new(&s->policy, &(struct relay_service_settings){
						      .loop = loop,
						      .asker = asker,
						      .clients_max = RELAY_SERVICE_CLIENTS_MAX,
						      .each_max = RELAY_SERVICE_EACH_MAX });
	if (!r)
		r = relay_new(&s->relay, loop, asker);
	if (!r)
		r = link_pool_new(&s->links, loop, asker);
	if (r) {
		worker_services_free(s);
		return err_up(r);
	}
	*ret_s = s;
	return 0;
}

void worker_services_free(struct worker_services *s)
{
	if (!s)
		return;
	worker_listeners_close(&s->listeners);
	worker_listeners_close(&s->next_listeners);
	relay_service_free(s->policy);
	relay_free(s->relay);
	link_pool_end(s->links);
	worlds_free(&s->now);
	worlds_free(&s->next);
	link_pool_free(s->links);
	free(s);
}

struct relay *worker_services_relay(struct worker_services *s)
{
	return s->relay;
}

struct link_pool *worker_services_links(struct worker_services *s)
{
	return s->links;
}

const struct relay_service_counters *worker_services_policy(const struct worker_services *s)
{
	return relay_service_counters(s->policy);
}

const struct relay_collector *worker_services_collector(const struct worker_services *s)
{
	return &s->collector;
}

int worker_services_add(struct worker_services *s, struct slice payload, int socket)
{
	CLEAN(closep) int fd = socket;
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t which;
	uint8_t service;
	if (!proc_unpack_u8(&u, &service) || !proc_unpack_u32(&u, &which) ||
	    service >= PROC_SERVICE_COUNT)
		return err_raise(-EPROTO);
	return err_up(worker_listeners_add(&s->next_listeners, service, which, TAKE_FD(fd)));
}

void worker_services_clear(struct worker_services *s)
{
	if (!s)
		return;
	worker_listeners_close(&s->next_listeners);
	worlds_free(&s->next);
}

static int transport_take(struct relay_service_transport *t, const struct conf_settings *settings)
{
	const struct conf_policy_service *policy = &settings->policy_service;
	for (size_t i = 0; i < settings->relay_count && !t->port; i++) {
		const struct conf_relay *relay = &settings->relays[i];
		for (size_t n = 0; n < relay->listen_count && !t->port; n++) {
			if (!relay->listen[n].is_wide)
				continue;
			t->port = relay->listen[n].address.port;
			t->is_lmtp = relay->listen[n].is_lmtp;
		}
	}
	t->local_domains = calloc(policy->local_domain_count + 1, sizeof(*t->local_domains));
	if (!t->local_domains)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < policy->local_domain_count; i++) {
		t->local_domains[i] = strdup(policy->local_domains[i]);
		if (!t->local_domains[i])
			return err_raise(-ENOMEM);
	}
	return 0;
}

static int links_prepare(struct worker_services *s, const struct relay_world_settings *set,
                         char *ret_error, size_t error_cap)
{
	const struct link_world_settings links = { .pool = s->links,
		                                   .settings = set->settings,
		                                   .materials = set->materials,
		                                   .signer = set->signer };
	int r = link_world_new(&s->next.links, &links, ret_error, error_cap);
	return r == LINK_WORLD_BAD ? WORKER_SERVICES_BAD : err_up(r);
}

int worker_services_prepare(struct worker_services *s, const struct relay_world_settings *set,
                            char *ret_error, size_t error_cap)
{
	struct set *next = &s->next;
	const struct conf_settings *settings = set->settings;
	worlds_free(next);
	next->dialect = settings->policy_service.dialect;
	int r = transport_take(&next->transport, settings);
	if (r)
		return err_up(r);
	next->worlds = calloc(settings->relay_count + 1, sizeof(*next->worlds));
	if (!next->worlds)
		return err_raise(-ENOMEM);
	for (size_t i = 0; i < settings->relay_count; i++) {
		struct relay_world_settings one = *set;
		one.number = i;
		r = relay_world_new(&next->worlds[i], &one, ret_error, error_cap);
		if (r)
			return r == RELAY_WORLD_BAD ? WORKER_SERVICES_BAD : err_up(r);
		next->world_count++;
	}
	return links_prepare(s, set, ret_error, error_cap);
}

static void on_connection(void *owner, uint8_t service, uint32_t which, int fd,
                          const struct sockaddr *peer)
{
	static const struct relay_door doors[] = {
		[PROC_SERVICE_LMTP] = { .is_lmtp = true },
		[PROC_SERVICE_LMTPS] = { .is_lmtp = true, .is_tls = true },
		[PROC_SERVICE_SMTPS] = { .is_tls = true },
		[PROC_SERVICE_DASHBOARD] = {}, /* none of a worker */
		[PROC_SERVICE_SYSLOG] = {},    /* none of a relay, as some above */
		[PROC_SERVICE_SITE] = {},      /* none of a worker */
	};
	_Static_assert(COUNT_OF(doors) == PROC_SERVICE_COUNT);
	struct worker_services *s = owner;
	if (service == PROC_SERVICE_TLSRPT)
		relay_collector_read(&s->collector, fd);
	else if (service == PROC_SERVICE_POLICY)
		relay_service_accept(s->policy, fd);
	else if (service == PROC_SERVICE_LINK)
		link_accept(s->links, s->now.links, which, fd, peer);
	else if (service == PROC_SERVICE_SYSLOG)
		link_datagrams_read(s->links, s->now.links, which, fd);
	else if (which < s->now.world_count)
		relay_accept(s->relay, s->now.worlds[which], doors[service], fd, peer);
	else
		close(fd);
}

int worker_services_start(struct worker_services *s)
{
	worlds_free(&s->now);
	s->now = s->next;
	s->next = (struct set){};
	link_pool_switch(s->links, s->now.links);
	relay_service_set_dialect(s->policy, s->now.dialect);
	relay_service_set_transport(s->policy, &s->now.transport);
	return err_up(worker_listeners_start(&s->listeners, &s->next_listeners, s->loop,
	                                     on_connection, s));
}

void worker_services_stop(struct worker_services *s)
{
	worker_listeners_close(&s->listeners);
}
