#include "up/plan.h"

#include "base/address.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/endpoint.h"
#include "servers/reader.h"
#include "up/plan_inside.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum { TEXT_CAP = 1024, PORT_TRIES = 12, PORT_STEP = 1000 };

/* --- words --- */

__attribute__((format(printf, 3, 0))) static int
text_add(struct up_texts *texts, struct servers *keeper, const char *format, va_list args)
{
	char text[TEXT_CAP];
	vsnprintf(text, sizeof(text), format, args);
	const char **more = realloc(texts->items, (texts->count + 1) * sizeof(*more));
	if (!more)
		return err_raise(-ENOMEM);
	texts->items = more;
	more[texts->count] = servers_text_str(keeper, text);
	return more[texts->count++] ? 0 : err_raise(-ENOMEM);
}

int up_plan_refuse(struct up_plan *plan, struct servers *texts, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int r = text_add(&plan->refusals, texts, format, args);
	va_end(args);
	return err_up(r);
}

int up_refuse(struct up_planning *p, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int r = text_add(&p->plan->refusals, p->facts->servers, format, args);
	va_end(args);
	return err_up(r);
}

int up_note(struct up_planning *p, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int r = text_add(&p->plan->notes, p->facts->servers, format, args);
	va_end(args);
	return err_up(r);
}

/* --- ports --- */

static bool is_listened_on(const struct up_facts *facts, uint16_t port)
{
	for (size_t i = 0; i < facts->listening_count; i++)
		if (facts->listening[i].port == port)
			return true;
	for (size_t i = 0; i < facts->servers->server_count; i++)
		for (size_t j = 0; j < facts->servers->servers[i]->listener_count; j++)
			if (facts->servers->servers[i]->listeners[j]->port == port)
				return true;
	return false;
}

static bool is_planned(const struct up_plan *plan, uint16_t port)
{
	for (size_t i = 0; i < plan->edge_count; i++) {
		if (plan->edges[i].backend_port == port)
			return true;
		for (size_t j = 0; j < plan->edges[i].door_count; j++)
			if (plan->edges[i].doors[j].direct_port == port)
				return true;
	}
	return false;
}

uint16_t up_port_choose(const struct up_planning *p, unsigned base, uint16_t port)
{
	unsigned wanted = base + port;
	for (int i = 0; i < PORT_TRIES; i++, wanted += PORT_STEP) {
		unsigned fits = wanted < 65536 ? wanted : base + wanted % PORT_STEP;
		if (!is_listened_on(p->facts, (uint16_t)fits) &&
		    !is_planned(p->plan, (uint16_t)fits))
			return (uint16_t)fits;
	}
	return 0;
}

/* Whoever holds a port that mailseal is to take has to be the server that leaves it. */
static bool is_own_program(enum servers_kind kind, const char *program)
{
	static const char *const postfix[] = { "master", "smtpd", "postscreen" };
	static const char *const dovecot[] = { "dovecot", "imap-login", "pop3-login" };
	const char *const *names = kind == SERVERS_POSTFIX ? postfix : dovecot;
	for (size_t i = 0; i < COUNT_OF(postfix); i++)
		if (!strcmp(names[i], program))
			return true;
	return !*program; /* nobody may know */
}

static int door_check(struct up_planning *p, const struct up_edge *edge, const struct up_door *door)
{
	const struct up_facts *f = p->facts;
	const char *other = NULL;
	for (size_t i = 0; i < f->listening_count; i++) {
		if (f->listening[i].port != door->port)
			continue;
		if (is_own_program(edge->server->kind, f->listening[i].program))
			return 0;
		other = f->listening[i].program;
	}
	if (!other)
		return 0;
	return up_refuse(
		p,
		"port %u, which %s is to leave to mailseal, is held by \"%s\": stop that, or "
		"leave %s out with --only",
		door->port, servers_kind_title(edge->server->kind), other,
		servers_kind_title(edge->server->kind));
}

static bool is_moved(const struct up_plan *plan, const struct servers_listener *l)
{
	for (size_t i = 0; i < plan->edge_count; i++)
		for (size_t j = 0; j < plan->edges[i].door_count; j++)
			if (plan->edges[i].doors[j].listener->block == l->block)
				return true;
	return false;
}

/* The same port on another address, which stays with its server. */
static int rivals_check(struct up_planning *p, const struct up_door *door)
{
	const struct servers *s = p->facts->servers;
	int r = 0;
	for (size_t i = 0; i < s->server_count && !r; i++)
		for (size_t j = 0; j < s->servers[i]->listener_count && !r; j++) {
			const struct servers_listener *l = s->servers[i]->listeners[j];
			if (l->port == door->port && !is_moved(p->plan, l))
				r = up_refuse(
					p,
					"port %u is to be mailseal's, and %s \"%s\" would keep it "
					"on %s: give that another port",
					door->port, servers_kind_title(s->servers[i]->kind),
					l->name, l->address);
		}
	return err_up(r);
}

static int doors_check(struct up_planning *p)
{
	struct up_work *work = &p->plan->work;
	int r = 0;
	for (size_t i = 0; i < p->plan->edge_count && !r; i++) {
		const struct up_edge *edge = &p->plan->edges[i];
		for (size_t j = 0; j < edge->door_count && !r; j++) {
			r = door_check(p, edge, &edge->doors[j]);
			if (!r)
				r = rivals_check(p, &edge->doors[j]);
			if (work->port_count < UP_WORK_PORTS_MAX)
				work->ports[work->port_count++] = edge->doors[j].port;
		}
		if (work->backend_port_count < UP_WORK_PORTS_MAX)
			work->backend_ports[work->backend_port_count++] = edge->backend_port;
	}
	return r;
}

