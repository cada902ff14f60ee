/*
 * The way of a message, hop by hop, as its Received fields tell it: what each says of encryption,
 * which of them are evidence, and what can be said of all. Pure: no file, clock or network is known
 * to this folder.
 *
 * header.h finds the fields; received.h takes one apart, peer.h, vendor.h, date.h, notation.h and
 * suite.h read the parts, and judge.h says what it means. This joins them.
 *
 * A field is evidence if a host that the operator trusts wrote it, and so did all above it, and
 * each of those took the message from one of ours. What stands below was there when a stranger
 * brought the message: it is claimed, and may be forged.
 */
#ifndef HOPS_WAY_H
#define HOPS_WAY_H

#include "hops/header.h"
#include "hops/hosts.h"
#include "hops/judge.h"

enum {
	HOPS_MAX = 128, /* hops kept, the newest; Postfix refuses a message after 50 */
	HOPS_TEXT_CAP = 256,
	HOPS_PROTOCOL_CAP = 64,
};

enum hops_leg {
	HOPS_LEG_UNKNOWN,
	HOPS_LEG_USER,    /* a client that logged in, at the beginning */
	HOPS_LEG_INSIDE,  /* within a provider: from a private address, or from one of ours */
	HOPS_LEG_BETWEEN, /* between providers */
	HOPS_LEG_LOCAL,
	HOPS_LEG_COUNT
};
const char *hops_leg_name(enum hops_leg leg); /* "" for UNKNOWN */

/* Texts are what strangers wrote, without NUL: whoever shows them escapes them. */
struct hops_hop {
	char helo[HOPS_TEXT_CAP]; /* as the client called itself */
	char name[HOPS_TEXT_CAP]; /* as DNS calls it */
	struct hops_address address;
	char by[HOPS_TEXT_CAP];
	const char *software; /* that wrote the field; "" */
	char protocol[HOPS_PROTOCOL_CAP];
	char id[HOPS_TEXT_CAP];
	enum hops_leg leg;
	enum hops_verdict verdict;
	const char *why;
	struct hops_tls tls;
	enum hops_grade grade; /* of what is encrypted */
	bool is_likely;        /* the verdict is a guess by the field's layout */
	bool is_logged_in;
	bool is_claimed;
	bool is_mailseal;
	bool has_date, has_delay;
	int64_t at_s, delay_s; /* since the hop before; clocks differ, so it may be negative */
	/* mailseal took it and handed it on to this server, which wrote a field of its own: one
	 * hop. */
	bool has_backend;
	char backend[HOPS_TEXT_CAP];
	enum hops_verdict backend_verdict;
	struct hops_tls backend_tls;
	enum hops_grade backend_grade;
};

/* What can be said of a whole way, by the hops that count: all, or with a boundary those that are
 * evidence. The worst first. */
enum hops_result {
	HOPS_RESULT_PLAIN,     /* a hop is in clear */
	HOPS_RESULT_LEGACY,    /* a hop is encrypted below policy */
	HOPS_RESULT_UNKNOWN,   /* a hop does not say, or there is none */
	HOPS_RESULT_ENCRYPTED, /* all are, but one does not say how well */
	HOPS_RESULT_SEALED,    /* all are, or never left a host */
	HOPS_RESULT_LOCAL,     /* it never left a host */
	HOPS_RESULT_COUNT
};
const char *hops_result_name(enum hops_result result);

struct hops_settings {
	struct hops_hosts trusted;     /* none: no boundary */
	struct hops_hosts terminators; /* whose fields cannot know of TLS */
};

struct hops_way {
	struct hops_hop hops[HOPS_MAX]; /* the newest first, as fields stand in a message */
	size_t count;
	size_t left_out; /* older ones */
	bool has_boundary;
	enum hops_result result; /* from hops_way_finish() on */
	/* While fields come. */
	const struct hops_settings *settings;
	bool is_from_ours; /* whoever brought what the last field tells of */
	bool has_results;  /* of the host that wrote the next field */
	struct hops_tls results;
};

/* settings: borrowed until hops_way_finish(). */
void hops_way_init(struct hops_way *w, const struct hops_settings *settings);

/* The next field of the header (0 of hops_header_feed(), or true of hops_header_finish()). */
void hops_way_add(struct hops_way *w, const struct hops_header *field);

/* No more fields come: legs, delays, the result. */
void hops_way_finish(struct hops_way *w);

/* The hop counts for the result. */
static inline bool hops_way_counts(const struct hops_way *w, const struct hops_hop *hop)
{
	return !w->has_boundary || !hop->is_claimed;
}

#endif
