/*
 * What has to be published for a test of a sender: the zone, the MTA-STS policies, and the answer
 * of the web server that has those. Pure.
 */
#ifndef CHECK_SENDER_SITE_H
#define CHECK_SENDER_SITE_H

#include "base/buf.h"
#include "check/sender_case.h"

#include <sys/socket.h>

/* Where one case (or the policies) listens. */
struct check_sender_place {
	const struct check_sender_case *sender_case; /* NULL: the policies, by HTTPS */
	struct sockaddr_storage address;
	socklen_t address_len;
	char text[64]; /* the address, without its port */
};

enum {
	CHECK_SENDER_PLACES_MAX = 64,
	CHECK_SENDER_NAME_CAP = 320, /* of a host of a case */
	CHECK_SENDER_ZONE_MAX = 200,
	CHECK_SENDER_REQUEST_MAX = 8192,
};

struct check_sender_site {
	const char *zone; /* "test.example.org" */
	struct check_sender_place places[CHECK_SENDER_PLACES_MAX];
	unsigned place_count;
	uint32_t set;       /* cases that are tried, a bit each */
	uint8_t tlsa_usage; /* 2: of the CA; 3: of the server's own key */
	uint8_t tlsa_digest[32];
	bool has_https; /* one of the places */
};

/* The number of a case of the table. */
unsigned check_sender_number(const struct check_sender_case *c);

/* "mx-plain.ZONE", "plain.ZONE", "mta-sts.good.ZONE". */
void check_sender_host(const struct check_sender_site *site, const struct check_sender_case *c,
                       char ret_name[CHECK_SENDER_NAME_CAP]);
void check_sender_domain(const struct check_sender_site *site, const struct check_sender_case *c,
                         char ret_name[CHECK_SENDER_NAME_CAP]);
void check_sender_policy_host(const struct check_sender_site *site,
                              const struct check_sender_case *c,
                              char ret_name[CHECK_SENDER_NAME_CAP]);

/* The records, with what to do said in comments. 0 or -ENOMEM. */
[[nodiscard]] int check_sender_zone_write(struct buf *out, const struct check_sender_site *site);
/* The policy file of a case that has one. 0 or -ENOMEM. */
[[nodiscard]] int check_sender_policy_write(struct buf *out, const struct check_sender_site *site,
                                            const struct check_sender_case *c);

/* Whose policy is at this host ("mta-sts.good.ZONE", a port is ignored)? NULL: nobody's. */
const struct check_sender_case *check_sender_policy_case(const struct check_sender_site *site,
                                                         struct slice host);

enum check_sender_request {
	CHECK_SENDER_REQUEST_MORE = 1, /* its end has not come */
	CHECK_SENDER_REQUEST_BAD,      /* no request, or too long: close */
};

/*
 * The answer to one HTTP request; the connection is closed behind it.
 *
 * ret_case: whose policy was asked for; NULL: of none, and the answer is 404
 *
 * Returns 0, enum check_sender_request, or -ENOMEM.
 */
[[nodiscard]] int check_sender_web_answer(struct buf *out, const struct check_sender_site *site,
                                          struct slice request,
                                          const struct check_sender_case **ret_case);

#endif
