#include "check/mended.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

enum { SMTP_PORT = 25 };

/* What a word of the examples becomes; NULL: it stays. */
struct name {
	const char *example;
	const char *is;
};

static bool is_plain_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	size_t len = strlen(name);
	return len && name[0] != '-' && name[0] != '.' && strspn(name, letters) == len;
}

static const char *plain_or_null(const char *name)
{
	return name && is_plain_name(name) ? name : NULL;
}

static const char *first_mx(const struct check_domain *d)
{
	return d->host_count && d->hosts[0].is_mx ? d->hosts[0].name : NULL;
}

/* With an MX host a finding is of that one, wherever it stands in the list of findings. */
static const char *host_of(const struct check_report *report, const struct check_finding *f,
                           bool is_mx)
{
	const struct check_domain *d = report->domain;
	if (f->endpoint && (f->endpoint->port == SMTP_PORT) == is_mx)
		return f->endpoint->host;
	for (unsigned i = 0; i < d->host_count; i++)
		if (d->hosts[i].is_mx == is_mx && !strcmp(d->hosts[i].name, f->place))
			return d->hosts[i].name;
	if (is_mx)
		return first_mx(d);
	for (unsigned i = 0; i < d->endpoint_count; i++)
		if (d->endpoints[i]->port != SMTP_PORT && d->endpoints[i]->reach == CHECK_OPEN)
			return d->endpoints[i]->host;
	return NULL;
}

static const struct check_endpoint *mx_endpoint(const struct check_domain *d, const char *host)
{
	for (unsigned i = 0; host && i < d->endpoint_count; i++) {
		const struct check_endpoint *e = d->endpoints[i];
		if (e->port == SMTP_PORT && e->chain.sent_count && !strcmp(e->host, host))
			return e;
	}
	return NULL;
}

static const struct name *name_at(const struct name *names, const char *text)
{
	for (; names->example; names++)
		if (!strncmp(text, names->example, strlen(names->example)))
			return names;
	return NULL;
}

static int replaced(struct buf *out, const struct name *names, const char *text)
{
	const char *from = text;
	int r = 0;
	while (*text && !r) {
		const struct name *n = name_at(names, text);
		if (!n || !n->is) {
			text += n ? strlen(n->example) : 1;
			continue;
		}
		r = buf_add(out, slice_of(from, (size_t)(text - from)));
		if (!r)
			r = buf_add_str(out, n->is);
		from = text += strlen(n->example);
	}
	return r ? err_up(r) : err_up(buf_add_str(out, from));
}

const char *check_mended(struct buf *room, const struct check_report *report,
                         const struct check_finding *f, const char *text)
{
	const char *mx = plain_or_null(host_of(report, f, true));
	const struct check_endpoint *e = mx_endpoint(report->domain, mx);
	char record[sizeof("3 1 1 ") + 2 * sizeof(e->chain.spki)] = "3 1 1 ";
	for (size_t i = 0; e && i < sizeof(e->chain.spki); i++)
		snprintf(record + strlen("3 1 1 ") + 2 * i, 3, "%02x", e->chain.spki[i]);
	const struct name names[] = {
		{ "mx.example.org", mx },
		{ "mail.example.org", plain_or_null(host_of(report, f, false)) },
		{ "example.org", plain_or_null(report->domain->name) },
		{ "3 1 1 KEY-SHA256", e ? record : NULL },
		{},
	};
	buf_clear(room);
	if (replaced(room, names, text) || buf_add(room, slice_of("", 1)))
		return text;
	return (const char *)buf_slice(room).data;
}