/* --- edges --- */

static bool name_is_taken(const struct up_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->edge_count; i++)
		if (!strcmp(plan->edges[i].name, name))
			return true;
	return false;
}

struct up_edge *up_edge_add(struct up_planning *p, const char *name, const char *protocol,
                            const struct servers_server *server)
{
	struct up_plan *plan = p->plan;
	if (plan->edge_count == UP_EDGES_MAX)
		return NULL;
	for (unsigned i = 2; name && name_is_taken(plan, name); i++)
		name = servers_text_printf(p->facts->servers, "%s_%u", protocol, i);
	struct up_edge *edge = &plan->edges[plan->edge_count++];
	*edge = (struct up_edge){ .name = name, .protocol = protocol, .server = server };
	return edge;
}

bool up_is_public(const struct servers_listener *listener)
{
	enum servers_reach reach = servers_reach_of(listener->address);
	return listener->port && (reach == SERVERS_REACH_ALL || reach == SERVERS_REACH_REMOTE);
}

bool up_has_name_for_address(const struct servers_listener *listener)
{
	return servers_reach_of(listener->address) == SERVERS_REACH_REMOTE &&
	       !address_is_literal(listener->address);
}

/* Postfix says "*" for both families, Dovecot "*" and "::". */
void up_door_listen(struct up_door *door, const struct servers_listener *listener)
{
	const char *address = listener->address;
	bool is_all = servers_reach_of(address) == SERVERS_REACH_ALL;
	char one[UP_LISTEN_CAP / 2];
	size_t len = strlen(door->listen);
	if (is_all && strstr(door->listen, "\"*:"))
		return;
	snprintf(one, sizeof(one), strchr(address, ':') && !is_all ? "\"[%s]:%u\"" : "\"%s:%u\"",
	         is_all ? "*" : address, door->port);
	snprintf(door->listen + len, sizeof(door->listen) - len, "%s%s", len ? ", " : "", one);
}

/* --- files --- */

int up_file_change(struct up_planning *p, const char *path, const struct up_block *blocks,
                   size_t count)
{
	struct up_work *work = &p->plan->work;
	const struct servers_file *read = servers_file_find(p->facts->servers, path);
	if (!read || work->file_count == UP_WORK_FILES_MAX)
		return up_refuse(p, "%s: it was not read", path);
	struct up_file *file = &work->files[work->file_count++];
	*file = (struct up_file){ .path = strdup(path), .was_there = true };
	if (!file->path || buf_add(&file->before, buf_slice(&read->text)))
		return err_raise(-ENOMEM);
	int r = up_edit_apply(&file->after, buf_slice(&read->text), blocks, count);
	if (r != UP_EDIT_MARKED)
		return err_up(r);
	return up_refuse(
		p,
		"%s has lines of mailseal up already: \"mailseal up --undo\" takes them back; "
		"if it does not know of any, take out what stands between \"# mailseal up\" "
		"marks",
		path);
}

/* --- the plan --- */

static int servers_plan(struct up_planning *p)
{
	const struct servers *s = p->facts->servers;
	int r = 0;
	for (size_t i = 0; i < s->server_count && !r; i++) {
		const struct servers_server *server = s->servers[i];
		if (server->kind == SERVERS_POSTFIX && p->facts->takes_postfix)
			r = up_plan_postfix(p, server);
		else if (server->kind == SERVERS_DOVECOT && p->facts->takes_dovecot)
			r = up_plan_dovecot(p, server);
		else
			r = up_note(p, "%s is left alone", servers_kind_title(server->kind));
	}
	return err_up(r);
}

static int faults_note(struct up_planning *p)
{
	const struct servers *s = p->facts->servers;
	int r = 0;
	for (size_t i = 0; i < s->fault_count && !r; i++)
		r = up_note(p, "not read: %s: %s", s->faults[i].path, s->faults[i].text);
	return err_up(r);
}

static int emptiness_check(struct up_planning *p)
{
	if (p->plan->edge_count)
		return 0;
	return up_refuse(p,
	                 "there is no Postfix and no Dovecot here with a public port that mailseal "
	                 "could stand in front of");
}

static int conf_check(struct up_planning *p)
{
	if (!p->facts->conf_is_there)
		return 0;
	return up_refuse(
		p,
		"%s is there already, and is not changed: move it away, or add edges to it by "
		"hand as mailseal.conf(5) says",
		p->facts->conf_path);
}

int up_plan_make(struct up_plan *ret_plan, const struct up_facts *facts)
{
	*ret_plan = (struct up_plan){ .hostname = facts->hostname };
	struct up_planning p = { ret_plan, facts };
	static int (*const parts[])(struct up_planning *) = {
		servers_plan, faults_note,          emptiness_check, conf_check,
		doors_check,  up_plan_certificates, up_plan_conf,
	};
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		int r = parts[i](&p);
		if (r)
			return err_up(r);
	}
	return 0;
}

void up_plan_deinit(struct up_plan *plan)
{
	free(plan->refusals.items);
	free(plan->notes.items);
	up_work_deinit(&plan->work);
	*plan = (struct up_plan){};
}
