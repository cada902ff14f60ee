/* mailseal.conf, and which certificates its edges have. */
#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"
#include "up/plan_inside.h"

#include <errno.h>
#include <stdio.h>

/* --- certificates --- */

static bool is_same(const struct up_certificate *known, const struct servers_certificate *c)
{
	return !strcmp(known->chain, c->chain_path) && !strcmp(known->key, c->key_path);
}

/* Index of the certificate, which is added if it is new; -1: there is no room. */
static ptrdiff_t certificate_index(struct up_planning *p, const struct up_edge *edge,
                                   const struct servers_certificate *c)
{
	struct up_plan *plan = p->plan;
	for (size_t i = 0; i < plan->certificate_count; i++)
		if (is_same(&plan->certificates[i], c))
			return (ptrdiff_t)i;
	if (plan->certificate_count == UP_CERTIFICATES_MAX)
		return -1;
	struct up_certificate *new = &plan->certificates[plan->certificate_count];
	const char *server = servers_kind_name(edge->server->kind);
	bool is_taken = false;
	for (size_t i = 0; i < plan->certificate_count; i++)
		is_taken = is_taken || !strcmp(plan->certificates[i].name, server);
	*new = (struct up_certificate){
		.name = is_taken ? servers_text_printf(p->facts->servers, "%s_%zu", server,
		                                       plan->certificate_count + 1)
		                 : server,
		.chain = c->chain_path,
		.key = c->key_path,
	};
	return new->name ? (ptrdiff_t)plan->certificate_count++ : -1;
}

static bool edge_has(const struct up_edge *edge, size_t index)
{
	for (size_t i = 0; i < edge->certificate_count; i++)
		if (edge->certificates[i] == index)
			return true;
	return false;
}

static int certificate_take(struct up_planning *p, struct up_edge *edge,
                            const struct servers_certificate *c)
{
	if (!c->key_path)
		return up_refuse(p, "%s: whose key the certificate %s has is not known",
		                 c->place.path ? c->place.path : edge->server->path, c->chain_path);
	if (c->chain_path[0] != '/' || c->key_path[0] != '/')
		return up_refuse(p,
		                 "%s: the path of a certificate or key does not begin with \"/\"",
		                 c->chain_path);
	ptrdiff_t index = certificate_index(p, edge, c);
	if (index < 0)
		return up_refuse(p, "there are more than %d certificates", UP_CERTIFICATES_MAX);
	if (!edge_has(edge, (size_t)index))
		edge->certificates[edge->certificate_count++] = (size_t)index;
	if (!strcmp(edge->protocol, "smtp"))
		p->plan->certificates[index].is_for_mail_exchange = true;
	return 0;
}

/* Those of the edge's listeners before those of all, and of each the ones for every name first. */
static bool is_turn_of(const struct up_edge *edge, const struct servers_certificate *c, int turn)
{
	bool is_own = false;
	bool has_own = false;
	for (size_t i = 0; i < edge->server->certificate_count; i++)
		for (size_t j = 0; j < edge->door_count; j++) {
			const struct servers_certificate *one = edge->server->certificates[i];
			bool is_it = one->listener &&
			             one->listener->block == edge->doors[j].listener->block;
			has_own = has_own || (is_it && !one->name);
			is_own = is_own || (is_it && one == c);
		}
	if (c->listener ? !is_own : has_own && !c->name)
		return false;
	return turn == (c->name ? 1 : 0);
}

/* In clear from others, and with TLS never: then the certificate that mailseal makes is as good. */
static bool needs_certificate(const struct up_edge *edge)
{
	return strcmp(edge->protocol, "smtp") != 0;
}

static int edge_certificates(struct up_planning *p, struct up_edge *edge)
{
	const struct servers_server *server = edge->server;
	int r = 0;
	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < server->certificate_count && !r; i++)
			if (is_turn_of(edge, server->certificates[i], turn))
				r = certificate_take(p, edge, server->certificates[i]);
	if (r || edge->certificate_count || !needs_certificate(edge))
		return err_up(r);
	return up_refuse(p,
	                 "%s has no certificate for its port %u, and users are not served without: "
	                 "give it one, or leave %s out with --only",
	                 servers_kind_title(server->kind), edge->doors[0].port,
	                 servers_kind_title(server->kind));
}

int up_plan_certificates(struct up_planning *p)
{
	int r = 0;
	for (size_t i = 0; i < p->plan->edge_count && !r; i++)
		r = edge_certificates(p, &p->plan->edges[i]);
	return err_up(r);
}

/* --- the text --- */

static int quoted_add(struct buf *out, const char *text)
{
	int r = buf_add_str(out, "\"");
	for (; *text && !r; text++) {
		if (*text == '"' || *text == '\\')
			r = buf_add_str(out, "\\");
		if (!r)
			r = buf_add(out, slice_of(text, 1));
	}
	return r ? err_up(r) : err_up(buf_add_str(out, "\""));
}

