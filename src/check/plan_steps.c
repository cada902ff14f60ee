#include "base/clean.h"
#include "base/err.h"
#include "check/plan_inside.h"
#include "tls/iana.h"
#include "tls/server.h"

#include <errno.h>
#include <string.h>

enum {
	STARTTLS = 1 << CHECK_SMTP | 1 << CHECK_SUBMISSION | 1 << CHECK_IMAP | 1 << CHECK_POP3 |
	           1 << CHECK_MANAGESIEVE,
	ALL = (1 << CHECK_SERVICE_COUNT) - 1,
	MAIL = ALL & ~(1 << CHECK_HTTPS | 1 << CHECK_TLS),
};

#define WORDS "A4 B1 B2 B3 B4 B5 B6 B8 B9 B11 G1 G2 G3 G4 G5 G6 G7 G8 G9"
#define CHAINS "E1 E2 E3 E4 E5 E7 E9 E10 F2 F3 F4 F7 A9"
#define SUITES "D1 D3 D4 D5 D6 D7 I3"

const struct check_step_row check_steps[CHECK_STEP_COUNT] = {
	[CHECK_STEP_HANDSHAKE] = { "handshake", CHECK_TIER_DEFAULT, ALL, 1, false,
	                           WORDS " " CHAINS " C4 D14 D16" },
	[CHECK_STEP_12] = { "TLS 1.2", CHECK_TIER_DEFAULT, ALL, 1, false,
	                    "C3 C5 D12 D13 D14 " SUITES },
	[CHECK_STEP_11] = { "TLS 1.1", CHECK_TIER_DEFAULT, ALL, 1, false, "C1 C2 D13" },
	[CHECK_STEP_10] = { "TLS 1.0", CHECK_TIER_DEFAULT, ALL, 1, true, "C1 C2 D13" },
	[CHECK_STEP_SSL3] = { "SSL 3", CHECK_TIER_DEFAULT, ALL, 1, true, "C1 I3" },
	[CHECK_STEP_SSL2] = { "SSL 2", CHECK_TIER_DEFAULT, ALL, 1, false, "C1 E9 I3" },
	[CHECK_STEP_13] = { "TLS 1.3", CHECK_TIER_DEFAULT, ALL, 1, true, "C4 C5" },
	[CHECK_STEP_WEAK] = { "weak suites", CHECK_TIER_DEFAULT, ALL, 1, false, "D3 D4 I2 I3" },
	[CHECK_STEP_WEAKER] = { "weaker suites", CHECK_TIER_DEFAULT, ALL, 1, true, "D3 D4 I3" },
	[CHECK_STEP_POST_QUANTUM] = { "post-quantum", CHECK_TIER_DEFAULT, ALL, 1, false, "D9 D10" },
	[CHECK_STEP_SHA1] = { "SHA-1", CHECK_TIER_DEFAULT, ALL, 1, false, "D11" },
	[CHECK_STEP_FALLBACK] = { "fallback", CHECK_TIER_DEFAULT, ALL, 1, true, "C5" },
	[CHECK_STEP_RESUME] = { "resumption", CHECK_TIER_DEFAULT, ALL, 1, false, "B10 D17" },
	[CHECK_STEP_INJECT] = { "injection", CHECK_TIER_DEFAULT, ALL, 1, false, "B7 D15" },
	[CHECK_STEP_RENEGOTIATE] = { "renegotiation", CHECK_TIER_DEFAULT, STARTTLS, 1, true,
	                             "D15" },
	[CHECK_STEP_NO_SNI] = { "no SNI", CHECK_TIER_DEEP, ALL, 1, false, "E8" },
	[CHECK_STEP_OTHER_CHAIN] = { "other chain", CHECK_TIER_DEEP, ALL, 1, false, "E6" },
	[CHECK_STEP_ALPN] = { "ALPN", CHECK_TIER_DEEP, MAIL, 1, false, "D18" },
	[CHECK_STEP_SUITES_13] = { "suites of TLS 1.3", CHECK_TIER_DEEP, ALL, 0, false, "D2" },
	[CHECK_STEP_SUITES_12] = { "suites of TLS 1.2", CHECK_TIER_DEEP, ALL, 0, false, SUITES },
	[CHECK_STEP_GROUPS_13] = { "groups of TLS 1.3", CHECK_TIER_DEEP, ALL, 0, false, "D8" },
	[CHECK_STEP_GROUPS_12] = { "groups of TLS 1.2", CHECK_TIER_DEEP, ALL, 0, false, "D8" },
	[CHECK_STEP_SCHEMES_12] = { "signatures of TLS 1.2", CHECK_TIER_DEEP, ALL, 0, false,
	                            "D11" },
	[CHECK_STEP_SCHEMES_13] = { "signatures of TLS 1.3", CHECK_TIER_DEEP, ALL, 0, true, "D11" },
	[CHECK_STEP_SUITES_10] = { "suites of TLS 1.0", CHECK_TIER_DEEP, ALL, 0, true, SUITES },
	[CHECK_STEP_SUITES_11] = { "suites of TLS 1.1", CHECK_TIER_DEEP, ALL, 0, true, SUITES },
	[CHECK_STEP_SUITES_SSL3] = { "suites of SSL 3", CHECK_TIER_DEEP, ALL, 0, true, SUITES },
	[CHECK_STEP_HEARTBLEED] = { "Heartbleed", CHECK_TIER_ATTACKS, ALL, 1, true, "I1" },
	[CHECK_STEP_CCS] = { "early ChangeCipherSpec", CHECK_TIER_ATTACKS, ALL, 1, false, "I1" },
	[CHECK_STEP_TICKETBLEED] = { "Ticketbleed", CHECK_TIER_ATTACKS, ALL, 1, true, "I1" },
	[CHECK_STEP_ROBOT] = { "ROBOT", CHECK_TIER_ATTACKS, ALL, 2 * TLS_PREMASTER_COUNT, true,
	                       "I2" },
};
_Static_assert(CHECK_STEP_COUNT <= 64, "a step has no bit");

