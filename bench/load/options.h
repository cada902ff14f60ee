/*
 * What the generator is asked for on its command line, read once and never changed.
 */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum mode { MODE_HANDSHAKE, MODE_STARTTLS, MODE_BULK, MODE_LATENCY, MODE_IDLE, MODE_COUNT };
enum protocol { PROTOCOL_NONE, PROTOCOL_SMTP, PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_COUNT };

enum { LINE_MAX_LEN = 16384 };

struct options {
	enum mode mode;
	enum protocol protocol;
	const char *address, *groups, *label;
	const char *roots; /* process ids of the proxy, with commas; NULL: none are watched */
	int port, concurrency, tls_version, source_count;
	int hold_count;               /* connections to hold (idle) */
	int line_len;                 /* latency: 1 to LINE_MAX_LEN */
	int proxy_cpu, generator_cpu; /* -1: not told */
	bool is_resuming, is_plain, is_up, has_login, is_verifying;
	double measured_s, warming_s;
	double rate;    /* lines a second in all (latency); 0: the next when the last came back */
	uint64_t bytes; /* over all connections (bulk) */
};

/* Wrong ones end the program with a word on what is wrong and status 2, --help with status 0. */
void options_read(struct options *ret_options, int argc, char **argv);

const char *mode_name(enum mode mode);

/* "" for PROTOCOL_NONE. */
const char *protocol_name(enum protocol protocol);

#endif
