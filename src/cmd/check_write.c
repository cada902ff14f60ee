#include "cmd/check_write.h"

#include "base/clean.h"
#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int complain(const char *path, const char *why)
{
	fprintf(stderr, "mailseal check: %s: %s\n", path, why);
	return -1;
}

static int file_open(FILE **ret_file, const char *path, const char *mode)
{
	if (!path)
		return 0;
	*ret_file = fopen(path, mode);
	return *ret_file ? 0 : complain(path, strerror(errno));
}

static int file_close(FILE **file, const char *path, int r)
{
	if (!*file)
		return r;
	if (fclose(*file) && !r)
		r = complain(path, strerror(errno));
	*file = NULL;
	return r;
}

/* Whoever collects it reads at any time: it gets its name when it is whole. */
static int metrics_open(struct check_writer *w, const char *path)
{
	if (!path)
		return 0;
	if (asprintf(&w->metrics_path, "%s.new", path) < 0) {
		w->metrics_path = NULL;
		return complain(path, "out of memory");
	}
	return file_open(&w->prometheus, w->metrics_path, "w");
}

static int metrics_close(struct check_writer *w, int r)
{
	r = file_close(&w->prometheus, w->metrics_path, r);
	if (!r && w->metrics_path && rename(w->metrics_path, w->options->prometheus))
		r = complain(w->options->prometheus, strerror(errno));
	free(w->metrics_path);
	w->metrics_path = NULL;
	return r;
}

/* A last line that a crash cut is ended, so that the next result stands alone. */
static int resume_open(struct check_writer *w, const char *path)
{
	int r = file_open(&w->resume, path, "a+");
	if (r || !path || fseek(w->resume, -1, SEEK_END))
		return r;
	bool is_cut = fgetc(w->resume) != '\n';
	fseek(w->resume, 0, SEEK_END);
	return is_cut && fputc('\n', w->resume) == EOF ? complain(path, strerror(errno)) : 0;
}

static int baseline_open(struct check_writer *w, const char *path)
{
	CLEAN(buf_deinit) struct buf bytes = {};
	const char *why = "cannot be read";
	if (!path)
		return 0;
	int r = file_read(&bytes, path, CHECK_BASELINE_MAX, NULL);
	if (r)
		return complain(path, file_error(r));
	if (check_baseline_read(buf_slice(&bytes), &w->baseline, &why))
		return complain(path, why);
	w->has_baseline = true;
	return 0;
}

/* What was written goes out; the buffer is empty behind it. */
static int flush(FILE *file, struct buf *out, int r)
{
	struct slice bytes = buf_slice(out);
	if (!r && bytes.len && fwrite(bytes.data, 1, bytes.len, file) != bytes.len)
		r = -1;
	buf_clear(out);
	return r;
}

int check_writer_begin(struct check_writer *w, const struct check_options *options, bool is_long)
{
	CLEAN(buf_deinit) struct buf out = {};
	*w = (struct check_writer){ .options = options, .is_long = is_long };
	int r = file_open(&w->html, options->html, "w");
	if (!r)
		r = file_open(&w->junit, options->junit, "w");
	if (!r)
		r = metrics_open(w, options->prometheus);
	if (!r)
		r = resume_open(w, options->resume);
	if (!r)
		r = baseline_open(w, options->baseline);
	if (!r && w->html)
		r = flush(w->html, &out, check_print_html_begin(&out, "mailseal check"));
	if (!r && w->junit)
		r = flush(w->junit, &out, check_print_junit_begin(&out));
	return r;
}

static int report_print(struct buf *out, const struct check_writer *w,
                        const struct check_report *report)
{
	const struct check_text_style style = {
		.has_colour = isatty(STDOUT_FILENO),
		.shows_all = w->options->shows_all,
	};
	if (w->options->is_json)
		return check_print_json(out, report, !w->is_long);
	if (w->is_long && !w->options->shows_all)
		return check_print_line(out, report);
	return check_print_text(out, report, &style);
}

static int changes_print(struct buf *out, const struct check_writer *w,
                         const struct check_report *report)
{
	struct check_changes changes = {};
	if (!w->has_baseline || w->options->is_json)
		return 0;
	int r = check_baseline_compare(&w->baseline, report, &changes);
	if (!r)
		r = check_print_changes(out, &changes);
	check_changes_deinit(&changes);
	return r;
}

/* What is surely bad says more than what could not be seen. */
static void status_raise(struct check_writer *w, const struct check_report *report)
{
	bool is_lost = report->domain->why[0];
	if (!is_lost && check_report_bad(report, w->options->threshold))
		w->status = CHECK_NOT_WELL;
	else if (w->status == CHECK_WELL && (is_lost || report->overall.is_partial))
		w->status = CHECK_COULD_NOT_TELL;
}

int check_writer_add(struct check_writer *w, const struct check_report *report)
{
	CLEAN(buf_deinit) struct buf out = {};
	int r = report_print(&out, w, report);
	if (!r)
		r = changes_print(&out, w, report);
	r = flush(stdout, &out, r);
	if (!r && w->resume) {
		r = flush(w->resume, &out, check_print_json(&out, report, false));
		r = r || fflush(w->resume);
	}
	if (!r && w->html)
		r = flush(w->html, &out, check_print_html(&out, report));
	if (!r && w->junit)
		r = flush(w->junit, &out, check_print_junit(&out, report, w->options->threshold));
	if (w->prometheus)
		check_print_prometheus(&w->metrics, report);
	status_raise(w, report);
	return r ? complain("a result", "cannot be written") : 0;
}

int check_writer_end(struct check_writer *w)
{
	CLEAN(buf_deinit) struct buf out = {};
	int r = 0;
	if (w->html)
		r = flush(w->html, &out, check_print_html_end(&out));
	if (!r && w->junit)
		r = flush(w->junit, &out, check_print_junit_end(&out));
	/* Gives its memory back, whether or not anybody wants it. */
	int written = check_print_prometheus_end(&w->metrics, &out);
	if (!r && w->prometheus)
		r = flush(w->prometheus, &out, written);
	if (r)
		complain("a result", "cannot be written");
	r = file_close(&w->html, w->options->html, r);
	r = file_close(&w->junit, w->options->junit, r);
	r = metrics_close(w, r);
	r = file_close(&w->resume, w->options->resume, r);
	check_baseline_deinit(&w->baseline);
	return r;
}
