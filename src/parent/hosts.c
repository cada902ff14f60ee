/* The hosts file for resolver, which has none of its own, and what it made of the names in our
 * settings, for the status. */
#include "parent/hosts.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <jansson.h>

enum { FILE_MAX = 1024 * 1024 };

void parent_hosts_send(struct parent *p)
{
	CLEAN(buf_deinit) struct buf text = {};
	const struct conf_settings *s = p->plan->settings;
	const char *path = s->resolver.hosts_file;
	if (!conf_has_host_names(s) || !path)
		return;
	p->hosts_time = file_time(path);
	int r = file_read(&text, path, FILE_MAX, NULL);
	if (r && r != -ENOENT)
		log_warn(NULL, "hosts file cannot be read", kv_str("file", path),
		         kv_str("error", file_error(r)));
	parent_send(&p->resolver, PROC_MSG_HOSTS_FILE, buf_slice(&text), -1);
}

void parent_hosts_watch(struct parent *p)
{
	const struct conf_settings *s = p->plan ? p->plan->settings : NULL;
	if (!s || !p->resolver.chan || !conf_has_host_names(s) || !s->resolver.hosts_file)
		return;
	const struct timespec now = file_time(s->resolver.hosts_file);
	if (!file_time_is_same(now, p->hosts_time))
		parent_hosts_send(p);
}

void parent_hosts_came(struct parent *p, struct slice list)
{
	buf_clear(&p->hosts);
	if (buf_add(&p->hosts, list))
		log_warn(NULL, "addresses of hosts cannot be shown in the status");
}

static struct slice word_take(struct slice *line)
{
	size_t space = slice_find(*line, ' ');
	struct slice word = slice_head(*line, space);
	*line = slice_skip(*line, space + 1);
	return word;
}

static json_t *addresses_json(struct slice text)
{
	json_t *list = json_array();
	while (text.len) {
		size_t comma = slice_find(text, ',');
		struct slice one = slice_head(text, comma);
		json_array_append_new(list, json_stringn((const char *)one.data, one.len));
		text = slice_skip(text, comma + 1);
	}
	return list;
}

/* "NAME SOURCE ADDRESS,ADDRESS WHY" */
static json_t *host_json(struct slice line)
{
	struct slice name = word_take(&line), source = word_take(&line);
	struct slice addresses = word_take(&line);
	return json_pack("{s:s%, s:s%, s:o, s:s%}", "name", name.data, name.len, "by", source.data,
	                 source.len, "addresses", addresses_json(addresses), "error",
	                 line.len ? (const char *)line.data : "", line.len);
}

json_t *parent_hosts_json(const struct parent *p)
{
	json_t *list = json_array();
	struct slice rest = buf_slice(&p->hosts);
	struct slice line;
	while (slice_line_next(&rest, &line))
		json_array_append_new(list, host_json(line));
	return list;
}
