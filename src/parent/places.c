#include "parent/places.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SMTP_PORT = 25 };

struct finding {
	struct places *places;
	const struct conf_settings *settings;
	const char *const *names;
	size_t certificate;
};

enum match { MATCH_NONE, MATCH_WILDCARD, MATCH_EXACT };

/* Cuts the next name off a list with "," between. False: there is none. */
static bool name_next(struct slice *rest, char ret_name[PROC_WITNESS_HOST_CAP])
{
	if (!rest->len)
		return false;
	size_t len = slice_find(*rest, ',');
	slice_to_text(slice_head(*rest, len), ret_name, PROC_WITNESS_HOST_CAP);
	*rest = slice_skip(*rest, len + 1);
	return true;
}

static enum match match_of(const char *names, const char *host)
{
	char name[PROC_WITNESS_HOST_CAP];
	enum match best = MATCH_NONE;
	struct slice rest = slice_str(names ? names : "");
	const char *parent = strchr(host, '.');
	while (name_next(&rest, name)) {
		if (!strcasecmp(name, host))
			return MATCH_EXACT;
		if (parent && name[0] == '*' && !strcasecmp(name + 1, parent))
			best = MATCH_WILDCARD;
	}
	return best;
}

static bool is_of_edge(const struct conf_edge *e, const char *certificate)
{
	for (size_t i = 0; i < e->certificate_count; i++)
		if (!strcmp(e->certificates[i], certificate))
			return true;
	return !e->certificate_count;
}

static size_t index_of(const struct conf_settings *s, const char *certificate)
{
	size_t i = 0;
	while (i < s->certificate_count && strcmp(s->certificates[i].name, certificate) != 0)
		i++;
	return i;
}

/* The edge's first: who asks for no name of ours is shown it. */
static size_t first_of(const struct conf_settings *s, const struct conf_edge *e)
{
	return e->certificate_count ? index_of(s, e->certificates[0]) : 0;
}

static size_t shown_for(const struct finding *f, const struct conf_edge *e, const char *host)
{
	enum match best = MATCH_NONE;
	size_t shown = first_of(f->settings, e);
	for (size_t i = 0; i < f->settings->certificate_count; i++) {
		if (!is_of_edge(e, f->settings->certificates[i].name))
			continue;
		enum match match = match_of(f->names[i], host);
		if (match > best) {
			best = match;
			shown = i;
		}
	}
	return shown;
}

static void add(struct places *to, const char *host, uint16_t port)
{
	for (size_t i = 0; i < to->count; i++)
		if (to->list[i].port == port && !strcasecmp(to->list[i].host, host))
			return;
	if (to->count == PROC_GUARD_PLACES_MAX) {
		to->is_cut = true;
		return;
	}
	struct proc_guard_place *place = &to->list[to->count++];
	place->port = port;
	snprintf(place->host, sizeof(place->host), "%s", host);
}

static void ports_add(struct places *to, const char *host, const struct conf_address *addresses,
                      size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (addresses[i].port)
			add(to, host, addresses[i].port);
}

static void host_add(const struct finding *f, const struct conf_edge *e, const char *host)
{
	if (host[0] == '*' || shown_for(f, e, host) != f->certificate)
		return;
	if (e->protocol != CONF_HTTP) /* port 80 has no TLS */
		ports_add(f->places, host, e->listen, e->listen_count);
	ports_add(f->places, host, e->listen_tls, e->listen_tls_count);
}

static void edge_add(const struct finding *f, const struct conf_edge *e)
{
	char name[PROC_WITNESS_HOST_CAP];
	if (e->is_passthrough || !is_of_edge(e, f->settings->certificates[f->certificate].name))
		return;
	host_add(f, e, e->hostname ? e->hostname : f->settings->hostname);
	struct slice rest = slice_str(f->names[f->certificate] ? f->names[f->certificate] : "");
	while (name_next(&rest, name))
		host_add(f, e, name);
}

static bool has_smtp(const struct conf_edge *e)
{
	for (size_t i = 0; i < e->listen_count; i++)
		if (e->listen[i].port == SMTP_PORT)
			return true;
	return e->protocol == CONF_SMTP;
}

void places_find(struct places *ret_places, const struct conf_settings *settings,
                 const char *const *names, size_t certificate)
{
	const struct finding f = { ret_places, settings, names, certificate };
	*ret_places = (struct places){};
	for (int turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < settings->edge_count; i++)
			if (has_smtp(&settings->edges[i]) == !turn)
				edge_add(&f, &settings->edges[i]);
}
