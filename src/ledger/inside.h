/*
 * What the files of the process itself share. ledger.c: its beginning, its file, its end. hear.c:
 * the parent. sharing.c: the cluster. Inside of ledger/ alone.
 */
#ifndef LEDGER_INSIDE_H
#define LEDGER_INSIDE_H

#include "base/buf.h"
#include "io/loop.h"
#include "ledger/checks.h"
#include "ledger/dashboard.h"
#include "ledger/hooks.h"
#include "ledger/keeper.h"
#include "ledger/share.h"
#include "ledger/tellers.h"
#include "proc/peer.h"

#include <limits.h>

struct ledger {
	struct io_loop *loop;
	struct conf_settings *settings;
	char folder[PATH_MAX];
	char path[PATH_MAX + 16];
	char others_path[PATH_MAX + 16], checks_path[PATH_MAX + 16];
	struct buf password;           /* of the cluster's store */
	struct proc_chan *parent_chan; /* until the loop has it */
	struct proc_peer *parent;
	struct io_signal *term;
	struct io_deadline status;
	struct tellers *tellers;
	struct keeper *keeper;
	struct dashboard *dashboard;
	struct hooks *hooks;
	struct checks *checks; /* NULL: no domain is looked at */
	struct share *share;   /* NULL: this node is alone */
};

/* For proc/peer.h. */
int ledger_hear(void *owner, struct proc_peer *from, struct proc_msg *msg);
/* Tells the parent how much there is, now and every few seconds. */
void ledger_status_begin(struct ledger *l);
/* How it is with the store of the cluster. */
void ledger_cluster_tell(struct ledger *l);

/* As the settings want it. Without the store sessions are still recorded. */
void ledger_sharing_begin(struct ledger *l);
/* What the cluster says of an order; for share_settings, and where this node is alone. */
void ledger_order_told(void *owner, const struct share_order *answer);
/* A worker tells of a login; for tellers_settings. */
int ledger_guess(void *owner, uint64_t teller, struct slice payload);

#endif
