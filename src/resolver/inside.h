/*
 * What the files of the process itself share. resolver.c: its beginning, the parent, its end.
 * askers.c: who asks. Inside of resolver/ alone.
 */
#ifndef RESOLVER_INSIDE_H
#define RESOLVER_INSIDE_H

#include "ask/anchor.h"
#include "ask/fetch.h"
#include "ask/lookup.h"
#include "ask/room.h"
#include "base/buf.h"
#include "base/log_calm.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "proc/peer.h"
#include "resolver/finder.h"
#include "resolver/hosts.h"
#include "resolver/memory.h"
#include "resolver/outcomes.h"
#include "resolver/policies.h"
#include "resolver/reporter.h"
#include "resolver/seats.h"
#include "resolver/shared.h"
#include "store/sts.h"

#include <limits.h>

struct asker;

struct resolver {
	struct io_loop *loop;
	struct conf_settings *settings;
	struct buf ca_pem;
	char folder[PATH_MAX];
	struct anchor anchor;
	struct ask_room room;
	struct proc_chan *parent_chan; /* until the loop has it */
	struct proc_peer *parent;
	struct store_sts *store;
	struct resolver_memory *memory;
	struct resolver_shared *shared; /* NULL: this node is alone */
	struct buf password;            /* of the cluster's store */
	struct seats *seats;
	struct outcomes *outcomes;
	struct reporter *reporter; /* NULL: no TLS reports go out */
	struct lookup *lookup;
	struct fetch *fetch;
	struct policies *policies;
	struct finder *finder;
	struct hosts *hosts;
	struct asker *askers;
	struct buf packed;
	struct log_calm busy;
};

/* Takes fd: a channel to one that asks. */
[[nodiscard]] int resolver_asker_add(struct resolver *r, enum proc_role role, int fd);
void resolver_askers_free(struct resolver *r);
/* Ends when nobody asks any more, and nobody starts workers. */
void resolver_end_if_idle(struct resolver *r);

#endif
