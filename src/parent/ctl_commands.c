/* What can be asked at the control socket, and who answers. */
#include "parent/acme.h"
#include "parent/bans.h"
#include "parent/ctl.h"
#include "parent/ctl_inside.h"
#include "parent/drain.h"
#include "parent/ledger.h"
#include "parent/rollover.h"
#include "parent/status.h"
#include "parent/watch.h"

#include "base/clean.h"
#include "conf/value.h"
#include "proc/ctl.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum {
	STATUS_WAIT_MS = 2000,
	FORGET_WAIT_MS = 60000,
	PLAN_WAIT_MS = 30000,
	UPGRADE_WAIT_MS = 60000, /* more than parent/upgrade.c takes for its answer */
	USER_MAX = 255,
};

static json_t *result_json(bool is_well, const char *message)
{
	return json_pack("{s:b, s:s}", "ok", is_well, "message", message);
}

void parent_ctl_late(struct asker *a)
{
	if (a->wants_status)
		/* with what is known of who did not answer */
		parent_ctl_answer(a, parent_status_json(a->ctl->parent, false));
	else if (a->wants_planned)
		parent_ctl_answer(a,
		                  result_json(false, "keys did not answer in time, see the log"));
	else if (a->wants_forgot)
		parent_ctl_answer(a, result_json(false, "the ledger did not answer in time"));
	else
		parent_ctl_answer(a, NULL);
}

static bool is_waiting(const struct parent *p)
{
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i] && p->workers[i]->chan && p->workers[i]->is_asked)
			return true;
	return (p->ledger.chan && p->ledger.is_asked) || parent_watches_are_asked(p);
}

void parent_ctl_status_came(struct parent *p)
{
	if (!p->ctl || is_waiting(p))
		return;
	for (struct asker *a = p->ctl->askers; a; a = a->next)
		if (a->wants_status)
			parent_ctl_answer(a, parent_status_json(p, false));
}

void parent_ctl_numbers_ask(struct parent *p)
{
	uint8_t payload[4] = {};
	for (unsigned i = 0; i < p->worker_count; i++) {
		if (!p->workers[i] || !p->workers[i]->chan)
			continue;
		p->workers[i]->is_asked = true;
		parent_send(p->workers[i], PROC_MSG_STATUS_ASK, slice_of(payload, sizeof(payload)),
		            -1);
	}
	parent_ledger_ask(p);
	parent_watches_ask(p);
}

static void status_do(struct asker *a, const char *word)
{
	struct parent *p = a->ctl->parent;
	(void)word;
	a->wants_status = true;
	io_deadline_arm(p->loop, &a->late, STATUS_WAIT_MS);
	parent_ctl_numbers_ask(p);
	parent_ctl_status_came(p);
}

static void upgrade_do(struct asker *a, const char *binary)
{
	struct parent *p = a->ctl->parent;
	const char *against = parent_upgrade_against(p);
	if (against) {
		parent_ctl_answer(a, result_json(false, against));
		return;
	}
	a->wants_upgrade = true;
	io_deadline_arm(p->loop, &a->late, UPGRADE_WAIT_MS);
	parent_upgrade_begin(p, binary);
}

void parent_ctl_upgrade_answer(struct parent *p, bool is_well, const char *message)
{
	for (struct asker *a = p->ctl ? p->ctl->askers : NULL; a; a = a->next)
		if (a->wants_upgrade)
			parent_ctl_answer(a, result_json(is_well, message));
}

/* What a domain had before is forgotten: mail that waits for it goes with the next try. */
static void release_do(struct asker *a, const char *domain)
{
	struct parent *p = a->ctl->parent;
	char name[256];
	bool is_domain = strlen(domain) < sizeof(name) && conf_hostname_is_valid(domain);
	if (!p->resolver.chan || !is_domain) {
		parent_ctl_answer(a, result_json(false, is_domain ? "no relay is configured"
		                                                  : "that is no domain"));
		return;
	}
	for (size_t i = 0; i <= strlen(domain); i++) /* as hosts are remembered */
		name[i] =
			(char)(domain[i] >= 'A' && domain[i] <= 'Z' ? domain[i] | 0x20 : domain[i]);
	parent_send(&p->resolver, PROC_MSG_RELEASE, slice_str(name), -1);
	parent_ctl_answer(a, result_json(true, "released, see the log"));
}

/* By the ledger itself: what it holds in memory would come back. */
static void forget_do(struct asker *a, const char *user)
{
	struct parent *p = a->ctl->parent;
	if (!p->ledger.is_ready || !user[0] || strlen(user) > USER_MAX) {
		parent_ctl_answer(
			a, result_json(false,
		                       p->ledger.is_ready
		                               ? "that is no user"
		                               : "there is no ledger, or not now: see the log"));
		return;
	}
	uint8_t payload[4 + USER_MAX];
	struct proc_packer packer = proc_packer_over(payload, sizeof(payload));
	a->wants_forgot = ++a->ctl->forgets;
	proc_pack_u32(&packer, a->wants_forgot);
	proc_pack_raw(&packer, slice_str(user));
	io_deadline_arm(p->loop, &a->late, FORGET_WAIT_MS);
	parent_send(&p->ledger, PROC_MSG_FORGET, proc_packed(&packer), -1);
}

