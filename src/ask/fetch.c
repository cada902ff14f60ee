#include "ask/fetch_private.h"

#include "base/address.h"
#include "base/clean.h"
#include "base/err.h"
#include "policy/sts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_MS = 60000, HTTPS_PORT = 443, HTTP_PORT = 80, HTTP_OK = 200 };

/* A socket of libcurl's. */
struct wire {
	struct fetch *fetch;
	struct io_watch *watch;
	curl_socket_t fd;
};

static void fail(struct fetch_request *r, enum policy_report report, const char *why)
{
	r->report = report;
	slice_to_text(slice_str(why), r->why, sizeof(r->why)); /* a peer may have had its say */
}

static bool is_text_plain(const char *type)
{
	static const char want[] = "text/plain";
	struct slice s = slice_trim(slice_str(type ? type : ""));
	struct slice essence = slice_trim(slice_head(s, slice_find(s, ';')));
	return slice_equal_nocase(essence, slice_str(want));
}

/* What went wrong below HTTP, in words. */
const char *fetch_request_why(const struct fetch_request *r, CURLcode code)
{
	if (r->is_refused)
		return "its address is not one of the public internet";
	return r->error[0] ? r->error : curl_easy_strerror(code);
}

static bool judge(struct fetch_request *r, CURLcode code)
{
	static const enum policy_report error = POLICY_REPORT_STS_POLICY_FETCH_ERROR;
	long status = 0;
	const char *type = NULL;
	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(r->easy, CURLINFO_CONTENT_TYPE, &type);
	if (r->is_too_long)
		fail(r, error, "it is longer than 64 KiB");
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		fail(r, POLICY_REPORT_STS_WEBPKI_INVALID, fetch_request_why(r, code));
	else if (code)
		fail(r, error, fetch_request_why(r, code));
	else if (status != HTTP_OK)
		snprintf(r->why, sizeof(r->why), "the web server answers with %ld, not 200%s",
		         status,
		         status / 100 == 3 ? " (redirects do not count, RFC 8461 3.3)" : "");
	else if (!is_text_plain(type))
		fail(r, error, "its content type is not text/plain");
	if (r->why[0] && !r->report)
		r->report = error;
	return true;
}

static bool judge_post(struct fetch_request *r, CURLcode code)
{
	long status = 0;
	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code)
		fail(r, POLICY_REPORT_NONE, fetch_request_why(r, code));
	else if (status / 100 != 2)
		snprintf(r->why, sizeof(r->why), "the web server answers with %ld", status);
	return true;
}

static void ends_take(struct fetch *f)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(f->multi, &left))) {
		struct fetch_request *r = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&r);
		if (r->judge(r, message->data.result))
			io_soon_add(f->loop, &r->ended);
	}
}

static void on_ended(struct io_later *later)
{
	struct fetch_request *r =
		(struct fetch_request *)((char *)later - offsetof(struct fetch_request, ended));
	r->tell(r);
}

static void result_tell(struct fetch_request *r)
{
	struct fetch_result result = { .why = r->why[0] ? r->why : NULL,
		                       .report = r->report,
		                       .body = buf_slice(&r->body) };
	r->fn(r->owner, &result); /* r may be gone */
}

static void act(struct fetch *f, curl_socket_t fd, int events)
{
	int running;
	curl_multi_socket_action(f->multi, fd, events, &running);
	ends_take(f);
}

static void on_ready(void *owner, int ready)
{
	struct wire *w = owner; /* gone after the call, maybe */
	act(w->fetch, w->fd,
	    (ready & IO_READ ? CURL_CSELECT_IN : 0) | (ready & IO_WRITE ? CURL_CSELECT_OUT : 0));
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *socket_owner)
{
	struct fetch *f = owner;
	struct wire *w = socket_owner;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			io_watch_free(w->watch);
		free(w);
		return 0;
	}
	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return -1;
		*w = (struct wire){ .fetch = f, .fd = fd };
		if (io_watch_new(&w->watch, f->loop, fd, on_ready, w)) {
			free(w);
			return -1;
		}
		curl_multi_assign(f->multi, fd, w);
	}
	io_watch_set(w->watch,
	             (what & CURL_POLL_IN ? IO_READ : 0) | (what & CURL_POLL_OUT ? IO_WRITE : 0));
	return 0;
}

static void on_timer(struct io_deadline *d)
{
	act((struct fetch *)((char *)d - offsetof(struct fetch, timer)), CURL_SOCKET_TIMEOUT, 0);
}

static void on_soon(struct io_later *later)
{
	act((struct fetch *)((char *)later - offsetof(struct fetch, soon)), CURL_SOCKET_TIMEOUT, 0);
}

static int on_wait(CURLM *multi, long ms, void *owner)
{
	struct fetch *f = owner;
	if (ms < 0)
		io_deadline_disarm(&f->timer);
	else if (!ms)
		io_soon_add(f->loop, &f->soon); /* libcurl is not called from inside itself */
	else
		io_deadline_arm(f->loop, &f->timer, (uint64_t)ms);
	return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *owner)
{
	struct fetch_request *r = owner;
	size_t len = size * count;
	r->is_too_long = buf_len(&r->body) + len > POLICY_STS_FILE_MAX;
	if (r->is_too_long || buf_add(&r->body, slice_of(data, len)))
		return 0;
	return len;
}