static bool has_id(const char *ids, const char *id)
{
	size_t len = strlen(id);
	for (const char *at = ids; len && (at = strstr(at, id)); at += len) {
		bool begins = at == ids || at[-1] == ' ';
		if (begins && (at[len] == ' ' || !at[len]))
			return true;
	}
	return false;
}

/* With what is asked for comes what decides whether it is. */
uint64_t check_steps_for(const char *criterion)
{
	static const uint64_t before = UINT64_C(1) << CHECK_STEP_HANDSHAKE |
	                               UINT64_C(1) << CHECK_STEP_12 | UINT64_C(1) << CHECK_STEP_13;
	uint64_t steps = 0;
	for (enum check_step s = 0; s < CHECK_STEP_COUNT; s++)
		if (has_id(check_steps[s].criteria, criterion))
			steps |= UINT64_C(1) << s;
	if (steps == UINT64_C(1) << CHECK_STEP_HANDSHAKE)
		return steps;
	return steps ? steps | before : 0;
}

/* --- Is it needed? --- */

static enum check_seen has(const struct check_plan *plan, enum check_version version)
{
	return plan->endpoint->versions[version].is_there;
}

/* The step has said what it could. */
static bool is_settled(const struct check_plan *plan, enum check_step step)
{
	return check_step_is_settled(plan, step);
}

/* For a version that is not there nothing is asked; who knows it is asked first. */
static enum check_need need_version(const struct check_plan *plan, enum check_version version,
                                    enum check_step knows)
{
	if (has(plan, version) == CHECK_YES)
		return CHECK_NEED_ASK;
	return is_settled(plan, knows) ? CHECK_NEED_NOT : CHECK_NEED_WAIT;
}

static enum check_need need_unknown(const struct check_plan *plan, enum check_version version,
                                    enum check_step knows)
{
	if (has(plan, version) != CHECK_UNKNOWN)
		return CHECK_NEED_NOT;
	return is_settled(plan, knows) ? CHECK_NEED_ASK : CHECK_NEED_WAIT;
}

static enum check_need need_always(const struct check_plan *plan)
{
	(void)plan;
	return CHECK_NEED_ASK;
}

static enum check_need need_10(const struct check_plan *plan)
{
	return need_unknown(plan, CHECK_TLS10, CHECK_STEP_11);
}

static enum check_need need_ssl3(const struct check_plan *plan)
{
	return need_unknown(plan, CHECK_SSL3, CHECK_STEP_10);
}

static enum check_need need_13(const struct check_plan *plan)
{
	return need_unknown(plan, CHECK_TLS13, CHECK_STEP_HANDSHAKE);
}

static enum check_need need_of_12(const struct check_plan *plan)
{
	return need_version(plan, CHECK_TLS12, CHECK_STEP_12);
}

static enum check_need need_of_13(const struct check_plan *plan)
{
	return need_version(plan, CHECK_TLS13, CHECK_STEP_13);
}

