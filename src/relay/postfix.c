#include "relay/postfix.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"
#include "dns/idn.h"

/* What holds for the hosts of a domain together. */
struct sum {
	size_t usable;   /* hosts that may be tried */
	size_t dane;     /* of these, such as DANE proves */
	bool has_pkix;   /* MTA-STS in mode enforce */
	bool needs_tls;  /* TLSA records that are all unusable: TLS without a proof */
	size_t unnamed;  /* that the domain's MTA-STS policy does not name */
	const char *why; /* of one that may not be tried */
};

static void sum_up(struct sum *s, const struct policy_way *way, const struct policy_sts_facts *sts)
{
	struct policy_domain domain;
	policy_way_domain(&domain, way, sts);
	for (size_t i = 0; i < way->host_count; i++) {
		struct policy_decision d;
		policy_decide(&domain, &way->hosts[i].facts, &d);
		if (d.level == POLICY_SKIP) {
			s->why = d.why;
			s->unnamed += d.report == POLICY_REPORT_VALIDATION_FAILURE;
			continue;
		}
		s->usable++;
		s->dane += d.needs_dane;
		s->has_pkix = s->has_pkix || d.needs_pkix;
		s->needs_tls = s->needs_tls || d.level == POLICY_ENCRYPT;
	}
}

/* Is a host left out because an answer was lost? Then Postfix must not meet it unguarded. */
static bool has_lost(const struct policy_way *way, const struct policy_sts_facts *sts)
{
	for (size_t i = 0; i < way->host_count; i++) {
		const struct policy_host *h = &way->hosts[i].facts;
		if (policy_dns_is_lost(h->address) || (h->was_asked && policy_dns_is_lost(h->tlsa)))
			return true;
	}
	return sts->state == POLICY_STS_LOST;
}

/* Postfix has ".example.org" for "*.example.org". */
static int match_write(struct buf *text, const struct policy_sts *sts)
{
	int r = buf_add_str(text, "secure match=");
	for (size_t i = 0; i < sts->mx_count && !r; i++)
		r = buf_printf(text, "%s%s", i ? ":" : "",
		               sts->mx[i] + (sts->mx[i][0] == '*' ? 1 : 0));
	return r ? err_up(r) : err_up(buf_add_str(text, " servername=hostname"));
}

/* The policy as reports quote it (RFC 8460 4.4, "policy-string"). Without failure hosts have to
 * match a pattern: Postfix since 3.10.5 looks itself, and does not connect to others. */
static int report_write(struct buf *text, const char *domain, const struct policy_sts *sts,
                        enum policy_report failure)
{
	int r = buf_printf(text,
	                   " policy_type=sts policy_domain=%s { policy_string = version: STSv1 }"
	                   " { policy_string = mode: %s } { policy_string = max_age: %u }",
	                   domain, policy_sts_mode_name(sts->mode), sts->max_age_s);
	for (size_t i = 0; i < sts->mx_count && !r; i++)
		r = buf_printf(text, " { policy_string = mx: %s }", sts->mx[i]);
	for (size_t i = 0; i < sts->mx_count && !r && !failure; i++)
		r = buf_printf(text, " mx_host_pattern=%s", sts->mx[i]);
	if (!r && failure)
		r = buf_printf(text, " policy_failure=%s", policy_report_name(failure));
	return err_up(r);
}

static int temp_write(struct buf *text, enum socketmap_result *ret_result, const char *why)
{
	*ret_result = SOCKETMAP_TEMP;
	return err_up(buf_add_str(text, why));
}

static int level_write(struct buf *text, const struct sum *s, const struct policy_way *way,
                       const struct policy_sts_facts *sts, bool tlsrpt)
{
	/*
	 * "dane-only" would defer for ever where nothing vouches for the MX records. In front of
	 * MTA-STS in mode enforce it stands for the hosts without TLSA records, too, which Postfix
	 * then leaves out: "secure" takes a good certificate of the public CAs where the TLSA
	 * records say another (RFC 8461 2: MTA-STS must not overrule a DANE failure), and "dane"
	 * lets the others go without a proof, or in clear (RFC 8461 5). Mail goes to a host that
	 * DANE proves, or waits for one.
	 */
	bool is_only = s->has_pkix || s->dane == way->host_count;
	if (s->dane && is_only && way->mx == POLICY_DNS_SECURE)
		return err_up(buf_add_str(text, "dane-only"));
	if (s->has_pkix) {
		int r = match_write(text, &sts->policy);
		if (!r && tlsrpt)
			r = report_write(text, way->domain, &sts->policy, POLICY_REPORT_NONE);
		return err_up(r);
	}
	/* Unusable records: "dane" is Postfix's word for TLS without a proof there, too. */
	return err_up(buf_add_str(text, "dane"));
}

/* No host is one that the policy names: Postfix may find that out, so that it reports it. */
static int unnamed_write(struct buf *text, const struct policy_way *way,
                         const struct policy_sts_facts *sts)
{
	int r = match_write(text, &sts->policy);
	if (!r)
		r = report_write(text, way->domain, &sts->policy, POLICY_REPORT_VALIDATION_FAILURE);
	return err_up(r);
}

int postfix_policy_write(struct buf *text, enum socketmap_result *ret_result,
                         const struct policy_way *way, const struct policy_sts_facts *sts,
                         bool tlsrpt)
{
	struct sum s = {};
	*ret_result = SOCKETMAP_NOTFOUND;
	if (way->end == POLICY_WAY_LOST)
		return err_up(temp_write(text, ret_result, "the MX records could not be had"));
	if (way->end != POLICY_WAY_HOSTS)
		return 0; /* Postfix sees that itself, and returns the mail */
	sum_up(&s, way, sts);
	if (tlsrpt && s.unnamed && s.unnamed == way->host_count && !has_lost(way, sts)) {
		*ret_result = SOCKETMAP_OK;
		return err_up(unnamed_write(text, way, sts));
	}
	if (has_lost(way, sts) || (way->host_count && !s.usable))
		return err_up(temp_write(text, ret_result,
		                         s.why ? s.why : "an answer of DNS could not be had"));
	if (!s.dane && !s.has_pkix && !s.needs_tls)
		return 0;
	*ret_result = SOCKETMAP_OK;
	return err_up(level_write(text, &s, way, sts, tlsrpt));
}

int postfix_transport_write(struct buf *text, const char *domain, bool is_lmtp, uint16_t port)
{
	uint64_t hash = hash_name(HASH_START, domain);
	unsigned place = (unsigned)(hash ^ hash >> 32);
	/* 127.64.0.1 to 127.127.255.254: what a host has at loopback is not there. */
	return err_up(buf_printf(text, "%s:[127.%u.%u.%u]:%u", is_lmtp ? "lmtp" : "smtp",
	                         64 + place % 64, place >> 8 & 0xff, 1 + (place >> 16) % 254,
	                         port));
}

bool postfix_key_domain(struct slice key, char *ret_domain)
{
	return dns_idn_take(key, ret_domain);
}

bool postfix_key_recipient(struct slice key, char *ret_domain)
{
	for (size_t i = key.len; i > 0; i--)
		if (key.data[i - 1] == '@')
			return dns_idn_take(slice_skip(key, i), ret_domain);
	return dns_idn_take(key, ret_domain);
}
