/* What a request over libcurl is made of. Inside ask/ alone. */
#ifndef ASK_FETCH_PRIVATE_H
#define ASK_FETCH_PRIVATE_H

#include "ask/fetch.h"
#include "base/buf.h"
#include "io/loop.h"

#include <curl/curl.h>

struct fetch {
	struct io_loop *loop;
	CURLM *multi;
	struct io_deadline timer;
	struct io_later soon;
	struct buf ca_pem;
	struct curl_slist *ended; /* "-HOST:PORT" of requests that did */
	unsigned timeout_ms;
	unsigned port, http_port;
	fetch_refuses_fn *refuses;
};

struct fetch_request {
	struct fetch *fetch;
	/* It is through, well or not; false: it begins anew. */
	bool (*judge)(struct fetch_request *r, CURLcode code);
	/* Calls the owner's function; r may be gone behind it. */
	void (*tell)(struct fetch_request *r);
	fetch_fn *fn;
	void *owner;
	CURL *easy;
	char host[320]; /* and port */
	struct curl_slist *resolve;
	struct curl_slist *header; /* of a post */
	struct buf body;
	bool is_too_long;
	bool is_refused; /* an address of it was */
	struct io_later ended;
	char why[CURL_ERROR_SIZE + 64];
	char error[CURL_ERROR_SIZE];
	enum policy_report report;
	struct fetch_page_state *page; /* of a fetch_page_get(); owned */
};

/* What curl is to take for the addresses of a host. */
struct fetch_known_host {
	const char *host;
	unsigned port;
	const char (*addresses)[DNS_ADDRESS_CAP];
	size_t count;
};

/* judge and tell are the caller's to set. */
[[nodiscard]] int fetch_request_new(struct fetch_request **ret_request, struct fetch *f,
                                    const struct fetch_known_host *host, void *owner);
void fetch_request_options_set(struct fetch_request *r, const char *url);
/* Takes r, which is told of from now on. */
[[nodiscard]] int fetch_request_begin(struct fetch_request **ret_request, struct fetch_request *r);
const char *fetch_request_why(const struct fetch_request *r, CURLcode code);
void fetch_page_state_free(struct fetch_page_state *page);

#endif
