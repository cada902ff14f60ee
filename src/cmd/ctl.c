#include "cmd/ctl.h"

#include "base/buf.h"
#include "base/clean.h"
#include "cmd/ctl_print.h"
#include "cmd/nagios.h"
#include "conf/conf.h"
#include "conf/value.h"
#include "proc/ctl.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

enum { HELPED = 1, UNKNOWN = 2, PATIENCE_S = 10, LONG_PATIENCE_S = 70 };

enum form { FORM_TEXT, FORM_JSON, FORM_NAGIOS };

static const char usage_rest[] =
	"\n"
	"  -c, --config FILE   whose run_dir has the socket (default /etc/mailseal/mailseal.conf)\n"
	"  -s, --socket PATH   the control socket itself\n"
	"  -j, --json          the answer as it came\n"
	"  -n, --nagios        status as one line for a monitoring plugin, with numbers;\n"
	"                      exit: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit: 0 well, 1 refused, 2 no daemon answered.\n"
	"Examples: mailseal ctl status --json\n"
	"          mailseal ctl status --nagios\n"
	"          mailseal ctl ban 203.0.113.0/24 --for 1h\n";

/* The form of each, in lines of what a terminal has. */
static void forms_print(FILE *out)
{
	enum { INDENT = 9, WIDTH = 80 };
	size_t at = WIDTH;
	for (size_t i = 0; i < PROC_CTL_COUNT; i++) {
		const struct proc_ctl_command *c = proc_ctl_command((enum proc_ctl)i);
		char form[64];
		if (!c->help)
			continue;
		size_t len = (size_t)snprintf(form, sizeof(form), "%s%s%s%s", i ? "|" : "", c->form,
		                              c->option ? " " : "", c->option ?: "");
		if (at + len > WIDTH) {
			fprintf(out, "\n%*s", INDENT, "");
			at = INDENT;
		}
		fputs(form, out);
		at += len;
	}
	fputs("\n\n", out);
}

static void help_print(FILE *out, const struct proc_ctl_command *c)
{
	struct slice rest = slice_str(c->help);
	const char *form = c->form;
	while (rest.len) {
		struct slice line = slice_head(rest, slice_find(rest, '\n'));
		fprintf(out, "  %-19s %.*s\n", form, (int)line.len, (const char *)line.data);
		rest = slice_skip(rest, line.len + 1);
		form = "";
	}
}

static void usage_print(FILE *out)
{
	fputs("Usage: mailseal ctl [-c FILE | -s SOCKET] [--json | --nagios]", out);
	forms_print(out);
	for (size_t i = 0; i < PROC_CTL_COUNT; i++)
		if (proc_ctl_command((enum proc_ctl)i)->help)
			help_print(out, proc_ctl_command((enum proc_ctl)i));
	fputs(usage_rest, out);
}

/* The other build is asked first; the ledger may be large. */
static bool takes_long(const char *command)
{
	return !strncmp(command, "upgrade", 7) || !strncmp(command, "forget ", 7) ||
	       !strncmp(command, "tlsa-plan ", 10);
}

int ctl_ask(const char *path, const char *command, struct buf *ret_answer)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path));
	CLEAN(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = { .tv_sec = takes_long(command) ? LONG_PATIENCE_S : PATIENCE_S };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return -errno;
	if (dprintf(fd, "%s\n", command) < 0)
		return -errno;
	for (;;) {
		uint8_t *at;
		if (buf_reserve(ret_answer, 4096, &at))
			return -ENOMEM;
		ssize_t n = recv(fd, at, 4096, 0);
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		buf_commit(ret_answer, (size_t)n);
	}
}

/* Before there is an answer to judge. */
static int nagios_say(enum nagios_state state, const char *why, const char *what)
{
	printf("MAILSEAL %s - %s: %s\n", nagios_state_name(state), why, what);
	return (int)state;
}

static int nagios_show(const json_t *answer)
{
	CLEAN(buf_deinit) struct buf line = {};
	enum nagios_state state;
	if (nagios_judge(answer, time(NULL), &state, &line))
		return nagios_say(NAGIOS_UNKNOWN, "status", "out of memory");
	fwrite(line.data + line.start, 1, buf_len(&line), stdout);
	return (int)state;
}

static int answer_show(const struct buf *text, enum form form)
{
	json_error_t error;
	json_t *answer =
		json_loadb((const char *)text->data + text->start, buf_len(text), 0, &error);
	if (!answer) {
		fprintf(stderr, "mailseal ctl: the answer is no JSON: %s\n", error.text);
		return UNKNOWN;
	}
	const json_t *ok = json_object_get(answer, "ok");
	int status = ok && !json_is_true(ok) ? 1 : 0;
	if (form == FORM_NAGIOS)
		status = nagios_show(answer);
	else if (form == FORM_JSON)
		fwrite(text->data + text->start, 1, buf_len(text), stdout);
	else if (ok)
		printf("%s\n", json_string_value(json_object_get(answer, "message")));
	else if (json_is_array(json_object_get(answer, "bans")))
		ctl_bans_print(json_object_get(answer, "bans"));
	else
		ctl_status_print(answer);
	json_decref(answer);
	return status;
}

