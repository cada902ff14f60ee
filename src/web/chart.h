/*
 * Pictures as SVG inside the page: no script, colours by class (style.css), and in words for who
 * does not see them.
 */
#ifndef WEB_CHART_H
#define WEB_CHART_H

#include "base/html.h"

#include <stdint.h>

/* From the best to the worst, as they are stacked from below. */
enum chart_part {
	CHART_AUTHENTICATED,
	CHART_SEALED,
	CHART_LEGACY,
	CHART_PLAIN,
	CHART_PART_COUNT,
};
const char *chart_part_name(enum chart_part part);

struct chart_day {
	int64_t at_s; /* Unix time within the day */
	uint64_t counts[CHART_PART_COUNT];
};

struct chart_trend {
	const char *id; /* of ours: unique in the page */
	const char *title;
	const struct chart_day *days; /* the oldest first; one without sessions is a gap */
	size_t count;
};

/* A column a day, each as high as 100 %. */
void chart_trend(struct html *h, const struct chart_trend *trend);

/* One line: the parts of a whole. Nothing at all where the whole is 0. */
void chart_bar(struct html *h, const char *title, const uint64_t counts[CHART_PART_COUNT]);

/* What the colours mean. */
void chart_legend(struct html *h);

/* As reports write it: "99.3 %". */
void chart_share_text(uint64_t part, uint64_t whole, char ret_text[16]);

#endif
