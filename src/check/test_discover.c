#include "ask/fetch.h"
#include "ask/lookup.h"
#include "ask/test_web.h"
#include "ask/test_zone.h"
#include "base/address.h"
#include "base/clean.h"
#include "check/discover.h"
#include "io/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#define HERE ZONE_DATA("\177\0\0\1")
#define OUT_THERE ZONE_DATA("\10\10\10\10")
#define AT_GOOD "\4good\7example\0"

/* Its port is that of the web server, which has five digits as all that the kernel gives. */
static char tlsrpt_text[] = "\67v=TLSRPTv1; rua=https://reports.good.example:00000/post";

/* What stands in front of a name of the zone good.example, or of others. */
static const struct zone_record zone[] = {
	{ "good.example", DNS_MX, ZONE_DATA("\0\12\2m1" AT_GOOD) },
	{ "good.example", DNS_MX, ZONE_DATA("\0\24\2m2\5other\7example\0") },
	{ "good.example", DNS_MX, ZONE_DATA("\0\36\11localhost\0") },
	{ "good.example", DNS_MX,
	  ZONE_DATA("\0\50\3"
	            "127"
	            "\1"
	            "0"
	            "\1"
	            "0"
	            "\1"
	            "1"
	            "\0") },
	{ "good.example", DNS_CAA, ZONE_DATA("\0\5issueca.test") },
	{ "good.example", DNS_A, HERE },
	{ "m1.good.example", DNS_A, HERE },
	{ "m1.good.example", DNS_CAA, ZONE_DATA("\0\5issue;") },
	{ "m2.other.example", DNS_CNAME, ZONE_DATA("\2m3\5other\7example\0") },
	{ "localhost", DNS_A, HERE },
	{ "_mta-sts.good.example", DNS_TXT, ZONE_DATA("\16v=STSv1; id=a;") },
	{ "mta-sts.good.example", DNS_A, HERE },
	{ "_smtp._tls.good.example", DNS_TXT, tlsrpt_text, sizeof(tlsrpt_text) - 1 },
	{ "reports.good.example", DNS_A, HERE },
	{ "_imaps._tcp.good.example", DNS_SRV, ZONE_DATA("\0\0\0\1\3\341\4imap" AT_GOOD) },
	{ "_pop3._tcp.good.example", DNS_SRV, ZONE_DATA("\0\0\0\0\0\0\0") },
	{ "_submissions._tcp.good.example", DNS_SRV,
	  ZONE_DATA("\0\0\0\1\1\321\4smtp\5other\7example\0") },
	{ "_imap._tcp.good.example", DNS_SRV, ZONE_DATA("\0\0\0\1\33\347\7webmail" AT_GOOD) },
	{ "imap.good.example", DNS_A, HERE },
	{ "smtp.other.example", DNS_A, OUT_THERE },
	{ "autoconfig.good.example", DNS_A, HERE },
	{ "autodiscover.good.example", DNS_A, HERE },
	{ "webmail.good.example", DNS_A, OUT_THERE },
	{ "null.example", DNS_MX, ZONE_DATA("\0\0\0") },
	{ "null.example", DNS_MX, ZONE_DATA("\0\12\1a\7example\0") },
	{ "late.example", DNS_MX, ZONE_DATA("\0\12\1a\7example\0") },
	{ "late.example", DNS_MX, ZONE_DATA("\0\24\4mute\7example\0") },
	{ "a.example", DNS_A, HERE },
	{ "a.example", DNS_AAAA, ZONE_DATA("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1") },
};

#define DOCUMENT                                                                                   \
	"<clientConfig><emailProvider id='x'><incomingServer type='imap'><hostname>"               \
	"imap.good.example</hostname><port>143</port><socketType>plain</socketType>"               \
	"</incomingServer><outgoingServer type='smtp'><hostname>out.other.example</hostname>"      \
	"<port>22</port><socketType>SSL</socketType></outgoingServer></emailProvider></"           \
	"clientConfig>"
#define POLICY "version: STSv1\nmode: enforce\nmx: m1.good.example\nmax_age: 604800\n"
#define OK(type, body) "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n" body

static const struct web_page sealed_pages[] = {
	{ "mta-sts.good.example", "/.well-known/mta-sts.txt", OK("text/plain", POLICY) },
	{ "autoconfig.good.example", "/mail/config-v1.1.xml", OK("text/xml", DOCUMENT) },
	{ "autodiscover.good.example", "/autodiscover/autodiscover.xml",
	  "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n" },
};
static const struct web_page clear_pages[] = {
	{ "autoconfig.good.example", "/mail/config-v1.1.xml",
	  "HTTP/1.1 301 Moved\r\nLocation: https://autoconfig.good.example/\r\nContent-Length: "
	  "0\r\n\r\n" },
};

