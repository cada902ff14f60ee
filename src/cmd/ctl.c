#include "cmd/ctl.h"

#include "base/buf.h"
#include "base/clean.h"
#include "cmd/nagios.h"
#include "conf/conf.h"
#include "conf/value.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

enum { UNKNOWN = 2, PATIENCE_S = 10, LONG_PATIENCE_S = 70 };

enum form { FORM_TEXT, FORM_JSON, FORM_NAGIOS };

static const char usage[] =
	"Usage: mailseal ctl [-c FILE | -s SOCKET] [--json | --nagios]\n"
	"         status|reload|drain|release DOMAIN|forget USER|tlsrpt-send [DAY]|\n"
	"         ban TARGET [--for TIME]|unban TARGET|bans|acme-renew NAME|upgrade [BINARY]\n"
	"\n"
	"  status              what runs, the sums of its sessions, what is to be mended\n"
	"  reload              read the configuration again; a bad file changes nothing\n"
	"  drain               accept no more, end idle sessions, then end\n"
	"  release DOMAIN      forget what TLS its hosts had: mail that waits for them goes\n"
	"  forget USER         delete all that the ledger has under this user's name\n"
	"  tlsrpt-send [DAY]   send the TLS reports of DAY (YYYY-MM-DD, default: yesterday, in\n"
	"                      UTC) now, in place of some time in the morning; those that were\n"
	"                      given up, too\n"
	"  ban TARGET          let ADDRESS, NETWORK/PREFIX or USER in no more, at all nodes of a\n"
	"                      cluster; sessions of theirs end. --for 1h (default 1d, 366d at "
	"most)\n"
	"  unban TARGET        let them in again\n"
	"  bans                who is banned, and until when\n"
	"  acme-renew NAME     order certificate NAME from its CA now, whatever is due\n"
	"  upgrade [BINARY]    go on as another build (default: the file now at the path the\n"
	"                      daemon was started from); no connection is refused, sessions end\n"
	"                      as in a drain, a build that cannot take over changes nothing\n"
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

/* Nothing where none are sent. */
static void tlsrpt_print(const json_t *numbers)
{
	static const char *const names[] = { "sent", "waiting", "given_up" };
	long long counts[COUNT_OF(names)], sum = 0;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		sum += counts[i] = json_integer_value(json_object_get(numbers, names[i]));
	if (sum)
		printf("TLS reports of the last days: %lld sent, %lld waiting, %lld given up\n",
		       counts[0], counts[1], counts[2]);
}

