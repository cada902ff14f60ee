/* The services of master.cf, and which of them listen. */
#include "servers/postfix_inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "servers/reader.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

enum { FIELD_NAME, FIELD_TYPE, FIELD_CHROOT = 4, FIELD_COMMAND = 7 };

struct service {
	struct servers_scope *scope;
	const char *path;
	struct buf args;
};

static int pseudo_add(struct servers_postfix_reading *r, struct service *service, const char *name,
                      struct slice value, const struct servers_postfix_cf_word *word)
{
	const struct servers_setting setting = {
		.name = name,
		.value = servers_text(r->s, value),
		.place = { service->path, word->line, word->lines },
	};
	if (!setting.value)
		return err_raise(-ENOMEM);
	return err_up(servers_setting_add(r->s, service->scope, &setting));
}

/* "-o name=value" and "-o { name = value }". */
static int override_add(struct servers_postfix_reading *r, struct service *service,
                        const struct servers_postfix_cf_word *word)
{
	const struct servers_postfix_cf_line line = { word->text, word->line, word->lines };
	CLEAN(buf_deinit) struct buf value = {};
	struct slice name;
	if (!servers_postfix_cf_setting(&line, &name, &value))
		return err_up(
			servers_fault(r->s, service->path, word->line, "-o without a name=value"));
	CLEAN(freep) char *text = strndup((const char *)name.data, name.len);
	return text ? err_up(pseudo_add(r, service, text, buf_slice(&value), word))
	            : err_raise(-ENOMEM);
}

static int args_read(struct servers_postfix_reading *r, struct service *service,
                     struct servers_postfix_cf_line *rest)
{
	struct servers_postfix_cf_word word;
	const struct servers_postfix_cf_word first = { .line = rest->line, .lines = 1 };
	int e = 0;
	while (!e && servers_postfix_cf_word_next(rest, &word)) {
		bool is_option =
			word.text.len >= 2 && word.text.data[0] == '-' && word.text.data[1] == 'o';
		if (!is_option) {
			e = buf_len(&service->args) ? buf_add_str(&service->args, " ") : 0;
			e = e ? e : buf_add(&service->args, word.text);
			continue;
		}
		word.text = slice_skip(word.text, 2);
		if (word.text.len || servers_postfix_cf_word_next(rest, &word))
			e = override_add(r, service, &word);
	}
	return e ? err_up(e)
	         : err_up(pseudo_add(r, service, "master/args", buf_slice(&service->args), &first));
}

static int scope_of_service(struct servers_postfix_reading *r,
                            const struct servers_postfix_cf_word *fields,
                            struct servers_scope **ret_scope)
{
	const char *name = servers_text_printf(r->s, "%.*s:%.*s", (int)fields[FIELD_NAME].text.len,
	                                       (const char *)fields[FIELD_NAME].text.data,
	                                       (int)fields[FIELD_TYPE].text.len,
	                                       (const char *)fields[FIELD_TYPE].text.data);
	return name ? err_up(servers_scope_add(r->s, r->server->top, "service", name, ret_scope))
	            : err_raise(-ENOMEM);
}

static int service_read(struct servers_postfix_reading *r, const char *path,
                        const struct servers_postfix_cf_line *line)
{
	struct servers_postfix_cf_word fields[FIELD_COMMAND + 1];
	struct servers_postfix_cf_line rest = *line;
	size_t count = 0;
	while (count <= FIELD_COMMAND && servers_postfix_cf_word_next(&rest, &fields[count]))
		count++;
	if (count <= FIELD_COMMAND)
		return err_up(servers_fault(r->s, path, line->line,
		                            "no service: it has %zu fields, "
		                            "a service has 8",
		                            count));
	struct service service = { .path = path };
	int e = scope_of_service(r, fields, &service.scope);
	if (e)
		return err_up(e);
	service.scope->place = (struct servers_place){ path, line->line, line->lines };
	e = pseudo_add(r, &service, "master/command", fields[FIELD_COMMAND].text,
	               &fields[FIELD_COMMAND]);
	if (!e)
		e = pseudo_add(r, &service, "master/chroot", fields[FIELD_CHROOT].text,
		               &fields[FIELD_CHROOT]);
	if (!e)
		e = args_read(r, &service, &rest);
	if (!e)
		e = servers_postfix_expand(r, service.scope, service.scope);
	buf_deinit(&service.args);
	return err_up(e);
}

int servers_postfix_master_read(struct servers_postfix_reading *r)
{
	struct servers_file *file = NULL;
	const char *path = servers_text_printf(r->s, "%s/master.cf", r->folder);
	if (!path)
		return err_raise(-ENOMEM);
	int e = servers_open(r->s, path, &file);
	if (e == SERVERS_FILE_ABSENT)
		return err_up(servers_fault(r->s, path, 0, "it is not there"));
	if (e)
		return e > 0 ? 0 : err_up(e);
	struct servers_postfix_cf cf = { buf_slice(&file->text), 1 };
	struct servers_postfix_cf_line line;
	while (!e && servers_postfix_cf_next(&cf, &line)) {
		if (r->server->top->child_count == SERVERS_POSTFIX_SERVICES_MAX)
			return err_up(servers_fault(r->s, path, line.line,
			                            "the services from this line on are too many"));
		e = service_read(r, file->path, &line);
	}
	return err_up(e);
}

