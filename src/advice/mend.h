/* What to do about a criterion that is not met: the lines to write, for each server software. */
#ifndef ADVICE_MEND_H
#define ADVICE_MEND_H

#include <stddef.h>

struct advice_mend {
	const char *id;       /* of the criterion */
	const char *software; /* "mailseal", "Postfix", "Exim", "Dovecot", "nginx", ...; "DNS"; ""
	                         any */
	const char *text;     /* lines as they stand in a file or a shell, "\n" between */
};

/* The next mend of a criterion behind after (NULL: the first); NULL: no more. */
const struct advice_mend *advice_mend_next(const char *id, const struct advice_mend *after);
/* The one for this software (its first word, without regard to case), or NULL. */
const struct advice_mend *advice_mend_for(const char *id, const char *software);

#endif
