#include "ledger/share.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/settings.h"
#include "ledger/share_inside.h"
#include "proc/msg.h"
#include "proc/share.h"
#include "store/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

enum {
	CHECK_TURNS = 12,  /* between two looks at our own */
	PRUNE_TURNS = 720, /* an hour */
};

#define SHARE_OF(node, member) ((struct share *)((char *)(node)-offsetof(struct share, member)))

/* --- keys and words --- */

struct share_key share_key_of(const struct share *s, const char *name)
{
	struct share_key key;
	snprintf(key.text, sizeof(key.text), "%s:%s", s->set.conf->prefix, name);
	return key;
}

struct share_key share_node_key(const struct share *s, uint64_t node, const char *name)
{
	struct share_key key;
	snprintf(key.text, sizeof(key.text), "%s:{%016" PRIx64 "}:%s", s->set.conf->prefix, node,
	         name);
	return key;
}

void share_hex_print(uint64_t number, char ret_text[SHARE_NODE_LEN + 1])
{
	snprintf(ret_text, SHARE_NODE_LEN + 1, "%016" PRIx64, number);
}

bool share_hex_read(struct slice text, uint64_t *ret_number)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t number = 0;
	if (text.len != SHARE_NODE_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const char *digit = memchr(digits, text.data[i], sizeof(digits) - 1);
		if (!digit)
			return false;
		number = number << 4 | (uint64_t)(digit - digits);
	}
	*ret_number = number;
	return true;
}

int64_t share_oldest_hour(void)
{
	return time(NULL) / 3600 - STORE_PART_HOURS;
}

void share_complain(struct share *s, const char *what, int r)
{
	uint64_t unsaid;
	if (log_calm(&s->complaints, io_loop_now_ms(s->set.loop), &unsaid))
		log_error(NULL, what, kv_str("where", err_origin()), kv_int("errno", -r),
		          kv_int("unsaid", (int64_t)unsaid));
}

bool share_ask(struct share *s, const struct slice *words, size_t count, cluster_answer_fn *fn,
               void *owner)
{
	int r = cluster_ask(s->client, words, count, fn, owner);
	if (r < 0)
		share_complain(s, "the cluster's store cannot be asked", r);
	return !r;
}

void share_mend(struct share *s, const struct cluster_value *answer, const char *key)
{
	const struct slice words[] = { slice_str("DEL"), slice_str(key) };
	if (answer && cluster_value_is_error(answer, "WRONGTYPE"))
		(void)share_ask(s, words, COUNT_OF(words), NULL, NULL);
}

/* --- turns --- */

/* Its number is that of its file, which may be there later. */
static bool is_somebody(struct share *s)
{
	struct store_ledger *store = s->set.store(s->set.owner);
	int r = store ? store_ledger_node(store, &s->node) : 0;
	if (!r && store)
		r = store_ledger_parts_watch(store, share_oldest_hour());
	if (r)
		share_complain(s, "what the ledger has cannot be shared", r);
	return store && !r;
}

static void say_hello(struct share *s)
{
	char node[SHARE_NODE_LEN + 1], what[320];
	struct share_key nodes = share_key_of(s, "nodes");
	share_hex_print(s->node, node);
	snprintf(what, sizeof(what), "%lld %016" PRIx64 " %s", (long long)time(NULL), s->run,
	         s->set.hostname);
	const struct slice words[] = { slice_str("HSET"), slice_str(nodes.text), slice_str(node),
		                       slice_str(what) };
	(void)share_ask(s, words, COUNT_OF(words), NULL, NULL);
}

static void prune(struct share *s)
{
	int r = store_others_prune(s->others, time(NULL));
	if (r)
		share_complain(s, "what other nodes told cannot be pruned", r);
}

static void turn_do(struct share *s)
{
	share_tickets_go(s);
	share_bans_go(s);
	if (!is_somebody(s))
		return;
	say_hello(s);
	if (s->turns % CHECK_TURNS == 0)
		share_tell_check(s);
	share_tell_go(s);
	share_hear_go(s);
	s->turns++;
}

static void on_turn(struct io_deadline *d)
{
	struct share *s = SHARE_OF(d, turn);
	io_deadline_arm(s->set.loop, d, SHARE_TURN_MS);
	if (cluster_client_is_reached(s->client))
		turn_do(s);
	if (s->turns % PRUNE_TURNS == 1)
		prune(s);
}

static void on_reached(void *owner, bool is_reached)
{
	struct share *s = owner;
	s->since_s = time(NULL);
	s->turns = 0; /* what is there may have been lost with what was away */
	if (is_reached)
		log_notice(NULL, "the cluster's store is reached");
	else
		log_warn(NULL, "the cluster's store is not reached: this node goes on by itself",
		         kv_int("waiting", (int64_t)share_tell_waiting(s)));
	if (is_reached)
		turn_do(s);
	s->set.on_state(s->set.owner);
}

