/* Of what is watched: what one setting alone cannot show. */
#include "conf/address.h"
#include "conf/check.h"

#include <string.h>

static const char interfaces_path[] = "watch.interfaces";

static void interfaces_check(struct conf_reader *r, const struct conf_watch *w)
{
	if (conf_is_bad(r, interfaces_path))
		return;
	if (w->interface_count > CONF_INTERFACES_MAX) {
		conf_complain(r, interfaces_path, "%zu are too many", w->interface_count);
		conf_mend(r, "%d at most are watched", CONF_INTERFACES_MAX);
	}
	for (size_t i = 0; i < w->interface_count; i++)
		for (size_t n = 0; n < i; n++)
			if (!strcmp(w->interfaces[i], w->interfaces[n])) {
				conf_complain(r, interfaces_path, "\"%s\" is there twice",
				              w->interfaces[i]);
				conf_mend(r, "name each once");
			}
}

/* A client comes by IP, to an address or to any. */
static void server_check(struct conf_reader *r, const char *path, const struct conf_address *a)
{
	if (a->kind == CONF_ADDRESS_NAME) {
		conf_complain(r, path, "\"%s\": names are not looked up in this version", a->text);
		conf_mend(r, "write the IP address, or \"*:PORT\"");
	} else if (a->kind == CONF_ADDRESS_UNIX) {
		conf_complain(r, path, "\"%s\" is never seen on a network", a->text);
		conf_mend(r, "write an IP address and a port");
	}
}

/* The first that has an address is who a session is recorded for. */
static void server_is_single(struct conf_reader *r, size_t number, const struct conf_address *a)
{
	const struct conf_settings *s = r->settings;
	for (size_t i = 0; i < number; i++)
		for (size_t n = 0; n < s->mirrors[i].server_count; n++) {
			if (!conf_address_overlaps(&s->mirrors[i].servers[n], a))
				continue;
			conf_complain(
				r, conf_path_of("mirror", s->mirrors[number].name, "server").text,
				"\"%s\" is in mirror \"%s\" as well", a->text, s->mirrors[i].name);
			conf_mend(r, "leave it to one of them");
		}
}

static void mirror_check(struct conf_reader *r, size_t number)
{
	const struct conf_mirror *m = &r->settings->mirrors[number];
	struct conf_path path = conf_path_of("mirror", m->name, "server");
	if (conf_item_is_bad(r, "mirror", m->name) || conf_is_bad(r, path.text))
		return;
	for (size_t i = 0; i < m->server_count; i++) {
		server_check(r, path.text, &m->servers[i]);
		server_is_single(r, number, &m->servers[i]);
	}
}

void conf_check_watch(struct conf_reader *r)
{
	const struct conf_settings *s = r->settings;
	for (size_t i = 0; i < s->mirror_count; i++)
		mirror_check(r, i);
	if (!s->watch.is_set) {
		if (!s->mirror_count)
			return;
		conf_complain(r, "mirror", "nothing is watched, so nothing is seen there");
		conf_mend(r, "add watch = { interfaces = [\"eth1\"]; }");
		return;
	}
	interfaces_check(r, &s->watch);
	if (conf_needs_ledger(s))
		return;
	conf_complain(r, "watch", "what is seen is kept by the ledger, and there is none");
	conf_mend(r, "take ledger.keep = \"none\" out, or watch");
}
