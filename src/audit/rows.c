/* Rows of rules, applied. */
#include "audit/ruleset.h"

#include "base/err.h"
#include "servers/endpoint.h"

#include <errno.h>

bool audit_is_open(const struct servers_listener *listener)
{
	enum servers_reach reach = servers_reach_of(listener->address);
	return listener->port && reach != SERVERS_REACH_SOCKET && reach != SERVERS_REACH_LOOPBACK;
}

bool audit_has_open(const struct servers_server *server, unsigned protocols)
{
	for (size_t i = 0; i < server->listener_count; i++)
		if (audit_is_open(server->listeners[i]) &&
		    protocols & 1u << server->listeners[i]->protocol)
			return true;
	return false;
}

enum tls_version audit_version_of(const char *word, size_t len)
{
	static const struct {
		const char *name;
		enum tls_version version;
	} names[] = {
		{ "TLSv1", TLS_1_0 },   { "TLSv1.0", TLS_1_0 }, { "TLSv1.1", TLS_1_1 },
		{ "TLSv1.2", TLS_1_2 }, { "TLSv1.3", TLS_1_3 },
	};
	struct slice text = slice_of(word, len);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal_nocase(text, slice_str(names[i].name)))
			return names[i].version;
	return 0;
}

/* --- one row at one place --- */

static const char *right_of(const struct audit_at *at)
{
	return at->row->right_of ? at->row->right_of(at) : at->row->right;
}

static int by_hand(const struct audit_at *at, struct audit_finding *finding)
{
	finding->mend = at->row->mend ? at->row->mend
	                              : servers_text_printf(at->audit->servers, "%s = %s",
	                                                    at->row->setting, finding->right);
	return finding->mend ? 0 : err_raise(-ENOMEM);
}

static const struct servers_scope *scope_of(const struct audit_at *at)
{
	return at->row->is_of_block ? at->listener->block : at->scope;
}

static int find(const struct audit_at *at, enum advice_verdict verdict,
                const struct audit_writer *writer)
{
	const struct servers_setting *setting =
		servers_setting_find(scope_of(at), at->row->setting);
	struct audit_finding finding = {
		.rule = &at->row->rule,
		.verdict = verdict,
		.server = at->server,
		.service = at->listener                   ? at->listener->name
		           : at->scope == at->server->top ? ""
		                                          : at->scope->name,
		.setting = at->row->setting,
		.value = setting ? setting->value : "",
		.place = setting ? setting->place : (struct servers_place){},
		.right = right_of(at),
	};
	if (!finding.right)
		return err_raise(-ENOMEM);
	int r = at->row->is_by_hand ? by_hand(at, &finding) : writer->mend(at, &finding);
	return r ? err_up(r) : err_up(audit_add(at->audit, &finding));
}

static int row_at(const struct audit_at *at, const struct audit_writer *writer)
{
	if (at->audit->is_full || (at->row->applies && !at->row->applies(at)))
		return 0;
	enum advice_verdict verdict =
		at->row->judge(at, servers_value(scope_of(at), at->row->setting));
	return verdict == ADVICE_WELL ? 0 : err_up(find(at, verdict, writer));
}

/* Dovecot's "remote 127.0.0.1 { }": what holds for this host alone. */
static bool is_for_this_host(const struct servers_scope *scope)
{
	return !strcmp(scope->type, "remote") &&
	       servers_reach_of(scope->name) == SERVERS_REACH_LOOPBACK;
}

static int row_on_top(struct audit_at *at, const struct audit_writer *writer)
{
	const struct servers_scope *top = at->server->top;
	int r = row_at(at, writer);
	for (size_t i = 0; !r && i < top->child_count; i++) {
		at->scope = top->children[i];
		if (servers_setting_own(at->scope, at->row->setting) &&
		    !is_for_this_host(at->scope))
			r = row_at(at, writer);
	}
	return err_up(r);
}

static int row_on_listeners(struct audit_at *at, const struct audit_writer *writer)
{
	int r = 0;
	for (size_t i = 0; !r && i < at->server->listener_count; i++) {
		const struct servers_listener *listener = at->server->listeners[i];
		if (!audit_is_open(listener) || !(at->row->protocols & 1u << listener->protocol))
			continue;
		at->listener = listener;
		at->scope = listener->scope;
		r = row_at(at, writer);
	}
	return err_up(r);
}

int audit_rows(struct audit *a, const struct servers_server *server, const struct audit_row *rows,
               size_t count, const struct audit_writer *writer)
{
	int r = 0;
	for (size_t i = 0; !r && i < count; i++) {
		struct audit_at at = { a, server, server->top, NULL, &rows[i] };
		switch (rows[i].where) {
		case AUDIT_TOP:
			r = row_on_top(&at, writer);
			break;
		case AUDIT_LISTENERS:
			r = row_on_listeners(&at, writer);
			break;
		}
	}
	return err_up(r);
}
