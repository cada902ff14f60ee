/* What a plan has of files: certificates, CAs, passwords. Keys is given the private keys. */
#include "parent/catalog.h"
#include "parent/health.h"
#include "parent/plan_inside.h"
#include "parent/state.h"
#include "parent/tables.h"
#include "parent/tunnels.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "identity/files.h"
#include "tls/label.h"
#include "tls/server.h"
#include "web/password.h"

#include <errno.h>
#include <grp.h>
#include <string.h>

enum { FILE_MAX = 2 * 1024 * 1024 };

static int certificate_read(struct parent_plan *plan, struct parent_certificate *c,
                            const char *chain_path, const char *key_path)
{
	int r = file_read(&c->chain, chain_path, FILE_MAX, &c->chain_time);
	if (r)
		return parent_plan_fails(plan, "%s: %s", chain_path, file_error(r));
	if (tls_chain_public_digest(buf_slice(&c->chain), c->chain_digest))
		return parent_plan_fails(plan, "%s: no certificate in PEM", chain_path);
	c->key_time = file_time(key_path);
	struct tls_label label = {};
	if (!tls_label_read(&label, buf_slice(&c->chain))) {
		c->not_before_s = label.not_before_s;
		c->not_after_s = label.not_after_s;
		c->is_rsa = !strncmp(label.key, "RSA", 3);
	}
	tls_label_deinit(&label);
	return 0;
}

int parent_plan_certificate_load(struct parent *p, struct parent_plan *plan, size_t number,
                                 const char *chain_path, const char *key_path)
{
	struct parent_certificate *c = &plan->certificates[number];
	int r = certificate_read(plan, c, chain_path, key_path);
	if (r)
		return r;
	unsigned answers = parent_keys_load(p, c->key_id, key_path);
	plan->keys_pending += answers; /* each keys process says what it is */
	return answers ? 0 : parent_plan_fails(plan, "%s: %s", key_path, strerror(errno));
}

static int certificates_read(struct parent *p, struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	int r = 0;
	for (size_t i = 0; !r && i < s->certificate_count; i++) {
		plan->certificates[i].key_id = p->next_key_id++;
		r = s->certificates[i].acme
		            ? parent_plan_ordered(p, plan, i)
		            : parent_plan_certificate_load(p, plan, i, s->certificates[i].chain,
		                                           s->certificates[i].key);
	}
	return r;
}

static int ca_read(struct parent_plan *plan, size_t whose, const char *path)
{
	int r = file_read(&plan->cas[whose], path, FILE_MAX, NULL);
	return r ? parent_plan_fails(plan, "%s: %s", path, file_error(r)) : 0;
}

/* Far ends prove themselves by the public CAs, and those that the operator adds. */
static int relay_cas_read(struct parent_plan *plan, size_t number)
{
	const struct conf_relay *relay = &plan->settings->relays[number];
	struct buf *pem = &plan->cas[conf_ca_of_relay(plan->settings, number)];
	const char *const paths[] = { conf_system_cas, relay->ca_file };
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		int r = paths[i] ? file_read(pem, paths[i], FILE_MAX, NULL) : 0;
		if (!r)
			r = buf_add_str(pem, "\n");
		if (r)
			return parent_plan_fails(plan, "%s: %s", paths[i], file_error(r));
	}
	return relay->client_ca_file ? ca_read(plan, conf_ca_of_clients(plan->settings, number),
	                                       relay->client_ca_file)
	                             : 0;
}

static int route_cas_read(struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	int r = 0;
	for (size_t i = 0; !r && i < s->route_count; i++)
		if (s->routes[i].tls.verify == TLS_VERIFY_FILE)
			r = ca_read(plan, conf_ca_of_route(s, i), s->routes[i].tls.ca_file);
	return r;
}

static int backend_cas_read(struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	int r = 0;
	for (size_t i = 0; !r && i < s->backend_count; i++) {
		const struct conf_tls *t = &s->backends[i].tls;
		if (!conf_tls_is_ours(t))
			continue;
		if (t->verify == TLS_VERIFY_FILE)
			r = ca_read(plan, conf_ca_of_backend(s, i), t->ca_file);
		else if (t->verify == TLS_VERIFY_SYSTEM)
			r = ca_read(plan, conf_ca_of_backend(s, i), conf_system_cas);
	}
	return r;
}

