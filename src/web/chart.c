#include "web/chart.h"

#include "base/clean.h"
#include "report/table.h"

#include <stdio.h>
#include <time.h>

enum {
	WIDTH = 720,
	HEIGHT = 220,
	LEFT = 72, /* room for the scale, which is large on a telephone */
	TOP = 16,
	BOTTOM = 30,
	BAR_WIDTH = 400,
	BAR_HEIGHT = 14,
};

static const struct {
	const char *name, *fill;
} parts[] = {
	[CHART_AUTHENTICATED] = { "authenticated", "part-authenticated" },
	[CHART_SEALED] = { "sealed", "part-sealed" },
	[CHART_LEGACY] = { "legacy", "part-legacy" },
	[CHART_PLAIN] = { "plain", "part-plain" },
};
_Static_assert(sizeof(parts) / sizeof(parts[0]) == CHART_PART_COUNT, "a name for each part");

const char *chart_part_name(enum chart_part part)
{
	return parts[part].name;
}

static uint64_t sum_of(const uint64_t counts[CHART_PART_COUNT])
{
	uint64_t sum = 0;
	for (size_t i = 0; i < CHART_PART_COUNT; i++)
		sum += counts[i];
	return sum;
}

void chart_share_text(uint64_t part, uint64_t whole, char ret_text[16])
{
	CLEAN(buf_deinit) struct buf text = {};
	struct report_cell cell = report_share(part, whole);
	if (report_cell_write(&text, &cell))
		buf_clear(&text);
	snprintf(ret_text, 16, "%.*s", (int)buf_len(&text), (const char *)buf_slice(&text).data);
}

struct number {
	char text[24];
};

static struct number number_of(double value)
{
	struct number n;
	snprintf(n.text, sizeof(n.text), "%.1f", value);
	return n;
}

struct box {
	double x, y, width, height;
};

static void rect(struct html *h, const char *class, struct box b)
{
	html_element(h, "rect", "", { "class", class }, { "x", number_of(b.x).text },
	             { "y", number_of(b.y).text }, { "width", number_of(b.width).text },
	             { "height", number_of(b.height).text });
}

static void label(struct html *h, const char *class, struct box at, const char *text)
{
	html_element(h, "text", text, { "class", class }, { "x", number_of(at.x).text },
	             { "y", number_of(at.y).text });
}

static void svg_open(struct html *h, const char *id, const char *class, int width, int height)
{
	char view[48], labels[80];
	snprintf(view, sizeof(view), "0 0 %d %d", width, height);
	snprintf(labels, sizeof(labels), "%s-title %s-desc", id, id);
	html_open(h, "svg", { "class", class }, { "viewBox", view }, { "role", "img" },
	          { "aria-labelledby", labels });
}

static void named(struct html *h, const char *tag, const char *id, const char *text)
{
	char full[80];
	snprintf(full, sizeof(full), "%s-%s", id, tag);
	html_element(h, tag, text, { "id", full });
}

static void day_text(int64_t at_s, char ret_text[16])
{
	time_t at = (time_t)at_s;
	struct tm tm;
	gmtime_r(&at, &tm);
	strftime(ret_text, 16, "%Y-%m-%d", &tm);
}

/* "2026-10-01 to 2026-10-30: first 80.0 %, last 99.1 % sealed" */
static void trend_words(const struct chart_trend *t, char *ret_text, size_t cap)
{
	const struct chart_day *first = NULL, *last = NULL;
	char days[2][16], shares[2][16];
	for (size_t i = 0; i < t->count; i++) {
		if (!sum_of(t->days[i].counts))
			continue;
		first = first ? first : &t->days[i];
		last = &t->days[i];
	}
	if (!first) {
		snprintf(ret_text, cap, "no sessions yet");
		return;
	}
	const struct chart_day *ends[] = { first, last };
	for (size_t i = 0; i < 2; i++) {
		const uint64_t *c = ends[i]->counts;
		day_text(ends[i]->at_s, days[i]);
		chart_share_text(c[CHART_AUTHENTICATED] + c[CHART_SEALED], sum_of(c), shares[i]);
	}
	snprintf(ret_text, cap, "Sealed: %s on %s, %s on %s.", shares[0], days[0], shares[1],
	         days[1]);
}

