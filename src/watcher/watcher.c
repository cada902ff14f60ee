#include "watcher/watcher.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "proc/config.h"
#include "proc/peer.h"
#include "proc/teller.h"
#include "watch/capture.h"
#include "watcher/flows.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
	SWEEP_MS = 10 * 1000,
	REST_MS = 300,          /* longer than the kernel keeps a block to itself */
	PATIENCE_MS = 2 * 1000, /* at the end, for what the ledger was told last */
	ERROR_CAP = 512,
};
_Static_assert((int)PROC_WATCH_VERDICTS == (int)WATCH_VERDICT_COUNT, "a number for each verdict");

struct watcher {
	const char *interface;
	struct io_loop *loop;
	struct proc_peer *parent; /* NULL: it is gone */
	struct proc_teller *ledger;
	struct io_signal *term;
	struct watch_capture capture;
	struct io_watch *frames; /* NULL: not begun yet, or at the end */
	struct watcher_flows *flows;
	struct watch *watch;
	struct conf_settings *settings; /* NULL: the first are on their way */
	struct io_deadline sweep, rest;
	bool is_leaving;
	bool has_failed;
	char error[ERROR_CAP];
};

#define WATCHER_OF(node, member)                                                                   \
	((struct watcher *)((char *)(node)-offsetof(struct watcher, member)))

static void say(struct watcher *w, enum proc_msg_type type, struct slice payload)
{
	if (w->parent && proc_peer_send(w->parent, type, payload, -1))
		log_error(NULL, "parent cannot be told", kv_str("message", proc_msg_name(type)));
}

/* --- the end --- */

static void on_kept(void *owner)
{
	struct watcher *w = owner;
	io_loop_stop(w->loop);
}

/* What is open is told as it stands. */
static void finish(struct watcher *w)
{
	io_watch_free(TAKE(w->frames));
	io_deadline_disarm(&w->rest);
	io_deadline_disarm(&w->sweep);
	if (watch_end(w->watch))
		w->has_failed = true;
	proc_teller_finish(w->ledger, PATIENCE_MS, on_kept, w);
}

static void on_rest(struct io_deadline *d)
{
	finish(WATCHER_OF(d, rest));
}

/* What crossed before now and was not handed over yet still counts. */
static void leave(struct watcher *w)
{
	if (w->is_leaving)
		return;
	w->is_leaving = true;
	w->rest.fn = on_rest;
	io_deadline_arm(w->loop, &w->rest, w->frames ? REST_MS : 0);
}

static void on_term(void *owner, int number)
{
	leave(owner);
}

/* --- frames --- */

static void give_up(struct watcher *w)
{
	say(w, PROC_MSG_WATCH_FAILED, slice_str(w->error));
	w->is_leaving = true;
	finish(w);
}

/* Another process begins with an empty table. */
static void give_up_for_memory(struct watcher *w)
{
	w->has_failed = true;
	snprintf(w->error, sizeof(w->error), "%s: out of memory", w->interface);
	give_up(w);
}

static void on_frames(void *owner, int events)
{
	struct watcher *w = owner;
	int r = watch_capture_read(&w->capture, w->watch, 0, w->error, sizeof(w->error));
	if (r == WATCH_CAPTURE_NO_MEMORY)
		give_up_for_memory(w);
	else if (r)
		give_up(w);
}

static void on_sweep(struct io_deadline *d)
{
	struct watcher *w = WATCHER_OF(d, sweep);
	io_deadline_arm(w->loop, d, SWEEP_MS);
	if (watch_sweep(w->watch, time(NULL)))
		give_up_for_memory(w);
}

static int frames_begin(struct watcher *w)
{
	int r = io_watch_new(&w->frames, w->loop, pcap_get_selectable_fd(w->capture.pcap),
	                     on_frames, w);
	if (r)
		return err_up(r);
	io_watch_set(w->frames, IO_READ);
	w->sweep.fn = on_sweep;
	io_deadline_arm(w->loop, &w->sweep, SWEEP_MS);
	log_notice(NULL, "watching", kv_str("interface", w->interface),
	           kv_str("kind", w->capture.interface.kind),
	           kv_str("as", watch_wire_name(w->capture.interface.wire)));
	say(w, PROC_MSG_READY, (struct slice){});
	return 0;
}

/* --- messages --- */

static int on_config(struct watcher *w, struct slice text)
{
	CLEAN(conf_settings_freep) struct conf_settings *settings = NULL;
	int r = proc_config_read(text, &settings);
	if (!r)
		r = watcher_flows_configure(w->flows, settings);
	if (r)
		return err_up(r);
	conf_settings_free(w->settings);
	w->settings = TAKE(settings);
	return w->frames || w->is_leaving ? 0 : err_up(frames_begin(w));
}

