#include "proc/alarm.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static const struct {
	const char *name, *mend;
} kinds[] = {
	[PROC_ALARM_STALE] = { "stale", "reload the server that has this port; after a renewal, by "
	                                "the hook of the ACME client" },
	[PROC_ALARM_NOT_SERVED] = { "not-served",
	                            "see who else listens there (ss -ltnp), then reload mailseal" },
	[PROC_ALARM_TLSA_MISMATCH] = { "tlsa-mismatch",
	                               "publish the record that `mailseal tlsa show` prints for "
	                               "what is "
	                               "served, or serve what is published: mail from senders that "
	                               "verify DANE is not delivered" },
	[PROC_ALARM_EXPIRED] = { "expired", "renew it, and reload the server" },
	[PROC_ALARM_EXPIRES] = { "expires", "renew it: see why its ACME client did not" },
	[PROC_ALARM_NAME_MISMATCH] = { "name-mismatch",
	                               "get a certificate with this name, or correct the name" },
	[PROC_ALARM_UNREACHABLE] = { "unreachable", "see whether the server runs, and its log" },
	[PROC_ALARM_CHAIN_INCOMPLETE] = { "chain-incomplete",
	                                  "serve the whole chain (fullchain.pem), not the "
	                                  "certificate alone" },
	[PROC_ALARM_TLSA_GUARD] = { "tlsa-guard",
	                            "publish its TLSA record first: `mailseal tlsa show`" },
	[PROC_ALARM_ACME_FAILED] = { "acme-failed", "see `mailseal ctl status` for when it is "
	                                            "ordered again; when the "
	                                            "cause is gone, `mailseal ctl acme-renew NAME` "
	                                            "orders at once" },
	[PROC_ALARM_MTA_STS] = { "mta-sts",
	                         "see `mailseal dns DOMAIN` for what is to be published" },
	[PROC_ALARM_STS_MISMATCH] = { "sts-mismatch",
	                              "publish what `mailseal dns DOMAIN` prints, and see that "
	                              "mta-sts.DOMAIN leads to an http edge of ours: senders do "
	                              "not get "
	                              "the policy that is served here" },
};
_Static_assert(COUNT_OF(kinds) == PROC_ALARM_KIND_COUNT, "a kind without a name");

const char *proc_alarm_name(enum proc_alarm_kind kind)
{
	return (unsigned)kind < PROC_ALARM_KIND_COUNT ? kinds[kind].name : "unknown";
}

const char *proc_alarm_mend(enum proc_alarm_kind kind)
{
	return (unsigned)kind < PROC_ALARM_KIND_COUNT ? kinds[kind].mend : "";
}

bool proc_alarm_find(const char *name, enum proc_alarm_kind *ret_kind)
{
	for (int kind = 0; kind < PROC_ALARM_KIND_COUNT; kind++) {
		if (strcmp(kinds[kind].name, name) != 0)
			continue;
		*ret_kind = (enum proc_alarm_kind)kind;
		return true;
	}
	return false;
}

void proc_alarm_pack(struct proc_packer *p, const struct proc_alarm *alarm)
{
	proc_pack_u8(p, (uint8_t)alarm->kind);
	proc_pack_u8(p, alarm->is_cleared);
	proc_pack_u64(p, (uint64_t)alarm->since_s);
	proc_pack_str(p, alarm->subject);
	proc_pack_str(p, alarm->text);
	proc_pack_str(p, alarm->mend);
}

bool proc_alarm_unpack(struct slice payload, struct proc_alarm *ret_alarm)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct proc_alarm a = {};
	uint8_t kind, is_cleared;
	uint64_t since;
	if (!proc_unpack_u8(&u, &kind) || !proc_unpack_u8(&u, &is_cleared) ||
	    !proc_unpack_u64(&u, &since) || !proc_unpack_str(&u, a.subject, sizeof(a.subject)) ||
	    !proc_unpack_str(&u, a.text, sizeof(a.text)) ||
	    !proc_unpack_str(&u, a.mend, sizeof(a.mend)) || !proc_unpack_ends(&u) ||
	    kind >= PROC_ALARM_KIND_COUNT || is_cleared > 1)
		return false;
	a.kind = (enum proc_alarm_kind)kind;
	a.is_cleared = is_cleared;
	a.since_s = (int64_t)since;
	*ret_alarm = a;
	return true;
}

int proc_alarm_facts(struct buf *ret_json, const struct proc_alarm *alarm)
{
	json_t *json = json_pack("{s:s, s:s, s:I, s:s, s:s}", "alarm", proc_alarm_name(alarm->kind),
	                         "subject", alarm->subject, "since", (json_int_t)alarm->since_s,
	                         "text", alarm->text, "mend", alarm->mend);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!text)
		return err_raise(-ENOMEM);
	int r = buf_add_str(ret_json, text);
	if (!r)
		r = buf_add_str(ret_json, "\n");
	free(text);
	return err_up(r);
}
