/*
 * Questions to DNS, answered with what vouches for them: libunbound, validating, on our loop; no
 * threads, no forks (DECISIONS 5); or, where that is wished, a resolver on this host that
 * validates. An answer is secure, insecure, bogus or failed; "there is nothing" is an answer too,
 * with its own status (RFC 4035 4.3).
 */
#ifndef ASK_LOOKUP_H
#define ASK_LOOKUP_H

#include "base/buf.h"
#include "dns/message.h"
#include "policy/decide.h"

struct io_loop;
struct lookup;
struct lookup_question;

/* One zone's own servers; it is then asked for even where libunbound answers by itself ("test.",
 * "home.arpa." and the like; DECISIONS 5). */
struct lookup_stub {
	const char *zone;
	const char *address; /* "ADDRESS" or "ADDRESS@PORT" */
};

struct lookup_settings {
	const char *const *forwards; /* "ADDRESS" or "ADDRESS@PORT"; none: from the root */
	size_t forward_count;
	bool trusts_ad; /* what the forwards say with AD is secure; nothing is validated here */
	const struct lookup_stub *stubs;
	size_t stub_count;
	const char *trust_anchor; /* file of DS or DNSKEY records; NULL: Debian's dns-root-data */
	bool keeps_anchor;        /* it is ours, and kept up to date (RFC 5011) */
	bool asks_public_only; /* no name server at an address of a private network, this host's or
	                          another special one is asked, forwards included: where strangers
	                          say what is looked up, their records lead to none. Not with
	                          trusts_ad, which asks the forwards alone */
	unsigned queries;      /* questions at a time, and those of them to name servers;
	                          more wait. 0: 4096 */
	unsigned timeout_ms;   /* of one question, whatever DNS does; 0: 30 s */
};

struct lookup_answer {
	enum policy_dns status;
	bool is_name_there;  /* false: NXDOMAIN */
	const char *why;     /* of a bogus or failed one, else NULL; borrowed */
	struct slice packet; /* borrowed; empty if it failed */
};
typedef void lookup_fn(void *owner, const struct lookup_answer *answer);

enum { LOOKUP_BAD_SETTINGS = 1 }; /* ret_error names the one */

[[nodiscard]] int lookup_new(struct lookup **ret_lookup, struct io_loop *loop,
                             const struct lookup_settings *settings, char *ret_error,
                             size_t error_cap);
/* No question may be under way. */
void lookup_free(struct lookup *l);

/*
 * Asks. fn is called once, in a later turn of the loop, unless the question is freed before.
 * name: text without final dot. The question is the caller's to free, in fn or any time.
 */
[[nodiscard]] int lookup_ask(struct lookup_question **ret_question, struct lookup *l,
                             const char *name, enum dns_type type, lookup_fn *fn, void *owner);
void lookup_question_free(struct lookup_question *q);

#endif