static void status_tell(struct watcher *w)
{
	uint8_t payload[PROC_WATCH_NUMBER_COUNT * 8];
	struct proc_packer p = proc_packer_over(payload, sizeof(payload));
	const struct watch_counts *seen = watch_counts_of(w->watch);
	const struct proc_teller_counters told = proc_teller_counters(w->ledger);
	struct watcher_flow_counts counts;
	watcher_flows_count(w->flows, time(NULL), &counts);
	const uint64_t numbers[PROC_WATCH_SERVICES] = {
		[PROC_WATCH_PACKETS] = seen->packets,
		[PROC_WATCH_DROPS] = watch_capture_drops(&w->capture),
		[PROC_WATCH_FLOWS] = seen->flows,
		[PROC_WATCH_FORGOTTEN] = seen->flows_forgotten,
		[PROC_WATCH_SESSIONS] = counts.sessions,
		[PROC_WATCH_PASSWORDS] = counts.passwords,
		[PROC_WATCH_WAITING] = told.waiting,
		[PROC_WATCH_LOST] = told.lost,
	};
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		proc_pack_u64(&p, numbers[i]);
	for (size_t i = 0; i < COUNT_OF(counts.services); i++)
		proc_pack_u64(&p, counts.services[i]);
	say(w, PROC_MSG_WATCH_STATUS, proc_packed(&p));
}

static int on_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct watcher *w = owner;
	if (msg->type == PROC_MSG_CONFIG)
		return err_up(on_config(w, msg->payload));
	if (msg->type == PROC_MSG_LEDGER_CHANNEL)
		return err_up(proc_teller_attach(w->ledger, TAKE_FD(msg->fd)));
	/* The table lets nothing else through. */
	status_tell(w);
	return 0;
}

static void on_parent_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct watcher *w = owner;
	proc_peer_free(TAKE(w->parent));
	leave(w);
}

static void on_ledger_broken(void *owner)
{
	say(owner, PROC_MSG_LEDGER_WANTED, (struct slice){});
}

/* --- the beginning --- */

/* With the right to do so, which is given up at once. */
static int capture_begin(struct watcher *w, const char *user)
{
	int r = watch_capture_interface(&w->capture, w->interface, w->error, sizeof(w->error));
	if (!r)
		r = watch_capture_drop(&w->capture, user, w->error, sizeof(w->error));
	return r;
}

static int watch_begin(struct watcher *w)
{
	struct watch_settings settings = { .link = w->capture.link };
	if (getrandom(&settings.seed, sizeof(settings.seed), 0) != sizeof(settings.seed))
		return err_raise(-EIO);
	int r = watcher_flows_new(&w->flows, proc_teller_recorder(w->ledger),
	                          w->capture.interface.wire);
	if (r)
		return err_up(r);
	settings.listener = watcher_flows_listener(w->flows);
	return err_up(watch_new(&w->watch, &settings));
}

static int begin(struct watcher *w, int channel)
{
	CLEAN(closep) int fd = channel;
	int r = io_loop_new(&w->loop);
	if (!r)
		r = proc_peer_new(&w->parent, &(struct proc_peer_settings){
						      .loop = w->loop,
						      .fd = TAKE_FD(fd),
						      .self = PROC_ROLE_WATCH,
						      .peer = PROC_ROLE_PARENT,
						      .owner = w,
						      .on_message = on_message,
						      .on_end = on_parent_end,
					      });
	if (!r)
		r = io_signal_new(&w->term, w->loop, SIGTERM, on_term, w);
	if (!r)
		r = proc_teller_new(&w->ledger, &(struct proc_teller_settings){
							.loop = w->loop,
							.self = PROC_ROLE_WATCH,
							.on_broken = on_ledger_broken,
							.owner = w,
						});
	if (r)
		return err_up(r);
	proc_teller_switch(w->ledger, true);
	return err_up(watch_begin(w));
}

/* Flows first: what they tell last goes to the ledger. */
static void end(struct watcher *w)
{
	watch_free(w->watch);
	watcher_flows_free(w->flows);
	proc_teller_free(w->ledger);
	watch_capture_close(&w->capture);
	conf_settings_free(w->settings);
	proc_peer_free(w->parent);
	if (!w->loop)
		return;
	io_watch_free(w->frames);
	io_deadline_disarm(&w->sweep);
	io_deadline_disarm(&w->rest);
	io_signal_free(w->term);
	io_loop_free(w->loop);
}

/* There is no loop yet, and what is said fits a socket. */
static void failure_tell(int channel, const char *why)
{
	CLEAN(proc_chan_freep) struct proc_chan *chan = NULL;
	if (proc_chan_new(&chan, channel, PROC_ROLE_WATCH, PROC_ROLE_PARENT) ||
	    proc_chan_send(chan, PROC_MSG_WATCH_FAILED, slice_str(why), -1))
		log_error(NULL, "cannot watch", kv_str("reason", why));
}

int watcher_main(int chan_fd, const char *user, const char *interface)
{
	struct watcher w = { .interface = interface };
	if (capture_begin(&w, user)) {
		failure_tell(chan_fd, w.error);
		watch_capture_close(&w.capture);
		return 0;
	}
	int r = begin(&w, chan_fd);
	if (!r)
		r = io_loop_run(w.loop);
	if (r)
		log_error(NULL, "cannot watch", kv_str("interface", interface),
		          kv_str("error", strerror(-r)), kv_str("where", err_origin()));
	end(&w);
	return r || w.has_failed;
}
