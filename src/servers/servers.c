#include "servers/servers.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* A text that is kept; the list is what is freed at the end. */
struct servers_text {
	struct servers_text *next;
	char text[];
};

const char *servers_text(struct servers *s, struct slice text)
{
	struct servers_text *kept = malloc(sizeof(*kept) + text.len + 1);
	if (!kept)
		return NULL;
	if (text.len)
		memcpy(kept->text, text.data, text.len);
	kept->text[text.len] = '\0';
	kept->next = s->texts;
	s->texts = kept;
	return kept->text;
}

const char *servers_text_str(struct servers *s, const char *text)
{
	return servers_text(s, slice_str(text));
}

__attribute__((format(printf, 2, 0))) static const char *
text_vprintf(struct servers *s, const char *format, va_list args)
{
	CLEAN(freep) char *text = NULL;
	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return NULL;
	}
	return servers_text_str(s, text);
}

const char *servers_text_printf(struct servers *s, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *text = text_vprintf(s, format, args);
	va_end(args);
	return text;
}

int servers_fault(struct servers *s, const char *path, unsigned line, const char *format, ...)
{
	if (s->fault_count == SERVERS_FAULTS_MAX)
		return 0;
	struct servers_fault *faults =
		reallocarray(s->faults, s->fault_count + 1, sizeof(*s->faults));
	if (!faults)
		return err_raise(-ENOMEM);
	s->faults = faults;
	va_list args;
	va_start(args, format);
	const char *text = text_vprintf(s, format, args);
	va_end(args);
	const struct servers_fault fault = { servers_text_str(s, path), line, text };
	if (!fault.path || !fault.text)
		return err_raise(-ENOMEM);
	s->faults[s->fault_count++] = fault;
	return 0;
}

/* --- servers and what they have --- */

int servers_add(struct servers *s, enum servers_kind kind, struct servers_server **ret_server)
{
	struct servers_server **servers =
		reallocarray(s->servers, s->server_count + 1, sizeof(struct servers_server *));
	if (!servers)
		return err_raise(-ENOMEM);
	s->servers = servers;
	struct servers_server *server = calloc(1, sizeof(*server));
	if (!server)
		return err_raise(-ENOMEM);
	s->servers[s->server_count++] = server;
	server->kind = kind;
	server->instance = server->path = "";
	int r = servers_scope_add(s, NULL, "", "", &server->top);
	if (r)
		return err_up(r);
	*ret_server = server;
	return 0;
}

struct servers_server *servers_find(const struct servers *s, enum servers_kind kind,
                                    const char *path)
{
	for (size_t i = 0; i < s->server_count; i++)
		if (s->servers[i]->kind == kind && !strcmp(s->servers[i]->path, path))
			return s->servers[i];
	return NULL;
}

int servers_listener_add(struct servers *s, struct servers_server *server,
                         const struct servers_listener *listener)
{
	struct servers_listener **listeners =
		reallocarray(server->listeners, server->listener_count + 1, sizeof(*listeners));
	if (!listeners)
		return err_raise(-ENOMEM);
	server->listeners = listeners;
	struct servers_listener *added = malloc(sizeof(*added));
	if (!added)
		return err_raise(-ENOMEM);
	*added = *listener;
	server->listeners[server->listener_count++] = added;
	return 0;
}

int servers_certificate_add(struct servers *s, struct servers_server *server,
                            const struct servers_certificate *certificate)
{
	struct servers_certificate **all =
		reallocarray(server->certificates, server->certificate_count + 1, sizeof(*all));
	if (!all)
		return err_raise(-ENOMEM);
	server->certificates = all;
	struct servers_certificate *added = malloc(sizeof(*added));
	if (!added)
		return err_raise(-ENOMEM);
	*added = *certificate;
	server->certificates[server->certificate_count++] = added;
	return 0;
}

static void server_free(struct servers_server *server)
{
	for (size_t i = 0; i < server->listener_count; i++)
		free(server->listeners[i]);
	for (size_t i = 0; i < server->certificate_count; i++)
		free(server->certificates[i]);
	free(server->listeners);
	free(server->certificates);
	free(server);
}

