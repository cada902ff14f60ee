/* What became of each step. */
#include "base/err.h"
#include "check/plan_inside.h"

#include <string.h>

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
	bool is_12 = !strcmp(h->seen->version, check_version_name(CHECK_TLS12));
	plan->has_ticket_12 |= is_12 && h->seen->ticket && h->seen->ticket_facts.is_ticket;
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

static int hear_ticketbleed(struct check_plan *plan, const struct check_heard *h)
{
	check_facts_ticketbleed(plan->endpoint, h->reaction);
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

/* NULL: an enumeration. */
static int (*const hears[CHECK_STEP_COUNT])(struct check_plan *plan,
                                            const struct check_heard *h) = {
	[CHECK_STEP_HANDSHAKE] = hear_handshake,
	[CHECK_STEP_12] = hear_12,
	[CHECK_STEP_11] = hear_11,
	[CHECK_STEP_10] = hear_10,
	[CHECK_STEP_SSL3] = hear_ssl3,
	[CHECK_STEP_SSL2] = hear_ssl2,
	[CHECK_STEP_13] = hear_13,
	[CHECK_STEP_WEAK] = hear_weak,
	[CHECK_STEP_WEAKER] = hear_weaker,
	[CHECK_STEP_POST_QUANTUM] = hear_post_quantum,
	[CHECK_STEP_SHA1] = hear_sha1,
	[CHECK_STEP_FALLBACK] = hear_fallback,
	[CHECK_STEP_RESUME] = hear_resume,
	[CHECK_STEP_INJECT] = hear_renegotiate,
	[CHECK_STEP_RENEGOTIATE] = hear_renegotiate,
	[CHECK_STEP_NO_SNI] = hear_no_sni,
	[CHECK_STEP_OTHER_CHAIN] = hear_other_chain,
	[CHECK_STEP_ALPN] = hear_alpn,
	[CHECK_STEP_HEARTBLEED] = hear_heartbleed,
	[CHECK_STEP_CCS] = hear_ccs,
	[CHECK_STEP_TICKETBLEED] = hear_ticketbleed,
	[CHECK_STEP_ROBOT] = hear_robot,
};

int check_step_hear(struct check_plan *plan, enum check_step step, const struct check_heard *heard)
{
	if (!check_step_is_enumeration(step))
		return err_up(hears[step](plan, heard));
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
