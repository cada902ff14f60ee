/* Of links: which end it is, what may be in clear, and who the other end must be. */
#include "conf/address.h"
#include "conf/check.h"

#include <string.h>

static void at_home(struct conf_reader *r, const char *path, const struct conf_address *a,
                    const char *mend)
{
	if (conf_address_is_local(a))
		return;
	conf_complain(r, path, "\"%s\" is not this host alone: it would be in clear", a->text);
	conf_mend(r, "%s", mend);
}

static bool is_named(struct conf_reader *r, const char *path, const struct conf_address *a)
{
	if (a->kind != CONF_ADDRESS_NAME)
		return false;
	conf_complain(r, path, "\"%s\": a name is not looked up here", a->text);
	conf_mend(r, "write the IP address");
	return true;
}

static void link_listen(struct conf_reader *r, const struct conf_link *link)
{
	struct conf_path listen = conf_path_of("link", link->name, "listen");
	struct conf_path listen_tls = conf_path_of("link", link->name, "listen_tls");
	for (size_t i = 0; i < link->listen_count; i++)
		if (!is_named(r, listen.text, &link->listen[i]))
			at_home(r, listen.text, &link->listen[i],
			        "write an address of 127.0.0.0/8, [::1]:PORT, or unix:/PATH; for "
			        "other hosts write it into listen_tls");
	for (size_t i = 0; i < link->listen_tls_count; i++)
		is_named(r, listen_tls.text, &link->listen_tls[i]);
	if (conf_is_bad(r, listen.text) || conf_is_bad(r, listen_tls.text))
		return;
	if (!link->listen_count && !link->listen_tls_count) {
		conf_complain(r, listen.text, "nobody can connect to this link");
		conf_mend(r, "add listen = \"127.0.0.1:PORT\" where the programs are, or "
		             "listen_tls = \"ADDRESS:PORT\" where the service is");
	} else if (link->listen_count && link->listen_tls_count) {
		conf_complain(r, listen_tls.text,
		              "a link has one end here, and this would be both");
		conf_mend(r, "take listen or listen_tls out; for both make two links");
	}
}

static void link_to(struct conf_reader *r, const struct conf_link *link)
{
	struct conf_path path = conf_path_of("link", link->name, "to");
	for (size_t i = 0; i < link->to_count; i++) {
		const struct conf_address *a = &link->to[i];
		if (a->kind == CONF_ADDRESS_NAME && !conf_link_is_far(link))
			continue; /* far ends may be named */
		if (is_named(r, path.text, a))
			continue;
		if (a->kind == CONF_ADDRESS_ANY) {
			conf_complain(r, path.text, "\"%s\" is no place to connect to", a->text);
			conf_mend(r, "write an address");
		} else if (conf_link_is_far(link)) {
			at_home(r, path.text, a,
			        "write an address of 127.0.0.0/8, [::1]:PORT, or unix:/PATH, and "
			        "put "
			        "this end of the link on the host of the service");
		}
	}
}

static void link_many(struct conf_reader *r, const struct conf_link *link)
{
	if (link->to_count <= CONF_LINK_TARGETS_MAX)
		return;
	conf_complain(r, conf_path_of("link", link->name, "to").text, "%zu are too many",
	              link->to_count);
	conf_mend(r, "%d at most are tried", CONF_LINK_TARGETS_MAX);
}

static void link_proxy(struct conf_reader *r, const struct conf_link *link)
{
	struct conf_path path = conf_path_of("link", link->name, "proxy");
	if (!link->proxy || link->protocol != CONF_LINK_SYSLOG)
		return;
	conf_complain(r, path.text, "datagrams have no PROXY header");
	conf_mend(r, "take it out");
}

/* nftables redirects to the first address of loopback. */
static bool is_redirected_to(const struct conf_address *a)
{
	return (a->kind == CONF_ADDRESS_INET && !strcmp(a->host, "127.0.0.1")) ||
	       (a->kind == CONF_ADDRESS_INET6 && !strcmp(a->host, "::1"));
}

static bool has_listen_for(const struct conf_link *link, const struct conf_address *destination)
{
	for (size_t i = 0; i < link->listen_count; i++)
		if (link->listen[i].kind == destination->kind)
			return true;
	return false;
}

