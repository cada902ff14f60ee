#include "audit/line.h"

#include "audit/cipher.h"
#include "base/err.h"
#include "servers/endpoint.h"
#include "servers/reader.h"
#include "tls/cipherlist.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* -- lines ------------------------------------------------------------------------------------- */

struct slice audit_line_at(const struct audit *a, const struct servers_place *place)
{
	const struct servers_place one = { place->path, place->line, 1 };
	struct slice text = place->line ? servers_lines_at(a->servers, &one) : (struct slice){};
	return slice_head(text, slice_find(text, '\n'));
}

static size_t indent_of(struct slice line)
{
	size_t n = 0;
	while (n < line.len && (line.data[n] == ' ' || line.data[n] == '\t'))
		n++;
	return n;
}

/* What stands behind the statement: a comment, or nothing. False: another statement does. */
static bool tail_find(struct slice line, const char *end, struct slice *ret_tail)
{
	*ret_tail = (struct slice){};
	if (!*end)
		return true;
	size_t at = slice_find(line, (uint8_t)*end);
	struct slice tail = slice_trim(slice_skip(line, at + 1));
	if (at == line.len || (tail.len && tail.data[0] != '#'))
		return false;
	*ret_tail = tail;
	return true;
}

static bool begins_with_name(struct slice line, const char *name)
{
	line = slice_skip(line, indent_of(line));
	return slice_starts_nocase(line, name) && line.len > strlen(name) &&
	       !isalnum(line.data[strlen(name)]);
}

static const char *statement(const struct audit_at *at, const struct audit_finding *f,
                             const struct audit_line *line)
{
	return servers_text_printf(at->audit->servers, "%s%s%s%s%s%s", f->setting, line->between,
	                           line->quote, f->right, line->quote, line->end);
}

static int replace(const struct audit_at *at, struct audit_finding *f,
                   const struct audit_line *line)
{
	struct slice was = audit_line_at(at->audit, &f->place);
	struct slice tail;
	bool is_alone = begins_with_name(was, f->setting) &&
	                (f->place.lines > 1 ? !*line->end : tail_find(was, line->end, &tail));
	if (f->place.lines > 1)
		tail = (struct slice){};
	if (!f->place.line || !is_alone)
		return 0;
	const char *text =
		servers_text_printf(at->audit->servers, "%.*s%s%s%.*s\n", (int)indent_of(was),
	                            (const char *)was.data, f->mend, tail.len ? " " : "",
	                            (int)tail.len, tail.len ? (const char *)tail.data : "");
	if (!text)
		return err_raise(-ENOMEM);
	f->edit = (struct servers_edit){ f->place.path, f->place.line, f->place.lines, text };
	return 0;
}

/* The block's first line opens it, and nothing else stands there. */
static bool is_opening(const struct audit *a, const struct servers_place *block)
{
	struct slice line = slice_trim(audit_line_at(a, block));
	return line.len && (line.data[line.len - 1] == '{' || line.data[line.len - 1] == '>');
}

static int insert(const struct audit_at *at, struct audit_finding *f, const struct audit_line *line)
{
	struct servers *s = at->audit->servers;
	const struct servers_place *block = line->block;
	const char *path = block ? block->path : line->path ? line->path : at->server->path;
	const char *text = servers_text_printf(s, "%s%s\n",
	                                       block && line->indent ? line->indent : "", f->mend);
	f->mend = block ? servers_text_printf(s, "in the block at %s:%u: %s", path, block->line,
	                                      f->mend)
	                : servers_text_printf(s, "in %s: %s", path, f->mend);
	if (!text || !f->mend)
		return err_raise(-ENOMEM);
	if (block && !is_opening(at->audit, block))
		return 0;
	f->edit = (struct servers_edit){ path, block ? block->line + 1 : 0, 0, text };
	return 0;
}

int audit_line_mend(const struct audit_at *at, struct audit_finding *finding,
                    const struct audit_line *line)
{
	finding->mend = statement(at, finding, line);
	if (!finding->mend)
		return err_raise(-ENOMEM);
	int r = finding->place.path ? replace(at, finding, line) : insert(at, finding, line);
	return r ? err_up(r) : 0;
}

/* -- values ------------------------------------------------------------------------------------ */

bool audit_is_remote(const char *text, size_t len)
{
	struct servers_endpoint e;
	if (!len || memchr(text, '$', len))
		return false;
	servers_endpoint_parse(text, len, &e);
	return e.reach == SERVERS_REACH_REMOTE;
}

bool audit_is_remote_text(const char *text)
{
	return audit_is_remote(text, strlen(text));
}

bool audit_is_old_version(const struct audit *a, const char *word, size_t len)
{
	static const struct {
		const char *name;
		enum tls_version version;
	} names[] = { { "tls1_0", TLS_1_0 }, { "tls1_1", TLS_1_1 }, { "tls1_2", TLS_1_2 } };
	struct slice text = slice_of(word, len);
	enum tls_version version = audit_version_of(word, len);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_equal_nocase(text, slice_str(names[i].name)))
			version = names[i].version;
	return slice_starts_nocase(text, "ssl") || (version && version < a->profile->min_version);
}

bool audit_has_old_version(const struct audit *a, const char *list)
{
	while (*list) {
		list += strspn(list, " \t,:");
		size_t len = strcspn(list, " \t,:");
		if (audit_is_old_version(a, list, len))
			return true;
		list += len;
	}
	return false;
}

bool audit_is_spare(const struct audit_at *at)
{
	const struct servers_setting *own = servers_setting_own(at->scope, at->row->setting);
	for (size_t i = 0; own && i < at->server->listener_count; i++) {
		const struct servers_listener *l = at->server->listeners[i];
		bool has_tls = l->is_tls || *servers_value(l->scope, "starttls");
		if (has_tls && audit_is_open(l) &&
		    servers_setting_find(l->scope, at->row->setting) == own)
			return false;
	}
	return own != NULL;
}

/* What is empty is the library's choice, and what the OpenSSL here does not understand is not
 * judged. */
enum advice_verdict audit_judge_ciphers(const struct audit_at *at, const char *value)
{
	unsigned classes = 0;
	if (tls_cipherlist_classes(*value ? value : "DEFAULT", &classes))
		return ADVICE_WELL;
	unsigned beyond = audit_ciphers_beyond(at->audit->profile, ADVICE_USERS, classes);
	return audit_ciphers_verdict(ADVICE_USERS, beyond);
}

const char *audit_right_ciphers(const struct audit_at *at)
{
	return audit_ciphers_list(at->audit->profile, ADVICE_USERS);
}
