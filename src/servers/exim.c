/*
 * Exim: its file (Debian's is made of parts, and its macros say what to change), what /etc/default
 * gives the daemon on its command line, and where it runs here `exim -bP` for the defaults of this
 * binary.
 */
#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include "servers/exim_text.h"
#include "servers/lines.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

static const struct servers_known defaults[] = {
	{ "tls_advertise_hosts", "*" },  { "auth_advertise_hosts", "*" },
	{ "daemon_smtp_ports", "smtp" }, { "local_interfaces", "<; ::0 ; 0.0.0.0" },
	{ "log_selector", "" },          { NULL, NULL },
};

static const struct servers_known openssl_defaults[] = {
	{ "openssl_options", "+no_sslv2 +no_sslv3 +single_dh_use +no_ticket +no_renegotiation" },
	{ NULL, NULL },
};

/* -- lists ------------------------------------------------------------------------------------- */

struct list {
	const char *rest;
	char separator;
};

static struct list list_of(const char *text)
{
	while (isspace(*text))
		text++;
	if (text[0] == '<' && ispunct(text[1]))
		return (struct list){ text + 2, text[1] };
	return (struct list){ text, ':' };
}

/* The next item, trimmed; a doubled separator is part of it and made single. False: no more. */
static bool item_next(struct list *l, char *ret_item, size_t cap)
{
	size_t len = 0;
	if (!*l->rest)
		return false;
	for (; *l->rest; l->rest++) {
		if (*l->rest == l->separator) {
			if (l->rest[1] != l->separator)
				break;
			l->rest++;
		}
		if (len + 1 < cap && (len || !isspace(*l->rest)))
			ret_item[len++] = *l->rest;
	}
	while (len && isspace(ret_item[len - 1]))
		len--;
	ret_item[len] = '\0';
	if (*l->rest)
		l->rest++;
	return true;
}

static bool list_has_port(const char *text, uint16_t port)
{
	struct list l = list_of(text);
	char item[64];
	while (item_next(&l, item, sizeof(item)))
		if (servers_port_of(item, strlen(item)) == port)
			return true;
	return false;
}

/* -- listeners --------------------------------------------------------------------------------- */

struct listening {
	struct servers *s;
	struct servers_server *server;
	const char *ports;
};

static int listener_add(struct listening *l, const char *address, uint16_t port)
{
	struct servers_scope *top = l->server->top;
	bool is_all =
		!strcmp(address, "0.0.0.0") || !strcmp(address, "::0") || !strcmp(address, "::");
	for (size_t i = 0; is_all && i < l->server->listener_count; i++)
		if (l->server->listeners[i]->port == port &&
		    !strcmp(l->server->listeners[i]->address, "*"))
			return 0;
	enum servers_protocol protocol = servers_port_protocol(port);
	const struct servers_listener said = {
		.name = servers_text_printf(l->s, "port %u", port),
		.protocol = protocol == SERVERS_INTERNAL ? SERVERS_SMTP : protocol,
		.address = is_all ? "*" : servers_text_str(l->s, address),
		.port = port,
		.is_tls = list_has_port(servers_value(top, "tls_on_connect_ports"), port),
		.expects_proxy = *servers_value(top, "hosts_proxy") != '\0',
		.scope = top,
		.block = top,
	};
	if (!said.name || !said.address)
		return err_raise(-ENOMEM);
	return err_up(servers_listener_add(l->s, l->server, &said));
}

/* "[192.0.2.1]:25", "192.0.2.1.25" or an address alone, which listens on all ports. */
static int interface_add(struct listening *l, char *text)
{
	char *end = strchr(text, ']');
	unsigned dots = 0;
	uint16_t port = 0;
	for (const char *c = text; *c; c++)
		dots += *c == '.';
	if (text[0] == '[' && end) {
		port = end[1] == ':' ? servers_port_of(end + 2, strlen(end + 2)) : 0;
		*end = '\0';
		text++;
	} else if (dots == 4 && !strchr(text, ':')) {
		char *last = strrchr(text, '.');
		port = servers_port_of(last + 1, strlen(last + 1));
		*last = '\0';
	}
	if (port)
		return listener_add(l, text, port);
	struct list ports = list_of(l->ports);
	char item[64];
	int r = 0;
	while (!r && item_next(&ports, item, sizeof(item)))
		if ((port = servers_port_of(item, strlen(item))))
			r = listener_add(l, text, port);
	return r;
}

/* "-oX 25:587" of /etc/default/exim4 stands above daemon_smtp_ports. NULL: nothing. */
static const char *command_line_ports(struct servers *s)
{
	struct servers_file *file = NULL;
	struct servers_scope *scope = NULL;
	if (servers_open(s, "/etc/default/exim4", &file) ||
	    servers_scope_add(s, NULL, "", "", &scope) ||
	    servers_lines_read(s, scope, file, &servers_lines_courier))
		return NULL;
	const char *at = strstr(servers_value(scope, "SMTPLISTENEROPTIONS"), "-oX");
	if (!at)
		return NULL;
	at += 3 + strspn(at + 3, " \"'");
	return servers_text(s, slice_of(at, strcspn(at, " \"'")));
}

static int listeners_add(struct servers *s, struct servers_server *server)
{
	struct listening l = { s, server, command_line_ports(s) };
	char item[128];
	if (!l.ports)
		l.ports = servers_value(server->top, "daemon_smtp_ports");
	struct list interfaces = list_of(servers_value(server->top, "local_interfaces"));
	int r = 0;
	while (!r && item_next(&interfaces, item, sizeof(item)))
		if (item[0])
			r = interface_add(&l, item);
	return err_up(r);
}

