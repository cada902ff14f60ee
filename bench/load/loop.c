#define _GNU_SOURCE
#include "load/loop.h"

#include "common/clock.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 256 };
#define OPEN_LIMIT_NS 10000000000u
#define OPEN_POLL_NS 10000000u
#define TALK_PAUSE_US 1000

void loop_drive(struct connection *c)
{
	const struct loop_work *work = c->load->work;
	if (c->fd < 0)
		return;
	enum progress p = connection_talk(c);
	if (p == PROGRESS_DONE)
		p = work->go_on(c);
	if (p == PROGRESS_WAIT)
		return;
	connection_close(c, p == PROGRESS_DONE ? CONNECTION_NOTIFY : CONNECTION_SILENT);
	if (work->closed)
		work->closed(c);
}

void loop_drive_all(struct load *l)
{
	for (int i = 0; i < l->options->concurrency; i++)
		loop_drive(&l->connections[i]);
}

void loop_poll(struct load *l, uint64_t wait_ns)
{
	struct epoll_event events[EVENTS];
	const struct timespec wait = { .tv_sec = (time_t)(wait_ns / 1000000000u),
		                       .tv_nsec = (long)(wait_ns % 1000000000u) };
	int count = epoll_pwait2(l->epoll, events, EVENTS, &wait, NULL);
	for (int i = 0; i < count; i++)
		loop_drive(events[i].data.ptr);
}

static bool are_up(const struct load *l)
{
	for (int i = 0; i < l->options->concurrency; i++)
		if (!connection_is_up(&l->connections[i]))
			return false;
	return true;
}

int loop_open_all(struct load *l)
{
	uint64_t begun = clock_ns();
	l->connections = connections_new(l, l->options->concurrency);
	for (int i = 0; i < l->options->concurrency; i++)
		(void)connection_open(&l->connections[i]);
	while (!are_up(l)) {
		if (clock_ns() - begun > OPEN_LIMIT_NS) {
			load_fail(l, "not all connections came up");
			return -1;
		}
		loop_poll(l, OPEN_POLL_NS);
	}
	return 0;
}

/* How many still talk. */
static int talk_on(struct connection *all, int count)
{
	int left = 0;
	for (int i = 0; i < count; i++) {
		if (all[i].fd < 0)
			continue;
		if (connection_talk(&all[i]) == PROGRESS_WAIT)
			left++;
		else
			connection_close(&all[i], CONNECTION_NOTIFY);
	}
	return left;
}

int loop_talk_once(struct load *l, int count, uint64_t limit_ns)
{
	int opened = 0;
	uint64_t begun = clock_ns();
	struct connection *all = connections_new(l, count);
	for (int i = 0; i < count; i++)
		opened += connection_open(&all[i]) == 0;
	while (talk_on(all, count) && clock_ns() - begun < limit_ns)
		usleep(TALK_PAUSE_US);
	for (int i = 0; i < count; i++)
		connection_close(&all[i], CONNECTION_SILENT);
	free(all);
	return opened == count ? 0 : -1;
}