int ctl_socket_find(const char *config, char path[108])
{
	struct conf_errors errors = {};
	struct conf_settings *settings = NULL;
	int r = conf_read_file(&settings, config, time(NULL), &errors);
	if (r)
		conf_errors_print(&errors, stderr);
	else
		snprintf(path, 108, "%s/ctl.sock", settings->run_dir);
	conf_errors_deinit(&errors);
	conf_settings_free(settings);
	return r;
}

static int ctl_run(const char *path, const char *command, enum form form)
{
	CLEAN(buf_deinit) struct buf answer = {};
	int r = ctl_ask(path, command, &answer);
	if (r && form == FORM_NAGIOS)
		return nagios_say(NAGIOS_CRITICAL, "no daemon answers", strerror(-r));
	if (r) {
		fprintf(stderr, "mailseal ctl: %s: %s; %s\n", path, strerror(-r),
		        r == -EACCES ? "run it as root, or as who runs the daemon"
		                     : "is the daemon running?");
		return UNKNOWN;
	}
	return answer_show(&answer, form);
}

/* NULL: `mailseal ctl` has no such word. */
static const struct proc_ctl_command *command_find(const char *name)
{
	enum proc_ctl which = proc_ctl_find(slice_str(name));
	const struct proc_ctl_command *c = which < PROC_CTL_COUNT ? proc_ctl_command(which) : NULL;
	return c && c->help ? c : NULL;
}

/* With as many words behind it as it takes; what is not known here the daemon refuses. */
static bool is_whole(int count, char *const words[])
{
	const struct proc_ctl_command *known = count ? command_find(words[0]) : NULL;
	unsigned behind = (unsigned)(count - 1);
	return known ? behind >= known->least && behind <= known->most : count == 1;
}

/* The command as it is sent; a path is made one that means the same to the daemon. */
static int line_make(struct buf *ret_line, int count, char *const words[], unsigned ban_s)
{
	if (!is_whole(count, words))
		return -EINVAL;
	int r = buf_add_str(ret_line, words[0]);
	if (!r && !strcmp(words[0], "ban"))
		r = buf_printf(ret_line, " %u", ban_s);
	if (!r && count == 2) {
		bool is_path = !strcmp(words[0], "upgrade") && words[1][0] != '/';
		CLEAN(freep) char *here = is_path ? getcwd(NULL, 0) : NULL;
		r = buf_printf(ret_line, " %s%s%s", here ? here : "", here ? "/" : "", words[1]);
	}
	/* With its NUL. */
	return r ? r : buf_add(ret_line, slice_of("", 1));
}

static void words_complain(int count, char *const words[], enum form form)
{
	const struct proc_ctl_command *known = count ? command_find(words[0]) : NULL;
	if (!count)
		fputs("mailseal ctl: what is to be done?\n", stderr);
	else if (form == FORM_NAGIOS)
		fputs("mailseal ctl: --nagios goes with status alone\n", stderr);
	else if (known)
		fprintf(stderr, "mailseal ctl: too few words, or too many; write %s\n",
		        known->form);
	else
		fprintf(stderr, "mailseal ctl: there is no such command: %s\n", words[0]);
	fputs("mailseal ctl --help says more\n", stderr);
}

struct options {
	const char *config;
	char path[108]; /* "": run_dir of config has it */
	enum form form;
	uint32_t ban_s;
};

/* 0 (optind: the words behind them), HELPED or UNKNOWN: that is all. */
static int options_read(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "nagios", no_argument, NULL, 'n' },
		{ "for", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int c;
	while ((c = getopt_long(argc, argv, "c:s:jnh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 's':
			snprintf(o->path, sizeof(o->path), "%s", optarg);
			break;
		case 'j':
			o->form = FORM_JSON;
			break;
		case 'n':
			o->form = FORM_NAGIOS;
			break;
		case 'f':
			if (!conf_seconds_parse(optarg, &o->ban_s) && o->ban_s)
				break;
			fprintf(stderr, "mailseal ctl: --for %s: 90s, 5m, 1h or 30d is meant\n",
			        optarg);
			return UNKNOWN;
		case 'h':
			usage_print(stdout);
			return HELPED;
		default:
			usage_print(stderr);
			return UNKNOWN;
		}
	}
	return 0;
}

int cmd_ctl(int argc, char **argv)
{
	struct options o = { .config = CONF_USUAL_FILE, .form = FORM_TEXT, .ban_s = 86400 };
	CLEAN(buf_deinit) struct buf line = {};
	int r = options_read(argc, argv, &o);
	if (r)
		return r == HELPED ? 0 : r;
	if (line_make(&line, argc - optind, argv + optind, o.ban_s) ||
	    (o.form == FORM_NAGIOS && strcmp((const char *)line.data, "status") != 0)) {
		words_complain(argc - optind, argv + optind, o.form);
		return o.form == FORM_NAGIOS ? NAGIOS_UNKNOWN : UNKNOWN;
	}
	if (!o.path[0] && ctl_socket_find(o.config, o.path))
		return o.form == FORM_NAGIOS
		               ? nagios_say(NAGIOS_UNKNOWN, "bad configuration", o.config)
		               : UNKNOWN;
	return ctl_run(o.path, (const char *)line.data, o.form);
}
