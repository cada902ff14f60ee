/* Options of a command that are only kept: their text, or that they were there. */
#ifndef CMD_KEPT_H
#define CMD_KEPT_H

#include <stdbool.h>
#include <stddef.h>

/* One of text and flag. */
struct kept {
	int letter; /* as getopt_long() says it */
	const char **text;
	bool *flag;
};

/* False: it is none of these. value: borrowed, as optarg is for the life of a command. */
static inline bool kept_take(const struct kept *list, size_t count, int letter, const char *value)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].letter != letter)
			continue;
		if (list[i].text)
			*list[i].text = value;
		else
			*list[i].flag = true;
		return true;
	}
	return false;
}

#endif
