#include "keys/keys.h"

#include "base/buf.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "io/loop.h"
#include "keys/orders.h"
#include "keys/selfsigned.h"
#include "keys/store.h"
#include "proc/box.h"
#include "proc/chan.h"
#include "proc/msg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	KEY_FILE_MAX = 64 * 1024,
	/* Signatures in one call to their worker: a call costs as much as a signature, but a
	 * handshake is not to wait for many others. */
	ANSWERS_AT_ONCE = 8,
	PARKED_MAX = 1024,
	SIGNATURE_MAX = 4096, /* as proc/msg.c has it */
};

struct keys;

/* A worker that asks. */
struct asker {
	struct asker *next;
	struct keys *keys;
	struct proc_chan *chan;
	struct io_watch *watch;
	struct io_later end;
};

/* A question for a key that the parent was asked for. */
struct parked {
	struct parked *next;
	struct asker *asker;
	uint32_t key_id;
	struct buf payload;
};

struct keys {
	struct io_loop *loop;
	struct keys_store *store;
	struct proc_chan *parent;
	struct io_watch *parent_watch;
	struct asker *askers;
	struct parked *parked;
	size_t parked_count;
	int status;
};

static void watch_update(struct io_watch *watch, const struct proc_chan *chan)
{
	io_watch_set(watch, IO_READ | (proc_chan_wants_write(chan) ? IO_WRITE : 0));
}

static void say(struct keys *k, enum proc_msg_type type, struct slice payload)
{
	if (proc_chan_send(k->parent, type, payload, -1))
		log_error(NULL, "parent cannot be told", kv_int("message", type));
}

/* The parent may have it. False: too many wait, or there is no memory. */
static bool park(struct asker *a, uint32_t key_id, struct slice payload)
{
	struct keys *k = a->keys;
	uint8_t wanted[4];
	struct proc_packer p = proc_packer_over(wanted, sizeof(wanted));
	bool is_asked = false;
	struct parked **at = &k->parked;
	for (; *at; at = &(*at)->next)
		is_asked |= (*at)->key_id == key_id;
	struct parked *one = k->parked_count < PARKED_MAX ? calloc(1, sizeof(*one)) : NULL;
	if (!one || buf_add(&one->payload, payload)) {
		free(one);
		return false;
	}
	one->asker = a;
	one->key_id = key_id;
	*at = one;
	k->parked_count++;
	proc_pack_u32(&p, key_id);
	if (!is_asked)
		say(k, PROC_MSG_KEY_WANTED, proc_packed(&p));
	return true;
}

static void sign_answer(struct asker *a, struct slice payload, bool may_wait)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t number = 0, key_id = 0;
	uint16_t scheme = 0;
	struct slice digest = {};
	CLEAN(buf_deinit) struct buf sig = {};
	uint8_t answer[4 + 2 + SIGNATURE_MAX];
	struct proc_packer p = proc_packer_over(answer, sizeof(answer));
	if (!proc_unpack_u32(&u, &number) || !proc_unpack_u32(&u, &key_id) ||
	    !proc_unpack_u16(&u, &scheme) || !proc_unpack_bytes(&u, &digest))
		return;
	int r = keys_store_sign(a->keys->store, key_id, scheme, digest, &sig);
	if (r == KEYS_STORE_NO_KEY && may_wait && park(a, key_id, payload))
		return;
	/* An empty answer is a refusal; the worker's handshake then fails. */
	if (r) {
		buf_clear(&sig);
		log_warn(NULL, "signature refused", kv_int("key", key_id),
		         kv_int("scheme", scheme));
	}
	proc_pack_u32(&p, number);
	proc_pack_bytes(&p, buf_slice(&sig));
	if (proc_chan_queue(a->chan, PROC_MSG_SIGNED, proc_packed(&p), -1))
		log_warn(NULL, "answer to a worker not sent");
}

static void parked_free(struct keys *k, struct parked *one)
{
	buf_deinit(&one->payload);
	free(one);
	k->parked_count--;
}

/* The key came, or will not. */
static void parked_answer(struct keys *k, uint32_t key_id)
{
	for (struct parked **at = &k->parked; *at;) {
		struct parked *one = *at;
		if (one->key_id != key_id) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		sign_answer(one->asker, buf_slice(&one->payload), false);
		if (proc_chan_flush(one->asker->chan) >= 0)
			watch_update(one->asker->watch, one->asker->chan);
		parked_free(k, one);
	}
}

