#include "check/sender_site.h"

#include "base/clean.h"
#include "base/err.h"
#include "conv/line.h"

#include <stdio.h>

/* Soon forgotten: the next run is to ask again. */
enum { POLICY_MAX_AGE_S = 300 };

unsigned check_sender_number(const struct check_sender_case *c)
{
	return (unsigned)(c - check_sender_cases);
}

void check_sender_host(const struct check_sender_site *site, const struct check_sender_case *c,
                       char ret_name[CHECK_SENDER_NAME_CAP])
{
	snprintf(ret_name, CHECK_SENDER_NAME_CAP, "mx-%s.%s", c->name, site->zone);
}

void check_sender_domain(const struct check_sender_site *site, const struct check_sender_case *c,
                         char ret_name[CHECK_SENDER_NAME_CAP])
{
	snprintf(ret_name, CHECK_SENDER_NAME_CAP, "%s.%s", c->name, site->zone);
}

void check_sender_policy_host(const struct check_sender_site *site,
                              const struct check_sender_case *c,
                              char ret_name[CHECK_SENDER_NAME_CAP])
{
	snprintf(ret_name, CHECK_SENDER_NAME_CAP, "mta-sts.%s.%s", c->name, site->zone);
}

static bool is_in(const struct check_sender_site *site, size_t number)
{
	return site->set & (1U << number);
}

/* Of all places of a case (NULL: of the policies). */
static int addresses_write(struct buf *out, const struct check_sender_site *site,
                           const struct check_sender_case *of, const char *name)
{
	int r = 0;
	for (unsigned i = 0; !r && i < site->place_count; i++) {
		const struct check_sender_place *p = &site->places[i];
		if (p->sender_case == of)
			r = buf_printf(out, "%s\t%s\t%s\n", name,
			               p->address.ss_family == AF_INET6 ? "AAAA" : "A", p->text);
	}
	return err_up(r);
}

static int hex_write(struct buf *out, const uint8_t *bytes, size_t len)
{
	int r = 0;
	for (size_t i = 0; !r && i < len; i++)
		r = buf_printf(out, "%02x", bytes[i]);
	return err_up(r);
}

static int tlsa_good_write(struct buf *out, const struct check_sender_site *site, const char *name)
{
	int r = buf_printf(out, "_25._tcp.mx-%s\tTLSA\t%u 1 1 ", name, site->tlsa_usage);
	if (!r)
		r = hex_write(out, site->tlsa_digest, sizeof(site->tlsa_digest));
	return r ? err_up(r) : err_up(buf_add_str(out, "\n"));
}

/* Of a key that nobody has; of a usage that SMTP has not, and of a digest that is too short. */
static int tlsa_write(struct buf *out, const struct check_sender_site *site,
                      const struct check_sender_case *c)
{
	static const uint8_t other[32] = { 0xde, 0xad };
	int r = 0;
	switch (c->tlsa) {
	case CHECK_SENDER_TLSA_NONE:
		return 0;
	case CHECK_SENDER_TLSA_GOOD:
		return err_up(tlsa_good_write(out, site, c->name));
	case CHECK_SENDER_TLSA_OTHER:
		r = buf_printf(out, "_25._tcp.mx-%s\tTLSA\t3 1 1 ", c->name);
		if (!r)
			r = hex_write(out, other, sizeof(other));
		return r ? err_up(r) : err_up(buf_add_str(out, "\n"));
	case CHECK_SENDER_TLSA_UNUSABLE:
		r = buf_printf(out, "_25._tcp.mx-%s\tTLSA\t1 1 1 ", c->name);
		if (!r)
			r = hex_write(out, other, sizeof(other));
		return r ? err_up(r)
		         : err_up(buf_printf(out, "\n_25._tcp.mx-%s\tTLSA\t3 1 1 00\n", c->name));
	}
	return 0;
}

static int sts_write(struct buf *out, const struct check_sender_site *site,
                     const struct check_sender_case *c)
{
	char name[CHECK_SENDER_NAME_CAP];
	if (c->sts == CHECK_SENDER_STS_NONE)
		return 0;
	int r = buf_printf(out, "_mta-sts.%s\tTXT\t\"v=STSv1; id=1\"\n", c->name);
	snprintf(name, sizeof(name), "mta-sts.%s", c->name);
	if (!r && site->has_https)
		r = addresses_write(out, site, NULL, name);
	if (!r && !site->has_https)
		r = buf_printf(out, "; %s\tA\tyour web server, with the file below\n", name);
	return err_up(r);
}

static int case_write(struct buf *out, const struct check_sender_site *site,
                      const struct check_sender_case *c)
{
	char name[CHECK_SENDER_NAME_CAP];
	snprintf(name, sizeof(name), "mx-%s", c->name);
	int r = buf_printf(out, "\n; %s\n%s\tMX\t10 %s\n", c->fault, c->name, name);
	if (!r)
		r = addresses_write(out, site, c, name);
	if (!r)
		r = tlsa_write(out, site, c);
	return r ? err_up(r) : err_up(sts_write(out, site, c));
}

