#include "check/sender_case.h"

#include "base/clean.h"

#include <string.h>

#define PASS CHECK_SENDER_PASS
#define WARN CHECK_SENDER_WARN
#define FAIL CHECK_SENDER_FAIL

/*
 * Where nothing demands TLS a message in clear is no fault (RFC 7435), but what keeps a sender from
 * TLS that was to be had is one: a certificate that nobody asked for proves nothing, and clear text
 * proves less.
 */
const struct check_sender_case check_sender_cases[CHECK_SENDER_CASE_COUNT] = {
	{ .name = "good",
	  .fault = "none: TLS 1.2 and 1.3, a good certificate, TLSA records, MTA-STS enforce",
	  .wanted = "deliver in TLS",
	  .source = "RFC 7435 3",
	  .group = CHECK_SENDER_OPPORTUNISTIC,
	  .tlsa = CHECK_SENDER_TLSA_GOOD,
	  .sts = CHECK_SENDER_STS_ENFORCE,
	  .in_tls = PASS,
	  .in_clear = FAIL,
	  .stayed = FAIL },
	{ .name = "plain",
	  .fault = "STARTTLS is not offered",
	  .wanted = "deliver in clear (or hold, where TLS is a rule of one's own)",
	  .source = "RFC 7435 3",
	  .group = CHECK_SENDER_OPPORTUNISTIC,
	  .offer = CHECK_SENDER_OFFERS_NONE,
	  .in_tls = PASS,
	  .in_clear = PASS,
	  .stayed = WARN },
	{ .name = "refused",
	  .fault = "STARTTLS is answered 454",
	  .wanted = "deliver in clear (or hold)",
	  .source = "RFC 3207 4",
	  .group = CHECK_SENDER_OPPORTUNISTIC,
	  .offer = CHECK_SENDER_OFFER_REFUSED,
	  .in_tls = PASS,
	  .in_clear = PASS,
	  .stayed = WARN },
	{ .name = "tls10",
	  .fault = "TLS 1.0 alone",
	  .wanted = "not speak TLS 1.0",
	  .source = "RFC 8996 4",
	  .group = CHECK_SENDER_OPPORTUNISTIC,
	  .tls = CHECK_SENDER_TLS_OLD,
	  .in_tls = WARN,
	  .in_clear = PASS,
	  .stayed = PASS },
	{ .name = "no-secrecy",
	  .fault = "TLS 1.2 with RSA key exchange alone, without forward secrecy",
	  .wanted = "not agree to it",
	  .source = "RFC 9325 4.1",
	  .group = CHECK_SENDER_OPPORTUNISTIC,
	  .tls = CHECK_SENDER_TLS_NO_SECRECY,
	  .in_tls = WARN,
	  .in_clear = PASS,
	  .stayed = PASS },
	{ .name = "self-signed",
	  .fault = "the certificate is self-signed",
	  .wanted = "deliver in TLS",
	  .source = "RFC 7435 3",
	  .group = CHECK_SENDER_OPPORTUNISTIC,
	  .certificate = CHECK_SENDER_CERTIFICATE_SELF_SIGNED,
	  .in_tls = PASS,
	  .in_clear = FAIL,
	  .stayed = WARN },
	{ .name = "expired",
	  .fault = "the certificate is expired",
	  .wanted = "deliver in TLS",
	  .source = "RFC 7435 3",
	  .group = CHECK_SENDER_OPPORTUNISTIC,
	  .certificate = CHECK_SENDER_CERTIFICATE_EXPIRED,
	  .in_tls = PASS,
	  .in_clear = FAIL,
	  .stayed = WARN },
	{ .name = "wrong-name",
	  .fault = "the certificate is of another name",
	  .wanted = "deliver in TLS",
	  .source = "RFC 7435 3",
	  .group = CHECK_SENDER_OPPORTUNISTIC,
	  .certificate = CHECK_SENDER_CERTIFICATE_OTHER_NAME,
	  .in_tls = PASS,
	  .in_clear = FAIL,
	  .stayed = WARN },
	{ .name = "stripped",
	  .fault = "STARTTLS is not offered any more, after a message came in TLS (send two)",
	  .wanted = "hold the second, where it is remembered; nothing but that can see it",
	  .source = "RFC 3207 6",
	  .group = CHECK_SENDER_OPPORTUNISTIC,
	  .offer = CHECK_SENDER_OFFERS_ONCE,
	  .in_tls = PASS,
	  .in_clear = WARN,
	  .stayed = PASS },
	{ .name = "injected",
	  .fault = "a reply to EHLO stands in clear behind the 220 of STARTTLS",
	  .wanted = "throw it away, or go",
	  .source = "RFC 3207 4.2",
	  .group = CHECK_SENDER_OPPORTUNISTIC,
	  .offer = CHECK_SENDER_OFFER_INJECTS,
	  .in_tls = PASS,
	  .in_clear = WARN,
	  .stayed = PASS },
	{ .name = "dane-mismatch",
	  .fault = "the TLSA record is of another key",
	  .wanted = "not deliver",
	  .source = "RFC 7672 2.2",
	  .group = CHECK_SENDER_DANE,
	  .tlsa = CHECK_SENDER_TLSA_OTHER,
	  .in_tls = FAIL,
	  .in_clear = FAIL,
	  .stayed = PASS },
	{ .name = "dane-plain",
	  .fault = "a TLSA record, and STARTTLS is not offered",
	  .wanted = "not deliver",
	  .source = "RFC 7672 2.2",
	  .group = CHECK_SENDER_DANE,
	  .offer = CHECK_SENDER_OFFERS_NONE,
	  .tlsa = CHECK_SENDER_TLSA_GOOD,
	  .in_tls = PASS,
	  .in_clear = FAIL,
	  .stayed = PASS },
	{ .name = "dane-unusable",
	  .fault = "TLSA records none of which is usable, and a self-signed certificate",
	  .wanted = "deliver in TLS, unproven",
	  .source = "RFC 7672 2.2",
	  .group = CHECK_SENDER_DANE,
	  .certificate = CHECK_SENDER_CERTIFICATE_SELF_SIGNED,
	  .tlsa = CHECK_SENDER_TLSA_UNUSABLE,
	  .in_tls = PASS,
	  .in_clear = FAIL,
	  .stayed = WARN },
	{ .name = "sts-certificate",
	  .fault = "MTA-STS enforce, and a certificate of another name",
	  .wanted = "not deliver",
	  .source = "RFC 8461 5",
	  .group = CHECK_SENDER_STS,
	  .certificate = CHECK_SENDER_CERTIFICATE_OTHER_NAME,
	  .sts = CHECK_SENDER_STS_ENFORCE,
	  .in_tls = FAIL,
	  .in_clear = FAIL,
	  .stayed = PASS },
	{ .name = "sts-mx",
	  .fault = "MTA-STS enforce, and an MX that its policy does not name",
	  .wanted = "not deliver (nor come at all)",
	  .source = "RFC 8461 4.1",
	  .group = CHECK_SENDER_STS,
	  .sts = CHECK_SENDER_STS_ENFORCE_OTHER,
	  .in_tls = FAIL,
	  .in_clear = FAIL,
	  .stayed = PASS },
	{ .name = "sts-plain",
	  .fault = "MTA-STS enforce, and STARTTLS is not offered",
	  .wanted = "not deliver",
	  .source = "RFC 8461 5",
	  .group = CHECK_SENDER_STS,
	  .offer = CHECK_SENDER_OFFERS_NONE,
	  .sts = CHECK_SENDER_STS_ENFORCE,
	  .in_tls = PASS,
	  .in_clear = FAIL,
	  .stayed = PASS },
	{ .name = "sts-testing",
	  .fault = "MTA-STS testing, and a certificate of another name",
	  .wanted = "deliver in TLS all the same",
	  .source = "RFC 8461 5",
	  .group = CHECK_SENDER_STS,
	  .certificate = CHECK_SENDER_CERTIFICATE_OTHER_NAME,
	  .sts = CHECK_SENDER_STS_TESTING,
	  .in_tls = PASS,
	  .in_clear = FAIL,
	  .stayed = FAIL },
};

