/* Dovecot: its login services. What changes is a block at the end of its first file, where it holds
 * over all that stands before. */
#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"
#include "up/plan_inside.h"

#include <errno.h>
#include <stdio.h>

struct login {
	enum servers_protocol protocol;
	const char *name; /* of the edge, and the protocol of the configuration */
	const char *service;
	uint16_t port;
};

static const struct login logins[] = {
	{ SERVERS_IMAP, "imap", "imap-login", 143 },
	{ SERVERS_POP3, "pop3", "pop3-login", 110 },
};

/* "imap-login imaps" is "imaps" there. */
static const char *listener_name(const struct servers_listener *l)
{
	const char *space = strrchr(l->name, ' ');
	return space ? space + 1 : l->name;
}

/* NULL: it may move. */
static const char *obstacle(const struct servers_listener *l)
{
	const char *name = listener_name(l);
	if (l->expects_proxy)
		return "it expects a PROXY header: something stands in front of it already";
	if (servers_value_is_yes(l->scope, "ssl_verify_client_cert") ||
	    servers_value_is_yes(l->scope, "ssl_server_request_client_cert") ||
	    servers_value_is_yes(l->scope, "auth_ssl_require_client_cert"))
		return "it looks at certificates of clients, which mailseal does not hand on";
	if (up_has_name_for_address(l))
		return "its address is written as a name";
	if (!*name || strcspn(name, " \t\"'{}#=") != strlen(name))
		return "its name is none that can be written here";
	return NULL;
}

static struct up_door *door_find(struct up_edge *edge, const struct servers_listener *l)
{
	for (size_t i = 0; edge && i < edge->door_count; i++)
		if (!strcmp(edge->doors[i].listener->name, l->name) &&
		    edge->doors[i].port == l->port)
			return &edge->doors[i];
	return NULL;
}

static int door_add(struct up_planning *p, struct up_edge *edge, const struct servers_listener *l)
{
	if (edge->door_count == UP_DOORS_MAX)
		return up_note(p, "Dovecot \"%s\" is left alone: there are too many", l->name);
	struct up_door *door = &edge->doors[edge->door_count];
	*door = (struct up_door){ .listener = l, .port = l->port, .is_tls = l->is_tls };
	up_door_listen(door, l);
	door->direct_port = up_port_choose(p, UP_DIRECT_BASE, l->port);
	edge->door_count++;
	return door->direct_port
	               ? 0
	               : up_refuse(p, "no port of loopback is free for Dovecot's %u", l->port);
}

static int edge_make(struct up_planning *p, const struct login *login,
                     const struct servers_server *server, struct up_edge **ret_edge)
{
	struct up_edge *edge = up_edge_add(p, login->name, login->name, server);
	if (!edge)
		return up_note(p, "Dovecot's %s is left alone: there are too many", login->name);
	if (!edge->name)
		return err_raise(-ENOMEM);
	edge->backend_port = up_port_choose(p, UP_BACKEND_BASE, login->port);
	*ret_edge = edge;
	return edge->backend_port
	               ? 0
	               : up_refuse(p, "no port of loopback is free for Dovecot's %s", login->name);
}

static int listener_take(struct up_planning *p, const struct login *login,
                         const struct servers_server *server, const struct servers_listener *l,
                         struct up_edge **edge)
{
	const char *why = obstacle(l);
	struct up_door *known = door_find(*edge, l);
	int r = 0;
	if (known) {
		up_door_listen(known, l);
		return 0;
	}
	if (!up_is_public(l))
		return 0;
	if (why)
		return up_note(p, "Dovecot \"%s\" (port %u) is left alone: %s", l->name, l->port,
		               why);
	if (!*edge)
		r = edge_make(p, login, server, edge);
	return r || !*edge ? err_up(r) : door_add(p, *edge, l);
}

static int login_take(struct up_planning *p, const struct login *login,
                      const struct servers_server *server)
{
	struct up_edge *edge = NULL;
	int r = 0;
	for (size_t i = 0; i < server->listener_count && !r; i++)
		if (server->listeners[i]->protocol == login->protocol)
			r = listener_take(p, login, server, server->listeners[i], &edge);
	return err_up(r);
}

