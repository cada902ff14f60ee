/*
 * MTA-STS (RFC 8461): what a domain's TXT record and its policy file say. Pure; who fetches them,
 * when, and how long they are kept is resolver/'s.
 */
#ifndef POLICY_STS_H
#define POLICY_STS_H

#include "base/slice.h"

enum {
	POLICY_STS_ABSENT = 1, /* no record of this kind: the domain has no policy */
	POLICY_STS_BAD,        /* there is one, and it is to be treated as if there were none */
};
enum {
	POLICY_STS_ID_MAX = 32,
	POLICY_STS_FILE_MAX = 64 * 1024,
	POLICY_STS_MX_MAX = 64,          /* patterns */
	POLICY_STS_PATTERN_CAP = 256,    /* "*." and a host name */
	POLICY_STS_MAX_AGE_S = 31557600, /* RFC 8461 3.2 */
};

enum policy_sts_mode { POLICY_STS_NONE, POLICY_STS_TESTING, POLICY_STS_ENFORCE };

struct policy_sts {
	enum policy_sts_mode mode;
	uint32_t max_age_s;
	size_t mx_count;
	char mx[POLICY_STS_MX_MAX][POLICY_STS_PATTERN_CAP]; /* lower case */
};

const char *policy_sts_mode_name(enum policy_sts_mode mode);

/*
 * One TXT record of _mta-sts.DOMAIN (RFC 8461 3.1). Records that do not begin with "v=STSv1;" are
 * none (ABSENT); of the others there has to be exactly one, which is the caller's to count.
 *
 * ret_id: POLICY_STS_ID_MAX + 1 bytes
 */
[[nodiscard]] int policy_sts_record_parse(struct slice text, char *ret_id);

/*
 * The policy file (RFC 8461 3.2, errata 6253, 6285, 7282). Lines end in CRLF or LF; unknown fields
 * are passed over; of a field that may stand once the first counts. 0 or POLICY_STS_BAD, and then
 * *ret_why says what is wrong, for the postmaster of the domain.
 */
[[nodiscard]] int policy_sts_parse(struct slice text, struct policy_sts *ret_policy,
                                   const char **ret_why);

/* RFC 8461 4.1: a wildcard stands for exactly one label, the first. Names without final dot. */
bool policy_sts_has_mx(const struct policy_sts *policy, const char *host);

#endif
