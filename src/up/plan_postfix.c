/* Postfix: its public services of master.cf. main.cf stays as it is. */
#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"
#include "up/plan_inside.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

enum { SERVICES_MAX = 16 };

/* Behind mailseal TLS has ended. What comes last holds, so all else of the service may stay. */
static const char edge_options[] = "  -o smtpd_upstream_proxy_protocol=haproxy\n"
				   "  -o smtpd_tls_security_level=none\n"
				   "  -o smtpd_tls_wrappermode=no\n"
				   "  -o smtpd_tls_auth_only=no\n";
static const char edge_options_postscreen[] = "  -o postscreen_upstream_proxy_protocol=haproxy\n";

struct service {
	const struct servers_scope *scope; /* its line of master.cf */
	const struct servers_listener *listener;
	struct up_edge *edge;
	bool is_postscreen;
};

struct services {
	struct service items[SERVICES_MAX];
	size_t count;
};

/* --- what is left alone, and why --- */

static bool restrictions_have(const struct servers_scope *scope, const char *what)
{
	static const char *const lists[] = {
		"smtpd_client_restrictions",    "smtpd_helo_restrictions",
		"smtpd_sender_restrictions",    "smtpd_relay_restrictions",
		"smtpd_recipient_restrictions",
	};
	for (size_t i = 0; i < COUNT_OF(lists); i++)
		if (servers_words_have(servers_value(scope, lists[i]), what))
			return true;
	return false;
}

/* NULL: it may move. */
static const char *obstacle(const struct servers_listener *l)
{
	if (l->expects_proxy)
		return "it expects a PROXY header: something stands in front of it already";
	if (servers_value_is_yes(l->scope, "smtpd_tls_req_ccert") ||
	    servers_value_is_yes(l->scope, "smtpd_tls_ask_ccert") ||
	    restrictions_have(l->scope, "permit_tls_clientcerts") ||
	    restrictions_have(l->scope, "permit_tls_all_clientcerts") ||
	    restrictions_have(l->scope, "check_ccert_access"))
		return "it looks at certificates of clients, which mailseal does not hand on";
	if (restrictions_have(l->scope, "reject_plaintext_session"))
		return "it rejects sessions without TLS, which all are behind mailseal";
	if (l->is_tls && l->protocol == SERVERS_SMTP)
		return "it is for other servers and has TLS from the first byte";
	if (up_has_name_for_address(l))
		return "its address is written as a name";
	if (!l->block->place.path || !l->block->place.line)
		return "where it is declared is not known";
	return NULL;
}

/* --- one service --- */

static const struct {
	uint16_t port;
	const char *name;
} names[] = { { 25, "smtp" }, { 587, "submission" }, { 465, "submissions" } };

static const char *edge_name(struct up_planning *p, const struct servers_listener *l)
{
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i].port == l->port)
			return names[i].name;
	return servers_text_printf(p->facts->servers, "smtp_%u", l->port);
}

static void edge_fill(struct up_edge *edge, const struct servers_listener *l)
{
	const char *level = servers_value(l->scope, "smtpd_tls_security_level");
	bool is_exchange = l->protocol == SERVERS_SMTP;
	edge->takes_auth = is_exchange && servers_value_is_yes(l->scope, "smtpd_sasl_auth_enable");
	edge->requires_tls = is_exchange && !strcasecmp(level, "encrypt");
}

static int service_add(struct up_planning *p, struct services *all,
                       const struct servers_server *server, const struct servers_listener *l)
{
	bool is_exchange = l->protocol == SERVERS_SMTP;
	struct up_edge *edge =
		up_edge_add(p, edge_name(p, l), is_exchange ? "smtp" : "submission", server);
	if (!edge || all->count == SERVICES_MAX)
		return up_note(p, "Postfix \"%s\" is left alone: there are too many", l->name);
	if (!edge->name)
		return err_raise(-ENOMEM);
	edge_fill(edge, l);
	edge->backend_port = up_port_choose(p, UP_BACKEND_BASE, l->port);
	struct up_door *door = &edge->doors[edge->door_count++];
	*door = (struct up_door){ .listener = l, .port = l->port, .is_tls = l->is_tls };
	door->direct_port = up_port_choose(p, UP_DIRECT_BASE, l->port);
	up_door_listen(door, l);
	all->items[all->count++] = (struct service){
		.scope = l->block,
		.listener = l,
		.edge = edge,
		.is_postscreen = !strcmp(servers_value(l->block, "master/command"), "postscreen"),
	};
	if (!edge->backend_port || !door->direct_port)
		return up_refuse(p, "no port of loopback is free for Postfix's %u", l->port);
	return 0;
}

static struct service *service_find(struct services *all, const struct servers_scope *scope)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].scope == scope)
			return &all->items[i];
	return NULL;
}

/* One service may have several addresses. */
static int listener_take(struct up_planning *p, struct services *all,
                         const struct servers_server *server, const struct servers_listener *l)
{
	struct service *known = service_find(all, l->block);
	const char *why = obstacle(l);
	if (!l->port || (l->protocol != SERVERS_SMTP && l->protocol != SERVERS_SUBMISSION))
		return 0;
	if (!up_is_public(l)) {
		if (known)
			up_door_listen(&known->edge->doors[0], l);
		return 0;
	}
	if (why)
		return up_note(p, "Postfix \"%s\" (%s:%u) is left alone: %s", l->name,
		               l->block->place.path ? l->block->place.path : "master.cf",
		               l->block->place.line, why);
	if (!known)
		return service_add(p, all, server, l);
	up_door_listen(&known->edge->doors[0], l);
	return 0;
}