int fetch_new(struct fetch **ret_fetch, struct io_loop *loop, const struct fetch_settings *settings)
{
	struct fetch *f = calloc(1, sizeof(*f));
	if (!f)
		return err_raise(-ENOMEM);
	*f = (struct fetch){
		.loop = loop,
		.multi = curl_multi_init(),
		.timer.fn = on_timer,
		.soon.fn = on_soon,
		.timeout_ms = settings->timeout_ms ? settings->timeout_ms : TIMEOUT_MS,
		.port = settings->port ? settings->port : HTTPS_PORT,
		.http_port = settings->http_port ? settings->http_port : HTTP_PORT,
		.refuses = settings->refuses,
	};
	if (!f->multi || buf_add(&f->ca_pem, settings->ca_pem)) {
		fetch_free(f);
		return err_raise(-ENOMEM);
	}
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_wait);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
	*ret_fetch = f;
	return 0;
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	if (f->multi)
		curl_multi_cleanup(f->multi);
	io_deadline_disarm(&f->timer);
	io_later_remove(f->loop, &f->soon);
	curl_slist_free_all(f->ended);
	buf_deinit(&f->ca_pem);
	free(f);
}

/* The one place where libcurl gets a socket: whatever it thinks a name's address is. */
static curl_socket_t on_open(void *owner, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct fetch_request *r = owner;
	char text[DNS_ADDRESS_CAP] = "";
	const void *bytes = to->family == AF_INET
	                            ? (const void *)&((struct sockaddr_in *)&to->addr)->sin_addr
	                            : (const void *)&((struct sockaddr_in6 *)&to->addr)->sin6_addr;
	(void)purpose;
	inet_ntop(to->family, bytes, text, sizeof(text)); /* of another family: no address */
	if (!r->fetch->refuses(text))
		return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	r->is_refused = true;
	return CURL_SOCKET_BAD;
}

