/*
 * What witness saw of our policies outside, held against what is served: which of them strangers
 * do not get as they should. Kept by domain until it is seen otherwise.
 */
#ifndef SITE_OUTSIDE_H
#define SITE_OUTSIDE_H

#include "base/buf.h"
#include "conf/settings.h"
#include "publish/served.h"

struct site_outside;

[[nodiscard]] int site_outside_new(struct site_outside **ret_outside);
/* NULL is fine. */
void site_outside_free(struct site_outside *o);

/* Other settings: what is known of domains that are not in them any more is forgotten. */
[[nodiscard]] int site_outside_begin(struct site_outside *o, const struct conf_settings *settings);
/* payload: PROC_MSG_STS_SEEN. 0 or a negative. */
[[nodiscard]] int site_outside_saw(struct site_outside *o, struct slice payload,
                                   const struct publish_history *served);
/* Is it another list than at the last call? ret_list: "DOMAIN WHY\n" each. */
bool site_outside_is_news(struct site_outside *o, struct buf *ret_list);

#endif
