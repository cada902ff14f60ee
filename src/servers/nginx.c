/*
 * nginx: its http and its mail module. Blocks are scopes as they are written: http, mail, server,
 * location, upstream. A directive that may come again ("listen", "add_header") is there each time.
 */
#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include "servers/blocks.h"

#include <errno.h>
#include <stdio.h>

static const struct servers_known defaults[] = {
	{ "ssl_protocols", "TLSv1 TLSv1.1 TLSv1.2" },
	{ NULL, NULL },
};

/* Since 1.23.4. */
static const struct servers_known newer_defaults[] = {
	{ "ssl_protocols", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3" },
	{ NULL, NULL },
};

/* Since 1.27.3. */
static const struct servers_known newest_defaults[] = {
	{ "ssl_protocols", "TLSv1.2 TLSv1.3" },
	{ NULL, NULL },
};

struct reading {
	struct servers *s;
	struct servers_server *server;
	bool is_mail;
};

static bool has_word(const char *value, const char *word)
{
	return servers_words_have(value, word);
}

/* "smtp", "imap" or "pop3" of the mail module; NULL-ended by SERVERS_HTTP where there is none. */
static enum servers_protocol mail_protocol(const struct servers_scope *server, uint16_t port)
{
	const char *said = servers_value(server, "protocol");
	enum servers_protocol by_port = servers_port_protocol(port);
	if (!strcmp(said, "smtp"))
		return by_port == SERVERS_SUBMISSION ? SERVERS_SUBMISSION : SERVERS_SMTP;
	if (!strcmp(said, "imap"))
		return SERVERS_IMAP;
	return !strcmp(said, "pop3") ? SERVERS_POP3 : by_port;
}

/* "unix:/path", "[::]:443", "192.0.2.1:443", "443", "name:443", "*:443". */
static int listen_add(struct reading *r, const struct servers_scope *server,
                      const struct servers_setting *listen)
{
	struct servers_listener said = { .name = "listen", .scope = server, .block = server };
	size_t len = strcspn(listen->value, " ");
	struct slice text = slice_of(listen->value, len);
	struct slice host = {};
	bool is_socket = slice_starts_nocase(text, "unix:");
	size_t end = text.len && text.data[0] == '[' ? slice_find(text, ']') : 0;
	size_t colon = end + slice_find(slice_skip(text, end), ':');
	said.port = servers_port_of(listen->value, len);
	if (is_socket)
		host = slice_skip(text, 5);
	else if (!said.port)
		host = slice_head(text, colon);
	if (!is_socket && colon < len)
		said.port = servers_port_of(listen->value + colon + 1, len - colon - 1);
	if (!is_socket && !said.port)
		said.port = 80;
	if (host.len >= 2 && host.data[0] == '[')
		host = slice_of(host.data + 1, host.len - 2);
	bool is_all = !host.len || slice_equal(host, slice_str("::"));
	said.address = is_all ? "*" : servers_text(r->s, host);
	said.is_tls = has_word(listen->value, "ssl") || has_word(listen->value, "quic") ||
	              servers_value_is_yes(server, "ssl");
	said.expects_proxy = has_word(listen->value, "proxy_protocol");
	said.protocol = r->is_mail ? mail_protocol(server, said.port) : SERVERS_HTTP;
	if (!said.address)
		return err_raise(-ENOMEM);
	return err_up(servers_listener_add(r->s, r->server, &said));
}

static int certificates_add(struct reading *r, const struct servers_scope *server)
{
	const struct servers_setting *chain = servers_setting_find(server, "ssl_certificate");
	const struct servers_setting *key = servers_setting_find(server, "ssl_certificate_key");
	const char *name = servers_value(server, "server_name");
	if (!chain || !key || strchr(chain->value, '$'))
		return 0;
	const struct servers_certificate said = {
		.chain_path = chain->value,
		.key_path = key->value,
		.name = *name && strcmp(name, "_") != 0 ? name : NULL,
		.place = chain->place,
	};
	return err_up(servers_certificate_add(r->s, r->server, &said));
}

/* A server that names no listener listens on 80. */
static int server_add(struct reading *r, const struct servers_scope *server)
{
	static const struct servers_setting usual = { .name = "listen", .value = "*:80" };
	bool has_one = false, has_tls = false;
	size_t first = r->server->listener_count;
	int e = 0;
	for (size_t i = 0; !e && i < server->setting_count; i++)
		if (!strcmp(server->settings[i].name, "listen")) {
			e = listen_add(r, server, &server->settings[i]);
			has_one = true;
		}
	if (!e && !has_one && !r->is_mail)
		e = listen_add(r, server, &usual);
	for (size_t i = first; !e && i < r->server->listener_count; i++)
		has_tls = has_tls || r->server->listeners[i]->is_tls || r->is_mail;
	return e || !has_tls ? e : certificates_add(r, server);
}

static int servers_add_of(struct reading *r, const char *type)
{
	const struct servers_scope *block = NULL, *server = NULL;
	int e = 0;
	r->is_mail = !strcmp(type, "mail");
	while (!e && (block = servers_scope_next(r->server->top, type, block)))
		for (server = NULL; !e && (server = servers_scope_next(block, "server", server));)
			e = server_add(r, server);
	return e;
}

/* -- what `nginx -T` printed ------------------------------------------------------------------- */

static const char dump_mark[] = "# configuration file ";

/* "# configuration file /etc/nginx/nginx.conf:" NULL: the line is another. */
static const char *dump_path(struct servers *s, struct slice line)
{
	if (!slice_starts_nocase(line, dump_mark) || line.data[line.len - 1] != ':')
		return NULL;
	line = slice_skip(line, sizeof(dump_mark) - 1);
	return servers_text(s, slice_head(line, line.len - 1));
}

/* The length of what stands before the next mark. */
static size_t dump_part(struct slice text)
{
	static const char next[] = "\n# configuration file /";
	const uint8_t *at = text.data ? memmem(text.data, text.len, next, sizeof(next) - 1) : NULL;
	return at ? (size_t)(at - text.data) + 1 : text.len;
}

/* Each file of it is there from now on, as it was there. ret_first: NULL where it is no dump. */
static int dump_read(struct servers *s, struct slice text, const char **ret_first)
{
	*ret_first = NULL;
	while (text.len) {
		struct slice part = slice_head(text, dump_part(text));
		struct slice line = slice_head(part, slice_find(part, '\n'));
		const char *path = line.len ? dump_path(s, line) : NULL;
		text = slice_skip(text, part.len);
		if (!path)
			continue;
		int r = servers_file_find(s, path)
		                ? 0
		                : servers_file_put(s, path, slice_skip(part, line.len + 1));
		if (r)
			return err_up(r);
		*ret_first = *ret_first ? *ret_first : path;
	}
	return 0;
}

static const struct servers_known *defaults_of(const char *version)
{
	unsigned major = 0, minor = 0, patch = 0;
	if (!version || sscanf(version, "%u.%u.%u", &major, &minor, &patch) < 2)
		return defaults;
	unsigned number = (major * 1000 + minor) * 1000 + patch;
	return number >= 1027003 ? newest_defaults : number >= 1023004 ? newer_defaults : defaults;
}

static int configuration_read(struct servers *s, const char *path, bool is_dump)
{
	const char *version = servers_package_version(s, "nginx");
	const struct servers_begin begin = {
		SERVERS_NGINX, path, { "nginx", "nginx-common" }, defaults_of(version)
	};
	struct servers_file *file = NULL;
	struct reading r = { .s = s };
	int e = servers_begin(s, &begin, &r.server, &file);
	if (e || !file)
		return err_up(e);
	struct servers_blocks_syntax syntax = servers_blocks_nginx;
	syntax.is_dump = is_dump;
	e = servers_blocks_read(s, r.server->top, file, &syntax);
	if (!e)
		e = servers_add_of(&r, "http");
	if (!e)
		e = servers_add_of(&r, "mail");
	return err_up(e);
}

/* The first file, or what `nginx -T` printed of all of them. */
int servers_nginx_read(struct servers *s, const char *path)
{
	struct servers_file *file = NULL;
	const char *first = NULL;
	int r = servers_open(s, path, &file);
	if (r)
		return r > 0 ? 0 : err_up(r);
	r = dump_read(s, buf_slice(&file->text), &first);
	return err_up(r ? r : configuration_read(s, first ? first : path, first != NULL));
}

int servers_nginx_find(struct servers *s)
{
	static const char *const paths[] = { "/etc/nginx/nginx.conf",
		                             "/usr/local/etc/nginx/nginx.conf" };
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (servers_is_there(s, paths[i]))
			return err_up(servers_nginx_read(s, paths[i]));
	return 0;
}
