#include "cmd/check_serve.h"

#include "ask/lookup.h"
#include "base/clean.h"
#include "base/log.h"
#include "cmd/check_engine.h"
#include "conf/settings.h"
#include "io/loop.h"
#include "proc/box.h"
#include "web/serve.h"
#include "web/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIFETIME_MS = 60000 }; /* of a connection */

struct serving {
	const struct check_options *options;
	struct check_engine engine;
	struct web_serve *serve;
	struct web_server *server;
	struct io_signal *term, *interrupt;
	struct serving_run *runs;
};

/* The owner of a run, with the name once more for one that fails. */
struct serving_run {
	struct serving *serving;
	struct serving_run *next;
	char domain[DNS_IDN_CAP];
	uint64_t began_ms;
};

static void run_free(struct serving_run *run)
{
	struct serving_run **at = &run->serving->runs;
	while (*at != run)
		at = &(*at)->next;
	*at = run->next;
	free(run);
}

static void on_result(void *owner, struct check_result *result)
{
	struct serving_run *run = owner;
	struct serving *s = run->serving;
	uint64_t now_ms = io_loop_now_ms(s->engine.loop);
	const struct check_report *report = result ? &result->report : NULL;
	web_serve_done(s->serve, run->domain, report, now_ms);
	log_notice(NULL, "a domain was looked at", kv_str("domain", run->domain),
	           kv_str("letter", report ? report->overall.letter : "failed"),
	           kv_ms("seconds", now_ms - run->began_ms));
	check_result_free(result);
	run_free(run);
}

static int on_wish(void *owner, const char *domain, const char *visitor)
{
	struct serving *s = owner;
	struct serving_run *run = calloc(1, sizeof(*run));
	if (!run)
		return -1;
	run->serving = s;
	run->next = s->runs;
	s->runs = run;
	run->began_ms = io_loop_now_ms(s->engine.loop);
	snprintf(run->domain, sizeof(run->domain), "%s", domain);
	if (check_run_domain(s->engine.run, run->domain, on_result, run)) {
		run_free(run);
		return -1;
	}
	log_notice(NULL, "a domain is to be looked at", kv_str("domain", domain),
	           kv_str("visitor", visitor));
	return 0;
}

static bool on_progress(void *owner, const char *domain, struct check_run_progress *ret_progress)
{
	const struct serving *s = owner;
	return check_run_progress(s->engine.run, domain, ret_progress);
}

static void on_request(void *owner, const struct web_request *request, struct web_reply *reply)
{
	struct serving *s = owner;
	web_serve_answer(s->serve, request, reply);
}

static void on_signal(void *owner, int number)
{
	struct serving *s = owner;
	log_notice(NULL, "ends", kv_int("signal", number));
	io_loop_stop(s->engine.loop);
}

/* libunbound reads its trust anchor with the first question, and later it may read no file. */
static void resolver_warm(struct serving *s)
{
	struct lookup_question *question = NULL;
	if (!lookup_ask(&question, s->engine.lookup, "invalid", DNS_A, NULL, NULL))
		lookup_question_free(question);
}

/* Whom it becomes if it was started as root. */
static int user_become(const struct check_options *o)
{
	struct proc_identity identity = {
		.user = o->dns.settings ? o->dns.settings->user : "mailseal",
	};
	int r = proc_drop(&identity);
	if (r != PROC_DROP_NO_USER)
		return r;
	log_warn(NULL, "no such user: processes run as nobody", kv_str("user", identity.user),
	         kv_str("mend", "useradd --system mailseal"));
	identity.user = "nobody";
	return proc_drop(&identity);
}

/* From here on: another user, no file, no program. 0, or all was said. */
static int walls_raise(const struct check_options *o)
{
	struct proc_box_report box;
	int r = user_become(o);
	if (!r)
		r = proc_box(PROC_ROLE_WORKER, NULL, &box);
	if (r) {
		fputs("mailseal check: it cannot give up what it may do; as another user than root "
		      "it need not\n",
		      stderr);
		return -1;
	}
	if (!box.landlock_abi)
		log_warn(NULL, "this kernel has no Landlock: seccomp alone keeps files off");
	if (!box.has_seccomp)
		log_warn(NULL, "this kernel has no seccomp: processes are not boxed");
	return 0;
}

static int pages_begin(struct serving *s, int fd)
{
	const struct check_options *o = s->options;
	const struct web_server_settings server = {
		.loop = s->engine.loop,
		.fd = fd,
		.has_header = o->has_proxy_header,
		.body_max = WEB_SERVE_BODY_MAX,
		.lifetime_ms = LIFETIME_MS,
		.owner = s,
		.on_request = on_request,
	};
	const struct web_serve_settings serve = {
		.source = o->is_behind_proxy ? WEB_VISITOR_FORWARDED : WEB_VISITOR_PEER,
		.an_hour = o->an_hour,
		.profile = o->profile->name,
		.owner = s,
		.begin = on_wish,
		.progress = on_progress,
	};
	int r = web_server_new(&s->server, &server);
	if (!r)
		r = web_serve_new(&s->serve, &serve);
	if (!r)
		r = io_signal_new(&s->term, s->engine.loop, SIGTERM, on_signal, s);
	if (!r)
		r = io_signal_new(&s->interrupt, s->engine.loop, SIGINT, on_signal, s);
	return r;
}

/* 0 when a signal has ended it; else all was said. */
static int serving_run(struct serving *s, int fd)
{
	char error[256] = "the kernel refuses to take rights away";
	if (proc_box_foresee() ||
	    check_engine_begin(&s->engine, s->options, error, sizeof(error))) {
		fprintf(stderr, "mailseal check: %s\n", error);
		close(fd);
		return -1;
	}
	if (pages_begin(s, fd)) {
		fputs("mailseal check: the page cannot be served: out of memory\n", stderr);
		return -1;
	}
	resolver_warm(s);
	if (walls_raise(s->options))
		return -1;
	log_notice(NULL, "the page is served", kv_str("address", s->options->serve),
	           kv_bool("private_targets", s->options->allows_private));
	return io_loop_run(s->engine.loop);
}

static void serving_end(struct serving *s)
{
	io_signal_free(s->term);
	io_signal_free(s->interrupt);
	web_server_free(s->server);
	check_engine_end(&s->engine);
	while (s->runs)
		run_free(s->runs);
	web_serve_free(s->serve);
}

int check_serve(const struct check_options *options)
{
	struct serving s = { .options = options };
	int fd = check_serve_listen(options->serve);
	if (fd < 0)
		return CHECK_COULD_NOT_TELL;
	log_setup("check", LOG_FORMAT_LOGFMT, LOG_TARGET_STDERR);
	signal(SIGPIPE, SIG_IGN);
	int r = serving_run(&s, fd);
	serving_end(&s);
	return r ? CHECK_COULD_NOT_TELL : CHECK_WELL;
}
