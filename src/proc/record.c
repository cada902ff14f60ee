#include "proc/record.h"

#include "base/clean.h"

enum {
	SESSION_TEXTS = 15,
	EXPOSURE_TEXTS = 5,
	HELLO_LISTS = 4,
	ENTRY_HEAD_LEN = 1 + 2,
	SESSION_FIXED_MAX = 128,
};
_Static_assert(ENTRY_HEAD_LEN + SESSION_TEXTS * (STORE_TEXT_MAX + 1) + SESSION_FIXED_MAX <=
                       PROC_RECORD_ENTRY_MAX,
               "the largest entry has room");

void proc_record_head_pack(struct proc_packer *p, const struct proc_record_head *head)
{
	proc_pack_u64(p, head->worker);
	proc_pack_u64(p, head->number);
	proc_pack_u32(p, head->lost);
}

bool proc_record_head_unpack(struct proc_unpacker *u, struct proc_record_head *ret_head)
{
	struct proc_record_head head;
	if (!proc_unpack_u64(u, &head.worker) || !proc_unpack_u64(u, &head.number) ||
	    !proc_unpack_u32(u, &head.lost))
		return false;
	*ret_head = head;
	return true;
}

bool proc_record_entry_next(struct proc_unpacker *u, uint8_t *ret_kind, struct slice *ret_entry)
{
	return u->rest.len && proc_unpack_u8(u, ret_kind) && proc_unpack_bytes(u, ret_entry);
}

/* --- an entry's length is known at its end --- */

static size_t entry_begin(struct proc_packer *p, enum proc_record_kind kind)
{
	size_t from = p->len;
	proc_pack_u8(p, (uint8_t)kind);
	proc_pack_u16(p, 0);
	return from;
}

static void entry_end(struct proc_packer *p, size_t from)
{
	if (p->has_failed)
		return;
	struct proc_packer at = proc_packer_over(p->data + from + 1, 2);
	proc_pack_u16(&at, (uint16_t)(p->len - from - ENTRY_HEAD_LEN));
}

/* --- texts: each with its NUL, so that they need no room of their own where they arrive --- */

static void text_pack(struct proc_packer *p, const char *text)
{
	proc_pack_raw(p, slice_of(text, strnlen(text, STORE_TEXT_MAX)));
	proc_pack_u8(p, 0);
}

static void text_unpack(struct proc_unpacker *u, const char **ret_text)
{
	size_t len = slice_find(u->rest, 0);
	if (u->has_failed || len == u->rest.len || len > STORE_TEXT_MAX) {
		u->has_failed = true;
		*ret_text = "";
		return;
	}
	*ret_text = (const char *)u->rest.data;
	u->rest = slice_skip(u->rest, len + 1);
}

/* --- numbers: one past max breaks the unpacker --- */

static uint8_t small_unpack(struct proc_unpacker *u, unsigned max)
{
	uint8_t value = 0;
	if (proc_unpack_u8(u, &value) && value > max)
		u->has_failed = true;
	return u->has_failed ? 0 : value;
}

static int64_t time_unpack(struct proc_unpacker *u)
{
	uint64_t value = 0;
	if (proc_unpack_u64(u, &value) && value > INT64_MAX)
		u->has_failed = true;
	return u->has_failed ? 0 : (int64_t)value;
}

/* --- sessions --- */

/* Its texts in the order of the wire. */
static void session_texts(struct store_record *r, const char **ret_texts[SESSION_TEXTS])
{
	const char **const texts[SESSION_TEXTS] = {
		&r->protocol, &r->edge,        &r->address, &r->domain, &r->mx,
		&r->user,     &r->software,    &r->backend, &r->policy, &r->result,
		&r->outcome,  &r->tls_version, &r->cipher,  &r->group,  &r->error,
	};
	memcpy(ret_texts, texts, sizeof(texts));
}

void proc_record_session_pack(struct proc_packer *p, const struct store_record *record)
{
	struct store_record r = *record;
	const char **texts[SESSION_TEXTS];
	size_t from = entry_begin(p, PROC_RECORD_SESSION);
	proc_pack_u64(p, (uint64_t)r.ended_s);
	proc_pack_u8(p, (uint8_t)r.leg);
	proc_pack_u8(p, (uint8_t)r.seal);
	proc_pack_u8(p, (uint8_t)r.backend_seal);
	proc_pack_u8(p, (uint8_t)r.sni);
	proc_pack_u8(p, r.is_logged_in);
	proc_pack_u8(p, r.is_resumed);
	proc_pack_u8(p, r.has_forward_secrecy);
	proc_pack_u8(p, r.was_trusted);
	proc_pack_u8(p, r.is_trusted);
	proc_pack_u64(p, r.hello);
	proc_pack_u16(p, r.hello_max);
	proc_pack_u64(p, r.bytes_in);
	proc_pack_u64(p, r.bytes_out);
	proc_pack_u32(p, r.duration_ms);
	proc_pack_u32(p, r.messages);
	proc_pack_u32(p, r.login_failures);
	proc_pack_u32(p, r.sealed_before);
	session_texts(&r, texts);
	for (size_t i = 0; i < SESSION_TEXTS; i++)
		text_pack(p, *texts[i]);
	entry_end(p, from);
}