static void parked_forget(struct asker *a)
{
	for (struct parked **at = &a->keys->parked; *at;) {
		struct parked *one = *at;
		if (one->asker != a) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		parked_free(a->keys, one);
	}
}

static void on_asker_end(struct io_later *later)
{
	struct asker *a = (struct asker *)((char *)later - offsetof(struct asker, end));
	parked_forget(a);
	struct asker **at = &a->keys->askers;
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	io_watch_free(a->watch);
	proc_chan_free(a->chan);
	free(a);
}

static void on_asker_ready(void *owner, int events)
{
	struct asker *a = owner;
	struct proc_msg msg;
	int ended = events & IO_WRITE ? proc_chan_flush(a->chan) : 0;
	if (!ended)
		ended = proc_chan_read(a->chan);
	int r = PROC_MORE;
	unsigned answered = 0;
	while (!ended && (r = proc_chan_next(a->chan, &msg)) == 0) {
		sign_answer(a, msg.payload, true); /* the table lets nothing but SIGN through */
		if (++answered % ANSWERS_AT_ONCE == 0)
			ended = proc_chan_flush(a->chan);
	}
	if (!ended)
		ended = proc_chan_flush(a->chan);
	if (ended || r != PROC_MORE)
		io_later_add(a->keys->loop, &a->end);
	else
		watch_update(a->watch, a->chan);
}

static int asker_add(struct keys *k, int fd)
{
	struct asker *a = calloc(1, sizeof(*a));
	if (!a) {
		close(fd);
		return err_raise(-ENOMEM);
	}
	a->keys = k;
	a->end.fn = on_asker_end;
	a->next = k->askers;
	k->askers = a;
	int r = proc_chan_new(&a->chan, fd, PROC_ROLE_KEYS, PROC_ROLE_WORKER);
	if (!r)
		r = io_watch_new(&a->watch, k->loop, fd, on_asker_ready, a);
	if (r)
		return err_up(r);
	io_watch_set(a->watch, IO_READ);
	return 0;
}

static void say_key_bad(struct keys *k, uint32_t key_id, const char *why)
{
	uint8_t payload[4 + 256];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	proc_pack_u32(&p, key_id);
	proc_pack_raw(&p, slice_str(why));
	say(k, PROC_MSG_KEY_BAD, proc_packed(&p));
}

static int on_key(struct keys *k, struct proc_msg *msg)
{
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint32_t key_id;
	CLEAN(closep) int fd = TAKE_FD(msg->fd);
	CLEAN(buf_deinit_secret) struct buf pem = {};
	uint8_t digest[32];
	uint8_t payload[4 + 32];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	if (!proc_unpack_u32(&u, &key_id))
		return err_raise(-EPROTO);
	if (file_read_fd(&pem, fd, KEY_FILE_MAX)) {
		say_key_bad(k, key_id, "the file cannot be read");
		return 0;
	}
	int r = keys_store_add(k->store, key_id, buf_slice(&pem));
	if (r < 0)
		return err_up(r);
	if (r || keys_store_public_digest(k->store, key_id, digest)) {
		say_key_bad(k, key_id, "no RSA or EC private key in PEM without a passphrase");
		return 0;
	}
	proc_pack_u32(&p, key_id);
	proc_pack_raw(&p, slice_of(digest, sizeof(digest)));
	say(k, PROC_MSG_KEY_LOADED, proc_packed(&p));
	return 0;
}

static int on_key_and_who_waits(struct keys *k, struct proc_msg *msg)
{
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint32_t key_id = 0;
	int r = on_key(k, msg);
	if (!r && proc_unpack_u32(&u, &key_id))
		parked_answer(k, key_id);
	return err_up(r);
}

static int on_make_self_signed(struct keys *k, struct proc_msg *msg)
{
	char hostname[256];
	CLEAN(closep) int fd = TAKE_FD(msg->fd);
	CLEAN(buf_deinit_secret) struct buf key = {};
	CLEAN(buf_deinit) struct buf chain = {};
	slice_to_text(msg->payload, hostname, sizeof(hostname));
	int r = keys_self_signed_make(&key, &chain, hostname);
	if (!r)
		r = file_write_fd(fd, buf_slice(&key));
	if (r) {
		log_error(NULL, "self-made key cannot be made or written",
		          kv_str("error", strerror(-r)));
		buf_clear(&chain);
	}
	say(k, PROC_MSG_SELF_SIGNED, buf_slice(&chain));
	return 0;
}