const struct check_sender_case *check_sender_case_find(const char *name)
{
	for (size_t i = 0; i < CHECK_SENDER_CASE_COUNT; i++)
		if (strcmp(check_sender_cases[i].name, name) == 0)
			return &check_sender_cases[i];
	return NULL;
}

enum check_sender_arrival check_sender_arrived(const struct check_sender_seen *seen)
{
	for (unsigned a = CHECK_SENDER_ARRIVAL_COUNT - 1; a > CHECK_SENDER_NEVER; a--)
		if (seen->counts[a])
			return a;
	return CHECK_SENDER_NEVER;
}

enum check_sender_verdict check_sender_judge(const struct check_sender_case *c,
                                             const struct check_sender_seen *seen)
{
	bool waits = c->offer == CHECK_SENDER_OFFERS_ONCE && !seen->was_sealed;
	/* Who could not have the policy is not to blame for what it asks. */
	if (c->group == CHECK_SENDER_STS && seen->refusals && !seen->fetches)
		return CHECK_SENDER_UNKNOWN;
	switch (check_sender_arrived(seen)) {
	case CHECK_SENDER_NEVER: /* who read a policy that does not name this host has no reason to
	                          */
		return c->sts == CHECK_SENDER_STS_ENFORCE_OTHER && seen->fetches
		               ? c->stayed
		               : CHECK_SENDER_UNKNOWN;
	case CHECK_SENDER_LEFT:
	case CHECK_SENDER_BROKEN:
	case CHECK_SENDER_LEFT_IN_TLS:
		return waits ? CHECK_SENDER_UNKNOWN : c->stayed;
	case CHECK_SENDER_IN_TLS:
		return c->in_tls;
	case CHECK_SENDER_IN_CLEAR: /* of a host that offered TLS until now */
		return waits ? FAIL : c->in_clear;
	case CHECK_SENDER_MISLED:
		return FAIL;
	case CHECK_SENDER_ARRIVAL_COUNT:
		break;
	}
	return CHECK_SENDER_UNKNOWN;
}

