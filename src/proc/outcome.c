#include "proc/outcome.h"

#include "base/clean.h"

enum { TEXTS = 6 };

/* Its texts in the order of the wire. */
static void texts_of(struct policy_failure *f, struct slice *ret_texts[TEXTS])
{
	struct slice *const texts[TEXTS] = { &f->sender,   &f->mx,     &f->helo,
		                             &f->receiver, &f->reason, &f->more };
	memcpy(ret_texts, texts, sizeof(texts));
}

static void part_pack(struct proc_packer *p, const struct policy_part *part)
{
	proc_pack_u8(p, (uint8_t)part->kind);
	proc_pack_str(p, part->domain);
	proc_pack_bytes(p, part->strings);
	proc_pack_bytes(p, part->mx);
	proc_pack_u8(p, part->has_failed);
	proc_pack_u8(p, (uint8_t)part->failure_count);
	for (size_t i = 0; i < part->failure_count; i++) {
		struct policy_failure f = part->failures[i];
		struct slice *texts[TEXTS];
		texts_of(&f, texts);
		proc_pack_u16(p, (uint16_t)f.report);
		for (size_t n = 0; n < TEXTS; n++)
			proc_pack_bytes(p, *texts[n]);
	}
}

void proc_outcome_pack(struct proc_packer *p, const struct policy_outcome *outcome)
{
	proc_pack_str(p, outcome->domain);
	proc_pack_u8(p, (uint8_t)outcome->part_count);
	for (size_t i = 0; i < outcome->part_count; i++)
		part_pack(p, &outcome->parts[i]);
}

/* A number up to max; more breaks the unpacker. */
static uint8_t small_unpack(struct proc_unpacker *u, unsigned max)
{
	uint8_t value = 0;
	if (proc_unpack_u8(u, &value) && value > max)
		u->has_failed = true;
	return u->has_failed ? 0 : value;
}

static void failure_unpack(struct proc_unpacker *u, struct policy_failure *f)
{
	struct slice *texts[TEXTS];
	uint16_t report = 0;
	texts_of(f, texts);
	proc_unpack_u16(u, &report);
	f->report = (enum policy_report)report;
	for (size_t n = 0; n < TEXTS; n++)
		proc_unpack_bytes(u, texts[n]);
}

static void part_unpack(struct proc_unpacker *u, struct policy_part *part)
{
	*part = (struct policy_part){ .kind = (enum policy_kind)small_unpack(u, UINT8_MAX) };
	proc_unpack_str(u, part->domain, sizeof(part->domain));
	proc_unpack_bytes(u, &part->strings);
	proc_unpack_bytes(u, &part->mx);
	part->has_failed = small_unpack(u, 1);
	part->failure_count = small_unpack(u, POLICY_OUTCOME_FAILURES_MAX);
	for (size_t i = 0; i < part->failure_count; i++)
		failure_unpack(u, &part->failures[i]);
}

bool proc_outcome_unpack(struct proc_unpacker *u, struct policy_outcome *ret_outcome)
{
	*ret_outcome = (struct policy_outcome){};
	proc_unpack_str(u, ret_outcome->domain, sizeof(ret_outcome->domain));
	ret_outcome->part_count = small_unpack(u, POLICY_OUTCOME_PARTS_MAX);
	for (size_t i = 0; i < ret_outcome->part_count; i++)
		part_unpack(u, &ret_outcome->parts[i]);
	return proc_unpack_ends(u) && policy_outcome_is_fine(ret_outcome);
}
