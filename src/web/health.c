/* For balancers: does it take connections, and will it in a moment? */
#include "web/inside.h"

#include <stdio.h>

static const char *state_name(const struct web *web)
{
	const char *name = json_string_value(json_object_get(web->state, "state"));
	return name ? name : "starting";
}

static bool has_edge(const struct web *web, const char *name)
{
	const json_t *edge;
	size_t i;
	json_array_foreach(json_object_get(web->in_force, "edges"), i, edge)
	{
		const char *other = json_string_value(json_object_get(edge, "name"));
		if (other && !strcmp(other, name))
			return true;
	}
	return false;
}

void web_health(const struct web *web, const char *edge, struct web_reply *reply)
{
	const char *state = state_name(web);
	bool is_well = !strcmp(state, "running") || !strcmp(state, "upgrading");
	if (edge[0] && !has_edge(web, edge))
		web_reply_say(reply, 404, "there is no such edge");
	else
		web_reply_say(reply, is_well ? 200 : 503, state);
}
