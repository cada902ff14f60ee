#include "up/apply.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum {
	POLL_MS = 100,
	DRAIN_FACTOR = 4, /* sessions of a daemon that ends have their time */
};

static const char own_name[] = "mailseal";

/* Of the work, done or undone. */
struct server {
	const char *title;
	const char *program; /* that listens */
	char *const *check;
	char *const *reload;
};

#define ARGV(...) ((char *const[]){ __VA_ARGS__, NULL })
#define WORD(text) ((char *)(text))

static const struct server postfix = {
	"Postfix",
	"master",
	(char *const[]){ WORD("postfix"), WORD("check"), NULL },
	(char *const[]){ WORD("postfix"), WORD("reload"), NULL },
};
static const struct server dovecot = {
	"Dovecot",
	"dovecot",
	(char *const[]){ WORD("doveconf"), WORD("-n"), NULL },
	(char *const[]){ WORD("doveadm"), WORD("reload"), NULL },
};

__attribute__((format(printf, 3, 4))) static int fail(struct up_apply *a, int outcome,
                                                      const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(a->why, sizeof(a->why), format, args);
	va_end(args);
	return outcome;
}

static void say(const struct up_apply *a, const char *text)
{
	if (a->say)
		a->say(a->say_owner, text);
}

static bool is_of(const struct up_work *work, const struct server *server)
{
	return server == &postfix ? work->has_postfix : work->has_dovecot;
}

/* 0, UP_APPLY_REFUSED (why) or a negative. */
static int command_run(struct up_apply *a, char *const *argv)
{
	CLEAN(buf_deinit) struct buf out = {};
	CLEAN(buf_deinit) struct buf said = {};
	char text[UP_WHY_CAP / 2];
	int r = a->run(a->run_owner, argv, &out, &said);
	if (r <= 0)
		return err_up(r);
	slice_to_text(slice_trim(buf_slice(&said)), text, sizeof(text));
	if (r == SERVERS_RUN_ABSENT)
		return fail(a, UP_APPLY_REFUSED, "%s is not installed here", argv[0]);
	return fail(a, UP_APPLY_REFUSED, "\"%s %s\" says: %s", argv[0], argv[1] ? argv[1] : "",
	            text);
}

/* --- waiting for ports --- */

typedef bool ports_are(const struct up_work *work, const struct up_ports *ports);

static bool ports_are_left(const struct up_work *work, const struct up_ports *ports)
{
	for (size_t i = 0; i < work->port_count; i++)
		if (up_ports_have(ports, work->ports[i]) &&
		    !up_ports_have_program(ports, work->ports[i], own_name))
			return false;
	for (size_t i = 0; i < work->backend_port_count; i++)
		if (!up_ports_have(ports, work->backend_ports[i]))
			return false;
	return true;
}

static bool ports_are_own(const struct up_work *work, const struct up_ports *ports)
{
	for (size_t i = 0; i < work->port_count; i++)
		if (!up_ports_have_program(ports, work->ports[i], own_name))
			return false;
	return true;
}

static bool ports_are_not_own(const struct up_work *work, const struct up_ports *ports)
{
	for (size_t i = 0; i < work->port_count; i++)
		if (up_ports_have_program(ports, work->ports[i], own_name))
			return false;
	return true;
}

static bool ports_are_back(const struct up_work *work, const struct up_ports *ports)
{
	for (size_t i = 0; i < work->port_count; i++)
		if (!up_ports_have(ports, work->ports[i]))
			return false;
	return true;
}

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* 0; UP_APPLY_REFUSED: it does not come to that; or a negative. */
static int ports_wait_for(struct up_apply *a, const struct up_work *work, ports_are *are,
                          uint64_t patience_ms)
{
	static const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	uint64_t until = now_ms() + patience_ms;
	for (;;) {
		CLEAN(up_ports_deinit) struct up_ports ports = {};
		int r = a->ports(&ports);
		if (r)
			return err_up(r);
		if (are(work, &ports))
			return 0;
		if (now_ms() >= until)
			return UP_APPLY_REFUSED;
		nanosleep(&pause, NULL);
	}
}

static int ports_wait(struct up_apply *a, const struct up_work *work, ports_are *are)
{
	return ports_wait_for(a, work, are, a->patience_ms);
}

/* --- servers --- */

