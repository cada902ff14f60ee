/*
 * What the facts of a domain are worth: a verdict for each criterion and place (reference: the
 * criteria are advice/criteria.h's), and the letters. Pure.
 *
 * - A place that was not reached says nothing of TLS: B4 (port 25) or G8 (the others) is there for
 *   it, and no other finding.
 * - A fact that is not known makes no finding, for nobody asked; where probes were lost
 *   (probes_lost) it is CHECK_NOT_TESTED.
 * - Texts of strangers are in evidence, place and software without control characters and without
 *   bytes over 126; they still need the escapes of whatever they are written to.
 */
#ifndef CHECK_JUDGE_H
#define CHECK_JUDGE_H

#include "check/finding.h"

/*
 * domain: its name may be "": endpoints alone (--host), and nothing is judged that needs DNS
 * ret_report: borrows domain, its endpoints and the profile; check_report_deinit() it
 *
 * 0 or -ENOMEM.
 */
[[nodiscard]] int check_judge(const struct check_domain *domain,
                              const struct advice_profile *profile,
                              struct check_report *ret_report);

#endif
