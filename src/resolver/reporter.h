/*
 * Sends TLS reports (RFC 8460): every day, for the day before, to each domain that had sessions
 * and asks for reports; over some hours, by chance. What is sent, tried and given up stands in the
 * store, so that a restart neither loses nor repeats any.
 */
#ifndef RESOLVER_REPORTER_H
#define RESOLVER_REPORTER_H

#include <stdint.h>

struct conf_settings;
struct fetch;
struct io_loop;
struct lookup;
struct reporter;
struct store_tlsrpt;

struct reporter_numbers {
	uint64_t waiting, sent, given_up; /* of the days that are kept */
};

struct reporter_settings {
	struct io_loop *loop;
	const struct conf_settings *settings; /* all borrowed, as long as the reporter */
	struct store_tlsrpt *store;
	struct lookup *lookup;
	struct fetch *fetch;
	/* They changed. */
	void (*on_numbers)(void *owner, const struct reporter_numbers *numbers);
	void *owner;
};

/* 0 or -ENOMEM. */
[[nodiscard]] int reporter_new(struct reporter **ret_r, const struct reporter_settings *set);
void reporter_free(struct reporter *r);

/* All of a day that is over and kept, now: what waits, what was given up, what is not planned yet.
 * What was sent stays sent. */
void reporter_hurry(struct reporter *r, int64_t day);

#endif
