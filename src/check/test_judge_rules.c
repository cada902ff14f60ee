/* Every criterion: what passes, and what does not. */
#include "advice/profile.h"
#include "base/clean.h"
#include "check/judge.h"
#include "check/test_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NOTHING = CHECK_VERDICT_COUNT }; /* no finding at all */

typedef void spoil_fn(struct facts *f);

#define SPOIL(name, ...)                                                                           \
	static void spoil_##name(struct facts *f)                                                  \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}
#define AT(which) (f->endpoints[FACTS_##which])
#define TEXT(field, text) snprintf(field, sizeof(field), "%s", text)

static void suite_add(struct check_endpoint *e, enum check_version version, uint16_t number)
{
	struct check_suites *suites = &e->versions[version];
	suites->is_there = CHECK_YES;
	suites->is_whole = true;
	suites->accepted[suites->count++] = number;
}

/* DANE is gone; MTA-STS stays. */
static void dane_drop(struct facts *f)
{
	for (unsigned i = 0; i < 2; i++) {
		f->hosts[i].facts.count = 0;
		f->hosts[i].facts.tlsa = POLICY_DNS_INSECURE;
	}
	for (unsigned i = 0; i < FACTS_ENDPOINT_COUNT; i++)
		f->endpoints[i].has_proof = false;
}

static void sts_drop(struct facts *f)
{
	f->domain.sts = (struct policy_sts_facts){};
	f->domain.sts_record = (struct check_txt){};
}

static void policies_drop(struct facts *f)
{
	dane_drop(f);
	sts_drop(f);
}

SPOIL(nothing, (void)f)
/* A */
SPOIL(host_lost, f->hosts[1].facts.has_address = false)
SPOIL(hosts_lost, f->hosts[0].facts.has_address = f->hosts[1].facts.has_address = false)
SPOIL(mx_lost, f->domain.way.end = POLICY_WAY_LOST; f->domain.way.mx = POLICY_DNS_FAILED;
      f->domain.way.host_count = 0)
SPOIL(mx_alias, f->domain.hosts[0].is_alias = true)
SPOIL(mx_private, f->domain.hosts[0].address_is_private = true)
SPOIL(mx_literal, f->domain.hosts[0].is_literal = true)
SPOIL(mx_label, f->domain.hosts[0].is_single_label = true)
SPOIL(null_mx, f->domain.way.end = POLICY_WAY_NULL_MX; f->domain.way.host_count = 0)
SPOIL(null_mx_beside, f->domain.null_mx_is_not_alone = true)
SPOIL(mx_differ, AT(MX6).versions[CHECK_TLS10].is_there = CHECK_YES)
SPOIL(mx_insecure, f->domain.way.mx = POLICY_DNS_INSECURE)
SPOIL(mx_insecure_no_dane, dane_drop(f); f->domain.way.mx = POLICY_DNS_INSECURE)
SPOIL(mx_bogus, f->domain.way.mx = POLICY_DNS_BOGUS)
SPOIL(address_insecure, f->hosts[0].facts.address = POLICY_DNS_INSECURE)
SPOIL(address_bogus, f->hosts[0].facts.address = POLICY_DNS_BOGUS)
SPOIL(address_failed, f->hosts[0].facts.address = POLICY_DNS_FAILED)
SPOIL(tlsa_probe_failed, f->domain.hosts[0].tlsa_probe = POLICY_DNS_FAILED)
SPOIL(tlsa_name_bogus, f->domain.hosts[0].tlsa_name_probe = POLICY_DNS_BOGUS)
SPOIL(tlsa_probe_unsigned, f->domain.hosts[0].tlsa_probe = POLICY_DNS_FAILED;
      f->domain.hosts[0].address = POLICY_DNS_INSECURE)
SPOIL(nsec3_10, f->domain.nsec3_iterations = 10)
SPOIL(nsec3_500, f->domain.nsec3_iterations = 500)
SPOIL(nsec, f->domain.nsec3_iterations = -1)
SPOIL(caa_none, f->domain.hosts[0].caa.count = 0)
SPOIL(caa_other, TEXT(f->domain.hosts[0].caa.text, "digicert.com"))
SPOIL(caa_nobody, TEXT(f->domain.hosts[0].caa.text, ";"))
SPOIL(caa_unknown, TEXT(AT(MX).chain.issuer, "CN=Lab CA"))
SPOIL(srv_starttls, TEXT(f->domain.srv[0].label, "_submission"); f->domain.srv[0].port = 587;
      TEXT(f->domain.srv[1].label, "_imap"); f->domain.srv[1].port = 143)
SPOIL(srv_none, f->domain.srv[0].is_there = f->domain.srv[1].is_there = false)
SPOIL(srv_bad, AT(IMAPS).chain.pkix = TLS_PROOF_NOT_TRUSTED)
SPOIL(autoconfig_http, f->domain.autoconfig[0].by_https = false)
SPOIL(autoconfig_untrusted, f->domain.autoconfig[0].is_trusted = false)
SPOIL(autoconfig_clear, f->domain.autoconfig[0].names_clear = true)
SPOIL(autoconfig_unknown, f->domain.autoconfig[0].is_there = CHECK_UNKNOWN)
/* B */
SPOIL(no_starttls, AT(MX2).clear.offers_starttls = false; AT(MX2).has_tls = CHECK_NO)
SPOIL(not_heard, AT(MX2).clear.was_heard = false)
SPOIL(handshake_fails, AT(MX2).handshake.is_done = CHECK_NO; AT(MX2).has_tls = CHECK_NO)
SPOIL(handshake_lost, AT(MX2).handshake.is_done = CHECK_UNKNOWN; AT(MX2).probes_lost = 1)
SPOIL(rate, AT(MX2).reach = CHECK_RATE; TEXT(AT(MX2).why, "421 4.7.0 slow down"))
SPOIL(auth_plain, TEXT(AT(MX2).clear.auth, "CRAM-MD5 plain"))
SPOIL(auth_cram, TEXT(AT(MX2).clear.auth, "CRAM-MD5 SCRAM-SHA-256"))
SPOIL(auth_sealed, TEXT(AT(MX2).sealed.auth, "PLAIN LOGIN"))
SPOIL(injected, AT(MX2).injection = CHECK_YES)
SPOIL(injected_imap, AT(IMAP).injection = CHECK_YES)
SPOIL(injection_lost, AT(MX2).injection = CHECK_UNKNOWN; AT(MX2).probes_lost = 1)
SPOIL(injection_not_asked, AT(MX2).injection = CHECK_UNKNOWN)
SPOIL(starttls_again, AT(MX2).sealed.offers_starttls = true)
SPOIL(plain_refused, AT(MX2).plain_mail = CHECK_NO)
/* C */
SPOIL(ssl2, AT(MX2).versions[CHECK_SSL2].is_there = CHECK_YES)
SPOIL(ssl3, AT(MX2).versions[CHECK_SSL3].is_there = CHECK_YES)
SPOIL(ssl_lost, AT(MX2).versions[CHECK_SSL3].is_there = CHECK_UNKNOWN; AT(MX2).probes_lost = 1)
SPOIL(tls10, AT(MX2).versions[CHECK_TLS10].is_there = CHECK_YES)
SPOIL(tls11_users, AT(IMAPS).versions[CHECK_TLS11].is_there = CHECK_YES)
SPOIL(tls13_alone, AT(MX2).versions[CHECK_TLS12] = (struct check_suites){ .is_there = CHECK_NO };
      AT(IMAPS).versions[CHECK_TLS12] = (struct check_suites){ .is_there = CHECK_NO })
