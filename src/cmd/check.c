#include "cmd/check.h"

#include "ask/fetch.h"
#include "base/clean.h"
#include "check/run.h"
#include "cmd/check_explain.h"
#include "cmd/check_list.h"
#include "cmd/check_sender.h"
#include "cmd/check_write.h"
#include "io/loop.h"

#include <curl/curl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000 };

struct checking {
	const struct check_options *options;
	struct io_loop *loop;
	struct lookup *lookup;
	struct fetch *fetch;
	struct check_look *look;
	struct check_run *run;
	struct check_writer writer;
	struct buf ca_pem;
	struct io_deadline patience;
	unsigned total, done;
	bool has_progress; /* a line on the terminal is not ended */
	bool has_failed;
};

/* A person who waits is told how far it is. */
static void progress_hide(struct checking *c)
{
	if (c->has_progress)
		fputs("\r\033[K", stderr);
	c->has_progress = false;
}

static void on_patience(struct io_deadline *d)
{
	struct checking *c = (struct checking *)((char *)d - offsetof(struct checking, patience));
	progress_hide(c);
	c->has_progress = isatty(STDERR_FILENO);
	if (c->has_progress)
		fprintf(stderr, "%u of %u done, %u being looked at ...", c->done, c->total,
		        check_run_busy(c->run));
	io_deadline_arm(c->loop, &c->patience, PATIENCE_MS);
}

static void on_result(void *owner, struct check_result *result)
{
	struct checking *c = owner;
	progress_hide(c);
	if (!result || check_writer_add(&c->writer, &result->report))
		c->has_failed = true;
	fflush(stdout);
	check_result_free(result);
	if (++c->done == c->total || c->has_failed)
		io_loop_stop(c->loop);
}

/* This host's full name as far as it knows it; hosts that care look it up. */
static void ehlo_name(char *ret_name, size_t cap)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME }, *found = NULL;
	if (gethostname(ret_name, cap))
		snprintf(ret_name, cap, "localhost");
	ret_name[cap - 1] = '\0';
	if (!strchr(ret_name, '.') && !getaddrinfo(ret_name, NULL, &hints, &found))
		if (found->ai_canonname)
			snprintf(ret_name, cap, "%s", found->ai_canonname);
	if (found)
		freeaddrinfo(found);
	if (!dns_name_is_host(ret_name))
		snprintf(ret_name, cap, "localhost.localdomain");
}

static uint64_t only_steps(const struct check_options *o)
{
	uint64_t steps = 0;
	for (unsigned i = 0; i < o->only_count; i++)
		steps |= check_steps_for(o->only[i]);
	return o->only_count ? steps : CHECK_STEPS_ALL;
}

static int look_begin(struct checking *c, char *ret_error, size_t error_cap)
{
	const struct check_options *o = c->options;
	char hostname[256];
	struct check_look_settings set;
	check_look_settings_init(&set, o->tier, o->is_mine);
	set.plan.only = only_steps(o);
	set.plan.has_attacks = o->has_attacks;
	ehlo_name(hostname, sizeof(hostname));
	set.hostname = o->ehlo ? o->ehlo : hostname;
	set.from4 = o->source4;
	set.from6 = o->source6;
	set.ca_pem = buf_slice(&c->ca_pem);
	return check_look_new(&c->look, c->loop, &set, ret_error, error_cap);
}

static int loop_begin(struct checking *c, char *ret_error, size_t error_cap)
{
	const struct check_options *o = c->options;
	struct check_run_settings run = {
		.profile = o->profile,
		.only = o->only_count ? o->only : NULL,
		.is_mine = o->is_mine,
		.no_v4 = o->no_v4,
		.no_v6 = o->no_v6,
	};
	int r = curl_global_init(CURL_GLOBAL_DEFAULT) ? -1 : io_loop_new(&c->loop);
	if (!r)
		r = lookup_new(&c->lookup, c->loop, &o->dns.lookup, ret_error, error_cap);
	if (!r)
		r = fetch_new(&c->fetch, c->loop,
		              &(struct fetch_settings){ .ca_pem = buf_slice(&c->ca_pem) });
	if (!r)
		r = look_begin(c, ret_error, error_cap);
	run.loop = c->loop;
	run.lookup = c->lookup;
	run.fetch = c->fetch;
	run.look = c->look;
	return r ? r : check_run_new(&c->run, &run);
}

