/* What CAs may ask for: told to all workers, in force when all have said so. */
#include "parent/challenges.h"
#include "parent/acme_state.h"
#include "parent/state.h"

#include "acme/tokens.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "proc/challenges.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

/* Other nodes look at the store every second, and tell their workers. */
enum { OTHERS_MS = 3000 };

struct parent_challenges {
	struct parent *parent;
	struct acme_challenges list;
	struct acme_challenges others; /* of orders of other nodes of the cluster */
	struct io_deadline heard;      /* by the others, what all workers here have taken */
	uint32_t generation;
	uint32_t taken[PARENT_WORKERS_MAX]; /* by each worker, of itself */
	bool is_awaited;                    /* that all take this generation */
	bool is_told;                       /* other nodes hear of it */
	bool is_made;                       /* keys makes the certificate of made_for */
	uint32_t made_key_id;
	int made_fd; /* of that key, for the other keys processes */
	struct acme_word made_for;
	/* Keys that were made, for processes that are started in the place of others. */
	struct made_key {
		uint32_t id;
		int fd;
	} made_keys[ACME_CHALLENGES_MAX];
	size_t made_key_count;
};

static void on_heard(struct io_deadline *d)
{
	struct parent_challenges *c =
		(struct parent_challenges *)((char *)d - offsetof(struct parent_challenges, heard));
	parent_acme_in_force(c->parent, true);
}

static struct parent_challenges *challenges_of(struct parent *p)
{
	if (p->challenges)
		return p->challenges;
	struct parent_challenges *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->parent = p;
	c->heard.fn = on_heard;
	p->challenges = c;
	return c;
}

static void made_close(struct parent_challenges *c)
{
	if (c->made_fd > 0) /* 0 is stdin, and none of ours */
		close(c->made_fd);
	c->made_fd = 0;
}

void parent_challenges_send(struct parent *p, struct parent_child *worker)
{
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer packer = proc_packer_onto(&payload);
	if (!p->challenges)
		return;
	proc_challenges_pack(&packer, p->challenges->generation, &p->challenges->list,
	                     &p->challenges->others);
	p->challenges->taken[worker->slot] = 0;
	if (packer.has_failed)
		log_error(NULL, "no memory for a message");
	else
		parent_send(worker, PROC_MSG_CHALLENGES, buf_slice(&payload), -1);
}

/* Are all that may be asked ready? One that dies has a successor, who is told and says so. */
static void look_if_all(struct parent *p)
{
	struct parent_challenges *c = p->challenges;
	for (unsigned i = 0; i < p->worker_count; i++)
		if (c->taken[i] != c->generation)
			return;
	if (!c->is_awaited)
		return;
	c->is_awaited = false;
	if (c->is_told)
		io_deadline_arm(p->loop, &c->heard, OTHERS_MS);
	else
		parent_acme_in_force(p, true);
}

static void all_tell(struct parent *p)
{
	p->challenges->generation++;
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i] && p->workers[i]->chan)
			parent_challenges_send(p, p->workers[i]);
}

/* --- other nodes --- */

void parent_challenges_tell(struct parent *p)
{
	CLEAN(buf_deinit) struct buf text = {};
	struct parent_challenges *c = p->challenges;
	if (!c || !c->is_told || !p->ledger.is_ready)
		return;
	if (acme_tokens_write(&text, &c->list))
		log_error(NULL, "no memory for a message");
	else
		parent_send(&p->ledger, PROC_MSG_TOKENS, buf_slice(&text), -1);
}

void parent_challenges_heard(struct parent *p, struct slice tokens)
{
	struct parent_challenges *c = challenges_of(p);
	if (!c)
		return;
	acme_challenges_clear(&c->others);
	if (acme_tokens_read(&c->others, tokens))
		log_error(NULL, "no memory for what a CA may ask other nodes for");
	all_tell(p);
}

/* --- this one --- */

void parent_challenges_taken(struct parent *p, unsigned slot, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t generation;
	if (!p->challenges || slot >= PARENT_WORKERS_MAX || !proc_unpack_u32(&u, &generation))
		return;
	p->challenges->taken[slot] = generation;
	look_if_all(p);
}

/* --- keys of tls-alpn-01 --- */

/* Takes c->made_fd. There is room: it goes into a list with as many places. */
static void made_key_keep(struct parent_challenges *c, uint32_t id)
{
	if (c->made_key_count == ACME_CHALLENGES_MAX)
		return;
	c->made_keys[c->made_key_count++] = (struct made_key){ id, c->made_fd };
	c->made_fd = 0;
}

static void made_key_drop(struct parent_challenges *c, uint32_t id)
{
	for (size_t i = 0; i < c->made_key_count; i++) {
		if (c->made_keys[i].id != id)
			continue;
		close(c->made_keys[i].fd);
		c->made_keys[i] = c->made_keys[--c->made_key_count];
		return;
	}
}

static void key_forget(struct parent *p, const struct acme_challenge *c)
{
	if (c->type != ACME_TLS_ALPN_01)
		return;
	made_key_drop(p->challenges, c->key_id);
	parent_keys_forget(p, c->key_id);
}

void parent_challenges_keys_send(struct parent_child *keys)
{
	const struct parent_challenges *c = keys->parent->challenges;
	for (size_t i = 0; c && i < c->made_key_count; i++)
		parent_keys_send_made(keys, c->made_keys[i].id, c->made_keys[i].fd);
}

