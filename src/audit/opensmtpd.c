/* OpenSMTPD. A statement is a line of words, so a mend changes one word of it. */
#include "audit/cipher.h"
#include "audit/line.h"
#include "audit/others.h"
#include "base/clean.h"
#include "base/err.h"
#include "servers/endpoint.h"
#include "servers/reader.h"
#include "tls/cipherlist.h"

#include <errno.h>

#define MAN "smtpd.conf(5)"

static const struct advice_rule rule_tls = {
	"opensmtpd-starttls", "B1", ADVICE_FAIL, "RFC 3207, " MAN,
	"This listener offers no TLS: all mail comes in plain."
};
static const struct advice_rule rule_require = {
	"opensmtpd-users-tls", "G2", ADVICE_FAIL, "RFC 8314 3.3, " MAN,
	"Users may send without TLS here: \"tls\" offers it, \"tls-require\" demands it."
};
static const struct advice_rule rule_versions = { "opensmtpd-versions", "C2", ADVICE_FAIL,
	                                          "RFC 8996, " MAN, AUDIT_WHY_VERSIONS };
static const struct advice_rule rule_ciphers = { "opensmtpd-ciphers", "D4", ADVICE_WARN,
	                                         "RFC 9325 4.2, " MAN, AUDIT_WHY_SUITES };
static const struct advice_rule rule_relay = {
	"opensmtpd-relay-tls", NULL, ADVICE_FAIL, "M3AAWG TLS for Mail 2, " MAN,
	"This fixed next hop gets the mail in clear when TLS fails or somebody takes STARTTLS away."
};
static const struct advice_rule rule_verify = {
	"opensmtpd-relay-verify", NULL, ADVICE_WARN, "RFC 9325 6.1, " MAN,
	"The certificate of the next hop is not checked, so anybody on the way may be it."
};
static const struct advice_rule rule_lmtp = {
	"opensmtpd-lmtp", NULL, ADVICE_FAIL, "M3AAWG TLS for Mail 2, OpenSMTPD#868",
	"OpenSMTPD's LMTP has no TLS: mail crosses the network to this host in clear."
};

/* -- a word of a statement --------------------------------------------------------------------- */

struct change {
	const struct servers_scope *scope;
	const char *from, *to; /* the word, as it is written */
};

static bool is_word_edge(struct slice line, size_t at)
{
	return at >= line.len || strchr(" \t\"{}", line.data[at]) != NULL;
}

/* Where the word stands in the line; line.len: nowhere. */
static size_t word_find(struct slice line, const char *word)
{
	size_t len = strlen(word);
	for (size_t i = 0; i + len <= line.len; i++)
		if (!memcmp(line.data + i, word, len) && is_word_edge(line, i + len) &&
		    (!i || is_word_edge(line, i - 1)))
			return i;
	return line.len;
}

/* The statement with the word changed: as what to write, and as a change of the file. */
static int change(struct audit *a, struct audit_finding *f, const struct change *c)
{
	const struct servers_place *place = &c->scope->place;
	struct slice line = audit_line_at(a, place);
	size_t at = word_find(line, c->from);
	if (place->lines != 1 || at == line.len)
		return 0;
	size_t rest = at + strlen(c->from);
	const char *text =
		servers_text_printf(a->servers, "%.*s%s%.*s\n", (int)at, (const char *)line.data,
	                            c->to, (int)(line.len - rest), (const char *)line.data + rest);
	if (!text)
		return err_raise(-ENOMEM);
	f->mend = servers_text(a->servers, slice_of(text, strlen(text) - 1));
	f->edit = (struct servers_edit){ place->path, place->line, 1, text };
	return f->mend ? 0 : err_raise(-ENOMEM);
}

static int find(struct audit *a, struct audit_finding *f, const struct change *c)
{
	f->place = c->scope->place;
	f->mend = f->right;
	int r = c->to ? change(a, f, c) : 0;
	/* The far end of a relay has to be able to: no patch can know. */
	if (f->rule != &rule_require)
		f->edit = (struct servers_edit){};
	return err_up(r ? r : audit_add(a, f));
}

/* -- listeners --------------------------------------------------------------------------------- */

static bool is_for_users(const struct servers_listener *listener)
{
	return listener->protocol == SERVERS_SUBMISSION ||
	       servers_setting_own(listener->scope, "auth") ||
	       servers_setting_own(listener->scope, "auth-optional");
}

static int listener_check(struct audit *a, const struct servers_server *server,
                          const struct servers_listener *listener)
{
	const struct servers_scope *scope = listener->scope;
	bool has_tls = servers_setting_own(scope, "tls") != NULL;
	bool needs_tls = servers_setting_own(scope, "tls-require") || listener->is_tls;
	const struct change none = { scope, NULL, NULL };
	const struct change require = { scope, "tls", "tls-require" };
	struct audit_finding f = {
		.server = server,
		.service = listener->name,
		.setting = "listen",
		.value = has_tls ? "tls" : "",
	};
	if (needs_tls)
		return 0;
	if (!has_tls) {
		f.rule = &rule_tls;
		f.right = "pki NAME cert \"/etc/ssl/mx/fullchain.pem\", pki NAME key "
			  "\"/etc/ssl/mx/privkey.pem\", and at the listener: tls pki NAME";
		return err_up(find(a, &f, &none));
	}
	f.rule = &rule_require;
	f.right = "tls-require";
	return is_for_users(listener) ? err_up(find(a, &f, &require)) : 0;
}

