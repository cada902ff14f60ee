/* How it is with the rollovers, for the control socket. */
#include "parent/rollover_state.h"
#include "parent/state.h"

#include <jansson.h>

static void digest_text(const uint8_t *digest, char ret_text[2 * ROLLOVER_DIGEST_LEN + 1])
{
	for (size_t i = 0; i < ROLLOVER_DIGEST_LEN; i++)
		snprintf(ret_text + 2 * i, 3, "%02x", digest[i]);
}

/* What a person has to do, or wait for. */
static const char *todo_of(const struct parent_rollover *r, bool is_ordered)
{
	if (r->is_damaged)
		return "its file \"rollover\" is damaged: mailseal tlsa abort, then plan anew";
	switch (r->r.state) {
	case ROLLOVER_NONE:
	case ROLLOVER_STATE_COUNT:
		return "";
	case ROLLOVER_PLANNED:
		return "publish the next key's records beside those that are there (mailseal tlsa "
		       "show)";
	case ROLLOVER_SEEN:
		return "wait: two TTLs of the records have to pass";
	case ROLLOVER_RIPE:
		return is_ordered ? "wait: its certificate is ordered and put in force"
		                  : "put the new pair (key next.pem, certificate of next.csr) in "
		                    "place now";
	case ROLLOVER_SWITCHED:
		return "leave the old key's records: two TTLs have to pass";
	case ROLLOVER_OVER:
		return "take the old key's records out of DNS";
	}
	return "";
}

static json_t *one_json(const struct parent *p, const struct parent_rollover *r)
{
	char current[2 * ROLLOVER_DIGEST_LEN + 1], next[2 * ROLLOVER_DIGEST_LEN + 1];
	char key[512] = "", request[512] = "";
	const struct conf_certificate *c = parent_rollover_certificate(p, r, NULL);
	digest_text(r->r.current, current);
	digest_text(r->r.next, next);
	if (c)
		conf_certificate_file_path(p->plan->settings, c, CONF_NEXT_KEY_FILE, key,
		                           sizeof(key));
	if (c && !c->acme)
		conf_certificate_file_path(p->plan->settings, c, CONF_NEXT_REQUEST_FILE, request,
		                           sizeof(request));
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s}",
	                 "certificate", r->name, "state",
	                 r->is_damaged ? "damaged" : rollover_state_name(r->r.state), "planned",
	                 (json_int_t)r->r.planned_s, "seen", (json_int_t)r->r.seen_s, "switched",
	                 (json_int_t)r->r.switched_s, "ttl_s", (json_int_t)r->r.ttl_s, "wait_s",
	                 (json_int_t)rollover_wait_s(&r->r), "why", r->r.why, "todo",
	                 todo_of(r, c && c->acme), "current", current, "next", next, "next_key",
	                 key, "request", request);
}

/* Those of which there is something to say. */
json_t *parent_rollovers_json(const struct parent *p)
{
	json_t *list = json_array();
	for (const struct parent_rollover *r = p->rollovers; r; r = r->next)
		if (r->is_damaged || r->r.state != ROLLOVER_NONE)
			json_array_append_new(list, one_json(p, r));
	return list;
}
