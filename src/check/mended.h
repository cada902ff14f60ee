/*
 * The lines of a mend, for the one who was looked at: the names and the key of advice/mend.h are
 * those of an example. Pure.
 *
 * These lines are pasted into shells and files, and names come from strangers' DNS: one with
 * anything but letters, digits, '-', '_' and '.' is not put in, and the example's stays.
 */
#ifndef CHECK_MENDED_H
#define CHECK_MENDED_H

#include "base/buf.h"
#include "check/finding.h"

/* In text: mx.example.org and mail.example.org become the host of f, or the first that is such a
 * one; example.org the domain; KEY-SHA256 the digest of the key that f's host showed on port 25.
 * The result is in room, until that changes; without memory it is text as it is. */
const char *check_mended(struct buf *room, const struct check_report *report,
                         const struct check_finding *f, const char *text);

#endif
