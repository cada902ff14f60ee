#include "cmd/up.h"

#include "base/clean.h"
#include "cmd/up_dns.h"
#include "cmd/up_options.h"
#include "cmd/up_print.h"
#include "conf/conf.h"
#include "proc/capture.h"
#include "up/apply.h"
#include "up/plan.h"
#include "up/ports.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PROGRAM_MS = 60 * 1000, PROGRAM_OUT_MAX = 4 * 1024 * 1024, PATIENCE_MS = 30 * 1000 };

static int fail(int status, const char *text)
{
	fprintf(stderr, "mailseal up: %s\n", text);
	return status;
}

/* --- facts --- */

static int program_run(void *owner, char *const *argv, struct buf *ret_out, struct buf *ret_said)
{
	static const struct proc_capture_limits limits = { PROGRAM_MS, PROGRAM_OUT_MAX };
	(void)owner;
	int r = proc_capture(argv, &limits, ret_out, ret_said);
	return r == PROC_CAPTURE_ABSENT   ? SERVERS_RUN_ABSENT
	       : r == PROC_CAPTURE_FAILED ? SERVERS_RUN_FAILED
	                                  : r;
}

static bool has_systemd(void)
{
	return !access("/run/systemd/system", F_OK);
}

static bool is_there_below(const char *root, const char *path, bool is_folder_wanted)
{
	char whole[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int len = is_folder_wanted && slash ? (int)(slash - path) : (int)strlen(path);
	snprintf(whole, sizeof(whole), "%s%.*s", root ? root : "", len, path);
	return !access(whole, F_OK);
}

/* The daemon becomes it. */
static int user_check(const struct up_options *o, struct up_plan *plan, struct servers *servers)
{
	if (o->root || getpwnam("mailseal"))
		return 0;
	return up_plan_refuse(
		plan, servers,
		"there is no user mailseal, whom the daemon becomes: \"make install\" "
		"makes it (or useradd --system mailseal)");
}

struct facts {
	struct servers servers;
	struct up_ports ports;
	char hostname[256];
	struct up_plan plan;
};

static void facts_deinit(struct facts *f)
{
	up_plan_deinit(&f->plan);
	up_ports_deinit(&f->ports);
	servers_deinit(&f->servers);
}

/* Who cannot go on anyway need not wait for DNS. */
static int published_check(struct up_options *o, struct facts *f)
{
	struct up_domains domains = {};
	if (o->asks_nobody || f->plan.refusals.count)
		return 0;
	int r = up_domains_find(&domains, &f->plan, &f->servers);
	for (size_t i = 0; i < o->domain_count && !r; i++)
		if (!up_domains_add(&domains, &f->servers, slice_str(o->domains[i])))
			r = up_plan_refuse(&f->plan, &f->servers, "\"%s\" is no domain",
			                   o->domains[i]);
	if (r || !domains.count)
		return r;
	if (dns_options_settle(&o->dns))
		return up_plan_refuse(&f->plan, &f->servers, "how DNS is asked is not known");
	return up_dns_check(&f->plan, &f->servers, &domains, &o->dns);
}

/* 0 or a negative. */
static int facts_read(struct facts *f, struct up_options *o)
{
	f->servers = (struct servers){ .root = o->root ? o->root : "/",
		                       .run = o->root ? NULL : program_run };
	if (gethostname(f->hostname, sizeof(f->hostname) - 1))
		return -errno;
	int r = servers_read(&f->servers);
	if (!r && !o->root)
		r = up_ports_read(&f->ports);
	if (r)
		return r;
	const struct up_facts facts = {
		.servers = &f->servers,
		.listening = f->ports.items,
		.listening_count = f->ports.count,
		.takes_postfix = o->takes_postfix,
		.takes_dovecot = o->takes_dovecot,
		.hostname = f->hostname,
		.conf_path = o->conf_path,
		.conf_is_there = is_there_below(o->root, o->conf_path, false),
		.conf_has_folder = is_there_below(o->root, o->conf_path, true),
	};
	r = up_plan_make(&f->plan, &facts);
	if (!r)
		r = user_check(o, &f->plan, &f->servers);
	return r ? r : published_check(o, f);
}

/* --- doing it --- */

static const char journal_folder[] = "/var/lib/mailseal/up";

static void on_step(void *owner, const char *text)
{
	(void)owner;
	fprintf(stderr, "mailseal up: %s\n", text);
}

struct applying {
	struct up_apply apply;
	char program[PATH_MAX];
	int lock;
};

static void applying_deinit(struct applying *a)
{
	closep(&a->lock);
}

/* WELL, or the exit status. */
static int applying_begin(struct applying *a, const struct up_options *o)
{
	ssize_t n = readlink("/proc/self/exe", a->program, sizeof(a->program) - 1);
	a->program[n > 0 ? n : 0] = '\0';
	a->apply = (struct up_apply){
		.journal = journal_folder,
		.conf_path = o->conf_path,
		.program = a->program,
		.has_systemd = has_systemd(),
		.run = program_run,
		.ports = up_ports_read,
		.patience_ms = PATIENCE_MS,
		.say = on_step,
	};
	int r = up_journal_lock(journal_folder, &a->lock);
	if (r == UP_JOURNAL_BUSY)
		return fail(UNKNOWN, "another mailseal up is at it");
	if (r == UP_JOURNAL_UNSAFE)
		return fail(UNKNOWN,
		            "/var/lib/mailseal or /var/lib/mailseal/up is not root's alone "
		            "to write, so what was kept there may be anybody's: chown root, "
		            "chmod go-w, and look at what is in up/");
	if (!r)
		return WELL;
	fprintf(stderr, "mailseal up: %s: %s\n", journal_folder, strerror(-r));
	return UNKNOWN;
}

static int apply_end(const struct applying *a, int r)
{
	if (r < 0)
		return fail(UNKNOWN, strerror(-r));
	if (r)
		return fail(NOT_WELL, a->apply.why);
	if (!a->apply.has_systemd)
		fprintf(stderr,
		        "mailseal up: the servers wait behind mailseal. Start it now: %s run -c "
		        "%s\n",
		        a->program, a->apply.conf_path);
	fputs("mailseal up: done; \"mailseal up --undo\" takes it back\n", stderr);
	return WELL;
}

static int plan_apply(struct applying *a, struct up_work *work)
{
	const char *path = "";
	int r = up_work_ground(work, &path);
	if (r == UP_WORK_CHANGED) {
		fprintf(stderr, "mailseal up: %s changed while the plan was made: try again\n",
		        path);
		return NOT_WELL;
	}
	if (r < 0) {
		fprintf(stderr, "mailseal up: %s: %s\n", path, strerror(-r));
		return UNKNOWN;
	}
	return apply_end(a, up_apply(&a->apply, work));
}

/* What was begun before comes first. -1: there is none; else the exit status. */
static int begun_go_on(struct applying *a)
{
	CLEAN(up_work_deinit) struct up_work work = {};
	int r = up_journal_read(journal_folder, &work);
	if (r == UP_JOURNAL_NONE)
		return -1;
	if (r < 0)
		return fail(UNKNOWN, strerror(-r));
	if (r)
		return fail(UNKNOWN, "/var/lib/mailseal/up: what was done before cannot be read");
	if (work.phase == UP_DONE)
		return fail(NOT_WELL,
		            "it is in place already; \"mailseal up --undo\" takes it back");
	fputs("mailseal up: a plan that was begun before is gone on with\n", stderr);
	return apply_end(a, up_apply(&a->apply, &work));
}

static int up_do(struct up_options *o, struct facts *f)
{
	CLEAN(applying_deinit) struct applying a = { .lock = -1 };
	if (has_systemd() && strcmp(o->conf_path, CONF_USUAL_FILE) != 0)
		return fail(UNKNOWN,
		            "systemd's mailseal reads " CONF_USUAL_FILE ": leave --config out");
	int status = applying_begin(&a, o);
	if (status == WELL)
		status = begun_go_on(&a);
	if (status != -1)
		return status;
	int r = facts_read(f, o);
	if (r)
		return fail(UNKNOWN, strerror(-r));
	(o->is_json ? up_print_json : up_print_plan)(stdout, &f->plan, a.apply.has_systemd);
	fflush(stdout);
	return f->plan.refusals.count ? NOT_WELL : plan_apply(&a, &f->plan.work);
}

static int up_show(struct up_options *o, struct facts *f)
{
	CLEAN(up_work_deinit) struct up_work work = {};
	int r = o->root ? UP_JOURNAL_NONE : up_journal_read(journal_folder, &work);
	if (r == 0)
		return fail(NOT_WELL, work.phase == UP_DONE
		                              ? "it is in place already; \"mailseal up --undo\" "
		                                "takes it back"
		                              : "a plan was begun and did not come to its end: "
		                                "\"mailseal up --apply\" goes on with it, "
		                                "\"mailseal up --undo\" takes it back");
	r = facts_read(f, o);
	if (r)
		return fail(UNKNOWN, strerror(-r));
	(o->is_json ? up_print_json : up_print_plan)(stdout, &f->plan, has_systemd() && !o->root);
	return f->plan.refusals.count ? NOT_WELL : WELL;
}

/* --- taking it back --- */

static int conflict_say(const struct up_file *file, const struct up_return *how)
{
	fprintf(stderr,
	        "mailseal up: %s:%u: somebody changed lines of our block %u. Nothing was taken "
	        "back. "
	        "Make the block as it was (%s has the file as we left it), or take it out and what "
	        "it made a comment in, and run this again\n",
	        file->path, how->changes.conflict_line, how->changes.conflict, journal_folder);
	return NOT_WELL;
}

/* WELL, or the exit status. */
static int returns_judge(const struct up_work *work, struct up_return *returns)
{
	for (size_t i = 0; i < work->file_count; i++) {
		int r = up_file_judge(&work->files[i], &returns[i]);
		if (r == UP_WORK_CONFLICT)
			return conflict_say(&work->files[i], &returns[i]);
		if (r < 0) {
			fprintf(stderr, "mailseal up: %s: %s\n", work->files[i].path, strerror(-r));
			return UNKNOWN;
		}
	}
	return WELL;
}

static int work_undo(const struct up_options *o, struct applying *a, const struct up_work *work,
                     struct up_return *returns)
{
	int status = returns_judge(work, returns);
	if (status != WELL)
		return status;
	int r = up_undo(&a->apply, work, returns);
	const char *why = r < 0 ? strerror(-r) : r ? a->apply.why : NULL;
	if (o->is_json)
		up_print_returns_json(stdout, work, returns, why);
	else
		up_print_returns(stdout, work, returns);
	if (why)
		return fail(r < 0 ? UNKNOWN : NOT_WELL, why);
	fputs("mailseal up: taken back\n", stderr);
	return WELL;
}

static int up_take_back(const struct up_options *o)
{
	CLEAN(applying_deinit) struct applying a = { .lock = -1 };
	CLEAN(up_work_deinit) struct up_work work = {};
	struct up_return returns[UP_WORK_FILES_MAX] = {};
	int status = applying_begin(&a, o);
	if (status != WELL)
		return status;
	int r = up_journal_read(journal_folder, &work);
	if (r == UP_JOURNAL_NONE)
		return fail(WELL, "there is nothing to take back");
	if (r)
		return fail(UNKNOWN,
		            r < 0 ? strerror(-r)
		                  : "/var/lib/mailseal/up: what was done before cannot be read");
	status = work_undo(o, &a, &work, returns);
	for (size_t i = 0; i < work.file_count; i++)
		up_return_deinit(&returns[i]);
	return status;
}

int cmd_up(int argc, char **argv)
{
	CLEAN(up_options_deinit) struct up_options o = {};
	CLEAN(facts_deinit) struct facts f = {};
	int status = up_options_read(&o, argc, argv);
	if (status >= 0)
		return status;
	return o.undoes ? up_take_back(&o) : o.applies ? up_do(&o, &f) : up_show(&o, &f);
}
