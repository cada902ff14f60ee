/* What `mailseal dns` and `mailseal report tlsrpt --received` suggest for an MTA-STS policy of our
 * own: publish/step.h, with the facts from what site serves and what others reported. */
#ifndef CMD_STS_STEP_H
#define CMD_STS_STEP_H

#include "publish/served.h"
#include "publish/step.h"

/* False: site serves none, or who calls may not look. */
bool sts_served_read(const struct conf_settings *settings, struct publish_history *ret_history);

struct sts_step {
	enum publish_step step;
	char text[PUBLISH_STEP_CAP];
};
/* served: NULL: it has no policy. 0, or STS_STEP_UNREADABLE: reports are there, and who calls may
 * not read them. */
enum { STS_STEP_UNREADABLE = 1 };
[[nodiscard]] int sts_step_find(struct sts_step *ret_step, const struct conf_settings *settings,
                                const char *domain, const struct publish_served *served);

#endif
