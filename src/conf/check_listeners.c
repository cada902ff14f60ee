/* Listeners of edges against each other, and against backends. */
#include "conf/check.h"

#include "conf/address.h"

struct listener {
	const struct conf_edge *edge;
	const char *setting;
	const struct conf_address *address;
};

static bool listener_at(const struct conf_settings *s, size_t index, struct listener *ret_listener)
{
	for (size_t i = 0; i < s->edge_count; i++) {
		const struct conf_edge *e = &s->edges[i];
		if (index < e->listen_count) {
			*ret_listener = (struct listener){ e, "listen", &e->listen[index] };
			return true;
		}
		index -= e->listen_count;
		if (index < e->listen_tls_count) {
			*ret_listener = (struct listener){ e, "listen_tls", &e->listen_tls[index] };
			return true;
		}
		index -= e->listen_tls_count;
	}
	return false;
}

static void listener_duplicates(struct conf_reader *r, const struct listener *l, size_t index)
{
	struct listener before;
	for (size_t i = 0; i < index && listener_at(r->settings, i, &before); i++) {
		if (!conf_address_overlaps(before.address, l->address))
			continue;
		conf_complain(r, conf_path_of("edge", l->edge->name, l->setting).text,
		              "\"%s\" is taken by \"%s\" of edge \"%s\"", l->address->text,
		              before.address->text, before.edge->name);
		conf_mend(r, "use an address or port of its own");
		return;
	}
}

static bool is_loop(const struct conf_address *listener, const struct conf_address *backend)
{
	bool is_any = listener->kind == CONF_ADDRESS_ANY || backend->kind == CONF_ADDRESS_ANY;
	if (is_any && !conf_address_is_local(backend))
		return false; /* another host has that port too */
	return conf_address_overlaps(listener, backend);
}

static void listener_loops(struct conf_reader *r, const struct listener *l)
{
	for (size_t i = 0; i < r->settings->backend_count; i++) {
		const struct conf_backend *b = &r->settings->backends[i];
		for (size_t j = 0; j < b->address_count; j++) {
			if (!is_loop(l->address, &b->addresses[j]))
				continue;
			conf_complain(r, conf_path_of("backend", b->name, "address").text,
			              "\"%s\" is where edge \"%s\" itself listens",
			              b->addresses[j].text, l->edge->name);
			conf_mend(r, "let the server listen on another port");
		}
	}
}

void conf_check_listeners(struct conf_reader *r)
{
	struct listener listener;
	for (size_t i = 0; listener_at(r->settings, i, &listener); i++) {
		listener_duplicates(r, &listener, i);
		listener_loops(r, &listener);
	}
}
