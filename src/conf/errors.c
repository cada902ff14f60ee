/* The list of what is wrong with a file. */
#include "conf/errors.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void error_deinit(struct conf_error *e)
{
	free(e->file);
	free(e->setting);
	free(e->message);
	free(e->mend);
	*e = (struct conf_error){};
}

void conf_errors_deinit(struct conf_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		error_deinit(&errors->items[i]);
	free(errors->items);
	*errors = (struct conf_errors){};
}

/* Peers do not write here, but a terminal reads it: control bytes become '?'. */
static void text_tame(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

__attribute__((format(printf, 1, 0))) static char *text_format(const char *format, va_list args)
{
	char *text;
	if (vasprintf(&text, format, args) < 0)
		return NULL;
	text_tame(text);
	return text;
}

int conf_errors_add(struct conf_errors *errors, struct conf_place place, bool is_warning,
                    const char *format, va_list args)
{
	struct conf_error *grown =
		reallocarray(errors->items, errors->count + 1, sizeof(*errors->items));
	if (!grown)
		return err_raise(-ENOMEM);
	errors->items = grown;
	struct conf_error e = {
		.file = place.file ? strdup(place.file) : NULL,
		.line = place.line,
		.setting = strdup(place.setting),
		.message = text_format(format, args),
		.mend = strdup(""),
		.is_warning = is_warning,
	};
	if ((place.file && !e.file) || !e.setting || !e.message || !e.mend) {
		error_deinit(&e);
		return err_raise(-ENOMEM);
	}
	errors->items[errors->count++] = e;
	errors->error_count += !is_warning;
	return 0;
}

int conf_errors_mend(struct conf_errors *errors, const char *format, va_list args)
{
	char *mend = text_format(format, args);
	if (!mend)
		return err_raise(-ENOMEM);
	struct conf_error *last = &errors->items[errors->count - 1];
	free(last->mend);
	last->mend = mend;
	return 0;
}

void conf_errors_print(const struct conf_errors *errors, FILE *out)
{
	for (size_t i = 0; i < errors->count; i++) {
		const struct conf_error *e = &errors->items[i];
		fputs(e->file ? e->file : "configuration", out);
		if (e->line)
			fprintf(out, ":%d", e->line);
		fprintf(out, ": %s", e->is_warning ? "warning: " : "");
		if (e->setting[0])
			fprintf(out, "%s: ", e->setting);
		fputs(e->message, out);
		if (e->mend[0])
			fprintf(out, "; %s", e->mend);
		fputc('\n', out);
	}
}