SPOIL(old_alone, AT(MX2).versions[CHECK_TLS12].is_there = CHECK_NO;
      AT(MX2).versions[CHECK_TLS13].is_there = CHECK_NO;
      AT(MX2).versions[CHECK_TLS10].is_there = CHECK_YES)
SPOIL(no_tls13, AT(MX2).versions[CHECK_TLS13].is_there = CHECK_NO)
SPOIL(intolerant, AT(MX2).tolerates = CHECK_NO)
SPOIL(no_fallback, AT(MX2).versions[CHECK_TLS10].is_there = CHECK_YES;
      AT(MX2).honours_fallback_scsv = CHECK_NO)
/* D: suites */
SPOIL(suites_unknown, AT(MX2).versions[CHECK_TLS12].is_whole = false)
SPOIL(ccm_8, suite_add(&AT(MX2), CHECK_TLS13, 0x1305))
SPOIL(integrity_only, suite_add(&AT(MX2), CHECK_TLS13, 0xc0b4))
SPOIL(rc4, suite_add(&AT(MX2), CHECK_TLS12, 0x0005))
SPOIL(triple_des, AT(MX2).takes_bad_suites = CHECK_YES; AT(MX2).bad_suite = 0xc012)
SPOIL(bad_unknown, AT(MX2).takes_bad_suites = CHECK_YES)
SPOIL(null_suite, suite_add(&AT(MX2), CHECK_TLS12, 0x003b))
SPOIL(export, suite_add(&AT(MX2), CHECK_TLS12, 0x0003))
SPOIL(anonymous, suite_add(&AT(MX2), CHECK_TLS12, 0xc018))
SPOIL(anonymous_users, suite_add(&AT(IMAPS), CHECK_TLS12, 0xc018))
SPOIL(bad_lost, AT(MX2).takes_bad_suites = CHECK_UNKNOWN;
      AT(MX2).versions[CHECK_TLS12].is_whole = false; AT(MX2).probes_lost = 2)
SPOIL(rsa, suite_add(&AT(MX2), CHECK_TLS12, 0x002f))
SPOIL(rsa_users, suite_add(&AT(IMAPS), CHECK_TLS12, 0x002f))
SPOIL(cbc_sha2, suite_add(&AT(MX2), CHECK_TLS12, 0xc027))
SPOIL(cbc_sha1, suite_add(&AT(MX2), CHECK_TLS12, 0xc013))
SPOIL(cbc_sha1_users, suite_add(&AT(IMAPS), CHECK_TLS12, 0xc013))
SPOIL(camellia_gcm, suite_add(&AT(MX2), CHECK_TLS12, 0xc08a))
SPOIL(ordered, suite_add(&AT(MX2), CHECK_TLS12, 0xc013))
SPOIL(client_ordered, suite_add(&AT(MX2), CHECK_TLS12, 0x002f);
      AT(MX2).versions[CHECK_TLS12].has_order = CHECK_NO)
SPOIL(order_lost, suite_add(&AT(MX2), CHECK_TLS12, 0x002f);
      AT(MX2).versions[CHECK_TLS12].has_order = CHECK_UNKNOWN; AT(MX2).probes_lost = 1)
SPOIL(ffdhe2048, AT(MX2).dh.bits = 2048; TEXT(AT(MX2).dh.name, "ffdhe2048"))
SPOIL(ffdhe3072, AT(MX2).dh.bits = 3072; TEXT(AT(MX2).dh.name, "ffdhe3072"))
SPOIL(rfc3526, AT(MX2).dh.bits = 4096; TEXT(AT(MX2).dh.name, "RFC 3526 group 16"))
SPOIL(own_prime, AT(MX2).dh.bits = 4096)
SPOIL(dh_1024, AT(MX2).dh.bits = 1024)
SPOIL(dh_lost, suite_add(&AT(MX2), CHECK_TLS12, 0x009e); AT(MX2).probes_lost = 1)
/* D: handshake */
SPOIL(p224, AT(MX2).groups[AT(MX2).group_count++] = 21)
SPOIL(secp256k1, AT(MX2).groups[AT(MX2).group_count++] = 22)
SPOIL(sect163, AT(MX2).groups[AT(MX2).group_count++] = 1)
SPOIL(x25519, AT(MX2).groups[AT(MX2).group_count++] = 29)
SPOIL(ffdhe2048_13, AT(MX2).groups[AT(MX2).group_count++] = 256)
SPOIL(groups_lost, AT(MX2).groups_are_whole = false; AT(MX2).probes_lost = 1)
SPOIL(no_pq, AT(MX2).has_pq = CHECK_NO; AT(MX2).pq_group = 0)
SPOIL(draft_pq, AT(MX2).has_pq = CHECK_NO; AT(MX2).pq_group = 0x6399)
SPOIL(sha1, AT(MX2).takes_sha1 = CHECK_YES)
SPOIL(no_ems, AT(MX2).has_ems = CHECK_NO)
SPOIL(compresses, AT(MX2).compresses = CHECK_YES)
SPOIL(insecure_renegotiation, AT(MX2).has_secure_renegotiation = CHECK_NO)
SPOIL(renegotiates, AT(MX2).renegotiates = CHECK_YES; AT(MX2).renegotiations = 10)
SPOIL(renegotiates_on, AT(MX2).renegotiates = CHECK_YES; AT(MX2).renegotiations = 11)
SPOIL(early_data, AT(MX2).has_early_data = CHECK_YES)
SPOIL(early_data_web, AT(WEB).has_early_data = CHECK_YES)
SPOIL(long_tickets, AT(MX2).ticket_lifetime_s = 8 * FACTS_DAY)
SPOIL(no_tickets, AT(MX2).has_tickets = CHECK_NO)
SPOIL(alpn, AT(MX2).alpn_is_strict = CHECK_NO; AT(IMAPS).alpn_is_strict = CHECK_NO)
/* E */
SPOIL(untrusted_enforced, AT(MX2).chain.pkix = TLS_PROOF_NOT_TRUSTED)
SPOIL(untrusted_dane, AT(MX2).chain.pkix = TLS_PROOF_NOT_TRUSTED; sts_drop(f))
SPOIL(untrusted, AT(MX2).chain.pkix = TLS_PROOF_NOT_TRUSTED; policies_drop(f))
SPOIL(untrusted_users, AT(IMAPS).chain.pkix = TLS_PROOF_NOT_TRUSTED)
SPOIL(trust_lost, AT(MX2).chain.pkix = TLS_PROOF_NOT_ASKED; AT(MX2).probes_lost = 1)
SPOIL(wrong_name, AT(MX2).chain.has_name = CHECK_NO)
SPOIL(wrong_name_dane, AT(MX2).chain.has_name = CHECK_NO; sts_drop(f))
SPOIL(wrong_name_nobody, AT(MX2).chain.has_name = CHECK_NO; policies_drop(f))
SPOIL(cn_users, AT(IMAPS).chain.has_name = CHECK_NO; AT(IMAPS).chain.name_is_by_cn = true)
SPOIL(wildcard, AT(MX2).chain.name_is_by_wildcard = true)
SPOIL(expired, AT(MX2).chain.not_after_s = FACTS_NOW - 1; AT(MX2).has_proof = false)
SPOIL(expired_dane, AT(MX2).chain.not_after_s = FACTS_NOW - 1)
SPOIL(not_yet, AT(IMAPS).chain.not_before_s = FACTS_NOW + 1)
SPOIL(ends_soon, AT(MX2).chain.not_after_s = FACTS_NOW + 10 * FACTS_DAY)
SPOIL(short_lived, AT(MX2).chain.not_before_s = FACTS_NOW - 1 * FACTS_DAY;
      AT(MX2).chain.not_after_s = FACTS_NOW + 5 * FACTS_DAY)
