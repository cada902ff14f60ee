/* What of Dovecot listens, what it shows there, and the files that name directories and databases.
 */
#include "servers/dovecot.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/dovecot_inside.h"
#include "servers/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

/* --- which services there are --- */

static const struct row {
	const char *service, *protocol; /* as in "protocols" */
	enum servers_protocol speaks;
} services[] = {
	{ "imap-login", "imap", SERVERS_IMAP },
	{ "pop3-login", "pop3", SERVERS_POP3 },
	{ "managesieve-login", "sieve", SERVERS_MANAGESIEVE },
	{ "submission-login", "submission", SERVERS_SUBMISSION },
	{ "lmtp", "lmtp", SERVERS_LMTP },
};

static const struct row *row_of(const char *service)
{
	for (size_t i = 0; i < COUNT_OF(services); i++)
		if (!strcmp(services[i].service, service))
			return &services[i];
	return NULL;
}

bool servers_dovecot_has_protocol(const struct servers_server *server, const char *protocol)
{
	const struct servers_scope *block = servers_scope_child(server->top, "protocols", "");
	const struct servers_setting *on = block ? servers_setting_own(block, protocol) : NULL;
	if (on)
		return !strcasecmp(on->value, "yes");
	return servers_words_have(servers_value(server->top, "protocols"), protocol);
}

/* --- listeners --- */

static bool is_yes(const struct servers_scope *block, const char *name)
{
	const struct servers_setting *setting = servers_setting_own(block, name);
	return setting && !strcasecmp(setting->value, "yes");
}

static int listener_add(struct servers_dovecot_reading *r, const struct servers_scope *service,
                        const struct servers_scope *block, struct servers_listener listener)
{
	const struct row *row = row_of(service->name);
	const struct servers_scope *top = r->server->top;
	const struct servers_scope *own =
		row ? servers_scope_child(top, "protocol", row->protocol) : NULL;
	listener.name = servers_text_printf(r->s, "%s%s%s", service->name,
	                                    block->name[0] ? " " : "", block->name);
	listener.protocol = row ? row->speaks : SERVERS_INTERNAL;
	listener.scope = own ? own : top;
	listener.block = block;
	return listener.name ? err_up(servers_listener_add(r->s, r->server, &listener))
	                     : err_raise(-ENOMEM);
}

/* 2.4 calls it listen, 2.3 address; without one those of the top's listen hold. */
static const char *addresses_of(const struct servers_scope *block, const struct servers_scope *top)
{
	const struct servers_setting *own = servers_setting_own(block, "listen");
	if (!own || !own->value[0])
		own = servers_setting_own(block, "address");
	return own && own->value[0] ? own->value : servers_value(top, "listen");
}

static int inet_add(struct servers_dovecot_reading *r, const struct servers_scope *service,
                    const struct servers_scope *block)
{
	const struct servers_setting *port = servers_setting_own(block, "port");
	unsigned long number = port ? strtoul(port->value, NULL, 10) : 0;
	if (!number || number > 65535)
		return 0;
	struct servers_listener listener = {
		.port = (uint16_t)number,
		.is_tls = is_yes(block, "ssl"),
		.expects_proxy = is_yes(block, "haproxy"),
	};
	const char *words = addresses_of(block, r->server->top), *word = NULL;
	size_t len = 0;
	int e = 0;
	while (!e && servers_word_next(&words, &word, &len)) {
		struct slice address = slice_of(word, len);
		if (address.len > 1 && address.data[0] == '[')
			address = slice_of(address.data + 1, address.len - 2);
		listener.address = servers_text(r->s, address);
		e = listener.address ? listener_add(r, service, block, listener)
		                     : err_raise(-ENOMEM);
	}
	return err_up(e);
}

/* A socket that somebody asked for: what another program is to use. */
static int unix_add(struct servers_dovecot_reading *r, const struct servers_scope *service,
                    const struct servers_scope *block)
{
	if (block->is_default)
		return 0;
	bool is_absolute = block->name[0] == '/';
	const char *base = servers_value(r->server->top, "base_dir");
	const struct servers_listener listener = {
		.address = servers_text_printf(r->s, "%s%s%s",
		                               is_absolute ? ""
		                               : base[0]   ? base
		                                           : "/run/dovecot",
		                               is_absolute ? "" : "/", block->name),
	};
	return listener.address ? err_up(listener_add(r, service, block, listener))
	                        : err_raise(-ENOMEM);
}

static int service_listeners(struct servers_dovecot_reading *r, const struct servers_scope *service)
{
	int e = 0;
	for (size_t i = 0; !e && i < service->child_count; i++) {
		const struct servers_scope *block = service->children[i];
		if (!strcmp(block->type, "inet_listener"))
			e = inet_add(r, service, block);
		if (!strcmp(block->type, "unix_listener"))
			e = unix_add(r, service, block);
	}
	return err_up(e);
}

