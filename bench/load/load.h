/*
 * The state of one run: what all connections of this process share, and what is counted of them.
 */
#ifndef LOAD_LOAD_H
#define LOAD_LOAD_H

#include "load/histogram.h"
#include "load/options.h"
#include "load/proc.h"
#include "load/tls.h"

struct connection;
struct loop_work;

enum load_stage {
	LOAD_OPENING,
	LOAD_WARMING, /* at work, not counted */
	LOAD_MEASURING,
};

enum { LOAD_BUFFER = 256 * 1024 };

struct load_counts {
	uint64_t done; /* sessions, lines or transfers, as the mode has it */
	uint64_t handshakes, resumed, errors, timeouts, bytes;
};

struct load {
	const struct options *options;
	const struct loop_work *work; /* the mode's */
	void *own;                    /* the mode's */
	struct tls tls;
	struct connection *connections;
	int epoll;
	enum load_stage stage;
	uint64_t begun_ns, end_ns; /* of the measuring */
	struct load_counts counts;
	uint64_t open_count;
	char first_error[200]; /* fit for JSON */
	int next_source;
	struct histogram times;
	char *buffer; /* LOAD_BUFFER bytes that all connections send from, and receive into */
};

/* What fails ends the program. l may not move afterwards. */
void load_init(struct load *l, const struct options *o);

/* From here to end_ns: first the time that is not counted ... */
void load_warm(struct load *l);

/* ... and from here the time that is. ret_before: what the proxy had used when it began. */
void load_measure(struct load *l, struct proc_usage *ret_before);

/* Counts an error; the first one's text is kept, with what OpenSSL says of it. */
void load_fail(struct load *l, const char *what);

#endif
