#include "advice/mend.h"

#include "advice/mend_tables.h"
#include "base/clean.h"
#include "base/slice.h"

static const struct advice_mend *const tables[] = {
	advice_mends_dns,       advice_mends_smtp,      advice_mends_versions,
	advice_mends_suites,    advice_mends_handshake, advice_mends_certificate,
	advice_mends_downgrade, advice_mends_users,     advice_mends_web,
};

/* All of an id stand in one table, one behind the other. */
static const struct advice_mend *first_of(const char *id)
{
	for (size_t i = 0; i < COUNT_OF(tables); i++)
		for (const struct advice_mend *m = tables[i]; m->id; m++)
			if (!strcmp(m->id, id))
				return m;
	return NULL;
}

const struct advice_mend *advice_mend_next(const char *id, const struct advice_mend *after)
{
	if (!after)
		return first_of(id);
	const struct advice_mend *next = after + 1;
	return next->id && !strcmp(next->id, id) ? next : NULL;
}

/* "nginx/1.22.1" is a word and a version too. */
static struct slice first_word(const char *text)
{
	return slice_of(text, strcspn(text, " /"));
}

const struct advice_mend *advice_mend_for(const char *id, const char *software)
{
	struct slice word = first_word(software);
	const struct advice_mend *m = NULL;
	while (word.len && (m = advice_mend_next(id, m)))
		if (slice_equal_nocase(slice_str(m->software), word))
			return m;
	return NULL;
}
