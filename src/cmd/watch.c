#include "cmd/watch.h"

#include "base/clean.h"
#include "base/file.h"
#include "cmd/watch_listeners.h"
#include "cmd/watch_options.h"
#include "cmd/watch_print.h"
#include "watch/capture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>

enum { WELL, NOT_WELL, UNKNOWN };
enum {
	TICK_MS = 1000,
	WAIT_MS = 200,
	REST_MS = 300, /* longer than the kernel keeps a block to itself */
	ERROR_CAP = 512,
};

struct watching {
	struct watch_options options;
	struct watch_capture capture;
	struct watch *watch;
	FILE *html;
	struct watch_hosts names;
	struct watch_view view;
	struct watch_services services;
	bool has_failed;
	char error[ERROR_CAP];
};

/* Ctrl-C has nobody to hand a pointer to. */
static volatile sig_atomic_t is_ended;

static void on_signal(int number)
{
	(void)number;
	is_ended = 1;
}

static int64_t now_ms(void)
{
	struct timespec at = {};
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static int fail(const char *why)
{
	fprintf(stderr, "mailseal watch: %s\n", why);
	return UNKNOWN;
}

/* --- what is shown --- */

static bool is_ignored(const struct watching *g, const struct watch_row *row)
{
	for (size_t i = 0; i < g->options.ignored_count; i++)
		if (!strcmp(g->options.ignored[i], row->key.protocol))
			return true;
	return false;
}

/* The services of now, without those that nobody wants to see. */
static int services_take(struct watching *g)
{
	size_t count = 0;
	watch_services_deinit(&g->services);
	if (watch_services_make(&g->services, watch_rows_of(g->watch)))
		return -ENOMEM;
	for (size_t i = 0; i < g->services.count; i++)
		if (!is_ignored(g, g->services.list[i].row))
			g->services.list[count++] = g->services.list[i];
	g->services.count = count;
	g->view.services = &g->services;
	g->view.drops = watch_capture_drops(&g->capture);
	return 0;
}

static void on_row(void *owner, const struct watch_row *row)
{
	struct watching *g = owner;
	if (!is_ignored(g, row) && watch_print_json_found(stdout, &g->view, row))
		g->has_failed = true;
}

/* While it listens: lines as they are found, or the table anew. */
static int show_so_far(struct watching *g)
{
	if (g->options.is_json) {
		watch_tell(g->watch, on_row, g);
		fflush(stdout);
	} else if (g->view.width) {
		if (services_take(g))
			return -ENOMEM;
		fputs("\033[H\033[2J", stdout);
		if (watch_print_text(stdout, &g->view, false))
			return -ENOMEM;
		fflush(stdout);
	}
	return g->has_failed ? -ENOMEM : 0;
}

static int show_all(struct watching *g)
{
	int r = watch_end(g->watch);
	if (!r)
		r = services_take(g);
	if (!r && g->capture.is_live && !g->options.is_json && g->view.width)
		fputs("\033[H\033[2J", stdout);
	if (!r)
		r = g->options.is_json ? watch_print_json(stdout, &g->view)
		                       : watch_print_text(stdout, &g->view, true);
	if (!r && g->html)
		r = watch_print_html(g->html, &g->view);
	if (!r && g->html && (fflush(g->html) || ferror(g->html)))
		r = -errno;
	return r;
}

/* Plain from host to host; else something that nobody can judge, or packets that were not seen. */
static int status_of(const struct watching *g)
{
	bool has_unknown = !watch_counts_of(g->watch)->packets || g->view.drops ||
	                   watch_rows_of(g->watch)->left_out;
	for (size_t i = 0; i < g->services.count; i++) {
		const struct watch_row *row = g->services.list[i].row;
		if (row->key.wire != WATCH_NETWORK)
			continue;
		if (watch_verdict_is_plain(row->key.verdict))
			return NOT_WELL;
		has_unknown |= watch_verdict_is_unknown(row->key.verdict);
	}
	return has_unknown ? UNKNOWN : WELL;
}

/* --- reading --- */

/* What crossed before the end and was not handed over yet. */
static int read_rest(struct watching *g)
{
	int64_t end = now_ms() + REST_MS;
	int r = 0;
	while (!r && g->capture.is_live && now_ms() < end)
		r = watch_capture_read(&g->capture, g->watch, REST_MS / 3, g->error,
		                       sizeof(g->error));
	return r;
}

static int read_all(struct watching *g)
{
	int64_t begin = now_ms(), shown = begin;
	int r = 0;
	while (!r && !is_ended) {
		r = watch_capture_read(&g->capture, g->watch, WAIT_MS, g->error, sizeof(g->error));
		int64_t now = now_ms();
		if (g->options.for_ms && now - begin >= g->options.for_ms)
			break;
		if (r || !g->capture.is_live || now - shown < TICK_MS)
			continue;
		shown = now;
		if (show_so_far(g))
			r = WATCH_CAPTURE_NO_MEMORY;
	}
	if (!r)
		r = read_rest(g);
	if (r == WATCH_CAPTURE_NO_MEMORY)
		return fail("out of memory");
	if (r == WATCH_CAPTURE_FAILED) {
		/* A file that is cut in its last packet is common: what came before counts. */
		fail(g->error);
		g->has_failed = true;
	}
	return 0;
}

static int watch_begin(struct watching *g)
{
	struct watch_settings settings = { .link = g->capture.link,
		                           .wire = g->options.has_wire ? g->options.wire
		                                                       : g->capture.wire };
	if (getrandom(&settings.seed, sizeof(settings.seed), 0) < 0)
		settings.seed = (uint64_t)now_ms();
	return watch_new(&g->watch, &settings) ? fail("out of memory") : 0;
}

static int capture_begin(struct watching *g)
{
	const struct watch_options *o = &g->options;
	int r = o->file ? watch_capture_file(&g->capture, o->file, g->error, sizeof(g->error))
	                : watch_capture_interface(&g->capture, o->interface, g->error,
	                                          sizeof(g->error));
	return r ? fail(g->error) : 0;
}

static int html_begin(struct watching *g)
{
	if (!g->options.html)
		return 0;
	g->html = fopen(g->options.html, "we");
	if (g->html)
		return 0;
	fprintf(stderr, "mailseal watch: %s: %s\n", g->options.html, strerror(errno));
	return UNKNOWN;
}

static int names_read(struct watching *g)
{
	enum { FILE_MAX = 1 << 18 };
	CLEAN(buf_deinit) struct buf text = {};
	if (!g->options.hosts)
		return 0;
	int r = file_read(&text, g->options.hosts, FILE_MAX, NULL);
	if (r) {
		fprintf(stderr, "mailseal watch: %s: %s\n", g->options.hosts, file_error(r));
		return UNKNOWN;
	}
	return watch_hosts_read(&g->names, buf_slice(&text)) ? fail("out of memory") : 0;
}

/* Asked before the box is closed, which forbids it. 0: it is none. */
static size_t terminal_width(void)
{
	enum { USUAL = 80 };
	struct winsize size = {};
	if (!isatty(STDOUT_FILENO))
		return 0;
	return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : USUAL;
}

static int begin(struct watching *g)
{
	int r = capture_begin(g);
	if (!r)
		r = html_begin(g);
	if (!r)
		r = names_read(g);
	if (!r)
		r = watch_begin(g);
	g->view = (struct watch_view){ .watch = g->watch,
		                       .internal = g->options.internal,
		                       .internal_count = g->options.internal_count,
		                       .names = &g->names,
		                       .source = g->options.file ? g->options.file
		                                                 : g->options.interface,
		                       .kind = g->capture.kind,
		                       .width = terminal_width() };
	/* Last: from here on nothing can be opened, and what is read may be hostile. */
	if (!r && watch_capture_drop(&g->capture, g->options.user, g->error, sizeof(g->error)))
		r = fail(g->error);
	return r;
}

static void end(struct watching *g)
{
	watch_services_deinit(&g->services);
	watch_hosts_deinit(&g->names);
	watch_free(g->watch);
	watch_capture_close(&g->capture);
	if (g->html)
		fclose(g->html);
}

static int listen_and_show(struct watching *g)
{
	const struct sigaction action = { .sa_handler = on_signal };
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	int r = begin(g);
	if (!r)
		r = read_all(g);
	if (r)
		return r;
	if (show_all(g))
		return fail("out of memory, or the page could not be written");
	r = status_of(g);
	return g->has_failed && r == WELL ? UNKNOWN : r;
}

int cmd_watch(int argc, char **argv)
{
	CLEAN(freep) struct watching *g = calloc(1, sizeof(*g));
	if (!g)
		return fail("out of memory");
	int status = watch_options_read(&g->options, argc, argv);
	if (status >= 0)
		return status;
	if (g->options.wants_listeners)
		return watch_listeners_show(g->options.is_json);
	status = listen_and_show(g);
	end(g);
	return status;
}