static int server_check(struct up_apply *a, const struct up_work *work, const struct server *server)
{
	return is_of(work, server) ? command_run(a, server->check) : 0;
}

static int conf_check(struct up_apply *a)
{
	return command_run(a, ARGV(WORD(a->program), WORD("config"), WORD("check"), WORD("-c"),
	                           WORD(a->conf_path)));
}

static int checks_run(struct up_apply *a, const struct up_work *work)
{
	say(a, "each server checks its new configuration");
	int r = server_check(a, work, &postfix);
	if (!r)
		r = server_check(a, work, &dovecot);
	return r ? r : conf_check(a);
}

static int server_reload(struct up_apply *a, const struct up_work *work,
                         const struct server *server, const struct up_ports *ports)
{
	if (!is_of(work, server) || !up_ports_program_runs(ports, server->program))
		return 0;
	return command_run(a, server->reload);
}

/* Those that run. */
static int servers_reload(struct up_apply *a, const struct up_work *work)
{
	CLEAN(up_ports_deinit) struct up_ports ports = {};
	int r = a->ports(&ports);
	if (r)
		return err_up(r);
	r = server_reload(a, work, &postfix, &ports);
	int also = server_reload(a, work, &dovecot, &ports);
	return r ? r : also;
}

static int servers_run(struct up_apply *a, const struct up_work *work)
{
	CLEAN(up_ports_deinit) struct up_ports ports = {};
	static const struct server *const both[] = { &postfix, &dovecot };
	int r = a->ports(&ports);
	if (r)
		return err_up(r);
	for (size_t i = 0; i < COUNT_OF(both); i++)
		if (is_of(work, both[i]) && !up_ports_program_runs(&ports, both[i]->program))
			return fail(
				a, UP_APPLY_REFUSED,
				"%s does not run: start it, so that its new configuration can be "
				"tried",
				both[i]->title);
	return 0;
}

/* --- putting it in place --- */

static int files_put(struct up_apply *a, const struct up_work *work)
{
	say(a, "files are put in place");
	for (size_t i = 0; i < work->file_count; i++) {
		int r = up_file_put(&work->files[i]);
		if (r == UP_WORK_CHANGED)
			return fail(a, UP_APPLY_REFUSED, "%s was changed meanwhile",
			            work->files[i].path);
		if (r)
			return fail(a, UP_APPLY_REFUSED, "%s: %s", work->files[i].path,
			            strerror(-r));
	}
	return 0;
}

static int ports_left(struct up_apply *a, const struct up_work *work)
{
	say(a, "the servers leave their public ports");
	int r = servers_reload(a, work);
	if (!r)
		r = ports_wait(a, work, ports_are_left);
	if (r == UP_APPLY_REFUSED && !a->why[0])
		return fail(
			a, r,
			"after the reload a server still had a public port, or did not open its "
			"new one: see its log");
	return r;
}

static int daemon_start(struct up_apply *a, const struct up_work *work)
{
	if (!a->has_systemd)
		return 0;
	say(a, "mailseal starts");
	int r = command_run(a,
	                    ARGV(WORD("systemctl"), WORD("enable"), WORD("--now"), WORD(own_name)));
	if (!r)
		r = ports_wait(a, work, ports_are_own);
	if (r == UP_APPLY_REFUSED && !a->why[0])
		return fail(a, r, "mailseal does not listen: journalctl -u mailseal");
	return r;
}

static int steps_do(struct up_apply *a, struct up_work *work)
{
	int r = files_put(a, work);
	if (!r)
		r = checks_run(a, work);
	if (!r)
		r = ports_left(a, work);
	return r ? r : daemon_start(a, work);
}

static int daemon_stop(struct up_apply *a, const struct up_work *work);

/* Only what we wrote is there: nobody else was at it. */
static int files_back(struct up_apply *a, const struct up_work *work)
{
	for (size_t i = 0; i < work->file_count; i++) {
		CLEAN(up_return_deinit) struct up_return how = {};
		int r = up_file_judge(&work->files[i], &how);
		if (!r)
			r = up_file_back(&work->files[i], &how);
		if (r)
			return r;
	}
	return 0;
}

