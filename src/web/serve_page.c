#include "web/serve_page.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/html.h"
#include "check/print.h"
#include "web/serve.h"

#include <errno.h>
#include <stdio.h>

/* Behind that of the report. */
static const char style[] =
	"\nbody{display:flex;flex-direction:column;min-height:90vh}main{flex:1}"
	"h1{overflow-wrap:anywhere}"
	"header{display:flex;flex-wrap:wrap;gap:1.5rem;border-bottom:1px solid #cfd7df}"
	"header a{padding:.5rem 0;color:inherit}.brand{font-weight:700;text-decoration:none}"
	"footer{color:#51606f;font-size:.875rem;border-top:1px solid #cfd7df;margin-top:2rem}"
	"form{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end;margin:1.5rem 0}"
	"label{display:block}input,button{font:inherit;min-height:2.5rem;padding:.25rem .75rem;"
	"max-width:100%;border:1px solid #51606f;border-radius:.375rem;background:#fff;"
	"color:#1b2430}"
	"input{width:24rem}button{background:#1b2430;color:#fff;cursor:pointer}"
	"progress{width:100%;max-width:30rem;height:1rem}article,td,p{overflow-wrap:anywhere}"
	"table{table-layout:fixed}:focus-visible{outline:3px solid #0b5cad;outline-offset:2px}"
	"@media(max-width:40rem){td{padding:.2rem .3rem;font-size:.875rem}}"
	"@media(prefers-color-scheme:dark){footer{color:#a6b3c0}a{color:#7fbaff}"
	"input{background:#12171d;color:#e6ebf0}button{background:#e6ebf0;color:#12171d}"
	":focus-visible{outline-color:#ffd166}}"
	"@media print{header,form,footer{display:none}}";

void web_serve_style(struct web_reply *reply)
{
	web_reply_say(reply, 200, check_print_html_style);
	reply->content = WEB_CONTENT_CSS;
	if (buf_add_str(&reply->body, style))
		web_reply_say(reply, 500, "out of memory");
}

/* refresh: seconds, or NULL. Opens body. */
static void page_begin(struct html *h, const char *title, const char *refresh)
{
	html_doctype(h);
	html_open(h, "html", { "lang", "en" });
	html_open(h, "head");
	html_void(h, "meta", { "charset", "utf-8" });
	html_void(h, "meta", { "name", "viewport" },
	          { "content", "width=device-width, initial-scale=1" });
	html_void(h, "meta", { "name", "color-scheme" }, { "content", "light dark" });
	if (refresh)
		html_void(h, "meta", { "http-equiv", "refresh" }, { "content", refresh });
	html_open(h, "title");
	html_textf(h, "%s - mailseal check", title);
	html_close(h);
	html_void(h, "link", { "rel", "stylesheet" }, { "href", "/style.css" });
	html_void(h, "link", { "rel", "icon" }, { "href", "data:," }); /* nobody asks for one */
	html_close(h);
	html_open(h, "body");
	html_open(h, "header");
	html_element(h, "a", "mailseal check", { "href", "/" }, { "class", "brand" });
	html_element(h, "a", "About", { "href", "/about" });
	html_close(h);
}

static void page_end(struct html *h)
{
	html_open(h, "footer");
	html_open(h, "p");
	html_textf(h, "mailseal %s. What a stranger sees from outside; nothing is logged in to.",
	           MAILSEAL_VERSION);
	html_close(h);
	html_close(h);
	html_close(h); /* body */
	html_close(h); /* html */
}

static void form_write(struct html *h, const char *domain, const char *button)
{
	html_open(h, "form", { "method", "post" }, { "action", "/look" });
	html_open(h, "div");
	html_element(h, "label", "Domain or mail address", { "for", "domain" });
	html_void(h, "input", { "id", "domain" }, { "name", "domain" }, { "value", domain },
	          { "required", "" }, { "maxlength", "250" }, { "autocomplete", "off" },
	          { "autocapitalize", "none" }, { "spellcheck", "false" });
	html_close(h);
	html_element(h, "button", button, { "type", "submit" });
	html_close(h);
}

static void reply_take(struct web_reply *reply, unsigned status, struct html *h)
{
	if (h->has_failed) {
		web_reply_say(reply, 500, "out of memory");
		return;
	}
	buf_deinit(&reply->body);
	reply->status = status;
	reply->content = WEB_CONTENT_HTML;
	reply->body = h->out;
	h->out = (struct buf){};
}

void web_serve_page_form(struct web_reply *reply, unsigned status,
                         const struct web_serve_note *note)
{
	CLEAN(html_deinit) struct html h = {};
	page_begin(&h, note->title, NULL);
	html_open(&h, "main");
	html_element(&h, "h1", note->title);
	if (note->text)
		html_element(&h, "p", note->text);
	form_write(&h, note->domain, "Look");
	html_close(&h);
	page_end(&h);
	reply_take(reply, status, &h);
}

static void paragraph_write(struct html *h, const char *text)
{
	html_element(h, "p", text);
}

