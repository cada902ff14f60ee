/*
 * TLS that goes on to the backend as it is (mode = "passthrough"): what client and server said of
 * it in clear, for the record. Pure.
 */
#ifndef EDGE_PASSED_H
#define EDGE_PASSED_H

#include "tls/answer.h"
#include "tls/session.h"

struct tls_hello;

struct edge_passed {
	struct tls_facts facts; /* version "" until the server answered */
	bool is_answered;       /* with a ServerHello */
	bool is_over;           /* it answered, or in some other way: nothing more is read */
	struct tls_answer answer;
	char sni[256];
	char version[12];
	char cipher[8]; /* of a suite that has no name */
};

/* NULL: no memory. */
struct edge_passed *edge_passed_new(const struct tls_hello *hello);
void edge_passed_free(struct edge_passed *p);

/* What the server said. Nothing is read behind its ServerHello. */
void edge_passed_feed(struct edge_passed *p, struct slice input);

#endif
