#include "servers/begin.h"

#include "base/clean.h"
#include "base/err.h"

static int defaults_add(struct servers *s, struct servers_server *server,
                        const struct servers_known *known)
{
	struct servers_scope *defaults = NULL;
	int r = servers_scope_add(s, NULL, "", "", &defaults);
	if (r)
		return err_up(r);
	server->top->parent = defaults;
	for (; !r && known && known->name; known++) {
		const struct servers_setting said = { .name = known->name,
			                              .value = known->value,
			                              .is_default = true };
		r = servers_setting_add(s, defaults, &said);
	}
	return err_up(r);
}

int servers_begin(struct servers *s, const struct servers_begin *begin,
                  struct servers_server **ret_server, struct servers_file **ret_file)
{
	*ret_file = NULL;
	int r = servers_open(s, begin->path, ret_file);
	if (r) {
		*ret_file = NULL;
		return r > 0 ? 0 : err_up(r);
	}
	r = servers_add(s, begin->kind, ret_server);
	if (r)
		return err_up(r);
	(*ret_server)->path = (*ret_file)->path;
	for (size_t i = 0; i < COUNT_OF(begin->packages) && begin->packages[i]; i++)
		if (!(*ret_server)->version)
			(*ret_server)->version = servers_package_version(s, begin->packages[i]);
	return defaults_add(s, *ret_server, begin->defaults);
}

int servers_renamed_add(struct servers *s, struct servers_server *server,
                        const struct servers_renamed *names, size_t count)
{
	int r = 0;
	for (size_t i = 0; !r && i < count; i++) {
		const struct servers_setting *older =
			servers_setting_own(server->top, names[i].older);
		if (!older || servers_setting_own(server->top, names[i].newer))
			continue;
		struct servers_setting said = *older;
		said.name = names[i].newer;
		r = servers_setting_add(s, server->top, &said);
	}
	return err_up(r);
}

const char *servers_nest_enter(struct servers_nest *nest)
{
	if (nest->depth == SERVERS_NEST_DEPTH_MAX)
		return "files that include each other too deeply";
	if (nest->total == SERVERS_NEST_TOTAL_MAX)
		return "more files are included than are read";
	nest->depth++;
	nest->total++;
	return NULL;
}

int servers_include_read(struct servers *s, const char *path, const struct servers_include *include)
{
	struct servers_file *file = NULL;
	const struct servers_place was = *include->place;
	int r = servers_open(s, path, &file);
	if (r)
		return r < 0 ? err_up(r) : 0;
	const char *why = servers_nest_enter(include->nest);
	if (why) {
		r = servers_fault(s, was.path, was.line, "%s", why);
		return r ? err_up(r) : SERVERS_NEST_STOP;
	}
	r = include->fn(include->owner, file);
	include->nest->depth--;
	*include->place = was;
	return r;
}

static const struct port {
	const char *name;
	uint16_t number;
	enum servers_protocol protocol;
} ports[] = {
	{ "smtp", 25, SERVERS_SMTP },           { "submission", 587, SERVERS_SUBMISSION },
	{ "smtps", 465, SERVERS_SUBMISSION },   { "submissions", 465, SERVERS_SUBMISSION },
	{ "ssmtp", 465, SERVERS_SUBMISSION },   { "urd", 465, SERVERS_SUBMISSION },
	{ "lmtp", 24, SERVERS_LMTP },           { "imap", 143, SERVERS_IMAP },
	{ "imap2", 143, SERVERS_IMAP },         { "imaps", 993, SERVERS_IMAP },
	{ "pop3", 110, SERVERS_POP3 },          { "pop3s", 995, SERVERS_POP3 },
	{ "sieve", 4190, SERVERS_MANAGESIEVE }, { "http", 80, SERVERS_HTTP },
	{ "https", 443, SERVERS_HTTP },
};

uint16_t servers_port_of(const char *text, size_t len)
{
	unsigned number = 0;
	for (size_t i = 0; i < COUNT_OF(ports); i++)
		if (slice_equal_nocase(slice_of(text, len), slice_str(ports[i].name)))
			return ports[i].number;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || i == 5)
			return 0;
		number = number * 10 + (unsigned)(text[i] - '0');
	}
	return number > UINT16_MAX ? 0 : (uint16_t)number;
}

enum servers_protocol servers_port_protocol(uint16_t port)
{
	for (size_t i = 0; i < COUNT_OF(ports); i++)
		if (ports[i].number == port)
			return ports[i].protocol;
	return SERVERS_INTERNAL;
}
