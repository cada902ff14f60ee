/* The process that looks at what our ports serve: its start, its list, what it says. */
#include "parent/witness.h"
#include "parent/children.h"
#include "parent/site.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "parent/truth.h"
#include "proc/published.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>

enum { STS_EVERY = 5 /* of "witness_every" */ };

/* What nobody outside can guess: 15 characters of 64. False: there is no chance to be had. */
static bool token_make(struct parent *p)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[PROC_WITNESS_TOKEN_LEN];
	if (p->witness_token[0])
		return true;
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		p->witness_token[i] = letters[bytes[i] % (sizeof(letters) - 1)];
	return true;
}

void parent_witness_introduce(struct parent *p, struct parent_child *worker)
{
	if (conf_needs_witness(p->plan->settings) && token_make(p))
		parent_send(worker, PROC_MSG_WITNESS_TOKEN, slice_str(p->witness_token), -1);
}

int parent_witness_start(struct parent_child *c)
{
	const struct conf_settings *s = c->parent->plan->settings;
	c->is_replaced = false;
	int r = parent_folder_make(s, CONF_WITNESS_FOLDER);
	if (!r)
		r = parent_child_start(c, s->user);
	if (r)
		return err_up(r);
	parent_send(c, PROC_MSG_CONFIG, slice_str(s->text), -1);
	return 0;
}

static void list_send(struct parent *p)
{
	CLEAN(buf_deinit) struct buf payload = {};
	if (parent_truth_list(p, &payload))
		log_error(NULL, "no memory for what is looked at");
	else
		parent_send(&p->witness, PROC_MSG_WITNESS_TARGETS, buf_slice(&payload), -1);
}

/* Policies of our own, as strangers see them: less often, for each look is one of theirs in sums.
 */
static void domains_send(struct parent *p)
{
	const struct conf_settings *s = p->plan->settings;
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer packer = proc_packer_onto(&payload);
	proc_pack_u32(&packer, STS_EVERY * s->witness_every_ms);
	for (size_t i = 0; i < s->mta_sts_count && i < PROC_PUBLISHED_DOMAINS_MAX; i++)
		proc_pack_str(&packer, s->mta_sts[i].domain);
	if (packer.has_failed)
		log_error(NULL, "no memory for what is looked at");
	else
		parent_send(&p->witness, PROC_MSG_STS_LOOK, buf_slice(&payload), -1);
}

static void on_turn(struct io_deadline *d)
{
	struct parent *p = (struct parent *)((char *)d - offsetof(struct parent, witness_turn));
	if (!p->witness.is_ready || !parent_truth_takes_turns(p))
		return;
	list_send(p);
	io_deadline_arm(p->loop, d, p->plan->settings->witness_every_ms);
}

void parent_witness_look(struct parent *p)
{
	parent_truth_forget(p);
	parent_site_forget(p);
	if (!p->witness.is_ready || !p->is_ready)
		return;
	list_send(p);
	domains_send(p);
	p->witness_turn.fn = on_turn;
	if (parent_truth_takes_turns(p))
		io_deadline_arm(p->loop, &p->witness_turn, p->plan->settings->witness_every_ms);
}

void parent_witness_saw(struct parent *p, struct slice payload)
{
	struct proc_witness_sight sight;
	uint8_t id[4];
	struct proc_packer packer = proc_packer_over(id, sizeof(id));
	if (!proc_witness_sight_unpack(payload, &sight) || parent_truth_saw(p, &sight))
		return;
	proc_pack_u32(&packer, sight.id);
	parent_send(&p->witness, PROC_MSG_WITNESS_AGAIN, proc_packed(&packer), -1);
}

void parent_witness_end(struct parent *p)
{
	io_deadline_disarm(&p->witness_turn);
	if (p->witness.pid)
		kill(p->witness.pid, SIGTERM);
}