static void checking_end(struct checking *c)
{
	progress_hide(c);
	if (c->loop)
		io_deadline_disarm(&c->patience);
	check_run_free(c->run);
	check_look_free(c->look);
	fetch_free(c->fetch);
	lookup_free(c->lookup);
	io_loop_free(c->loop);
	buf_deinit(&c->ca_pem);
	curl_global_cleanup();
}

static int work_add(struct checking *c, const struct check_list *list)
{
	int r = 0;
	for (unsigned i = 0; !r && i < c->options->host_count; i++, c->total++)
		r = check_run_host(c->run, &c->options->hosts[i], on_result, c);
	for (size_t i = 0; !r && i < list->count; i++, c->total++)
		r = check_run_domain(c->run, list->names[i], on_result, c);
	return r;
}

static int checking_run(struct checking *c, const struct check_list *list)
{
	char error[256] = "out of memory";
	int r = loop_begin(c, error, sizeof(error));
	if (!r)
		r = work_add(c, list);
	if (!r && c->total) {
		io_deadline_arm(c->loop, &c->patience, PATIENCE_MS);
		r = io_loop_run(c->loop);
	}
	if (r)
		fprintf(stderr, "mailseal check: %s\n", error);
	return r;
}

/* Everything was read. */
static int check_say(const struct check_options *o, const struct check_list *list)
{
	struct checking c = { .options = o, .patience.fn = on_patience };
	if (dns_options_cas(&o->dns, &c.ca_pem))
		return check_options_fail("the file of --ca-file cannot be read");
	int r = check_writer_begin(&c.writer, o, list->count + o->host_count > 1 || o->list);
	if (!r)
		r = checking_run(&c, list);
	if (check_writer_end(&c.writer) || c.has_failed)
		r = -1;
	checking_end(&c);
	return r ? CHECK_COULD_NOT_TELL : c.writer.status;
}

/* A table of the kernel's sockets has one that listens on port 25. */
static bool has_smtp_listener(const char *path)
{
	char line[256];
	unsigned port, state;
	bool found = false;
	FILE *table = fopen(path, "re");
	if (!table)
		return false;
	while (!found && fgets(line, sizeof(line), table))
		found = sscanf(line, " %*[0-9]: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &port, &state) ==
		                2 &&
		        port == 25 && state == 0x0a;
	fclose(table);
	return found;
}

/* Whoever probes from the address that sends mail may find it refused. */
static void sender_warn(const struct check_options *o)
{
	if (o->is_mine || o->source4 || o->source6 || o->host_count)
		return;
	if (!has_smtp_listener("/proc/net/tcp") && !has_smtp_listener("/proc/net/tcp6"))
		return;
	fputs("mailseal check: this host has an MTA. Hosts that tire of questions may refuse its "
	      "mail too:\n"
	      "  ask from another address (--source), or say that they are yours (--mine)\n",
	      stderr);
}

int cmd_check(int argc, char **argv)
{
	struct check_options o = {};
	struct check_list list = {};
	if (argc > 1 && strcmp(argv[1], "--sender") == 0)
		return cmd_check_sender(argc - 1, argv + 1);
	int status = check_options_read(&o, argc, argv);
	if (status < 0 && o.explain)
		status = check_explain(o.explain);
	if (status < 0 && dns_options_settle(&o.dns))
		status = CHECK_COULD_NOT_TELL;
	if (status < 0 && check_list_read(&list, &o, argv + optind))
		status = CHECK_COULD_NOT_TELL;
	if (status < 0) {
		sender_warn(&o);
		status = check_say(&o, &list);
	}
	check_list_deinit(&list);
	dns_options_deinit(&o.dns);
	return status;
}
