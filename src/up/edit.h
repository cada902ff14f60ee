/*
 * Changes of a server's file that can be taken back. Each is a block of whole lines between two
 * marks: lines that were there before stand in it as comments, ours below them. So our lines can be
 * told from everybody else's for ever. Pure.
 *
 *	# mailseal up 1: begin; "mailseal up --undo" takes this block back
 *	#mailseal# smtp      inet  n       -       y       -       -       smtpd
 *	127.0.0.1:10025 inet n - y - - smtpd
 *	# mailseal up 1: end
 */
#ifndef UP_EDIT_H
#define UP_EDIT_H

#include "base/buf.h"

enum {
	UP_EDIT_MARKED = 1,   /* a block of ours is in it already */
	UP_EDIT_CONFLICT = 2, /* somebody changed lines of a block */
};

struct up_block {
	unsigned line;    /* the first that becomes a comment, from 1; 0: ours come at the end */
	unsigned lines;   /* that become comments; 0 only at the end */
	const char *text; /* our lines, each with its end */
};

/*
 * Appends the text with the blocks in it. blocks: in the order of their lines, none over another.
 * 0, UP_EDIT_MARKED or -ENOMEM.
 */
[[nodiscard]] int up_edit_apply(struct buf *out, struct slice text, const struct up_block *blocks,
                                size_t count);

/* What taking back changed: `lines` lines of the file from `line` on became text. */
struct up_change {
	unsigned line, lines;
	struct buf text;
};
struct up_changes {
	struct up_change *items;
	size_t count;
	unsigned gone;          /* blocks that somebody had taken out before us */
	unsigned conflict;      /* number of the block that somebody changed */
	unsigned conflict_line; /* where the first line of it stands in the file; 0: nowhere */
};

/*
 * Appends `now` without our blocks: what they made comments of stands there again, and every other
 * line stays as it is.
 *
 * now:         the file as it is
 * written:     the file as up_edit_apply() made it
 * ret_changes: up_changes_deinit() in any case
 *
 * Returns 0, UP_EDIT_CONFLICT (out has nothing that may be used), or -ENOMEM.
 */
[[nodiscard]] int up_edit_take_back(struct buf *out, struct slice now, struct slice written,
                                    struct up_changes *ret_changes);
void up_changes_deinit(struct up_changes *changes);

/* Appends a unified patch: what up_edit_apply() made of before; and what taking back makes of now.
 * 0 or -ENOMEM. */
[[nodiscard]] int up_edit_patch(struct buf *out, const char *path, struct slice before,
                                struct slice after);
[[nodiscard]] int up_changes_patch(struct buf *out, const char *path, struct slice now,
                                   const struct up_changes *changes);

#endif
