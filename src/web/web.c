#include "web/inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/settings.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

static void web_freep(struct web **web)
{
	web_free(*web);
}

int web_new(struct web **ret_web, const struct web_settings *set)
{
	CLEAN(web_freep) struct web *web = calloc(1, sizeof(*web));
	if (!web)
		return err_raise(-ENOMEM);
	web->set = *set;
	web->began_s = time(NULL);
	web->ledger_path = strdup(set->ledger_path);
	if (!web->ledger_path)
		return err_raise(-ENOMEM);
	if (getrandom(&web->seed, sizeof(web->seed), 0) != sizeof(web->seed))
		return err_raise(-EIO);
	*ret_web = TAKE(web);
	return 0;
}

void web_free(struct web *web)
{
	if (!web)
		return;
	web_server_free(web->server);
	web_passwords_free(web->passwords);
	json_decref(web->state);
	json_decref(web->in_force);
	web_cache_deinit(&web->cache);
	free(web->ledger_path);
	free(web);
}

void web_set_settings(struct web *web, const struct conf_settings *settings)
{
	web->set.settings = settings;
}

static void on_request(void *owner, const struct web_request *request, struct web_reply *reply)
{
	web_answer(owner, request, reply);
}

int web_listen(struct web *web, int fd)
{
	web_server_free(TAKE(web->server));
	return err_up(web_server_new(
		&web->server,
		&(struct web_server_settings){
			.loop = web->set.loop, .fd = fd, .owner = web, .on_request = on_request }));
}

int web_set_passwords(struct web *web, struct slice text)
{
	struct web_passwords *list = NULL;
	unsigned line;
	int r = text.len ? web_passwords_new(&list, text, &line) : 0;
	if (r)
		return r;
	web_passwords_free(web->passwords);
	web->passwords = list;
	return 0;
}

static void json_take(json_t **at, struct slice text)
{
	json_t *json = json_loadb((const char *)text.data, text.len, 0, NULL);
	if (!json) {
		log_error(NULL, "dashboard: what the parent says is no JSON");
		return;
	}
	json_decref(*at);
	*at = json;
}

void web_set_state(struct web *web, struct slice json)
{
	json_take(&web->state, json);
}

void web_set_in_force(struct web *web, struct slice json)
{
	json_take(&web->in_force, json);
}

/* True: go on. Else the reply says why not. */
static bool may_look(struct web *web, const struct web_request *request, struct web_reply *reply)
{
	bool is_closed = web->set.settings->dashboard.password_file && !web->passwords;
	if (is_closed) {
		web_reply_say(reply, 503, "the password file is not read yet");
		return false;
	}
	int r = web->passwords ? web_password_check(web->passwords, request->authorization,
	                                            request->now_ms)
	                       : 0;
	if (r == WEB_PASSWORD_WAIT) {
		web_reply_say(reply, 429, "too many wrong passwords, wait a minute");
		reply->may_wait = true;
	} else if (r) {
		web_reply_say(reply, 401, "who are you?");
		reply->asks_password = true;
	}
	return !r;
}

static const struct web_route *route_of(const char *path)
{
	for (size_t i = 0; i < web_route_count; i++)
		if (!strcmp(web_routes[i].path, path))
			return &web_routes[i];
	return NULL;
}

static void page_draw(const struct web *web, const struct web_query *query, int64_t now_s,
                      struct web_reply *reply)
{
	const struct web_route *route = route_of(query->path);
	CLEAN(html_deinit) struct html h = {};
	struct web_page page = { .h = &h, .web = web, .query = query, .now_s = now_s };
	if (!route) {
		web_reply_say(reply, 404, "there is no such page");
		return;
	}
	web_page_begin(&page, route->path, route->title);
	route->draw(&page);
	web_page_end(&page);
	if (h.has_failed) {
		web_reply_say(reply, 500, "out of memory");
		return;
	}
	reply->status = 200;
	reply->content = WEB_CONTENT_HTML;
	reply->body = h.out;
	h.out = (struct buf){};
}

static void style_give(struct web_reply *reply)
{
	web_reply_say(reply, 200, web_style);
	reply->content = WEB_CONTENT_CSS;
}

/* "" of the daemon, an edge's name, or NULL: it does not ask how we are. */
static const char *health_asked(const char *path)
{
	static const char health[] = "/healthz";
	if (strncmp(path, health, sizeof(health) - 1) != 0)
		return NULL;
	const char *rest = path + sizeof(health) - 1;
	return *rest == '/' ? rest + 1 : *rest ? NULL : rest;
}

static uint64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* What may take long. */
static void work(struct web *web, const struct web_request *request, const struct web_query *query,
                 struct web_reply *reply)
{
	if (web_cache_find(&web->cache, request->target, request->now_ms, reply))
		return;
	if (web_cache_is_spent(&web->cache, request->now_ms)) {
		web_reply_say(reply, 503, "too much was asked for, wait a minute");
		reply->may_wait = true;
		return;
	}
	uint64_t began_ms = clock_ms();
	if (!strcmp(query->path, "/metrics"))
		web_metrics(web, request->now_s, reply);
	else
		page_draw(web, query, request->now_s, reply);
	web_cache_keep(&web->cache, request->target, reply, request->now_ms, clock_ms() - began_ms);
}

static void path_answer(struct web *web, const struct web_request *request,
                        const struct web_query *query, struct web_reply *reply)
{
	bool is_metrics = !strcmp(query->path, "/metrics");
	if (!strcmp(query->path, "/style.css"))
		style_give(reply);
	else if (!(is_metrics && web->set.settings->dashboard.metrics_are_open) &&
	         !may_look(web, request, reply))
		return;
	else
		work(web, request, query, reply);
}

void web_answer(struct web *web, const struct web_request *request, struct web_reply *reply)
{
	const struct conf_dashboard *d = &web->set.settings->dashboard;
	struct web_query query;
	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		web_reply_say(reply, 405, "only GET is answered here");
	else if (web_query_parse(&query, slice_str(request->target)))
		web_reply_say(reply, 400, "no such address");
	else if (health_asked(query.path)) /* balancers ask by any name, and learn nothing else */
		web_health(web, health_asked(query.path), reply);
	else if (!web_host_is_ours(request->host, d->names, d->name_count))
		web_reply_say(reply, 421,
		              "this is not a name of the dashboard; add it to dashboard.names");
	else
		path_answer(web, request, &query, reply);
}
