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
	[CHECK_STEP_SCHEMES_13] = { "signatures of TLS 1.3", CHECK_TIER_DEEP, ALL, 0, false,
	                            "D11" },
	[CHECK_STEP_SUITES_10] = { "suites of TLS 1.0", CHECK_TIER_DEEP, ALL, 0, true, SUITES },
	[CHECK_STEP_SUITES_11] = { "suites of TLS 1.1", CHECK_TIER_DEEP, ALL, 0, true, SUITES },
	[CHECK_STEP_SUITES_SSL3] = { "suites of SSL 3", CHECK_TIER_DEEP, ALL, 0, true, SUITES },
	[CHECK_STEP_HEARTBLEED] = { "Heartbleed", CHECK_TIER_ATTACKS, ALL, 1, true, "I1" },
	[CHECK_STEP_CCS] = { "early ChangeCipherSpec", CHECK_TIER_ATTACKS, ALL, 1, false, "I1" },
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

/* --- What goes out --- */

static void offer(const struct check_plan *plan, struct check_ask *ask, enum tls_offer_kind kind)
{
	tls_offer_init(&ask->offer, kind, ask->has_no_sni ? NULL : plan->sni);
}

static void ask_12(const struct check_plan *plan, struct check_ask *ask)
{
	offer(plan, ask, TLS_OFFER_12);
	ask->offer.has_grease = true;
}

static void ask_11(const struct check_plan *plan, struct check_ask *ask)
{
	offer(plan, ask, TLS_OFFER_11);
}

static void ask_10(const struct check_plan *plan, struct check_ask *ask)
{
	offer(plan, ask, TLS_OFFER_10);
}

static void ask_ssl3(const struct check_plan *plan, struct check_ask *ask)
{
	offer(plan, ask, TLS_OFFER_SSL3);
}

static void ask_ssl2(const struct check_plan *plan, struct check_ask *ask)
{
	(void)plan;
	ask->is_ssl2 = true;
}

static void ask_13(const struct check_plan *plan, struct check_ask *ask)
{
	offer(plan, ask, TLS_OFFER_13);
	ask->offer.has_grease = true;
}

static void ask_post_quantum(const struct check_plan *plan, struct check_ask *ask)
{
	offer(plan, ask, TLS_OFFER_POST_QUANTUM);
}

static void ask_sha1(const struct check_plan *plan, struct check_ask *ask)
{
	offer(plan, ask, TLS_OFFER_SHA1);
}

/* Keys that the client sends: whoever has the server's reads all of it later. */
static bool is_static_only(const struct tls_iana_suite *s)
{
	return s->kex == TLS_KEX_RSA && !tls_iana_suite_is_weak(s);
}

static void suites_add(struct tls_offer *o, bool (*is_wanted)(const struct tls_iana_suite *s),
                       size_t max)
{
	uint16_t all[TLS_IANA_SUITES_MAX];
	size_t count = tls_iana_suites(TLS_1_2, all, COUNT_OF(all));
	for (size_t i = 0; i < count && o->suite_count < max; i++) {
		struct tls_iana_suite suite;
		if (tls_iana_suite(all[i], &suite) && is_wanted(&suite))
			o->suites[o->suite_count++] = all[i];
	}
}

enum { STATIC_SUITES = 14 };

static void ask_weak(const struct check_plan *plan, struct check_ask *ask)
{
	tls_offer_init_version(&ask->offer, TLS_1_2, plan->sni);
	suites_add(&ask->offer, is_static_only, STATIC_SUITES);
	suites_add(&ask->offer, tls_iana_suite_is_weak, TLS_OFFER_SUITES_MAX);
}

static void ask_weaker(const struct check_plan *plan, struct check_ask *ask)
{
	bool is_weak_known = plan->endpoint->takes_bad_suites == CHECK_YES;
	tls_offer_init_version(&ask->offer, TLS_1_2, plan->sni);
	suites_add(&ask->offer, is_weak_known ? is_static_only : tls_iana_suite_is_weak,
	           TLS_OFFER_SUITES_MAX);
}