static void on_tell_soon(struct io_deadline *d)
{
	struct share *s = SHARE_OF(d, tell_soon);
	if (cluster_client_is_reached(s->client) && is_somebody(s))
		share_tell_go(s);
}

void share_changed(struct share *s)
{
	if (s && !io_deadline_is_armed(&s->tell_soon))
		io_deadline_arm(s->set.loop, &s->tell_soon, SHARE_TELL_MS);
}

void share_forget(struct share *s, const char *user)
{
	size_t rows;
	int r = s ? store_others_forget(s->others, user, &rows) : 0;
	if (r)
		share_complain(s, "a user cannot be forgotten of other nodes", r);
}

/* --- the end --- */

void share_told(struct share *s)
{
	void (*tell)(void *owner) = s->on_done;
	if (!tell || share_tell_waiting(s) || s->releases)
		return;
	s->on_done = NULL;
	io_deadline_disarm(&s->finish);
	tell(s->on_done_owner);
}

static void on_finish(struct io_deadline *d)
{
	struct share *s = SHARE_OF(d, finish);
	void (*tell)(void *owner) = TAKE(s->on_done);
	tell(s->on_done_owner);
}

void share_finish(struct share *s, void (*on_done)(void *owner), void *owner)
{
	if (!s || s->on_done || !cluster_client_is_reached(s->client) || !is_somebody(s)) {
		if (!s || !s->on_done)
			on_done(owner);
		return;
	}
	s->on_done = on_done;
	s->on_done_owner = owner;
	s->finish.fn = on_finish;
	io_deadline_arm(s->set.loop, &s->finish, SHARE_END_MS);
	share_tell_go(s);
	share_told(s);
}

/* --- life --- */

static int client_begin(struct share *s)
{
	return err_up(proc_share_client_new(
		&s->client, s->set.conf,
		&(struct cluster_client_settings){ .loop = s->set.loop,
	                                           .password = s->set.password,
	                                           .owner = s,
	                                           .on_reached = on_reached }));
}

static int others_begin(struct share *s)
{
	struct store_opened how = {};
	int r = store_others_open(&s->others,
	                          &(struct store_others_settings){
					  .path = s->set.others_path,
					  .max_bytes = (int64_t)s->set.max_bytes,
					  .retention_s = s->set.retention_s,
				  },
	                          &how);
	if (how.was_bad)
		log_error(NULL, "what other nodes told was lost, and is heard again",
		          kv_str("file", s->set.others_path), kv_str("error", how.why));
	if (r)
		log_error(NULL, "nothing is shared with other nodes",
		          kv_str("file", s->set.others_path), kv_str("error", how.why));
	return err_up(r);
}

static int parts_begin(struct share *s)
{
	int r = others_begin(s);
	if (!r && getrandom(&s->run, sizeof(s->run), 0) != sizeof(s->run))
		r = err_raise(-EIO);
	if (!r)
		r = share_tell_new(s);
	if (!r)
		r = share_hear_new(s);
	if (!r)
		r = share_tickets_new(s);
	if (!r)
		r = share_bans_new(s);
	if (!r)
		r = share_tokens_new(s);
	return r ? err_up(r) : err_up(client_begin(s));
}

int share_new(struct share **ret_s, const struct share_settings *set)
{
	struct share *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->set = *set;
	s->nodes = 1;
	s->since_s = time(NULL);
	s->turn.fn = on_turn;
	s->tell_soon.fn = on_tell_soon;
	int r = parts_begin(s);
	if (r) {
		share_free(s);
		return err_up(r);
	}
	io_deadline_arm(set->loop, &s->turn, SHARE_TURN_MS);
	*ret_s = s;
	return 0;
}

void share_free(struct share *s)
{
	if (!s)
		return;
	io_deadline_disarm(&s->turn);
	io_deadline_disarm(&s->tell_soon);
	io_deadline_disarm(&s->finish);
	cluster_client_free(s->client);
	share_tell_free(s->tell);
	share_hear_free(s->hear);
	share_tickets_free(s->tickets);
	share_bans_free(s->bans);
	share_tokens_free(s->tokens);
	store_others_close(s->others);
	free(s);
}

struct slice share_numbers(struct share *s, uint8_t *ret_bytes)
{
	struct proc_packer p = proc_packer_over(ret_bytes, 8 * (size_t)PROC_CLUSTER_NUMBER_COUNT);
	const uint64_t numbers[] = {
		[PROC_CLUSTER_IS_REACHED] = cluster_client_is_reached(s->client),
		[PROC_CLUSTER_SINCE_S] = (uint64_t)s->since_s,
		[PROC_CLUSTER_WAITING] = share_tell_waiting(s),
		[PROC_CLUSTER_NODES] = s->nodes,
	};
	_Static_assert(COUNT_OF(numbers) == PROC_CLUSTER_NUMBER_COUNT, "every number");
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		proc_pack_u64(&p, numbers[i]);
	return proc_packed(&p);
}