/* --- listeners --- */

static bool is_submission(const struct servers_scope *scope, const char *service, uint16_t port)
{
	static const char *const names[] = { "submission", "submissions", "smtps" };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!strcmp(service, names[i]))
			return true;
	const struct servers_setting *auth = servers_setting_own(scope, "smtpd_sasl_auth_enable");
	return port == 587 || port == 465 ||
	       (port != 25 && auth && !strcasecmp(auth->value, "yes"));
}

static uint16_t port_of(const char *service)
{
	static const struct {
		const char *name;
		uint16_t port;
	} ports[] = {
		{ "smtp", 25 },   { "submission", 587 }, { "submissions", 465 },
		{ "smtps", 465 }, { "ssmtp", 465 },      { "qmqp", 628 },
	};
	for (size_t i = 0; i < COUNT_OF(ports); i++)
		if (!strcmp(ports[i].name, service))
			return ports[i].port;
	unsigned port = 0;
	return sscanf(service, "%u", &port) == 1 && port < 65536 ? (uint16_t)port : 0;
}

/* What postscreen hands its clients to. */
static const struct servers_scope *behind_postscreen(const struct servers_scope *top,
                                                     const struct servers_scope *postscreen)
{
	const char *name = servers_value(postscreen, "smtpd_service_name");
	for (size_t i = 0; i < top->child_count; i++) {
		const struct servers_scope *scope = top->children[i];
		size_t len = strlen(name);
		if (!strcmp(scope->type, "service") && !strncmp(scope->name, name, len) &&
		    !strcmp(scope->name + len, ":pass"))
			return scope;
	}
	return postscreen;
}

static bool has_value(const struct servers_scope *scope, const char *name)
{
	return servers_value(scope, name)[0] != '\0';
}

static int listener_add(struct servers_postfix_reading *r, const struct servers_scope *scope,
                        const char *address, const char *service)
{
	bool is_postscreen = !strcmp(servers_value(scope, "master/command"), "postscreen");
	const struct servers_scope *in_force =
		is_postscreen ? behind_postscreen(r->server->top, scope) : scope;
	struct servers_listener listener = {
		.name = scope->name,
		.protocol = SERVERS_SMTP,
		.address = address,
		.port = port_of(service),
		.is_tls = servers_value_is_yes(in_force, "smtpd_tls_wrappermode"),
		.expects_proxy =
			has_value(scope, is_postscreen ? "postscreen_upstream_proxy_protocol"
		                                       : "smtpd_upstream_proxy_protocol"),
		.scope = in_force,
		.block = scope,
	};
	if (is_submission(scope, service, listener.port))
		listener.protocol = SERVERS_SUBMISSION;
	return err_up(servers_listener_add(r->s, r->server, &listener));
}

/* A service without an address is on those of inet_interfaces. */
static int on_interfaces(struct servers_postfix_reading *r, const struct servers_scope *scope,
                         const char *service)
{
	const char *words = servers_value(scope, "inet_interfaces"), *word = NULL;
	size_t len = 0, count = 0;
	int e = 0;
	while (!e && servers_word_next(&words, &word, &len)) {
		const char *address = servers_text(r->s, slice_of(word, len));
		if (!address)
			return err_raise(-ENOMEM);
		address = !strcasecmp(address, "all")             ? "*"
		          : !strcasecmp(address, "loopback-only") ? "127.0.0.1"
		                                                  : address;
		e = listener_add(r, scope, address, service);
		count++;
	}
	if (!e && !count)
		e = listener_add(r, scope, "*", service);
	return err_up(e);
}

static int listener_of(struct servers_postfix_reading *r, const struct servers_scope *scope)
{
	size_t len = strlen(scope->name);
	const char *command = servers_value(scope, "master/command");
	bool is_inet = len > 5 && !strcmp(scope->name + len - 5, ":inet");
	if (!is_inet || (strcmp(command, "smtpd") != 0 && strcmp(command, "postscreen") != 0))
		return 0;
	const char *name = servers_text(r->s, slice_of(scope->name, len - 5));
	if (!name)
		return err_raise(-ENOMEM);
	const char *colon = strrchr(name, ':');
	if (!colon)
		return err_up(on_interfaces(r, scope, name));
	struct slice host = slice_of(name, (size_t)(colon - name));
	if (host.len > 1 && host.data[0] == '[')
		host = slice_of(host.data + 1, host.len - 2);
	const char *address = host.len ? servers_text(r->s, host) : "*";
	return address ? err_up(listener_add(r, scope, address, colon + 1)) : err_raise(-ENOMEM);
}

int servers_postfix_listeners_add(struct servers_postfix_reading *r)
{
	int e = 0;
	for (size_t i = 0; !e && i < r->server->top->child_count; i++)
		e = listener_of(r, r->server->top->children[i]);
	return err_up(e);
}
