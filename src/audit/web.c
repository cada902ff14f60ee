#include "audit/web.h"

#include <stdlib.h>
#include <string.h>

enum { HSTS_MIN_S = 365 * 24 * 3600 };

bool audit_is_hsts(const char *value)
{
	const char *age = strcasestr(value, "max-age=");
	return strcasestr(value, "Strict-Transport-Security") && age &&
	       strtoul(age + strlen("max-age="), NULL, 10) >= HSTS_MIN_S;
}

bool audit_web_serves_tls(const struct servers_server *server)
{
	for (size_t i = 0; i < server->listener_count; i++)
		if (server->listeners[i]->protocol == SERVERS_HTTP && server->listeners[i]->is_tls)
			return true;
	return false;
}

const struct audit_row audit_web_row = { .setting = "", .where = AUDIT_LISTENERS, .right = "" };
