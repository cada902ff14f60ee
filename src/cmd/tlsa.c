#include "cmd/tlsa.h"

#include "base/buf.h"
#include "base/clean.h"
#include "cmd/ctl.h"
#include "cmd/ctl_print.h"
#include "cmd/tlsa_show.h"
#include "conf/conf.h"
#include "conf/materials.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WELL, NOT_WELL, UNKNOWN };

static const char usage[] =
	"Usage: mailseal tlsa [-c FILE | -c FILE -s SOCKET] [--json] show|status|plan|abort "
        "[NAME]\n"
	"\n"
	"From one key of certificate NAME to the next without a moment in which DANE fails: the\n"
	"next key is made, its TLSA record published beside the old one, and only when it was\n"
	"everywhere for two TTLs the key is put in force. NAME may be left out where there is one\n"
	"certificate, and for show and status.\n"
	"\n"
	"  show                TLSA records 3 1 1 of each host and port, of the key in force and\n"
	"                      of what has to be there beside it; asks nobody\n"
	"  status              where each plan is, and what is to be done\n"
	"  plan                make the next key, and print the records to add\n"
	"  abort               take the plan back, as long as its key is not in force\n"
	"\n"
	"  -c, --config FILE   the configuration (default /etc/mailseal/mailseal.conf)\n"
	"  -s, --socket PATH   the control socket of the daemon (default: that in its run_dir)\n"
	"  -j, --json          the same for programs\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit: 0 well, 1 refused, or not all is known, 2 no daemon answered, wrong use.\n"
	"Example: mailseal tlsa plan mx\n";

struct tlsa {
	const struct conf_settings *settings;
	const char *config, *name; /* name: NULL: all */
	char socket[108];
	bool is_json;
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "mailseal tlsa: %s: %s; mailseal tlsa --help says more\n", what, why);
	return UNKNOWN;
}

static const struct conf_certificate *certificate_find(const struct tlsa *t)
{
	const struct conf_settings *s = t->settings;
	for (size_t i = 0; i < s->certificate_count; i++)
		if (t->name ? !strcmp(t->name, s->certificates[i].name) : s->certificate_count == 1)
			return &s->certificates[i];
	return NULL;
}

/* The daemon's answer. NULL: there is none, and stderr has said so. The caller's. */
static json_t *daemon_ask(struct tlsa *t, const char *line)
{
	CLEAN(buf_deinit) struct buf text = {};
	if (!t->socket[0] && ctl_socket_find(t->config, t->socket))
		return NULL;
	int r = ctl_ask(t->socket, line, &text);
	json_t *answer =
		r ? NULL
		  : json_loadb((const char *)text.data + text.start, buf_len(&text), 0, NULL);
	if (r)
		fprintf(stderr, "mailseal tlsa: %s: %s; %s\n", t->socket, strerror(-r),
		        r == -EACCES ? "run it as root, or as who runs the daemon"
		                     : "is the daemon running?");
	else if (!answer)
		fputs("mailseal tlsa: the daemon's answer is no JSON\n", stderr);
	return answer;
}

static void json_print(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
}

/* --- what is to be done --- */

static int show_do(struct tlsa *t)
{
	return tlsa_show(&(struct tlsa_show){ t->settings, t->name, t->is_json });
}

static int status_do(struct tlsa *t)
{
	json_t *answer = daemon_ask(t, "tlsa-status");
	json_t *list = json_object_get(answer, "rollovers"), *one, *chosen = json_array();
	size_t i;
	json_array_foreach(list, i, one)
	{
		const char *name = json_string_value(json_object_get(one, "certificate"));
		if (!t->name || (name && !strcmp(name, t->name)))
			json_array_append(chosen, one);
	}
	int status = json_is_array(list) ? WELL : UNKNOWN;
	if (!status && t->is_json)
		json_print(chosen);
	else if (!status && !json_array_size(chosen))
		puts("nothing is planned");
	else if (!status)
		json_array_foreach(chosen, i, one) ctl_rollover_print(one);
	json_decref(chosen);
	json_decref(answer);
	return status;
}

