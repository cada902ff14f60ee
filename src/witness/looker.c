#include "witness/looker.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "io/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum { TICK_MAX_MS = 60 * 1000, FIRST_MS = 1000 };

/* A target, and the look at it that is under way. */
struct entry {
	struct looker *looker;
	struct proc_witness_target target;
	uint64_t due_ms;
	bool is_again; /* soon: the others wait their turn all the same */
	struct look *look;
};

struct looker {
	struct looker_settings set;
	char token[PROC_WITNESS_TOKEN_LEN + 1];
	uint32_t every_ms;
	struct entry *entries;
	size_t count, under_way;
	struct io_deadline tick;
};

static void looks_begin(struct looker *l);

static void on_tick(struct io_deadline *d)
{
	looks_begin((struct looker *)((char *)d - offsetof(struct looker, tick)));
}

static void on_seen(void *owner, const struct proc_witness_sight *sight)
{
	struct entry *e = owner;
	struct looker *l = e->looker;
	if (sight->is_last) {
		look_free(TAKE(e->look));
		l->under_way--;
	}
	l->set.on_seen(l->set.owner, sight);
	if (sight->is_last)
		io_deadline_arm(l->set.tools.loop, &l->tick, 0);
}

static void look_begin(struct entry *e, uint64_t now_ms)
{
	struct looker *l = e->looker;
	e->due_ms += l->every_ms;
	if (e->due_ms <= now_ms) /* it was late: no two in a row for that */
		e->due_ms = now_ms + l->every_ms;
	int r = look_new(&e->look, &(struct look_settings){ .tools = &l->set.tools,
	                                                    .target = &e->target,
	                                                    .token = l->token,
	                                                    .on_seen = on_seen,
	                                                    .owner = e });
	if (r)
		log_warn(NULL, "a port is not looked at", kv_str("host", e->target.host),
		         kv_int("port", e->target.port), kv_int("errno", -r),
		         kv_str("where", err_origin()));
	else
		l->under_way++;
}

static struct entry *first_due(struct looker *l)
{
	struct entry *first = NULL;
	for (size_t i = 0; i < l->count; i++)
		if (!l->entries[i].look && (!first || l->entries[i].due_ms < first->due_ms))
			first = &l->entries[i];
	return first;
}

static void looks_begin(struct looker *l)
{
	uint64_t now_ms = io_loop_now_ms(l->set.tools.loop), wait_ms = TICK_MAX_MS;
	struct entry *e;
	while (l->under_way < LOOKER_AT_ONCE && (e = first_due(l)) && e->due_ms <= now_ms)
		look_begin(e, now_ms);
	if (l->under_way < LOOKER_AT_ONCE && (e = first_due(l)) && e->due_ms < now_ms + wait_ms)
		wait_ms = e->due_ms > now_ms ? e->due_ms - now_ms : 0;
	io_deadline_arm(l->set.tools.loop, &l->tick, wait_ms);
}

static void entries_free(struct looker *l)
{
	for (size_t i = 0; i < l->count; i++)
		look_free(l->entries[i].look);
	free(TAKE(l->entries));
	l->count = l->under_way = 0;
}

/* Spread over the time between two looks, from a moment that is another on each host. */
static void entries_spread(struct looker *l)
{
	uint64_t now_ms = io_loop_now_ms(l->set.tools.loop);
	uint32_t chance = 0;
	(void)!getrandom(&chance, sizeof(chance), GRND_NONBLOCK);
	uint64_t begin = chance % (l->every_ms / 8 + 1);
	for (size_t i = 0; i < l->count; i++)
		l->entries[i].due_ms =
			now_ms + FIRST_MS + begin / 8 + (uint64_t)l->every_ms * i / l->count;
}

static bool head_unpack(struct looker *l, struct proc_unpacker *u, uint16_t *ret_count)
{
	struct slice token;
	uint32_t every_ms;
	if (!proc_unpack_u32(u, &every_ms) || !every_ms || !proc_unpack_bytes(u, &token) ||
	    token.len > PROC_WITNESS_TOKEN_LEN || !proc_unpack_u16(u, ret_count) ||
	    *ret_count > PROC_WITNESS_TARGETS_MAX)
		return false;
	l->every_ms = every_ms;
	slice_to_text(token, l->token, sizeof(l->token));
	return true;
}

int looker_targets_set(struct looker *l, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint16_t count;
	entries_free(l);
	if (!head_unpack(l, &u, &count))
		return err_raise(-EPROTO);
	l->entries = calloc(count + 1U, sizeof(*l->entries));
	if (!l->entries)
		return err_raise(-ENOMEM);
	for (; l->count < count; l->count++) {
		l->entries[l->count].looker = l;
		if (!proc_witness_target_unpack(&u, &l->entries[l->count].target))
			return err_raise(-EPROTO);
	}
	entries_spread(l);
	looks_begin(l);
	return 0;
}

void looker_again(struct looker *l, uint32_t id)
{
	uint64_t soon_ms = l->every_ms < LOOKER_AGAIN_MS ? l->every_ms : LOOKER_AGAIN_MS;
	for (size_t i = 0; i < l->count; i++) {
		struct entry *e = &l->entries[i];
		uint64_t due_ms = io_loop_now_ms(l->set.tools.loop) + soon_ms;
		if (e->target.id == id && due_ms < e->due_ms)
			e->due_ms = due_ms;
	}
	looks_begin(l);
}

int looker_new(struct looker **ret_looker, const struct looker_settings *set)
{
	struct looker *l = calloc(1, sizeof(*l));
	if (!l)
		return err_raise(-ENOMEM);
	l->set = *set;
	l->tick.fn = on_tick;
	*ret_looker = l;
	return 0;
}

void looker_free(struct looker *l)
{
	if (!l)
		return;
	entries_free(l);
	io_deadline_disarm(&l->tick);
	free(l);
}