SPOIL(long_lived, AT(MX2).chain.not_after_s = FACTS_NOW + 700 * FACTS_DAY)
SPOIL(rsa_2048, AT(MX2).chain.key_is_rsa = true; AT(MX2).chain.key_bits = 2048)
SPOIL(rsa_1024, AT(MX2).chain.key_is_rsa = true; AT(MX2).chain.key_bits = 1024)
SPOIL(odd_curve, AT(MX2).chain.key_is_nist_or_edwards = false)
SPOIL(sha1_chain, AT(MX2).chain.signature_is_weak[1] = true)
SPOIL(sha1_chain_users, AT(IMAPS).chain.signature_is_weak[0] = true)
SPOIL(other_dane, AT(MX2).other_chain_matches_dane = CHECK_NO)
SPOIL(other_expired, AT(IMAPS).other_chain.not_after_s = FACTS_NOW - 1)
SPOIL(other_wildcard, AT(IMAPS).other_chain.name_is_by_wildcard = true)
SPOIL(other_none, AT(MX2).has_other_chain = false)
SPOIL(revoked, AT(MX2).chain.is_revoked = CHECK_YES)
SPOIL(no_staple, AT(MX2).chain.must_staple = true)
SPOIL(ocsp, AT(MX2).chain.has_ocsp = true)
SPOIL(no_sni, AT(MX2).works_without_sni = CHECK_NO; AT(IMAPS).works_without_sni = CHECK_NO)
SPOIL(shared_key, AT(MX2).chain.spki[0] = AT(MX).chain.spki[0])
SPOIL(shared_key_weak, AT(IMAPS).chain.spki[0] = AT(MX).chain.spki[0];
      AT(IMAPS).versions[CHECK_SSL2].is_there = CHECK_YES)
/* F */
SPOIL(tlsa_some, f->hosts[1].facts.count = 0)
SPOIL(tlsa_mismatch, AT(MX2).proof.dane = TLS_PROOF_NOT_TRUSTED)
SPOIL(tlsa_no_starttls, AT(MX2).clear.offers_starttls = false)
SPOIL(tlsa_unusable, f->tlsa[1][0].usage = f->tlsa[1][1].usage = 1)
SPOIL(tlsa_lost, AT(MX2).has_proof = false; AT(MX2).probes_lost = 1)
SPOIL(tlsa_selector, f->tlsa[0][0].selector = 0)
SPOIL(tlsa_name, f->tlsa[0][0].usage = 2; AT(MX).proof.dane = TLS_PROOF_WRONG_NAME)
SPOIL(tlsa_single, f->hosts[0].facts.count = 1)
SPOIL(tlsa_ttl, f->domain.hosts[0].tlsa_ttl_s = 2 * FACTS_DAY)
SPOIL(sts_two, f->domain.sts_record.count = 2)
SPOIL(sts_bad, f->domain.sts_record.bad = 1)
SPOIL(sts_lookup, f->domain.sts_record.count = 0; f->domain.sts_record.status = POLICY_DNS_FAILED)
SPOIL(sts_broken, f->domain.sts.state = POLICY_STS_BROKEN)
SPOIL(sts_lost, f->domain.sts.state = POLICY_STS_LOST)
SPOIL(sts_pattern, TEXT(f->domain.sts.policy.mx[0], "mx.example.org"))
SPOIL(sts_testing, f->domain.sts.policy.mode = POLICY_STS_TESTING)
SPOIL(sts_testing_miss, f->domain.sts.policy.mode = POLICY_STS_TESTING;
      AT(MX2).chain.has_name = CHECK_NO)
SPOIL(sts_none, f->domain.sts.policy.mode = POLICY_STS_NONE)
SPOIL(sts_hour, f->domain.sts.policy.max_age_s = 3600)
SPOIL(sts_days, f->domain.sts.policy.max_age_s = 3 * FACTS_DAY)
SPOIL(tlsrpt_none, f->domain.tlsrpt_record.count = 0)
SPOIL(tlsrpt_none_plain, f->domain.tlsrpt_record.count = 0; policies_drop(f))
SPOIL(tlsrpt_silent, f->domain.tlsrpt_https_answers = CHECK_NO)
SPOIL(tlsrpt_lost, f->domain.tlsrpt_record.count = 0;
      f->domain.tlsrpt_record.status = POLICY_DNS_FAILED)
/* G */
SPOIL(no_465, AT(SUBMISSIONS).reach = CHECK_CLOSED)
SPOIL(no_submission, AT(SUBMISSIONS).reach = AT(SUBMISSION).reach = CHECK_CLOSED)
SPOIL(rate_465, AT(SUBMISSIONS).reach = CHECK_RATE)
SPOIL(no_993, AT(IMAPS).reach = CHECK_CLOSED)
SPOIL(no_reading, AT(IMAPS).reach = AT(IMAP).reach = CHECK_CLOSED;
      AT(POP3).reach = AT(POP3S).reach = CHECK_CLOSED)
SPOIL(pop3_alone, AT(IMAPS).reach = AT(IMAP).reach = CHECK_CLOSED)
SPOIL(no_users,
      for (int i = FACTS_SUBMISSION; i <= FACTS_SIEVE; i++) f->endpoints[i].reach = CHECK_CLOSED)
