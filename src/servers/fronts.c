/*
 * What stands in front of mail servers and ends TLS for them: HAProxy, hitch, stunnel. Their
 * listeners are listeners; where each leads to is a setting of its block.
 */
#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include "servers/blocks.h"
#include "servers/lines.h"

#include <errno.h>

/* "*:443", ":443", "443", "[::]:443", "192.0.2.1:443 ssl crt X", "/path". */
static int listener_add(struct servers *s, struct servers_server *server,
                        const struct servers_listener *about, const char *text)
{
	struct servers_listener said = *about;
	struct slice all = slice_of(text, strcspn(text, " \t,"));
	size_t colon = all.len;
	while (colon && all.data[colon - 1] != ':')
		colon--;
	struct slice host = slice_head(all, colon ? colon - 1 : 0);
	struct slice port = slice_skip(all, colon);
	if (host.len >= 2 && host.data[0] == '[')
		host = slice_of(host.data + 1, host.len - 2);
	said.port = servers_port_of((const char *)port.data, port.len);
	bool is_all = !host.len || slice_equal(host, slice_str("::"));
	said.address = is_all ? "*" : servers_text(s, host);
	enum servers_protocol protocol = servers_port_protocol(said.port);
	said.protocol = protocol == SERVERS_INTERNAL ? SERVERS_INTERNAL : protocol;
	if (!said.address)
		return err_raise(-ENOMEM);
	return err_up(servers_listener_add(s, server, &said));
}

/* -- HAProxy ----------------------------------------------------------------------------------- */

static int haproxy_binds(struct servers *s, struct servers_server *server,
                         const struct servers_scope *block)
{
	int r = 0;
	for (size_t i = 0; !r && i < block->setting_count; i++) {
		const char *value = block->settings[i].value;
		const struct servers_listener about = {
			.name = block->name,
			.is_tls = servers_words_have(value, "ssl"),
			.expects_proxy = servers_words_have(value, "accept-proxy"),
			.scope = block,
			.block = block,
		};
		if (!strcmp(block->settings[i].name, "bind"))
			r = listener_add(s, server, &about, value);
	}
	return r;
}

int servers_haproxy_read(struct servers *s, const char *path)
{
	const struct servers_begin begin = { SERVERS_HAPROXY, path, { "haproxy" }, NULL };
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	r = servers_lines_read(s, server->top, file, &servers_lines_haproxy);
	for (size_t i = 0; !r && i < server->top->child_count; i++)
		r = haproxy_binds(s, server, server->top->children[i]);
	return err_up(r);
}

int servers_haproxy_find(struct servers *s)
{
	return err_up(servers_haproxy_read(s, "/etc/haproxy/haproxy.cfg"));
}

/* -- hitch ------------------------------------------------------------------------------------- */

/* "frontend = { host = ... port = ... }" or "frontend = "[*]:443"". */
static int hitch_frontends(struct servers *s, struct servers_server *server)
{
	const struct servers_scope *block = NULL;
	struct servers_listener about = {
		.name = "frontend", .is_tls = true, .scope = server->top, .block = server->top
	};
	int r = 0;
	for (size_t i = 0; !r && i < server->top->setting_count; i++)
		if (!strcmp(server->top->settings[i].name, "frontend"))
			r = listener_add(s, server, &about, server->top->settings[i].value);
	while (!r && (block = servers_scope_next(server->top, "frontend", block))) {
		const char *host = servers_value(block, "host");
		const char *text = servers_text_printf(s, "[%s]:%s", strcmp(host, "*") ? host : "",
		                                       servers_value(block, "port"));
		about.scope = about.block = block;
		r = text ? listener_add(s, server, &about, text) : err_raise(-ENOMEM);
	}
	return r;
}

int servers_hitch_read(struct servers *s, const char *path)
{
	const struct servers_begin begin = { SERVERS_HITCH, path, { "hitch" }, NULL };
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	r = servers_blocks_read(s, server->top, file, &servers_blocks_hitch);
	return err_up(r ? r : hitch_frontends(s, server));
}

int servers_hitch_find(struct servers *s)
{
	return err_up(servers_hitch_read(s, "/etc/hitch/hitch.conf"));
}

/* -- stunnel ----------------------------------------------------------------------------------- */

int servers_stunnel_read(struct servers *s, const char *path)
{
	const struct servers_begin begin = {
		SERVERS_STUNNEL, path, { "stunnel4", "stunnel" }, NULL
	};
	const struct servers_scope *section = NULL;
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	server->instance = path;
	r = servers_lines_read(s, server->top, file, &servers_lines_stunnel);
	while (!r && (section = servers_scope_next(server->top, "section", section))) {
		const struct servers_listener about = {
			.name = section->name,
			.is_tls = !servers_value_is_yes(section, "client") &&
			          !*servers_value(section, "protocol"),
			.scope = section,
			.block = section,
		};
		const char *accept = servers_value(section, "accept");
		if (*accept)
			r = listener_add(s, server, &about, accept);
	}
	return err_up(r);
}

static int on_stunnel(void *owner, const char *path)
{
	const char *kept = servers_text_str(owner, path);
	return kept ? servers_stunnel_read(owner, kept) : err_raise(-ENOMEM);
}

int servers_stunnel_find(struct servers *s)
{
	return err_up(servers_glob(s, "/etc/stunnel/*.conf", on_stunnel, s));
}
