#include "cmd/hops.h"

#include "base/clean.h"
#include "base/err.h"
#include "cmd/hops_print.h"
#include "cmd/hops_source.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { WELL, NOT_WELL, UNKNOWN };

static const char usage[] =
	"Usage: mailseal hops [OPTIONS] FILE...\n"
	"\n"
	"A message's way, hop by hop, from its Received fields: encrypted, plaintext, not stated\n"
	"or local, with what, and how long it took. FILE is a message, - for standard input (no\n"
	"more than the header is read); of an mbox, a maildir or several FILEs: who brought the\n"
	"messages, and how much of that was encrypted.\n"
	"\n"
	"  -t, --trust HOST       a host of ours: its name, .DOMAIN for all below, an address or\n"
	"                         a network; again for more. Only what these wrote counts; what\n"
	"                         was there when others brought the message is \"claimed\"\n"
	"  -T, --terminator HOST  TLS ends in front of this host (HAProxy, nginx, mailseal):\n"
	"                         where it says nothing of TLS, that says nothing\n"
	"  -m, --mbox             what is read has many messages, whatever it begins with\n"
	"  -q, --quiet            one word: plain, legacy, unknown, encrypted, sealed or local\n"
	"  -j, --json             the same for programs\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit: 0 sealed or local, 1 plain or legacy, 2 could not tell.\n"
	"Example: mailseal hops --trust mx.example.org --trust 10.0.0.0/8 message.eml\n";

struct options {
	struct hops_settings settings;
	bool is_mbox, is_json, is_quiet;
};

struct looking {
	const struct options *options;
	struct hops_way *first; /* shown if it stays alone */
	struct hops_sums sums;
	enum hops_result worst;
	bool has_failed;
	time_t said_s;
	bool has_said;
};

static int usage_wrong(const char *why)
{
	fprintf(stderr, "mailseal hops: %s\nmailseal hops --help says more\n", why);
	return UNKNOWN;
}

static int host_add(struct hops_hosts *hosts, const char *option, const char *text)
{
	int r = hops_hosts_add(hosts, text);
	if (!r)
		return 0;
	if (r == HOPS_HOSTS_BAD)
		fprintf(stderr,
		        "mailseal hops: %s \"%s\": it is no name, address or network (such as "
		        "mx.example.org, .example.org, 192.0.2.1, 10.0.0.0/8)\n",
		        option, text);
	else
		fputs("mailseal hops: out of memory\n", stderr);
	return UNKNOWN;
}

/* -1: go on; else the exit status. */
static int options_read(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "trust", required_argument, NULL, 't' },
		{ "terminator", required_argument, NULL, 'T' },
		{ "mbox", no_argument, NULL, 'm' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int c, r = 0;
	while (!r && (c = getopt_long(argc, argv, "t:T:mqjh", table, NULL)) != -1) {
		switch (c) {
		case 't':
			r = host_add(&o->settings.trusted, "--trust", optarg);
			break;
		case 'T':
			r = host_add(&o->settings.terminators, "--terminator", optarg);
			break;
		case 'm':
			o->is_mbox = true;
			break;
		case 'q':
			o->is_quiet = true;
			break;
		case 'j':
			o->is_json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return WELL;
		default:
			fputs("mailseal hops --help says more\n", stderr);
			return UNKNOWN;
		}
	}
	if (r)
		return r;
	if (o->is_quiet && o->is_json)
		return usage_wrong("--quiet or --json, not both");
	return optind < argc ? -1 : usage_wrong("a file is wanted, or - for standard input");
}

/* A person who waits sees how far it is. */
static void progress_say(struct looking *l)
{
	enum { SOMETIMES = 1024 };
	time_t now;
	if (l->sums.messages % SOMETIMES || !isatty(STDERR_FILENO) ||
	    (now = time(NULL)) <= l->said_s)
		return;
	l->has_said = true;
	l->said_s = now;
	fprintf(stderr, "\r%llu messages ...", (unsigned long long)l->sums.messages);
}

static int on_message(void *owner, const struct hops_way *way)
{
	struct looking *l = owner;
	if (!l->sums.messages)
		memcpy(l->first, way, sizeof(*way));
	l->sums.messages++;
	l->sums.results[way->result]++;
	if (way->result < l->worst)
		l->worst = way->result;
	progress_say(l);
	return err_up(hops_peers_add(&l->sums.peers, way));
}

static void on_failure(void *owner, const char *path, int error)
{
	struct looking *l = owner;
	l->has_failed = true;
	fprintf(stderr, "mailseal hops: %s: %s\n", path, strerror(error));
}

static int read_all(struct looking *l, char **paths)
{
	CLEAN(freep) struct hops_way *way = malloc(sizeof(*way));
	const struct hops_source source = { .settings = &l->options->settings,
		                            .is_mbox = l->options->is_mbox,
		                            .message = on_message,
		                            .fail = on_failure,
		                            .owner = l,
		                            .way = way };
	int r = way ? 0 : err_raise(-ENOMEM);
	for (; !r && *paths; paths++)
		r = hops_source_read(&source, *paths);
	if (l->has_said)
		fputs("\r\033[K", stderr);
	return err_up(r);
}

static int show(struct looking *l)
{
	if (l->options->is_quiet) {
		puts(hops_result_name(l->worst));
		return 0;
	}
	if (l->sums.messages == 1)
		return err_up(hops_print_way(stdout, l->first, l->options->is_json));
	hops_peers_sort(&l->sums.peers);
	return err_up(hops_print_sums(stdout, &l->sums, l->options->is_json));
}

static int status_of(const struct looking *l)
{
	static const int statuses[] = {
		[HOPS_RESULT_PLAIN] = NOT_WELL,  [HOPS_RESULT_LEGACY] = NOT_WELL,
		[HOPS_RESULT_UNKNOWN] = UNKNOWN, [HOPS_RESULT_ENCRYPTED] = UNKNOWN,
		[HOPS_RESULT_SEALED] = WELL,     [HOPS_RESULT_LOCAL] = WELL,
	};
	_Static_assert(COUNT_OF(statuses) == HOPS_RESULT_COUNT);
	return l->has_failed ? UNKNOWN : statuses[l->worst];
}

static int look(const struct options *o, char **paths)
{
	CLEAN(freep) struct hops_way *first = malloc(sizeof(*first));
	struct looking l = {
		.options = o, .first = first, .worst = HOPS_RESULT_LOCAL, .said_s = time(NULL)
	};
	if (getrandom(&l.sums.peers.seed, sizeof(l.sums.peers.seed), 0) < 0)
		l.sums.peers.seed = (uint64_t)l.said_s;
	int r = first ? read_all(&l, paths) : err_raise(-ENOMEM);
	if (!l.sums.messages)
		l.worst = HOPS_RESULT_UNKNOWN;
	if (!r && (l.sums.messages || !l.has_failed))
		r = show(&l);
	hops_peers_deinit(&l.sums.peers);
	if (r)
		fprintf(stderr, "mailseal hops: %s\n", strerror(-r));
	return r ? UNKNOWN : status_of(&l);
}

int cmd_hops(int argc, char **argv)
{
	struct options o = {};
	int status = options_read(&o, argc, argv);
	if (status < 0)
		status = look(&o, argv + optind);
	hops_hosts_deinit(&o.settings.trusted);
	hops_hosts_deinit(&o.settings.terminators);
	return status;
}