/* What mailseal has no edge for. */
static int others_note(struct up_planning *p, const struct servers_server *server)
{
	int r = 0;
	for (size_t i = 0; i < server->listener_count && !r; i++) {
		const struct servers_listener *l = server->listeners[i];
		bool is_ours = l->protocol == SERVERS_IMAP || l->protocol == SERVERS_POP3;
		if (!is_ours && up_is_public(l))
			r = up_note(p,
			            "Dovecot \"%s\" (port %u) is left alone: it is none that is "
			            "moved here",
			            l->name, l->port);
	}
	return err_up(r);
}

/* --- its lines --- */

struct listener_text {
	const char *address_word; /* as this version calls it */
	const char *name;
	uint16_t port;
	const char *more;
};

static int listener_write(struct buf *out, const struct listener_text *l)
{
	return err_up(buf_printf(out,
	                         "  inet_listener %s {\n    %s = 127.0.0.1\n    port = %u\n%s  }\n",
	                         l->name, l->address_word, l->port, l->more));
}

static int door_write(struct buf *out, const struct up_door *door, const char *address_word)
{
	char name[64];
	snprintf(name, sizeof(name), "mailseal_direct_%u", door->port);
	int r = buf_printf(out, "  inet_listener %s {\n    port = 0\n  }\n",
	                   listener_name(door->listener));
	if (!r)
		r = listener_write(
			out, &(struct listener_text){ address_word, name, door->direct_port,
		                                      door->is_tls ? "    ssl = yes\n" : "" });
	return err_up(r);
}

static int service_write(struct buf *out, const struct up_edge *edge, const char *address_word)
{
	int r = buf_printf(out, "service %s-login {\n", edge->protocol);
	for (size_t i = 0; i < edge->door_count && !r; i++)
		r = door_write(out, &edge->doors[i], address_word);
	if (!r)
		r = listener_write(out, &(struct listener_text){ address_word, "mailseal",
		                                                 edge->backend_port,
		                                                 "    haproxy = yes\n" });
	return r ? err_up(r) : err_up(buf_add_str(out, "}\n"));
}

static bool is_2_4(const struct servers_server *server)
{
	return servers_version_is_at_least(server->version, 2, 4) ||
	       servers_setting_own(server->top, "dovecot_config_version");
}

static int block_write(struct up_planning *p, struct buf *out, const struct servers_server *server)
{
	const char *trusted = servers_value(server->top, "haproxy_trusted_networks");
	const char *address_word = is_2_4(server) ? "listen" : "address";
	bool has_loopback = servers_words_have(trusted, "127.0.0.0/8") ||
	                    servers_words_have(trusted, "127.0.0.1");
	int r = buf_printf(out, "haproxy_trusted_networks = %s%s%s\n", trusted,
	                   *trusted && !has_loopback ? " " : "", has_loopback ? "" : "127.0.0.0/8");
	for (size_t i = 0; i < p->plan->edge_count && !r; i++)
		if (p->plan->edges[i].server == server)
			r = service_write(out, &p->plan->edges[i], address_word);
	return r ? err_up(r) : err_up(buf_add(out, slice_of("", 1)));
}

static int file_change(struct up_planning *p, const struct servers_server *server)
{
	CLEAN(buf_deinit) struct buf text = {};
	int r = block_write(p, &text, server);
	if (r)
		return err_up(r);
	const struct up_block block = { .text = (const char *)buf_slice(&text).data };
	return err_up(up_file_change(p, server->path, &block, 1));
}

static int clear_logins_note(struct up_planning *p, const struct servers_server *server)
{
	int r = 0;
	for (size_t i = 0; i < p->plan->edge_count && !r; i++) {
		const struct up_edge *edge = &p->plan->edges[i];
		for (size_t j = 0; j < edge->door_count && !r; j++)
			if (edge->server == server && !edge->doors[j].is_tls)
				r = up_note(
					p,
					"programs of this host that log in on port %u without TLS "
					"(a webmail?) are refused then: let them use "
					"127.0.0.1:%u",
					edge->doors[j].port, edge->doors[j].direct_port);
	}
	return err_up(r);
}

int up_plan_dovecot(struct up_planning *p, const struct servers_server *server)
{
	size_t edges = p->plan->edge_count;
	int r = others_note(p, server);
	if (*server->instance)
		return up_note(p, "Dovecot's instance \"%s\" is left alone", server->instance);
	for (size_t i = 0; i < COUNT_OF(logins) && !r; i++)
		r = login_take(p, &logins[i], server);
	if (r || p->plan->edge_count == edges)
		return err_up(r);
	p->plan->work.has_dovecot = true;
	r = clear_logins_note(p, server);
	return r ? err_up(r) : err_up(file_change(p, server));
}
