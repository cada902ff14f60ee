/* What the parent shows of the policies: how many there are of each kind, and the first of them.
 * Pure.
 */
#ifndef SITE_TOLD_H
#define SITE_TOLD_H

#include "base/buf.h"
#include "publish/served.h"

enum { SITE_TOLD_MAX = 100 }; /* domains; those that are not well come first */

/* "NONE TESTING ENFORCE WAITING\n", their numbers; then "DOMAIN MODE ID SINCE WHY\n" each, with
 * nothing for WHY where it is well. MODE is "waiting" until DNS was heard. whys: by place in the
 * history; NULL: it is well. 0 or -ENOMEM. */
[[nodiscard]] int site_told_write(struct buf *ret_text, const struct publish_history *history,
                                  const char *const *whys);

#endif
