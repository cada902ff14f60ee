/* Requests of any bytes to the page of `check --serve`: four texts, each with a NUL behind it:
 * target, body, X-Forwarded-For, method. What comes is an answer, and runs have an end. */
#include "base/clean.h"
#include "dns/message.h"
#include "web/serve.h"

#undef NDEBUG
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned runs;

static int on_begin(void *owner, const char *domain, const char *visitor)
{
	(void)owner;
	assert(dns_name_is_host(domain) && strchr(domain, '.'));
	assert(visitor[0] && strlen(visitor) < WEB_VISITOR_CAP);
	runs++;
	return 0;
}

static bool on_progress(void *owner, const char *domain, struct check_run_progress *ret_progress)
{
	(void)owner, (void)domain;
	*ret_progress = (struct check_run_progress){ .endpoint_count = 2, .done = 1 };
	return true;
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

static void ask(struct web_serve *serve, const struct web_request *request)
{
	struct web_reply reply = {};
	web_serve_answer(serve, request, &reply);
	struct slice body = buf_slice(reply.kept ? &reply.kept->body : &reply.body);
	assert(reply.status >= 200 && reply.status < 600 && body.len);
	assert(!memmem(body.data, body.len, "<script", 7));
	assert(reply.content != WEB_CONTENT_HTML || memmem(body.data, body.len, "</html>", 7));
	assert(!reply.location[0] || (reply.location[0] == '/' && reply.location[1] != '/'));
	web_kept_unref(reply.kept);
	buf_deinit(&reply.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct web_serve_settings set = { .source = WEB_VISITOR_FORWARDED,
		                                .an_hour = 5,
		                                .profile = "m3aawg",
		                                .begin = on_begin,
		                                .progress = on_progress };
	struct web_serve *serve;
	struct slice rest = slice_of(data, size);
	struct web_request request = { .target = text_take(&rest) };
	const char *body = text_take(&rest);
	request.forwarded = text_take(&rest);
	const char *method = text_take(&rest);
	request.method = method ? method : "POST";
	request.body = slice_str(body ? body : "");
	if (!request.target || web_serve_new(&serve, &set))
		return 0;
	runs = 0;
	for (unsigned i = 0; i < 8; i++)
		ask(serve, &request);
	assert(runs <= 1);
	request.method = "GET";
	ask(serve, &request);
	web_serve_free(serve);
	return 0;
}
