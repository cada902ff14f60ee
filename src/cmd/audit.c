#include "cmd/audit.h"

#include "audit/audit.h"
#include "base/clean.h"
#include "base/err.h"
#include "cmd/audit_print.h"
#include "conf/conf.h"
#include "proc/capture.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WELL, NOT_WELL, UNKNOWN };
enum { PROGRAM_MS = 20 * 1000, PROGRAM_OUT_MAX = 4 * 1024 * 1024, FRONTS_MAX = 64 };

static const char usage[] =
	"Usage: mailseal audit [OPTIONS] [FILE...]\n"
	"\n"
	"The configuration of the mail servers installed here against the recommendation: what\n"
	"departs from it, why it matters, and the line that mends it. Changes nothing. Values "
	"come\n"
	"from the servers' own programs (postconf, doveconf, exim) where they are there, lines "
        "from\n"
	"the files. FILE (main.cf, master.cf, dovecot.conf, ...) is read in the place of what is\n"
	"installed, by no program.\n"
	"\n"
	"  -r, --root DIR         the machine whose files stand below DIR; no program of it is "
	"run\n"
	"  -p, --profile NAME     m3aawg (default), ncsc2025, bsi2026, mozilla6, rfc9325\n"
	"  -s, --software NAME    postfix, dovecot, ... alone\n"
	"  -d, --diff             a patch of the files that would change, for `patch -p1 -d /`\n"
	"  -j, --json             the same for programs\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit: 0 nothing to mend, 1 something, 2 nothing was found, or not all could be read.\n"
	"Example: mailseal audit --software postfix --diff\n";

struct options {
	const char *root, *software;
	const struct advice_profile *profile;
	bool is_json, is_diff;
};

static int options_fail(const char *why, const char *what)
{
	fprintf(stderr, "mailseal audit: %s%s\nmailseal audit --help says more\n", why, what);
	return UNKNOWN;
}

static int software_take(struct options *o, const char *name)
{
	enum servers_kind kind;
	if (!servers_kind_find(name, &kind))
		return options_fail("no such software: ", name);
	o->software = servers_kind_name(kind);
	return -1;
}

static int profile_take(struct options *o, const char *name)
{
	o->profile = advice_profile_find(name);
	return o->profile ? -1 : options_fail("no such profile: ", name);
}

/* -1: go on; else the exit status. */
static int option_take(struct options *o, int letter)
{
	switch (letter) {
	case 'r':
		o->root = optarg;
		return -1;
	case 's':
		return software_take(o, optarg);
	case 'p':
		return profile_take(o, optarg);
	case 'd':
		o->is_diff = true;
		return -1;
	case 'j':
		o->is_json = true;
		return -1;
	case 'h':
		fputs(usage, stdout);
		return WELL;
	}
	fputs("mailseal audit --help says more\n", stderr);
	return UNKNOWN;
}

static int options_read(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "root", required_argument, NULL, 'r' },
		{ "software", required_argument, NULL, 's' },
		{ "profile", required_argument, NULL, 'p' },
		{ "diff", no_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int status = -1, letter = 0;
	while (status < 0 && (letter = getopt_long(argc, argv, "r:s:p:djh", names, NULL)) >= 0)
		status = option_take(o, letter);
	if (status < 0 && o->is_json && o->is_diff)
		return options_fail("--json and --diff are two outputs: choose one", "");
	if (status < 0 && access(o->root, R_OK | X_OK)) {
		fprintf(stderr, "mailseal audit: %s: %m\n", o->root);
		return UNKNOWN;
	}
	return status;
}

/* --- the doors of mailseal that stand before them --- */

struct fronts {
	struct conf_settings *settings; /* owns their texts */
	struct audit_front fronts[FRONTS_MAX];
	size_t count;
};