/* Those that another of this name and token takes the place of, or that are done with. */
static void same_forget(struct parent *p, enum acme_type type, const char *name, const char *token)
{
	const struct acme_challenges *list = &p->challenges->list;
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].type == type && !strcasecmp(list->items[i].name, name) &&
		    !strcmp(list->items[i].token, token))
			key_forget(p, &list->items[i]);
}

/* Takes what *one has. */
static int put(struct parent *p, struct acme_challenge *one)
{
	struct parent_challenges *c = p->challenges;
	enum acme_type type = one->type;
	same_forget(p, type, one->name, one->token);
	int r = acme_challenges_add(&c->list, one);
	if (r) {
		key_forget(p, one);
		acme_challenge_deinit(one);
		return r < 0 ? err_up(r) : err_raise(-ENOSPC);
	}
	c->is_awaited = true;
	all_tell(p);
	c->is_told = type == ACME_HTTP_01 && parent_acme_is_shared(p);
	parent_challenges_tell(p);
	return 0;
}

static struct acme_challenge challenge_from(const struct acme_word *w)
{
	struct acme_challenge one = { .type = w->type };
	memcpy(one.name, w->name, sizeof(one.name));
	memcpy(one.token, w->token, sizeof(one.token));
	memcpy(one.authorization, w->authorization, sizeof(one.authorization));
	return one;
}

/* Its key is made in keys, and goes from one to the others by memory that no file has. */
static int certificate_order(struct parent *p, const struct acme_word *w)
{
	uint8_t payload[4 + ACME_DIGEST_LEN + ACME_NAME_CAP];
	struct proc_packer packer = proc_packer_over(payload, sizeof(payload));
	struct parent_challenges *c = p->challenges;
	CLEAN(closep) int fd = memfd_create("mailseal-challenge", MFD_CLOEXEC);
	int sent = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
	if (sent < 0)
		return err_raise(-errno);
	c->is_made = true;
	c->made_for = *w;
	c->made_key_id = p->next_key_id++;
	proc_pack_u32(&packer, c->made_key_id);
	proc_pack_raw(&packer, slice_of(w->digest, sizeof(w->digest)));
	proc_pack_raw(&packer, slice_str(w->name));
	made_close(c);
	c->made_fd = TAKE_FD(fd);
	parent_keys_make(p, PROC_MSG_MAKE_CHALLENGE, proc_packed(&packer), sent);
	return 0;
}

void parent_challenges_maker_lost(struct parent *p)
{
	if (!p->challenges || !p->challenges->is_made)
		return;
	const struct acme_word again = p->challenges->made_for;
	if (certificate_order(p, &again))
		parent_acme_in_force(p, false);
}

int parent_challenge_put(struct parent *p, const struct acme_word *w)
{
	if (!challenges_of(p))
		return err_raise(-ENOMEM);
	if (w->type == ACME_TLS_ALPN_01) {
		/* A hook waits for its answer: who does not would have us make keys without end. */
		if (p->challenges->is_made)
			return err_raise(-EBUSY);
		return err_up(certificate_order(p, w));
	}
	struct acme_challenge one = challenge_from(w);
	return err_up(put(p, &one));
}

void parent_challenge_made(struct parent *p, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct parent_challenges *c = p->challenges;
	struct slice chain;
	uint32_t key_id;
	if (!proc_unpack_u32(&u, &key_id) || !proc_unpack_text(&u, &chain))
		return;
	if (!c || !c->is_made || key_id != c->made_key_id) { /* of an order that has ended */
		parent_keys_forget(p, key_id);
		return;
	}
	c->is_made = false;
	if (chain.len) {
		parent_keys_share(p, key_id, c->made_fd);
		made_key_keep(c, key_id);
	}
	made_close(c);
	struct acme_challenge one = challenge_from(&c->made_for);
	one.key_id = key_id;
	if (!chain.len || buf_add(&one.chain_pem, chain) || put(p, &one))
		parent_acme_in_force(p, false);
}

void parent_challenges_end(struct parent *p)
{
	struct parent_challenges *c = p->challenges;
	if (!c)
		return;
	c->is_awaited = c->is_made = false;
	io_deadline_disarm(&c->heard);
	made_close(c);
	if (!c->list.count)
		return;
	for (size_t i = 0; i < c->list.count; i++)
		key_forget(p, &c->list.items[i]);
	acme_challenges_clear(&c->list);
	all_tell(p);
	parent_challenges_tell(p);
}

void parent_challenge_take_out(struct parent *p, const struct acme_word *w)
{
	struct parent_challenges *c = p->challenges;
	if (!c)
		return;
	same_forget(p, w->type, w->name, w->token);
	if (!acme_challenges_remove(&c->list, w->type, w->name, w->token))
		return;
	all_tell(p);
	parent_challenges_tell(p);
}

void parent_challenges_free(struct parent *p)
{
	struct parent_challenges *c = TAKE(p->challenges);
	if (!c)
		return;
	io_deadline_disarm(&c->heard);
	made_close(c);
	while (c->made_key_count)
		made_key_drop(c, c->made_keys[0].id);
	acme_challenges_clear(&c->list);
	acme_challenges_clear(&c->others);
	free(c);
}
