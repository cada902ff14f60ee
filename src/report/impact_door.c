#include "report/impact_door.h"

#include "advice/profile.h"
#include "base/err.h"
#include "conf/network.h"

#include <arpa/inet.h>
#include <string.h>

#define USUAL_GROUPS "X25519MLKEM768:X25519:P-256:P-384" /* conf/tables.c */

const struct conf_edge *impact_edge_find(const struct conf_settings *settings, const char *name)
{
	for (size_t i = 0; settings && i < settings->edge_count; i++)
		if (!strcmp(settings->edges[i].name, name))
			return &settings->edges[i];
	return NULL;
}

/* --- TLS --- */

struct planned {
	struct tls_policy policy;
	const struct tls_suite *suites[TLS_SUITE_COUNT];
	size_t suite_count; /* 0: the policy's */
};

static void profile_apply(struct planned *p, const struct advice_profile *profile)
{
	bool is_public = p->policy.profile == TLS_PROFILE_OPPORTUNISTIC;
	p->policy.min_version = profile->min_version;
	p->policy.groups = profile->groups;
	for (size_t i = 0; i < TLS_SUITE_COUNT; i++)
		if (advice_profile_takes(profile, is_public ? ADVICE_PROVIDERS : ADVICE_USERS,
		                         &tls_suites[i]))
			p->suites[p->suite_count++] = &tls_suites[i];
}

static void wish_apply(struct planned *p, const struct impact_wish *wish)
{
	if (wish->profile)
		profile_apply(p, wish->profile);
	if (wish->min_version)
		p->policy.min_version = wish->min_version;
	if (wish->groups)
		p->policy.groups = wish->groups;
	if (!wish->suite_count)
		return;
	p->suite_count = wish->suite_count;
	memcpy(p->suites, wish->suites, wish->suite_count * sizeof(p->suites[0]));
}

static struct planned plan_of(const struct impact_door *door,
                              const struct impact_door_settings *set)
{
	const struct conf_tls *tls = door->conf ? &door->conf->tls : NULL;
	struct planned p = {
		.policy = {
			.profile = door->is_public ? TLS_PROFILE_OPPORTUNISTIC : TLS_PROFILE_USER,
			.min_version = tls ? tls->min_version : TLS_1_2,
			.groups = tls ? tls->groups : USUAL_GROUPS,
			.require_forward_secrecy = tls && tls->forward_secrecy_required,
		},
	};
	wish_apply(&p, set->wish);
	return p;
}

static int server_make(struct tls_replay_server *ret_server, const struct planned *p,
                       const struct impact_door_settings *set)
{
	struct tls_replay_plan plan = {
		.policy = &p->policy,
		.suites = p->suite_count ? p->suites : NULL,
		.suite_count = p->suite_count,
		.has_rsa = !set->has_keys || set->has_rsa,
		.curve = set->has_keys ? set->curve : TLS_GROUP_P256,
	};
	return err_up(tls_replay_server_here(ret_server, plan));
}

/* As edge/world.c: the edge's own TLS with a lower version and what such clients need. */
static int old_make(struct impact_door *door, struct planned p,
                    const struct impact_door_settings *set)
{
	static const enum tls_version versions[] = {
		[IMPACT_OLD_1_1] = TLS_1_1, [IMPACT_OLD_1_0] = TLS_1_0
	};
	int r = 0;
	p.suite_count = 0;
	for (size_t i = 0; !r && i < IMPACT_OLD_COUNT; i++) {
		door->has_old[i] = versions[i] < door->min_version;
		p.policy.min_version = versions[i];
		if (door->has_old[i])
			r = server_make(&door->old[i], &p, set);
	}
	return r;
}

int impact_door_make(struct impact_door *ret_door, const struct impact_door_settings *set)
{
	bool is_smtp = !strcmp(set->protocol, "smtp");
	bool has_users = !is_smtp && strcmp(set->protocol, "tcp") &&
	                 strcmp(set->protocol, "http") && strcmp(set->protocol, "lmtp");
	struct impact_door door = {
		.name = set->name,
		.conf = impact_edge_find(set->settings, set->name),
		.has_guessed_keys = !set->has_keys,
		.is_public = is_smtp,
		.has_users = has_users,
		.requires_tls = has_users || set->wish->requires_tls,
		.ignores_plain = set->wish->requires_tls,
		.settings = set->settings,
	};
	door.is_configured = door.conf != NULL;
	struct planned p = plan_of(&door, set);
	door.min_version = p.policy.min_version;
	int r = server_make(&door.server, &p, set);
	if (!r)
		r = old_make(&door, p, set);
	if (r)
		return err_up(r);
	*ret_door = door;
	return 0;
}

/* --- who comes --- */

struct address {
	uint8_t bytes[16];
	bool is_v6;
};

/* A network of a truncated address ("192.0.2.0/24") is taken by its first address. */
static bool address_take(const char *text, struct address *ret_address)
{
	char host[INET6_ADDRSTRLEN];
	size_t len = text ? strcspn(text, "/%") : 0;
	if (!len || len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	ret_address->is_v6 = strchr(host, ':') != NULL;
	return inet_pton(ret_address->is_v6 ? AF_INET6 : AF_INET, host, ret_address->bytes) == 1;
}

static bool is_in(const struct address *address, const struct conf_network *networks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (conf_network_contains(&networks[i], address->bytes, address->is_v6))
			return true;
	return false;
}

static void allow(struct impact_allowance *all, const struct conf_exception *e)
{
	all->plain_login |= e->allow_plain_login;
	if (e->allow_version && (!all->version || e->allow_version < all->version))
		all->version = e->allow_version;
}

static bool is_of(const struct conf_exception *e, const struct impact_door *door, int64_t now_s)
{
	return e->until_s > now_s && !strcmp(e->edge, door->name);
}

static bool covers(const struct conf_exception *e, const char *address)
{
	struct address from;
	return e->any_from ||
	       (address_take(address, &from) && is_in(&from, e->from, e->from_count));
}

struct impact_allowance impact_door_allows(const struct impact_door *door, const char *address,
                                           int64_t now_s)
{
	struct impact_allowance all = {};
	for (size_t i = 0; door->settings && i < door->settings->exception_count; i++) {
		const struct conf_exception *e = &door->settings->exceptions[i];
		if (is_of(e, door, now_s) && covers(e, address))
			allow(&all, e);
	}
	all.plain_login = all.plain_login && !door->ignores_plain;
	return all;
}

bool impact_door_wants_tls(const struct impact_door *door, const char *address)
{
	struct address from;
	if (door->requires_tls)
		return true;
	return door->conf && door->conf->require_tls_from_count && address_take(address, &from) &&
	       is_in(&from, door->conf->require_tls_from, door->conf->require_tls_from_count);
}
