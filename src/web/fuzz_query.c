/* A request's target and Host of any bytes; what of it is shown stays text. */
#include "base/clean.h"
#include "base/html.h"
#include "web/query.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* Between the quotes of the attribute nothing ends it, and in the element nothing begins. */
static void show(const char *text)
{
	CLEAN(html_deinit) struct html h = {};
	html_element(&h, "td", text, { "title", text });
	assert(!h.has_failed);
	size_t quotes = 0, begins = 0;
	struct slice out = buf_slice(&h.out);
	for (size_t i = 0; i < out.len; i++) {
		quotes += out.data[i] == '"';
		begins += out.data[i] == '<';
		assert(out.data[i] >= ' ' || i + 1 == out.len);
	}
	assert(quotes == 2 && begins == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct web_query q;
	if (size && data[size - 1] == '\0') /* a text */
		(void)web_host_is_ours((const char *)data, NULL, 0);
	if (web_query_parse(&q, slice_of(data, size)))
		return 0;
	assert(q.path[0] == '/' && strlen(q.path) <= size && is_clean(q.path));
	show(q.path);
	for (size_t i = 0; i < q.count; i++) {
		assert(is_clean(q.fields[i].name) && is_clean(q.fields[i].value));
		show(q.fields[i].value);
	}
	return 0;
}
