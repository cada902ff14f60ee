/* Settings: freed and compared by their tables. */
#include "conf/settings.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/tables_inside.h"

#include <stdlib.h>
#include <string.h>

static void group_clear(const struct conf_group *group, void *base);

static void items_clear(const struct conf_group *group, void *parent)
{
	char **items = (char **)((char *)parent + group->offset);
	size_t *count = conf_count_at(parent, group->count_offset);
	for (size_t i = 0; i < *count; i++) {
		char *item = *items + i * group->item_size;
		group_clear(group, item);
		if (group->kind == CONF_NAMED)
			free(*(char **)item);
	}
	free(*items);
	*items = NULL;
	*count = 0;
}

static void group_clear(const struct conf_group *group, void *base)
{
	for (size_t i = 0; i < group->row_count; i++) {
		const struct conf_type_ops *ops = conf_type_ops_of(group->rows[i].type);
		if (ops->clear)
			ops->clear(&group->rows[i], base);
	}
	for (size_t i = 0; i < group->group_count; i++) {
		const struct conf_group *sub = group->groups[i];
		if (sub->kind == CONF_ONE)
			group_clear(sub, (char *)base + sub->offset);
		else
			items_clear(sub, base);
	}
}

const char conf_system_cas[] = "/etc/ssl/certs/ca-certificates.crt";

bool conf_needs_resolver(const struct conf_settings *settings)
{
	return settings->policy_service.is_set || settings->tlsrpt.is_set ||
	       settings->relay_count || settings->mta_sts_count || conf_has_host_names(settings);
}

bool conf_has_host_names(const struct conf_settings *settings)
{
	for (size_t i = 0; i < settings->link_count; i++)
		for (size_t n = 0; n < settings->links[i].to_count; n++)
			if (settings->links[i].to[n].kind == CONF_ADDRESS_NAME)
				return true;
	return false;
}

bool conf_needs_ledger(const struct conf_settings *settings)
{
	return settings->ledger.keep != CONF_KEEP_NONE;
}

bool conf_needs_identity(const struct conf_settings *settings)
{
	if (settings->link_count)
		return true;
	for (size_t i = 0; i < settings->backend_count; i++)
		if (conf_tls_is_ours(&settings->backends[i].tls) &&
		    settings->backends[i].tls.verify == TLS_VERIFY_INTERNAL)
			return true;
	for (size_t i = 0; i < settings->edge_count; i++)
		if (settings->edges[i].needs_client_certificate)
			return true;
	for (size_t i = 0; settings->relay_count && i < settings->route_count; i++)
		if (conf_tls_is_ours(&settings->routes[i].tls) &&
		    settings->routes[i].tls.verify == TLS_VERIFY_INTERNAL)
			return true;
	for (size_t i = 0; i < settings->relay_count; i++)
		if (settings->relays[i].listen_tls_count &&
		    settings->relays[i].client_verify == TLS_VERIFY_INTERNAL)
			return true;
	return false;
}

bool conf_needs_runner(const struct conf_settings *settings)
{
	return settings->alarm_hook_count || conf_has_acme(settings) ||
	       (conf_needs_ledger(settings) &&
	        (settings->ledger.exposure_hook_count || settings->check.is_set));
}

bool conf_needs_witness(const struct conf_settings *settings)
{
	if (!settings->witness_every_ms)
		return false;
	for (size_t i = 0; i < settings->edge_count; i++)
		if (!settings->edges[i].is_passthrough)
			return true;
	return settings->watched_count;
}

bool conf_has_acme(const struct conf_settings *settings)
{
	for (size_t i = 0; i < settings->certificate_count; i++)
		if (settings->certificates[i].acme)
			return true;
	return false;
}

void conf_settings_free(struct conf_settings *s)
{
	if (!s)
		return;
	group_clear(&conf_root, s);
	free(s->cluster.ways);
	for (size_t i = 0; i < s->file_count; i++)
		free(s->files[i]);
	free(s->files);
	free(s->text);
	free(s);
}

void conf_settings_freep(struct conf_settings **s)
{
	conf_settings_free(*s);
}

const char *conf_protocol_name(enum conf_protocol protocol)
{
	static const char *const names[] = {
		[CONF_SMTP] = "smtp", [CONF_SUBMISSION] = "submission",
		[CONF_IMAP] = "imap", [CONF_POP3] = "pop3",
		[CONF_TCP] = "tcp",   [CONF_SIEVE] = "managesieve",
		[CONF_LMTP] = "lmtp", [CONF_HTTP] = "http",
	};
	_Static_assert(COUNT_OF(names) == CONF_PROTOCOL_COUNT, "one name a protocol");
	return names[protocol];
}

bool conf_protocol_is_spliced(enum conf_protocol protocol)
{
	return protocol == CONF_TCP || protocol == CONF_HTTP;
}

/* Two configurations, the part that is compared of each. */
struct pair {
	const struct conf_settings *settings[2];
	const void *base[2];
};

