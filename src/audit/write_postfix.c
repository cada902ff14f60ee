/* How a setting of Postfix is changed: by postconf, or as lines of main.cf and master.cf. */
#include "audit/write.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdlib.h>

static size_t folder_length(const struct servers_server *server)
{
	const char *slash = strrchr(server->path, '/');
	return slash ? (size_t)(slash - server->path) : 0;
}

/* "postconf -c /etc/postfix-out -e", without -c for the first instance. */
static const char *command(struct audit *a, const struct servers_server *server, const char *letter,
                           const char *what)
{
	int len = (int)folder_length(server);
	bool is_usual = !strncmp(server->path, "/etc/postfix/", 13);
	return is_usual ? servers_text_printf(a->servers, "postconf %s '%s'", letter, what)
	                : servers_text_printf(a->servers, "postconf -c %.*s %s '%s'", len,
	                                      server->path, letter, what);
}

static int top_mend(struct audit *a, const struct servers_server *server, const char *name,
                    struct audit_finding *finding)
{
	const struct servers_setting *own = servers_setting_own(server->top, name);
	const char *what = servers_text_printf(a->servers, "%s = %s", name, finding->right);
	const char *line = what ? servers_text_printf(a->servers, "%s\n", what) : NULL;
	finding->mend = what ? command(a, server, "-e", what) : NULL;
	finding->edit = (struct servers_edit){ server->path, 0, 0, line };
	if (own && own->place.line) {
		finding->edit.path = own->place.path;
		finding->edit.line = own->place.line;
		finding->edit.lines = own->place.lines;
	}
	return line && finding->mend ? 0 : err_raise(-ENOMEM);
}

/* Where in the lines the override's "name = value" stands: up to a blank, or a brace. */
static struct slice override_find(struct slice lines, const char *name)
{
	size_t len = strlen(name);
	for (struct slice at = lines; at.len > len; at = slice_skip(at, 1)) {
		struct slice rest = slice_skip(at, len);
		bool is_begin = at.data == lines.data || strchr(" \t\n{o", at.data[-1]);
		if (!is_begin || memcmp(at.data, name, len) != 0)
			continue;
		bool is_braced = rest.data[0] != '=';
		while (rest.len && (rest.data[0] == ' ' || rest.data[0] == '\t'))
			rest = slice_skip(rest, 1);
		if (!rest.len || rest.data[0] != '=')
			continue;
		size_t end = 0;
		while (end < rest.len && !strchr(is_braced ? "}" : " \t\r\n}", rest.data[end]))
			end++;
		return slice_of(at.data, (size_t)(rest.data + end - at.data));
	}
	return (struct slice){};
}

static int override_mend(struct audit *a, const struct servers_setting *own,
                         struct audit_finding *finding)
{
	struct slice lines = servers_lines_at(a->servers, &own->place);
	struct slice old = override_find(lines, own->name);
	if (!old.len)
		return 0;
	size_t before = (size_t)(old.data - lines.data);
	struct slice rest = slice_skip(lines, before + old.len);
	const char *text = servers_text_printf(
		a->servers, "%.*s%s=%s%.*s", (int)before, (const char *)lines.data, own->name,
		finding->right, (int)rest.len, rest.len ? (const char *)rest.data : "");
	finding->edit =
		(struct servers_edit){ own->place.path, own->place.line, own->place.lines, text };
	return text ? 0 : err_raise(-ENOMEM);
}

/* "smtp:inet" is "smtp/inet" for postconf -P. */
static const char *service_path(struct audit *a, const struct servers_scope *scope,
                                const char *name, const char *right)
{
	const char *colon = strrchr(scope->name, ':');
	int len = colon ? (int)(colon - scope->name) : 0;
	return servers_text_printf(a->servers, "%.*s/%s/%s=%s", len, scope->name,
	                           colon ? colon + 1 : "", name, right);
}

static int service_mend(struct audit *a, const struct servers_server *server,
                        const struct servers_scope *scope, struct audit_finding *finding)
{
	const struct servers_setting *own = servers_setting_own(scope, finding->setting);
	const char *what = service_path(a, scope, finding->setting, finding->right);
	finding->mend = what ? command(a, server, "-P", what) : NULL;
	if (!finding->mend)
		return err_raise(-ENOMEM);
	if (own)
		return err_up(override_mend(a, own, finding));
	const char *text = servers_text_printf(
		a->servers, strpbrk(finding->right, " \t") ? "  -o { %s = %s }\n" : "  -o %s=%s\n",
		finding->setting, finding->right);
	finding->edit = (struct servers_edit){ scope->place.path,
		                               scope->place.line + scope->place.lines, 0, text };
	return text ? 0 : err_raise(-ENOMEM);
}

/* For a submission service an override of its own is right; else what main.cf says is changed
 * where it is said. */
static int mend(const struct audit_at *at, struct audit_finding *finding)
{
	bool is_users = at->listener && at->listener->protocol == SERVERS_SUBMISSION;
	bool has_own =
		at->scope != at->server->top && servers_setting_own(at->scope, finding->setting);
	if (has_own || is_users)
		return err_up(service_mend(at->audit, at->server, at->scope, finding));
	return err_up(top_mend(at->audit, at->server, finding->setting, finding));
}

const struct audit_writer audit_write_postfix = { mend };
