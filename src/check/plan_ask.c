/* What goes out for each step. */
#include "base/clean.h"
#include "base/err.h"
#include "check/plan_inside.h"
#include "tls/iana.h"
#include "tls/server.h"

#include <errno.h>

static enum check_seen has(const struct check_plan *plan, enum check_version version)
{
	return plan->endpoint->versions[version].is_there;
}

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

/* The owner puts the ticket in. */
static void ask_ticketbleed(const struct check_plan *plan, struct check_ask *ask)
{
	offer(plan, ask, TLS_OFFER_12);
	ask->offer.extensions &= ~(unsigned)TLS_OFFER_TICKET;
	ask->offer.has_session_id = false;
	ask->attack = CHECK_ATTACK_TICKETBLEED;
}

static void ask_robot(const struct check_plan *plan, struct check_ask *ask)
{
	tls_offer_init_version(&ask->offer, TLS_1_2, plan->sni);
	suites_add(&ask->offer, is_static_only, TLS_OFFER_SUITES_MAX);
	ask->attack = CHECK_ATTACK_ROBOT;
	ask->variant = plan->robot_count;
}

/* NULL: an enumeration. */
static void (*const asks[CHECK_STEP_COUNT])(const struct check_plan *plan,
                                            struct check_ask *ask) = {
	[CHECK_STEP_HANDSHAKE] = ask_handshake,
	[CHECK_STEP_12] = ask_12,
	[CHECK_STEP_11] = ask_11,
	[CHECK_STEP_10] = ask_10,
	[CHECK_STEP_SSL3] = ask_ssl3,
	[CHECK_STEP_SSL2] = ask_ssl2,
	[CHECK_STEP_13] = ask_13,
	[CHECK_STEP_WEAK] = ask_weak,
	[CHECK_STEP_WEAKER] = ask_weaker,
	[CHECK_STEP_POST_QUANTUM] = ask_post_quantum,
	[CHECK_STEP_SHA1] = ask_sha1,
	[CHECK_STEP_FALLBACK] = ask_fallback,
	[CHECK_STEP_RESUME] = ask_resume,
	[CHECK_STEP_INJECT] = ask_inject,
	[CHECK_STEP_RENEGOTIATE] = ask_renegotiate,
	[CHECK_STEP_NO_SNI] = ask_no_sni,
	[CHECK_STEP_OTHER_CHAIN] = ask_other_chain,
	[CHECK_STEP_ALPN] = ask_alpn,
	[CHECK_STEP_HEARTBLEED] = ask_heartbleed,
	[CHECK_STEP_CCS] = ask_ccs,
	[CHECK_STEP_TICKETBLEED] = ask_ticketbleed,
	[CHECK_STEP_ROBOT] = ask_robot,
};

static int enumeration_ask(struct check_plan *plan, enum check_step step, struct check_ask *ask)
{
	struct tls_enumeration *n = plan->enumerations[step];
	if (!n) {
		n = malloc(sizeof(*n));
		if (!n)
			return err_raise(-ENOMEM);
		check_step_enumeration_init(plan, step, n);
		plan->enumerations[step] = n;
	}
	return tls_enumeration_next(n, &ask->offer) ? 0 : err_raise(-ENODATA);
}

int check_step_ask(struct check_plan *plan, enum check_step step, struct check_ask *ret_ask)
{
	*ret_ask = (struct check_ask){ .step = step };
	if (check_step_is_enumeration(step))
		return err_up(enumeration_ask(plan, step, ret_ask));
	asks[step](plan, ret_ask);
	return 0;
}
