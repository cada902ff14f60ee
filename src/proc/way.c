#include "proc/way.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>

static void tlsa_pack(struct proc_packer *p, const struct policy_tlsa *t)
{
	proc_pack_u8(p, t->usage);
	proc_pack_u8(p, t->selector);
	proc_pack_u8(p, t->matching);
	proc_pack_bytes(p, slice_of(t->data, t->len));
}

static void memory_pack(struct proc_packer *p, const struct policy_memory *m)
{
	proc_pack_u64(p, (uint64_t)m->sealed_since_s);
	proc_pack_u32(p, m->sessions);
	proc_pack_u8(p, m->was_trusted);
	proc_pack_u64(p, (uint64_t)m->lost_since_s);
	proc_pack_u8(p, m->may_hold);
	proc_pack_u64(p, (uint64_t)m->fault.failing_since_s);
	proc_pack_u64(p, (uint64_t)m->fault.small_until_s);
}

static void host_pack(struct proc_packer *p, const struct policy_way_host *h,
                      const struct policy_memory *memory)
{
	proc_pack_u16(p, h->preference);
	proc_pack_str(p, h->name);
	proc_pack_str(p, h->expanded);
	proc_pack_str(p, h->base);
	proc_pack_str(p, h->why);
	proc_pack_u8(p, (uint8_t)h->facts.address);
	proc_pack_u8(p, (uint8_t)h->facts.alias);
	proc_pack_u8(p, (uint8_t)h->facts.tlsa);
	proc_pack_u8(p, h->facts.was_asked);
	proc_pack_u8(p, h->is_alias);
	proc_pack_u8(p, (uint8_t)h->address_count);
	for (size_t i = 0; i < h->address_count; i++)
		proc_pack_str(p, h->addresses[i]);
	proc_pack_u8(p, (uint8_t)h->tlsa_count);
	for (size_t i = 0; i < h->tlsa_count; i++)
		tlsa_pack(p, &h->tlsa[i]);
	memory_pack(p, memory);
}

static void sts_pack(struct proc_packer *p, const struct policy_sts_facts *sts)
{
	proc_pack_u8(p, (uint8_t)sts->state);
	proc_pack_str(p, sts->id);
	proc_pack_str(p, sts->why);
	proc_pack_u16(p, (uint16_t)sts->report);
	if (sts->state != POLICY_STS_IN_FORCE)
		return;
	proc_pack_u8(p, (uint8_t)sts->policy.mode);
	proc_pack_u32(p, sts->policy.max_age_s);
	proc_pack_u8(p, (uint8_t)sts->policy.mx_count);
	for (size_t i = 0; i < sts->policy.mx_count; i++)
		proc_pack_str(p, sts->policy.mx[i]);
}

void proc_way_pack(struct proc_packer *p, const struct policy_way *way,
                   const struct policy_sts_facts *sts, const struct policy_memory *memories)
{
	proc_pack_str(p, way->domain);
	proc_pack_str(p, way->expanded);
	proc_pack_u8(p, (uint8_t)way->end);
	proc_pack_u8(p, (uint8_t)way->mx);
	proc_pack_u8(p, way->is_implicit);
	proc_pack_str(p, way->why);
	proc_pack_u32(p, (uint32_t)way->left_out);
	proc_pack_u8(p, (uint8_t)way->host_count);
	for (size_t i = 0; i < way->host_count; i++)
		host_pack(p, &way->hosts[i], memories ? &memories[i] : &way->hosts[i].memory);
	sts_pack(p, sts);
}

/* A number up to max; more breaks the unpacker. */
static uint8_t small_unpack(struct proc_unpacker *u, unsigned max)
{
	uint8_t value = 0;
	if (proc_unpack_u8(u, &value) && value > max)
		u->has_failed = true;
	return u->has_failed ? 0 : value;
}

static void tlsa_unpack(struct proc_unpacker *u, struct policy_tlsa *t)
{
	struct slice data = {};
	t->usage = small_unpack(u, UINT8_MAX);
	t->selector = small_unpack(u, UINT8_MAX);
	t->matching = small_unpack(u, UINT8_MAX);
	if (!proc_unpack_bytes(u, &data) || data.len > sizeof(t->data)) {
		u->has_failed = true;
		return;
	}
	t->len = (uint16_t)data.len;
	if (data.len)
		memcpy(t->data, data.data, data.len);
}

/* Without memory for them the way is broken: none of them must be missing. */
static void records_unpack(struct proc_unpacker *u, struct policy_way_host *h)
{
	size_t count = small_unpack(u, POLICY_TLSA_MAX);
	if (!count)
		return;
	h->tlsa = calloc(count, sizeof(*h->tlsa));
	if (!h->tlsa) {
		u->has_failed = true;
		return;
	}
	h->tlsa_count = count;
	for (size_t i = 0; i < count; i++)
		tlsa_unpack(u, &h->tlsa[i]);
}