SPOIL(submission_auth, TEXT(AT(SUBMISSION).clear.auth, "LOGIN PLAIN"))
SPOIL(submission_clear, AT(SUBMISSION).clear.offers_starttls = false)
SPOIL(submission_cram, TEXT(AT(SUBMISSION).clear.auth, "CRAM-MD5"))
SPOIL(imap_login, AT(IMAP).clear.login_disabled = false)
SPOIL(imap_auth, TEXT(AT(IMAP).clear.auth, "PLAIN"))
SPOIL(imap_preauth, AT(IMAP).clear.is_preauth = true)
SPOIL(imap_scram, TEXT(AT(IMAP).clear.auth, "SCRAM-SHA-256"))
SPOIL(pop3_user, AT(POP3).clear.offers_user = true)
SPOIL(pop3_auth, TEXT(AT(POP3).clear.auth, "LOGIN"))
SPOIL(sieve_auth, TEXT(AT(SIEVE).clear.auth, "PLAIN"))
SPOIL(old_mechanisms, TEXT(AT(IMAPS).sealed.auth, "PLAIN NTLM"))
SPOIL(scram, TEXT(AT(IMAPS).sealed.auth, "PLAIN SCRAM-SHA-256"))
SPOIL(apop, TEXT(AT(POP3S).greeting, "+OK <1.2@mail.example.org>"))
SPOIL(imaps_rate, AT(IMAPS).reach = CHECK_RATE)
SPOIL(imaps_silent, AT(IMAPS).reach = CHECK_SILENT)
SPOIL(imaps_foreign, AT(IMAPS).reach = CHECK_FOREIGN)
SPOIL(srv_name, AT(IMAPS).chain.has_name = CHECK_NO)
SPOIL(srv_signed, AT(IMAPS).chain.has_name = CHECK_NO; f->domain.srv[1].status = POLICY_DNS_SECURE)
SPOIL(srv_gone, AT(IMAPS).reach = CHECK_SILENT)
/* H */
SPOIL(no_hsts, AT(WEB).web.hsts_s = -1)
SPOIL(short_hsts, AT(WEB).web.hsts_s = 3600)
SPOIL(no_redirect, AT(WEB).web.redirects = CHECK_NO)
SPOIL(clear_login, AT(WEB).web.login_in_clear = CHECK_YES)
SPOIL(cookie, AT(WEB).web.cookie_is_safe = CHECK_NO)
SPOIL(sts_host_bad, AT(STS).versions[CHECK_TLS10].is_there = CHECK_YES)
/* I */
SPOIL(heartbleed, AT(MX2).attacks.heartbleed = CHECK_YES)
SPOIL(not_attacked, AT(MX2).attacks = (struct check_attacks){})
SPOIL(robot, AT(MX2).attacks.robot = CHECK_YES)
SPOIL(beast, suite_add(&AT(MX2), CHECK_TLS10, 0xc013))
SPOIL(cbc, suite_add(&AT(MX2), CHECK_TLS12, 0xc027))
SPOIL(fixed_dh, suite_add(&AT(MX2), CHECK_TLS12, 0x0031))

#define DOMAIN "example.org"
#define MX1_HOST "mx.example.org"
#define MX2_HOST "mx2.example.org"
#define MX1_PORT "mx.example.org:25/smtp [192.0.2.25]"
#define MX2_PORT "mx2.example.org:25/smtp [192.0.2.26]"
#define USERS(port) "mail.example.org:" port " [192.0.2.27]"
#define WEBMAIL "webmail.example.org:443/https [192.0.2.80]"
#define STS_HOST "mta-sts.example.org:443/https [192.0.2.80]"
#define AUTOCONFIG "https://autoconfig.example.org/mail/config-v1.1.xml"

#define M "m3aawg"
#define N "ncsc2025"
#define S "bsi2026"
#define Z "mozilla6"
#define R "rfc9325"

#define PASS CHECK_PASS
#define INFO CHECK_INFO
#define NA CHECK_NOT_APPLICABLE
#define LOST CHECK_NOT_TESTED
#define WARN CHECK_WARN
#define FAIL CHECK_FAIL
#define CRITICAL CHECK_CRITICAL

