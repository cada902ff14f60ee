#include "cmd/check.h"

#include "base/clean.h"
#include "cmd/check_engine.h"
#include "cmd/check_explain.h"
#include "cmd/check_list.h"
#include "cmd/check_serve.h"
#include "cmd/check_sender.h"
#include "cmd/check_write.h"
#include "io/loop.h"
#include "up/ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000, SMTP_PORT = 25 };

struct checking {
	const struct check_options *options;
	struct check_engine engine;
	struct check_writer writer;
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
		        check_run_busy(c->engine.run));
	io_deadline_arm(c->engine.loop, &c->patience, PATIENCE_MS);
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
		io_loop_stop(c->engine.loop);
}

static int work_add(struct checking *c, const struct check_list *list)
{
	int r = 0;
	for (unsigned i = 0; !r && i < c->options->host_count; i++, c->total++)
		r = check_run_host(c->engine.run, &c->options->hosts[i], on_result, c);
	for (size_t i = 0; !r && i < list->count; i++, c->total++)
		r = check_run_domain(c->engine.run, list->names[i], on_result, c);
	return r;
}

static int checking_run(struct checking *c, const struct check_list *list)
{
	char error[256] = "out of memory";
	int r = check_engine_begin(&c->engine, c->options, error, sizeof(error));
	if (!r)
		r = work_add(c, list);
	if (!r && c->total) {
		io_deadline_arm(c->engine.loop, &c->patience, PATIENCE_MS);
		r = io_loop_run(c->engine.loop);
	}
	if (r)
		fprintf(stderr, "mailseal check: %s\n", error);
	return r;
}

/* Everything was read. */
static int check_say(const struct check_options *o, const struct check_list *list)
{
	struct checking c = { .options = o, .patience.fn = on_patience };
	int r = check_writer_begin(&c.writer, o, list->count + o->host_count > 1 || o->list);
	if (!r)
		r = checking_run(&c, list);
	if (check_writer_end(&c.writer) || c.has_failed)
		r = -1;
	progress_hide(&c);
	if (c.engine.loop)
		io_deadline_disarm(&c.patience);
	check_engine_end(&c.engine);
	return r ? CHECK_COULD_NOT_TELL : c.writer.status;
}

/* Whether somebody listens on port 25. */
static bool has_smtp_listener(void)
{
	struct up_ports ports;
	bool has = !up_ports_read_tables(&ports) && up_ports_have(&ports, SMTP_PORT);
	up_ports_deinit(&ports);
	return has;
}

/* Whoever probes from the address that sends mail may find it refused. */
static void sender_warn(const struct check_options *o)
{
	if (o->is_mine || o->source4 || o->source6 || o->host_count)
		return;
	if (!has_smtp_listener())
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
	if (status < 0 && o.serve) {
		sender_warn(&o);
		status = check_serve(&o);
		dns_options_deinit(&o.dns);
		return status;
	}
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
