#include "resolver/hosts.h"

#include "ask/lookup.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "dns/hosts.h"
#include "io/loop.h"

#include <errno.h>
#include <stdio.h>

enum { FORGET_MS = 2 * HOSTS_TTL_MAX_S * 1000 }; /* nobody asks for it any more */
enum family { A, AAAA, FAMILY_COUNT };

struct hosts_wish {
	struct hosts_wish *next;
	struct name *name;
	hosts_fn *fn;
	void *owner;
};

struct name {
	struct name *next;
	struct hosts *hosts;
	struct hosts_wish *wishes;
	struct lookup_question *questions[FAMILY_COUNT];
	unsigned open;
	struct policy_host_answer coming; /* of the search under way */
	struct policy_host_answer now;    /* the last answer */
	struct policy_host_answer well;   /* the last that had addresses */
	uint64_t good_until_ms, asked_ms;
	struct io_later answered;
	char text[POLICY_WAY_NAME_CAP];
};

struct hosts {
	struct hosts_settings set;
	struct buf file;
	struct buf list;
	struct name *names;
	size_t count;
};

/* --- for the status --- */

static const char *source_of(const struct policy_host_answer *host)
{
	if (!host->count)
		return "none";
	return host->is_file ? "file" : "dns";
}

static int line_add(struct buf *b, const struct name *n)
{
	int r = buf_printf(b, "%s %s ", n->text, source_of(&n->well));
	for (size_t i = 0; !r && i < n->well.count; i++)
		r = buf_printf(b, "%s%s", i ? "," : "", n->well.addresses[i]);
	return r ? err_up(r) : err_up(buf_printf(b, " %s\n", n->now.why));
}

static void list_tell(struct hosts *h)
{
	int r = 0;
	buf_clear(&h->list);
	for (const struct name *n = h->names; n && !r; n = n->next)
		r = line_add(&h->list, n);
	if (!r)
		h->set.on_list(h->set.owner, buf_slice(&h->list));
}

/* --- one name --- */

static void questions_end(struct name *n)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++)
		lookup_question_free(TAKE(n->questions[i]));
	n->open = 0;
}

static bool is_same(const struct policy_host_answer *a, const struct policy_host_answer *b)
{
	if (a->count != b->count || a->is_file != b->is_file)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->addresses[i], b->addresses[i]) != 0)
			return false;
	return true;
}

static void say_lost(const struct name *n)
{
	log_warn(NULL, "host cannot be looked up", kv_str("host", n->text),
	         kv_str("error", n->now.why), kv_int("addresses_kept", (int64_t)n->well.count),
	         kv_str("mend", "look at DNS and resolver in the configuration, or write the host "
	                        "into the hosts file"));
}

static void say_found(const struct name *n)
{
	char text[256] = "";
	for (size_t i = 0, len = 0; i < n->well.count && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? "," : "",
		                        n->well.addresses[i]);
	log_notice(NULL, "host has these addresses", kv_str("host", n->text),
	           kv_str("addresses", text), kv_str("by", source_of(&n->well)));
}

/* What is said of it is said once, until it changes. */
static void take(struct name *n)
{
	bool was_lost = n->now.why[0], is_news = !is_same(&n->well, &n->coming);
	n->now = n->coming;
	n->good_until_ms = io_loop_now_ms(n->hosts->set.loop) + n->now.ttl_s * 1000ULL;
	if (!n->now.is_known) {
		if (!was_lost)
			say_lost(n);
		is_news = !was_lost;
	} else {
		n->well = n->now;
		if (is_news || was_lost)
			say_found(n);
		is_news |= was_lost;
	}
	if (is_news)
		list_tell(n->hosts);
}

static void answer_all(struct name *n)
{
	const struct policy_host_answer now = n->now; /* n may be asked anew from inside */
	struct hosts_wish *w;
	while ((w = n->wishes)) {
		n->wishes = w->next;
		w->name = NULL;
		w->fn(w->owner, &now);
	}
}

static void on_answered(struct io_later *later)
{
	answer_all((struct name *)((char *)later - offsetof(struct name, answered)));
}

static void found(struct name *n)
{
	struct policy_host_answer *c = &n->coming;
	questions_end(n);
	c->is_known = c->count > 0;
	if (c->is_known)
		c->why[0] = '\0';
	else if (!c->why[0])
		snprintf(c->why, sizeof(c->why), "it has no address");
	if (c->is_file || !c->is_known)
		c->ttl_s = HOSTS_FILE_TTL_S;
	if (c->ttl_s < HOSTS_TTL_MIN_S)
		c->ttl_s = HOSTS_TTL_MIN_S;
	take(n);
	io_later_add(n->hosts->set.loop, &n->answered);
}