static long long number_of(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

static void ledger_print(const json_t *answer)
{
	const json_t *ledger = json_object_get(answer, "ledger");
	if (!number_of(answer, "ledger_pid"))
		return;
	printf("ledger: pid %lld%s; rows: %lld, bytes: %lld, waiting: %lld, lost: %lld\n",
	       number_of(answer, "ledger_pid"),
	       json_is_true(json_object_get(ledger, "open")) ? "" : " (no file, see the log)",
	       number_of(ledger, "rows"), number_of(ledger, "bytes"), number_of(ledger, "waiting"),
	       number_of(ledger, "lost"));
	if (number_of(answer, "runner_pid"))
		printf("runner: pid %lld; hooks waiting: %lld\n", number_of(answer, "runner_pid"),
		       number_of(ledger, "hooks_waiting"));
}

static void cluster_print(const json_t *answer)
{
	const json_t *cluster = json_object_get(answer, "cluster");
	char since[32] = "the beginning";
	struct tm tm;
	time_t at = (time_t)number_of(cluster, "since");
	if (!cluster)
		return;
	if (at && gmtime_r(&at, &tm))
		strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", &tm);
	printf("cluster: store %s since %s; nodes: %lld, waiting: %lld\n",
	       json_is_true(json_object_get(cluster, "reached")) ? "reached" : "not reached", since,
	       number_of(cluster, "nodes"), number_of(cluster, "waiting"));
}

static void tunnels_print(const json_t *answer)
{
	const json_t *t;
	size_t i;
	json_array_foreach((json_t *)json_object_get(answer, "tunnels"), i, t)
	{
		const char *interface = json_string_value(json_object_get(t, "interface"));
		printf("tunnel: backend %s, %s%s%s: %s, %s\n",
		       json_string_value(json_object_get(t, "backend")),
		       json_string_value(json_object_get(t, "address")),
		       interface && interface[0] ? " by " : "", interface ? interface : "",
		       json_string_value(json_object_get(t, "state")),
		       json_string_value(json_object_get(t, "fact")));
	}
}

static void backends_print(const json_t *answer)
{
	const json_t *b;
	size_t i;
	json_array_foreach((json_t *)json_object_get(answer, "backends"), i, b)
	{
		const char *error = json_string_value(json_object_get(b, "error"));
		printf("backend: %s, %s: %s%s%s; open: %lld, sessions: %lld, failures: %lld",
		       json_string_value(json_object_get(b, "backend")),
		       json_string_value(json_object_get(b, "address")),
		       json_string_value(json_object_get(b, "state")),
		       error && error[0] ? ", " : "", error ? error : "", number_of(b, "open"),
		       number_of(b, "sessions"), number_of(b, "failures"));
		if (number_of(b, "connect_us"))
			printf(", connects in %.1f ms", (double)number_of(b, "connect_us") / 1000);
		putchar('\n');
	}
}

static void watches_print(const json_t *list)
{
	const json_t *watch;
	size_t i;
	json_array_foreach((json_t *)list, i, watch)
	{
		const char *interface = json_string_value(json_object_get(watch, "interface"));
		if (!json_is_true(json_object_get(watch, "watching"))) {
			const char *why = json_string_value(json_object_get(watch, "reason"));
			printf("watch %s: not now%s%s\n", interface, why && *why ? ": " : "",
			       why ? why : "");
			continue;
		}
		printf("watch %s: pid %lld; packets: %lld, drops: %lld, flows: %lld, sessions: "
		       "%lld, passwords in clear: %lld\n",
		       interface, number_of(watch, "pid"), number_of(watch, "packets"),
		       number_of(watch, "drops"), number_of(watch, "flows"),
		       number_of(watch, "sessions"), number_of(watch, "passwords"));
	}
}

/* A name in our settings, and what it is now. */
static void host_print(const json_t *host)
{
	const char *error = json_string_value(json_object_get(host, "error"));
	size_t i;
	const json_t *address;
	printf("host: %s", json_string_value(json_object_get(host, "name")));
	json_array_foreach((json_t *)json_object_get(host, "addresses"), i, address)
		printf("%s %s", i ? "," : " is", json_string_value(address));
	printf(" (%s)", json_string_value(json_object_get(host, "by")));
	if (error && error[0])
		printf(", and now: %s", error);
	putchar('\n');
}

static void time_print(const char *label, long long at_s)
{
	char text[32];
	time_t at = (time_t)at_s;
	struct tm tm;
	if (at_s && gmtime_r(&at, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		printf(", %s %s", label, text);
}

/* A certificate that is ordered. */
static void order_print(const json_t *order)
{
	const char *why = json_string_value(json_object_get(order, "reason"));
	printf("acme: certificate %s: %s", json_string_value(json_object_get(order, "certificate")),
	       json_string_value(json_object_get(order, "state")));
	time_print("ends", number_of(order, "not_after"));
	time_print("ordered next", number_of(order, "due"));
	if (why && why[0])
		printf("; failed %lld times, last: %s", number_of(order, "failures"), why);
	putchar('\n');
}

static void policies_print(const json_t *policies)
{
	const json_t *p;
	size_t i;
	json_array_foreach(json_object_get(policies, "domains"), i, p)
	{
		const char *why = json_string_value(json_object_get(p, "why"));
		printf("mta-sts: %s: %s, id %s", json_string_value(json_object_get(p, "domain")),
		       json_string_value(json_object_get(p, "mode")),
		       json_string_value(json_object_get(p, "id")));
		time_print("since", number_of(p, "since"));
		printf("%s%s\n", why && why[0] ? "; " : "", why ? why : "");
	}
}

/* The key of a certificate that is rolled; printed for `mailseal tlsa status`, too. */
void ctl_rollover_print(const json_t *rollover)
{
	const char *why = json_string_value(json_object_get(rollover, "why"));
	printf("rollover: certificate %s: %s",
	       json_string_value(json_object_get(rollover, "certificate")),
	       json_string_value(json_object_get(rollover, "state")));
	time_print("planned", number_of(rollover, "planned"));
	time_print("everywhere since", number_of(rollover, "seen"));
	time_print("switched", number_of(rollover, "switched"));
	if (number_of(rollover, "wait_s"))
		printf(", %lld s to wait", number_of(rollover, "wait_s"));
	if (why && why[0])
		printf("; %s", why);
	printf("; %s\n", json_string_value(json_object_get(rollover, "todo")));
}

static void keys_print(const json_t *pids)
{
	size_t i;
	const json_t *pid;
	printf("keys:");
	json_array_foreach(pids, i, pid) printf(" pid %lld", (long long)json_integer_value(pid));
	printf("; ");
}

static void status_print(const json_t *answer)
{
	const char *key;
	const json_t *value;
	printf("mailseal %s, %s for %lld s, %s\n",
	       json_string_value(json_object_get(answer, "version")),
	       json_string_value(json_object_get(answer, "state")),
	       (long long)json_integer_value(json_object_get(answer, "uptime_s")),
	       json_string_value(json_object_get(answer, "config")));
	keys_print(json_object_get(answer, "keys_pids"));
	if (json_integer_value(json_object_get(answer, "resolver_pid")))
		printf("resolver: pid %lld; ",
		       (long long)json_integer_value(json_object_get(answer, "resolver_pid")));
	printf("workers: %zu, leaving: %lld\n", json_array_size(json_object_get(answer, "workers")),
	       (long long)json_integer_value(json_object_get(answer, "workers_leaving")));
	ledger_print(answer);
	cluster_print(answer);
	watches_print(json_object_get(answer, "watch"));
	json_object_foreach((json_t *)json_object_get(answer, "sums"), key, value)
		printf("  %-20s %lld\n", key, (long long)json_integer_value(value));
	tlsrpt_print(json_object_get(answer, "tlsrpt"));
	const json_t *tree = json_object_get(answer, "tree");
	if (tree)
		printf("certificate_dir: %lld pairs, %lld found whole, %lld left out\n",
		       number_of(tree, "pairs"), number_of(tree, "checked"),
		       number_of(tree, "left_out"));
	if (number_of(answer, "bans"))
		printf("banned: %lld (mailseal ctl bans)\n", number_of(answer, "bans"));
	backends_print(answer);
	tunnels_print(answer);
	size_t i;
	json_array_foreach((json_t *)json_object_get(answer, "alarms"), i, value)
		printf("ALARM %s: %s: %s; %s\n", json_string_value(json_object_get(value, "kind")),
	               json_string_value(json_object_get(value, "subject")),
	               json_string_value(json_object_get(value, "text")),
	               json_string_value(json_object_get(value, "mend")));
	json_array_foreach((json_t *)json_object_get(answer, "acme"), i, value) order_print(value);
	policies_print(json_object_get(answer, "mta_sts"));
	json_array_foreach((json_t *)json_object_get(answer, "rollovers"), i, value)
		ctl_rollover_print(value);
	json_array_foreach((json_t *)json_object_get(answer, "warnings"), i, value)
		printf("warning: backend %s, %s: %s; %s\n",
	               json_string_value(json_object_get(value, "backend")),
	               json_string_value(json_object_get(value, "address")),
	               json_string_value(json_object_get(value, "warning")),
	               json_string_value(json_object_get(value, "mend")));
	json_array_foreach((json_t *)json_object_get(answer, "hosts"), i, value) host_print(value);
	json_array_foreach((json_t *)json_object_get(answer, "workarounds"), i, value) printf(
		"workaround: %s, %s until %s\n", json_string_value(json_object_get(value, "mx")),
		json_string_value(json_object_get(value, "with")),
		json_string_value(json_object_get(value, "until")));
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

static void bans_print(const json_t *bans)
{
	size_t i;
	const json_t *ban;
	json_array_foreach((json_t *)bans, i, ban)
		printf("%s %s until %s%s\n", json_string_value(json_object_get(ban, "kind")),
	               json_string_value(json_object_get(ban, "target")),
	               json_string_value(json_object_get(ban, "until")),
	               json_is_true(json_object_get(ban, "of_cluster")) ? ", of another node" : "");
	if (!json_array_size(bans))
		puts("nobody is banned");
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
		bans_print(json_object_get(answer, "bans"));
	else
		status_print(answer);
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

static const struct command {
	const char *name;
	int least, most;   /* words behind it */
	const char *words; /* how it is called */
} commands[] = {
	{ "status", 0, 0, "status" },
	{ "reload", 0, 0, "reload" },
	{ "drain", 0, 0, "drain" },
	{ "release", 1, 1, "release DOMAIN" },
	{ "forget", 1, 1, "forget USER" },
	{ "tlsrpt-send", 0, 1, "tlsrpt-send, or tlsrpt-send DAY" },
	{ "ban", 1, 1, "ban TARGET" },
	{ "unban", 1, 1, "unban TARGET" },
	{ "bans", 0, 0, "bans" },
	{ "acme-renew", 1, 1, "acme-renew NAME" },
	{ "upgrade", 0, 1, "upgrade, or upgrade BINARY" },
};

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

/* With as many words behind it as it takes; what is not known here the daemon refuses. */
static bool is_whole(int count, char *const words[])
{
	const struct command *known = count ? command_find(words[0]) : NULL;
	return known ? count - 1 >= known->least && count - 1 <= known->most : count == 1;
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
	const struct command *known = count ? command_find(words[0]) : NULL;
	if (!count)
		fputs("mailseal ctl: what is to be done?\n", stderr);
	else if (form == FORM_NAGIOS)
		fputs("mailseal ctl: --nagios goes with status alone\n", stderr);
	else if (known)
		fprintf(stderr, "mailseal ctl: too few words, or too many; write %s\n",
		        known->words);
	else
		fprintf(stderr, "mailseal ctl: there is no such command: %s\n", words[0]);
	fputs("mailseal ctl --help says more\n", stderr);
}

int cmd_ctl(int argc, char **argv)
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
	const char *config = CONF_USUAL_FILE;
	char path[108] = "";
	enum form form = FORM_TEXT;
	uint32_t ban_s = 86400;
	int c;
	while ((c = getopt_long(argc, argv, "c:s:jnh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			config = optarg;
			break;
		case 's':
			snprintf(path, sizeof(path), "%s", optarg);
			break;
		case 'j':
			form = FORM_JSON;
			break;
		case 'n':
			form = FORM_NAGIOS;
			break;
		case 'f':
			if (conf_seconds_parse(optarg, &ban_s) || !ban_s) {
				fprintf(stderr,
				        "mailseal ctl: --for %s: 90s, 5m, 1h or 30d is meant\n",
				        optarg);
				return UNKNOWN;
			}
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return UNKNOWN;
		}
	}
	CLEAN(buf_deinit) struct buf line = {};
	if (line_make(&line, argc - optind, argv + optind, ban_s) ||
	    (form == FORM_NAGIOS && strcmp((const char *)line.data, "status") != 0)) {
		words_complain(argc - optind, argv + optind, form);
		return form == FORM_NAGIOS ? NAGIOS_UNKNOWN : UNKNOWN;
	}
	if (!path[0] && ctl_socket_find(config, path))
		return form == FORM_NAGIOS ? nagios_say(NAGIOS_UNKNOWN, "bad configuration", config)
		                           : UNKNOWN;
	return ctl_run(path, (const char *)line.data, form);
}
