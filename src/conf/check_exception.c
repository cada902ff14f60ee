/* Dated exceptions: of which edge, what they open, and until when. */
#include "conf/check.h"

#include "conf/exception.h"
#include "conf/nearest.h"
#include "conf/tables_inside.h"
#include "conf/value.h"

#include <string.h>

enum { EXCEPTION_DAYS_MAX = 180 };

static const struct conf_edge *edge_named(const struct conf_settings *s, const char *name,
                                          struct conf_nearest *nearest)
{
	for (size_t i = 0; i < s->edge_count; i++) {
		if (!strcmp(s->edges[i].name, name))
			return &s->edges[i];
		conf_nearest_try(nearest, s->edges[i].name);
	}
	return NULL;
}

static void exception_edge(struct conf_reader *r, const struct conf_exception *e, const char *path)
{
	struct conf_nearest nearest = { .text = e->edge };
	const struct conf_edge *edge = edge_named(r->settings, e->edge, &nearest);
	if (!edge) {
		conf_complain(r, path, "no edge is called \"%.100s\"", e->edge);
		if (nearest.best)
			conf_mend(r, "did you mean \"%s\"?", nearest.best);
	} else if (e->allow_plain_login &&
	           (edge->auth == CONV_AUTH_OFF || conf_protocol_is_spliced(edge->protocol))) {
		conf_complain(r, path,
		              "edge \"%s\" takes no logins, so \"plain-login\" opens nothing",
		              edge->name);
		conf_mend(r, "take \"plain-login\" out");
	}
	if (edge && e->allow_version && edge->is_passthrough) {
		conf_complain(r, path,
		              "the TLS of edge \"%s\" is its backend's, so this opens nothing",
		              edge->name);
		conf_mend(r, "take \"tls%s\" out, and allow it there",
		          conf_version_name(e->allow_version));
	} else if (edge && e->allow_version && e->allow_version >= edge->tls.min_version) {
		conf_warn(r, path, "edge \"%s\" allows TLS %s to everybody", edge->name,
		          conf_version_name(e->allow_version));
		conf_mend(r, "take \"tls%s\" out", conf_version_name(e->allow_version));
	}
}

/* True: it is over. */
static bool exception_date(struct conf_reader *r, const struct conf_exception *e, const char *path)
{
	char last[32];
	if (!e->until_s)
		return false; /* not a date: said already */
	int64_t days_left = conf_exception_days_left(e, r->now_s);
	conf_exception_last_day(e, last);
	if (days_left > EXCEPTION_DAYS_MAX) {
		conf_complain(r, path, "%s is %lld days ahead", last, (long long)days_left);
		conf_mend(r, "an exception runs %d days at most; renew it when it still must be",
		          EXCEPTION_DAYS_MAX);
	} else if (days_left < 0) {
		conf_warn(r, path, "it ended on %s and allows nothing now", last);
		conf_mend(r, "take the exception out");
		return true;
	} else if (days_left <= CONF_EXCEPTION_DAYS_NOTICE) {
		conf_warn(r, path, "it ends in %lld days, after %s", (long long)days_left, last);
	}
	return false;
}

static void exception_drop(struct conf_settings *s, size_t index)
{
	const struct conf_group *group = &conf_group_exception;
	struct conf_exception *e = &s->exceptions[index];
	for (size_t i = 0; i < group->row_count; i++) {
		const struct conf_type_ops *ops = conf_type_ops_of(group->rows[i].type);
		if (ops->clear)
			ops->clear(&group->rows[i], e);
	}
	memmove(e, e + 1, (s->exception_count - index - 1) * sizeof(*e));
	s->exception_count--;
}

void conf_check_exceptions(struct conf_reader *r)
{
	struct conf_settings *s = r->settings;
	size_t written = 0; /* index in the file: those that are over are taken out */
	for (size_t i = 0; i < s->exception_count; written++) {
		char path[CONF_PATH_MAX];
		snprintf(path, sizeof(path), "exception[%zu].edge", written);
		if (s->exceptions[i].edge)
			exception_edge(r, &s->exceptions[i], path);
		snprintf(path, sizeof(path), "exception[%zu].until", written);
		if (exception_date(r, &s->exceptions[i], path))
			exception_drop(s, i);
		else
			i++;
	}
}
