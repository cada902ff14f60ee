/* A page of any bytes; its forms' actions are read as references, too. */
#include "check/header.h"
#include "check/webform.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text_check(const char *text, size_t cap)
{
	assert(strnlen(text, cap) < cap);
	for (; *text; text++)
		assert(*text >= ' ' && *text <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct check_url page = { true, true, "/a/b" };
	struct check_webform f;
	struct check_url u;
	check_webform_scan(slice_of(data, size), &f);
	assert(f.count <= CHECK_FORMS_MAX && (f.has_password || !f.count));
	text_check(f.base, sizeof(f.base));
	for (unsigned i = 0; i < f.count; i++) {
		text_check(f.actions[i], sizeof(f.actions[i]));
		if (check_url_take(f.actions[i], &page, "web.example", &u))
			assert(u.path[0] == '/' && !strpbrk(u.path, " \r\n#"));
	}
	return 0;
}
