/* Of /metrics: what is watched. */
#include "web/views.h"

#include "base/clean.h"
#include "base/exposition.h"

static const struct exposition_family up = { "mailseal_watch_up", EXPOSITION_GAUGE,
	                                     "1: the interface is watched." },
				      services = {
					      "mailseal_watch_services", EXPOSITION_GAUGE,
					      "Services that were seen in a day, by verdict."
				      };

static const struct {
	const char *name; /* of the status */
	struct exposition_family family;
} counters[] = {
	{ "packets",
	  { "mailseal_watch_packets_total", EXPOSITION_COUNTER, "Packets that were looked at." } },
	{ "drops",
	  { "mailseal_watch_dropped_packets_total", EXPOSITION_COUNTER,
	    "Packets that there was no time to look at." } },
	{ "flows",
	  { "mailseal_watch_flows_total", EXPOSITION_COUNTER,
	    "Connections and exchanges of datagrams." } },
	{ "flows_forgotten",
	  { "mailseal_watch_flows_forgotten_total", EXPOSITION_COUNTER,
	    "Flows that made room for others before they had ended." } },
	{ "sessions",
	  { "mailseal_watch_sessions_total", EXPOSITION_COUNTER, "Sessions told to the ledger." } },
	{ "passwords",
	  { "mailseal_watch_passwords_total", EXPOSITION_COUNTER,
	    "Passwords and tokens that crossed in clear." } },
};

static void services_write(struct exposition *e, const json_t *watch)
{
	const char *verdict;
	const json_t *count;
	json_object_foreach(json_object_get(watch, "services"), verdict, count)
	{
		exposition_value(e, &services, (double)json_integer_value(count),
		                 { "interface", web_json_text(watch, "interface") },
		                 { "verdict", verdict });
	}
}

void web_metrics_watch(const struct web *web, struct exposition *e)
{
	const json_t *list = json_object_get(web->state, "watch"), *watch;
	size_t i;
	if (!list)
		return;
	exposition_begin(e, &up);
	json_array_foreach(list, i, watch)
	{
		exposition_value(e, &up, json_is_true(json_object_get(watch, "watching")),
		                 { "interface", web_json_text(watch, "interface") });
	}
	for (size_t n = 0; n < COUNT_OF(counters); n++) {
		exposition_begin(e, &counters[n].family);
		json_array_foreach(list, i, watch)
		{
			exposition_value(e, &counters[n].family,
			                 (double)web_json_number(watch, counters[n].name),
			                 { "interface", web_json_text(watch, "interface") });
		}
	}
	exposition_begin(e, &services);
	json_array_foreach(list, i, watch)
	{
		services_write(e, watch);
	}
}
