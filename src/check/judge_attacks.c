/* I: known attacks. I1 and I2 were tried, where somebody asked for it; the others follow from what
 * is accepted. */
#include "check/judge_rules.h"
#include "check/suite_set.h"

enum { LOGJAM_BITS = 1024 };

/* --- tried --- */

static bool i1(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_attacks *a = &at->endpoint->attacks;
	const struct {
		enum check_seen seen;
		const char *name;
	} holes[] = { { a->heartbleed, "Heartbleed (CVE-2014-0160)" },
		      { a->ccs, "early ChangeCipherSpec (CVE-2014-0224)" },
		      { a->ticketbleed, "Ticketbleed (CVE-2016-9244)" } };
	char list[CHECK_TEXT_CAP] = "";
	bool is_whole = true;
	for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
		if (holes[i].seen == CHECK_YES)
			check_judge_list_add(list, sizeof(list), "%s", holes[i].name);
		if (holes[i].seen == CHECK_UNKNOWN)
			is_whole = false;
	}
	if (list[0])
		return check_judge_say(r, CHECK_FAIL, "%s", list);
	if (!is_whole)
		return false;
	return check_judge_say(r, CHECK_PASS, "no Heartbleed, early ChangeCipherSpec, Ticketbleed");
}

static bool i2(const struct check_judge_at *at, struct ruling *r)
{
	static const struct two two = {
		.yes = CHECK_FAIL,
		.no = CHECK_PASS,
		.yes_words = "ROBOT: its answers give away what was encrypted to its key",
		.no_words = "no ROBOT",
	};
	enum check_seen robot = at->endpoint->attacks.robot;
	return robot != CHECK_UNKNOWN && check_judge_say_seen(at, r, robot, &two);
}

/* --- follow from the lists --- */

static bool is_export_rsa(const struct tls_iana_suite *s)
{
	return s->is_export && s->kex == TLS_KEX_RSA;
}

static bool is_export_dh(const struct tls_iana_suite *s)
{
	return s->is_export && (s->kex == TLS_KEX_DHE || s->kex == TLS_KEX_DH);
}

static bool is_rc4(const struct tls_iana_suite *s)
{
	return s->encryption == TLS_ENCRYPTION_RC4;
}

static bool has_small_blocks(const struct tls_iana_suite *s)
{
	return s->mode == TLS_MODE_CBC &&
	       (s->encryption == TLS_ENCRYPTION_3DES || s->encryption == TLS_ENCRYPTION_DES ||
	        s->encryption == TLS_ENCRYPTION_IDEA || s->encryption == TLS_ENCRYPTION_RC2);
}

static bool is_fixed_dh(const struct tls_iana_suite *s)
{
	return s->kex == TLS_KEX_DH;
}

static bool set_has(const struct check_suite_set *set, check_suite_is_fn *fn)
{
	char ignored[8];
	return check_suite_set_list(set, fn, ignored, sizeof(ignored)) > 0;
}

static void attacks_list(const struct check_endpoint *e, const struct check_suite_set *set,
                         char *ret_list, size_t cap)
{
	const struct {
		bool is_open;
		const char *name;
	} attacks[] = {
		{ check_judge_has_version(e, CHECK_SSL2), "DROWN (SSLv2)" },
		{ check_judge_has_version(e, CHECK_SSL3), "POODLE (SSLv3)" },
		{ set_has(set, is_export_rsa), "FREAK (export RSA)" },
		{ set_has(set, is_export_dh) || (e->dh.bits && e->dh.bits <= LOGJAM_BITS),
		  "LOGJAM (short Diffie-Hellman)" },
		{ set_has(set, is_rc4), "RC4" },
		{ set_has(set, has_small_blocks), "SWEET32 (blocks of 64 bits)" },
	};
	ret_list[0] = '\0';
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (attacks[i].is_open)
			check_judge_list_add(ret_list, cap, "%s", attacks[i].name);
}

static bool i3(const struct check_judge_at *at, struct ruling *r)
{
	const struct check_endpoint *e = at->endpoint;
	struct check_suite_set set;
	char list[CHECK_TEXT_CAP];
	check_suite_set_init(&set, e);
	attacks_list(e, &set, list, sizeof(list));
	if (list[0])
		return check_judge_say(r, CHECK_FAIL, "%s", list);
	/* Clients know how to avoid it; C2 judges the version. */
	if (check_judge_has_version(e, CHECK_TLS10) && set_has(&set, check_suite_is_cbc))
		return check_judge_say(r, CHECK_WARN,
		                       "BEAST (TLSv1.0 with CBC), for clients that do not "
		                       "split their records");
	bool is_known = set.is_whole || e->takes_bad_suites == CHECK_NO;
	if (!is_known || e->versions[CHECK_SSL2].is_there != CHECK_NO ||
	    e->versions[CHECK_SSL3].is_there != CHECK_NO)
		return check_judge_say_unseen(at, r);
	return check_judge_say(r, CHECK_PASS,
	                       "no DROWN, POODLE, FREAK, LOGJAM, RC4, SWEET32, BEAST");
}

static bool i4(const struct check_judge_at *at, struct ruling *r)
{
	struct check_suite_set set;
	char list[CHECK_TEXT_CAP];
	check_suite_set_init(&set, at->endpoint);
	if (check_suite_set_list(&set, is_fixed_dh, list, sizeof(list)))
		return check_judge_say(r, CHECK_FAIL, "Raccoon, with fixed Diffie-Hellman keys: %s",
		                       list);
	if (check_suite_set_list(&set, check_suite_is_cbc, list, sizeof(list)))
		return check_judge_say(
			r, CHECK_INFO,
			"CBC is accepted; padding oracles of single implementations are not "
			"tried");
	return set.is_whole &&
	       check_judge_say(r, CHECK_PASS, "no CBC, so no oracle of its padding");
}

const struct check_judge_rule check_judge_attack_rules[] = {
	{ "I1", FOR_ALL, true, i1 },
	{ "I2", FOR_ALL, true, i2 },
	{ "I3", FOR_ALL, true, i3 },
	{ "I4", FOR_ALL, true, i4 },
	{},
};
