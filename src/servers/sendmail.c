/*
 * Sendmail: sendmail.cf, the file that is in force ("O Name=value"), and sendmail.mc beside it,
 * which is where a person changes it: a scope of type "mc" whose settings are its define()s.
 */
#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"

#include <errno.h>

struct reading {
	struct servers *s;
	struct servers_server *server;
	struct servers_place place;
};

static int setting_add(struct reading *r, struct servers_scope *scope, struct slice name,
                       struct slice value)
{
	const struct servers_setting said = { .name = servers_text(r->s, name),
		                              .value = servers_text(r->s, value),
		                              .place = r->place };
	if (!said.name || !said.value)
		return err_raise(-ENOMEM);
	return err_up(servers_setting_add(r->s, scope, &said));
}

/* "Name=MSP-v4, Port=submission, Addr=127.0.0.1, M=Ea": each is a setting of the scope. */
static int daemon_add(struct reading *r, struct slice value)
{
	struct servers_scope *scope = NULL;
	int e = servers_scope_add(r->s, r->server->top, "daemon", "", &scope);
	if (e)
		return err_up(e);
	scope->place = r->place;
	while (!e && value.len) {
		struct slice pair = slice_head(value, slice_find(value, ','));
		value = slice_skip(value, pair.len + 1);
		size_t at = slice_find(pair, '=');
		if (at < pair.len)
			e = setting_add(r, scope, slice_trim(slice_head(pair, at)),
			                slice_trim(slice_skip(pair, at + 1)));
	}
	return e;
}

/* "O AuthOptions=p" */
static int cf_line(struct reading *r, struct slice line)
{
	if (!slice_starts_nocase(line, "O "))
		return 0;
	line = slice_skip(line, 2);
	size_t at = slice_find(line, '=');
	struct slice name = slice_trim(slice_head(line, at));
	struct slice value = slice_trim(slice_skip(line, at + 1));
	if (slice_equal(name, slice_str("DaemonPortOptions")))
		return daemon_add(r, value);
	return at < line.len ? setting_add(r, r->server->top, name, value) : 0;
}

/* "define(`confAUTH_OPTIONS', `A p')dnl" */
static int mc_line(struct reading *r, struct slice line)
{
	static const char start[] = "define(`";
	struct servers_scope *mc = r->server->top->children[0];
	if (!slice_starts_nocase(line, start))
		return 0;
	line = slice_skip(line, sizeof(start) - 1);
	struct slice name = slice_head(line, slice_find(line, '\''));
	line = slice_skip(line, name.len);
	line = slice_skip(line, slice_find(line, '`') + 1);
	return setting_add(r, mc, name, slice_head(line, slice_find(line, '\'')));
}

static int lines_read(struct reading *r, const struct servers_file *file,
                      int (*on_line)(struct reading *r, struct slice line))
{
	struct slice rest = buf_slice(&file->text);
	r->place = (struct servers_place){ file->path, 0, 1 };
	struct slice line;
	while (slice_line_next(&rest, &line)) {
		r->place.line++;
		int e = on_line(r, slice_trim(line));
		if (e)
			return err_up(e);
	}
	return 0;
}

static int listeners_add(struct servers *s, struct servers_server *server)
{
	const struct servers_scope *scope = NULL;
	int r = 0;
	while (!r && (scope = servers_scope_next(server->top, "daemon", scope))) {
		const char *port = servers_value(scope, "Port");
		const char *address = servers_value(scope, "Addr");
		uint16_t number = *port ? servers_port_of(port, strlen(port)) : 25;
		enum servers_protocol protocol = servers_port_protocol(number);
		const struct servers_listener said = {
			.name = servers_value(scope, "Name"),
			.protocol = protocol == SERVERS_INTERNAL ? SERVERS_SMTP : protocol,
			.address = *address ? address : "*",
			.port = number,
			.is_tls = strchr(servers_value(scope, "M"), 's') != NULL,
			.scope = scope,
			.block = scope,
		};
		r = servers_listener_add(s, server, &said);
	}
	return err_up(r);
}

static int certificate_add(struct servers *s, struct servers_server *server)
{
	const struct servers_setting *cert = servers_setting_own(server->top, "ServerCertFile");
	const struct servers_setting *key = servers_setting_own(server->top, "ServerKeyFile");
	if (!cert)
		return 0;
	const struct servers_certificate said = { .chain_path = cert->value,
		                                  .key_path = key ? key->value : NULL,
		                                  .place = cert->place };
	return err_up(servers_certificate_add(s, server, &said));
}

static int mc_read(struct reading *r)
{
	struct servers_file *file = NULL;
	struct servers_scope *mc = NULL;
	int e = servers_scope_add(r->s, r->server->top, "mc", "", &mc);
	if (e)
		return err_up(e);
	e = servers_open(r->s, "/etc/mail/sendmail.mc", &file);
	return e ? e > 0 ? 0 : err_up(e) : lines_read(r, file, mc_line);
}

int servers_sendmail_read(struct servers *s, const char *path)
{
	const struct servers_begin begin = {
		SERVERS_SENDMAIL, path, { "sendmail-bin", "sendmail" }, NULL
	};
	struct servers_file *file = NULL;
	struct reading r = { .s = s };
	int e = servers_begin(s, &begin, &r.server, &file);
	if (e || !file)
		return err_up(e);
	e = mc_read(&r);
	if (!e)
		e = lines_read(&r, file, cf_line);
	if (!e)
		e = listeners_add(s, r.server);
	return err_up(e ? e : certificate_add(s, r.server));
}

int servers_sendmail_find(struct servers *s)
{
	return err_up(servers_sendmail_read(s, "/etc/mail/sendmail.cf"));
}