static const struct rule_case {
	const char *id, *place, *profile;
	int verdict;
	spoil_fn *spoil;
} cases[] = {
	{ "A1", DOMAIN, M, PASS, spoil_nothing },
	{ "A1", DOMAIN, M, WARN, spoil_host_lost },
	{ "A1", DOMAIN, M, FAIL, spoil_hosts_lost },
	{ "A1", DOMAIN, M, LOST, spoil_mx_lost },
	{ "A1", DOMAIN, M, NA, spoil_null_mx },
	{ "A2", MX1_HOST, M, PASS, spoil_nothing },
	{ "A2", MX1_HOST, M, WARN, spoil_mx_alias },
	{ "A2", MX1_HOST, M, FAIL, spoil_mx_private },
	{ "A2", MX1_HOST, M, FAIL, spoil_mx_literal },
	{ "A2", MX1_HOST, M, FAIL, spoil_mx_label },
	{ "A3", DOMAIN, M, PASS, spoil_nothing },
	{ "A3", DOMAIN, M, INFO, spoil_null_mx },
	{ "A3", DOMAIN, M, FAIL, spoil_null_mx_beside },
	{ "A4", "mx.example.org:25/smtp", M, PASS, spoil_nothing },
	{ "A4", "mx.example.org:25/smtp", M, WARN, spoil_mx_differ },
	{ "A4", "mx2.example.org:25/smtp", M, NOTHING, spoil_nothing },
	{ "A5", DOMAIN, M, PASS, spoil_nothing },
	{ "A5", DOMAIN, M, WARN, spoil_mx_insecure },
	{ "A5", DOMAIN, M, INFO, spoil_mx_insecure_no_dane },
	{ "A5", DOMAIN, M, FAIL, spoil_mx_bogus },
	{ "A6", MX1_HOST, M, PASS, spoil_nothing },
	{ "A6", MX1_HOST, M, WARN, spoil_address_insecure },
	{ "A6", MX1_HOST, M, FAIL, spoil_address_bogus },
	{ "A6", MX1_HOST, M, LOST, spoil_address_failed },
	{ "A7", MX1_HOST, M, PASS, spoil_nothing },
	{ "A7", MX1_HOST, M, FAIL, spoil_tlsa_probe_failed },
	{ "A7", MX1_HOST, M, FAIL, spoil_tlsa_name_bogus },
	{ "A7", MX1_HOST, M, WARN, spoil_tlsa_probe_unsigned },
	{ "A8", DOMAIN, M, PASS, spoil_nothing },
	{ "A8", DOMAIN, M, WARN, spoil_nsec3_10 },
	{ "A8", DOMAIN, M, FAIL, spoil_nsec3_500 },
	{ "A8", DOMAIN, M, NOTHING, spoil_nsec },
	{ "A9", MX1_HOST, M, PASS, spoil_nothing },
	{ "A9", MX1_HOST, M, INFO, spoil_caa_none },
	{ "A9", MX1_HOST, M, INFO, spoil_caa_unknown },
	{ "A9", MX1_HOST, M, WARN, spoil_caa_other },
	{ "A9", MX1_HOST, M, WARN, spoil_caa_nobody },
	{ "A11", DOMAIN, M, PASS, spoil_nothing },
	{ "A11", DOMAIN, M, INFO, spoil_srv_none },
	{ "A11", DOMAIN, M, WARN, spoil_srv_starttls },
	{ "A11", DOMAIN, M, FAIL, spoil_srv_bad },
	{ "A12", AUTOCONFIG, M, PASS, spoil_nothing },
	{ "A12", AUTOCONFIG, M, WARN, spoil_autoconfig_http },
	{ "A12", AUTOCONFIG, M, WARN, spoil_autoconfig_untrusted },
	{ "A12", AUTOCONFIG, M, FAIL, spoil_autoconfig_clear },
	{ "A12", AUTOCONFIG, M, LOST, spoil_autoconfig_unknown },

	{ "B1", MX2_PORT, M, PASS, spoil_nothing },
	{ "B1", MX2_PORT, M, FAIL, spoil_no_starttls },
	{ "B1", MX2_PORT, M, LOST, spoil_not_heard },
	{ "B1", MX2_PORT, M, NOTHING, spoil_rate },
	{ "B2", MX2_PORT, M, PASS, spoil_nothing },
	{ "B2", MX2_PORT, M, FAIL, spoil_handshake_fails },
	{ "B2", MX2_PORT, M, LOST, spoil_handshake_lost },
	{ "B3", DOMAIN, M, PASS, spoil_nothing },
	{ "B3", DOMAIN, M, FAIL, spoil_no_starttls },
	{ "B4", MX2_PORT, M, PASS, spoil_nothing },
	{ "B4", MX2_PORT, M, LOST, spoil_rate },
	{ "B5", MX2_PORT, M, PASS, spoil_nothing },
	{ "B5", MX2_PORT, M, WARN, spoil_auth_cram },
	{ "B5", MX2_PORT, M, FAIL, spoil_auth_plain },
	{ "B6", MX2_PORT, M, PASS, spoil_nothing },
	{ "B6", MX2_PORT, M, WARN, spoil_auth_sealed },
	{ "B7", MX2_PORT, M, PASS, spoil_nothing },
	{ "B7", MX2_PORT, M, FAIL, spoil_injected },
	{ "B7", USERS("143/imap"), M, FAIL, spoil_injected_imap },
	{ "B7", MX2_PORT, M, LOST, spoil_injection_lost },
	{ "B7", MX2_PORT, M, NOTHING, spoil_injection_not_asked },
	{ "B8", MX2_PORT, M, PASS, spoil_nothing },
	{ "B8", MX2_PORT, M, WARN, spoil_starttls_again },
	{ "B9", MX2_PORT, M, INFO, spoil_nothing },
	{ "B10", MX2_PORT, M, INFO, spoil_nothing },
	{ "B10", MX2_PORT, M, INFO, spoil_plain_refused },

	{ "C1", MX2_PORT, M, PASS, spoil_nothing },
	{ "C1", MX2_PORT, M, FAIL, spoil_ssl2 },
	{ "C1", MX2_PORT, M, FAIL, spoil_ssl3 },
	{ "C1", MX2_PORT, M, LOST, spoil_ssl_lost },
	{ "C2", MX2_PORT, M, PASS, spoil_nothing },
	{ "C2", MX2_PORT, M, WARN, spoil_tls10 },
	{ "C2", MX2_PORT, R, WARN, spoil_tls10 },
	{ "C2", MX2_PORT, N, FAIL, spoil_tls10 },
	{ "C2", MX2_PORT, S, FAIL, spoil_tls10 },
	{ "C2", MX2_PORT, Z, FAIL, spoil_tls10 },
	{ "C2", USERS("993/imaps"), M, FAIL, spoil_tls11_users },
	{ "C2", USERS("993/imaps"), R, FAIL, spoil_tls11_users },
	{ "C3", MX2_PORT, M, PASS, spoil_nothing },
	{ "C3", MX2_PORT, M, WARN, spoil_tls13_alone },
	{ "C3", USERS("993/imaps"), M, PASS, spoil_tls13_alone },
	{ "C3", MX2_PORT, M, FAIL, spoil_old_alone },
	{ "C4", MX2_PORT, M, PASS, spoil_nothing },
	{ "C4", MX2_PORT, M, WARN, spoil_no_tls13 },
	{ "C5", MX2_PORT, M, PASS, spoil_nothing },
	{ "C5", MX2_PORT, M, WARN, spoil_no_fallback },
	{ "C5", MX2_PORT, M, FAIL, spoil_intolerant },

	{ "D1", MX2_PORT, M, INFO, spoil_nothing },
	{ "D1", MX2_PORT, M, NOTHING, spoil_suites_unknown },
	{ "D2", MX2_PORT, M, PASS, spoil_nothing },
	{ "D2", MX2_PORT, M, WARN, spoil_ccm_8 },
	{ "D2", MX2_PORT, N, FAIL, spoil_ccm_8 },
	{ "D2", MX2_PORT, M, FAIL, spoil_integrity_only },
	{ "D3", MX2_PORT, M, PASS, spoil_nothing },
	{ "D3", MX2_PORT, M, FAIL, spoil_rc4 },
	{ "D3", MX2_PORT, M, FAIL, spoil_triple_des },
	{ "D3", MX2_PORT, M, FAIL, spoil_bad_unknown },
	{ "D3", MX2_PORT, M, FAIL, spoil_null_suite },
	{ "D3", MX2_PORT, M, FAIL, spoil_export },
	{ "D3", MX2_PORT, M, WARN, spoil_anonymous },
	{ "D3", MX2_PORT, N, FAIL, spoil_anonymous },
	{ "D3", USERS("993/imaps"), M, FAIL, spoil_anonymous_users },
	{ "D3", MX2_PORT, M, LOST, spoil_bad_lost },
	{ "D4", MX2_PORT, M, PASS, spoil_nothing },
	{ "D4", MX2_PORT, M, WARN, spoil_rsa },
	{ "D4", MX2_PORT, N, FAIL, spoil_rsa },
	{ "D4", USERS("993/imaps"), M, FAIL, spoil_rsa_users },
	{ "D4", MX2_PORT, M, NOTHING, spoil_suites_unknown },
	{ "D5", MX2_PORT, M, PASS, spoil_nothing },
	{ "D5", MX2_PORT, M, WARN, spoil_cbc_sha2 },
	{ "D5", MX2_PORT, S, PASS, spoil_cbc_sha2 },
	{ "D5", MX2_PORT, M, WARN, spoil_cbc_sha1 },
	{ "D5", MX2_PORT, N, FAIL, spoil_cbc_sha1 },
	{ "D5", MX2_PORT, N, WARN, spoil_camellia_gcm },
	{ "D5", MX2_PORT, M, PASS, spoil_camellia_gcm },
	{ "D5", USERS("993/imaps"), M, FAIL, spoil_cbc_sha1_users },
	{ "D5", USERS("993/imaps"), R, WARN, spoil_cbc_sha1_users },
	{ "D6", MX2_PORT, M, NA, spoil_nothing },
	{ "D6", MX2_PORT, M, PASS, spoil_ordered },
	{ "D6", MX2_PORT, M, WARN, spoil_client_ordered },
	{ "D6", MX2_PORT, M, LOST, spoil_order_lost },
	{ "D7", MX2_PORT, M, PASS, spoil_nothing },
	{ "D7", MX2_PORT, M, WARN, spoil_ffdhe2048 },
	{ "D7", MX2_PORT, R, PASS, spoil_ffdhe2048 },
	{ "D7", MX2_PORT, N, FAIL, spoil_ffdhe2048 },
	{ "D7", MX2_PORT, S, FAIL, spoil_ffdhe2048 },
	{ "D7", MX2_PORT, Z, WARN, spoil_ffdhe2048 },
	{ "D7", MX2_PORT, M, PASS, spoil_ffdhe3072 },
	{ "D7", MX2_PORT, N, WARN, spoil_ffdhe3072 },
	{ "D7", MX2_PORT, M, PASS, spoil_rfc3526 },
	{ "D7", MX2_PORT, N, FAIL, spoil_rfc3526 },
	{ "D7", MX2_PORT, M, WARN, spoil_own_prime },
	{ "D7", MX2_PORT, M, FAIL, spoil_dh_1024 },
	{ "D7", MX2_PORT, M, LOST, spoil_dh_lost },
	{ "D8", MX2_PORT, M, PASS, spoil_nothing },
	{ "D8", MX2_PORT, M, WARN, spoil_p224 },
	{ "D8", MX2_PORT, N, WARN, spoil_p224 },
	{ "D8", MX2_PORT, M, WARN, spoil_secp256k1 },
	{ "D8", MX2_PORT, N, FAIL, spoil_secp256k1 },
	{ "D8", MX2_PORT, M, FAIL, spoil_sect163 },
	{ "D8", MX2_PORT, M, PASS, spoil_x25519 },
	{ "D8", MX2_PORT, S, WARN, spoil_x25519 },
	{ "D8", MX2_PORT, N, FAIL, spoil_ffdhe2048_13 },
	{ "D8", MX2_PORT, M, LOST, spoil_groups_lost },
	{ "D9", MX2_PORT, M, PASS, spoil_nothing },
	{ "D9", MX2_PORT, M, WARN, spoil_no_pq },
	{ "D9", MX2_PORT, M, WARN, spoil_draft_pq },
	{ "D11", MX2_PORT, M, PASS, spoil_nothing },
	{ "D11", MX2_PORT, M, WARN, spoil_sha1 },
	{ "D12", MX2_PORT, M, PASS, spoil_nothing },
	{ "D12", MX2_PORT, M, WARN, spoil_no_ems },
	{ "D12", MX2_PORT, N, FAIL, spoil_no_ems },
	{ "D12", MX2_PORT, S, FAIL, spoil_no_ems },
	{ "D12", MX2_PORT, R, FAIL, spoil_no_ems },
	{ "D12", MX2_PORT, Z, WARN, spoil_no_ems },
	{ "D13", MX2_PORT, M, PASS, spoil_nothing },
	{ "D13", MX2_PORT, M, FAIL, spoil_compresses },
	{ "D14", MX2_PORT, M, PASS, spoil_nothing },
	{ "D14", MX2_PORT, M, FAIL, spoil_insecure_renegotiation },
	{ "D15", MX2_PORT, M, PASS, spoil_nothing },
	{ "D15", MX2_PORT, M, INFO, spoil_renegotiates },
	{ "D15", MX2_PORT, M, WARN, spoil_renegotiates_on },
	{ "D16", MX2_PORT, M, PASS, spoil_nothing },
	{ "D16", MX2_PORT, M, FAIL, spoil_early_data },
	{ "D16", WEBMAIL, M, WARN, spoil_early_data_web },
	{ "D17", MX2_PORT, M, PASS, spoil_nothing },
	{ "D17", MX2_PORT, M, PASS, spoil_no_tickets },
	{ "D17", MX2_PORT, M, WARN, spoil_long_tickets },
	{ "D18", MX2_PORT, M, PASS, spoil_nothing },
	{ "D18", MX2_PORT, M, INFO, spoil_alpn },
	{ "D18", USERS("993/imaps"), M, WARN, spoil_alpn },
	{ "D18", WEBMAIL, M, NOTHING, spoil_nothing },

	{ "E1", MX2_PORT, M, PASS, spoil_nothing },
	{ "E1", MX2_PORT, M, FAIL, spoil_untrusted_enforced },
	{ "E1", MX2_PORT, M, INFO, spoil_untrusted_dane },
	{ "E1", MX2_PORT, M, WARN, spoil_untrusted },
	{ "E1", USERS("993/imaps"), M, FAIL, spoil_untrusted_users },
	{ "E1", MX2_PORT, M, LOST, spoil_trust_lost },
	{ "E2", MX2_PORT, M, PASS, spoil_nothing },
	{ "E2", MX2_PORT, M, WARN, spoil_wildcard },
	{ "E2", MX2_PORT, M, FAIL, spoil_wrong_name },
	{ "E2", MX2_PORT, M, INFO, spoil_wrong_name_dane },
	{ "E2", MX2_PORT, M, WARN, spoil_wrong_name_nobody },
	{ "E2", USERS("993/imaps"), M, FAIL, spoil_cn_users },
	{ "E3", MX2_PORT, M, PASS, spoil_nothing },
	{ "E3", MX2_PORT, M, PASS, spoil_short_lived },
	{ "E3", MX2_PORT, M, WARN, spoil_ends_soon },
	{ "E3", MX2_PORT, M, FAIL, spoil_expired },
	{ "E3", MX2_PORT, M, INFO, spoil_expired_dane },
	{ "E3", USERS("993/imaps"), M, FAIL, spoil_not_yet },
	{ "E3", MX2_PORT, M, PASS, spoil_long_lived },
	{ "E3", MX2_PORT, Z, WARN, spoil_long_lived },
	{ "E4", MX2_PORT, M, PASS, spoil_nothing },
	{ "E4", MX2_PORT, M, PASS, spoil_rsa_2048 },
	{ "E4", MX2_PORT, N, WARN, spoil_rsa_2048 },
	{ "E4", MX2_PORT, S, FAIL, spoil_rsa_2048 },
	{ "E4", MX2_PORT, M, FAIL, spoil_rsa_1024 },
	{ "E4", MX2_PORT, M, WARN, spoil_odd_curve },
	{ "E5", MX2_PORT, M, PASS, spoil_nothing },
	{ "E5", MX2_PORT, M, WARN, spoil_sha1_chain },
	{ "E5", MX2_PORT, N, FAIL, spoil_sha1_chain },
	{ "E5", USERS("993/imaps"), M, FAIL, spoil_sha1_chain_users },
	{ "E6", MX2_PORT, M, PASS, spoil_nothing },
	{ "E6", MX2_PORT, M, FAIL, spoil_other_dane },
	{ "E6", USERS("993/imaps"), M, FAIL, spoil_other_expired },
	{ "E6", USERS("993/imaps"), M, WARN, spoil_other_wildcard },
	{ "E6", MX2_PORT, M, NOTHING, spoil_other_none },
	{ "E7", MX2_PORT, M, PASS, spoil_nothing },
	{ "E7", MX2_PORT, M, FAIL, spoil_revoked },
	{ "E7", MX2_PORT, M, FAIL, spoil_no_staple },
	{ "E7", MX2_PORT, M, INFO, spoil_ocsp },
	{ "E8", MX2_PORT, M, PASS, spoil_nothing },
	{ "E8", MX2_PORT, M, WARN, spoil_no_sni },
	{ "E8", USERS("993/imaps"), M, INFO, spoil_no_sni },
	{ "E9", MX1_PORT, M, PASS, spoil_shared_key },
	{ "E9", MX1_PORT, M, WARN, spoil_shared_key_weak },
	{ "E9", MX1_PORT, M, NOTHING, spoil_nothing },

	{ "F1", DOMAIN, M, PASS, spoil_nothing },
	{ "F1", DOMAIN, M, WARN, spoil_tlsa_some },
	{ "F1", DOMAIN, M, INFO, spoil_untrusted },
	{ "F2", MX2_PORT, M, PASS, spoil_nothing },
	{ "F2", MX2_PORT, M, CRITICAL, spoil_tlsa_mismatch },
	{ "F2", MX2_PORT, M, CRITICAL, spoil_tlsa_no_starttls },
	{ "F2", MX2_PORT, M, CRITICAL, spoil_handshake_fails },
	{ "F2", MX2_PORT, M, WARN, spoil_tlsa_unusable },
	{ "F2", MX2_PORT, M, LOST, spoil_tlsa_lost },
	{ "F3", MX1_HOST, M, PASS, spoil_nothing },
	{ "F3", MX1_HOST, M, WARN, spoil_tlsa_selector },
	{ "F3", MX2_HOST, M, WARN, spoil_tlsa_unusable },
	{ "F3", MX1_HOST, M, FAIL, spoil_tlsa_name },
	{ "F4", MX1_HOST, M, PASS, spoil_nothing },
	{ "F4", MX1_HOST, M, INFO, spoil_tlsa_single },
	{ "F4", MX1_HOST, M, WARN, spoil_tlsa_ttl },
	{ "F5", DOMAIN, M, PASS, spoil_nothing },
	{ "F5", DOMAIN, M, FAIL, spoil_sts_two },
	{ "F5", DOMAIN, M, FAIL, spoil_sts_bad },
	{ "F5", DOMAIN, M, LOST, spoil_sts_lookup },
	{ "F6", DOMAIN, M, PASS, spoil_nothing },
	{ "F6", DOMAIN, M, FAIL, spoil_sts_broken },
	{ "F6", DOMAIN, M, LOST, spoil_sts_lost },
	{ "F7", DOMAIN, M, PASS, spoil_nothing },
	{ "F7", DOMAIN, M, CRITICAL, spoil_sts_pattern },
	{ "F7", DOMAIN, M, CRITICAL, spoil_wrong_name },
	{ "F7", DOMAIN, M, CRITICAL, spoil_no_starttls },
	{ "F7", DOMAIN, M, WARN, spoil_sts_testing_miss },
	{ "F7", DOMAIN, M, LOST, spoil_rate },
	{ "F8", DOMAIN, M, PASS, spoil_nothing },
	{ "F8", DOMAIN, M, WARN, spoil_sts_testing },
	{ "F8", DOMAIN, M, WARN, spoil_sts_none },
	{ "F8", DOMAIN, M, WARN, spoil_sts_days },
	{ "F8", DOMAIN, M, WARN, spoil_untrusted },
	{ "F8", DOMAIN, M, INFO, spoil_untrusted_dane },
	{ "F8", DOMAIN, M, FAIL, spoil_sts_hour },
	{ "F9", DOMAIN, M, PASS, spoil_nothing },
	{ "F9", DOMAIN, M, FAIL, spoil_tlsrpt_none },
	{ "F9", DOMAIN, M, WARN, spoil_tlsrpt_none_plain },
	{ "F9", DOMAIN, M, WARN, spoil_tlsrpt_silent },
	{ "F9", DOMAIN, M, LOST, spoil_tlsrpt_lost },

	{ "G1", DOMAIN, M, PASS, spoil_nothing },
	{ "G1", DOMAIN, M, WARN, spoil_no_465 },
	{ "G1", DOMAIN, M, FAIL, spoil_no_submission },
	{ "G1", DOMAIN, M, LOST, spoil_rate_465 },
	{ "G1", DOMAIN, M, NA, spoil_no_users },
	{ "G2", USERS("587/submission"), M, PASS, spoil_nothing },
	{ "G2", USERS("587/submission"), M, WARN, spoil_submission_cram },
	{ "G2", USERS("587/submission"), M, FAIL, spoil_submission_auth },
	{ "G2", USERS("587/submission"), M, FAIL, spoil_submission_clear },
	{ "G3", DOMAIN, M, PASS, spoil_nothing },
	{ "G3", DOMAIN, M, PASS, spoil_pop3_alone },
	{ "G3", DOMAIN, M, WARN, spoil_no_993 },
	{ "G3", DOMAIN, M, FAIL, spoil_no_reading },
	{ "G4", USERS("143/imap"), M, PASS, spoil_nothing },
	{ "G4", USERS("143/imap"), M, WARN, spoil_imap_scram },
	{ "G4", USERS("143/imap"), M, FAIL, spoil_imap_login },
	{ "G4", USERS("143/imap"), M, FAIL, spoil_imap_auth },
	{ "G4", USERS("143/imap"), M, FAIL, spoil_imap_preauth },
	{ "G5", USERS("110/pop3"), M, PASS, spoil_nothing },
	{ "G5", USERS("110/pop3"), M, FAIL, spoil_pop3_user },
	{ "G5", USERS("110/pop3"), M, FAIL, spoil_pop3_auth },
	{ "G6", USERS("4190/managesieve"), M, PASS, spoil_nothing },
	{ "G6", USERS("4190/managesieve"), M, FAIL, spoil_sieve_auth },
	{ "G7", USERS("993/imaps"), M, PASS, spoil_nothing },
	{ "G7", USERS("993/imaps"), M, INFO, spoil_scram },
	{ "G7", USERS("993/imaps"), M, WARN, spoil_old_mechanisms },
	{ "G7", USERS("995/pop3s"), M, WARN, spoil_apop },
	{ "G8", USERS("993/imaps"), M, PASS, spoil_nothing },
	{ "G8", USERS("993/imaps"), M, LOST, spoil_imaps_rate },
	{ "G8", USERS("993/imaps"), M, LOST, spoil_imaps_foreign },
	{ "G8", USERS("993/imaps"), M, NA, spoil_imaps_silent },
	{ "G9", "_imaps._tcp.example.org", M, PASS, spoil_nothing },
	{ "G9", "_imaps._tcp.example.org", M, PASS, spoil_srv_signed },
	{ "G9", "_imaps._tcp.example.org", M, WARN, spoil_srv_name },
	{ "G9", "_imaps._tcp.example.org", M, LOST, spoil_srv_gone },

	{ "H1", WEBMAIL, M, PASS, spoil_nothing },
	{ "H1", WEBMAIL, M, WARN, spoil_no_hsts },
	{ "H1", WEBMAIL, M, WARN, spoil_short_hsts },
	{ "H1", WEBMAIL, M, WARN, spoil_no_redirect },
	{ "H1", WEBMAIL, M, FAIL, spoil_clear_login },
	{ "H1", STS_HOST, M, NOTHING, spoil_nothing },
	{ "H2", WEBMAIL, M, PASS, spoil_nothing },
	{ "H2", WEBMAIL, M, WARN, spoil_cookie },
	{ "H2", WEBMAIL, M, FAIL, spoil_clear_login },
	{ "H3", STS_HOST, M, PASS, spoil_nothing },
	{ "H3", STS_HOST, M, WARN, spoil_sts_host_bad },

	{ "I1", MX2_PORT, M, PASS, spoil_nothing },
	{ "I1", MX2_PORT, M, FAIL, spoil_heartbleed },
	{ "I1", MX2_PORT, M, NOTHING, spoil_not_attacked },
	{ "I2", MX2_PORT, M, PASS, spoil_nothing },
	{ "I2", MX2_PORT, M, FAIL, spoil_robot },
	{ "I3", MX2_PORT, M, PASS, spoil_nothing },
	{ "I3", MX2_PORT, M, FAIL, spoil_ssl2 },
	{ "I3", MX2_PORT, M, FAIL, spoil_ssl3 },
	{ "I3", MX2_PORT, M, FAIL, spoil_rc4 },
	{ "I3", MX2_PORT, M, FAIL, spoil_triple_des },
	{ "I3", MX2_PORT, M, FAIL, spoil_export },
	{ "I3", MX2_PORT, M, FAIL, spoil_dh_1024 },
	{ "I3", MX2_PORT, M, WARN, spoil_beast },
	{ "I4", MX2_PORT, M, PASS, spoil_nothing },
	{ "I4", MX2_PORT, M, INFO, spoil_cbc },
	{ "I4", MX2_PORT, M, FAIL, spoil_fixed_dh },
};

