/* What the parent says, and what it is told. */
#include "ledger/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "proc/alarm.h"

#include <errno.h>
#include <time.h>

enum { STATUS_MS = 5 * 1000 };

static void status_tell(struct ledger *l)
{
	uint8_t payload[8 * PROC_LEDGER_NUMBER_COUNT];
	if (l->parent &&
	    proc_peer_queue(l->parent, PROC_MSG_LEDGER_STATUS, keeper_numbers(l->keeper, payload)))
		log_debug(NULL, "parent cannot be told");
}

void ledger_cluster_tell(struct ledger *l)
{
	uint8_t payload[8 * PROC_CLUSTER_NUMBER_COUNT];
	if (l->parent && l->share &&
	    proc_peer_queue(l->parent, PROC_MSG_CLUSTER_STATUS, share_numbers(l->share, payload)))
		log_debug(NULL, "parent cannot be told");
}

static void on_status(struct io_deadline *d)
{
	struct ledger *l = (struct ledger *)((char *)d - offsetof(struct ledger, status));
	ledger_cluster_tell(l);
	status_tell(l);
	io_deadline_arm(l->loop, d, STATUS_MS);
}

void ledger_status_begin(struct ledger *l)
{
	l->status.fn = on_status;
	on_status(&l->status);
}

static int on_forget(struct ledger *l, struct slice question)
{
	char name[STORE_TEXT_MAX + 1];
	uint8_t payload[4 + 4 + 1];
	struct proc_unpacker u = proc_unpacker_over(question);
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	struct slice user;
	uint32_t request;
	size_t rows = 0;
	if (!proc_unpack_u32(&u, &request) || !proc_unpack_text(&u, &user))
		return err_raise(-EPROTO);
	slice_to_text(user, name, sizeof(name));
	int r = keeper_forget(l->keeper, name, &rows);
	share_forget(l->share, name);
	share_changed(l->share);
	if (r)
		log_error(NULL, "a user cannot be forgotten", kv_int("errno", -r),
		          kv_str("where", err_origin()));
	proc_pack_u32(&p, request);
	proc_pack_u32(&p, rows > UINT32_MAX ? UINT32_MAX : (uint32_t)rows);
	proc_pack_u8(&p, r != 0);
	r = proc_peer_queue(l->parent, PROC_MSG_FORGOT, proc_packed(&p));
	return r == PROC_CLOSED ? 0 : err_up(r);
}

/* It is told again every few minutes, so one that the file does not take now is not lost. */
static int on_alarm(struct ledger *l, struct slice payload)
{
	struct proc_alarm a;
	if (!proc_alarm_unpack(payload, &a))
		return err_raise(-EPROTO);
	const struct store_alarm alarm = {
		.kind = proc_alarm_name(a.kind),
		.subject = a.subject,
		.detail = a.text,
		.mend = a.mend,
		.since_s = a.since_s,
		.seen_s = time(NULL),
		.cleared_s = a.is_cleared ? time(NULL) : 0,
	};
	struct store_ledger *store = keeper_store(l->keeper);
	int r = store ? store_ledger_alarm_put(store, &alarm) : 0;
	if (r)
		log_error(NULL, "an alarm cannot be written", kv_int("errno", -r),
		          kv_str("where", err_origin()));
	return 0;
}

static int on_order_ask(struct ledger *l, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	struct share_order order = {};
	char id[PROC_ORDER_ID_CAP];
	uint8_t ask;
	if (!proc_unpack_u8(&u, &ask) || ask >= PROC_ORDER_ASK_COUNT ||
	    !proc_unpack_u32(&u, &order.number) || !proc_unpack_str(&u, id, sizeof(id)) ||
	    !proc_unpack_text(&u, &order.chain))
		return err_raise(-EPROTO);
	order.ask = (enum proc_order_ask)ask;
	order.id = id;
	if (l->share)
		share_order_ask(l->share, &order);
	else
		ledger_order_told(l, &(struct share_order){
					     order.ask, order.number, id, PROC_ORDER_AWAY, {} });
	return 0;
}

int ledger_hear(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct ledger *l = owner;
	int r = dashboard_message(l->dashboard, msg);
	if (r != DASHBOARD_OTHER)
		return err_up(r);
	switch (msg->type) {
	case PROC_MSG_WORKER_CHANNEL:
		return err_up(tellers_add(l->tellers, PROC_ROLE_WORKER, TAKE_FD(msg->fd)));
	case PROC_MSG_WATCH_CHANNEL:
		return err_up(tellers_add(l->tellers, PROC_ROLE_WATCH, TAKE_FD(msg->fd)));
	case PROC_MSG_RUNNER_CHANNEL:
		return err_up(hooks_runner_add(l->hooks, TAKE_FD(msg->fd)));
	case PROC_MSG_FORGET:
		return err_up(on_forget(l, msg->payload));
	case PROC_MSG_ALARM:
		return err_up(on_alarm(l, msg->payload));
	case PROC_MSG_BAN:
		share_ban(l->share, msg->payload);
		return 0;
	case PROC_MSG_TOKENS:
		share_tokens_tell(l->share, msg->payload);
		return 0;
	case PROC_MSG_ORDER_ASK:
		return err_up(on_order_ask(l, msg->payload));
	case PROC_MSG_STATUS_ASK:
		ledger_cluster_tell(l);
		status_tell(l);
		return 0;
	default: /* the table of proc/msg.c lets nothing else through */
		return err_raise(-EPROTO);
	}
}
