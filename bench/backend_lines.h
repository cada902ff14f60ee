/* What is said in lines: enough of SMTP, IMAP and POP3 for a client's session, and what nginx's
 * mail module asks by HTTP. */
#ifndef BACKEND_LINES_H
#define BACKEND_LINES_H

#include "backend.h"

/* What is said unasked; 0, or -1 if it could not be. */
int lines_greet(int fd, enum mode mode);

/* Answers all lines that have come; an unfinished one is kept. */
void lines_read(struct backend *b, int fd);

/* Untagged lines, and that the command under way is done. */
void lines_imap_done(int fd, const struct session *s, const char *untagged);

#endif