/* The latest version before TLS 1.3 that is there; CHECK_SSL3: it has none with groups. */
static enum check_version old_version(const struct check_plan *plan)
{
	enum check_version v = CHECK_TLS12;
	while (v > CHECK_SSL3 && has(plan, v) != CHECK_YES)
		v--;
	return v;
}

static enum check_need need_groups_12(const struct check_plan *plan)
{
	bool is_known = is_settled(plan, CHECK_STEP_12) && is_settled(plan, CHECK_STEP_11) &&
	                is_settled(plan, CHECK_STEP_10);
	if (has(plan, CHECK_TLS12) == CHECK_YES)
		return CHECK_NEED_ASK;
	if (!is_known)
		return CHECK_NEED_WAIT;
	return old_version(plan) > CHECK_SSL3 ? CHECK_NEED_ASK : CHECK_NEED_NOT;
}

/* Each alone, for the choice is not seen in TLS 1.3: too many for what they tell of a stranger. */
static enum check_need need_schemes_13(const struct check_plan *plan)
{
	return plan->set.is_mine ? need_of_13(plan) : CHECK_NEED_NOT;
}

static enum check_need need_of_10(const struct check_plan *plan)
{
	return need_version(plan, CHECK_TLS10, CHECK_STEP_10);
}

static enum check_need need_of_11(const struct check_plan *plan)
{
	return need_version(plan, CHECK_TLS11, CHECK_STEP_11);
}

static enum check_need need_of_ssl3(const struct check_plan *plan)
{
	return need_version(plan, CHECK_SSL3, CHECK_STEP_SSL3);
}

/* It showed one half: is it for the other? */
static enum check_need need_weaker(const struct check_plan *plan)
{
	if (!is_settled(plan, CHECK_STEP_WEAK))
		return CHECK_NEED_WAIT;
	return plan->weak_has_shown ? CHECK_NEED_ASK : CHECK_NEED_NOT;
}

static enum check_need need_fallback(const struct check_plan *plan)
{
	bool has_old = has(plan, CHECK_TLS10) == CHECK_YES || has(plan, CHECK_TLS11) == CHECK_YES;
	bool has_new = has(plan, CHECK_TLS12) == CHECK_YES || has(plan, CHECK_TLS13) == CHECK_YES;
	if (!is_settled(plan, CHECK_STEP_10) || !is_settled(plan, CHECK_STEP_12))
		return CHECK_NEED_WAIT;
	return has_old && has_new ? CHECK_NEED_ASK : CHECK_NEED_NOT;
}

static enum check_need need_resume(const struct check_plan *plan)
{
	const struct check_endpoint *e = plan->endpoint;
	bool is_wanted =
		plan->has_ticket || e->service == CHECK_SMTP || e->handshake.is_done == CHECK_NO;
	return is_wanted ? CHECK_NEED_ASK : CHECK_NEED_NOT;
}

/* Renegotiation is before TLS 1.3; injection needs TLS of any version. */
static enum check_need need_inject(const struct check_plan *plan)
{
	if (check_service_has_starttls(plan->endpoint->service))
		return is_settled(plan, CHECK_STEP_12) ? CHECK_NEED_ASK : CHECK_NEED_WAIT;
	return need_of_12(plan);
}

static enum check_need need_renegotiate(const struct check_plan *plan)
{
	if (!is_settled(plan, CHECK_STEP_INJECT))
		return CHECK_NEED_WAIT;
	bool is_unknown = plan->endpoint->renegotiates == CHECK_UNKNOWN;
	return is_unknown ? need_of_12(plan) : CHECK_NEED_NOT;
}

static enum check_need need_heartbleed(const struct check_plan *plan)
{
	if (!is_settled(plan, CHECK_STEP_12))
		return CHECK_NEED_WAIT;
	return plan->has_heartbeat ? CHECK_NEED_ASK : CHECK_NEED_NOT;
}

static enum check_need need_ticketbleed(const struct check_plan *plan)
{
	if (plan->has_ticket_12)
		return CHECK_NEED_ASK;
	bool is_known =
		is_settled(plan, CHECK_STEP_INJECT) && is_settled(plan, CHECK_STEP_RENEGOTIATE);
	return is_known ? CHECK_NEED_NOT : CHECK_NEED_WAIT;
}

static bool has_static(const struct check_plan *plan)
{
	const struct check_suites *suites = &plan->endpoint->versions[CHECK_TLS12];
	struct tls_iana_suite suite;
	for (unsigned i = 0; i < suites->count; i++)
		if (tls_iana_suite(suites->accepted[i], &suite) && suite.kex == TLS_KEX_RSA)
			return true;
	return false;
}