static void column(struct html *h, const struct chart_day *day, struct box room)
{
	uint64_t sum = sum_of(day->counts);
	double y = room.y + room.height;
	for (size_t i = 0; sum && i < CHART_PART_COUNT; i++) {
		double height = room.height * (double)day->counts[i] / (double)sum;
		if (day->counts[i] && height < 1) /* what is there is seen */
			height = 1;
		y -= height;
		if (day->counts[i])
			rect(h, parts[i].fill,
			     (struct box){ room.x, y < room.y ? room.y : y, room.width, height });
	}
}

static void scale(struct html *h, struct box plot)
{
	static const char *const marks[] = { "100 %", "50 %", "0 %" };
	for (size_t i = 0; i < 3; i++) {
		double y = plot.y + plot.height * (double)i / 2;
		rect(h, "chart-line", (struct box){ plot.x, y, plot.width, 1 });
		label(h, "chart-scale", (struct box){ LEFT - 6, y + 4, 0, 0 }, marks[i]);
	}
}

static void dates(struct html *h, const struct chart_trend *t, struct box plot)
{
	char text[16];
	day_text(t->days[0].at_s, text);
	label(h, "chart-first", (struct box){ plot.x, HEIGHT - 6, 0, 0 }, text);
	day_text(t->days[t->count - 1].at_s, text);
	label(h, "chart-last", (struct box){ plot.x + plot.width, HEIGHT - 6, 0, 0 }, text);
}

void chart_trend(struct html *h, const struct chart_trend *t)
{
	char words[160];
	struct box plot = { LEFT, TOP, WIDTH - LEFT, HEIGHT - TOP - BOTTOM };
	if (!t->count)
		return;
	double step = plot.width / (double)t->count;
	trend_words(t, words, sizeof(words));
	svg_open(h, t->id, "chart", WIDTH, HEIGHT);
	named(h, "title", t->id, t->title);
	named(h, "desc", t->id, words);
	scale(h, plot);
	for (size_t i = 0; i < t->count; i++)
		column(h, &t->days[i],
		       (struct box){ plot.x + step * (double)i + step * 0.1, plot.y, step * 0.8,
		                     plot.height });
	dates(h, t, plot);
	html_close(h);
}

/* "sealed 80.0 %, plain 20.0 %" */
static void bar_words(const uint64_t counts[CHART_PART_COUNT], uint64_t sum, char *ret_text,
                      size_t cap)
{
	size_t len = 0;
	ret_text[0] = '\0';
	for (size_t i = 0; i < CHART_PART_COUNT; i++) {
		char share[16];
		if (!counts[i])
			continue;
		chart_share_text(counts[i], sum, share);
		len += (size_t)snprintf(ret_text + len, cap - len, "%s%s %s", len ? ", " : "",
		                        parts[i].name, share);
	}
}

void chart_bar(struct html *h, const char *title, const uint64_t counts[CHART_PART_COUNT])
{
	uint64_t sum = sum_of(counts);
	char words[160], all[320], view[48];
	double x = 0;
	if (!sum)
		return;
	bar_words(counts, sum, words, sizeof(words));
	snprintf(all, sizeof(all), "%s: %s", title, words);
	snprintf(view, sizeof(view), "0 0 %d %d", BAR_WIDTH, BAR_HEIGHT);
	html_open(h, "svg", { "class", "bar" }, { "viewBox", view },
	          { "preserveAspectRatio", "none" }, { "role", "img" }, { "aria-label", all });
	html_element(h, "title", words);
	for (size_t i = 0; i < CHART_PART_COUNT; i++) {
		double width = BAR_WIDTH * (double)counts[i] / (double)sum;
		if (!counts[i])
			continue;
		if (width < 2)
			width = 2;
		if (x + width > BAR_WIDTH)
			x = BAR_WIDTH - width;
		rect(h, parts[i].fill, (struct box){ x, 0, width, BAR_HEIGHT });
		x += width;
	}
	html_close(h);
}

void chart_legend(struct html *h)
{
	html_open(h, "ul", { "class", "legend" });
	for (size_t i = 0; i < CHART_PART_COUNT; i++) {
		html_open(h, "li");
		html_open(h, "svg", { "class", "key" }, { "viewBox", "0 0 10 10" },
		          { "aria-hidden", "true" });
		rect(h, parts[i].fill, (struct box){ 0, 0, 10, 10 });
		html_close(h);
		html_text(h, parts[i].name);
		html_close(h);
	}
	html_close(h);
}
