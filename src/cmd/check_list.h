/* Which domains `mailseal check` looks at: words, a file, without those that are done. */
#ifndef CMD_CHECK_LIST_H
#define CMD_CHECK_LIST_H

#include "cmd/check_options.h"

struct check_list {
	char **names; /* each once, in lower case, as DNS has them; owned */
	size_t count, cap;
	size_t done; /* left out: --resume has them */
};

/* words: ends with NULL. 0, or all was said. */
int check_list_read(struct check_list *ret_list, const struct check_options *options, char **words);
void check_list_deinit(struct check_list *list);

#endif
