/* A whole file: what is accepted must be shown in a form that is accepted and means the same. */
#include "base/clean.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void); /* NOLINT(bugprone-reserved-identifier) */

/* libconfig 1.5 loses the text it was in when it meets a syntax error: some bytes a bad file. */
const char *__lsan_default_suppressions(void) /* NOLINT(bugprone-reserved-identifier) */
{
	return "leak:libconfig\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t now_s = 1798761600;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	CLEAN(conf_settings_freep) struct conf_settings *s = NULL;
	CLEAN(conf_settings_freep) struct conf_settings *again = NULL;
	CLEAN(freep) char *text = strndup((const char *)data, size);
	CLEAN(freep) char *shown = NULL;
	size_t len;
	if (!text)
		return 0;
	int r = conf_read_text(&s, text, now_s, &errors);
	if (r < 0 || (r == CONF_BAD) != (errors.error_count > 0))
		abort();
	if (r)
		return 0;
	FILE *out = open_memstream(&shown, &len);
	if (!out)
		return 0;
	conf_print_settings(out, s);
	fclose(out);
	if (conf_read_text(&again, shown, now_s, &errors) || conf_reload_effect(s, again))
		abort();
	return 0;
}
