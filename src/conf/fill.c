/* Defaults that depend on other settings, or on this host. */
#include "conf/reader.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int string_fill(char **string, const char *text)
{
	if (*string)
		return 0;
	*string = strdup(text);
	return *string ? 0 : err_raise(-ENOMEM);
}

static void edge_fill(struct conf_reader *r, struct conf_edge *e)
{
	char path[CONF_PATH_MAX];
	bool is_from_mtas = e->protocol == CONF_SMTP || e->protocol == CONF_LMTP;
	r->failure = string_fill(&e->hostname, r->settings->hostname);
	snprintf(path, sizeof(path), "edge.%s.auth", e->name);
	if (!conf_is_written(r, path))
		e->auth = is_from_mtas ? CONV_AUTH_OFF : CONV_AUTH_AFTER_TLS;
	snprintf(path, sizeof(path), "edge.%s.received", e->name);
	if (!conf_is_written(r, path))
		e->received = is_from_mtas ? CONV_RECEIVED_ON : CONV_RECEIVED_NO_ADDRESS;
}

void conf_fill(struct conf_reader *r)
{
	struct conf_settings *s = r->settings;
	char name[256] = "";
	if (gethostname(name, sizeof(name) - 1) || !name[0])
		snprintf(name, sizeof(name), "localhost");
	if (!r->failure)
		r->failure = string_fill(&s->hostname, name);
	for (size_t i = 0; i < s->edge_count && !r->failure; i++)
		edge_fill(r, &s->edges[i]);
	for (size_t i = 0; i < s->relay_count && !r->failure; i++)
		r->failure = string_fill(&s->relays[i].hostname, s->hostname);
	for (size_t i = 0; i < s->backend_count; i++) {
		struct conf_tls *t = &s->backends[i].tls;
		if (!t->min_version)
			t->min_version =
				s->tls.min_version > TLS_1_2 ? s->tls.min_version : TLS_1_2;
	}
}