bool proc_record_session_unpack(struct slice entry, struct store_record *ret_record)
{
	struct proc_unpacker u = proc_unpacker_over(entry);
	struct store_record r = {};
	const char **texts[SESSION_TEXTS];
	r.ended_s = time_unpack(&u);
	r.leg = (enum store_leg)small_unpack(&u, STORE_LEG_COUNT - 1);
	r.seal = (enum store_seal)small_unpack(&u, STORE_SEAL_COUNT - 1);
	r.backend_seal = (enum store_seal)small_unpack(&u, STORE_SEAL_COUNT - 1);
	r.sni = (enum store_sni)small_unpack(&u, STORE_SNI_COUNT - 1);
	r.is_logged_in = small_unpack(&u, 1);
	r.is_resumed = small_unpack(&u, 1);
	r.has_forward_secrecy = small_unpack(&u, 1);
	r.was_trusted = small_unpack(&u, 1);
	r.is_trusted = small_unpack(&u, 1);
	proc_unpack_u64(&u, &r.hello);
	proc_unpack_u16(&u, &r.hello_max);
	proc_unpack_u64(&u, &r.bytes_in);
	proc_unpack_u64(&u, &r.bytes_out);
	proc_unpack_u32(&u, &r.duration_ms);
	proc_unpack_u32(&u, &r.messages);
	proc_unpack_u32(&u, &r.login_failures);
	proc_unpack_u32(&u, &r.sealed_before);
	session_texts(&r, texts);
	for (size_t i = 0; i < SESSION_TEXTS; i++)
		text_unpack(&u, texts[i]);
	*ret_record = r;
	return proc_unpack_ends(&u);
}

/* --- exposures --- */

static void exposure_texts(struct store_exposure *e, const char **ret_texts[EXPOSURE_TEXTS])
{
	const char **const texts[EXPOSURE_TEXTS] = { &e->protocol, &e->edge, &e->address, &e->user,
		                                     &e->mechanism };
	memcpy(ret_texts, texts, sizeof(texts));
}

void proc_record_exposure_pack(struct proc_packer *p, const struct store_exposure *exposure)
{
	struct store_exposure e = *exposure;
	const char **texts[EXPOSURE_TEXTS];
	size_t from = entry_begin(p, PROC_RECORD_EXPOSURE);
	proc_pack_u64(p, (uint64_t)e.at_s);
	proc_pack_u8(p, e.password_sent);
	proc_pack_u8(p, e.is_excepted);
	exposure_texts(&e, texts);
	for (size_t i = 0; i < EXPOSURE_TEXTS; i++)
		text_pack(p, *texts[i]);
	entry_end(p, from);
}

bool proc_record_exposure_unpack(struct slice entry, struct store_exposure *ret_exposure)
{
	struct proc_unpacker u = proc_unpacker_over(entry);
	struct store_exposure e = {};
	const char **texts[EXPOSURE_TEXTS];
	e.at_s = time_unpack(&u);
	e.password_sent = small_unpack(&u, 1);
	e.is_excepted = small_unpack(&u, 1);
	exposure_texts(&e, texts);
	for (size_t i = 0; i < EXPOSURE_TEXTS; i++)
		text_unpack(&u, texts[i]);
	*ret_exposure = e;
	return proc_unpack_ends(&u);
}

/* --- ClientHellos --- */

struct list {
	const uint16_t **numbers;
	uint8_t *count;
};

static void hello_lists(struct store_hello *h, struct list ret_lists[HELLO_LISTS])
{
	const struct list lists[HELLO_LISTS] = {
		{ &h->versions, &h->version_count },
		{ &h->suites, &h->suite_count },
		{ &h->groups, &h->group_count },
		{ &h->sigalgs, &h->sigalg_count },
	};
	memcpy(ret_lists, lists, sizeof(lists));
}

void proc_record_hello_pack(struct proc_packer *p, const struct store_hello *hello)
{
	struct store_hello h = *hello;
	struct list lists[HELLO_LISTS];
	size_t from = entry_begin(p, PROC_RECORD_HELLO);
	proc_pack_u64(p, h.hash);
	proc_pack_u16(p, h.legacy_version);
	proc_pack_u16(p, h.max_version);
	hello_lists(&h, lists);
	for (size_t i = 0; i < HELLO_LISTS; i++) {
		uint8_t count = *lists[i].count < STORE_HELLO_LIST_MAX ? *lists[i].count
		                                                       : STORE_HELLO_LIST_MAX;
		proc_pack_u8(p, count);
		for (size_t n = 0; n < count; n++)
			proc_pack_u16(p, (*lists[i].numbers)[n]);
	}
	entry_end(p, from);
}

bool proc_record_hello_unpack(struct slice entry, struct proc_record_hello *ret_hello)
{
	struct proc_unpacker u = proc_unpacker_over(entry);
	struct store_hello *h = &ret_hello->hello;
	struct list lists[HELLO_LISTS];
	*h = (struct store_hello){};
	proc_unpack_u64(&u, &h->hash);
	proc_unpack_u16(&u, &h->legacy_version);
	proc_unpack_u16(&u, &h->max_version);
	hello_lists(h, lists);
	for (size_t i = 0; i < HELLO_LISTS; i++) {
		uint16_t *numbers = ret_hello->numbers[i];
		*lists[i].numbers = numbers;
		*lists[i].count = small_unpack(&u, STORE_HELLO_LIST_MAX);
		for (size_t n = 0; n < *lists[i].count; n++)
			proc_unpack_u16(&u, &numbers[n]);
	}
	return proc_unpack_ends(&u);
}
