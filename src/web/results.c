#include "web/results.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void web_results_init(struct web_results *results)
{
	results->oldest = NULL;
	results->end = &results->oldest;
	results->count = results->bytes = 0;
}

static size_t size_of(const struct web_result *r)
{
	return sizeof(*r) + buf_len(&r->html->body) + buf_len(&r->json->body);
}

static void remove_at(struct web_results *results, struct web_result **at)
{
	struct web_result *r = *at;
	*at = r->next;
	if (!*at)
		results->end = at;
	results->count--;
	results->bytes -= size_of(r);
	web_kept_unref(r->html);
	web_kept_unref(r->json);
	free(r);
}

void web_results_deinit(struct web_results *results)
{
	while (results->oldest)
		remove_at(results, &results->oldest);
}

static struct web_result **place_of(struct web_results *results, const char *domain)
{
	struct web_result **at = &results->oldest;
	while (*at && strcmp((*at)->domain, domain) != 0)
		at = &(*at)->next;
	return at;
}

static void old_remove(struct web_results *results, uint64_t now_ms)
{
	while (results->oldest && now_ms - results->oldest->at_ms >= results->kept_ms)
		remove_at(results, &results->oldest);
}

static void room_make(struct web_results *results)
{
	while (results->count > results->count_max || results->bytes > results->bytes_max)
		remove_at(results, &results->oldest);
}

static int result_new(struct web_result **ret_result, const char *domain, struct buf *html,
                      struct buf *json)
{
	struct web_result *r = calloc(1, sizeof(*r));
	struct web_kept *page = web_kept_new(html), *data = web_kept_new(json);
	if (!r || !page || !data) {
		web_kept_unref(page);
		web_kept_unref(data);
		free(r);
		return err_raise(-ENOMEM);
	}
	snprintf(r->domain, sizeof(r->domain), "%s", domain);
	r->html = page;
	r->json = data;
	*ret_result = r;
	return 0;
}

int web_results_put(struct web_results *results, const char *domain, struct buf *html,
                    struct buf *json, uint64_t now_ms)
{
	struct web_result *r = NULL, **same = place_of(results, domain);
	if (*same)
		remove_at(results, same);
	if (buf_len(html) + buf_len(json) > results->bytes_max / 4) {
		buf_deinit(html);
		buf_deinit(json);
		return WEB_RESULTS_TOO_LARGE;
	}
	int failed = result_new(&r, domain, html, json);
	if (failed)
		return err_up(failed);
	r->at_ms = now_ms;
	*results->end = r;
	results->end = &r->next;
	results->count++;
	results->bytes += size_of(r);
	old_remove(results, now_ms);
	room_make(results);
	return 0;
}

const struct web_result *web_results_find(struct web_results *results, const char *domain,
                                          uint64_t now_ms)
{
	old_remove(results, now_ms);
	return *place_of(results, domain);
}