struct scene {
	struct zone_server zone;
	struct web_server clear, sealed;
	struct test_pair pair;
	struct io_loop *loop;
	struct lookup *lookup;
	struct fetch *fetch;
	bool refuses_private, refuses_inside;
	unsigned deadline_ms;
	int family;
	struct check_discovery *discovery;
	unsigned ends;
};

/* Both are too large for a stack. */
static struct check_domain facts;
static struct check_places places;

static void scene_start(struct scene *s, bool is_plain)
{
	char error[128];
	signal(SIGPIPE, SIG_IGN);
	test_pair_make(&s->pair, &(struct test_pair_settings){
					 .type = TEST_EC,
					 .names = "mta-sts.good.example,"
						  "autoconfig.good.example,good.example",
					 .days = 9 });
	web_start(&s->clear, clear_pages, COUNT_OF(clear_pages), NULL);
	web_start(&s->sealed, sealed_pages, COUNT_OF(sealed_pages), &s->pair);
	snprintf(tlsrpt_text + sizeof(tlsrpt_text) - 11, 11, "%05u/post", s->sealed.port);
	if (is_plain)
		zone_start_plain(&s->zone, zone, COUNT_OF(zone));
	else
		zone_start(&s->zone, zone, COUNT_OF(zone));
	const char *forward = s->zone.address;
	const struct lookup_settings lookup = { .forwards = &forward,
		                                .forward_count = 1,
		                                .trusts_ad = true };
	const struct fetch_settings fetch = { .ca_pem = buf_slice(&s->pair.chain_pem),
		                              .port = s->sealed.port,
		                              .http_port = s->clear.port,
		                              .refuses =
		                                      s->refuses_private  ? address_is_special
		                                      : s->refuses_inside ? address_is_inside
		                                                          : NULL };
	assert_int_equal(io_loop_new(&s->loop), 0);
	assert_int_equal(lookup_new(&s->lookup, s->loop, &lookup, error, sizeof(error)), 0);
	assert_int_equal(fetch_new(&s->fetch, s->loop, &fetch), 0);
}

static void scene_end(struct scene *s)
{
	check_domain_deinit(&facts);
	lookup_free(s->lookup);
	fetch_free(s->fetch);
	io_loop_free(s->loop);
	zone_stop(&s->zone);
	web_stop(&s->clear);
	web_stop(&s->sealed);
	test_pair_deinit(&s->pair);
}

static void on_discovered(void *owner, const struct check_places *found)
{
	struct scene *s = owner;
	s->ends++;
	places = *found;
	check_discover_free(TAKE(s->discovery));
	io_loop_stop(s->loop);
}

static void begin(struct scene *s, const char *domain)
{
	const struct check_discover_settings set = { .loop = s->loop,
		                                     .lookup = s->lookup,
		                                     .fetch = s->fetch,
		                                     .refuses_private = s->refuses_private,
		                                     .refuses_inside = s->refuses_inside,
		                                     .family = s->family,
		                                     .deadline_ms = s->deadline_ms };
	check_domain_deinit(&facts);
	facts = (struct check_domain){};
	assert_int_equal(check_discover_new(&s->discovery, &set, domain, &facts, on_discovered, s),
	                 0);
}

static void discover(struct scene *s, const char *domain)
{
	unsigned ends = s->ends;
	begin(s, domain);
	assert_int_equal(io_loop_run(s->loop), 0);
	assert_int_equal(s->ends, ends + 1);
}

static const struct check_host *host_find(const char *name)
{
	for (unsigned i = 0; i < facts.host_count; i++)
		if (!strcmp(facts.hosts[i].name, name))
			return &facts.hosts[i];
	return NULL;
}

static bool has_place(const char *host, unsigned port)
{
	for (unsigned i = 0; i < places.count; i++)
		if (places.list[i].port == port && !strcmp(places.list[i].host, host))
			return true;
	return false;
}