/* Lists of its own, at a listener or for all ("smtp ciphers"). */
static int lists_check(struct audit *a, const struct servers_server *server,
                       const struct servers_scope *scope)
{
	bool is_top = scope == server->top;
	const struct servers_setting *versions =
		servers_setting_own(scope, is_top ? "smtp protocols" : "protocols");
	const struct servers_setting *ciphers =
		servers_setting_own(scope, is_top ? "smtp ciphers" : "ciphers");
	unsigned classes = 0;
	int r = 0;
	struct audit_finding f = { .server = server, .service = scope->type };
	if (versions && (audit_has_old_version(a, versions->value) ||
	                 !strcmp(versions->value, "all") || !strcmp(versions->value, "legacy"))) {
		f.rule = &rule_versions;
		f.setting = versions->name;
		f.value = versions->value;
		f.place = versions->place;
		f.right = f.mend = "\"tlsv1.2,tlsv1.3\"";
		r = audit_add(a, &f);
	}
	if (r || !ciphers || tls_cipherlist_classes(ciphers->value, &classes) ||
	    !audit_ciphers_beyond(a->profile, ADVICE_USERS, classes))
		return err_up(r);
	f.rule = &rule_ciphers;
	f.setting = ciphers->name;
	f.value = ciphers->value;
	f.place = ciphers->place;
	f.right = f.mend = audit_ciphers_list(a->profile, ADVICE_USERS);
	return err_up(audit_add(a, &f));
}

/* -- the way out ------------------------------------------------------------------------------- */

/* "smtp+tls://label@mx.example.org:587" without what stands before the host. */
static bool host_is_remote(const char *url)
{
	const char *host = strstr(url, "://") ? strstr(url, "://") + 3 : url;
	const char *label = strchr(host, '@');
	return audit_is_remote_text(label ? label + 1 : host);
}

static const struct scheme {
	const char *scheme;
	const struct advice_rule *rule;
	const char *to;
} schemes[] = {
	{ "smtp://", &rule_relay, "smtp+tls://" },
	{ "smtp+notls://", &rule_relay, "smtp+tls://" },
	{ "lmtp://", &rule_lmtp, NULL },
};

/* No scheme: "smtp", or what TLS may be had. */
static const struct scheme *scheme_of(const char *url)
{
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (!strncmp(url, schemes[i].scheme, strlen(schemes[i].scheme)))
			return &schemes[i];
	return strstr(url, "://") ? NULL : &schemes[0];
}

static int relay_check(struct audit *a, const struct servers_server *server,
                       const struct servers_scope *action)
{
	const char *url = servers_value(action, "host");
	const struct scheme *s = scheme_of(url);
	const char *rest = strstr(url, "://") ? strstr(url, "://") + 3 : url;
	bool demands = servers_setting_own(action, "tls") && s && s->to;
	if (!*url || !s || demands || !host_is_remote(url))
		return 0;
	const struct change c = { action, url,
		                  s->to ? servers_text_printf(a->servers, "%s%s", s->to, rest)
		                        : NULL };
	struct audit_finding f = {
		.rule = s->rule,
		.server = server,
		.service = action->name,
		.setting = "host",
		.value = url,
		.right = s->to ? c.to
		               : "a host of its own for LMTP in TLS: a link of mailseal on "
		                 "loopback, with lmtp://127.0.0.1:PORT here",
	};
	return f.right ? err_up(find(a, &f, &c)) : err_raise(-ENOMEM);
}

static int action_check(struct audit *a, const struct servers_server *server,
                        const struct servers_scope *action)
{
	const char *lmtp = servers_value(action, "lmtp");
	const struct change verify = { action, "no-verify", "" };
	const struct change none = { action, NULL, NULL };
	struct audit_finding f = { .server = server, .service = action->name };
	int r = relay_check(a, server, action);
	if (!r && !strcmp(servers_value(action, "tls"), "no-verify")) {
		f.rule = &rule_verify;
		f.setting = "tls";
		f.value = "no-verify";
		f.right = "tls";
		r = find(a, &f, &verify);
	}
	if (!r && *lmtp && host_is_remote(lmtp)) {
		f.rule = &rule_lmtp;
		f.setting = "lmtp";
		f.value = lmtp;
		f.right = "a link of mailseal on loopback, with lmtp 127.0.0.1:PORT here";
		r = find(a, &f, &none);
	}
	return err_up(r);
}

int audit_opensmtpd(struct audit *a, const struct servers_server *server)
{
	const struct servers_scope *scope = NULL;
	int r = lists_check(a, server, server->top);
	for (size_t i = 0; !r && i < server->listener_count; i++)
		if (audit_is_open(server->listeners[i]))
			r = listener_check(a, server, server->listeners[i]);
	while (!r && (scope = servers_scope_next(server->top, "listen", scope)))
		r = lists_check(a, server, scope);
	while (!r && (scope = servers_scope_next(server->top, "action", scope)))
		r = action_check(a, server, scope);
	return err_up(r);
}
