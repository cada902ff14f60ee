/* Limits that undo each other. */
#include "conf/check.h"

enum {
	TIMES = 5, /* so many addresses it then takes to fill the line */
	HANDSHAKES_MOST = 1000000,
};

/* group: where these limits are, as a path; what is not written there was looked at above it. */
static void handshakes_check(struct conf_reader *r, const struct conf_limits *l, const char *group)
{
	char all[CONF_PATH_MAX], each[CONF_PATH_MAX];
	snprintf(all, sizeof(all), "%s.max_handshakes", group);
	snprintf(each, sizeof(each), "%s.connections_per_address", group);
	bool is_all_written = conf_is_written(r, all);
	if ((!is_all_written && !conf_is_written(r, each)) || conf_is_bad(r, all) ||
	    conf_is_bad(r, each) || l->max_handshakes > l->connections_per_address)
		return;
	unsigned long long more = (unsigned long long)l->connections_per_address * TIMES;
	conf_warn(r, is_all_written ? all : each,
	          "one address may have %u connections, and there are %u handshakes at a time: "
	          "silent clients of one address hold up all others",
	          l->connections_per_address, l->max_handshakes);
	conf_mend(r, "write max_handshakes = %llu, or lower connections_per_address",
	          more > HANDSHAKES_MOST ? HANDSHAKES_MOST : more);
}

void conf_check_limits(struct conf_reader *r)
{
	const struct conf_settings *s = r->settings;
	handshakes_check(r, &s->limits, "limits");
	for (size_t i = 0; i < s->edge_count; i++) {
		const struct conf_edge *e = &s->edges[i];
		char group[CONF_PATH_MAX - 32];
		snprintf(group, sizeof(group), "edge.%s.limits", e->name);
		if (!conf_item_is_bad(r, "edge", e->name) && !e->is_passthrough)
			handshakes_check(r, &e->limits, group);
	}
}