/* What a case says at worst, of the reference. Those that are not here: FAIL. */
static const struct {
	const char *id;
	int best, worst;
} ranges[] = {
	{ "A4", PASS, WARN },     { "A9", PASS, WARN },  { "B4", PASS, LOST },
	{ "B6", PASS, WARN },     { "B8", PASS, WARN },  { "B9", INFO, INFO },
	{ "B10", INFO, INFO },    { "C4", PASS, WARN },  { "D1", INFO, INFO },
	{ "D6", PASS, WARN },     { "D9", PASS, WARN },  { "D11", PASS, WARN },
	{ "D15", PASS, WARN },    { "D17", PASS, WARN }, { "D18", PASS, WARN },
	{ "E8", PASS, WARN },     { "E9", PASS, WARN },  { "F1", PASS, WARN },
	{ "F2", PASS, CRITICAL }, { "F4", PASS, WARN },  { "F7", PASS, CRITICAL },
	{ "G7", PASS, WARN },     { "G8", PASS, LOST },  { "G9", PASS, WARN },
	{ "H3", PASS, WARN },
};

static const struct check_finding *find(const struct check_report *report, const char *id,
                                        const char *place)
{
	for (size_t i = 0; i < report->count; i++)
		if (!strcmp(report->findings[i].criterion->id, id) &&
		    !strcmp(report->findings[i].place, place))
			return &report->findings[i];
	return NULL;
}

