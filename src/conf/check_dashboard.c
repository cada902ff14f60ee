/* Of the dashboard: what one setting alone cannot show. */
#include "conf/address.h"
#include "conf/check.h"

static const char listen_path[] = "dashboard.listen";

/* An edge that has this address, or NULL. */
static const struct conf_edge *edge_at(const struct conf_settings *s, const struct conf_address *a)
{
	for (size_t i = 0; i < s->edge_count; i++) {
		const struct conf_edge *e = &s->edges[i];
		for (size_t n = 0; n < e->listen_count; n++)
			if (conf_address_overlaps(&e->listen[n], a))
				return e;
		for (size_t n = 0; n < e->listen_tls_count; n++)
			if (conf_address_overlaps(&e->listen_tls[n], a))
				return e;
	}
	return NULL;
}

static bool is_service(const struct conf_settings *s, const struct conf_address *a)
{
	for (size_t i = 0; i < s->relay_count; i++) {
		const struct conf_relay *relay = &s->relays[i];
		for (size_t n = 0; n < relay->listen_count; n++)
			if (conf_address_overlaps(&relay->listen[n].address, a))
				return true;
		for (size_t n = 0; n < relay->listen_tls_count; n++)
			if (conf_address_overlaps(&relay->listen_tls[n].address, a))
				return true;
	}
	for (size_t i = 0; i < s->policy_service.socketmap_count; i++)
		if (conf_address_overlaps(&s->policy_service.socketmap[i], a))
			return true;
	for (size_t i = 0; i < s->tlsrpt.collector_count; i++)
		if (conf_address_overlaps(&s->tlsrpt.collector[i], a))
			return true;
	return false;
}

static void listen_check(struct conf_reader *r, const struct conf_address *a)
{
	const struct conf_edge *edge = edge_at(r->settings, a);
	if (!conf_address_is_local(a)) {
		conf_complain(r, listen_path, "\"%s\" can be reached from other hosts, in clear",
		              a->text);
		conf_mend(r, "write 127.0.0.1:8025 or unix:/PATH; for other hosts put a web server "
		             "that speaks TLS in front, or use an SSH tunnel");
	} else if (edge) {
		conf_complain(r, listen_path, "\"%s\" is taken by edge \"%s\"", a->text,
		              edge->name);
		conf_mend(r, "use another port");
	} else if (is_service(r->settings, a)) {
		conf_complain(r, listen_path, "\"%s\" is taken by another service", a->text);
		conf_mend(r, "use an address of its own");
	}
}

void conf_check_check(struct conf_reader *r)
{
	if (!r->settings->check.is_set || conf_needs_ledger(r->settings))
		return;
	conf_complain(r, "check", "what is found is kept by the ledger, and there is none");
	conf_mend(r, "take ledger.keep = \"none\" out, or check");
}

void conf_check_dashboard(struct conf_reader *r)
{
	const struct conf_dashboard *d = &r->settings->dashboard;
	if (!d->is_set)
		return;
	if (!conf_is_bad(r, listen_path))
		listen_check(r, &d->listen);
	if (!conf_needs_ledger(r->settings)) {
		conf_complain(r, "dashboard", "it shows what the ledger keeps, and there is none");
		conf_mend(r, "take ledger.keep = \"none\" out, or the dashboard");
	}
	if (!d->metrics_are_open || d->password_file || conf_is_bad(r, "dashboard.password_file"))
		return;
	conf_complain(r, "dashboard.metrics", "without password_file all is open");
	conf_mend(r, "add password_file = \"/PATH\", or take it out");
}
