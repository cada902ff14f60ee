/* Commands of a client as they go on to the backend: built anew from what was parsed. */
#ifndef IMAP_FORWARD_H
#define IMAP_FORWARD_H

#include "base/buf.h"
#include "imap/command.h"

/* What is sent at once, in pieces: behind each but the last the backend's "+" is awaited. */
struct imap_pieces {
	struct buf bytes; /* may hold a password */
	size_t ends[3];   /* where in bytes each piece ends */
	size_t sent;
	unsigned count;
	unsigned next;
};

void imap_pieces_deinit(struct imap_pieces *p);

/* Appends the next piece to out. 0 or -ENOMEM. */
[[nodiscard]] int imap_pieces_send(struct imap_pieces *p, struct buf *out);

/*
 * LOGIN with its two strings: quoted where that is possible, else literals, which wait for a "+"
 * unless caps has LITERAL+ (or LITERAL- and they are short; RFC 7888). 0 or -ENOMEM.
 */
[[nodiscard]] int imap_login_build(const struct imap_command *command, const char *caps,
                                   struct imap_pieces *ret_pieces);

/* AUTHENTICATE; without SASL-IR in caps (RFC 4959) the response is a piece of its own. */
[[nodiscard]] int imap_auth_build(const struct imap_command *command, const char *caps,
                                  struct imap_pieces *ret_pieces);

/* Whether the arguments are those of ID (RFC 2971 3.1). */
bool imap_id_is_valid(const struct imap_command *command);

/*
 * A valid ID, without fields whose name starts with x-: by those a trusted proxy says who the
 * client is. ret_out: "tag ID (...)" and CRLF. 0 or -ENOMEM.
 */
[[nodiscard]] int imap_id_build(const struct imap_command *command, struct buf *ret_out);

/* Name, version and vendor of a valid ID, as far as they are in it; else "". */
void imap_id_software(const struct imap_command *command, char *ret_text, size_t cap);

#endif