static int cas_read(struct parent_plan *plan)
{
	int r = route_cas_read(plan);
	for (size_t i = 0; !r && i < plan->settings->relay_count; i++)
		r = relay_cas_read(plan, i);
	return r ? r : backend_cas_read(plan);
}

/* Who we are among our own hosts, and whom we believe. */
static int node_prepare(struct parent *p, struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	size_t number = conf_chain_of_node(s);
	char chain[PARENT_PLAN_PATH_CAP], key[PARENT_PLAN_PATH_CAP];
	char ca[PARENT_PLAN_PATH_CAP], denied[PARENT_PLAN_PATH_CAP];
	if (!conf_needs_identity(s))
		return 0;
	parent_plan_chain_path(s, number, chain, sizeof(chain));
	parent_plan_key_path(s, number, key, sizeof(key));
	parent_plan_node_path(s, IDENTITY_CA_FILE, ca, sizeof(ca));
	parent_plan_node_path(s, IDENTITY_DENIED_FILE, denied, sizeof(denied));
	plan->certificates[number].key_id = p->next_key_id++;
	plan->trust_times[0] = file_time(ca);
	plan->trust_times[1] = file_time(denied);
	int r = ca_read(plan, conf_ca_of_internal(s), ca);
	if (!r)
		r = ca_read(plan, conf_ca_denied(s), denied);
	return r ? r : parent_plan_certificate_load(p, plan, number, chain, key);
}

static int group_find(struct parent_plan *plan, const char *whose, const char *group)
{
	if (!group || getgrnam(group))
		return 0;
	return parent_plan_fails(plan, "%s: there is no group \"%s\"", whose, group);
}

/* Of unix sockets: found before anything is changed. */
static int groups_find(struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	int r = group_find(plan, "policy_service", s->policy_service.group);
	if (!r)
		r = group_find(plan, "tlsrpt", s->tlsrpt.group);
	if (!r)
		r = group_find(plan, "dashboard", s->dashboard.group);
	for (size_t i = 0; !r && i < s->relay_count; i++)
		r = group_find(plan, s->relays[i].name, s->relays[i].group);
	for (size_t i = 0; !r && i < s->link_count; i++)
		r = group_find(plan, s->links[i].name, s->links[i].group);
	return r;
}

static int passwords_read(struct parent_plan *plan)
{
	const char *path = plan->settings->dashboard.password_file;
	struct web_passwords *list = NULL;
	unsigned line = 0;
	int r = path ? file_read(&plan->passwords, path, PROC_PASSWORDS_MAX, NULL) : 0;
	if (!path || r)
		return r ? parent_plan_fails(plan, "%s: %s", path, file_error(r)) : 0;
	r = web_passwords_new(&list, buf_slice(&plan->passwords), &line);
	web_passwords_free(list);
	if (r == WEB_PASSWORDS_BAD)
		return parent_plan_fails(plan, "%s:%u: no line user:HASH with a hash of mkpasswd",
		                         path, line);
	if (r == WEB_PASSWORDS_NONE)
		return parent_plan_fails(plan, "%s: nobody is in it", path);
	return err_up(r);
}

int parent_plan_fill(struct parent *p, struct parent_plan *plan)
{
	const struct conf_settings *s = plan->settings;
	plan->certificate_count = conf_chain_count(s);
	plan->certificates = calloc(plan->certificate_count, sizeof(*plan->certificates));
	plan->cas = calloc(conf_ca_count(s) + 1, sizeof(*plan->cas));
	if (!plan->certificates || !plan->cas)
		return err_raise(-ENOMEM);
	int r = parent_tunnels_prepare(plan);
	if (!r)
		r = parent_health_prepare(plan);
	if (!r)
		r = groups_find(plan);
	if (!r)
		r = passwords_read(plan);
	if (!r)
		r = parent_tables_prepare(plan, p->plan);
	if (!r)
		r = cas_read(plan);
	if (!r)
		r = certificates_read(p, plan);
	if (!r)
		r = parent_plan_self_made(p, plan);
	if (!r)
		r = node_prepare(p, plan);
	if (!r)
		r = parent_catalog_prepare(p, plan);
	return r < 0 ? err_up(r) : 0; /* what failed is in plan->error */
}
