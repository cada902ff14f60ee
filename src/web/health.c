/* For balancers: does it take connections, and will it in a moment? */
#include "web/views.h"

#include <stdio.h>

static const char *state_name(const struct web *web)
{
	const char *name = json_string_value(json_object_get(web->state, "state"));
	return name ? name : "starting";
}

/* NULL: there is none of that name. */
static const json_t *edge_named(const struct web *web, const char *name)
{
	const json_t *edge;
	size_t i;
	json_array_foreach(json_object_get(web->in_force, "edges"), i, edge)
	{
		const char *other = json_string_value(json_object_get(edge, "name"));
		if (other && !strcmp(other, name))
			return edge;
	}
	return NULL;
}

static bool has_backend(const json_t *edge, const char *name)
{
	const json_t *other;
	size_t i;
	json_array_foreach(json_object_get(edge, "backends"), i, other)
	{
		if (json_is_string(other) && !strcmp(json_string_value(other), name))
			return true;
	}
	return false;
}

/* Is there an address, and all that there are down? */
static bool is_behind_dead(const struct web *web, const json_t *edge)
{
	const json_t *b;
	size_t i, count = 0;
	json_array_foreach(json_object_get(web->state, "backends"), i, b)
	{
		if (!has_backend(edge, web_json_text(b, "backend")))
			continue;
		if (strcmp(web_json_text(b, "state"), "down") != 0)
			return false;
		count++;
	}
	return count;
}

void web_health(const struct web *web, const char *edge, struct web_reply *reply)
{
	const char *state = state_name(web);
	const json_t *known = edge[0] ? edge_named(web, edge) : NULL;
	bool is_well = !strcmp(state, "running") || !strcmp(state, "upgrading");
	if (edge[0] && !known)
		web_reply_say(reply, 404, "there is no such edge");
	else if (known && is_well && is_behind_dead(web, known))
		web_reply_say(reply, 503, "its backends are down");
	else
		web_reply_say(reply, is_well ? 200 : 503, state);
}
