#include "parent/listen_list.h"

#include "base/err.h"
#include "conf/conf.h"
#include "conf/site.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

static socklen_t sockaddr_v4(struct sockaddr_storage *sa, const char *host, uint16_t port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)sa;
	*v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	if (host && inet_pton(AF_INET, host, &v4->sin_addr) != 1)
		return 0;
	return sizeof(*v4);
}

static socklen_t sockaddr_v6(struct sockaddr_storage *sa, const char *host, uint16_t port)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)sa;
	*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
	if (host && inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
		return 0;
	return sizeof(*v6);
}

static socklen_t sockaddr_unix(struct sockaddr_storage *sa, const char *path)
{
	struct sockaddr_un *un = (struct sockaddr_un *)sa;
	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(un->sun_path, sizeof(un->sun_path), "%.*s", (int)sizeof(un->sun_path) - 1, path);
	return sizeof(*un);
}

bool parent_listener_place(struct parent_listener *l, const struct sockaddr_storage *sa)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
	switch (sa->ss_family) {
	case AF_UNIX:
		l->sa_len = sockaddr_unix(&l->sa, ((const struct sockaddr_un *)sa)->sun_path);
		return true;
	case AF_INET6:
		l->sa_len = sockaddr_v6(&l->sa, NULL, ntohs(v6->sin6_port));
		((struct sockaddr_in6 *)&l->sa)->sin6_addr = v6->sin6_addr;
		return true;
	case AF_INET:
		l->sa_len = sockaddr_v4(&l->sa, NULL, ntohs(v4->sin_port));
		((struct sockaddr_in *)&l->sa)->sin_addr = v4->sin_addr;
		return true;
	default:
		return false;
	}
}

int parent_listen_list_add(struct parent_listen_list *list, const struct parent_listener *l)
{
	struct parent_listener *more =
		realloc(list->items, (list->count + 1) * sizeof(*list->items));
	if (!more)
		return err_raise(-ENOMEM);
	list->items = more;
	list->items[list->count++] = *l;
	return 0;
}

static int address_add(struct parent_listen_list *list, const struct conf_address *a,
                       struct parent_listener l)
{
	bool is_any = a->kind == CONF_ADDRESS_ANY;
	for (size_t i = 0; i < PARENT_WORKERS_MAX; i++)
		l.fds[i] = -1;
	snprintf(l.text, sizeof(l.text), "%s", a->text);
	if (a->kind == CONF_ADDRESS_UNIX)
		l.sa_len = sockaddr_unix(&l.sa, a->host);
	else if (a->kind == CONF_ADDRESS_INET6)
		l.sa_len = sockaddr_v6(&l.sa, a->host, a->port);
	else
		l.sa_len = sockaddr_v4(&l.sa, is_any ? NULL : a->host, a->port);
	int r = parent_listen_list_add(list, &l);
	if (!r && is_any && !l.is_wide) { /* a second socket for IPv6 alone */
		l.sa_len = sockaddr_v6(&l.sa, NULL, a->port);
		r = parent_listen_list_add(list, &l);
	}
	return err_up(r);
}

static int relay_add(struct parent_listen_list *list, const struct conf_relay *relay,
                     uint32_t number)
{
	int r = 0;
	for (size_t n = 0; !r && n < relay->listen_tls_count; n++) {
		const struct conf_handoff *h = &relay->listen_tls[n];
		struct parent_listener l = { .edge = number, .is_service = true };
		l.service = h->is_lmtp ? PROC_SERVICE_LMTPS : PROC_SERVICE_SMTPS;
		r = address_add(list, &h->address, l);
	}
	for (size_t n = 0; !r && n < relay->listen_count; n++) {
		const struct conf_handoff *h = &relay->listen[n];
		struct parent_listener l = { .edge = number,
			                     .is_service = true,
			                     .is_wide = h->is_wide,
			                     .mode = relay->mode,
			                     .group = relay->group };
		l.service = h->is_lmtp ? PROC_SERVICE_LMTP : PROC_SERVICE_SMTP;
		r = address_add(list, &h->address, l);
	}
	return err_up(r);
}

static int link_add(struct parent_listen_list *list, const struct conf_settings *settings,
                    uint32_t number)
{
	const struct conf_link *link = &settings->links[number];
	struct parent_listener l = { .owner = link->is_made ? settings->user : NULL,
		                     .edge = number,
		                     .is_service = true,
		                     .service = PROC_SERVICE_LINK,
		                     .mode = link->mode,
		                     .group = link->group };
	int r = 0;
	for (size_t i = 0; !r && i < link->listen_tls_count; i++)
		r = address_add(list, &link->listen_tls[i], l);
	if (link->protocol == CONF_LINK_SYSLOG)
		l.service = PROC_SERVICE_SYSLOG;
	for (size_t i = 0; !r && i < link->listen_count; i++)
		r = address_add(list, &link->listen[i], l);
	return err_up(r);
}

static int site_add(struct parent_listen_list *list, const struct conf_settings *settings)
{
	size_t backend = conf_site_backend(settings);
	if (backend >= settings->backend_count)
		return 0;
	return err_up(address_add(list, &settings->backends[backend].addresses[0],
	                          (struct parent_listener){ .owner = settings->user,
	                                                    .is_service = true,
	                                                    .service = PROC_SERVICE_SITE,
	                                                    .mode = 0600 }));
}

static int services_add(struct parent_listen_list *list, const struct conf_settings *settings)
{
	const struct conf_policy_service *policy = &settings->policy_service;
	int r = 0;
	for (size_t i = 0; !r && i < policy->socketmap_count; i++)
		r = address_add(list, &policy->socketmap[i],
		                (struct parent_listener){ .is_service = true,
		                                          .service = PROC_SERVICE_POLICY,
		                                          .mode = policy->mode,
		                                          .group = policy->group });
	for (size_t i = 0; !r && i < settings->tlsrpt.collector_count; i++)
		r = address_add(list, &settings->tlsrpt.collector[i],
		                (struct parent_listener){ .is_service = true,
		                                          .service = PROC_SERVICE_TLSRPT,
		                                          .mode = settings->tlsrpt.mode,
		                                          .group = settings->tlsrpt.group });
	for (size_t i = 0; !r && i < settings->relay_count; i++)
		r = relay_add(list, &settings->relays[i], (uint32_t)i);
	for (size_t i = 0; !r && i < settings->link_count; i++)
		r = link_add(list, settings, (uint32_t)i);
	if (!r)
		r = site_add(list, settings);
	if (!r && settings->dashboard.is_set)
		r = address_add(list, &settings->dashboard.listen,
		                (struct parent_listener){ .is_service = true,
		                                          .service = PROC_SERVICE_DASHBOARD,
		                                          .mode = settings->dashboard.mode,
		                                          .group = settings->dashboard.group });
	return err_up(r);
}

int parent_listen_list_make(struct parent_listen_list *list, const struct conf_settings *settings)
{
	int r = 0;
	for (size_t i = 0; !r && i < settings->edge_count; i++) {
		const struct conf_edge *e = &settings->edges[i];
		for (size_t n = 0; !r && n < e->listen_count; n++)
			r = address_add(list, &e->listen[n],
			                (struct parent_listener){ .edge = (uint32_t)i });
		for (size_t n = 0; !r && n < e->listen_tls_count; n++)
			r = address_add(
				list, &e->listen_tls[n],
				(struct parent_listener){ .edge = (uint32_t)i, .is_tls = true });
	}
	return r ? err_up(r) : err_up(services_add(list, settings));
}
