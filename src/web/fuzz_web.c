/* A request of any bytes: four texts, each with a NUL behind it. What comes is an answer. */
#include "conf/settings.h"
#include "web/reply.h"
#include "web/web.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char state[] =
	"{\"state\": \"running\", \"workers\": [{\"slot\": 0, \"ready\": true}], \"sums\": {}}";
static const char in_force[] =
	"{\"edges\": [{\"name\": \"mx\"}], \"certificates\": [{\"name\": \"a\"}]}";

static struct web *web_made(void)
{
	static struct conf_settings settings;
	static struct web *web;
	if (web)
		return web;
	assert(!web_new(&web, &(struct web_settings){ .settings = &settings,
	                                              .ledger_path = "/nonexistent" }));
	web_set_state(web, slice_str(state));
	web_set_in_force(web, slice_str(in_force));
	return web;
}

/* The next text, or NULL. */
static const char *text_take(struct slice *rest)
{
	size_t end = slice_find(*rest, '\0');
	const char *text = (const char *)rest->data;
	if (end == rest->len)
		return NULL;
	*rest = slice_skip(*rest, end + 1);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size);
	struct web_reply reply = {};
	struct web_request request = { .now_s = 1800000000 };
	request.target = text_take(&rest);
	request.host = text_take(&rest);
	request.authorization = text_take(&rest);
	const char *method = text_take(&rest);
	request.method = method ? method : "GET";
	if (!request.target)
		return 0;
	web_answer(web_made(), &request, &reply);
	assert(reply.status >= 200 && reply.status < 600 && buf_len(&reply.body));
	struct slice body = buf_slice(&reply.body);
	assert(!memmem(body.data, body.len, "<script", 7));
	assert(reply.content != WEB_CONTENT_HTML || memmem(body.data, body.len, "</html>", 7));
	buf_deinit(&reply.body);
	return 0;
}