/* -- certificates ------------------------------------------------------------------------------ */

/* Lists that go together; what is expanded for each session is not known. */
static int certificates_add(struct servers *s, struct servers_server *server)
{
	const struct servers_setting *chain = servers_setting_find(server->top, "tls_certificate");
	const char *key = servers_value(server->top, "tls_privatekey");
	char chain_item[1024], key_item[1024];
	if (!chain || strchr(chain->value, '$') || strchr(key, '$'))
		return 0;
	struct list chains = list_of(chain->value), keys = list_of(key);
	int r = 0;
	while (!r && item_next(&chains, chain_item, sizeof(chain_item))) {
		bool has_key = item_next(&keys, key_item, sizeof(key_item));
		const struct servers_certificate said = {
			.chain_path = servers_text_str(s, chain_item),
			.key_path = servers_text_str(s, has_key ? key_item : chain_item),
			.place = chain->place,
		};
		if (!said.chain_path || !said.key_path)
			return err_raise(-ENOMEM);
		if (chain_item[0] == '/')
			r = servers_certificate_add(s, server, &said);
	}
	return err_up(r);
}

/* -- the binary -------------------------------------------------------------------------------- */

static enum servers_exim_library library_of(struct servers *s)
{
	static const char *const paths[] = { "/usr/sbin/exim4", "/usr/sbin/exim",
		                             "/usr/local/sbin/exim", "/usr/exim/bin/exim" };
	static const char gnutls[] = "libgnutls.so", openssl[] = "libssl.so";
	struct servers_file *file = NULL;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		if (!servers_is_there(s, paths[i]) || servers_open(s, paths[i], &file))
			continue;
		struct slice text = buf_slice(&file->text);
		if (text.data && memmem(text.data, text.len, gnutls, sizeof(gnutls) - 1))
			return SERVERS_EXIM_GNUTLS;
		if (text.data && memmem(text.data, text.len, openssl, sizeof(openssl) - 1))
			return SERVERS_EXIM_OPENSSL;
	}
	return SERVERS_EXIM_LIBRARY_UNKNOWN;
}

static int told_line(struct servers *s, struct servers_server *server, struct slice line)
{
	size_t equal = slice_find(line, '=');
	bool has_value = equal && equal < line.len && line.data[equal - 1] == ' ';
	struct slice name = slice_trim(slice_head(line, has_value ? equal : line.len));
	struct slice value =
		has_value ? slice_trim(slice_skip(line, equal + 1)) : slice_str("true");
	if (!has_value && slice_starts_nocase(name, "no_")) {
		name = slice_skip(name, 3);
		value = slice_str("false");
	}
	const struct servers_setting said = { .name = servers_text(s, name),
		                              .value = servers_text(s, value),
		                              .is_default = true };
	if (!said.name || !said.value)
		return err_raise(-ENOMEM);
	return err_up(servers_setting_add(s, server->top->parent, &said));
}

/* What is in force and not in the file, as the binary itself says. */
static int tool_ask(struct servers *s, struct servers_server *server)
{
	static char *const programs[] = { "exim4", "exim" };
	CLEAN(buf_deinit) struct buf out = {};
	int r = SERVERS_RUN_ABSENT;
	for (size_t i = 0; r == SERVERS_RUN_ABSENT && i < COUNT_OF(programs); i++) {
		char *const argv[] = { programs[i], "-bP", NULL };
		r = servers_run(s, argv, &out);
	}
	if (r)
		return r < 0 ? err_up(r) : 0;
	server->is_by_tool = true;
	struct slice rest = buf_slice(&out);
	struct slice line;
	while (!r && slice_line_next(&rest, &line)) {
		r = told_line(s, server, line);
	}
	return err_up(r);
}

static int library_note(struct servers *s, struct servers_server *server,
                        enum servers_exim_library library)
{
	static const char *const names[] = { [SERVERS_EXIM_LIBRARY_UNKNOWN] = "",
		                             [SERVERS_EXIM_GNUTLS] = "GnuTLS",
		                             [SERVERS_EXIM_OPENSSL] = "OpenSSL" };
	struct servers_setting said = { .name = "tls library",
		                        .value = names[library],
		                        .is_default = true };
	int r = servers_setting_add(s, server->top->parent, &said);
	const struct servers_known *known = openssl_defaults;
	for (; !r && library == SERVERS_EXIM_OPENSSL && known->name; known++) {
		said.name = known->name;
		said.value = known->value;
		r = servers_setting_add(s, server->top->parent, &said);
	}
	return err_up(r);
}

int servers_exim_read(struct servers *s, const char *path)
{
	const struct servers_begin begin = {
		SERVERS_EXIM,
		path,
		{ "exim4-daemon-heavy", "exim4-daemon-light", "exim4-base", "exim" },
		defaults,
	};
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	enum servers_exim_library library = library_of(s);
	r = library_note(s, server, library);
	if (!r)
		r = servers_exim_text(s, server, file, library);
	if (!r)
		r = tool_ask(s, server);
	if (!r)
		r = listeners_add(s, server);
	if (!r)
		r = certificates_add(s, server);
	return err_up(r);
}

int servers_exim_find(struct servers *s)
{
	static const char *const paths[] = {
		"/etc/exim4/exim4.conf",         "/var/lib/exim4/config.autogenerated",
		"/etc/exim/exim.conf",           "/etc/exim.conf",
		"/usr/local/etc/exim/configure", "/usr/exim/configure"
	};
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (servers_is_there(s, paths[i]))
			return err_up(servers_exim_read(s, paths[i]));
	return 0;
}
