/*
 * From this build to another, newer or older, in the same process: the other binary is asked what
 * it is and checks the configuration; when no message is half read or half sent it is executed,
 * and goes on (parent/heir.c) with what the estate names. Until then nothing changes here.
 */
#include "parent/ctl.h"
#include "parent/notify.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "parent/parent.h"
#include "proc/box.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum {
	ANSWER_MAX_MS = 20000,
	SETTLE_TICK_MS = IO_WHEEL_TICK_MS,
	SETTLE_TICKS_MAX = 10000 / (2 * IO_WHEEL_TICK_MS),
	OUTPUT_MAX = 8192,
	OUTPUT_LINES_MAX = 50,
};

void parent_upgrade_describe(FILE *out)
{
	fprintf(out, "mailseal %s state %d messages %d %d\n", MAILSEAL_VERSION, ESTATE_FORMAT,
	        PROC_TABLE_VERSION_OLDEST, PROC_TABLE_VERSION);
}

void parent_signals_hold(bool hold)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void upgrade_end(struct parent *p)
{
	struct parent_upgrade *u = &p->upgrade;
	io_deadline_disarm(&u->tick);
	if (u->out_fd >= 0)
		close(u->out_fd);
	if (u->holds_signals)
		parent_signals_hold(false);
	*u = (struct parent_upgrade){ .out_fd = -1 };
}

__attribute__((format(printf, 2, 3))) static void refuse(struct parent *p, const char *format, ...)
{
	char why[PATH_MAX + 512];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	log_error(NULL, "upgrade refused, nothing was changed", kv_str("reason", why));
	upgrade_end(p);
	parent_ctl_upgrade_answer(p, false, why);
}

/* --- the other binary is asked --- */

static int program_ask(struct parent *p, char *const argv[])
{
	struct parent_upgrade *u = &p->upgrade;
	CLEAN(closep) int fd = memfd_create("mailseal-says", MFD_CLOEXEC);
	if (fd < 0)
		return err_raise(-errno);
	int r = proc_exec_program(u->binary, argv, fd, &u->pid);
	if (r)
		return err_up(r);
	if (u->out_fd >= 0)
		close(u->out_fd);
	u->out_fd = TAKE_FD(fd);
	io_deadline_arm(p->loop, &u->tick, ANSWER_MAX_MS);
	return 0;
}

static void step_begin(struct parent *p, enum parent_upgrade_step step)
{
	struct parent_upgrade *u = &p->upgrade;
	char *ask[] = { u->binary, (char *)"run", (char *)"--inherit", (char *)"ask", NULL };
	char *check[] = { u->binary,    (char *)"config",       (char *)"check",
		          (char *)"-c", (char *)p->config_path, NULL };
	u->step = step;
	int r = program_ask(p, step == PARENT_UPGRADE_ASK ? ask : check);
	if (r)
		refuse(p, "%s cannot be started: %s", u->binary, strerror(-r));
}

static void output_log(const char *text, bool is_well)
{
	struct slice rest = slice_str(text);
	for (int i = 0; rest.len && i < OUTPUT_LINES_MAX; i++) {
		size_t len = slice_find(rest, '\n');
		struct slice line = slice_head(rest, len);
		if (is_well)
			log_info(NULL, "the other build says", kv_slice("line", line));
		else
			log_error(NULL, "the other build says", kv_slice("line", line));
		rest = slice_skip(rest, len + 1);
	}
}

/* Both builds must know a table of messages that the other has: its children are spoken to. */
static bool says_it_fits(struct parent_upgrade *u, const char *text)
{
	unsigned format, oldest, newest;
	return sscanf(text, "mailseal %63s state %u messages %u %u", u->version, &format, &oldest,
	              &newest) == 4 &&
	       format == ESTATE_FORMAT && oldest <= PROC_TABLE_VERSION &&
	       newest >= PROC_TABLE_VERSION_OLDEST;
}

static void settle_begin(struct parent *p)
{
	p->upgrade.step = PARENT_UPGRADE_SETTLE;
	io_deadline_arm(p->loop, &p->upgrade.tick, 0);
}

/* The first line that is no warning of "config check": those stop nothing. */
static const char *reason_of(const char *text)
{
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		if (!memmem(line, len, ": warning: ", strlen(": warning: ")))
			return line;
		line += len + (line[len] != '\0');
	}
	return text;
}