static void ask_fallback(const struct check_plan *plan, struct check_ask *ask)
{
	bool has_11 = has(plan, CHECK_TLS11) == CHECK_YES;
	offer(plan, ask, has_11 ? TLS_OFFER_11 : TLS_OFFER_10);
	ask->offer.has_fallback_scsv = true;
}

static void ask_alpn(const struct check_plan *plan, struct check_ask *ask)
{
	offer(plan, ask, TLS_OFFER_12);
	ask->offer.alpn[0] = "http/1.1";
}

static void ask_handshake(const struct check_plan *plan, struct check_ask *ask)
{
	(void)plan;
	ask->is_visit = true;
}

static void ask_resume(const struct check_plan *plan, struct check_ask *ask)
{
	ask->is_visit = true;
	ask->tls.is_wide = true;
	ask->resumes = plan->has_ticket;
	ask->asks_mail =
		plan->endpoint->service == CHECK_SMTP && plan->tries[CHECK_STEP_RESUME] == 0;
}

static void ask_renegotiate(const struct check_plan *plan, struct check_ask *ask)
{
	ask->is_visit = true;
	ask->tls.is_wide = true;
	ask->tls.is_tls12 = has(plan, CHECK_TLS12) != CHECK_NO;
	ask->renegotiations_max = CHECK_PLAN_RENEGOTIATIONS;
}

static void ask_inject(const struct check_plan *plan, struct check_ask *ask)
{
	ask_renegotiate(plan, ask);
	ask->injects = true;
}

static void ask_no_sni(const struct check_plan *plan, struct check_ask *ask)
{
	(void)plan;
	ask->is_visit = true;
	ask->tls.is_wide = true;
	ask->has_no_sni = true;
}

static void ask_other_chain(const struct check_plan *plan, struct check_ask *ask)
{
	ask->is_visit = true;
	ask->tls.is_wide = true;
	ask->tls.key = plan->endpoint->chain.key_is_rsa ? TLS_VISIT_ECDSA : TLS_VISIT_RSA;
}

static void ask_heartbleed(const struct check_plan *plan, struct check_ask *ask)
{
	offer(plan, ask, TLS_OFFER_12);
	ask->attack = CHECK_ATTACK_HEARTBLEED;
}

static void ask_ccs(const struct check_plan *plan, struct check_ask *ask)
{
	offer(plan, ask, TLS_OFFER_12);
	ask->attack = CHECK_ATTACK_CCS;
}

static void ask_robot(const struct check_plan *plan, struct check_ask *ask)
{
	tls_offer_init_version(&ask->offer, TLS_1_2, plan->sni);
	suites_add(&ask->offer, is_static_only, TLS_OFFER_SUITES_MAX);
	ask->attack = CHECK_ATTACK_ROBOT;
	ask->variant = plan->robot_count;
}

/* --- What came of it --- */

static int hear_handshake(struct check_plan *plan, const struct check_heard *h)
{
	plan->has_ticket = h->seen->ticket;
	return err_up(check_facts_handshake(plan->endpoint, h));
}

static int hear_12(struct check_plan *plan, const struct check_heard *h)
{
	plan->has_heartbeat = h->answer->has_heartbeat;
	if (h->answer->kind == TLS_ANSWER_HELLO && !plan->has_heartbeat && plan->set.has_attacks)
		plan->endpoint->attacks.heartbleed = CHECK_NO;
	return err_up(check_facts_version(plan->endpoint, CHECK_TLS12, h));
}

static int hear_11(struct check_plan *plan, const struct check_heard *h)
{
	return err_up(check_facts_version(plan->endpoint, CHECK_TLS11, h));
}

static int hear_10(struct check_plan *plan, const struct check_heard *h)
{
	return err_up(check_facts_version(plan->endpoint, CHECK_TLS10, h));
}

static int hear_ssl3(struct check_plan *plan, const struct check_heard *h)
{
	return err_up(check_facts_version(plan->endpoint, CHECK_SSL3, h));
}

static int hear_13(struct check_plan *plan, const struct check_heard *h)
{
	return err_up(check_facts_version(plan->endpoint, CHECK_TLS13, h));
}

static int hear_ssl2(struct check_plan *plan, const struct check_heard *h)
{
	check_facts_ssl2(plan->endpoint, h->answer);
	return 0;
}