bool check_sender_is_settled(const struct check_sender_seen *seen)
{
	return check_sender_arrived(seen) >= CHECK_SENDER_IN_TLS;
}

/* FAIL outweighs what is not known, and that a WARN: nobody is told "well" of half a test. */
static unsigned weight(enum check_sender_verdict v)
{
	static const unsigned weights[] = {
		[CHECK_SENDER_PASS] = 0,
		[CHECK_SENDER_WARN] = 1,
		[CHECK_SENDER_UNKNOWN] = 2,
		[CHECK_SENDER_FAIL] = 3,
	};
	_Static_assert(COUNT_OF(weights) == CHECK_SENDER_VERDICT_COUNT);
	return weights[v];
}

enum check_sender_verdict check_sender_sum(const struct check_sender_seen *seen, uint32_t set,
                                           enum check_sender_group group)
{
	enum check_sender_verdict sum = CHECK_SENDER_PASS;
	bool any = false;
	for (size_t i = 0; i < CHECK_SENDER_CASE_COUNT; i++) {
		const struct check_sender_case *c = &check_sender_cases[i];
		if (!(set & (1U << i)) || (group != CHECK_SENDER_GROUP_COUNT && c->group != group))
			continue;
		enum check_sender_verdict v = check_sender_judge(c, &seen[i]);
		any = true;
		if (weight(v) > weight(sum))
			sum = v;
	}
	return any ? sum : CHECK_SENDER_UNKNOWN;
}

const char *check_sender_group_name(enum check_sender_group group)
{
	static const char *const names[] = {
		[CHECK_SENDER_OPPORTUNISTIC] = "opportunistic TLS",
		[CHECK_SENDER_DANE] = "DANE",
		[CHECK_SENDER_STS] = "MTA-STS",
	};
	_Static_assert(COUNT_OF(names) == CHECK_SENDER_GROUP_COUNT);
	return names[group];
}

const char *check_sender_group_id(enum check_sender_group group)
{
	static const char *const ids[] = {
		[CHECK_SENDER_OPPORTUNISTIC] = "opportunistic",
		[CHECK_SENDER_DANE] = "dane",
		[CHECK_SENDER_STS] = "mta-sts",
	};
	_Static_assert(COUNT_OF(ids) == CHECK_SENDER_GROUP_COUNT);
	return ids[group];
}

static const struct {
	const char *id, *words;
} arrivals[] = {
	[CHECK_SENDER_NEVER] = { "never", "never came" },
	[CHECK_SENDER_LEFT] = { "left", "came and left" },
	[CHECK_SENDER_BROKEN] = { "broken", "broke off the handshake" },
	[CHECK_SENDER_LEFT_IN_TLS] = { "left-in-tls", "left behind the handshake" },
	[CHECK_SENDER_IN_TLS] = { "in-tls", "delivered" },
	[CHECK_SENDER_IN_CLEAR] = { "in-clear", "delivered in clear" },
	[CHECK_SENDER_MISLED] = { "misled", "believed what was injected" },
};
_Static_assert(COUNT_OF(arrivals) == CHECK_SENDER_ARRIVAL_COUNT, "each has its words");

const char *check_sender_arrival_id(enum check_sender_arrival a)
{
	return arrivals[a].id;
}

const char *check_sender_arrival_words(enum check_sender_arrival a)
{
	return arrivals[a].words;
}

const char *check_sender_verdict_name(enum check_sender_verdict v)
{
	static const char *const names[] = {
		[CHECK_SENDER_PASS] = "pass",
		[CHECK_SENDER_WARN] = "warn",
		[CHECK_SENDER_FAIL] = "fail",
		[CHECK_SENDER_UNKNOWN] = "unknown",
	};
	_Static_assert(COUNT_OF(names) == CHECK_SENDER_VERDICT_COUNT);
	return names[v];
}
