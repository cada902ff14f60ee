/* How a setting of Dovecot is changed: its own line, or one behind all others. */
#include "audit/write.h"

#include "audit/line.h"
#include "base/err.h"

#include <errno.h>

/* The name stays as it is written: within a block it may be a short one. */
static int in_place(const struct audit_at *at, const struct servers_setting *setting,
                    struct audit_finding *finding)
{
	struct servers *s = at->audit->servers;
	struct slice line = audit_line_at(at->audit, &setting->place);
	size_t equals = slice_find(line, '=');
	const char *text =
		servers_text_printf(s, "%.*s= %s\n", (int)equals,
	                            line.len ? (const char *)line.data : "", finding->right);
	struct slice plain = text ? slice_trim(slice_of(text, strlen(text) - 1)) : (struct slice){};
	finding->mend =
		servers_text_printf(s, "%s:%u: %.*s", setting->place.path, setting->place.line,
	                            (int)plain.len, plain.len ? (const char *)plain.data : "");
	finding->edit = (struct servers_edit){ setting->place.path, setting->place.line,
		                               setting->place.lines, text };
	return text && finding->mend ? 0 : err_raise(-ENOMEM);
}

static int mend(const struct audit_at *at, struct audit_finding *finding)
{
	const struct servers_setting *setting = servers_setting_find(at->scope, finding->setting);
	if (setting && setting->place.line)
		return err_up(in_place(at, setting, finding));
	struct servers *s = at->audit->servers;
	const char *text = servers_text_printf(s, "%s = %s\n", finding->setting, finding->right);
	finding->mend = servers_text_printf(s, "%s: %s = %s", at->server->path, finding->setting,
	                                    finding->right);
	finding->edit = (struct servers_edit){ at->server->path, 0, 0, text };
	return text && finding->mend ? 0 : err_raise(-ENOMEM);
}

const struct audit_writer audit_write_dovecot = { mend };