/* RFC 8461 3.3, and nothing of the environment: no proxy, no netrc, no other protocol. */
void fetch_request_options_set(struct fetch_request *r, const char *url)
{
	struct fetch *f = r->fetch;
	curl_easy_setopt(r->easy, CURLOPT_URL, url);
	curl_easy_setopt(r->easy, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(r->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(r->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(r->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(r->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(r->easy, CURLOPT_TIMEOUT_MS, (long)f->timeout_ms);
	curl_easy_setopt(r->easy, CURLOPT_USERAGENT, "mailseal");
	curl_easy_setopt(r->easy, CURLOPT_RESOLVE, r->resolve);
	curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, r->error);
	curl_easy_setopt(r->easy, CURLOPT_PRIVATE, r);
	if (f->refuses) {
		curl_easy_setopt(r->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
		curl_easy_setopt(r->easy, CURLOPT_OPENSOCKETDATA, r);
	}
	/* These alone: no file is read when a process is boxed already. */
	struct slice cas = buf_slice(&f->ca_pem);
	struct curl_blob blob = { .data = (void *)(uintptr_t)cas.data,
		                  .len = cas.len,
		                  .flags = CURL_BLOB_NOCOPY };
	curl_easy_setopt(r->easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(r->easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(r->easy, CURLOPT_CAINFO_BLOB, &blob);
}

/* False: no memory. */
static bool resolve_add(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*list, text);
	if (longer)
		*list = longer;
	return longer != NULL;
}

/* The host's addresses; before them hosts that libcurl, which keeps what it is told for ever, may
 * forget. */
static int resolve_write(struct fetch_request *r, const struct fetch_known_host *h)
{
	CLEAN(buf_deinit) struct buf known = {};
	snprintf(r->host, sizeof(r->host), "%s:%u", h->host, h->port);
	int failed = buf_printf(&known, "%s:", r->host);
	for (size_t i = 0; i < h->count && !failed; i++)
		failed = buf_printf(&known, strchr(h->addresses[i], ':') ? "%s[%s]" : "%s%s",
		                    i ? "," : "", h->addresses[i]);
	if (!failed)
		failed = buf_add(&known, slice_of("", 1));
	r->resolve = TAKE(r->fetch->ended);
	if (failed || !resolve_add(&r->resolve, (const char *)buf_slice(&known).data))
		return err_raise(-ENOMEM);
	return 0;
}

int fetch_request_new(struct fetch_request **ret_request, struct fetch *f,
                      const struct fetch_known_host *host, void *owner)
{
	struct fetch_request *r = calloc(1, sizeof(*r));
	if (!r)
		return err_raise(-ENOMEM);
	*r = (struct fetch_request){
		.fetch = f, .owner = owner, .easy = curl_easy_init(), .ended.fn = on_ended
	};
	if (!r->easy || resolve_write(r, host)) {
		fetch_request_free(r);
		return err_raise(-ENOMEM);
	}
	*ret_request = r;
	return 0;
}

/* One whose result is a fetch_result. */
static int result_request_new(struct fetch_request **ret_request, struct fetch *f,
                              const struct fetch_known_host *host, fetch_fn *fn, void *owner)
{
	int r = fetch_request_new(ret_request, f, host, owner);
	if (r)
		return err_up(r);
	(*ret_request)->fn = fn;
	(*ret_request)->judge = judge;
	(*ret_request)->tell = result_tell;
	return 0;
}

int fetch_request_begin(struct fetch_request **ret_request, struct fetch_request *r)
{
	if (curl_multi_add_handle(r->fetch->multi, r->easy)) {
		fetch_request_free(r);
		return err_raise(-ENOMEM);
	}
	*ret_request = r;
	return 0;
}

int fetch_policy(struct fetch_request **ret_request, struct fetch *f, const char *domain,
                 const char (*addresses)[DNS_ADDRESS_CAP], size_t count, fetch_fn *fn, void *owner)
{
	char host[300], url[360];
	struct fetch_request *r;
	snprintf(host, sizeof(host), "mta-sts.%s", domain);
	snprintf(url, sizeof(url), "https://%s:%u/.well-known/mta-sts.txt", host, f->port);
	int result = result_request_new(
		&r, f, &(struct fetch_known_host){ host, f->port, addresses, count }, fn, owner);
	if (result)
		return err_up(result);
	fetch_request_options_set(r, url);
	return err_up(fetch_request_begin(ret_request, r));
}

static bool part_get(CURLU *u, CURLUPart part, char **ret_text)
{
	*ret_text = NULL;
	return !curl_url_get(u, part, ret_text, part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0);
}

static void place_take(CURLU *u, struct fetch_place *ret_place)
{
	char *host, *port;
	if (part_get(u, CURLUPART_HOST, &host) && strlen(host) < sizeof(ret_place->host)) {
		size_t len = strlen(host), at = host[0] == '[';
		for (size_t i = at; i < len - at; i++)
			ret_place->host[i - at] =
				(char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] | 0x20 : host[i]);
		ret_place->is_address = address_is_literal(ret_place->host);
	}
	if (part_get(u, CURLUPART_PORT, &port))
		ret_place->port = (unsigned)strtoul(port, NULL, 10);
	curl_free(host);
	curl_free(port);
}

bool fetch_place_of(const char *url, struct fetch_place *ret_place)
{
	char *scheme = NULL, *user = NULL;
	CURLU *u = curl_url();
	*ret_place = (struct fetch_place){};
	if (u && !curl_url_set(u, CURLUPART_URL, url, 0) &&
	    part_get(u, CURLUPART_SCHEME, &scheme) && !strcmp(scheme, "https") &&
	    !part_get(u, CURLUPART_USER, &user))
		place_take(u, ret_place);
	curl_free(scheme);
	curl_free(user);
	curl_url_cleanup(u);
	return ret_place->port && (ret_place->is_address || dns_name_is_host(ret_place->host));
}

/* Behind fetch_request_options_set(). */
static int post_options_set(struct fetch_request *r, const struct fetch_parcel *parcel)
{
	char type[128];
	r->judge = judge_post;
	snprintf(type, sizeof(type), "Content-Type: %s", parcel->type);
	r->header = curl_slist_append(NULL, type);
	if (!r->header || !curl_slist_append(r->header, "Expect:"))
		return err_raise(-ENOMEM);
	curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->header);
	curl_easy_setopt(r->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE, (long)parcel->body.len);
	if (curl_easy_setopt(r->easy, CURLOPT_COPYPOSTFIELDS, parcel->body.data))
		return err_raise(-ENOMEM);
	return 0;
}

int fetch_post(struct fetch_request **ret_request, struct fetch *f,
               const struct fetch_parcel *parcel, fetch_fn *fn, void *owner)
{
	struct fetch_request *r;
	struct fetch_place place;
	if (!fetch_place_of(parcel->url, &place))
		return err_raise(-EINVAL);
	const struct fetch_known_host host = { place.host, place.port, parcel->addresses,
		                               parcel->count };
	int result = result_request_new(&r, f, &host, fn, owner);
	if (result)
		return err_up(result);
	fetch_request_options_set(r, parcel->url);
	result = post_options_set(r, parcel);
	if (result) {
		fetch_request_free(r);
		return err_up(result);
	}
	return err_up(fetch_request_begin(ret_request, r));
}

/* For the next one to tell libcurl; for want of memory it is kept. */
static void host_forget(struct fetch_request *r)
{
	char text[sizeof(r->host) + 1];
	snprintf(text, sizeof(text), "-%s", r->host);
	if (r->host[0])
		(void)!resolve_add(&r->fetch->ended, text);
}

void fetch_request_free(struct fetch_request *r)
{
	if (!r)
		return;
	if (r->easy)
		curl_multi_remove_handle(r->fetch->multi, r->easy);
	curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->resolve);
	curl_slist_free_all(r->header);
	host_forget(r);
	io_later_remove(r->fetch->loop, &r->ended);
	fetch_page_state_free(r->page);
	buf_deinit(&r->body);
	free(r);
}
