/* OpenSMTPD: smtpd.conf. */
#include "base/clean.h"
#include "base/err.h"
#include "servers/begin.h"
#include "servers/smtpd_text.h"

#include <errno.h>

/* The name of an interface may stand there: that of loopback is known. */
static const char *address_of(const char *on)
{
	return !strcmp(on, "lo") || !strcmp(on, "lo0") ? "localhost" : on;
}

static int listener_add(struct servers *s, struct servers_server *server,
                        const struct servers_scope *listen, uint16_t port, bool is_tls)
{
	const char *on = servers_value(listen, "on");
	enum servers_protocol protocol = servers_port_protocol(port);
	const struct servers_listener said = {
		.name = servers_text_printf(s, "listen on %s", on),
		.protocol = protocol == SERVERS_INTERNAL ? SERVERS_SMTP : protocol,
		.address = address_of(on),
		.port = port,
		.is_tls = is_tls,
		.expects_proxy = servers_setting_own(listen, "proxy-v2") != NULL,
		.scope = listen,
		.block = listen,
	};
	if (!said.name)
		return err_raise(-ENOMEM);
	return err_up(servers_listener_add(s, server, &said));
}

/* "smtps" and "tls" in one statement are two listeners, where no port is named. */
static int listen_add(struct servers *s, struct servers_server *server,
                      const struct servers_scope *listen)
{
	const char *on = servers_value(listen, "on");
	const char *port_text = servers_value(listen, "port");
	uint16_t port = servers_port_of(port_text, strlen(port_text));
	bool has_smtps = servers_setting_own(listen, "smtps") != NULL;
	bool has_tls =
		servers_setting_own(listen, "tls") || servers_setting_own(listen, "tls-require");
	if (!*on || !strcmp(on, "socket"))
		return 0;
	int r = has_smtps ? listener_add(s, server, listen, port ? port : 465, true) : 0;
	if (!r && (has_tls || !has_smtps))
		r = listener_add(s, server, listen, port ? port : 25, false);
	return r;
}

static int certificate_add(struct servers *s, struct servers_server *server, const char *name)
{
	struct servers_certificate said = { .name = strcmp(name, "*") != 0 ? name : NULL };
	const struct servers_scope *pki = NULL;
	while ((pki = servers_scope_next(server->top, "pki", pki))) {
		const struct servers_setting *cert = servers_setting_own(pki, "cert");
		const struct servers_setting *key = servers_setting_own(pki, "key");
		if (strcmp(pki->name, name) != 0)
			continue;
		if (cert) {
			said.chain_path = cert->value;
			said.place = cert->place;
		}
		if (key)
			said.key_path = key->value;
	}
	return said.chain_path ? err_up(servers_certificate_add(s, server, &said)) : 0;
}

/* Each name has its statements, "cert" and "key". */
static int certificates_add(struct servers *s, struct servers_server *server)
{
	const struct servers_scope *pki = NULL;
	int r = 0;
	while (!r && (pki = servers_scope_next(server->top, "pki", pki)))
		if (servers_setting_own(pki, "cert"))
			r = certificate_add(s, server, pki->name);
	return r;
}

int servers_opensmtpd_read(struct servers *s, const char *path)
{
	const struct servers_begin begin = { SERVERS_OPENSMTPD, path, { "opensmtpd" }, NULL };
	const struct servers_scope *listen = NULL;
	struct servers_server *server = NULL;
	struct servers_file *file = NULL;
	int r = servers_begin(s, &begin, &server, &file);
	if (r || !file)
		return err_up(r);
	r = servers_smtpd_text(s, server, file);
	while (!r && (listen = servers_scope_next(server->top, "listen", listen)))
		r = listen_add(s, server, listen);
	if (!r)
		r = certificates_add(s, server);
	return err_up(r);
}

int servers_opensmtpd_find(struct servers *s)
{
	static const char *const paths[] = { "/etc/smtpd.conf", "/etc/mail/smtpd.conf",
		                             "/etc/opensmtpd/smtpd.conf",
		                             "/usr/local/etc/mail/smtpd.conf" };
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (servers_is_there(s, paths[i]))
			return err_up(servers_opensmtpd_read(s, paths[i]));
	return 0;
}