/* WELL, and what it said is left to the caller; or it was refused. */
static int daemon_do(struct tlsa *t, const char *command, const char *name)
{
	CLEAN(buf_deinit) struct buf line = {};
	if (buf_printf(&line, "%s %s", command, name) || buf_add(&line, slice_of("", 1)))
		return fail(command, "out of memory");
	json_t *answer = daemon_ask(t, (const char *)line.data + line.start);
	if (!answer)
		return UNKNOWN;
	const char *message = json_string_value(json_object_get(answer, "message"));
	bool is_well = json_is_true(json_object_get(answer, "ok"));
	if (!is_well)
		fprintf(stderr, "mailseal tlsa: %s: %s\n", name, message ? message : "refused");
	json_decref(answer);
	return is_well ? WELL : NOT_WELL;
}

static int plan_do(struct tlsa *t)
{
	char path[512];
	const struct conf_certificate *c = certificate_find(t);
	if (!c)
		return fail("plan", "which certificate? NAME is one of the configuration");
	int status = daemon_do(t, "tlsa-plan", c->name);
	if (status)
		return status;
	t->name = c->name;
	conf_certificate_file_path(t->settings, c, CONF_NEXT_REQUEST_FILE, path, sizeof(path));
	if (!t->is_json && !c->acme)
		printf("; take this request to your CA: %s\n", path);
	if (!t->is_json)
		puts("; add the records of the next key to DNS, and leave those of the current "
		     "one");
	return show_do(t);
}

static int abort_do(struct tlsa *t)
{
	const struct conf_certificate *c = certificate_find(t);
	if (!c)
		return fail("abort", "which certificate? NAME is one of the configuration");
	int status = daemon_do(t, "tlsa-abort", c->name);
	if (!status && t->is_json)
		puts("{\"ok\": true}");
	else if (!status)
		puts("taken back; the records of that key may be taken out of DNS");
	return status;
}

static const struct {
	const char *word;
	int (*run)(struct tlsa *t);
} words[] = {
	{ "show", show_do },
	{ "status", status_do },
	{ "plan", plan_do },
	{ "abort", abort_do },
};

static int word_do(struct tlsa *t, const char *word)
{
	if (t->name && !certificate_find(t))
		return fail(t->name, "there is no certificate of that name in the configuration");
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcmp(words[i].word, word))
			return words[i].run(t);
	return fail(word, "show, status, plan or abort is meant");
}

/* -1: go on; else the exit status. */
static int options_read(struct tlsa *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int c;
	while ((c = getopt_long(argc, argv, "c:s:jh", options, NULL)) != -1) {
		if (c == 'c') {
			t->config = optarg;
		} else if (c == 's') {
			snprintf(t->socket, sizeof(t->socket), "%s", optarg);
		} else if (c == 'j') {
			t->is_json = true;
		} else {
			fputs(usage, c == 'h' ? stdout : stderr);
			return c == 'h' ? WELL : UNKNOWN;
		}
	}
	return -1;
}

int cmd_tlsa(int argc, char **argv)
{
	struct tlsa t = { .config = CONF_USUAL_FILE };
	struct conf_errors errors = {};
	struct conf_settings *settings = NULL;
	int status = options_read(&t, argc, argv);
	if (status >= 0)
		return status;
	if (argc - optind < 1 || argc - optind > 2)
		return fail("what is to be done?", "show, status, plan or abort is meant");
	t.name = argc - optind == 2 ? argv[optind + 1] : NULL;
	if (conf_read_file(&settings, t.config, time(NULL), &errors)) {
		conf_errors_print(&errors, stderr);
		status = UNKNOWN;
	} else {
		t.settings = settings;
		status = word_do(&t, argv[optind]);
	}
	conf_errors_deinit(&errors);
	conf_settings_free(settings);
	return status;
}
