/* Rules of TLS: versions, suites, handshake, certificates, attacks. */
#include "base/clean.h"
#include "check/test_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

SPOIL(nothing, (void)f)
SPOIL(ssl2, AT(MX2).versions[CHECK_SSL2].is_there = CHECK_YES)
SPOIL(ssl3, AT(MX2).versions[CHECK_SSL3].is_there = CHECK_YES)
SPOIL(ssl_lost, AT(MX2).versions[CHECK_SSL3].is_there = CHECK_UNKNOWN; LOSE(MX2, 0))
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
      AT(MX2).versions[CHECK_TLS12].is_whole = false; LOSE(MX2, 0))
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
      AT(MX2).versions[CHECK_TLS12].has_order = CHECK_UNKNOWN; LOSE(MX2, 0))
SPOIL(ffdhe2048, AT(MX2).dh.bits = 2048; TEXT(AT(MX2).dh.name, "ffdhe2048"))
SPOIL(ffdhe3072, AT(MX2).dh.bits = 3072; TEXT(AT(MX2).dh.name, "ffdhe3072"))
SPOIL(rfc3526, AT(MX2).dh.bits = 4096; TEXT(AT(MX2).dh.name, "RFC 3526 group 16"))
SPOIL(own_prime, AT(MX2).dh.bits = 4096)
SPOIL(dh_1024, AT(MX2).dh.bits = 1024)
SPOIL(dh_lost, suite_add(&AT(MX2), CHECK_TLS12, 0x009e); LOSE(MX2, 0))
SPOIL(p224, AT(MX2).groups[AT(MX2).group_count++] = 21)
SPOIL(secp256k1, AT(MX2).groups[AT(MX2).group_count++] = 22)
SPOIL(sect163, AT(MX2).groups[AT(MX2).group_count++] = 1)
SPOIL(x25519, AT(MX2).groups[AT(MX2).group_count++] = 29)
SPOIL(ffdhe2048_13, AT(MX2).groups[AT(MX2).group_count++] = 256)
SPOIL(groups_lost, AT(MX2).groups_are_whole = false; LOSE(MX2, STEP(GROUPS_13)))
/* Of the default tier, where nobody asks for all groups. */
SPOIL(groups_not_asked, AT(MX2).groups_are_whole = false; LOSE(MX2, STEP(INJECT)))
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
SPOIL(untrusted_enforced, AT(MX2).chain.pkix = TLS_PROOF_NOT_TRUSTED)
SPOIL(untrusted_dane, AT(MX2).chain.pkix = TLS_PROOF_NOT_TRUSTED; sts_drop(f))
SPOIL(untrusted, AT(MX2).chain.pkix = TLS_PROOF_NOT_TRUSTED; policies_drop(f))
SPOIL(untrusted_users, AT(IMAPS).chain.pkix = TLS_PROOF_NOT_TRUSTED)
SPOIL(trust_lost, AT(MX2).chain.pkix = TLS_PROOF_NOT_ASKED; LOSE(MX2, 0))
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
SPOIL(heartbleed, AT(MX2).attacks.heartbleed = CHECK_YES)
SPOIL(not_attacked, AT(MX2).attacks = (struct check_attacks){})
SPOIL(robot, AT(MX2).attacks.robot = CHECK_YES)
SPOIL(beast, suite_add(&AT(MX2), CHECK_TLS10, 0xc013))
SPOIL(cbc, suite_add(&AT(MX2), CHECK_TLS12, 0xc027))
SPOIL(fixed_dh, suite_add(&AT(MX2), CHECK_TLS12, 0x0031))

static const struct rule_case cases[] = {
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
	{ "D8", MX2_PORT, M, NOTHING, spoil_groups_not_asked },
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

static const struct rule_range ranges[] = {
	{ "C4", PASS, WARN },  { "D1", INFO, INFO },  { "D6", PASS, WARN },  { "D9", PASS, WARN },
	{ "D11", PASS, WARN }, { "D15", PASS, WARN }, { "D17", PASS, WARN }, { "D18", PASS, WARN },
	{ "E8", PASS, WARN },  { "E9", PASS, WARN },
};

static void test_judge_tls(void **state)
{
	(void)state;
	rule_cases_hold(cases, COUNT_OF(cases));
}

static void test_judge_tls_at_its_best_and_worst(void **state)
{
	static const struct rule_areas areas = { "CDEI", ranges, COUNT_OF(ranges) };
	(void)state;
	rule_cases_are_whole(cases, COUNT_OF(cases), &areas);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge_tls),
		cmocka_unit_test(test_judge_tls_at_its_best_and_worst),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