static void records_take(struct policy_host_answer *host, struct slice packet, enum dns_type type)
{
	struct dns_message m;
	struct dns_record r;
	if (dns_message_open(&m, packet))
		return;
	while (!dns_message_next(&m, &r)) {
		if (r.type != type && r.type != DNS_CNAME)
			continue;
		if (r.ttl_s < host->ttl_s)
			host->ttl_s = r.ttl_s;
		if (r.type == type && host->count < POLICY_HOST_ADDRESSES_MAX &&
		    !dns_address_read(&r, host->addresses[host->count]))
			host->count++;
	}
}

static void on_lookup(struct name *n, const struct lookup_answer *answer, enum dns_type type)
{
	struct policy_host_answer *c = &n->coming;
	if (!policy_dns_is_lost(answer->status)) {
		records_take(c, answer->packet, type);
		if (!answer->is_name_there && !c->why[0])
			snprintf(c->why, sizeof(c->why), "there is no such name");
	} else {
		snprintf(c->why, sizeof(c->why), "%s: %.100s", type == DNS_A ? "A" : "AAAA",
		         answer->why ? answer->why : "it failed");
	}
	if (--n->open == 0)
		found(n);
}

static void on_a(void *owner, const struct lookup_answer *answer)
{
	on_lookup(owner, answer, DNS_A);
}

static void on_aaaa(void *owner, const struct lookup_answer *answer)
{
	on_lookup(owner, answer, DNS_AAAA);
}

static void search(struct name *n)
{
	struct hosts *h = n->hosts;
	struct policy_host_answer *c = &n->coming;
	*c = (struct policy_host_answer){ .ttl_s = HOSTS_TTL_MAX_S };
	c->count = dns_hosts_find(buf_slice(&h->file), n->text, c->addresses,
	                          POLICY_HOST_ADDRESSES_MAX);
	c->is_file = c->count;
	if (c->is_file) {
		found(n);
		return;
	}
	n->open = FAMILY_COUNT;
	if (lookup_ask(&n->questions[A], h->set.lookup, n->text, DNS_A, on_a, n) ||
	    lookup_ask(&n->questions[AAAA], h->set.lookup, n->text, DNS_AAAA, on_aaaa, n)) {
		snprintf(c->why, sizeof(c->why), "out of memory");
		found(n);
	}
}

static void name_free(struct name *n)
{
	struct name **at = &n->hosts->names;
	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	n->hosts->count--;
	questions_end(n);
	io_later_remove(n->hosts->set.loop, &n->answered);
	free(n);
}

static void forget_old(struct hosts *h)
{
	uint64_t now_ms = io_loop_now_ms(h->set.loop);
	for (struct name *n = h->names, *next; n; n = next) {
		next = n->next;
		if (!n->wishes && !n->open && now_ms - n->asked_ms > FORGET_MS)
			name_free(n);
	}
}

/* NULL: there are too many, or no memory. */
static struct name *name_of(struct hosts *h, const char *text)
{
	struct name *n = h->names;
	while (n && strcmp(n->text, text) != 0)
		n = n->next;
	if (n)
		return n;
	forget_old(h);
	n = h->count < HOSTS_NAMES_MAX ? calloc(1, sizeof(*n)) : NULL;
	if (!n)
		return NULL;
	*n = (struct name){ .next = h->names, .hosts = h, .answered = { .fn = on_answered } };
	snprintf(n->text, sizeof(n->text), "%s", text);
	h->names = n;
	h->count++;
	return n;
}

/* --- all --- */

int hosts_wish(struct hosts_wish **ret_wish, struct hosts *h, const char *name, hosts_fn *fn,
               void *owner)
{
	struct name *n = name_of(h, name);
	struct hosts_wish *w = n ? calloc(1, sizeof(*w)) : NULL;
	if (!w)
		return n ? err_raise(-ENOMEM) : HOSTS_BUSY;
	*w = (struct hosts_wish){ .next = n->wishes, .name = n, .fn = fn, .owner = owner };
	n->wishes = w;
	n->asked_ms = io_loop_now_ms(h->set.loop);
	*ret_wish = w;
	if (n->open)
		return 0;
	if (n->asked_ms < n->good_until_ms)
		io_later_add(h->set.loop, &n->answered);
	else
		search(n);
	return 0;
}

void hosts_wish_free(struct hosts_wish *w)
{
	if (!w)
		return;
	if (w->name) {
		struct hosts_wish **at = &w->name->wishes;
		while (*at != w)
			at = &(*at)->next;
		*at = w->next;
	}
	free(w);
}

int hosts_file_set(struct hosts *h, struct slice text)
{
	buf_clear(&h->file);
	for (struct name *n = h->names; n; n = n->next)
		n->good_until_ms = 0;
	return err_up(buf_add(&h->file, text));
}

int hosts_new(struct hosts **ret_hosts, const struct hosts_settings *set)
{
	struct hosts *h = calloc(1, sizeof(*h));
	if (!h)
		return err_raise(-ENOMEM);
	h->set = *set;
	*ret_hosts = h;
	return 0;
}

void hosts_free(struct hosts *h)
{
	if (!h)
		return;
	while (h->names)
		name_free(h->names);
	buf_deinit(&h->file);
	buf_deinit(&h->list);
	free(h);
}