static void link_destination(struct conf_reader *r, const struct conf_link *link,
                             const struct conf_address *a)
{
	struct conf_path path = conf_path_of("link", link->name, "destination");
	if (is_named(r, path.text, a))
		return;
	if (a->kind != CONF_ADDRESS_INET && a->kind != CONF_ADDRESS_INET6) {
		conf_complain(r, path.text, "\"%s\" is nothing that nftables could catch", a->text);
		conf_mend(r, "write an IP address and a port");
	} else if (!has_listen_for(link, a)) {
		conf_complain(r, path.text, "\"%s\" has no listen of its family", a->text);
		conf_mend(r, "add \"%s:PORT\" to listen",
		          a->kind == CONF_ADDRESS_INET ? "127.0.0.1" : "[::1]");
	}
	for (size_t i = 0; i < link->to_count; i++) {
		if (!conf_address_overlaps(&link->to[i], a))
			continue;
		conf_complain(r, path.text,
		              "\"%s\" is in \"to\" as well: the link would catch itself", a->text);
		conf_mend(r, "let the far end listen on another port");
	}
}

static void link_transparent(struct conf_reader *r, const struct conf_link *link)
{
	struct conf_path path = conf_path_of("link", link->name, "transparent");
	struct conf_path listen = conf_path_of("link", link->name, "listen");
	if (!link->transparent) {
		if (link->destination_count) {
			conf_complain(r, conf_path_of("link", link->name, "destination").text,
			              "it counts with transparent = true alone");
			conf_mend(r, "add transparent = true, or take it out");
		}
		return;
	}
	if (conf_link_is_far(link) || link->protocol != CONF_LINK_TCP) {
		conf_complain(r, path.text, "only a near end for TCP can be");
		conf_mend(r, "take it out");
		return;
	}
	if (!link->destination_count) {
		conf_complain(r, path.text, "it is not said what is to be caught");
		conf_mend(r,
		          "add destination = [\"ADDRESS:PORT\"], the service as programs know it");
	}
	for (size_t i = 0; i < link->listen_count; i++) {
		if (is_redirected_to(&link->listen[i]))
			continue;
		conf_complain(r, listen.text, "\"%s\" is nothing that nftables redirects to",
		              link->listen[i].text);
		conf_mend(r, "write 127.0.0.1:PORT or [::1]:PORT");
	}
	for (size_t i = 0; i < link->destination_count; i++)
		link_destination(r, link, &link->destinations[i]);
}

struct place {
	const struct conf_address *address;
	bool is_datagram;
};

/* Where it listens, number n. */
static bool place_of(const struct conf_link *link, size_t n, struct place *ret_place)
{
	bool is_near = n < link->listen_count;
	size_t tls = n - link->listen_count;
	if (!is_near && tls >= link->listen_tls_count)
		return false;
	ret_place->address = is_near ? &link->listen[n] : &link->listen_tls[tls];
	ret_place->is_datagram = is_near && link->protocol == CONF_LINK_SYSLOG;
	return true;
}

/* TCP and UDP have their own ports; a path has one socket. */
static bool clashes(const struct place *a, const struct place *b)
{
	bool has_both = a->is_datagram != b->is_datagram && a->address->kind != CONF_ADDRESS_UNIX;
	return !has_both && conf_address_overlaps(a->address, b->address);
}

/* Another link's, before the n-th of this one. */
static bool links_have(const struct conf_settings *s, size_t number, size_t n,
                       const struct place *place)
{
	struct place other;
	for (size_t i = 0; i <= number; i++)
		for (size_t m = 0; (i < number || m < n) && place_of(&s->links[i], m, &other); m++)
			if (clashes(&other, place))
				return true;
	return false;
}

static bool edges_have(const struct conf_settings *s, const struct place *place)
{
	for (size_t i = 0; i < s->edge_count && !place->is_datagram; i++) {
		const struct conf_edge *e = &s->edges[i];
		for (size_t n = 0; n < e->listen_count; n++)
			if (conf_address_overlaps(&e->listen[n], place->address))
				return true;
		for (size_t n = 0; n < e->listen_tls_count; n++)
			if (conf_address_overlaps(&e->listen_tls[n], place->address))
				return true;
	}
	return false;
}

static void link_clashes(struct conf_reader *r, size_t number)
{
	const struct conf_settings *s = r->settings;
	const struct conf_link *link = &s->links[number];
	struct place place;
	for (size_t n = 0; place_of(link, n, &place); n++) {
		if (!links_have(s, number, n, &place) && !edges_have(s, &place))
			continue;
		conf_complain(r,
		              conf_path_of("link", link->name,
		                           n < link->listen_count ? "listen" : "listen_tls")
		                      .text,
		              "\"%s\" is taken by another link or an edge", place.address->text);
		conf_mend(r, "use an address or port of its own");
	}
}

void conf_check_link(struct conf_reader *r)
{
	for (size_t i = 0; i < r->settings->link_count; i++) {
		const struct conf_link *link = &r->settings->links[i];
		if (conf_item_is_bad(r, "link", link->name))
			continue;
		link_listen(r, link);
		link_to(r, link);
		link_many(r, link);
		link_proxy(r, link);
		link_transparent(r, link);
		link_clashes(r, i);
	}
}