void parent_ctl_forgot_came(struct parent *p, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t request, rows;
	uint8_t has_failed;
	char text[80];
	if (!proc_unpack_u32(&u, &request) || !proc_unpack_u32(&u, &rows) ||
	    !proc_unpack_u8(&u, &has_failed))
		return;
	snprintf(text, sizeof(text), "forgotten: %u rows", (unsigned)rows);
	for (struct asker *a = p->ctl ? p->ctl->askers : NULL; a; a = a->next)
		if (request && a->wants_forgot == request)
			parent_ctl_answer(
				a, has_failed
					   ? result_json(false, "it could not be done, see the log")
					   : result_json(true, text));
}

void parent_ctl_forgot_lost(struct parent *p)
{
	for (struct asker *a = p->ctl ? p->ctl->askers : NULL; a; a = a->next)
		if (a->wants_forgot)
			parent_ctl_answer(a, result_json(false, "the ledger died; ask again"));
}

static void told(struct asker *a, const char *against, const char *done)
{
	parent_ctl_answer(a, result_json(!against, against ? against : done));
}

/* keys makes the next key; parent_ctl_planned() answers. */
static void tlsa_plan_do(struct asker *a, const char *name)
{
	struct parent *p = a->ctl->parent;
	a->wants_planned = ++a->ctl->plans;
	io_deadline_arm(p->loop, &a->late, PLAN_WAIT_MS);
	const char *against = parent_rollover_plan(p, name, a->wants_planned);
	if (against)
		told(a, against, NULL);
}

void parent_ctl_planned(struct parent *p, uint32_t request, const char *against)
{
	for (struct asker *a = p->ctl ? p->ctl->askers : NULL; a; a = a->next)
		if (request && a->wants_planned == request)
			told(a, against, "planned");
}

static void ban_do(struct asker *a, const char *text)
{
	bool is_user = false;
	const char *against = parent_bans_put(a->ctl->parent, text, &is_user);
	told(a, against, is_user ? "banned, as a user's name" : "banned");
}

static void reload_do(struct asker *a, const char *word)
{
	(void)word;
	int r = parent_reload(a->ctl->parent);
	parent_ctl_answer(
		a,
		result_json(!r, r ? "the file has errors, see the log and `mailseal config check`; "
	                            "nothing was changed"
	                          : "reloading, see the log"));
}

static void reports_send_do(struct asker *a, const char *day)
{
	told(a, parent_tlsrpt_send(a->ctl->parent, day), "sending, see the log");
}

static void unban_do(struct asker *a, const char *text)
{
	told(a, parent_bans_lift(a->ctl->parent, text), "not banned any more");
}

static void bans_do(struct asker *a, const char *word)
{
	(void)word;
	parent_ctl_answer(a, json_pack("{s:o}", "bans", parent_bans_json(a->ctl->parent)));
}

static void renew_do(struct asker *a, const char *certificate)
{
	told(a, parent_acme_order(a->ctl->parent, certificate, PARENT_ORDER_CURRENT),
	     "ordering, see the log");
}

static void tlsa_abort_do(struct asker *a, const char *certificate)
{
	told(a, parent_rollover_abort(a->ctl->parent, certificate), "taken back");
}

static void tlsa_status_do(struct asker *a, const char *word)
{
	(void)word;
	parent_ctl_answer(a,
	                  json_pack("{s:o}", "rollovers", parent_rollovers_json(a->ctl->parent)));
}

static void drain_do(struct asker *a, const char *word)
{
	(void)word;
	parent_ctl_answer(a, result_json(true, "draining"));
	parent_drain(a->ctl->parent);
}

/* The word behind it is "" where there is none. */
static void (*const answers[])(struct asker *a, const char *word) = {
	[PROC_CTL_STATUS] = status_do,
	[PROC_CTL_RELOAD] = reload_do,
	[PROC_CTL_DRAIN] = drain_do,
	[PROC_CTL_RELEASE] = release_do,
	[PROC_CTL_FORGET] = forget_do,
	[PROC_CTL_TLSRPT_SEND] = reports_send_do,
	[PROC_CTL_BAN] = ban_do,
	[PROC_CTL_UNBAN] = unban_do,
	[PROC_CTL_BANS] = bans_do,
	[PROC_CTL_ACME_RENEW] = renew_do,
	[PROC_CTL_UPGRADE] = upgrade_do,
	[PROC_CTL_TLSA_PLAN] = tlsa_plan_do,
	[PROC_CTL_TLSA_ABORT] = tlsa_abort_do,
	[PROC_CTL_TLSA_STATUS] = tlsa_status_do,
};
_Static_assert(COUNT_OF(answers) == PROC_CTL_COUNT, "a word without its answer");

static void unknown_answer(struct asker *a)
{
	CLEAN(buf_deinit) struct buf text = {};
	int r = buf_add_str(&text, "unknown command; known: ");
	if (!r)
		r = proc_ctl_list(&text);
	if (!r)
		r = buf_add(&text, slice_of("", 1));
	parent_ctl_answer(a, result_json(false, r ? "unknown command"
	                                          : (const char *)text.data + text.start));
}

void parent_ctl_command(struct asker *a)
{
	struct slice line = slice_str(a->line);
	size_t len = slice_find(line, ' ');
	enum proc_ctl which = proc_ctl_find(slice_head(line, len));
	bool has_word = len < line.len;
	if (which == PROC_CTL_COUNT || has_word > proc_ctl_command(which)->most ||
	    has_word < proc_ctl_command(which)->least)
		unknown_answer(a);
	else
		answers[which](a, a->line + len + has_word);
}