/* --- its lines --- */

static bool is_comment(struct slice line)
{
	struct slice text = slice_trim(line);
	return !text.len || text.data[0] == '#';
}

/* The service as it is written, its name apart. */
static int lines_copy(struct buf *out, struct slice text, const struct servers_place *place,
                      const char *name)
{
	int r = 0;
	for (unsigned line = 1; text.len && line < place->line + place->lines && !r; line++) {
		struct slice one = slice_head(text, slice_find(text, '\n'));
		text = slice_skip(text, one.len + 1);
		if (line < place->line || is_comment(one))
			continue;
		if (line == place->line) {
			size_t len = 0;
			while (len < one.len && one.data[len] != ' ' && one.data[len] != '\t')
				len++;
			one = slice_skip(one, len);
			r = buf_add_str(out, name);
		}
		if (!r)
			r = buf_add(out, one);
		if (!r)
			r = buf_add_str(out, "\n");
	}
	return err_up(r);
}

/* Where in clear other mechanisms were allowed than in TLS, the latter hold now. */
static int sasl_options_add(struct buf *out, const struct servers_scope *scope)
{
	const struct servers_setting *tls =
		servers_setting_find(scope, "smtpd_sasl_tls_security_options");
	if (!tls || tls->is_default ||
	    !strcmp(tls->value, servers_value(scope, "smtpd_sasl_security_options")))
		return 0;
	return buf_printf(out, "  -o { smtpd_sasl_security_options = %s }\n", tls->value);
}

static int backend_lines(struct buf *out, struct slice text, const struct service *service)
{
	char name[32];
	snprintf(name, sizeof(name), "127.0.0.1:%u", service->edge->backend_port);
	int r = lines_copy(out, text, &service->scope->place, name);
	if (!r)
		r = buf_add_str(out,
		                service->is_postscreen ? edge_options_postscreen : edge_options);
	if (!r && !service->is_postscreen)
		r = sasl_options_add(out, service->listener->scope);
	return err_up(r);
}

/* Two postscreens would share a cache that is locked; who comes from this host needs none. */
static int direct_lines(struct buf *out, struct slice text, const struct service *service)
{
	char name[32];
	snprintf(name, sizeof(name), "127.0.0.1:%u", service->edge->doors[0].direct_port);
	if (!service->is_postscreen)
		return err_up(lines_copy(out, text, &service->scope->place, name));
	return err_up(buf_printf(out, "%s inet n - %s - - smtpd\n", name,
	                         servers_value(service->scope, "master/chroot")));
}

static int block_write(struct buf *out, struct slice text, const struct service *service)
{
	int r = backend_lines(out, text, service);
	if (!r)
		r = direct_lines(out, text, service);
	return r ? err_up(r) : err_up(buf_add(out, slice_of("", 1)));
}

static int by_line(const void *a, const void *b)
{
	const struct service *x = a;
	const struct service *y = b;
	return (x->scope->place.line > y->scope->place.line) -
	       (x->scope->place.line < y->scope->place.line);
}

static int master_change(struct up_planning *p, struct services *all)
{
	const char *path = all->items[0].scope->place.path;
	const struct servers_file *file = servers_file_find(p->facts->servers, path);
	struct up_block blocks[SERVICES_MAX];
	struct buf texts[SERVICES_MAX] = {};
	int r = 0;
	if (!file)
		return up_refuse(p, "%s: it was not read", path);
	qsort(all->items, all->count, sizeof(all->items[0]), by_line);
	for (size_t i = 0; i < all->count && !r; i++) {
		const struct servers_place *place = &all->items[i].scope->place;
		r = block_write(&texts[i], buf_slice(&file->text), &all->items[i]);
		blocks[i] = (struct up_block){ place->line, place->lines,
			                       (const char *)buf_slice(&texts[i]).data };
	}
	if (!r)
		r = up_file_change(p, path, blocks, all->count);
	for (size_t i = 0; i < all->count; i++)
		buf_deinit(&texts[i]);
	return err_up(r);
}

int up_plan_postfix(struct up_planning *p, const struct servers_server *server)
{
	struct services all = {};
	int r = 0;
	if (*server->instance)
		return up_note(p, "Postfix's instance \"%s\" is left alone", server->instance);
	if (server->version && !servers_version_is_at_least(server->version, 3, 5))
		return up_note(p, "Postfix %s is left alone: it knows no PROXY header of version 2",
		               server->version);
	for (size_t i = 0; i < server->listener_count && !r; i++)
		r = listener_take(p, &all, server, server->listeners[i]);
	if (r || !all.count)
		return err_up(r);
	p->plan->work.has_postfix = true;
	const char *hostname = servers_value(server->top, "myhostname");
	if (*hostname)
		p->plan->hostname = hostname;
	return err_up(master_change(p, &all));
}