static int hear_weak(struct check_plan *plan, const struct check_heard *h)
{
	plan->weak_has_shown = h->answer->kind == TLS_ANSWER_HELLO;
	check_facts_weak(plan->endpoint, h->answer);
	return 0;
}

static int hear_weaker(struct check_plan *plan, const struct check_heard *h)
{
	check_facts_weak(plan->endpoint, h->answer);
	return 0;
}

static int hear_post_quantum(struct check_plan *plan, const struct check_heard *h)
{
	check_facts_post_quantum(plan->endpoint, h->answer);
	return 0;
}

static int hear_sha1(struct check_plan *plan, const struct check_heard *h)
{
	check_facts_sha1(plan->endpoint, h->answer);
	return 0;
}

static int hear_fallback(struct check_plan *plan, const struct check_heard *h)
{
	check_facts_fallback(plan->endpoint, h->answer);
	return 0;
}

static int hear_alpn(struct check_plan *plan, const struct check_heard *h)
{
	check_facts_alpn(plan->endpoint, h->answer);
	return 0;
}

static int hear_resume(struct check_plan *plan, const struct check_heard *h)
{
	return err_up(check_facts_again(plan->endpoint, h));
}

static int hear_renegotiate(struct check_plan *plan, const struct check_heard *h)
{
	check_facts_renegotiation(plan->endpoint, h->seen);
	return 0;
}

static int hear_no_sni(struct check_plan *plan, const struct check_heard *h)
{
	check_facts_no_sni(plan->endpoint, h->seen);
	return 0;
}

static int hear_other_chain(struct check_plan *plan, const struct check_heard *h)
{
	return err_up(check_facts_other_chain(plan->endpoint, h));
}

static int hear_heartbleed(struct check_plan *plan, const struct check_heard *h)
{
	check_facts_heartbleed(plan->endpoint, h->reaction);
	return 0;
}

static int hear_ccs(struct check_plan *plan, const struct check_heard *h)
{
	check_facts_ccs(plan->endpoint, h->reaction);
	return 0;
}

/* A difference is believed when it is met twice: a server may have been busy once. */
static int hear_robot(struct check_plan *plan, const struct check_heard *h)
{
	if (!h->reaction) {
		plan->robot_is_pointless = true;
		return 0;
	}
	plan->robot[plan->robot_count++] = *h->reaction;
	if (plan->robot_count < TLS_PREMASTER_COUNT)
		return 0;
	check_facts_robot(plan->endpoint, plan->robot);
	if (plan->endpoint->attacks.robot == CHECK_YES && !plan->robot_rounds++)
		plan->robot_count = 0;
	return 0;
}

/* --- The table --- */

