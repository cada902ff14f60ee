/* Where a backend is, from where it is reached, and what it is told of clients. */
#include "conf/check.h"

#include "conf/address.h"
#include "conf/network.h"

#include <string.h>

static bool is_inet(const struct conf_address *a)
{
	return a->kind == CONF_ADDRESS_INET || a->kind == CONF_ADDRESS_INET6;
}

static bool has_source_for(const struct conf_backend *b, const struct conf_address *a)
{
	for (size_t i = 0; i < b->source_count; i++)
		if (b->sources[i].is_v6 == (a->kind == CONF_ADDRESS_INET6))
			return true;
	return false;
}

static bool is_there_before(const struct conf_backend *b, size_t number)
{
	for (size_t i = 0; i < number; i++)
		if (b->sources[i].is_v6 == b->sources[number].is_v6 &&
		    !memcmp(b->sources[i].addr, b->sources[number].addr, 16))
			return true;
	return false;
}

static void sources_check(struct conf_reader *r, const struct conf_backend *b, const char *path)
{
	for (size_t i = 0; i < b->source_count; i++) {
		const struct conf_network *n = &b->sources[i];
		char text[64];
		conf_network_print(n, text);
		if (n->prefix != (n->is_v6 ? 128 : 32)) {
			conf_complain(r, path, "\"%s\" is a network", text);
			conf_mend(r, "write addresses of this host");
		} else if (is_there_before(b, i)) {
			conf_complain(r, path, "\"%s\" is there twice", text);
			conf_mend(r, "take one of them out");
		}
	}
}

static void backend_reach(struct conf_reader *r, const struct conf_backend *b)
{
	struct conf_path address = conf_path_of("backend", b->name, "address");
	struct conf_path source = conf_path_of("backend", b->name, "source");
	if (b->address_count > CONF_BACKEND_ADDRESSES_MAX) {
		conf_complain(r, address.text, "%zu addresses are too many", b->address_count);
		conf_mend(r, "keep %d at most", CONF_BACKEND_ADDRESSES_MAX);
	}
	if (!b->source_count || conf_is_bad(r, source.text))
		return;
	sources_check(r, b, source.text);
	for (size_t i = 0; i < b->address_count; i++) {
		const struct conf_address *a = &b->addresses[i];
		if (is_inet(a) && has_source_for(b, a))
			continue;
		conf_complain(r, source.text, "\"%s\" cannot be reached from any of them", a->text);
		conf_mend(r, is_inet(a) ? "add an address of its family"
		                        : "take \"source\" out, or make it a backend of its own");
	}
}

static bool backend_is_local(const struct conf_backend *b)
{
	for (size_t i = 0; i < b->address_count; i++)
		if (!conf_address_is_local(&b->addresses[i]))
			return false;
	return true;
}

static bool backend_has_local(const struct conf_backend *b)
{
	for (size_t i = 0; i < b->address_count; i++)
		if (conf_address_is_local(&b->addresses[i]))
			return true;
	return false;
}

static void backend_addresses(struct conf_reader *r, const struct conf_backend *b)
{
	struct conf_path path = conf_path_of("backend", b->name, "address");
	for (size_t i = 0; i < b->address_count; i++) {
		const struct conf_address *a = &b->addresses[i];
		if (a->kind == CONF_ADDRESS_ANY) {
			conf_complain(r, path.text, "\"%s\" is no place to connect to", a->text);
			conf_mend(r, "write the server's address");
		} else if (a->kind == CONF_ADDRESS_NAME) {
			conf_complain(r, path.text,
			              "\"%s\": names are not looked up in this version", a->text);
			conf_mend(r, "write the server's IP address");
		}
	}
}

static void backend_client_info(struct conf_reader *r, const struct conf_backend *b)
{
	struct conf_path path = conf_path_of("backend", b->name, "client_info");
	if (b->client_info == CONV_INFO_NONE && !b->accepts_no_client_info) {
		conf_complain(r, path.text,
		              "the server would take every stranger for a client from this host");
		conf_mend(r, "use \"proxy\", or add accept = [\"no-client-info\"]");
	}
	if (b->client_info != CONV_INFO_ID)
		return;
	if (backend_has_local(b)) {
		conf_complain(r, path.text,
		              "a server that does not heed \"id\" trusts clients from this host");
		conf_mend(r, "use \"proxy\"");
	} else if (!b->accepts_unverified_client_info) {
		conf_complain(r, path.text, "whether the server heeds \"id\" cannot be seen");
		conf_mend(r, "use \"proxy\", or add accept = [\"unverified-client-info\"]");
	}
}

/* Nothing seals the way to it. */
static void backend_clear(struct conf_reader *r, const struct conf_backend *b)
{
	struct conf_path mode = conf_path_of("backend", b->name, "tls.mode");
	if (b->tls.mode != CONF_TLS_NONE || conf_is_bad(r, mode.text) || backend_is_local(b) ||
	    b->accepts_plain || conf_check_is_passed_to(r->settings, b))
		return;
	conf_complain(r, conf_path_of("backend", b->name, "address").text,
	              "mail would cross the network in clear");
	conf_mend(r, "add tls = { mode = \"implicit\"; ... } (or \"starttls\"), or "
	             "accept = [\"plain\"]");
}

void conf_check_backend(struct conf_reader *r, const struct conf_backend *b)
{
	if (conf_item_is_bad(r, "backend", b->name))
		return;
	backend_addresses(r, b);
	backend_client_info(r, b);
	backend_reach(r, b);
	conf_check_tunnel(r, b);
	conf_check_backend_tls(r, b);
	backend_clear(r, b);
}
