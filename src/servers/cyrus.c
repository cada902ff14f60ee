/*
 * Cyrus IMAP: imapd.conf, and cyrus.conf whose services are scopes of type "service" with "cmd",
 * "listen" and "proto". An option for one service alone ("imaps_tls_versions") stands in its scope
 * under its plain name.
 */
#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include "servers/lines.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

static const struct servers_known defaults[] = {
	{ "tls_versions", "tls1_0 tls1_1 tls1_2 tls1_3" },
	{ "tls_required", "no" },
	{ "allowplaintext", "no" },
	{ "tls_eccurve", "prime256v1" },
	{ "tls_ciphers", "DEFAULT" },
	{ "ldap_verify_peer", "0" },
	{ NULL, NULL },
};

/* -- cyrus.conf -------------------------------------------------------------------------------- */

struct reading {
	struct servers *s;
	struct servers_server *server;
	bool in_services;
	struct servers_place place;
};

/* key="value" or key=value. False: no more. */
static bool pair_next(struct slice *rest, struct slice *ret_key, struct slice *ret_value)
{
	*rest = slice_trim(*rest);
	size_t at = slice_find(*rest, '=');
	if (at == rest->len)
		return false;
	*ret_key = slice_trim(slice_head(*rest, at));
	*rest = slice_skip(*rest, at + 1);
	if (rest->len && rest->data[0] == '"') {
		struct slice in = slice_skip(*rest, 1);
		*ret_value = slice_head(in, slice_find(in, '"'));
		*rest = slice_skip(in, ret_value->len + 1);
		return true;
	}
	size_t n = 0;
	while (n < rest->len && !isspace(rest->data[n]))
		n++;
	*ret_value = slice_head(*rest, n);
	*rest = slice_skip(*rest, n);
	return true;
}

static int setting_add(struct servers *s, struct servers_scope *scope, struct slice name,
                       struct slice value, struct servers_place place)
{
	const struct servers_setting said = { .name = servers_text(s, name),
		                              .value = servers_text(s, value),
		                              .place = place };
	if (!said.name || !said.value)
		return err_raise(-ENOMEM);
	return err_up(servers_setting_add(s, scope, &said));
}

static int service_add(struct reading *r, struct slice line)
{
	struct servers_scope *scope = NULL;
	struct slice key, value;
	size_t n = 0;
	while (n < line.len && !isspace(line.data[n]))
		n++;
	const char *name = servers_text(r->s, slice_head(line, n));
	if (!name)
		return err_raise(-ENOMEM);
	int e = servers_scope_add(r->s, r->server->top, "service", name, &scope);
	if (e)
		return err_up(e);
	scope->place = r->place;
	struct slice rest = slice_skip(line, n);
	while (!e && pair_next(&rest, &key, &value))
		e = setting_add(r->s, scope, key, value, r->place);
	return e;
}

static int on_line(struct reading *r, struct slice line)
{
	if (!line.len || line.data[0] == '#')
		return 0;
	if (line.data[line.len - 1] == '{') {
		r->in_services = slice_starts_nocase(line, "SERVICES");
		return 0;
	}
	if (line.data[0] == '}') {
		r->in_services = false;
		return 0;
	}
	return r->in_services ? service_add(r, line) : 0;
}

static int services_read(struct servers *s, struct servers_server *server,
                         const struct servers_file *file)
{
	struct reading r = { .s = s, .server = server, .place = { file->path, 0, 1 } };
	struct slice rest = buf_slice(&file->text);
	struct slice line;
	while (slice_line_next(&rest, &line)) {
		r.place.line++;
		int e = on_line(&r, slice_trim(line));
		if (e)
			return err_up(e);
	}
	return 0;
}

/* -- services ---------------------------------------------------------------------------------- */

/* "imaps_tls_versions" of top, for the service "imaps". */
static int own_options_add(struct servers *s, struct servers_server *server,
                           struct servers_scope *service)
{
	size_t len = strlen(service->name);
	int r = 0;
	for (size_t i = 0; !r && i < server->top->setting_count; i++) {
		struct servers_setting said = server->top->settings[i];
		if (strncmp(said.name, service->name, len) != 0 || said.name[len] != '_')
			continue;
		said.name += len + 1;
		r = servers_setting_add(s, service, &said);
	}
	return err_up(r);
}

