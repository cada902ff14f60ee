#include "servers/secret.h"

#include "base/clean.h"

#include <strings.h>

static const char *const keys[] = { "password=", "passwd=", "pass=", "secret=", "bind_pw=" };

static void cut(char *from, const char *to)
{
	memmove(from, to, strlen(to) + 1);
}

/* Behind a value that begins here. */
static const char *value_end(const char *value)
{
	const char *end;
	if (*value != '"' && *value != '\'')
		return value + strcspn(value, " \t&;,");
	end = value + 1;
	while (*end && *end != *value)
		end += end[0] == '\\' && end[1] ? 2 : 1;
	return *end ? end + 1 : end;
}

/* "://USER:PASSWORD@": of more than one "@" the last counts. */
static void url_mask(char *text)
{
	for (char *at = text; (at = strstr(at, "://"));) {
		at += 3;
		size_t len = strcspn(at, "/ \t\"'<>");
		const char *host = memrchr(at, '@', len);
		char *colon = host ? memchr(at, ':', (size_t)(host - at)) : NULL;
		if (colon)
			cut(colon + 1, host);
	}
}

/* auth { label = user:password } */
static void inline_table_mask(char *text)
{
	for (char *at = text; (at = strcasestr(at, "auth"));) {
		at += strlen("auth");
		char *open = at + strspn(at, " \t");
		const char *close = *open == '{' ? strchr(open, '}') : NULL;
		if (close)
			cut(open + 1, close);
	}
}

void servers_secrets_mask(char *text)
{
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		for (char *at = text; (at = strcasestr(at, keys[i]));) {
			at += strlen(keys[i]);
			cut(at, value_end(at));
		}
	url_mask(text);
	inline_table_mask(text);
}

bool servers_secret_is_in(struct slice line)
{
	/* Exim's "HOST/DATABASE/USER/PASSWORD", Postfix's "static:USER:PASSWORD", nginx' and
	 * OpenSMTPD's own. */
	static const char *const words[] = { "pass",          "secret",        "_pw",
		                             "token",         "api_key",       "apikey",
		                             "des_key",       "dnpw",          "mysql_servers",
		                             "pgsql_servers", "redis_servers", "client_send",
		                             "auth_key",      "auth {",        "://" };
	for (; line.len; line = slice_skip(line, 1))
		for (size_t i = 0; i < COUNT_OF(words); i++)
			if (slice_starts_nocase(line, words[i]))
				return true;
	return false;
}
