/* Of doors whose bytes are not looked at (http, tcp): which backend gets them, and who ends TLS. */
#include "conf/check.h"

#include "base/clean.h"

#include <string.h>

/* What does nothing, or not what it says, where TLS goes on as it is. */
static void passthrough_settings(struct conf_reader *r, const struct conf_edge *e)
{
	static const char *const settings[] = { "certificates", "tls",
		                                "alpn",         "accept",
		                                "backend_h2",   "require_client_certificate",
		                                "peer" };
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct conf_path path = conf_path_of("edge", e->name, settings[i]);
		if (!conf_is_written(r, path.text))
			continue;
		conf_complain(r, path.text,
		              "with mode = \"passthrough\" TLS is the backend's, and this does "
		              "nothing");
		conf_mend(r, "take it out, or mode");
	}
}

static void passthrough_backends(struct conf_reader *r, const struct conf_edge *e)
{
	for (size_t i = 0; i < r->settings->backend_count; i++) {
		const struct conf_backend *b = &r->settings->backends[i];
		if (!conf_edge_has_backend(e, i) || i == e->challenge_backend ||
		    !conf_tls_is_ours(&b->tls))
			continue;
		conf_complain(r, conf_path_of("backend", b->name, "tls.mode").text,
		              "edge \"%s\" passes the client's TLS on: it would be wrapped twice",
		              e->name);
		conf_mend(r, "take the tls group out; who the server is the client verifies");
	}
}

/* What is offered by ALPN is the same for all names. */
static void by_sni_h2(struct conf_reader *r, const struct conf_edge *e)
{
	bool has_h2 = e->backend_h2 < r->settings->backend_count;
	for (size_t i = 0; i < e->by_sni_count; i++) {
		bool has_own = e->by_sni[i].backend_h2 < r->settings->backend_count;
		char setting[64];
		snprintf(setting, sizeof(setting), "by_sni[%zu].backend_h2", i);
		struct conf_path path = conf_path_of("edge", e->name, setting);
		if (has_own == has_h2 || conf_is_bad(r, path.text))
			continue;
		conf_complain(r, path.text,
		              has_h2 ? "clients of these names are offered HTTP/2 too"
		                     : "the edge has no backend_h2, so HTTP/2 is not offered");
		conf_mend(r, has_h2 ? "add it, or take backend_h2 of the edge out"
		                    : "add backend_h2 to the edge, or take it out");
	}
}

static void challenge_unused(struct conf_reader *r, const struct conf_edge *e)
{
	struct conf_path path = conf_path_of("edge", e->name, "challenge_backend");
	if (e->listen_count || e->challenge_backend >= r->settings->backend_count)
		return;
	conf_warn(r, path.text,
	          "it does nothing: ACME asks on port 80, and there is no \"listen\"");
	conf_mend(r, "add listen = [\"*:80\"], or take it out");
}

void conf_check_spliced(struct conf_reader *r, const struct conf_edge *e)
{
	if (e->is_passthrough) {
		passthrough_settings(r, e);
		passthrough_backends(r, e);
	}
	by_sni_h2(r, e);
	challenge_unused(r, e);
}

bool conf_check_is_passed_to(const struct conf_settings *s, const struct conf_backend *b)
{
	size_t index = (size_t)(b - s->backends);
	bool is_passed_to = false;
	for (size_t i = 0; i < s->edge_count; i++) {
		if (!conf_edge_has_backend(&s->edges[i], index))
			continue;
		if (!s->edges[i].is_passthrough || s->edges[i].challenge_backend == index)
			return false;
		is_passed_to = true;
	}
	return is_passed_to;
}
