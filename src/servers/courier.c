/*
 * Courier: files of shell assignments, each a scope of type "file" with its name. imapd-ssl is read
 * on top of imapd, by both daemons, and so on: what is read on top stands inside.
 */
#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include "servers/lines.h"

#include <errno.h>
#include <stdio.h>

static const struct servers_known defaults[] = {
	{ "IMAP_TLS_REQUIRED", "0" },  { "POP3_TLS_REQUIRED", "0" },
	{ "TLS_VERIFYPEER", "NONE" },  { "TLS_STARTTLS_PROTOCOL", "$TLS_PROTOCOL" },
	{ "ESMTP_USE_STARTTLS", "0" }, { NULL, NULL },
};

static const struct daemon {
	const char *file, *outer; /* outer: what it is read on top of; NULL: nothing */
	enum servers_protocol protocol;
	const char *start, *port, *address; /* names of its settings; start NULL: no listener */
	uint16_t usual_port;
	bool is_tls;
} daemons[] = {
	{ "imapd", NULL, SERVERS_IMAP, "IMAPDSTART", "PORT", "ADDRESS", 143, false },
	{ "imapd-ssl", "imapd", SERVERS_IMAP, "IMAPDSSLSTART", "SSLPORT", "SSLADDRESS", 993, true },
	{ "pop3d", NULL, SERVERS_POP3, "POP3DSTART", "PORT", "ADDRESS", 110, false },
	{ "pop3d-ssl", "pop3d", SERVERS_POP3, "POP3DSSLSTART", "SSLPORT", "SSLADDRESS", 995, true },
	{ "esmtpd", NULL, SERVERS_SMTP, "ESMTPDSTART", "PORT", "ADDRESS", 25, false },
	{ "esmtpd-ssl", "esmtpd", SERVERS_SUBMISSION, "ESMTPDSSLSTART", "SSLPORT", "SSLADDRESS",
	  465, true },
	{ "esmtpd-msa", "esmtpd", SERVERS_SUBMISSION, "ESMTPDSTART", "PORT", "ADDRESS", 587,
	  false },
	{ "courierd", NULL, SERVERS_INTERNAL, NULL, NULL, NULL, 0, false },
};

/* Beneath the scope of what it is read on top of, or beneath top. */
static struct servers_scope *outer_of(struct servers_server *server, const struct daemon *d)
{
	const struct servers_scope *outer =
		d->outer ? servers_scope_child(server->top, "file", d->outer) : NULL;
	return outer ? (struct servers_scope *)outer : server->top;
}

static int listener_add(struct servers *s, struct servers_server *server, const struct daemon *d,
                        const struct servers_scope *scope)
{
	const char *address = servers_value(scope, d->address);
	const char *port = servers_value(scope, d->port);
	uint16_t number = servers_port_of(port, strlen(port));
	/* imapd on 143 has imapd-ssl's settings too. */
	const struct servers_scope *inner =
		scope->child_count && d->protocol != SERVERS_SMTP ? scope->children[0] : scope;
	const struct servers_listener said = {
		.name = d->file,
		.protocol = d->protocol,
		.address = !*address || !strcmp(address, "0") ? "*" : address,
		.port = number ? number : d->usual_port,
		.is_tls = d->is_tls,
		.scope = inner,
		.block = scope,
	};
	return err_up(servers_listener_add(s, server, &said));
}

static int certificate_add(struct servers *s, struct servers_server *server,
                           const struct servers_scope *scope)
{
	const struct servers_setting *chain = servers_setting_own(scope, "TLS_CERTFILE");
	const struct servers_setting *key = servers_setting_own(scope, "TLS_PRIVATE_KEYFILE");
	if (!chain || !*chain->value)
		return 0;
	const struct servers_certificate said = {
		.chain_path = chain->value,
		.key_path = key && *key->value ? key->value : chain->value,
		.place = chain->place,
	};
	return err_up(servers_certificate_add(s, server, &said));
}

static int daemon_read(struct servers *s, struct servers_server *server, const struct daemon *d)
{
	struct servers_file *file = NULL;
	struct servers_scope *scope = NULL;
	char path[64];
	snprintf(path, sizeof(path), "/etc/courier/%s", d->file);
	int r = servers_open(s, path, &file);
	if (r)
		return r > 0 ? 0 : err_up(r);
	r = servers_scope_add(s, outer_of(server, d), "file", d->file, &scope);
	if (r)
		return err_up(r);
	scope->place = (struct servers_place){ file->path, 1, 1 };
	r = servers_lines_read(s, scope, file, &servers_lines_courier);
	if (!r)
		r = certificate_add(s, server, scope);
	return err_up(r);
}

/* The scope, wherever it stands. NULL: there is no such file. */
static const struct servers_scope *scope_find(const struct servers_server *server,
                                              const struct daemon *d)
{
	const struct servers_scope *outer =
		d->outer ? servers_scope_child(server->top, "file", d->outer) : server->top;
	const struct servers_scope *scope =
		outer ? servers_scope_child(outer, "file", d->file) : NULL;
	return scope ? scope : servers_scope_child(server->top, "file", d->file);
}

/* "example.com: host,port /SECURITY=STARTTLS": scope "routes". */
static int routes_read(struct servers *s, struct servers_server *server)
{
	struct servers_file *file = NULL;
	struct servers_scope *scope = NULL;
	int r = servers_open(s, "/etc/courier/esmtproutes", &file);
	if (r)
		return r > 0 ? 0 : err_up(r);
	r = servers_scope_add(s, server->top, "routes", "", &scope);
	return err_up(r ? r : servers_lines_read(s, scope, file, &servers_lines_routes));
}

static int listeners_add(struct servers *s, struct servers_server *server)
{
	int r = 0;
	for (size_t i = 0; !r && i < COUNT_OF(daemons); i++) {
		const struct servers_scope *scope = scope_find(server, &daemons[i]);
		/* What it is read on top of says nothing of whether it starts. */
		const struct servers_setting *start =
			scope && daemons[i].start ? servers_setting_own(scope, daemons[i].start)
						  : NULL;
		if (start && (start->value[0] == 'y' || start->value[0] == 'Y'))
			r = listener_add(s, server, &daemons[i], scope);
	}
	return r;
}

int servers_courier_read(struct servers *s, const char *path)
{
	const struct servers_begin begin = {
		SERVERS_COURIER, path, { "courier-imap", "courier-base", "courier-mta" }, defaults
	};
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	for (size_t i = 0; !r && i < COUNT_OF(daemons); i++)
		r = daemon_read(s, server, &daemons[i]);
	if (!r)
		r = routes_read(s, server);
	return err_up(r ? r : listeners_add(s, server));
}

int servers_courier_find(struct servers *s)
{
	char path[64];
	for (size_t i = 0; i < COUNT_OF(daemons); i++) {
		snprintf(path, sizeof(path), "/etc/courier/%s", daemons[i].file);
		if (servers_is_there(s, path))
			return err_up(servers_courier_read(s, path));
	}
	return 0;
}
