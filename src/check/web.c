#include "check/web.h"

#include "base/clean.h"
#include "base/err.h"
#include "check/header.h"
#include "check/webform.h"

#include <errno.h>
#include <stdio.h>

enum { TIMEOUT_MS = 8000, REDIRECTS_MAX = 2, ADDRESSES = 1 };

/* From / over redirects that stay at the host, in clear or in TLS. */
struct walk {
	struct check_web_look *look;
	struct fetch_request *request;
	struct check_url at;
	unsigned redirects;
};

struct check_web_look {
	struct fetch *fetch;
	char host[POLICY_WAY_NAME_CAP];
	char addresses[ADDRESSES][DNS_ADDRESS_CAP];
	unsigned timeout_ms;
	struct check_web *facts;
	check_web_fn *fn;
	void *owner;
	struct walk clear, sealed;
	unsigned open;
};

static int page_get(struct walk *w);

static void walk_end(struct walk *w)
{
	struct check_web_look *look = w->look;
	if (!--look->open)
		look->fn(look->owner); /* look may be gone */
}

static bool is_redirect(unsigned status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void seen_raise(enum check_seen *seen, bool is_so)
{
	if (*seen != CHECK_YES)
		*seen = is_so ? CHECK_YES : CHECK_NO;
}

/* The action that goes in clear, else the first; "" of none. A form on a page in clear can be made
 * to go anywhere by who is between. */
static const char *action_find(const struct walk *w, const struct check_webform *form,
                               bool *ret_is_clear)
{
	const struct check_url *page = &w->at;
	struct check_url base, action;
	*ret_is_clear = !page->is_https;
	if (form->base[0] && check_url_take(form->base, page, w->look->host, &base))
		page = &base;
	for (unsigned i = 0; i < form->count; i++) {
		if (check_url_take(form->actions[i], page, w->look->host, &action) &&
		    !action.is_https) {
			*ret_is_clear = true;
			return form->actions[i];
		}
	}
	return form->count ? form->actions[0] : "";
}

static void login_take(struct walk *w, const struct check_webform *form)
{
	struct check_web *f = w->look->facts;
	bool is_clear;
	const char *action = action_find(w, form, &is_clear);
	if (!f->login[0] || (is_clear && f->login_in_clear != CHECK_YES))
		snprintf(f->login, sizeof(f->login), "%s %.100s%s%.100s",
		         w->at.is_https ? "https" : "http", w->at.path, action[0] ? " to " : "",
		         action);
	seen_raise(&f->login_in_clear, is_clear);
}

static void forms_take(struct walk *w, struct slice body)
{
	struct check_web *f = w->look->facts;
	struct check_webform form;
	check_webform_scan(body, &form);
	if (w->at.is_https || form.has_password)
		seen_raise(&f->has_login, form.has_password);
	if (form.has_password)
		login_take(w, &form);
}

static void cookies_take(struct check_web *f, const struct check_head *head)
{
	if (head->unsafe_cookies)
		f->cookie_is_safe = CHECK_NO;
	else if (head->session_cookies && f->cookie_is_safe == CHECK_UNKNOWN)
		f->cookie_is_safe = CHECK_YES;
}

/* The first answer is that of the host; what redirects lead to says more of its forms alone. */
static void first_take(struct walk *w, const struct fetch_page *page, const struct check_head *head,
                       const struct check_url *to)
{
	struct check_web *f = w->look->facts;
	if (w->at.is_https) {
		f->status = (int)page->status;
		f->hsts_s = head->hsts_s;
		snprintf(f->server, sizeof(f->server), "%s", head->server);
	} else {
		snprintf(f->clear_answer, sizeof(f->clear_answer), "%u%s%.200s", page->status,
		         head->location[0] ? " " : "", head->location);
		f->redirects = to && to->is_https && to->is_same_host ? CHECK_YES : CHECK_NO;
	}
}

/* Where the answer leads; NULL: nowhere. */
static const struct check_url *redirect_take(const struct walk *w, const struct fetch_page *page,
                                             const struct check_head *head, struct check_url *to)
{
	if (!is_redirect(page->status) || !head->location[0] ||
	    !check_url_take(head->location, &w->at, w->look->host, to))
		return NULL;
	return to;
}

static void answer_take(struct walk *w, const struct fetch_page *page, struct check_url *ret_next,
                        bool *ret_goes_on)
{
	struct check_head head;
	check_head_scan(page->head, &head);
	const struct check_url *to = redirect_take(w, page, &head, ret_next);
	if (!w->redirects)
		first_take(w, page, &head, to);
	if (w->at.is_https)
		cookies_take(w->look->facts, &head);
	if (!to)
		forms_take(w, page->body);
	*ret_goes_on = to && to->is_same_host && to->is_https == w->at.is_https &&
	               w->redirects < REDIRECTS_MAX;
}

static void on_page(void *owner, const struct fetch_page *page)
{
	struct walk *w = owner;
	struct check_web *f = w->look->facts;
	struct check_url next;
	bool goes_on = false;
	if (!w->at.is_https && !w->redirects)
		f->is_clear_open = page->is_connected ? CHECK_YES : CHECK_NO;
	if (!page->why)
		answer_take(w, page, &next, &goes_on);
	fetch_request_free(TAKE(w->request));
	if (!goes_on) {
		walk_end(w);
		return;
	}
	w->at = next;
	w->redirects++;
	if (page_get(w))
		walk_end(w);
}

static int page_get(struct walk *w)
{
	const struct check_web_look *look = w->look;
	const struct fetch_page_wish wish = {
		.host = look->host,
		.path = w->at.path,
		.addresses = look->addresses,
		.count = ADDRESSES,
		.is_https = w->at.is_https,
		.takes_bad_certificate = true, /* which is the endpoint's finding (E1, E2) */
		.timeout_ms = look->timeout_ms,
	};
	return err_up(fetch_page_get(&w->request, look->fetch, &wish, on_page, w));
}

int check_web_new(struct check_web_look **ret_look, const struct check_web_settings *set,
                  check_web_fn *fn, void *owner)
{
	static const struct check_url root = { .is_same_host = true, .path = "/" };
	struct check_web_look *look = calloc(1, sizeof(*look));
	if (!look)
		return err_raise(-ENOMEM);
	*look = (struct check_web_look){
		.fetch = set->fetch,
		.timeout_ms = set->timeout_ms ? set->timeout_ms : TIMEOUT_MS,
		.facts = set->facts,
		.fn = fn,
		.owner = owner,
		.clear = { .look = look, .at = root },
		.sealed = { .look = look, .at = root },
		.open = 2,
	};
	look->sealed.at.is_https = true;
	look->facts->hsts_s = -1;
	snprintf(look->host, sizeof(look->host), "%s", set->host);
	snprintf(look->addresses[0], sizeof(look->addresses[0]), "%s", set->address);
	int r = page_get(&look->clear);
	if (!r)
		r = page_get(&look->sealed);
	if (r) {
		check_web_free(look);
		return err_up(r);
	}
	*ret_look = look;
	return 0;
}

void check_web_free(struct check_web_look *w)
{
	if (!w)
		return;
	fetch_request_free(w->clear.request);
	fetch_request_free(w->sealed.request);
	free(w);
}