/* As text, for what is written the same is the same. Out of memory: said to differ. */
static bool row_differs(const struct conf_row *row, const struct pair *p)
{
	char *text[2] = {};
	size_t len[2] = {};
	for (int i = 0; i < 2; i++) {
		FILE *out = open_memstream(&text[i], &len[i]);
		if (!out)
			continue;
		conf_type_ops_of(row->type)->print(row, p->settings[i], p->base[i], out);
		if (fclose(out))
			len[i] = 0;
	}
	bool is_same = text[0] && text[1] && len[0] == len[1] && !memcmp(text[0], text[1], len[0]);
	free(text[0]);
	free(text[1]);
	return !is_same;
}

static unsigned group_effect(const struct conf_group *group, const struct pair *p);

static bool names_differ(const struct conf_group *group, const struct pair *p, size_t count)
{
	if (group->kind != CONF_NAMED)
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(conf_item_name(conf_item_of(group, p->base[0], i)),
		           conf_item_name(conf_item_of(group, p->base[1], i))) != 0)
			return true;
	return false;
}

static unsigned items_effect(const struct conf_group *group, const struct pair *p)
{
	size_t count = conf_count_of(p->base[0], group->count_offset);
	if (count != conf_count_of(p->base[1], group->count_offset) ||
	    names_differ(group, p, count))
		return 1U << group->reload;
	unsigned effect = 0;
	for (size_t i = 0; i < count; i++) {
		struct pair items = *p;
		items.base[0] = conf_item_of(group, p->base[0], i);
		items.base[1] = conf_item_of(group, p->base[1], i);
		effect |= group_effect(group, &items);
	}
	return effect;
}

static unsigned group_effect(const struct conf_group *group, const struct pair *p)
{
	unsigned effect = 0;
	for (size_t i = 0; i < group->row_count; i++)
		if (row_differs(&group->rows[i], p))
			effect |= 1U << group->rows[i].reload;
	for (size_t i = 0; i < group->group_count; i++) {
		const struct conf_group *sub = group->groups[i];
		struct pair inner = *p;
		inner.base[0] = (const char *)p->base[0] + sub->offset;
		inner.base[1] = (const char *)p->base[1] + sub->offset;
		effect |= sub->kind == CONF_ONE ? group_effect(sub, &inner) : items_effect(sub, p);
	}
	return effect;
}

unsigned conf_reload_effect(const struct conf_settings *now, const struct conf_settings *next)
{
	struct pair p = { { now, next }, { now, next } };
	return group_effect(&conf_root, &p);
}

/* Of one of the root's that is there once. */
static unsigned one_effect(const struct conf_group *group, const struct conf_settings *now,
                           const struct conf_settings *next)
{
	struct pair p = { { now, next },
		          { (const char *)now + group->offset,
		            (const char *)next + group->offset } };
	return group_effect(group, &p);
}

/* What goes out as TLS reports; their collector is the workers'. */
static bool sending_differs(const struct conf_settings *now, const struct conf_settings *next)
{
	return one_effect(&conf_group_tlsrpt, now, next) & 1U << CONF_RELOAD_NEW_SESSIONS ||
	       (next->tlsrpt.sends && strcmp(now->hostname, next->hostname) != 0);
}

bool conf_resolver_differs(const struct conf_settings *now, const struct conf_settings *next)
{
	return one_effect(&conf_group_resolver, now, next) ||
	       one_effect(&conf_group_cluster, now, next) || sending_differs(now, next);
}

bool conf_witness_differs(const struct conf_settings *now, const struct conf_settings *next)
{
	return one_effect(&conf_group_resolver, now, next);
}

bool conf_ledger_differs(const struct conf_settings *now, const struct conf_settings *next)
{
	return one_effect(&conf_group_ledger, now, next) & ~(1U << CONF_RELOAD_HOOKS) ||
	       !now->ledger.exposure_hook_count != !next->ledger.exposure_hook_count ||
	       one_effect(&conf_group_check, now, next) ||
	       one_effect(&conf_group_dashboard, now, next) ||
	       one_effect(&conf_group_cluster, now, next);
}

/* Of the settings that are in no group. */
static unsigned root_effect(const struct conf_settings *now, const struct conf_settings *next)
{
	struct pair p = { { now, next }, { now, next } };
	unsigned effect = 0;
	for (size_t i = 0; i < conf_root.row_count; i++)
		if (row_differs(&conf_root.rows[i], &p))
			effect |= 1U << conf_root.rows[i].reload;
	return effect;
}

bool conf_hooks_differ(const struct conf_settings *now, const struct conf_settings *next)
{
	return one_effect(&conf_group_ledger, now, next) & 1U << CONF_RELOAD_HOOKS ||
	       root_effect(now, next) & 1U << CONF_RELOAD_HOOKS ||
	       one_effect(&conf_group_check, now, next) ||
	       (next->check.is_set && one_effect(&conf_group_resolver, now, next));
}

/* They are all of the root: what a process is cannot depend on an edge. */
void conf_restart_names(const struct conf_settings *now, const struct conf_settings *next,
                        char *ret_names, size_t cap)
{
	struct pair p = { { now, next }, { now, next } };
	size_t len = 0;
	ret_names[0] = '\0';
	for (size_t i = 0; i < conf_root.row_count && len < cap; i++) {
		const struct conf_row *row = &conf_root.rows[i];
		if (row->reload == CONF_RELOAD_RESTART && row_differs(row, &p))
			len += (size_t)snprintf(ret_names + len, cap - len, "%s%s", len ? ", " : "",
			                        row->name);
	}
}