static void answered(struct parent *p, int status)
{
	struct parent_upgrade *u = &p->upgrade;
	char text[OUTPUT_MAX] = "";
	ssize_t n = pread(u->out_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	const char *reason = reason_of(text);
	int line = (int)strcspn(reason, "\n");
	bool is_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	bool is_ask = u->step == PARENT_UPGRADE_ASK;
	if (!is_well || !is_ask)
		output_log(text, is_well);
	if (u->is_late)
		refuse(p, "%s does not answer", u->binary);
	else if (!is_well && WIFSIGNALED(status))
		refuse(p, "%s was killed by signal %d", u->binary, WTERMSIG(status));
	else if (!is_well)
		refuse(p, "%s %s (exit %d): %.*s", u->binary,
		       is_ask ? "cannot take over a running daemon" : "refuses the configuration",
		       WEXITSTATUS(status), line, reason);
	else if (is_ask && !says_it_fits(u, text))
		refuse(p, "%s is too far from this build to take over: %.*s", u->binary, line,
		       reason);
	else if (is_ask)
		step_begin(p, PARENT_UPGRADE_CHECK);
	else
		settle_begin(p);
}

bool parent_upgrade_reaped(struct parent *p, pid_t pid, int status)
{
	struct parent_upgrade *u = &p->upgrade;
	if (!u->pid || u->pid != pid)
		return false;
	u->pid = 0;
	io_deadline_disarm(&u->tick);
	if (p->is_draining)
		refuse(p, "the daemon drains");
	else
		answered(p, status);
	return true;
}

/* --- the moment --- */

/* Nothing is under way that the next image would not know of. */
static bool is_settled(const struct parent *p)
{
	if (p->next || (!p->has_upgrade_failed && !p->is_ready))
		return false;
	for (const struct parent_child *c = p->leaving; c; c = c->next)
		if (c->chan && !proc_chan_is_between_messages(c->chan))
			return false;
	if (p->has_upgrade_failed) /* ours never began, and are given up */
		return true;
	if (!parent_keys_are_quiet(p))
		return false;
	for (unsigned i = 0; i < p->worker_count; i++)
		if (!p->workers[i] || !p->workers[i]->is_ready ||
		    !parent_child_is_quiet(p->workers[i]))
			return false;
	return true;
}

static int child_leave_behind(struct estate *e, const struct parent_child *c)
{
	if (!c || !c->pid || !c->chan)
		return 0;
	return err_up(estate_add_child(e, (struct estate_child){
						  .role = c->role,
						  .slot = c->slot,
						  .pid = c->pid,
						  .fd = proc_chan_fd(c->chan),
						  .messages_version = proc_chan_version(c->chan),
						  .is_drained = c->is_drained,
					  }));
}

static int listeners_leave_behind(struct estate *e, const struct parent *p)
{
	int r = 0;
	for (size_t i = 0; i < p->listener_count; i++)
		for (unsigned slot = 0; !r && slot < PARENT_WORKERS_MAX; slot++)
			if (p->listeners[i].fds[slot] >= 0)
				r = estate_add_listener(e, (struct estate_listener){
								   .slot = slot,
								   .fd = p->listeners[i].fds[slot],
							   });
	return err_up(r);
}

static int estate_fill(struct estate *e, struct parent *p)
{
	uint64_t now_ms = io_loop_now_ms(p->loop);
	*e = (struct estate){
		.version = MAILSEAL_VERSION,
		.began_s = (uint64_t)p->began.tv_sec,
		.lock_fd = p->lock_fd,
		.drain_timeout_ms =
			p->plan ? p->plan->settings->drain_timeout_ms : p->old_drain_timeout_ms,
		.tickets_left_ms =
			p->tickets_due_ms > now_ms ? (uint32_t)(p->tickets_due_ms - now_ms) : 0,
	};
	memcpy(e->ticket_keys, p->ticket_keys, sizeof(e->ticket_keys));
	int r = listeners_leave_behind(e, p);
	for (unsigned i = 0; !r && i < p->keys_count; i++)
		r = child_leave_behind(e, &p->keys[i]);
	for (unsigned i = 0; !r && i < p->worker_count; i++)
		r = child_leave_behind(e, p->workers[i]);
	for (const struct parent_child *c = p->leaving; !r && c; c = c->next)
		r = child_leave_behind(e, c);
	if (!r)
		parent_ctl_hand_over(p, e);
	return err_up(r);
}

/* The descriptors that the next image gets; all others close as it begins. */
static void descriptors_pass(const struct estate *e, bool pass)
{
	int flag = pass ? 0 : FD_CLOEXEC;
	fcntl(e->lock_fd, F_SETFD, flag);
	fcntl(e->ctl_fd, F_SETFD, flag);
	for (size_t i = 0; i < e->asker_count; i++)
		fcntl(e->askers[i], F_SETFD, flag);
	for (size_t i = 0; i < e->listener_count; i++)
		fcntl(e->listeners[i].fd, F_SETFD, flag);
	for (size_t i = 0; i < e->child_count; i++)
		fcntl(e->children[i].fd, F_SETFD, flag);
}

/* *ret_fd is not close-on-exec. Never on disk: ticket keys are in it. */
static int estate_put(const struct estate *e, int *ret_fd)
{
	CLEAN(buf_deinit_secret) struct buf text = {};
	int r = estate_write(e, &text);
	if (r)
		return err_up(r);
	if (buf_len(&text) > ESTATE_LEN_MAX)
		return err_raise(-EFBIG);
	CLEAN(closep) int fd = memfd_create("mailseal-state", 0);
	if (fd < 0)
		return err_raise(-errno);
	if (pwrite(fd, text.data + text.start, buf_len(&text), 0) != (ssize_t)buf_len(&text))
		return err_raise(-EIO);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Returns only if it could not be: everything goes on here. */
static void execute(struct parent *p, const struct estate *e, int estate_fd)
{
	struct parent_upgrade *u = &p->upgrade;
	char number[16], says[ESTATE_VERSION_CAP + 32];
	char *argv[] = { u->binary,           (char *)"run", (char *)"-c", (char *)p->config_path,
		         (char *)"--inherit", number,        NULL };
	snprintf(number, sizeof(number), "%d", estate_fd);
	snprintf(says, sizeof(says), "upgrading to %s", u->version);
	log_notice(NULL, "upgrading", kv_str("from", MAILSEAL_VERSION), kv_str("to", u->version),
	           kv_str("binary", u->binary));
	parent_notify("RELOADING=1");
	parent_ctl_upgrade_answer(p, true, says);
	descriptors_pass(e, true);
	execve(u->binary, argv, environ);
	int error = errno;
	descriptors_pass(e, false);
	log_error(NULL, "upgrade failed, this build goes on", kv_str("binary", u->binary),
	          kv_str("error", strerror(error)));
	parent_notify("READY=1");
	upgrade_end(p);
}

static void leave(struct parent *p)
{
	struct estate e;
	CLEAN(closep) int fd = -1;
	int r = estate_fill(&e, p);
	if (!r)
		r = estate_put(&e, &fd);
	if (r)
		refuse(p, "the state cannot be written: %s", strerror(-r));
	else
		execute(p, &e, fd);
	estate_deinit(&e);
}

/*
 * Signals are held for a turn of the loop before it happens: one that came before that turn is
 * met here, one that comes later waits for the next image.
 */
static void settle(struct parent *p)
{
	struct parent_upgrade *u = &p->upgrade;
	bool is_now = is_settled(p);
	if (p->is_announced) {
		refuse(p, "the daemon drains");
	} else if (is_now && u->holds_signals) {
		leave(p);
	} else if (++u->ticks > SETTLE_TICKS_MAX) {
		refuse(p, "the daemon's processes do not come to rest; is one of them stopped, or "
		          "a reload under way?");
	} else {
		parent_signals_hold(is_now);
		u->holds_signals = is_now;
		io_deadline_arm(p->loop, &u->tick, SETTLE_TICK_MS);
	}
}

static void on_tick(struct io_deadline *d)
{
	struct parent *p = (struct parent *)((char *)d - offsetof(struct parent, upgrade.tick));
	if (p->upgrade.step == PARENT_UPGRADE_SETTLE) {
		settle(p);
	} else if (p->upgrade.pid) { /* SIGCHLD tells the rest */
		p->upgrade.is_late = true;
		kill(p->upgrade.pid, SIGKILL);
	}
}

/* The path, not the file: a package put another file there. */
static const char *own_path(void)
{
	const char *path = (const char *)getauxval(AT_EXECFN);
	return path ? path : "/proc/self/exe";
}

const char *parent_upgrade_against(const struct parent *p)
{
	if (p->is_announced)
		return "the daemon drains";
	if (p->upgrade.step != PARENT_UPGRADE_NONE)
		return "an upgrade is under way";
	if (!p->is_ready && !p->has_upgrade_failed)
		return "the daemon is not ready yet";
	return NULL;
}

void parent_upgrade_begin(struct parent *p, const char *binary)
{
	struct parent_upgrade *u = &p->upgrade;
	const char *path = binary[0] ? binary : own_path();
	snprintf(u->binary, sizeof(u->binary), "%s", path);
	u->tick.fn = on_tick;
	if (strlen(path) >= sizeof(u->binary) || path[0] == '-')
		refuse(p, "%s is no path", path);
	else if (access(path, X_OK))
		refuse(p, "%s: %s", path, strerror(errno));
	else
		step_begin(p, PARENT_UPGRADE_ASK);
}