int servers_dovecot_listeners_add(struct servers_dovecot_reading *r)
{
	const struct servers_scope *top = r->server->top;
	int e = 0;
	for (const struct servers_scope *service = NULL;
	     !e && (service = servers_scope_next(top, "service", service));) {
		const struct row *row = row_of(service->name);
		if (!row || servers_dovecot_has_protocol(r->server, row->protocol))
			e = service_listeners(r, service);
	}
	return err_up(e);
}

/* --- certificates --- */

static const struct {
	const char *chain, *key;
} pairs[] = {
	{ "ssl_cert", "ssl_key" },
	{ "ssl_alt_cert", "ssl_alt_key" },
	{ "ssl_server_cert_file", "ssl_server_key_file" },
	{ "ssl_server_alt_cert_file", "ssl_server_alt_key_file" },
};

/* name: of the server, where the block is for one; NULL: for all. */
static int certificates_of(struct servers_dovecot_reading *r, const struct servers_scope *scope,
                           const char *name, const struct servers_listener *listener)
{
	int e = 0;
	for (size_t i = 0; !e && i < COUNT_OF(pairs); i++) {
		const struct servers_setting *chain = servers_setting_own(scope, pairs[i].chain);
		const struct servers_setting *key = servers_setting_find(scope, pairs[i].key);
		if (!chain || !chain->value[0])
			continue;
		const struct servers_certificate certificate = {
			.chain_path = chain->value,
			.key_path = key && key->value[0] ? key->value : NULL,
			.name = name,
			.listener = listener,
			.place = chain->place,
		};
		e = servers_certificate_add(r->s, r->server, &certificate);
	}
	return err_up(e);
}

/* "local_name imap.example.org {", and what stands in such a block. */
static int certificates_of_names(struct servers_dovecot_reading *r,
                                 const struct servers_scope *scope)
{
	int e = 0;
	for (size_t i = 0; !e && i < scope->child_count; i++) {
		const struct servers_scope *child = scope->children[i];
		if (!strcmp(child->type, "local_name"))
			e = certificates_of(r, child, child->name, NULL);
		else if (!strcmp(child->type, "local"))
			e = certificates_of_names(r, child);
	}
	return err_up(e);
}

int servers_dovecot_certificates_add(struct servers_dovecot_reading *r)
{
	int e = certificates_of(r, r->server->top, NULL, NULL);
	if (!e)
		e = certificates_of_names(r, r->server->top);
	for (size_t i = 0; !e && i < r->server->listener_count; i++) {
		const struct servers_listener *listener = r->server->listeners[i];
		if (listener->port && listener->scope != r->server->top)
			e = certificates_of(r, listener->scope, NULL, listener);
	}
	return err_up(e);
}

/* --- files of directories and databases --- */

static bool is_external(const char *path)
{
	size_t len = strlen(path);
	return path[0] == '/' && !strpbrk(path, " \t%") &&
	       ((len > 4 && !strcmp(path + len - 4, ".ext")) ||
	        (len > 5 && !strcmp(path + len - 5, ".conf")));
}

/* Such files have a form of their own, of which "name = value" is all that is looked at. */
static int external_read(struct servers_dovecot_reading *r, struct servers_scope *scope,
                         const char *path, const struct servers_place *from)
{
	struct servers_file *file = NULL;
	struct servers_scope *external = NULL;
	if (servers_scope_child(scope, "external", path))
		return 0;
	int e = servers_open(r->s, path, &file);
	if (e == SERVERS_FILE_ABSENT)
		return err_up(servers_fault(r->s, path, 0, "it is not there; %s:%u names it",
		                            from->path, from->line));
	if (e)
		return e > 0 ? 0 : err_up(e);
	e = servers_scope_add(r->s, scope, "external", path, &external);
	if (e)
		return err_up(e);
	external->place = *from;
	struct servers_dovecot_reading reading = *r;
	reading.scope = external;
	reading.path = file->path;
	return err_up(servers_dovecot_text_read(&reading, buf_slice(&file->text)));
}

static const char *external_path(const struct servers_scope *scope,
                                 const struct servers_setting *setting)
{
	static const char *const databases[] = { "mysql:", "pgsql:", "ldap:", "sqlite:" };
	if (!strcmp(setting->name, "args"))
		return is_external(setting->value) ? setting->value : NULL;
	for (size_t i = 0; !strcmp(scope->type, "dict") && i < COUNT_OF(databases); i++) {
		size_t len = strlen(databases[i]);
		if (!strncmp(setting->value, databases[i], len) && setting->value[len] == '/')
			return setting->value + len;
	}
	return NULL;
}

int servers_dovecot_externals_read(struct servers_dovecot_reading *r)
{
	const struct servers_scope *top = r->server->top;
	size_t count = top->child_count;
	int e = 0;
	for (size_t i = 0; !e && i < count; i++) {
		struct servers_scope *scope = top->children[i];
		for (size_t k = 0; !e && k < scope->setting_count; k++) {
			const struct servers_setting setting = scope->settings[k];
			const char *path = external_path(scope, &setting);
			if (path && setting.place.path)
				e = external_read(r, scope, path, &setting.place);
		}
	}
	return err_up(e);
}
