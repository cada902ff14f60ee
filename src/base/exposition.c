#include "base/exposition.h"

static void put(struct exposition *e, struct slice bytes)
{
	if (!e->has_failed && buf_add(&e->out, bytes))
		e->has_failed = true;
}

static void put_str(struct exposition *e, const char *text)
{
	put(e, slice_str(text));
}

static void put_label_value(struct exposition *e, const char *text)
{
	for (; *text; text++) {
		bool is_plain = *text >= ' ' && *text <= '~';
		if (*text == '"' || *text == '\\')
			put_str(e, "\\");
		put(e, is_plain ? slice_of(text, 1) : slice_str("?"));
	}
}

void exposition_deinit(struct exposition *e)
{
	buf_deinit(&e->out);
}

void exposition_begin(struct exposition *e, const struct exposition_family *f)
{
	if (!e->has_failed &&
	    buf_printf(&e->out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name,
	               f->kind == EXPOSITION_COUNTER ? "counter" : "gauge"))
		e->has_failed = true;
}

void exposition_value_with(struct exposition *e, const struct exposition_family *f,
                           const struct exposition_label *labels, double value)
{
	put_str(e, f->name);
	for (size_t i = 0; labels[i].name; i++) {
		put_str(e, i ? "," : "{");
		put_str(e, labels[i].name);
		put_str(e, "=\"");
		put_label_value(e, labels[i].value);
		put_str(e, "\"");
	}
	if (labels[0].name)
		put_str(e, "}");
	if (!e->has_failed && buf_printf(&e->out, " %.17g\n", value))
		e->has_failed = true;
}
