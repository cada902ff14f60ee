#define _GNU_SOURCE
#include "load/load.h"

#include "common/clock.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

void load_init(struct load *l, const struct options *o)
{
	*l = (struct load){ .options = o,
		            .epoll = epoll_create1(EPOLL_CLOEXEC),
		            .buffer = calloc(1, LOAD_BUFFER) };
	if (l->epoll < 0 || !l->buffer) {
		perror("loadgen");
		exit(1);
	}
	tls_init(&l->tls, o);
}

static void end_set(struct load *l)
{
	l->end_ns = l->begun_ns + (uint64_t)(l->options->measured_s * 1e9);
}

void load_warm(struct load *l)
{
	l->stage = LOAD_WARMING;
	l->begun_ns = clock_ns() + (uint64_t)(l->options->warming_s * 1e9);
	end_set(l);
}

void load_measure(struct load *l, struct proc_usage *ret_before)
{
	proc_usage_read(ret_before, l->options);
	l->stage = LOAD_MEASURING;
	l->begun_ns = clock_ns();
	end_set(l);
}

static void first_error_keep(struct load *l, const char *what)
{
	char reason[120];
	unsigned long code = ERR_peek_error();
	ERR_error_string_n(code, reason, sizeof(reason));
	snprintf(l->first_error, sizeof(l->first_error), "%.60s%s%.100s", what, code ? ": " : "",
	         code ? reason : "");
	for (char *p = l->first_error; *p; p++)
		if (*p == '"' || *p == '\\' || *p < ' ' || *p == 0x7f)
			*p = '\'';
}

void load_fail(struct load *l, const char *what)
{
	if (!l->counts.errors++)
		first_error_keep(l, what);
	ERR_clear_error();
}