static void test_judge_rules(void **state)
{
	unsigned wrong = 0;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct rule_case *c = &cases[i];
		struct facts *f = facts_new();
		struct check_report report;
		c->spoil(f);
		assert_int_equal(check_judge(&f->domain, advice_profile_find(c->profile), &report),
		                 0);
		const struct check_finding *found = find(&report, c->id, c->place);
		int verdict = found ? (int)found->verdict : NOTHING;
		wrong += verdict != c->verdict;
		if (verdict != c->verdict)
			print_error("case %zu: %s at %s by %s: %s, not %s: %s\n", i, c->id,
			            c->place, c->profile,
			            found ? check_verdict_name(found->verdict) : "nothing",
			            c->verdict == NOTHING
			                    ? "nothing"
			                    : check_verdict_name((enum check_verdict)c->verdict),
			            found ? found->evidence : "");
		if (found)
			assert_true(found->evidence[0]);
		check_report_deinit(&report);
		free(f);
	}
	assert_int_equal(wrong, 0);
}

static bool has_case(const char *id, int verdict)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (!strcmp(cases[i].id, id) && cases[i].verdict == verdict)
			return true;
	return false;
}

static void test_judge_every_criterion_has_its_best_and_worst(void **state)
{
	(void)state;
	for (size_t i = 0; i < advice_criterion_count; i++) {
		const char *id = advice_criteria[i].id;
		int best = PASS, worst = FAIL;
		for (size_t n = 0; n < COUNT_OF(ranges); n++)
			if (!strcmp(ranges[n].id, id)) {
				best = ranges[n].best;
				worst = ranges[n].worst;
			}
		if (!has_case(id, best) || !has_case(id, worst))
			fail_msg("%s has no case of its best or worst", id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge_rules),
		cmocka_unit_test(test_judge_every_criterion_has_its_best_and_worst),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