/* A time that is before the beginning is none. */
static int64_t time_unpack(struct proc_unpacker *u)
{
	uint64_t value = 0;
	if (proc_unpack_u64(u, &value) && value > INT64_MAX)
		u->has_failed = true;
	return u->has_failed ? 0 : (int64_t)value;
}

static void memory_unpack(struct proc_unpacker *u, struct policy_memory *m)
{
	m->sealed_since_s = time_unpack(u);
	proc_unpack_u32(u, &m->sessions);
	m->was_trusted = small_unpack(u, 1);
	m->lost_since_s = time_unpack(u);
	m->may_hold = small_unpack(u, 1);
	m->fault.failing_since_s = time_unpack(u);
	m->fault.small_until_s = time_unpack(u);
}

static void host_unpack(struct proc_unpacker *u, struct policy_way_host *h)
{
	struct policy_host *f = &h->facts;
	proc_unpack_u16(u, &h->preference);
	proc_unpack_str(u, h->name, sizeof(h->name));
	proc_unpack_str(u, h->expanded, sizeof(h->expanded));
	proc_unpack_str(u, h->base, sizeof(h->base));
	proc_unpack_str(u, h->why, sizeof(h->why));
	f->address = (enum policy_dns)small_unpack(u, POLICY_DNS_COUNT - 1);
	f->alias = (enum policy_dns)small_unpack(u, POLICY_DNS_COUNT - 1);
	f->tlsa = (enum policy_dns)small_unpack(u, POLICY_DNS_COUNT - 1);
	f->was_asked = small_unpack(u, 1);
	h->is_alias = small_unpack(u, 1);
	h->address_count = small_unpack(u, POLICY_WAY_ADDRESSES_MAX);
	for (size_t i = 0; i < h->address_count; i++)
		proc_unpack_str(u, h->addresses[i], sizeof(h->addresses[i]));
	records_unpack(u, h);
	memory_unpack(u, &h->memory);
	f->name = h->name;
	f->has_address = h->address_count > 0;
	f->records = h->tlsa;
	f->count = h->tlsa_count;
}

static void sts_unpack(struct proc_unpacker *u, struct policy_sts_facts *sts)
{
	uint16_t report = 0;
	sts->state = (enum policy_sts_state)small_unpack(u, POLICY_STS_IN_FORCE);
	proc_unpack_str(u, sts->id, sizeof(sts->id));
	proc_unpack_str(u, sts->why, sizeof(sts->why));
	proc_unpack_u16(u, &report);
	sts->report = (enum policy_report)report;
	if (report && !policy_report_name(sts->report))
		u->has_failed = true;
	if (sts->state != POLICY_STS_IN_FORCE)
		return;
	sts->policy.mode = (enum policy_sts_mode)small_unpack(u, POLICY_STS_ENFORCE);
	proc_unpack_u32(u, &sts->policy.max_age_s);
	sts->policy.mx_count = small_unpack(u, POLICY_STS_MX_MAX);
	for (size_t i = 0; i < sts->policy.mx_count; i++)
		proc_unpack_str(u, sts->policy.mx[i], sizeof(sts->policy.mx[i]));
}

int proc_way_unpack(struct proc_unpacker *u, struct proc_way **ret_way)
{
	CLEAN(proc_way_freep) struct proc_way *w = calloc(1, sizeof(*w));
	uint32_t left_out = 0;
	if (!w)
		return err_raise(-ENOMEM);
	struct policy_way *way = &w->way;
	proc_unpack_str(u, way->domain, sizeof(way->domain));
	proc_unpack_str(u, way->expanded, sizeof(way->expanded));
	way->end = (enum policy_way_end)small_unpack(u, POLICY_WAY_LOST);
	way->mx = (enum policy_dns)small_unpack(u, POLICY_DNS_COUNT - 1);
	way->is_implicit = small_unpack(u, 1);
	proc_unpack_str(u, way->why, sizeof(way->why));
	proc_unpack_u32(u, &left_out);
	way->left_out = left_out;
	size_t host_count = small_unpack(u, POLICY_WAY_HOSTS_MAX);
	way->hosts = calloc(host_count + 1, sizeof(*way->hosts));
	if (!way->hosts)
		return err_raise(-ENOMEM);
	way->host_count = host_count;
	for (size_t i = 0; i < way->host_count; i++)
		host_unpack(u, &way->hosts[i]);
	sts_unpack(u, &w->sts);
	if (!proc_unpack_ends(u))
		return PROC_WAY_BAD;
	*ret_way = TAKE(w);
	return 0;
}

void proc_way_free(struct proc_way *w)
{
	if (!w)
		return;
	policy_way_deinit(&w->way);
	free(w);
}

void proc_way_freep(struct proc_way **w)
{
	proc_way_free(*w);
}