void web_serve_page_about(struct web_reply *reply, const char *profile, unsigned an_hour)
{
	CLEAN(html_deinit) struct html h = {};
	page_begin(&h, "About", NULL);
	html_open(&h, "main");
	html_element(&h, "h1", "About");
	paragraph_write(&h, "It looks at all of a provider's mail from outside, as any stranger "
	                    "could: MX hosts, DNSSEC, DANE, MTA-STS, TLS reports; on each host and "
	                    "port versions, cipher suites and certificates; and whether a password "
	                    "could be sent in clear. It sends no mail, and logs in nowhere.");
	html_open(&h, "p");
	html_textf(
		&h,
		"A letter stands for each recommendation of M3AAWG's \"TLS for Mail\", judged by "
		"the profile %s; the weakest host decides.",
		profile);
	html_close(&h);
	html_open(&h, "p");
	html_textf(
		&h,
		"A domain is looked at once in %d minutes, and what was found is kept for %d "
		"minutes, at an address that can be passed on: everybody who knows it can read "
		"it. Each visitor may have %u domains looked at in an hour. A host is connected to "
		"seldom and never by many at a time.",
		WEB_SERVE_FRESH_MS / 60000, WEB_SERVE_KEPT_MS / 60000, an_hour);
	html_close(&h);
	paragraph_write(&h, "Programs ask for /DOMAIN.json; mailseal-check(1) has its shape.");
	html_close(&h);
	page_end(&h);
	reply_take(reply, 200, &h);
}

static void progress_say(char *ret_text, size_t cap, const struct check_run_progress *p)
{
	if (p->is_waiting)
		snprintf(ret_text, cap, "It waits; %u %s first.", p->before,
		         p->before == 1 ? "domain comes" : "domains come");
	else if (!p->endpoint_count)
		snprintf(ret_text, cap, "DNS and web servers are being asked.");
	else
		snprintf(ret_text, cap, "%u of %u endpoints are looked at.", p->done,
		         p->endpoint_count);
}

static void bar_write(struct html *h, const struct check_run_progress *p)
{
	char done[16], count[16];
	snprintf(done, sizeof(done), "%u", p->done);
	snprintf(count, sizeof(count), "%u", p->endpoint_count);
	bool is_known = p->endpoint_count > 0;
	html_element(h, "progress", "", { "max", is_known ? count : NULL },
	             { "value", is_known ? done : NULL }, { "aria-label", "endpoints looked at" });
}

void web_serve_page_progress(struct web_reply *reply, const char *domain,
                             const struct check_run_progress *progress)
{
	CLEAN(html_deinit) struct html h = {};
	char text[100];
	progress_say(text, sizeof(text), progress);
	page_begin(&h, domain, "2");
	html_open(&h, "main");
	html_element(&h, "h1", domain);
	html_element(&h, "p", text, { "role", "status" });
	bar_write(&h, progress);
	html_element(&h, "p",
	             "This page shows the result when it is there. It may take a minute, where "
	             "hosts are slow.",
	             { "class", "quiet" });
	html_close(&h);
	page_end(&h);
	reply_take(reply, 202, &h);
}

/* A domain is printable ASCII without quotes, and so are our words. */
void web_serve_json_progress(struct web_reply *reply, const char *domain,
                             const struct check_run_progress *progress)
{
	web_reply_say(reply, 202, "");
	buf_clear(&reply->body);
	reply->content = WEB_CONTENT_JSON;
	if (buf_printf(&reply->body,
	               "{\"domain\":\"%s\",\"state\":\"%s\",\"before\":%u,\"endpoints\":%u,"
	               "\"done\":%u}\n",
	               domain, progress->is_waiting ? "waiting" : "running", progress->before,
	               progress->endpoint_count, progress->done))
		web_reply_say(reply, 500, "out of memory");
}

void web_serve_json_error(struct web_reply *reply, unsigned status, const char *text)
{
	web_reply_say(reply, status, "");
	buf_clear(&reply->body);
	reply->content = WEB_CONTENT_JSON;
	if (buf_printf(&reply->body, "{\"error\":\"%s\"}\n", text))
		web_reply_say(reply, 500, "out of memory");
}

static void again_write(struct html *h, const char *domain)
{
	char json[DNS_IDN_CAP + 8];
	snprintf(json, sizeof(json), "/%s.json", domain);
	html_open(h, "p");
	html_element(h, "a", "The same for programs", { "href", json });
	html_close(h);
	form_write(h, domain, "Look again");
}

static int page_out(struct buf *out, struct html *h)
{
	int r = h->has_failed ? err_raise(-ENOMEM) : buf_add(out, buf_slice(&h->out));
	html_deinit(h);
	return err_up(r);
}

int web_serve_page_result(struct buf *out, const struct check_report *report)
{
	struct html h = {};
	page_begin(&h, report->domain->name, NULL);
	if (check_print_html(&h.out, report))
		h.has_failed = true;
	again_write(&h, report->domain->name);
	page_end(&h);
	return err_up(page_out(out, &h));
}

int web_serve_page_failure(struct buf *out, const char *domain, const char *why)
{
	struct html h = {};
	page_begin(&h, domain, NULL);
	html_open(&h, "main");
	html_element(&h, "h1", domain);
	html_element(&h, "p", why);
	html_close(&h);
	form_write(&h, domain, "Look again");
	page_end(&h);
	return err_up(page_out(out, &h));
}
