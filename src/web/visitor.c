#include "web/visitor.h"

#include "base/slice.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { HOUR_MS = 3600 * 1000 };

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

/* False: it is no address. */
static bool address_name(const char *text, char ret_name[WEB_VISITOR_CAP])
{
	uint8_t bytes[16];
	char prefix[INET6_ADDRSTRLEN];
	if (inet_pton(AF_INET, text, bytes) == 1)
		return inet_ntop(AF_INET, bytes, ret_name, WEB_VISITOR_CAP);
	if (inet_pton(AF_INET6, text, bytes) != 1)
		return false;
	if (!memcmp(bytes, mapped, sizeof(mapped)))
		return inet_ntop(AF_INET, bytes + 12, ret_name, WEB_VISITOR_CAP);
	memset(bytes + 8, 0, 8);
	inet_ntop(AF_INET6, bytes, prefix, sizeof(prefix));
	snprintf(ret_name, WEB_VISITOR_CAP, "%.40s/64", prefix);
	return true;
}

static bool is_of_this_host(const char *peer)
{
	return !peer || !strncmp(peer, "127.", 4) || !strcmp(peer, "::1") ||
	       !strncmp(peer, "::ffff:127.", 11);
}

/* The last of the list; "[2001:db8::1]:4711" and "192.0.2.1:4711" are written by some. */
static bool forwarded_name(const char *list, char ret_name[WEB_VISITOR_CAP])
{
	char text[64];
	const char *comma = strrchr(list, ',');
	struct slice last = slice_trim(slice_str(comma ? comma + 1 : list));
	if (!last.len || last.len >= sizeof(text))
		return false;
	slice_to_text(last, text, sizeof(text));
	char *colon = strchr(text, ':');
	if (text[0] == '[')
		text[strcspn(text, "]")] = '\0';
	else if (colon && !strchr(colon + 1, ':'))
		*colon = '\0';
	return address_name(text + (text[0] == '['), ret_name);
}

void web_visitor_of(enum web_visitor_source source, const char *peer, const char *forwarded,
                    char ret_name[WEB_VISITOR_CAP])
{
	if (source == WEB_VISITOR_FORWARDED && forwarded && is_of_this_host(peer) &&
	    forwarded_name(forwarded, ret_name))
		return;
	if (!peer || !address_name(peer, ret_name))
		snprintf(ret_name, WEB_VISITOR_CAP, "local");
}

static struct web_visit *visit_find(struct web_visits *visits, const char *name)
{
	struct web_visit *oldest = &visits->list[0];
	for (unsigned i = 0; i < visits->count; i++) {
		struct web_visit *v = &visits->list[i];
		if (!strcmp(v->name, name))
			return v;
		if (v->at_ms < oldest->at_ms)
			oldest = v;
	}
	if (visits->count < WEB_VISITS_MAX)
		oldest = &visits->list[visits->count++];
	*oldest = (struct web_visit){};
	snprintf(oldest->name, sizeof(oldest->name), "%s", name);
	return oldest;
}

unsigned web_visits_take(struct web_visits *visits, const char *name, uint64_t now_ms)
{
	struct web_visit *v = visit_find(visits, name);
	uint64_t share = HOUR_MS / (visits->an_hour ? visits->an_hour : 1);
	uint64_t passed = now_ms - v->at_ms;
	v->spent_ms = passed < v->spent_ms ? v->spent_ms - passed : 0;
	v->at_ms = now_ms;
	if (v->spent_ms + share > HOUR_MS)
		return (unsigned)((v->spent_ms + share - HOUR_MS + 999) / 1000);
	v->spent_ms += share;
	return 0;
}
