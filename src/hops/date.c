#include "hops/date.h"

#include "base/clean.h"
#include "base/date.h"

#include <time.h>

/* RFC 5322 4.3; any other name is -0000. */
static const struct {
	const char *name;
	int hours;
} zones[] = {
	{ "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 },
	{ "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 },
};

/* Cuts the next word off; ":" and "," and blanks stand between words. */
static struct slice word_next(struct slice *rest)
{
	size_t len = 0;
	while (rest->len && rest->data[0] && strchr(" \t\n,:", rest->data[0]))
		*rest = slice_skip(*rest, 1);
	while (len < rest->len && !(rest->data[len] && strchr(" \t\n,:(", rest->data[len])))
		len++;
	struct slice word = slice_head(*rest, len);
	*rest = slice_skip(*rest, len);
	return word;
}

static bool number_take(struct slice word, size_t len_max, int *ret_number)
{
	int number = 0;
	if (!word.len || word.len > len_max)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] < '0' || word.data[i] > '9')
			return false;
		number = number * 10 + (word.data[i] - '0');
	}
	*ret_number = number;
	return true;
}

static bool month_take(struct slice word, int *ret_month)
{
	for (int i = 0; i < 12; i++)
		if (word.len >= 3 &&
		    slice_equal_nocase(slice_head(word, 3), slice_str(date_months[i]))) {
			*ret_month = i;
			return true;
		}
	return false;
}

/* RFC 5322 4.3: of two or three digits. */
static bool year_take(struct slice word, int *ret_year)
{
	int year;
	if (!number_take(word, 4, &year))
		return false;
	if (word.len == 2)
		year += year < 50 ? 2000 : 1900;
	else if (word.len == 3)
		year += 1900;
	*ret_year = year - 1900;
	return year >= 1970;
}

/* In seconds east of UTC. */
static int zone_of(struct slice word)
{
	int number;
	bool is_west = word.len && word.data[0] == '-';
	if (word.len == 5 && strchr("+-", word.data[0]) &&
	    number_take(slice_skip(word, 1), 4, &number)) {
		int seconds = number / 100 * 3600 + number % 100 * 60;
		return is_west ? -seconds : seconds;
	}
	for (size_t i = 0; i < COUNT_OF(zones); i++)
		if (slice_equal_nocase(word, slice_str(zones[i].name)))
			return zones[i].hours * 3600;
	return 0;
}

static bool is_in_range(const struct tm *tm)
{
	return tm->tm_mday >= 1 && tm->tm_mday <= 31 && tm->tm_hour < 24 && tm->tm_min < 60 &&
	       tm->tm_sec <= 60;
}

bool hops_date_parse(struct slice text, int64_t *ret_at_s)
{
	struct tm tm = {};
	struct slice word = word_next(&text);
	if (!number_take(word, 2, &tm.tm_mday) && !number_take(word_next(&text), 2, &tm.tm_mday))
		return false;
	if (!month_take(word_next(&text), &tm.tm_mon) ||
	    !year_take(word_next(&text), &tm.tm_year) ||
	    !number_take(word_next(&text), 2, &tm.tm_hour) ||
	    !number_take(word_next(&text), 2, &tm.tm_min))
		return false;
	/* Some write "09.123". */
	word = word_next(&text);
	if (number_take(slice_head(word, slice_find(word, '.')), 2, &tm.tm_sec))
		word = word_next(&text);
	if (!is_in_range(&tm))
		return false;
	*ret_at_s = (int64_t)timegm(&tm) - zone_of(word);
	return true;
}
