/* Of backends that are reached by a tunnel: what one setting alone cannot show. What the kernel
 * knows of the tunnel is asked elsewhere, for it changes. */
#include "conf/address.h"
#include "conf/check.h"

#include <net/if.h>
#include <string.h>

static void interface_check(struct conf_reader *r, const struct conf_backend *b, const char *path)
{
	const char *name = b->tls.interface;
	if (b->tls.mode != CONF_TLS_TUNNEL) {
		conf_complain(r, path, "it counts with mode = \"tunnel\" alone");
		conf_mend(r, "write mode = \"tunnel\", or take it out");
	} else if (strlen(name) >= IF_NAMESIZE || strpbrk(name, "/: \t")) {
		conf_complain(r, path, "\"%.100s\" is no interface", name);
		conf_mend(r, "write its name as in \"ip link\", such as wg0");
	}
}

static void addresses_check(struct conf_reader *r, const struct conf_backend *b)
{
	for (size_t i = 0; i < b->address_count; i++) {
		if (!conf_address_is_local(&b->addresses[i]))
			continue;
		conf_complain(r, conf_path_of("backend", b->name, "address").text,
		              "\"%s\" is on this host: no tunnel leads there",
		              b->addresses[i].text);
		conf_mend(r, "write mode = \"none\", or the server's address in the tunnel");
	}
}

void conf_check_tunnel(struct conf_reader *r, const struct conf_backend *b)
{
	struct conf_path path = conf_path_of("backend", b->name, "tls.interface");
	if (b->tls.interface)
		interface_check(r, b, path.text);
	if (b->tls.mode != CONF_TLS_TUNNEL)
		return;
	addresses_check(r, b);
	if (b->accepts_unproven_tunnel && !b->tls.interface) {
		conf_complain(r, conf_path_of("backend", b->name, "accept").text,
		              "\"unproven-tunnel\" is for an interface, and none is written");
		conf_mend(r, "add interface = \"NAME\" to tls, or take it out");
	}
}
