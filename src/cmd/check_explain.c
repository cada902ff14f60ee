#include "cmd/check_explain.h"

#include "advice/criteria.h"
#include "advice/mend.h"
#include "cmd/check_options.h"

#include <stdio.h>
#include <string.h>

static void mend_print(const struct advice_mend *m)
{
	const char *text = m->text;
	printf("\n%s:\n", m->software[0] ? m->software : "mend");
	while (*text) {
		size_t len = strcspn(text, "\n");
		printf("    %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void criterion_print(const struct advice_criterion *c)
{
	printf("%s  %s\n%s (%s)\n", c->id, c->title, c->why, c->source);
	for (const struct advice_mend *m = advice_mend_next(c->id, NULL); m;
	     m = advice_mend_next(c->id, m))
		mend_print(m);
}

int check_explain(const char *id)
{
	const struct advice_criterion *c = advice_criterion_find(id);
	if (c)
		criterion_print(c);
	else if (strcmp(id, "all"))
		return check_options_fail("no criterion \"%s\"; --explain all has all of them", id);
	for (size_t i = 0; !c && i < advice_criterion_count; i++)
		printf("%-4s %s (%s)\n", advice_criteria[i].id, advice_criteria[i].title,
		       advice_criteria[i].source);
	return CHECK_WELL;
}