static void hosts_check(void)
{
	const struct check_host *m1 = &facts.hosts[0], *m2 = &facts.hosts[1];
	assert_string_equal(m1->name, "m1.good.example");
	assert_true(m1->is_mx && m1->is_provider == CHECK_NO && m1->address_is_private);
	assert_string_equal(m1->private_address, "127.0.0.1");
	assert_true(m1->tlsa_was_asked && m1->tlsa_probe == POLICY_DNS_INSECURE);
	assert_int_equal(m1->tlsa_name_probe, POLICY_DNS_INSECURE);
	assert_string_equal(m1->caa.text, ";");
	assert_string_equal(m2->name, "m2.other.example");
	assert_true(m2->is_provider == CHECK_YES && m2->is_alias && !m2->has_address);
	assert_true(m2->caa_is_asked && !m2->caa.count && m2->caa.status == POLICY_DNS_INSECURE);
	assert_true(facts.hosts[2].is_single_label && facts.hosts[3].is_literal);
	const struct check_host *web = host_find("webmail.good.example");
	assert_true(web && web->origin == CHECK_FROM_SRV && !web->address_is_private);
	assert_string_equal(web->caa.text, "ca.test"); /* of the domain: its own has none */
	assert_string_equal(facts.webmail, "webmail.good.example");
	assert_null(host_find("pop.good.example"));
	assert_int_equal(host_find("imap.good.example")->origin, CHECK_FROM_SRV);
	assert_int_equal(host_find("smtp.other.example")->is_provider, CHECK_YES);
	assert_int_equal(host_find("out.other.example")->origin, CHECK_FROM_AUTOCONFIG);
}

static void records_check(void)
{
	assert_int_equal(facts.way.end, POLICY_WAY_HOSTS);
	assert_int_equal(facts.way.host_count, 4);
	assert_int_equal(facts.sts.state, POLICY_STS_IN_FORCE);
	assert_true(facts.sts_record.count == 1 && !facts.sts_record.bad);
	assert_int_equal(facts.tlsrpt_record.count, 1);
	assert_int_equal(facts.tlsrpt.count, 1);
	assert_int_equal(facts.tlsrpt_https_answers, CHECK_YES);
	assert_true(facts.tlsrpt_why[0]); /* not in the certificate */
	assert_string_equal(facts.caa.text, "ca.test");
	assert_int_equal(facts.zone, POLICY_DNS_INSECURE);
	assert_int_equal(facts.nsec3_iterations, -1);
	assert_int_equal(facts.srv_count, 7);
	assert_string_equal(facts.srv[0].label, "_submissions");
	assert_string_equal(facts.srv[0].target, "smtp.other.example");
	assert_string_equal(facts.srv[2].target, "imap.good.example");
	assert_true(!facts.srv[1].is_there && facts.srv[1].status == POLICY_DNS_INSECURE);
	assert_true(facts.srv[5].is_there && !facts.srv[5].target[0]);
}

static void documents_check(void)
{
	const struct check_autoconfig *a = facts.autoconfig;
	assert_int_equal(facts.autoconfig_count, 4);
	assert_string_equal(a[0].url, "https://autoconfig.good.example/mail/config-v1.1.xml");
	assert_true(a[0].is_there == CHECK_YES && a[0].is_trusted && a[0].names_clear);
	assert_string_equal(a[0].clear, "imap imap.good.example:143, socketType plain");
	assert_true(a[1].is_there == CHECK_NO && a[1].status == 404 && a[1].is_trusted);
	assert_true(a[2].is_there == CHECK_NO && !a[2].by_https && a[2].status == 301);
	assert_string_equal(a[2].why,
	                    "the web server answers with 301 to https://autoconfig.good.example/");
	/* Not in the certificate. */
	assert_true(a[3].is_there == CHECK_YES && !a[3].is_trusted && a[3].status == 401);
	assert_true(a[3].why[0]);
}

static void test_discover(void **state)
{
	struct scene s = {};
	(void)state;
	scene_start(&s, true);
	discover(&s, "good.example");
	assert_false(facts.is_late);
	records_check();
	hosts_check();
	documents_check();
	assert_true(has_place("m1.good.example", 25) && has_place("m1.good.example", 995));
	assert_true(has_place("imap.good.example", 993) && has_place("imap.good.example", 143));
	assert_true(has_place("smtp.other.example", 465) && !has_place("smtp.other.example", 587));
	assert_true(has_place("webmail.good.example", 7143));
	assert_false(has_place("out.other.example", 22));
	assert_true(has_place("webmail.good.example", 443) && has_place("good.example", 443));
	assert_false(has_place("127.0.0.1", 25));
	discover(&s, "null.example");
	assert_true(facts.null_mx_is_not_alone && facts.way.end == POLICY_WAY_HOSTS);
	assert_true(has_place("a.example", 25));
	assert_int_equal(places.count, 2);
	s.family = AF_INET6;
	discover(&s, "null.example");
	assert_int_equal(places.count, 1);
	assert_string_equal(places.list[0].address, "::1");
	discover(&s, "nothing.example");
	assert_int_equal(facts.way.end, POLICY_WAY_NO_DOMAIN);
	assert_true(!places.count && !facts.host_count);
	begin(&s, "good.example"); /* left in the middle: nobody is told */
	check_discover_free(TAKE(s.discovery));
	assert_int_equal(s.ends, 4);
	scene_end(&s);
}