static enum check_need need_robot(const struct check_plan *plan)
{
	if (!is_settled(plan, CHECK_STEP_WEAK) || !is_settled(plan, CHECK_STEP_WEAKER))
		return CHECK_NEED_WAIT;
	return has_static(plan) ? CHECK_NEED_ASK : CHECK_NEED_NOT;
}

/* --- The tables --- */

static enum check_need (*const needs[])(const struct check_plan *plan) = {
	[CHECK_STEP_HANDSHAKE] = need_always,
	[CHECK_STEP_12] = need_always,
	[CHECK_STEP_11] = need_always,
	[CHECK_STEP_10] = need_10,
	[CHECK_STEP_SSL3] = need_ssl3,
	[CHECK_STEP_SSL2] = need_always,
	[CHECK_STEP_13] = need_13,
	[CHECK_STEP_WEAK] = need_always,
	[CHECK_STEP_WEAKER] = need_weaker,
	[CHECK_STEP_POST_QUANTUM] = need_of_13,
	[CHECK_STEP_SHA1] = need_of_12,
	[CHECK_STEP_FALLBACK] = need_fallback,
	[CHECK_STEP_RESUME] = need_resume,
	[CHECK_STEP_INJECT] = need_inject,
	[CHECK_STEP_RENEGOTIATE] = need_renegotiate,
	[CHECK_STEP_NO_SNI] = need_always,
	[CHECK_STEP_OTHER_CHAIN] = need_always,
	[CHECK_STEP_ALPN] = need_of_12,
	[CHECK_STEP_SUITES_13] = need_of_13,
	[CHECK_STEP_SUITES_12] = need_of_12,
	[CHECK_STEP_GROUPS_13] = need_of_13,
	[CHECK_STEP_GROUPS_12] = need_groups_12,
	[CHECK_STEP_SCHEMES_12] = need_of_12,
	[CHECK_STEP_SCHEMES_13] = need_schemes_13,
	[CHECK_STEP_SUITES_10] = need_of_10,
	[CHECK_STEP_SUITES_11] = need_of_11,
	[CHECK_STEP_SUITES_SSL3] = need_of_ssl3,
	[CHECK_STEP_HEARTBLEED] = need_heartbleed,
	[CHECK_STEP_CCS] = need_of_12,
	[CHECK_STEP_TICKETBLEED] = need_ticketbleed,
	[CHECK_STEP_ROBOT] = need_robot,
};
_Static_assert(COUNT_OF(needs) == CHECK_STEP_COUNT, "a step that nobody says is needed");

enum check_need check_step_need(const struct check_plan *plan, enum check_step step)
{
	return needs[step](plan);
}

/* 0: it is none. */
static const struct {
	enum tls_enumeration_kind kind;
	uint16_t version;
} enumerations[CHECK_STEP_COUNT] = {
	[CHECK_STEP_SUITES_13] = { TLS_ENUMERATE_SUITES, TLS_1_3 },
	[CHECK_STEP_SUITES_12] = { TLS_ENUMERATE_SUITES, TLS_1_2 },
	[CHECK_STEP_GROUPS_13] = { TLS_ENUMERATE_GROUPS, TLS_1_3 },
	[CHECK_STEP_GROUPS_12] = { TLS_ENUMERATE_GROUPS, TLS_1_2 },
	[CHECK_STEP_SCHEMES_12] = { TLS_ENUMERATE_SCHEMES, TLS_1_2 },
	[CHECK_STEP_SCHEMES_13] = { TLS_ENUMERATE_SCHEMES, TLS_1_3 },
	[CHECK_STEP_SUITES_10] = { TLS_ENUMERATE_SUITES, TLS_1_0 },
	[CHECK_STEP_SUITES_11] = { TLS_ENUMERATE_SUITES, TLS_1_1 },
	[CHECK_STEP_SUITES_SSL3] = { TLS_ENUMERATE_SUITES, 0x0300 },
};

bool check_step_is_enumeration(enum check_step step)
{
	return enumerations[step].version;
}

void check_step_enumeration_init(const struct check_plan *plan, enum check_step step,
                                 struct tls_enumeration *ret_enumeration)
{
	uint16_t version = enumerations[step].version;
	if (step == CHECK_STEP_GROUPS_12)
		version = check_version_number(old_version(plan));
	tls_enumeration_init(ret_enumeration, enumerations[step].kind, version, plan->sni);
}
