/* Rules of DNS, SMTP, downgrade protection, users and webmail. */
#include "base/clean.h"
#include "check/test_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

SPOIL(nothing, (void)f)
SPOIL(host_lost, f->hosts[1].facts.has_address = false)
SPOIL(hosts_lost, f->hosts[0].facts.has_address = f->hosts[1].facts.has_address = false)
SPOIL(mx_lost, f->domain.way.end = POLICY_WAY_LOST; f->domain.way.mx = POLICY_DNS_FAILED;
      f->domain.way.host_count = 0)
SPOIL(mx_lost_bogus, spoil_mx_lost(f); f->domain.way.mx = POLICY_DNS_BOGUS)
SPOIL(mx_alias, f->domain.hosts[0].is_alias = true)
SPOIL(mx_private, f->domain.hosts[0].address_is_private = true)
SPOIL(mx_private_mine, f->domain.hosts[0].address_is_private = f->domain.is_mine = true)
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
SPOIL(caa_others_alone, TEXT(f->domain.hosts[0].caa.text, ""))
SPOIL(srv_starttls, TEXT(f->domain.srv[0].label, "_submission"); f->domain.srv[0].port = 587;
      TEXT(f->domain.srv[1].label, "_imap"); f->domain.srv[1].port = 143)
SPOIL(srv_none, f->domain.srv[0].is_there = f->domain.srv[1].is_there = false)
SPOIL(srv_bad, AT(IMAPS).chain.pkix = TLS_PROOF_NOT_TRUSTED)
SPOIL(autoconfig_http, f->domain.autoconfig[0].by_https = false)
SPOIL(autoconfig_untrusted, f->domain.autoconfig[0].is_trusted = false)
SPOIL(autoconfig_clear, f->domain.autoconfig[0].names_clear = true)
SPOIL(autoconfig_unknown, f->domain.autoconfig[0].is_there = CHECK_UNKNOWN)
SPOIL(no_starttls, AT(MX2).clear.offers_starttls = false; AT(MX2).has_tls = CHECK_NO)
SPOIL(not_heard, AT(MX2).clear.was_heard = false)
SPOIL(handshake_fails, AT(MX2).handshake.is_done = CHECK_NO; AT(MX2).has_tls = CHECK_NO)
SPOIL(handshake_old, TEXT(AT(MX2).handshake.version, "TLSv1.0"))
SPOIL(handshake_lost, AT(MX2).handshake.is_done = CHECK_UNKNOWN; LOSE(MX2, 0))
SPOIL(rate, AT(MX2).reach = CHECK_RATE; TEXT(AT(MX2).why, "421 4.7.0 slow down"))
SPOIL(auth_plain, TEXT(AT(MX2).clear.auth, "CRAM-MD5 plain"))
SPOIL(auth_cram, TEXT(AT(MX2).clear.auth, "CRAM-MD5 SCRAM-SHA-256"))
SPOIL(auth_sealed, TEXT(AT(MX2).sealed.auth, "PLAIN LOGIN"))
SPOIL(injected, AT(MX2).injection = CHECK_YES)
SPOIL(injected_imap, AT(IMAP).injection = CHECK_YES)
SPOIL(injection_lost, AT(MX2).injection = CHECK_UNKNOWN; LOSE(MX2, STEP(INJECT)))
SPOIL(injection_not_asked, AT(MX2).injection = CHECK_UNKNOWN)
SPOIL(starttls_again, AT(MX2).sealed.offers_starttls = true)
SPOIL(plain_refused, AT(MX2).plain_mail = CHECK_NO)
SPOIL(untrusted_dane, AT(MX2).chain.pkix = TLS_PROOF_NOT_TRUSTED; sts_drop(f))
SPOIL(untrusted, AT(MX2).chain.pkix = TLS_PROOF_NOT_TRUSTED; policies_drop(f))
SPOIL(wrong_name, AT(MX2).chain.has_name = CHECK_NO)
SPOIL(tlsa_some, f->hosts[1].facts.count = 0)
SPOIL(tlsa_mismatch, AT(MX2).proof.dane = TLS_PROOF_NOT_TRUSTED)
SPOIL(tlsa_no_starttls, AT(MX2).clear.offers_starttls = false)
SPOIL(tlsa_unusable, f->tlsa[1][0].usage = f->tlsa[1][1].usage = 1)
SPOIL(tlsa_lost, AT(MX2).has_proof = false; LOSE(MX2, 0))
SPOIL(tlsa_selector, f->tlsa[0][0].selector = 0)
SPOIL(tlsa_name, f->tlsa[0][0].usage = 2; AT(MX).proof.dane = TLS_PROOF_WRONG_NAME)
SPOIL(tlsa_no_root, f->tlsa[0][0].usage = 2; AT(MX).proof.dane = TLS_PROOF_NOT_TRUSTED)
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
SPOIL(no_465, AT(SUBMISSIONS).reach = CHECK_CLOSED)
SPOIL(no_submission, AT(SUBMISSIONS).reach = AT(SUBMISSION).reach = CHECK_CLOSED)
SPOIL(rate_465, AT(SUBMISSIONS).reach = CHECK_RATE)
SPOIL(no_993, AT(IMAPS).reach = CHECK_CLOSED)
SPOIL(no_reading, AT(IMAPS).reach = AT(IMAP).reach = CHECK_CLOSED;
      AT(POP3).reach = AT(POP3S).reach = CHECK_CLOSED)