/* For a web server of the operator's: each file as comments. */
static int files_write(struct buf *out, const struct check_sender_site *site)
{
	int r = 0;
	for (size_t i = 0; !r && i < CHECK_SENDER_CASE_COUNT; i++) {
		const struct check_sender_case *c = &check_sender_cases[i];
		CLEAN(buf_deinit) struct buf policy = {};
		char host[CHECK_SENDER_NAME_CAP];
		if (!is_in(site, i) || c->sts == CHECK_SENDER_STS_NONE)
			continue;
		check_sender_policy_host(site, c, host);
		r = buf_printf(out, "\n; https://%s/.well-known/mta-sts.txt\n", host);
		if (!r)
			r = check_sender_policy_write(&policy, site, c);
		struct slice rest = buf_slice(&policy), line;
		size_t used;
		while (!r && !conv_line_take(rest, rest.len, &line, &used)) {
			r = buf_printf(out, ";     %.*s\n", (int)line.len, (const char *)line.data);
			rest = slice_skip(rest, used);
		}
	}
	return err_up(r);
}

int check_sender_zone_write(struct buf *out, const struct check_sender_site *site)
{
	int r = buf_printf(out,
	                   "; Into the zone, which has to be signed for the cases of DANE. To\n"
	                   "; send: one message to each test@CASE.%s\n"
	                   "$ORIGIN %s.\n$TTL 60\n",
	                   site->zone, site->zone);
	for (size_t i = 0; !r && i < CHECK_SENDER_CASE_COUNT; i++)
		if (is_in(site, i))
			r = case_write(out, site, &check_sender_cases[i]);
	if (!r && !site->has_https)
		r = files_write(out, site);
	return err_up(r);
}

int check_sender_policy_write(struct buf *out, const struct check_sender_site *site,
                              const struct check_sender_case *c)
{
	bool is_other = c->sts == CHECK_SENDER_STS_ENFORCE_OTHER;
	return err_up(buf_printf(
		out, "version: STSv1\r\nmode: %s\r\nmx: %s%s.%s\r\nmax_age: %d\r\n",
		c->sts == CHECK_SENDER_STS_TESTING ? "testing" : "enforce",
		is_other ? "mx-of-nobody-" : "mx-", c->name, site->zone, POLICY_MAX_AGE_S));
}

/* The web server */

/* The value of the one field that is asked for. Lines are whole. */
static struct slice host_of(struct slice fields)
{
	struct slice line;
	size_t used;
	while (!conv_line_take(fields, fields.len, &line, &used) && line.len) {
		if (slice_starts_nocase(line, "host:"))
			return slice_trim(slice_skip(line, strlen("host:")));
		fields = slice_skip(fields, used);
	}
	return (struct slice){};
}

const struct check_sender_case *check_sender_policy_case(const struct check_sender_site *site,
                                                         struct slice host)
{
	char name[CHECK_SENDER_NAME_CAP];
	for (size_t i = 0; i < CHECK_SENDER_CASE_COUNT; i++) {
		const struct check_sender_case *c = &check_sender_cases[i];
		check_sender_policy_host(site, c, name);
		if (is_in(site, i) && c->sts != CHECK_SENDER_STS_NONE &&
		    slice_equal_nocase(slice_head(host, slice_find(host, ':')), slice_str(name)))
			return c;
	}
	return NULL;
}

static int answer_write(struct buf *out, const char *status, struct slice body)
{
	int r = buf_printf(out,
	                   "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
	                   "Connection: close\r\n\r\n",
	                   status, body.len);
	return r ? err_up(r) : err_up(buf_add(out, body));
}

static bool is_whole(struct slice request)
{
	return memmem(request.data, request.len, "\r\n\r\n", 4);
}

int check_sender_web_answer(struct buf *out, const struct check_sender_site *site,
                            struct slice request, const struct check_sender_case **ret_case)
{
	CLEAN(buf_deinit) struct buf policy = {};
	struct slice line;
	size_t used;
	if (!request.len || !is_whole(request))
		return request.len < CHECK_SENDER_REQUEST_MAX ? CHECK_SENDER_REQUEST_MORE
		                                              : CHECK_SENDER_REQUEST_BAD;
	if (conv_line_take(request, CHECK_SENDER_REQUEST_MAX, &line, &used))
		return CHECK_SENDER_REQUEST_BAD;
	struct slice method = conv_line_word(&line);
	struct slice target = conv_line_word(&line);
	*ret_case = NULL;
	if (slice_equal(method, slice_str("GET")) &&
	    slice_equal(target, slice_str("/.well-known/mta-sts.txt")))
		*ret_case = check_sender_policy_case(site, host_of(slice_skip(request, used)));
	if (!*ret_case)
		return err_up(answer_write(out, "404 Not Found", slice_str("Nothing here.\r\n")));
	int r = check_sender_policy_write(&policy, site, *ret_case);
	return r ? err_up(r) : err_up(answer_write(out, "200 OK", buf_slice(&policy)));
}
