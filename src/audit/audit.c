#include "audit/audit.h"

#include "audit/others.h"
#include "audit/ruleset.h"
#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdlib.h>

const struct audit_software audit_softwares[SERVERS_KIND_COUNT] = {
	[SERVERS_POSTFIX] = { audit_postfix },     [SERVERS_DOVECOT] = { audit_dovecot },
	[SERVERS_EXIM] = { audit_exim },           [SERVERS_OPENSMTPD] = { audit_opensmtpd },
	[SERVERS_CYRUS] = { audit_cyrus },         [SERVERS_COURIER] = { audit_courier },
	[SERVERS_NGINX] = { audit_nginx },         [SERVERS_APACHE] = { audit_apache },
	[SERVERS_ROUNDCUBE] = { audit_roundcube }, [SERVERS_SNAPPYMAIL] = { audit_snappymail },
	[SERVERS_SENDMAIL] = { audit_sendmail },   [SERVERS_HAPROXY] = { audit_haproxy },
	[SERVERS_HITCH] = { audit_hitch },         [SERVERS_STUNNEL] = { audit_stunnel },
	[SERVERS_RSPAMD] = { audit_rspamd },       [SERVERS_AMAVIS] = { audit_filter },
	[SERVERS_CLAMAV] = { audit_filter },       [SERVERS_SPAMD] = { audit_filter },
	[SERVERS_REDIS] = { audit_redis },         [SERVERS_MILTER] = { audit_filter },
};

bool audit_has_rules(enum servers_kind kind)
{
	return audit_softwares[kind].run != NULL;
}

/* --- findings --- */

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* One change that mends two services is one finding. */
static bool is_same(const struct audit_finding *a, const struct audit_finding *b)
{
	return a->rule == b->rule && a->server == b->server && a->place.line == b->place.line &&
	       is_same_text(a->value, b->value) && is_same_text(a->place.path, b->place.path) &&
	       is_same_text(a->mend, b->mend) && is_same_text(a->edit.path, b->edit.path) &&
	       a->edit.line == b->edit.line && is_same_text(a->edit.text, b->edit.text);
}

static int merge(struct audit *a, struct audit_finding *into, const struct audit_finding *more)
{
	if (more->verdict > into->verdict)
		into->verdict = more->verdict;
	if (!into->service[0] || !more->service[0]) {
		into->service = "";
		return 0;
	}
	if (strstr(into->service, more->service))
		return 0;
	into->service = servers_text_printf(a->servers, "%s, %s", into->service, more->service);
	return into->service ? 0 : err_raise(-ENOMEM);
}

/* Each is compared with all before it: a file of somebody else's does not keep us for hours. */
static int full_say(struct audit *a, const struct audit_finding *finding)
{
	const struct servers_server *server = finding->server;
	a->is_full = true;
	return err_up(servers_fault(a->servers, server ? server->path : "", 0,
	                            "more is to be mended than is told: mend that first"));
}

int audit_add(struct audit *a, const struct audit_finding *finding)
{
	if (a->is_full)
		return 0;
	for (size_t i = 0; i < a->finding_count; i++)
		if (is_same(&a->findings[i], finding))
			return err_up(merge(a, &a->findings[i], finding));
	if (a->finding_count == AUDIT_FINDINGS_MAX)
		return err_up(full_say(a, finding));
	struct audit_finding *findings =
		reallocarray(a->findings, a->finding_count + 1, sizeof(*findings));
	if (!findings)
		return err_raise(-ENOMEM);
	a->findings = findings;
	struct audit_finding *added = &findings[a->finding_count++];
	*added = *finding;
	added->service = finding->service ? finding->service : "";
	added->value = finding->value ? finding->value : "";
	added->verdict = finding->verdict ? finding->verdict : finding->rule->verdict;
	return 0;
}

static size_t server_place(const struct audit *a, const struct servers_server *server)
{
	size_t i = 0;
	while (i < a->servers->server_count && a->servers->servers[i] != server)
		i++;
	return i;
}

/* Few, and those of a server stay in the order of its rules. */
static void sort(struct audit *a)
{
	for (size_t i = 1; i < a->finding_count; i++) {
		struct audit_finding one = a->findings[i];
		size_t at = i, place = server_place(a, one.server);
		for (; at > 0; at--) {
			const struct audit_finding *before = &a->findings[at - 1];
			size_t its = server_place(a, before->server);
			if (its < place || (its == place && before->verdict >= one.verdict))
				break;
			a->findings[at] = *before;
		}
		a->findings[at] = one;
	}
}

int audit_run(struct audit *a)
{
	int r = 0;
	for (size_t i = 0; !r && i < a->servers->server_count; i++) {
		const struct servers_server *server = a->servers->servers[i];
		if (audit_has_rules(server->kind))
			r = audit_softwares[server->kind].run(a, server);
		if (!r)
			r = audit_fronts(a, server);
	}
	sort(a);
	return err_up(r);
}

void audit_deinit(struct audit *a)
{
	free(a->findings);
	a->findings = NULL;
	a->finding_count = 0;
}

size_t audit_count(const struct audit *a)
{
	size_t count = 0;
	for (size_t i = 0; i < a->finding_count; i++)
		count += a->findings[i].verdict > ADVICE_INFO;
	return count;
}

/* --- the patch --- */

static bool has_change(const struct audit_finding *finding)
{
	return finding->edit.path && finding->verdict > ADVICE_INFO;
}

/* All of one file, each change once. */
static int file_patch(const struct audit *a, size_t first, struct buf *out)
{
	const char *path = a->findings[first].edit.path;
	const struct servers_file *file = servers_file_find(a->servers, path);
	CLEAN(freep) struct servers_edit *edits = calloc(a->finding_count, sizeof(*edits));
	if (!edits)
		return err_raise(-ENOMEM);
	size_t count = 0;
	for (size_t i = first; i < a->finding_count; i++) {
		const struct servers_edit *edit = &a->findings[i].edit;
		bool is_known = !has_change(&a->findings[i]) || strcmp(edit->path, path) != 0;
		for (size_t k = 0; !is_known && k < count; k++)
			is_known =
				edits[k].line == edit->line && !strcmp(edits[k].text, edit->text);
		if (!is_known)
			edits[count++] = *edit;
	}
	struct slice text = file ? buf_slice(&file->text) : (struct slice){};
	return err_up(servers_edit_patch(out, path, text, edits, count));
}

static bool is_first_of_file(const struct audit *a, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (has_change(&a->findings[i]) &&
		    !strcmp(a->findings[i].edit.path, a->findings[at].edit.path))
			return false;
	return true;
}

int audit_patch(const struct audit *a, struct buf *out)
{
	int r = 0;
	for (size_t i = 0; !r && i < a->finding_count; i++)
		if (has_change(&a->findings[i]) && is_first_of_file(a, i))
			r = file_patch(a, i, out);
	return err_up(r);
}