static int certificate_write(struct buf *out, const struct up_certificate *c)
{
	int r = buf_printf(out, "\t%s = {\n\t\tchain = ", c->name);
	if (!r)
		r = quoted_add(out, c->chain);
	if (!r)
		r = buf_add_str(out, ";\n\t\tkey = ");
	if (!r)
		r = quoted_add(out, c->key);
	return r ? err_up(r) : err_up(buf_add_str(out, ";\n\t};\n"));
}

static int certificates_write(struct buf *out, const struct up_plan *plan)
{
	if (!plan->certificate_count)
		return 0;
	int r = buf_add_str(out, "\ncertificate = {\n");
	for (size_t i = 0; i < plan->certificate_count && !r; i++)
		r = certificate_write(out, &plan->certificates[i]);
	return r ? err_up(r) : err_up(buf_add_str(out, "};\n"));
}

static int listens_write(struct buf *out, const struct up_edge *edge, bool is_tls)
{
	bool has_one = false;
	int r = 0;
	for (size_t i = 0; i < edge->door_count && !r; i++) {
		if (edge->doors[i].is_tls != is_tls)
			continue;
		const char *before = is_tls ? "\t\tlisten_tls = [" : "\t\tlisten = [";
		r = buf_printf(out, "%s%s", has_one ? ", " : before, edge->doors[i].listen);
		has_one = true;
	}
	return r || !has_one ? err_up(r) : err_up(buf_add_str(out, "];\n"));
}

static int edge_names_write(struct buf *out, const struct up_plan *plan, const struct up_edge *edge)
{
	int r = 0;
	for (size_t i = 0; i < edge->certificate_count && !r; i++)
		r = buf_printf(out, "%s\"%s\"", i ? ", " : "\t\tcertificates = [",
		               plan->certificates[edge->certificates[i]].name);
	return r || !edge->certificate_count ? err_up(r) : err_up(buf_add_str(out, "];\n"));
}

static int edge_write(struct buf *out, const struct up_plan *plan, const struct up_edge *edge)
{
	int r = buf_printf(out, "\t%s = {\n\t\tprotocol = \"%s\";\n", edge->name, edge->protocol);
	if (!r)
		r = listens_write(out, edge, false);
	if (!r)
		r = listens_write(out, edge, true);
	if (!r)
		r = buf_printf(out, "\t\tbackend = \"%s\";\n", edge->name);
	if (!r)
		r = edge_names_write(out, plan, edge);
	if (!r && edge->takes_auth)
		r = buf_add_str(out, "\t\tauth = \"after-tls\";\n");
	if (!r && edge->requires_tls)
		r = buf_add_str(out, "\t\trequire_tls_from = [\"0.0.0.0/0\", \"::/0\"];\n");
	return r ? err_up(r) : err_up(buf_add_str(out, "\t};\n"));
}

static int edges_write(struct buf *out, const struct up_plan *plan)
{
	int r = buf_add_str(out, "\nbackend = {\n");
	for (size_t i = 0; i < plan->edge_count && !r; i++)
		r = buf_printf(
			out, "\t%s = { address = [\"127.0.0.1:%u\"]; client_info = \"proxy\"; };\n",
			plan->edges[i].name, plan->edges[i].backend_port);
	if (!r)
		r = buf_add_str(out, "};\n\nedge = {\n");
	for (size_t i = 0; i < plan->edge_count && !r; i++)
		r = edge_write(out, plan, &plan->edges[i]);
	return r ? err_up(r) : err_up(buf_add_str(out, "};\n"));
}

static int conf_write(struct buf *out, const struct up_plan *plan)
{
	int r = buf_add_str(out,
	                    "# Written by \"mailseal up\"; \"mailseal up --undo\" takes it back. "
	                    "mailseal.conf(5) has what\n# else can be said.\nhostname = ");
	if (!r)
		r = quoted_add(out, plan->hostname);
	if (!r)
		r = buf_add_str(out, ";\n");
	if (!r)
		r = certificates_write(out, plan);
	return r ? err_up(r) : err_up(edges_write(out, plan));
}

int up_plan_conf(struct up_planning *p)
{
	struct up_work *work = &p->plan->work;
	if (p->facts->conf_is_there || !p->plan->edge_count ||
	    work->file_count == UP_WORK_FILES_MAX)
		return 0;
	struct up_file *file = &work->files[work->file_count++];
	*file = (struct up_file){ .path = strdup(p->facts->conf_path),
		                  .made_folder = !p->facts->conf_has_folder,
		                  .owner = { .mode = 0644 } };
	if (!file->path)
		return err_raise(-ENOMEM);
	return err_up(conf_write(&file->after, p->plan));
}
