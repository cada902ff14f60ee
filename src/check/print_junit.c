/* A report for pipelines: JUnit's XML. */
#include "base/err.h"
#include "check/print.h"

#include <errno.h>
#include <stdio.h>

/* Escaped for XML; what it cannot hold (controls, broken UTF-8) comes out as "?". */
static int xml_write(struct buf *out, const char *text)
{
	int r = 0;
	for (const char *c = text; !r && *c; c++) {
		char one[2] = { slice_byte_shown((uint8_t)*c), '\0' };
		r = buf_add_str(out, *c == '&'   ? "&amp;"
		                     : *c == '<' ? "&lt;"
		                     : *c == '>' ? "&gt;"
		                     : *c == '"' ? "&quot;"
		                                 : one);
	}
	return err_up(r);
}

static int attribute_write(struct buf *out, const char *name, const char *value)
{
	int r = buf_printf(out, " %s=\"", name);
	if (!r)
		r = xml_write(out, value);
	return r ? err_up(r) : err_up(buf_add_str(out, "\""));
}

static int element_write(struct buf *out, const char *tag, const struct check_finding *f)
{
	int r = buf_printf(out, "<%s", tag);
	if (!r)
		r = attribute_write(out, "message", f->evidence);
	if (!r)
		r = buf_add_str(out, ">");
	if (!r)
		r = xml_write(out, f->criterion->why);
	return r ? err_up(r) : err_up(buf_printf(out, "</%s>", tag));
}

static bool counts(const struct check_finding *f, enum check_threshold threshold)
{
	return f->verdict >= (threshold == CHECK_FAILS_ON_WARN ? CHECK_WARN : CHECK_FAIL);
}

static bool is_skipped(const struct check_finding *f)
{
	return f->verdict == CHECK_NOT_TESTED || f->verdict == CHECK_NOT_APPLICABLE;
}

static int case_write(struct buf *out, const struct check_finding *f,
                      enum check_threshold threshold)
{
	char name[CHECK_TEXT_CAP * 2];
	snprintf(name, sizeof(name), "%s %s", f->criterion->id, f->criterion->title);
	int r = buf_add_str(out, "<testcase");
	if (!r)
		r = attribute_write(out, "name", name);
	if (!r)
		r = attribute_write(out, "classname", f->place);
	if (!r)
		r = buf_add_str(out, ">");
	if (!r && counts(f, threshold))
		r = element_write(out, "failure", f);
	if (!r && is_skipped(f))
		r = element_write(out, "skipped", f);
	return r ? err_up(r) : err_up(buf_add_str(out, "</testcase>\n"));
}

int check_print_junit_begin(struct buf *out)
{
	return err_up(buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	                               "<testsuites name=\"mailseal check\">\n"));
}

int check_print_junit(struct buf *out, const struct check_report *report,
                      enum check_threshold threshold)
{
	const unsigned *t = report->totals;
	int r = buf_add_str(out, "<testsuite");
	if (!r)
		r = attribute_write(out, "name", check_report_asked(report));
	if (!r)
		r = buf_printf(out, " tests=\"%zu\" failures=\"%u\" skipped=\"%u\">\n",
		               report->count, check_report_bad(report, threshold),
		               t[CHECK_NOT_TESTED] + t[CHECK_NOT_APPLICABLE]);
	for (size_t i = 0; !r && i < report->count; i++)
		r = case_write(out, &report->findings[i], threshold);
	return r ? err_up(r) : err_up(buf_add_str(out, "</testsuite>\n"));
}

int check_print_junit_end(struct buf *out)
{
	return err_up(buf_add_str(out, "</testsuites>\n"));
}