SPOIL(imaps_broken, AT(IMAPS).handshake.is_done = AT(IMAPS).has_tls = CHECK_NO;
      AT(IMAP).reach = CHECK_CLOSED; AT(POP3).reach = AT(POP3S).reach = CHECK_CLOSED)
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
SPOIL(no_hsts, AT(WEB).web.hsts_s = -1)
SPOIL(short_hsts, AT(WEB).web.hsts_s = 3600)
SPOIL(no_redirect, AT(WEB).web.redirects = CHECK_NO)
SPOIL(clear_login, AT(WEB).web.login_in_clear = CHECK_YES)
SPOIL(cookie, AT(WEB).web.cookie_is_safe = CHECK_NO)
SPOIL(sts_host_bad, AT(STS).versions[CHECK_TLS10].is_there = CHECK_YES)

static const struct rule_case cases[] = {
	{ "A1", DOMAIN, M, PASS, spoil_nothing },
	{ "A1", DOMAIN, M, WARN, spoil_host_lost },
	{ "A1", DOMAIN, M, FAIL, spoil_hosts_lost },
	{ "A1", DOMAIN, M, LOST, spoil_mx_lost },
	{ "A1", DOMAIN, M, LOST, spoil_mx_lost_bogus },
	{ "A1", DOMAIN, M, NA, spoil_null_mx },
	{ "A2", MX1_HOST, M, PASS, spoil_nothing },
	{ "A2", MX1_HOST, M, WARN, spoil_mx_alias },
	{ "A2", MX1_HOST, M, FAIL, spoil_mx_private },
	{ "A2", MX1_HOST, M, INFO, spoil_mx_private_mine },
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
	{ "A5", DOMAIN, S, WARN, spoil_mx_insecure_no_dane },
	{ "A5", DOMAIN, M, FAIL, spoil_mx_bogus },
	{ "A5", DOMAIN, M, FAIL, spoil_mx_lost_bogus },
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
	{ "A9", MX1_HOST, M, PASS, spoil_caa_others_alone },
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
	{ "B2", MX2_PORT, M, WARN, spoil_handshake_old },
	{ "B2", MX2_PORT, M, LOST, spoil_handshake_lost },
	{ "B2", USERS("993/imaps"), M, FAIL, spoil_imaps_broken },
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

	{ "F1", DOMAIN, M, PASS, spoil_nothing },
	{ "F1", DOMAIN, M, WARN, spoil_tlsa_some },
	{ "F1", DOMAIN, M, INFO, spoil_untrusted },
	{ "F1", DOMAIN, S, WARN, spoil_untrusted },
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
	{ "F3", MX1_HOST, M, FAIL, spoil_tlsa_no_root },
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
	{ "G3", DOMAIN, M, FAIL, spoil_imaps_broken },
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
};

static const struct rule_range ranges[] = {
	{ "A4", PASS, WARN },  { "A9", PASS, WARN },     { "B4", PASS, LOST },
	{ "B6", PASS, WARN },  { "B8", PASS, WARN },     { "B9", INFO, INFO },
	{ "B10", INFO, INFO }, { "F1", PASS, WARN },     { "F2", PASS, CRITICAL },
	{ "F4", PASS, WARN },  { "F7", PASS, CRITICAL }, { "G7", PASS, WARN },
	{ "G8", PASS, LOST },  { "G9", PASS, WARN },     { "H3", PASS, WARN },
};

static void test_judge_mail(void **state)
{
	(void)state;
	rule_cases_hold(cases, COUNT_OF(cases));
}

static void test_judge_mail_at_its_best_and_worst(void **state)
{
	static const struct rule_areas areas = { "ABFGH", ranges, COUNT_OF(ranges) };
	(void)state;
	rule_cases_are_whole(cases, COUNT_OF(cases), &areas);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge_mail),
		cmocka_unit_test(test_judge_mail_at_its_best_and_worst),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
