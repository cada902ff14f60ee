#define _GNU_SOURCE
#include "load/fleet.h"

#include "common/clock.h"
#include "load/loop.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define STALLED_NS 10000000000u
#define POLL_NS 100000000u

enum {
	DESCRIPTORS_SPARE = 100,
	SOURCES_APART = 7, /* between two children's first source addresses */
	EVENTS = 256,
};

/* --- a child --- */

enum phase { PHASE_TALKING, PHASE_HELD };

struct hold {
	int next, goal; /* connections */
};

struct word {
	uint64_t up, errors;
	char first_error[200];
};

static void open_next(struct load *l)
{
	struct hold *h = l->own;
	if (h->next < h->goal)
		(void)connection_open(&l->connections[h->next++]);
}

/* Tickets come, or the end. */
static enum progress drain(struct connection *c)
{
	char bytes[256];
	int n = 1;
	while (n > 0)
		n = connection_get(c, bytes, sizeof(bytes));
	if (n == CONNECTION_BLOCKED)
		return PROGRESS_WAIT;
	return connection_failed(c, "idle connection closed");
}

static enum progress go_on(struct connection *c)
{
	if (c->phase == PHASE_HELD)
		return drain(c);
	c->phase = PHASE_HELD;
	c->load->counts.done++;
	open_next(c->load);
	return PROGRESS_WAIT;
}

static void closed(struct connection *c)
{
	if (c->phase == PHASE_TALKING)
		open_next(c->load);
}

static const struct loop_work work = { go_on, closed };

/* So many at a time as -c says, until each is up or failed, or nothing moves any more. */
static void open_all(struct load *l, int goal)
{
	uint64_t moved_ns = clock_ns(), seen = 0;
	for (int i = 0; i < l->options->concurrency; i++)
		open_next(l);
	while (seen < (uint64_t)goal && clock_ns() - moved_ns < STALLED_NS) {
		loop_poll(l, POLL_NS);
		if (l->counts.done + l->counts.errors != seen) {
			seen = l->counts.done + l->counts.errors;
			moved_ns = clock_ns();
		}
	}
}

static void hold_until(struct load *l, int stop)
{
	struct epoll_event events[EVENTS], e = { .events = EPOLLIN, .data.ptr = NULL };
	epoll_ctl(l->epoll, EPOLL_CTL_ADD, stop, &e);
	for (bool is_over = false; !is_over;) {
		int count = epoll_wait(l->epoll, events, EVENTS, -1);
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr)
				loop_drive(events[i].data.ptr);
			else
				is_over = true;
		}
	}
}

static void tell(const struct load *l, int to, uint64_t up)
{
	struct word word = { .up = up, .errors = l->counts.errors };
	memcpy(word.first_error, l->first_error, sizeof(word.first_error));
	if (write(to, &word, sizeof(word)) != sizeof(word))
		_exit(1);
}

static _Noreturn void child_run(struct load *l, const struct fleet *f, int number, int goal)
{
	struct hold own = { .goal = goal };
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(f->stop[1]);
	l->work = &work;
	l->own = &own;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->next_source = number * SOURCES_APART;
	l->connections = connections_new(l, goal);
	open_all(l, goal);
	tell(l, f->tell[1], l->counts.done);
	hold_until(l, f->stop[0]);
	tell(l, f->tell[1], l->open_count);
	for (int i = 0; i < goal; i++)
		connection_close(&l->connections[i], CONNECTION_SILENT);
	_exit(0);
}

/* --- the parent --- */

int fleet_start(struct fleet *f, struct load *l)
{
	struct rlimit limit;
	int all = l->options->hold_count;
	getrlimit(RLIMIT_NOFILE, &limit);
	int each = (int)limit.rlim_cur - DESCRIPTORS_SPARE;
	f->count = (all + each - 1) / each;
	if (pipe(f->tell) || pipe(f->stop)) {
		perror("loadgen: pipe");
		return -1;
	}
	fflush(stdout);
	for (int i = 0; i < f->count; i++)
		if (fork() == 0)
			child_run(l, f, i, all / f->count + (i < all % f->count));
	return 0;
}

uint64_t fleet_hear(const struct fleet *f, struct load *l)
{
	uint64_t up = 0, errors = 0;
	struct word word;
	for (int i = 0; i < f->count; i++) {
		if (read(f->tell[0], &word, sizeof(word)) != sizeof(word))
			continue;
		up += word.up;
		errors += word.errors;
		if (word.errors)
			memcpy(l->first_error, word.first_error, sizeof(l->first_error));
	}
	l->counts.errors = errors;
	return up;
}

void fleet_stop(const struct fleet *f)
{
	for (int i = 0; i < f->count; i++)
		if (write(f->stop[1], "x", 1) != 1)
			perror("loadgen: stop");
	close(f->stop[1]);
}
