/* Inside check/ only: the table of steps and the machine that goes through it. */
#ifndef CHECK_PLAN_INSIDE_H
#define CHECK_PLAN_INSIDE_H

#include "check/plan.h"

enum check_need {
	CHECK_NEED_NOT,  /* an earlier answer made it needless */
	CHECK_NEED_WAIT, /* an answer that is to come decides */
	CHECK_NEED_ASK,
};

/* What is known decides. */
enum check_need check_step_need(const struct check_plan *plan, enum check_step step);
/* What goes out for it; of enumerations the next hello. 0, or -ENOMEM. */
[[nodiscard]] int check_step_ask(struct check_plan *plan, enum check_step step,
                                 struct check_ask *ret_ask);
/* What became of it. 0 or -ENOMEM. */
[[nodiscard]] int check_step_hear(struct check_plan *plan, enum check_step step,
                                  const struct check_heard *heard);
/* The step needs another connection. */
bool check_step_goes_on(const struct check_plan *plan, enum check_step step);

/* It takes as many connections as there is to find. */
bool check_step_is_enumeration(enum check_step step);
void check_step_enumeration_init(const struct check_plan *plan, enum check_step step,
                                 struct tls_enumeration *ret_enumeration);

static inline bool check_step_is_settled(const struct check_plan *plan, enum check_step step)
{
	return plan->states[step] >= CHECK_STEP_DONE;
}

#endif