static const struct {
	enum check_need (*need)(const struct check_plan *plan);
	void (*ask)(const struct check_plan *plan, struct check_ask *ask);
	int (*hear)(struct check_plan *plan, const struct check_heard *h);
	/* Of enumerations instead of the two. */
	enum tls_enumeration_kind kind;
	uint16_t version;
} rows[] = {
	[CHECK_STEP_HANDSHAKE] = { need_always, ask_handshake, hear_handshake },
	[CHECK_STEP_12] = { need_always, ask_12, hear_12 },
	[CHECK_STEP_11] = { need_always, ask_11, hear_11 },
	[CHECK_STEP_10] = { need_10, ask_10, hear_10 },
	[CHECK_STEP_SSL3] = { need_ssl3, ask_ssl3, hear_ssl3 },
	[CHECK_STEP_SSL2] = { need_always, ask_ssl2, hear_ssl2 },
	[CHECK_STEP_13] = { need_13, ask_13, hear_13 },
	[CHECK_STEP_WEAK] = { need_always, ask_weak, hear_weak },
	[CHECK_STEP_WEAKER] = { need_weaker, ask_weaker, hear_weaker },
	[CHECK_STEP_POST_QUANTUM] = { need_of_13, ask_post_quantum, hear_post_quantum },
	[CHECK_STEP_SHA1] = { need_of_12, ask_sha1, hear_sha1 },
	[CHECK_STEP_FALLBACK] = { need_fallback, ask_fallback, hear_fallback },
	[CHECK_STEP_RESUME] = { need_resume, ask_resume, hear_resume },
	[CHECK_STEP_INJECT] = { need_inject, ask_inject, hear_renegotiate },
	[CHECK_STEP_RENEGOTIATE] = { need_renegotiate, ask_renegotiate, hear_renegotiate },
	[CHECK_STEP_NO_SNI] = { need_always, ask_no_sni, hear_no_sni },
	[CHECK_STEP_OTHER_CHAIN] = { need_always, ask_other_chain, hear_other_chain },
	[CHECK_STEP_ALPN] = { need_of_12, ask_alpn, hear_alpn },
	[CHECK_STEP_SUITES_13] = { need_of_13, .kind = TLS_ENUMERATE_SUITES, .version = TLS_1_3 },
	[CHECK_STEP_SUITES_12] = { need_of_12, .kind = TLS_ENUMERATE_SUITES, .version = TLS_1_2 },
	[CHECK_STEP_GROUPS_13] = { need_of_13, .kind = TLS_ENUMERATE_GROUPS, .version = TLS_1_3 },
	[CHECK_STEP_GROUPS_12] = { need_of_12, .kind = TLS_ENUMERATE_GROUPS, .version = TLS_1_2 },
	[CHECK_STEP_SCHEMES_12] = { need_of_12, .kind = TLS_ENUMERATE_SCHEMES, .version = TLS_1_2 },
	[CHECK_STEP_SCHEMES_13] = { need_schemes_13, .kind = TLS_ENUMERATE_SCHEMES,
	                            .version = TLS_1_3 },
	[CHECK_STEP_SUITES_10] = { need_of_10, .kind = TLS_ENUMERATE_SUITES, .version = TLS_1_0 },
	[CHECK_STEP_SUITES_11] = { need_of_11, .kind = TLS_ENUMERATE_SUITES, .version = TLS_1_1 },
	[CHECK_STEP_SUITES_SSL3] = { need_of_ssl3, .kind = TLS_ENUMERATE_SUITES,
	                             .version = 0x0300 },
	[CHECK_STEP_HEARTBLEED] = { need_heartbleed, ask_heartbleed, hear_heartbleed },
	[CHECK_STEP_CCS] = { need_of_12, ask_ccs, hear_ccs },
	[CHECK_STEP_ROBOT] = { need_robot, ask_robot, hear_robot },
};
_Static_assert(COUNT_OF(rows) == CHECK_STEP_COUNT, "a step without a row");

enum check_need check_step_need(const struct check_plan *plan, enum check_step step)
{
	return rows[step].need(plan);
}

static int enumeration_ask(struct check_plan *plan, enum check_step step, struct check_ask *ask)
{
	struct tls_enumeration *n = plan->enumerations[step];
	if (!n) {
		n = malloc(sizeof(*n));
		if (!n)
			return err_raise(-ENOMEM);
		tls_enumeration_init(n, rows[step].kind, rows[step].version, plan->sni);
		plan->enumerations[step] = n;
	}
	return tls_enumeration_next(n, &ask->offer) ? 0 : err_raise(-ENODATA);
}

int check_step_ask(struct check_plan *plan, enum check_step step, struct check_ask *ret_ask)
{
	*ret_ask = (struct check_ask){ .step = step };
	if (!rows[step].ask)
		return err_up(enumeration_ask(plan, step, ret_ask));
	rows[step].ask(plan, ret_ask);
	return 0;
}

int check_step_hear(struct check_plan *plan, enum check_step step, const struct check_heard *heard)
{
	if (rows[step].hear)
		return err_up(rows[step].hear(plan, heard));
	tls_enumeration_take(plan->enumerations[step], heard->answer);
	check_facts_enumeration(plan->endpoint, plan->enumerations[step], heard->answer);
	return 0;
}

bool check_step_goes_on(const struct check_plan *plan, enum check_step step)
{
	const struct tls_enumeration *n = plan->enumerations[step];
	if (step == CHECK_STEP_ROBOT)
		return plan->robot_count < TLS_PREMASTER_COUNT && !plan->robot_is_pointless;
	return n && !n->is_done;
}
