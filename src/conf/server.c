/* Name servers, as they are written in the configuration file. */
#include "conf/server.h"

#include "base/address.h"
#include "conf/address.h"
#include "conf/value.h"

#include <stdio.h>
#include <string.h>

/* An address without brackets, and a port behind "@". */
static bool server_address_is_valid(const char *text)
{
	char host[64];
	uint16_t port;
	size_t len = strcspn(text, "@");
	if (len >= sizeof(host) || (text[len] && conf_port_parse(text + len + 1, &port)))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	return address_is_literal(host);
}

int conf_server_parse(const char *text, bool has_zone, struct conf_server *ret_server,
                      const char **ret_why)
{
	struct conf_server server = {};
	size_t zone_len = has_zone ? strcspn(text, "=") : 0;
	if (has_zone && (!zone_len || !text[zone_len] || zone_len >= sizeof(server.zone))) {
		*ret_why = "write the zone, \"=\" and its name server, as in "
			   "\"example.test=192.0.2.53\"";
		return CONF_VALUE_BAD;
	}
	memcpy(server.zone, text, zone_len);
	text += zone_len + has_zone;
	if (has_zone && !conf_hostname_is_valid(server.zone)) {
		*ret_why = "what is before the \"=\" is no name of a zone";
		return CONF_VALUE_BAD;
	}
	if (strlen(text) >= sizeof(server.address) || !server_address_is_valid(text)) {
		*ret_why = "a name server is an IP address, with \"@PORT\" behind it if that is "
			   "not 53";
		return CONF_VALUE_BAD;
	}
	strcpy(server.address, text);
	*ret_server = server;
	return 0;
}

bool conf_server_is_local(const struct conf_server *server)
{
	char host[sizeof(server->address)];
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(server->address, "@"), server->address);
	return conf_host_is_local(host);
}
