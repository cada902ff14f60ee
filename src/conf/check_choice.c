/* Edges with more than one server behind them: by the name asked for, or by the user. */
#include "conf/check.h"
#include "conf/nearest.h"

#include "base/clean.h"
#include "conf/address.h"

#include <string.h>

static bool is_missing(const struct conf_edge *e)
{
	return e->backend == (size_t)-1;
}

/* What the edge is to one of its servers it is to all. */
static void same_dialect(struct conf_reader *r, const struct conf_edge *e)
{
	const struct conf_backend *first = &r->settings->backends[e->backend];
	for (size_t i = 0; i < r->settings->backend_count; i++) {
		const struct conf_backend *b = &r->settings->backends[i];
		const char *setting = b->client_info != first->client_info ? "client_info"
		                      : (b->tls.mode == CONF_TLS_STARTTLS) !=
		                                      (first->tls.mode == CONF_TLS_STARTTLS)
		                              ? "tls.mode"
		                      : b->channel_binding != first->channel_binding
		                              ? "channel_binding"
		                              : NULL;
		if (!conf_edge_has_backend(e, i) || !setting)
			continue;
		conf_complain(r, conf_path_of("backend", b->name, setting).text,
		              "it differs from that of backend \"%s\", and edge \"%s\" has both",
		              first->name, e->name);
		conf_mend(r, "make them the same, or make an edge of its own for one of them");
	}
}

/* A setting that counts together with another. */
static void only_with_auth(struct conf_reader *r, const struct conf_edge *e)
{
	static const char *const settings[] = { "lookup", "by_user" };
	if (conf_is_bad(r, conf_path_of("edge", e->name, "open").text))
		return;
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct conf_path path = conf_path_of("edge", e->name, settings[i]);
		if (!conf_is_written(r, path.text))
			continue;
		conf_complain(r, path.text, "it counts with open = \"auth\" alone");
		conf_mend(r, "add open = \"auth\", or take it out");
	}
}

static void lookup_named(struct conf_reader *r, const struct conf_edge *e)
{
	struct conf_path path = conf_path_of("edge", e->name, "lookup");
	struct conf_nearest nearest = { .text = e->lookup ?: "" };
	if (conf_lookup_find(r->settings, e->lookup) || conf_is_bad(r, path.text))
		return;
	for (size_t i = 0; i < r->settings->lookup_count; i++)
		conf_nearest_try(&nearest, r->settings->lookups[i].name);
	if (!e->lookup)
		conf_complain(r, path.text, "nobody says where users are at home");
	else
		conf_complain(r, path.text, "no lookup is called \"%.100s\"", e->lookup);
	if (e->lookup && nearest.best)
		conf_mend(r, "did you mean \"%s\"?", nearest.best);
	else
		conf_mend(r, "add lookup = { NAME = { table = \"/PATH\"; }; }; and lookup = "
		             "\"NAME\" to the edge; or to its backend balance = \"user\"");
}

static const struct conf_backend *backend_of(const struct conf_reader *r, size_t number)
{
	return number < r->settings->backend_count ? &r->settings->backends[number] : NULL;
}

/* All are at one backend, and each at one of its addresses. */
static bool is_by_name(const struct conf_reader *r, const struct conf_edge *e)
{
	const struct conf_backend *b = backend_of(r, e->backend);
	return b && b->balance == CONF_BALANCE_USER && !e->lookup && !e->by_user_count;
}

static void homes_named(struct conf_reader *r, const struct conf_edge *e)
{
	struct conf_path by_user = conf_path_of("edge", e->name, "by_user");
	if (is_by_name(r, e))
		return;
	lookup_named(r, e);
	if (!e->by_user_count && !conf_is_bad(r, by_user.text)) {
		conf_complain(r, by_user.text, "there is no server that users are at home at");
		conf_mend(r, "add by_user = ( { backend = \"NAME\"; }, ... )");
	}
}

/* Before the credential nobody knows whose session it is. */
static void no_user_yet(struct conf_reader *r, const struct conf_edge *e)
{
	for (size_t i = 0; i < r->settings->backend_count; i++) {
		const struct conf_backend *b = &r->settings->backends[i];
		if (b->balance != CONF_BALANCE_USER || !conf_edge_has_backend(e, i))
			continue;
		conf_complain(r, conf_path_of("backend", b->name, "balance").text,
		              "edge \"%s\" does not know the user when it opens it", e->name);
		conf_mend(r, "write balance = \"source\", or open = \"auth\" at an edge for imap, "
		             "pop3, managesieve or submission");
	}
}

static void by_auth(struct conf_reader *r, struct conf_edge *e)
{
	homes_named(r, e);
	if (e->by_sni_count) {
		conf_complain(r, conf_path_of("edge", e->name, "by_sni").text,
		              "with open = \"auth\" the user decides, not the name");
		conf_mend(r, "take it out, or open");
	}
	if (e->protocol == CONF_SUBMISSION && e->auth == CONV_AUTH_OFF) {
		conf_complain(r, conf_path_of("edge", e->name, "auth").text,
		              "with open = \"auth\" nobody could ever send mail");
		conf_mend(r, "take it out");
	}
	if (is_missing(e) && e->by_user_count) {
		e->has_no_default = true;
		e->backend = e->by_user[0].backend;
	}
}

void conf_check_choice(struct conf_reader *r, struct conf_edge *e)
{
	struct conf_path backend = conf_path_of("edge", e->name, "backend");
	bool is_by_auth = e->open == CONV_OPEN_AUTH && e->protocol != CONF_SMTP &&
	                  e->protocol != CONF_LMTP && !conf_protocol_is_spliced(e->protocol);
	if (is_by_auth) {
		by_auth(r, e);
	} else {
		only_with_auth(r, e);
		no_user_yet(r, e);
	}
	if (!is_by_auth && is_missing(e) && !conf_is_bad(r, backend.text) &&
	    !conf_is_bad(r, conf_path_of("edge", e->name, "open").text) &&
	    !conf_is_written(r, backend.text)) {
		conf_complain(r, backend.text, "it is missing");
		conf_mend(r, "write backend = \"BACKEND\"");
	}
	if (e->backend < r->settings->backend_count && (e->by_sni_count || e->by_user_count) &&
	    !conf_protocol_is_spliced(e->protocol))
		same_dialect(r, e);
}

void conf_check_lookup(struct conf_reader *r, const struct conf_lookup *l)
{
	struct conf_path path = conf_path_of("lookup", l->name, "socketmap");
	struct conf_path map = conf_path_of("lookup", l->name, "map");
	bool is_service = l->socketmap.text[0];
	if (conf_is_bad(r, path.text) ||
	    conf_is_bad(r, conf_path_of("lookup", l->name, "table").text))
		return;
	if (is_service == (l->table != NULL)) {
		conf_complain(r, path.text,
		              is_service ? "there is a table too"
		                         : "it is missing, and so is table");
		conf_mend(r, "write one of socketmap = \"unix:/PATH\" and table = \"/PATH\"");
	} else if (is_service && !conf_address_is_local(&l->socketmap)) {
		conf_complain(r, path.text, "names of users would cross the network in clear");
		conf_mend(r,
		          "write unix:/PATH or an address of this host: the near end of a link, if "
		          "the service is elsewhere");
	}
	if (l->map && (strchr(l->map, ' ') || !l->map[0] || strlen(l->map) > 100)) {
		conf_complain(r, map.text, "no name of a map");
		conf_mend(r, "write one without a space, 100 bytes at most");
	}
}