static int on_make_request(struct keys *k, struct proc_msg *msg)
{
	CLEAN(closep) int fd = TAKE_FD(msg->fd);
	CLEAN(buf_deinit) struct buf made = {};
	int r = keys_order_request(&made, msg->payload, fd);
	if (r)
		return err_up(r);
	say(k, PROC_MSG_REQUEST_MADE, buf_slice(&made));
	return 0;
}

static int on_make_challenge(struct keys *k, struct proc_msg *msg)
{
	CLEAN(closep) int fd = TAKE_FD(msg->fd);
	CLEAN(buf_deinit) struct buf made = {};
	int r = keys_order_challenge(&made, k->store, msg->payload, fd);
	if (r)
		return err_up(r);
	say(k, PROC_MSG_CHALLENGE_MADE, buf_slice(&made));
	return 0;
}

static int on_message(struct keys *k, struct proc_msg *msg)
{
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint32_t key_id;
	switch (msg->type) {
	case PROC_MSG_KEY:
		return err_up(on_key_and_who_waits(k, msg));
	case PROC_MSG_KEY_FORGET:
		if (!proc_unpack_u32(&u, &key_id))
			return err_raise(-EPROTO);
		keys_store_remove(k->store, key_id);
		parked_answer(k, key_id);
		return 0;
	case PROC_MSG_WORKER_CHANNEL:
		return err_up(asker_add(k, TAKE_FD(msg->fd)));
	case PROC_MSG_MAKE_SELF_SIGNED:
		return err_up(on_make_self_signed(k, msg));
	case PROC_MSG_MAKE_REQUEST:
		return err_up(on_make_request(k, msg));
	case PROC_MSG_MAKE_CHALLENGE:
		return err_up(on_make_challenge(k, msg));
	default: /* the table of proc/msg.c lets nothing else through */
		return err_raise(-EPROTO);
	}
}

static void on_parent_ready(void *owner, int events)
{
	struct keys *k = owner;
	struct proc_msg msg;
	int ended = events & IO_WRITE ? proc_chan_flush(k->parent) : 0;
	if (!ended)
		ended = proc_chan_read(k->parent);
	int r = 0, next = PROC_MORE;
	while (!r && (next = proc_chan_next(k->parent, &msg)) == 0) {
		r = on_message(k, &msg);
		if (msg.fd >= 0)
			close(msg.fd);
	}
	if (r)
		log_error(NULL, "message of the parent failed", kv_int("errno", -r),
		          kv_str("where", err_origin()));
	if (r || ended || next != PROC_MORE) {
		k->status = r ? 1 : 0;
		io_loop_stop(k->loop);
		return;
	}
	watch_update(k->parent_watch, k->parent);
}

static int keys_init(struct keys *k, int chan_fd)
{
	int r = io_loop_new(&k->loop);
	if (!r)
		r = keys_store_new(&k->store);
	if (!r)
		r = proc_chan_new(&k->parent, chan_fd, PROC_ROLE_KEYS, PROC_ROLE_PARENT);
	if (!r)
		r = io_watch_new(&k->parent_watch, k->loop, chan_fd, on_parent_ready, k);
	if (!r)
		io_watch_set(k->parent_watch, IO_READ);
	return err_up(r);
}

/* Said once: every process has the same kernel. */
static void lacks_say(const struct proc_box_report *report)
{
	if (!report->landlock_abi)
		log_warn(NULL, "this kernel has no Landlock: seccomp alone keeps files off");
	if (!report->has_seccomp)
		log_warn(NULL, "this kernel has no seccomp: processes are not boxed");
}

int keys_main(int chan_fd)
{
	struct keys k = {};
	struct proc_box_report report;
	/* First the box: a loop made before it may hold an io_uring that it then may not use. */
	int r = proc_box(PROC_ROLE_KEYS, NULL, &report);
	if (!r) {
		lacks_say(&report);
		r = keys_init(&k, chan_fd);
	}
	if (!r)
		r = io_loop_run(k.loop);
	if (r)
		log_error(NULL, "keys cannot run", kv_int("errno", -r),
		          kv_str("where", err_origin()));
	while (k.askers)
		on_asker_end(&k.askers->end);
	io_watch_free(k.parent_watch);
	proc_chan_free(k.parent);
	keys_store_free(k.store);
	io_loop_free(k.loop);
	return r ? 1 : k.status;
}
