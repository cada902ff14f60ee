/* Which backends an edge has, and for which names and users. */
#include "conf/settings.h"

#include <string.h>
#include <strings.h>

/* Case and a dot at the end do not count. */
static bool is_name(const char *name, const char *sni)
{
	size_t len = strlen(name);
	return !strncasecmp(name, sni, len) && (!sni[len] || (sni[len] == '.' && !sni[len + 1]));
}

/* "*.example.org": any one label, as in certificates (RFC 6125 6.4.3). */
static bool fits(const char *pattern, const char *sni)
{
	if (pattern[0] != '*')
		return is_name(pattern, sni);
	const char *dot = strchr(sni, '.');
	return dot && dot != sni && is_name(pattern + 1, dot);
}

const struct conf_by_sni *conf_by_sni_find(const struct conf_edge *edge, const char *sni)
{
	for (size_t i = 0; sni[0] && i < edge->by_sni_count; i++)
		for (size_t k = 0; k < edge->by_sni[i].name_count; k++)
			if (fits(edge->by_sni[i].names[k], sni))
				return &edge->by_sni[i];
	return NULL;
}

const struct conf_lookup *conf_lookup_find(const struct conf_settings *s, const char *name)
{
	for (size_t i = 0; name && i < s->lookup_count; i++)
		if (!strcmp(s->lookups[i].name, name))
			return &s->lookups[i];
	return NULL;
}

size_t conf_by_user_find(const struct conf_settings *s, const struct conf_edge *edge,
                         const char *answer, size_t len)
{
	for (size_t i = 0; i < edge->by_user_count; i++) {
		const struct conf_by_user *by = &edge->by_user[i];
		const char *means = by->answer ?: s->backends[by->backend].name;
		if (strlen(means) == len && !memcmp(means, answer, len))
			return by->backend;
	}
	return (size_t)-1;
}

bool conf_edge_has_backend(const struct conf_edge *edge, size_t backend)
{
	for (size_t i = 0; i < edge->by_sni_count; i++)
		if (edge->by_sni[i].backend == backend || edge->by_sni[i].backend_h2 == backend)
			return true;
	for (size_t i = 0; i < edge->by_user_count; i++)
		if (edge->by_user[i].backend == backend)
			return true;
	return edge->backend == backend || edge->backend_h2 == backend ||
	       edge->challenge_backend == backend;
}
