/* Many addresses of a backend, and the addresses from which it is reached. */
#include "conf/check.h"

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

void conf_check_backend(struct conf_reader *r, const struct conf_backend *b)
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