/* Names that lead inside lead nowhere (DNS rebinding). */
static void test_discover_refuses_private(void **state)
{
	struct scene s = { .refuses_private = true };
	(void)state;
	scene_start(&s, true);
	discover(&s, "good.example");
	assert_int_equal(atomic_load(&s.clear.connections) + atomic_load(&s.sealed.connections), 0);
	assert_int_equal(facts.sts.state, POLICY_STS_BROKEN);
	assert_non_null(strstr(facts.sts.why, "its address is not one of the public internet"));
	assert_string_equal(facts.autoconfig[0].why,
	                    "its address is not one of the public internet");
	assert_string_equal(facts.tlsrpt_why, "its port is not 443, and was not looked at");
	assert_true(facts.hosts[0].address_is_private && facts.addresses_refused);
	assert_true(places.count > 0 && has_place("smtp.other.example", 465));
	assert_false(has_place("webmail.good.example", 7143));
	for (unsigned i = 0; i < places.count; i++)
		assert_string_equal(places.list[i].address, "8.8.8.8");
	scene_end(&s);
}

/* For who looks at a stranger's domain: any port, but nothing of our network. */
static void test_discover_refuses_inside(void **state)
{
	struct scene s = { .refuses_inside = true };
	(void)state;
	scene_start(&s, true);
	discover(&s, "good.example");
	assert_int_equal(atomic_load(&s.clear.connections) + atomic_load(&s.sealed.connections), 0);
	assert_true(facts.hosts[0].address_is_private && facts.addresses_refused);
	assert_true(places.count > 0);
	for (unsigned i = 0; i < places.count; i++)
		assert_false(address_is_inside(places.list[i].address));
	scene_end(&s);
}

/* A zone that never answers: the others are known in time. Here all that begins with m stalls, with
 * s fails. */
static void test_discover_late(void **state)
{
	struct scene s = { .deadline_ms = 2500 };
	(void)state;
	scene_start(&s, false);
	discover(&s, "late.example");
	assert_true(facts.is_late);
	assert_int_equal(facts.way.end, POLICY_WAY_HOSTS);
	assert_int_equal(facts.way.host_count, 2);
	assert_true(has_place("a.example", 25));
	assert_string_equal(facts.hosts[1].name, "mute.example");
	assert_true(facts.hosts[1].is_mx && facts.hosts[1].address == POLICY_DNS_FAILED);
	assert_int_equal(facts.sts.state, POLICY_STS_UNUSED);
	assert_int_equal(facts.sts_record.status, POLICY_DNS_INSECURE);
	assert_int_equal(host_find("mail.late.example")->address, POLICY_DNS_FAILED);
	discover(&s, "mute.example");
	assert_int_equal(facts.way.end, POLICY_WAY_LOST);
	assert_int_equal(facts.zone, POLICY_DNS_FAILED);
	assert_int_equal(facts.srv_count, 7);
	scene_end(&s);
}

enum { MANY = 60 };

struct one {
	struct scene *scene;
	struct check_discovery *discovery;
	struct check_domain facts;
	unsigned ends;
};

static void on_one(void *owner, const struct check_places *found)
{
	struct one *o = owner;
	(void)found;
	o->ends++;
	check_discover_free(TAKE(o->discovery));
	if (++o->scene->ends == MANY - MANY / 4)
		io_loop_stop(o->scene->loop);
}

/* Many at once, most of which stall somewhere; a quarter is left in the middle. */
static void test_discover_many(void **state)
{
	static const char *const domains[] = { "late.example", "good.example", "mute.example",
		                               "null.example", "sfail.example" };
	struct scene s = {};
	CLEAN(freep) struct one *all = calloc(MANY, sizeof(*all));
	(void)state;
	assert_non_null(all);
	scene_start(&s, false);
	const struct check_discover_settings set = {
		.loop = s.loop, .lookup = s.lookup, .fetch = s.fetch, .deadline_ms = 1000
	};
	for (size_t i = 0; i < MANY; i++) {
		all[i].scene = &s;
		assert_int_equal(check_discover_new(&all[i].discovery, &set,
		                                    domains[i % COUNT_OF(domains)], &all[i].facts,
		                                    on_one, &all[i]),
		                 0);
	}
	for (size_t i = 0; i < MANY; i += 4)
		check_discover_free(TAKE(all[i].discovery));
	assert_int_equal(io_loop_run(s.loop), 0);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(all[i].ends, i % 4 ? 1 : 0);
		check_domain_deinit(&all[i].facts);
	}
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_discover),
		cmocka_unit_test(test_discover_refuses_private),
		cmocka_unit_test(test_discover_refuses_inside),
		cmocka_unit_test(test_discover_late),
		cmocka_unit_test(test_discover_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