/* why says what failed before; it stays. */
static int go_back(struct up_apply *a, const struct up_work *work)
{
	char why[UP_WHY_CAP / 2];
	snprintf(why, sizeof(why), "%.*s", (int)sizeof(why) - 1, a->why);
	say(a, "it failed, and everything goes back");
	int r = daemon_stop(a, work);
	if (!r)
		r = files_back(a, work);
	if (!r)
		r = servers_reload(a, work);
	if (!r)
		r = up_journal_close(a->journal);
	if (r)
		return fail(
			a, UP_APPLY_STUCK,
			"%s. Then it could not be taken back: see to that, and run \"mailseal up "
			"--undo\"",
			why);
	return fail(a, UP_APPLY_REFUSED, "%s", why);
}

int up_apply(struct up_apply *a, struct up_work *work)
{
	a->why[0] = '\0';
	int r = servers_run(a, work);
	if (r)
		return r;
	r = up_journal_keep(a->journal, work);
	if (r)
		return fail(a, UP_APPLY_REFUSED, "%s: %s", a->journal, strerror(-r));
	r = steps_do(a, work);
	if (r < 0)
		(void)fail(a, UP_APPLY_REFUSED, "%s", strerror(-r));
	if (r)
		return go_back(a, work);
	work->phase = UP_DONE;
	return err_up(up_journal_keep(a->journal, work));
}

/* --- and taking it back --- */

static int daemon_end(struct up_apply *a)
{
	if (a->has_systemd)
		return command_run(
			a, ARGV(WORD("systemctl"), WORD("disable"), WORD("--now"), WORD(own_name)));
	return command_run(a, ARGV(WORD(a->program), WORD("ctl"), WORD("-c"), WORD(a->conf_path),
	                           WORD("drain")));
}

/* Servers whose ports are held by somebody would not come back. */
static int daemon_stop(struct up_apply *a, const struct up_work *work)
{
	CLEAN(up_ports_deinit) struct up_ports ports = {};
	int r = a->ports(&ports);
	if (r)
		return err_up(r);
	if (ports_are_not_own(work, &ports))
		return 0;
	say(a, "mailseal ends");
	r = daemon_end(a);
	if (r < 0)
		return err_up(r);
	r = ports_wait(a, work, ports_are_not_own);
	if (r == UP_APPLY_REFUSED)
		return fail(
			a, UP_APPLY_STUCK,
			"mailseal still has the ports of the servers: stop it, then run \"mailseal "
			"up --undo\" again");
	return err_up(r);
}

static int works_return(struct up_apply *a, const struct up_work *work,
                        const struct up_return *returns)
{
	say(a, "files go back");
	for (size_t i = 0; i < work->file_count; i++) {
		int r = up_file_back(&work->files[i], &returns[i]);
		if (r)
			return fail(a, UP_APPLY_STUCK, "%s: %s", work->files[i].path, strerror(-r));
	}
	return 0;
}

/* A server whose files do not hold (somebody's edit) is not told of them. */
static int servers_return(struct up_apply *a, const struct up_work *work)
{
	int r = server_check(a, work, &postfix);
	if (!r)
		r = server_check(a, work, &dovecot);
	if (!r)
		r = servers_reload(a, work);
	return r == UP_APPLY_REFUSED ? UP_APPLY_STUCK : r;
}

static int ports_return(struct up_apply *a, const struct up_work *work)
{
	say(a, "the servers take their ports again");
	int r = servers_return(a, work);
	if (r)
		return r;
	CLEAN(up_ports_deinit) struct up_ports ports = {};
	r = a->ports(&ports);
	bool run = up_ports_program_runs(&ports, postfix.program) ||
	           up_ports_program_runs(&ports, dovecot.program);
	if (!r && run)
		r = ports_wait(a, work, ports_are_back);
	if (r == UP_APPLY_REFUSED)
		return fail(
			a, UP_APPLY_STUCK,
			"the files are back, but not every public port is: restart the servers");
	return err_up(r);
}

int up_undo(struct up_apply *a, const struct up_work *work, const struct up_return *returns)
{
	a->why[0] = '\0';
	int r = daemon_stop(a, work);
	if (!r)
		r = works_return(a, work, returns);
	if (r)
		return r;
	r = ports_return(a, work);
	if (r < 0)
		return err_up(r);
	int closed = up_journal_close(a->journal);
	return closed ? err_up(closed) : r;
}