static enum servers_protocol protocol_of(const char *cmd)
{
	static const struct {
		const char *program;
		enum servers_protocol protocol;
	} programs[] = {
		{ "imapd", SERVERS_IMAP },
		{ "proxyd", SERVERS_IMAP },
		{ "pop3d", SERVERS_POP3 },
		{ "pop3proxyd", SERVERS_POP3 },
		{ "timsieved", SERVERS_MANAGESIEVE },
		{ "httpd", SERVERS_HTTP },
		{ "lmtpd", SERVERS_LMTP },
		{ "lmtpproxyd", SERVERS_LMTP },
	};
	size_t len = strcspn(cmd, " \t");
	for (size_t i = 0; i < COUNT_OF(programs); i++)
		if (strlen(programs[i].program) == len && !strncmp(cmd, programs[i].program, len))
			return programs[i].protocol;
	return SERVERS_INTERNAL;
}

static bool has_word(const char *text, const char *word)
{
	return servers_words_have(text, word);
}

static int listener_add(struct servers *s, struct servers_server *server,
                        struct servers_scope *service)
{
	const char *cmd = servers_value(service, "cmd");
	const char *listen = servers_value(service, "listen");
	const char *colon = strrchr(listen, ':');
	const char *port = colon ? colon + 1 : listen;
	struct servers_listener said = {
		.name = service->name,
		.protocol = protocol_of(cmd),
		.address = listen,
		.is_tls = has_word(cmd, "-s"),
		.scope = service,
		.block = service,
	};
	if (listen[0] != '/') {
		struct slice host = slice_of(listen, colon ? (size_t)(colon - listen) : 0);
		if (host.len >= 2 && host.data[0] == '[')
			host = slice_of(host.data + 1, host.len - 2);
		said.address = host.len ? servers_text(s, host) : "*";
		said.port = servers_port_of(port, strlen(port));
	}
	if (!said.address)
		return err_raise(-ENOMEM);
	return *listen ? err_up(servers_listener_add(s, server, &said)) : 0;
}

static int services_find(struct servers *s, struct servers_server *server, const char *path)
{
	struct servers_file *file = NULL;
	const char *slash = strrchr(path, '/');
	char services[512];
	snprintf(services, sizeof(services), "%.*s/cyrus.conf", (int)(slash ? slash - path : 0),
	         path);
	int r = servers_open(s, services, &file);
	if (r)
		return r > 0 ? 0 : err_up(r);
	r = services_read(s, server, file);
	for (size_t i = 0; !r && i < server->top->child_count; i++) {
		r = own_options_add(s, server, server->top->children[i]);
		if (!r)
			r = listener_add(s, server, server->top->children[i]);
	}
	return r;
}

/* Names of before 3.0. */
static const struct servers_renamed renamed[] = { { "tls_cert_file", "tls_server_cert" },
	                                          { "tls_key_file", "tls_server_key" } };

/* One, or two with a comma between, and so their keys. */
static int certificates_add(struct servers *s, struct servers_server *server)
{
	const struct servers_setting *cert = servers_setting_own(server->top, "tls_server_cert");
	const struct servers_setting *key = servers_setting_own(server->top, "tls_server_key");
	const char *certs = cert ? cert->value : "", *keys = key ? key->value : certs;
	const char *word = NULL, *key_word = NULL;
	size_t len = 0, key_len = 0;
	int r = 0;
	while (!r && servers_word_next(&certs, &word, &len) &&
	       servers_word_next(&keys, &key_word, &key_len)) {
		const struct servers_certificate said = {
			.chain_path = servers_text(s, slice_of(word, len)),
			.key_path = servers_text(s, slice_of(key_word, key_len)),
			.place = cert->place,
		};
		if (!said.chain_path || !said.key_path)
			return err_raise(-ENOMEM);
		if (word[0] == '/')
			r = servers_certificate_add(s, server, &said);
	}
	return err_up(r);
}

/* Both files begin one server: "cyrus.conf" is read beside "imapd.conf". */
int servers_cyrus_read(struct servers *s, const char *path)
{
	const struct servers_begin begin = {
		SERVERS_CYRUS, path, { "cyrus-common", "cyrus-imapd" }, defaults
	};
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	r = servers_lines_read(s, server->top, file, &servers_lines_cyrus);
	if (!r)
		r = servers_renamed_add(s, server, renamed, COUNT_OF(renamed));
	if (!r)
		r = services_find(s, server, path);
	if (!r)
		r = certificates_add(s, server);
	return err_up(r);
}

/* Other software has an imapd.conf too. */
int servers_cyrus_find(struct servers *s)
{
	bool is_cyrus = servers_is_there(s, "/etc/cyrus.conf");
	return is_cyrus ? err_up(servers_cyrus_read(s, "/etc/imapd.conf")) : 0;
}