/* A file that is wrong is `config check`'s business. */
static void fronts_read(struct fronts *f, const struct options *o)
{
	struct conf_errors errors = {};
	if (strcmp(o->root, "/") != 0 || access(CONF_USUAL_FILE, R_OK))
		return;
	int r = conf_read_file(&f->settings, CONF_USUAL_FILE, time(NULL), &errors);
	conf_errors_deinit(&errors);
	for (size_t i = 0; !r && i < f->settings->backend_count; i++) {
		const struct conf_backend *backend = &f->settings->backends[i];
		for (size_t k = 0; k < backend->address_count && f->count < FRONTS_MAX; k++)
			f->fronts[f->count++] =
				(struct audit_front){ backend->name, backend->addresses[k].host,
				                      backend->addresses[k].port,
				                      backend->client_info };
	}
}

/* --- reading --- */

static int run_program(void *owner, char *const *argv, struct buf *ret_out, struct buf *ret_said)
{
	const struct proc_capture_limits limits = { PROGRAM_MS, PROGRAM_OUT_MAX };
	int r = proc_capture(argv, &limits, ret_out, ret_said);
	return r == PROC_CAPTURE_ABSENT   ? SERVERS_RUN_ABSENT
	       : r == PROC_CAPTURE_FAILED ? SERVERS_RUN_FAILED
	                                  : err_up(r);
}

/* By itself, or with one that was named before. */
static bool is_read(const struct servers *s, const char *path)
{
	return servers_file_find(s, path) != NULL;
}

/* -1: go on; else the exit status. */
static int file_read_one(struct servers *s, const char *name)
{
	char *whole = strcmp(s->root, "/") ? NULL : realpath(name, NULL);
	const char *path = whole ? servers_text_str(s, whole) : name;
	size_t servers = s->server_count, faults = s->fault_count;
	free(whole);
	int r = path ? servers_read_file(s, path) : -1;
	if (r == SERVERS_UNKNOWN_FILE)
		return options_fail(
			"whose file is this (main.cf, master.cf, dovecot.conf are known)? ", name);
	if (!r && s->server_count == servers && s->fault_count == faults && !is_read(s, path))
		r = servers_fault(s, name, 0,
		                  "there is no such file, or none beside it that begins "
		                  "the configuration");
	return r ? UNKNOWN : -1;
}

static int all_read(struct servers *s, const struct options *o, char **files)
{
	s->root = o->root;
	s->software = o->software;
	if (!*files) {
		s->run = run_program;
		return servers_read(s) ? UNKNOWN : -1;
	}
	int status = -1;
	for (; status < 0 && *files; files++)
		status = file_read_one(s, *files);
	return status;
}

/* --- answering --- */

static int diff_print(const struct audit *a)
{
	CLEAN(buf_deinit) struct buf patch = {};
	int r = audit_patch(a, &patch);
	if (!r)
		fwrite(buf_slice(&patch).data, 1, buf_len(&patch), stdout);
	return err_up(r);
}

static int answer(const struct audit *a, const struct options *o)
{
	if (!o->is_json)
		audit_print_faults(stderr, a);
	if (!a->servers->server_count && !o->is_json) {
		fprintf(stderr,
		        "mailseal audit: no mail server was found below %s; name its files, "
		        "or its machine by --root\n",
		        o->root);
		return UNKNOWN;
	}
	int r = 0;
	if (o->is_json)
		audit_print_json(stdout, a);
	else if (o->is_diff)
		r = diff_print(a);
	else
		audit_print_text(stdout, a, isatty(STDOUT_FILENO));
	if (r || !a->servers->server_count)
		return UNKNOWN;
	return audit_count(a) ? NOT_WELL : a->servers->fault_count ? UNKNOWN : WELL;
}

static int audit_say(const struct options *o, char **files)
{
	struct servers servers = {};
	struct fronts fronts = {};
	int status = all_read(&servers, o, files);
	fronts_read(&fronts, o);
	struct audit audit = { .servers = &servers,
		               .profile = o->profile,
		               .fronts = fronts.fronts,
		               .front_count = fronts.count };
	if (status < 0)
		status = audit_run(&audit) ? UNKNOWN : answer(&audit, o);
	audit_deinit(&audit);
	servers_deinit(&servers);
	conf_settings_free(fronts.settings);
	return status;
}

int cmd_audit(int argc, char **argv)
{
	struct options o = { .root = "/", .profile = advice_profile_find("m3aawg") };
	int status = options_read(&o, argc, argv);
	return status < 0 ? audit_say(&o, argv + optind) : status;
}
