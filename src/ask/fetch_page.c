#include "ask/fetch_private.h"
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct fetch_page_state {
	fetch_page_fn *fn;
	struct buf head;
	char tls_why[CURL_ERROR_SIZE];
	bool takes_bad_certificate;
	bool has_begun_anew;
	bool is_connected;
	unsigned status;
};

void fetch_page_state_free(struct fetch_page_state *page)
{
	if (!page)
		return;
	buf_deinit(&page->head);
	free(page);
}

/* What fits, and then no more: the rest is not waited for. */
static size_t take(struct fetch_request *r, struct buf *to, struct slice bytes)
{
	size_t room = FETCH_PAGE_MAX - buf_len(to);
	r->is_too_long = bytes.len > room;
	if (buf_add(to, slice_head(bytes, room)))
		return 0;
	return r->is_too_long ? 0 : bytes.len;
}

static size_t on_page(char *data, size_t size, size_t count, void *owner)
{
	struct fetch_request *r = owner;
	return take(r, &r->body, slice_of(data, size * count));
}

static size_t on_head(char *data, size_t size, size_t count, void *owner)
{
	struct fetch_request *r = owner;
	struct slice line = slice_of(data, size * count);
	if (slice_starts_nocase(line, "HTTP/"))
		buf_clear(&r->page->head); /* what came before was 100 or 103 */
	return take(r, &r->page->head, line);
}

/* The page, though not from who it should be: what it is like is to be known all the same. */
static bool begin_anew(struct fetch_request *r, CURLcode code)
{
	struct fetch_page_state *p = r->page;
	slice_to_text(slice_str(fetch_request_why(r, code)), p->tls_why, sizeof(p->tls_why));
	if (!p->takes_bad_certificate || p->has_begun_anew)
		return false;
	p->has_begun_anew = true;
	buf_clear(&r->body);
	buf_clear(&p->head);
	r->error[0] = '\0';
	curl_multi_remove_handle(r->fetch->multi, r->easy);
	curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	return !curl_multi_add_handle(r->fetch->multi, r->easy);
}

/* A connection is there, TLS included. */
static int on_ready(void *owner, char *to, char *from, int to_port, int from_port)
{
	struct fetch_request *r = owner;
	(void)to, (void)from, (void)to_port, (void)from_port;
	r->page->is_connected = true;
	return CURL_PREREQFUNC_OK;
}

static bool judge(struct fetch_request *r, CURLcode code)
{
	struct fetch_page_state *p = r->page;
	long status = 0;
	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR)
		p->is_connected = true; /* TLS began */
	if (code == CURLE_PEER_FAILED_VERIFICATION && begin_anew(r, code))
		return false;
	p->status = status > 0 ? (unsigned)status : 0;
	/* Of an answer that is cut, or too long, the beginning is as good. */
	if (code && !p->status)
		slice_to_text(slice_str(fetch_request_why(r, code)), r->why, sizeof(r->why));
	return true;
}

static void tell(struct fetch_request *r)
{
	const struct fetch_page_state *p = r->page;
	const struct fetch_page page = {
		.is_connected = p->is_connected,
		.why = r->why[0] ? r->why : NULL,
		.tls_why = p->tls_why[0] ? p->tls_why : NULL,
		.status = p->status,
		.head = buf_slice(&p->head),
		.body = buf_slice(&r->body),
	};
	p->fn(r->owner, &page); /* r may be gone */
}

static void options_set(struct fetch_request *r, const struct fetch_page_wish *wish, unsigned port)
{
	char url[2048];
	const char *scheme = wish->is_https ? "https" : "http";
	bool is_v6 = strchr(wish->host, ':');
	snprintf(url, sizeof(url), is_v6 ? "%s://[%s]:%u%s" : "%s://%s:%u%s", scheme, wish->host,
	         port, wish->path);
	fetch_request_options_set(r, url);
	curl_easy_setopt(r->easy, CURLOPT_PROTOCOLS_STR, scheme);
	/* One version of HTTP, whose head is text; and no connection of one page serves another,
	 * for they may differ in what they trust. */
	curl_easy_setopt(r->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(r->easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(r->easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(r->easy, CURLOPT_PREREQFUNCTION, on_ready);
	curl_easy_setopt(r->easy, CURLOPT_PREREQDATA, r);
	curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_page);
	curl_easy_setopt(r->easy, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(r->easy, CURLOPT_HEADERDATA, r);
	if (wish->timeout_ms)
		curl_easy_setopt(r->easy, CURLOPT_TIMEOUT_MS, (long)wish->timeout_ms);
}

int fetch_page_get(struct fetch_request **ret_request, struct fetch *f,
                   const struct fetch_page_wish *wish, fetch_page_fn *fn, void *owner)
{
	struct fetch_request *r;
	unsigned port = wish->port ? wish->port : wish->is_https ? f->port : f->http_port;
	const struct fetch_known_host host = { wish->host, port, wish->addresses, wish->count };
	if (!wish->count) /* libcurl would look the name up by itself */
		return err_raise(-EINVAL);
	int result = fetch_request_new(&r, f, &host, owner);
	if (result)
		return err_up(result);
	r->page = calloc(1, sizeof(*r->page));
	if (!r->page) {
		fetch_request_free(r);
		return err_raise(-ENOMEM);
	}
	r->page->fn = fn;
	r->page->takes_bad_certificate = wish->takes_bad_certificate;
	r->judge = judge;
	r->tell = tell;
	options_set(r, wish, port);
	return err_up(fetch_request_begin(ret_request, r));
}