static void scope_free(struct servers_scope *scope)
{
	free(scope->settings);
	free(scope->children);
	free(scope);
}

void servers_deinit(struct servers *s)
{
	for (size_t i = 0; i < s->server_count; i++)
		server_free(s->servers[i]);
	free(s->servers);
	free(s->faults);
	for (struct servers_file *file = s->files, *next; file; file = next) {
		next = file->next;
		buf_deinit_secret(&file->text);
		free(file);
	}
	for (struct servers_scope *scope = s->scopes, *next; scope; scope = next) {
		next = scope->next_made;
		scope_free(scope);
	}
	for (struct servers_text *text = s->texts, *next; text; text = next) {
		next = text->next;
		free(text);
	}
	*s = (struct servers){};
}

/* --- what is read --- */

int servers_read(struct servers *s)
{
	for (size_t i = 0; i < SERVERS_KIND_COUNT; i++) {
		const struct servers_reader *reader = &servers_readers[i];
		if (!reader->find || (s->software && strcasecmp(s->software, reader->name) != 0))
			continue;
		int r = reader->find(s);
		if (r)
			return err_up(r);
	}
	return 0;
}

static bool reader_has(const struct servers_reader *reader, const char *name)
{
	for (size_t i = 0; i < COUNT_OF(reader->files) && reader->files[i]; i++)
		if (!strcmp(reader->files[i], name))
			return true;
	return false;
}

int servers_read_file(struct servers *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	for (size_t i = 0; i < SERVERS_KIND_COUNT; i++)
		if (servers_readers[i].read && reader_has(&servers_readers[i], name))
			return err_up(servers_readers[i].read(s, path));
	return SERVERS_UNKNOWN_FILE;
}

int servers_run(struct servers *s, char *const *argv, struct buf *ret_out)
{
	if (!s->run || strcmp(s->root, "/") != 0)
		return SERVERS_RUN_ABSENT;
	CLEAN(buf_deinit) struct buf said = {};
	int r = s->run(s->run_owner, argv, ret_out, &said);
	if (r != SERVERS_RUN_FAILED)
		return r > 0 ? SERVERS_RUN_ABSENT : err_up(r);
	struct slice why = buf_slice(&said);
	r = servers_fault(s, argv[0], 0, "%.*s", (int)why.len,
	                  why.len ? (const char *)why.data : "");
	return r ? err_up(r) : SERVERS_RUN_FAILED;
}

/* --- names --- */

const char *servers_kind_title(enum servers_kind kind)
{
	return servers_readers[kind].title;
}

const char *servers_kind_name(enum servers_kind kind)
{
	return servers_readers[kind].name;
}

bool servers_kind_find(const char *name, enum servers_kind *ret_kind)
{
	for (size_t i = 0; i < SERVERS_KIND_COUNT; i++)
		if (!strcasecmp(servers_readers[i].name, name)) {
			*ret_kind = (enum servers_kind)i;
			return true;
		}
	return false;
}

const char *servers_protocol_name(enum servers_protocol protocol)
{
	static const char *const names[] = {
		[SERVERS_SMTP] = "smtp", [SERVERS_SUBMISSION] = "submission",
		[SERVERS_LMTP] = "lmtp", [SERVERS_IMAP] = "imap",
		[SERVERS_POP3] = "pop3", [SERVERS_MANAGESIEVE] = "managesieve",
		[SERVERS_HTTP] = "http", [SERVERS_INTERNAL] = "internal",
	};
	_Static_assert(COUNT_OF(names) == SERVERS_PROTOCOL_COUNT);
	return names[protocol];
}

bool servers_version_is_at_least(const char *version, unsigned major, unsigned minor)
{
	unsigned has_major = 0, has_minor = 0;
	if (!version || sscanf(version, "%u.%u", &has_major, &has_minor) < 1)
		return false;
	return has_major > major || (has_major == major && has_minor >= minor);
}
