/* Whole files: what is read, what is refused, and on which line. */
#include "base/clean.h"
#include "conf/conf.h"
#include "conf/example.h"
#include "conf/network.h"
#include "conf/tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

#define NOW_S 1798761600 /* 2027-01-01 00:00 UTC */

#define HOST "hostname = \"mx.example.org\"; "
#define CERT "certificate = { c = { chain = \"/c\"; key = \"/k\"; }; }; "
#define MTA "mta = { address = [\"127.0.0.1:10025\"]; }; "
#define MX "mx = { protocol = \"smtp\"; listen = [\"*:25\"]; backend = \"mta\"; }; "
#define POP "pop = { protocol = \"pop3\"; listen = [\"*:110\"]; backend = \"mta\"; }; "
#define REST "edge = { " MX "}; "
#define WELL "backend = { " MTA "}; " REST
#define REMOTE "address = [\"10.0.0.5:993\"]; "
#define PIN "\"sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\""

static struct conf_settings *read_well(const char *text)
{
	struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	int r = conf_read_text(&s, text, NOW_S, &errors);
	conf_errors_print(&errors, stderr);
	assert_int_equal(r, 0);
	assert_int_equal(errors.error_count, 0);
	assert_non_null(s);
	return s;
}

static const struct conf_error *error_find(const struct conf_errors *errors, const char *setting,
                                           const char *fragment)
{
	for (size_t i = 0; i < errors->count; i++) {
		const struct conf_error *e = &errors->items[i];
		if (!strcmp(e->setting, setting) &&
		    (strstr(e->message, fragment) || strstr(e->mend, fragment)))
			return e;
	}
	return NULL;
}

struct bad_case {
	const char *text, *setting, *fragment;
};

/* Exactly this one error: what follows from it is not said too. */
static void refused(const struct bad_case *c)
{
	struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	print_message("%s: %s\n", c->setting, c->fragment);
	int r = conf_read_text(&s, c->text, NOW_S, &errors);
	if (!error_find(&errors, c->setting, c->fragment) || errors.error_count != 1)
		conf_errors_print(&errors, stderr);
	assert_int_equal(r, CONF_BAD);
	assert_null(s);
	const struct conf_error *e = error_find(&errors, c->setting, c->fragment);
	assert_non_null(e);
	assert_false(e->is_warning);
	assert_int_equal(errors.error_count, 1);
}

static void test_defaults(void **state)
{
	CLEAN(conf_settings_freep) struct conf_settings *s = read_well(HOST WELL);
	assert_string_equal(s->state_dir, "/var/lib/mailseal");
	assert_string_equal(s->run_dir, "/run/mailseal");
	assert_string_equal(s->keys_user, "mailseal-keys");
	assert_int_equal(s->workers, 0);
	assert_int_equal(s->tls.min_version, TLS_1_2);
	assert_false(s->tls.is_set);
	assert_int_equal(s->edge_count, 1);
	const struct conf_edge *e = &s->edges[0];
	assert_string_equal(e->name, "mx");
	assert_string_equal(e->hostname, "mx.example.org");
	assert_int_equal(e->auth, CONV_AUTH_OFF);
	assert_int_equal(e->received, CONV_RECEIVED_ON);
	assert_int_equal(e->bare_newline, CONV_BARE_NORMALIZE);
	assert_int_equal(e->listen[0].kind, CONF_ADDRESS_ANY);
	assert_int_equal(e->limits.connections_per_address, 200);
	assert_int_equal(e->limits.handshakes_per_second, 50);
	assert_int_equal(e->limits.auth_line_max, 12288);
	assert_int_equal(e->limits.reply_timeout_ms, 600000);
	assert_int_equal(e->limits.idle_timeout_ms, 0);
	assert_true(e->tls.tickets);
	assert_false(e->tls.forward_secrecy_required);
	assert_string_equal(e->tls.groups, "X25519MLKEM768:X25519:P-256:P-384");
	const struct conf_backend *b = &s->backends[e->backend];
	assert_string_equal(b->name, "mta");
	assert_int_equal(b->client_info, CONV_INFO_PROXY);
	assert_int_equal(b->tls.mode, CONF_TLS_NONE);
	assert_int_equal(b->tls.min_version, TLS_1_2);
}

static void test_example(void **state)
{
	static const char *const places[] = { "doc/examples/mailseal.conf",
		                              "../doc/examples/mailseal.conf",
		                              "../../doc/examples/mailseal.conf" };
	char file[8192];
	CLEAN(conf_settings_freep) struct conf_settings *s = read_well(conf_example());
	assert_int_equal(s->edge_count, 5);
	assert_int_equal(s->backends[4].tls.mode, CONF_TLS_IMPLICIT);
	assert_int_equal(s->backends[4].tls.verify, TLS_VERIFY_FILE);
	assert_int_equal(s->edges[3].limits.connections_per_address, 50);
	assert_int_equal(s->edges[3].limits.exempt_count, 2);
	assert_int_equal(s->edges[2].limits.connections_per_address, 200);
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		FILE *f = fopen(places[i], "r");
		if (!f)
			continue;
		file[fread(file, 1, sizeof(file) - 1, f)] = '\0';
		fclose(f);
		assert_string_equal(file, conf_example());
	}
}

static void test_check_schedule(void **state)
{
	(void)state;
	CLEAN(conf_settings_freep) struct conf_settings *none = read_well(HOST WELL);
	CLEAN(conf_settings_freep)
	struct conf_settings *one = read_well(HOST WELL "check = { domains = [\"a.example\"]; };");
	CLEAN(conf_settings_freep)
	struct conf_settings *more = read_well(
		HOST WELL "check = { domains = [\"a.example\", \"b.example\"]; every = \"6h\"; "
			  "profile = \"bsi2026\"; };");
	assert_false(none->check.is_set);
	assert_false(conf_needs_runner(none));
	assert_true(conf_needs_runner(one));
	assert_int_equal(one->check.every_s, 86400);
	assert_string_equal(conf_check_profile_name(one->check.profile), "m3aawg");
	assert_int_equal(more->check.domain_count, 2);
	assert_int_equal(more->check.every_s, 6 * 3600);
	assert_string_equal(conf_check_profile_name(more->check.profile), "bsi2026");
	/* Who knows which are due, and who has the arguments, are made anew; nobody else is. */
	assert_true(conf_hooks_differ(one, more) && conf_ledger_differs(one, more));
	assert_false(conf_resolver_differs(one, more));
	assert_false(conf_hooks_differ(one, one) || conf_ledger_differs(one, one));
}

static void test_example_exception(void **state)
{
	char text[8192];
	snprintf(text, sizeof(text), "%s%s", conf_example(), conf_example_exception());
	CLEAN(conf_settings_freep) struct conf_settings *s = read_well(text);
	assert_int_equal(s->exception_count, 1);
	const struct conf_exception *e = &s->exceptions[0];
	assert_string_equal(e->edge, "pop3");
	assert_true(e->allow_plain_login);
	assert_false(e->any_from);
	assert_int_equal(e->from_count, 1);
	assert_int_equal(e->until_s, 1806537600); /* 2027-04-01 00:00 UTC */
}

static void test_inheritance(void **state)
{
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		HOST CERT
		"tls = { min_version = \"1.3\"; groups = \"P-256\"; };"
		"limits = { exempt = [\"192.0.2.0/24\"]; errors_max = 7; };"
		"backend = { " MTA "}; edge = { " MX
		"pop = { protocol = \"pop3\"; listen = [\"*:110\"]; backend = \"mta\";"
		"hostname = \"pop.example.org\"; tls = { min_version = \"1.0\"; };"
		"limits = { exempt = []; line_max = 1024; idle_timeout = \"35m\"; }; }; };");
	const struct conf_edge *mx = &s->edges[0];
	const struct conf_edge *pop = &s->edges[1];
	assert_int_equal(mx->tls.min_version, TLS_1_3);
	assert_int_equal(mx->limits.exempt_count, 1);
	assert_int_equal(mx->limits.errors_max, 7);
	assert_false(mx->tls.is_set);
	assert_int_equal(pop->tls.min_version, TLS_1_0);
	assert_true(pop->tls.is_set);
	assert_string_equal(pop->tls.groups, "P-256");
	assert_string_equal(pop->hostname, "pop.example.org");
	assert_int_equal(pop->limits.exempt_count, 0);
	assert_int_equal(pop->limits.errors_max, 7);
	assert_int_equal(pop->limits.line_max, 1024);
	assert_int_equal(pop->limits.idle_timeout_ms, 2100000);
	assert_int_equal(pop->auth, CONV_AUTH_AFTER_TLS);
	assert_int_equal(pop->received, CONV_RECEIVED_NO_ADDRESS);
	assert_int_equal(s->backends[0].tls.min_version, TLS_1_3);
}

static void test_an_old_minimum_stays_at_the_edges(void **state)
{
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(HOST "tls = { min_version = \"1.0\"; };" WELL);
	assert_int_equal(s->edges[0].tls.min_version, TLS_1_0);
	assert_int_equal(s->backends[0].tls.min_version, TLS_1_2);
}

static void test_spellings(void **state)
{
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		HOST
		"workers = 2; limits = { handshake_timeout = 20; data_timeout = \"500ms\";"
		"line_max = \"64K\"; }; backend = { mta = { address = \"unix:/run/mta\";"
		"accept = ( \"no-client-info\" ); client_info = \"none\"; }; };"
		"edge = { mx = { protocol = \"smtp\"; listen = (\"127.0.0.1:25\", \"[::1]:25\");"
		"backend = \"mta\"; greet_delay = 6; tls = { forward_secrecy = \"require\";"
		"tickets = false; }; }; };");
	assert_int_equal(s->workers, 2);
	assert_int_equal(s->limits.handshake_timeout_ms, 20000);
	assert_int_equal(s->limits.data_timeout_ms, 500);
	assert_int_equal(s->limits.line_max, 65536);
	assert_int_equal(s->backends[0].addresses[0].kind, CONF_ADDRESS_UNIX);
	assert_true(s->backends[0].accepts_no_client_info);
	assert_int_equal(s->edges[0].listen_count, 2);
	assert_int_equal(s->edges[0].greet_delay_ms, 6000);
	assert_true(s->edges[0].tls.forward_secrecy_required);
	assert_false(s->edges[0].tls.tickets);
}

static void test_backend_tls_accepted(void **state)
{
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		HOST "backend = { " MTA "a = { " REMOTE "tls = { mode = \"implicit\";"
		     "name = \"imap.example.org\"; }; };"
		     "b = { " REMOTE "tls = { mode = \"starttls\"; verify = \"pin\"; pin = [" PIN
		     "]; }; };"
		     "c = { " REMOTE "accept = [\"plain\"]; };"
		     "d = { " REMOTE "accept = [\"unverified\"]; tls = { mode = \"implicit\";"
		     "verify = \"none\"; }; };"
		     "e = { " REMOTE "accept = [\"unverified-client-info\"]; client_info = \"id\";"
		     "tls = { mode = \"implicit\"; name = \"x.example\"; }; };"
		     "f = { " REMOTE "tls = { mode = \"tunnel\"; interface = \"wg0\"; }; };"
		     "g = { " REMOTE "tls = { mode = \"tunnel\"; }; }; }; " REST);
	assert_int_equal(s->backends[1].tls.verify, TLS_VERIFY_SYSTEM);
	assert_string_equal(s->backends[1].tls.name, "imap.example.org");
	assert_int_equal(s->backends[2].tls.pin_count, 1);
	assert_int_equal(s->backends[2].tls.pins[0][0], 0xe3);
	assert_int_equal(s->backends[4].tls.verify, TLS_VERIFY_NONE);
	assert_int_equal(s->backends[5].client_info, CONV_INFO_ID);
	assert_int_equal(s->backends[6].tls.mode, CONF_TLS_TUNNEL);
	assert_string_equal(s->backends[6].tls.interface, "wg0");
	assert_null(s->backends[7].tls.interface);
	assert_false(conf_tls_is_ours(&s->backends[7].tls));
}

#define WATCHED "watch = { interfaces = [\"lo\"]; }; "
#define MIRROR(protocol, server)                                                                   \
	"mirror = { m = { protocol = \"" protocol "\"; server = [" server "]; }; }; "

static void test_watch(void **state)
{
	CLEAN(conf_settings_freep)
	struct conf_settings *s =
		read_well(HOST WELL "watch = { interfaces = [\"eth1\", \"vlan_10\"]; ignore = "
	                            "[\"dns\"]; }; " MIRROR("imap", "\"*:143\", \"[::1]:993\""));
	assert_int_equal(s->watch.interface_count, 2);
	assert_string_equal(s->watch.interfaces[1], "vlan_10");
	assert_int_equal(s->watch.wire, CONF_WIRE_AUTO);
	assert_string_equal(s->watch.ignored[0], "dns");
	assert_int_equal(s->mirrors[0].protocol, CONF_IMAP);
	assert_int_equal(s->mirrors[0].server_count, 2);
	assert_true(conf_networks_are_ours(NULL, 0, (const uint8_t[]){ 172, 31, 0, 1 }, false));
	assert_false(conf_networks_are_ours(NULL, 0, (const uint8_t[]){ 172, 32, 0, 1 }, false));
}

static void test_values_refused(void **state)
{
	static const struct bad_case cases[] = {
		{ HOST WELL "workers = 1000;", "workers", "0 to 256" },
		{ HOST WELL "workers = -1;", "workers", "no number" },
		{ HOST WELL "workers = 1.5;", "workers", "another kind" },
		{ HOST WELL "workers = [1];", "workers", "another kind" },
		{ HOST WELL "user = 5;", "user", "another kind" },
		{ HOST WELL "user = \"\";", "user", "empty" },
		{ HOST WELL "user = \"a\\nb\";", "user", "control" },
		{ HOST WELL "state_dir = \"var\";", "state_dir", "absolute" },
		{ "hostname = \"a b\"; " WELL, "hostname", "no host name" },
		{ HOST WELL "log_format = \"jason\";", "log_format", "did you mean \"json\"" },
		{ HOST WELL "drain_timeout = \"5 minutes\";", "drain_timeout", "no duration" },
		{ HOST WELL "tls = { min_version = \"SSLv3\"; };", "tls.min_version", "version" },
		{ HOST WELL "tls = { min_version = 1.2; };", "tls.min_version", "another kind" },
		{ HOST WELL "tls = { tickets = \"no\"; };", "tls.tickets", "without quotes" },
		{ HOST WELL "tls = { groups = \"X25519,P-256\"; };", "tls.groups", "\":\"" },
		{ HOST WELL "tls = [\"1.2\"];", "tls", "another kind" },
		{ HOST WELL "limits = { line_max = 100; };", "limits.line_max", "512" },
		{ HOST WELL "limits = { line_max = \"4k\"; };", "limits.line_max", "no size" },
		{ HOST WELL "limits = { reply_timeout = 0; };", "limits.reply_timeout", "range" },
		{ HOST WELL "limits = { exempt = [\"192.0.2.1/24\"]; };", "limits.exempt",
		  "prefix" },
		{ HOST WELL "limits = { idle_timeout = \"34m\"; };", "limits.idle_timeout", "35m" },
		{ HOST WELL "certificate = { a = { chain = \"/c\"; }; };", "certificate.a.key",
		  "missing" },
		{ HOST WELL "certificate = { a = \"/c\"; };", "certificate.a", "group" },
		{ HOST WELL "certificate = ( );", "certificate", "another kind" },
		{ HOST REST, "edge.mx.backend", "no backend is called \"mta\"" },
		{ HOST "backend = { mta = { }; }; " REST, "backend.mta.address", "missing" },
		{ HOST "backend = { mta = { address = []; }; }; " REST, "backend.mta.address",
		  "empty" },
		{ HOST "backend = { mta = { address = [\"*:25\"]; accept = [\"plain\"]; }; };" REST,
		  "backend.mta.address", "no place" },
		{ HOST "backend = { mta = { address = [\"mta.example:26\"]; accept = [\"plain\"]; "
		       "};};" REST,
		  "backend.mta.address", "not looked up" },
		{ HOST "backend = { " MTA "}; edge = { " MX "x = 5; };", "edge.x", "group" },
		{ HOST "backend = { " MTA "}; edge = { " MX "x*y = { protocol = \"smtp\";"
		       "listen = [\"*:26\"]; backend = \"mta\"; }; };",
		  "edge.x*y", "name" },
		{ HOST, "edge", "no edge" },
		{ "", "edge", "no edge" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		refused(&cases[i]);
}

static void test_names_refused(void **state)
{
	static const struct bad_case cases[] = {
		{ HOST WELL "wrokers = 2;", "wrokers", "did you mean \"workers\"" },
		{ HOST WELL "limit = { };", "limit", "did you mean \"limits\"" },
		{ HOST WELL "zzzzzz = 1;", "zzzzzz", "no such setting" },
		{ HOST WELL "handshake_wait = 5;", "handshake_wait",
		  "write it in limits = { ... };" },
		{ HOST WELL "tls = { chain = \"/c\"; };", "tls.chain",
		  "write it in certificate = { NAME = { ... }; };" },
		{ HOST WELL "max_age = \"1d\";", "max_age", "write it in mta_sts = ( { ... } );" },
		{ HOST WELL "watch_certificates = [\"mail2.example.org:99933/imap\"];",
		  "watch_certificates", "as in \"mail2.example.org:993/imap\"" },
		{ HOST WELL "cluster = { servers = [\"/run/valkey\"]; };", "cluster.servers",
		  "a socket is written \"unix:/PATH\"" },
		{ HOST WELL "cluster = { servers = [\"127.0.0.1:1,127.0.0.1:2\"]; };",
		  "cluster.servers", "a text of its own" },
		{ HOST WELL "limits = { line_maxx = 512; };", "limits.line_maxx", "line_max" },
		{ HOST WELL "dashboard = { };", "dashboard.listen", "missing" },
		{ HOST WELL "ledger = { keep = \"none\"; }; "
		            "dashboard = { listen = \"127.0.0.1:8025\"; };",
		  "dashboard", "ledger.keep" },
		{ HOST WELL "dashboard = { listen = \"*:8025\"; };", "dashboard.listen",
		  "in clear" },
		{ HOST WELL "dashboard = { listen = \"192.0.2.1:8025\"; };", "dashboard.listen",
		  "127.0.0.1:8025" },
		{ HOST WELL "dashboard = { listen = \"[::]:8025\"; };", "dashboard.listen",
		  "in clear" },
		{ HOST WELL "dashboard = { listen = \"localhost:8025\"; };", "dashboard.listen",
		  "127.0.0.1:8025" },
		{ HOST WELL "dashboard = { listen = \"127.0.0.1:25\"; };", "dashboard.listen",
		  "edge \"mx\"" },
		{ HOST WELL "dashboard = { listen = \"127.0.0.1:8025\"; metrics = \"on\"; };",
		  "dashboard.metrics", "open" },
		{ HOST WELL "dashboard = { listen = \"127.0.0.1:8025\"; metrics = \"open\"; };",
		  "dashboard.metrics", "password_file" },
		{ HOST WELL "relay = { out = { listen = [\"lmtp:127.0.0.1:24\"]; }; }; "
		            "dashboard = { listen = \"127.0.0.1:24\"; };",
		  "dashboard.listen", "another service" },
		{ HOST WELL "certificate_dir = \"x\";", "certificate_dir", "absolute" },
		{ HOST WELL "watch = { interfaces = [\"lo\"]; interface = [\"lo\"]; };",
		  "watch.interface", "did you mean \"interfaces\"?" },
		{ HOST WELL "tls = { legacy_kex = true; };", "tls.legacy_kex",
		  "not in this version" },
		{ HOST "backend = { mta = { adress = [\"127.0.0.1:26\"];"
		       "address = [\"127.0.0.1:27\"]; }; };" REST,
		  "backend.mta.adress", "address" },
		{ HOST "backend = { mta1 = { address = [\"127.0.0.1:27\"]; }; };" REST,
		  "edge.mx.backend", "did you mean \"mta1\"" },
		{ HOST "backend = { " MTA "}; edge = { x = { listen = [\"*:24\"]; listen_tls ="
		       "[\"*:25\"]; backend = \"mta\"; }; };",
		  "edge.x.protocol", "missing" },
		{ HOST CERT
		  "backend = { " MTA "}; edge = { x = { protocol = \"smtp\";"
		  "listen = [\"*:24\"]; backend = \"mta\"; certificates = [\"cc\"]; }; };",
		  "edge.x.certificates", "did you mean \"c\"" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		refused(&cases[i]);
}

#define CERTIFICATE "certificate = { c = { chain = \"/c\"; key = \"/k\"; }; };"
#define CLIENT_CA "client_ca_file = \"/ca\"; "

static void test_outbound_refused(void **state)
{
	static const struct bad_case cases[] = {
		{ HOST "policy_service = { };", "policy_service.socketmap", "missing" },
		{ HOST "policy_service = { socketmap = []; };", "policy_service.socketmap",
		  "empty" },
		{ HOST "policy_service = { socketmap = \"127.0.0.1:8461\"; };",
		  "policy_service.socketmap", "no unix socket" },
		{ HOST "policy_service = { socketmap = [\"unix:/a\", \"unix:/a\"]; };",
		  "policy_service.socketmap", "twice" },
		{ HOST "policy_service = { socketmap = \"unix:/a\"; mode = \"0999\"; };",
		  "policy_service.mode", "octal" },
		{ HOST "policy_service = { socketmap = \"unix:/a\"; dialect = \"3.10\"; };",
		  "policy_service.dialect", "known: auto, plain, tlsrpt" },
		{ HOST "tlsrpt = { send = true; };", "tlsrpt.send", "tls-reports@" },
		{ HOST "tlsrpt = { from = \"reports\"; };", "tlsrpt.from", "NAME@DOMAIN" },
		{ HOST "tlsrpt = { from = \"a b@example.org\"; };", "tlsrpt.from", "no mailbox" },
		{ HOST "tlsrpt = { from = \"<a>@example.org\"; };", "tlsrpt.from", "no mailbox" },
		{ HOST "tlsrpt = { contact = \"a@b@c\"; };", "tlsrpt.contact", "no mailbox" },
		{ HOST "tlsrpt = { submit = \"192.0.2.1:25\"; };", "tlsrpt.submit", "an MTA here" },
		{ HOST "tlsrpt = { collector = \"127.0.0.1:25\"; };", "tlsrpt.collector",
		  "no unix socket" },
		{ HOST "tlsrpt = { collector = [\"unix:/a\", \"unix:/a\"]; };", "tlsrpt.collector",
		  "twice" },
		{ HOST "tlsrpt = { collector = \"unix:/a\"; };"
		       "policy_service = { socketmap = \"unix:/a\"; };",
		  "tlsrpt.collector", "taken by another service" },
		{ HOST "tlsrpt = { collector = \"unix:/a\"; };"
		       "relay = { out = { listen = \"lmtp:unix:/a\"; }; };",
		  "tlsrpt.collector", "taken by another service" },
		{ HOST WELL "resolver = { forward = \"dns.example\"; };", "resolver.forward",
		  "an IP address" },
		{ HOST WELL "resolver = { stub = \"192.0.2.1\"; };", "resolver.stub",
		  "example.test=" },
		{ HOST WELL "resolver = { queries = 1; };", "resolver.queries", "16" },
		{ HOST WELL "ledger = { keep = \"some\"; };", "ledger.keep", "notable, all, none" },
		{ HOST WELL "ledger = { retention = \"5m\"; };", "ledger.retention",
		  "1h to 3660d" },
		{ HOST WELL "ledger = { retention = \"long\"; };", "ledger.retention", "30d" },
		{ HOST WELL "ledger = { max_size = \"1K\"; };", "ledger.max_size", "16M to 4096G" },
		{ HOST WELL "ledger = { exposure_hook = [\"reset\"]; };", "ledger.exposure_hook",
		  "no shell reads it" },
		{ HOST WELL "ledger = { exposure_hook = [\"/x\", \"a\\nb\"]; };",
		  "ledger.exposure_hook", "control characters" },
		{ HOST WELL "ledger = { hook_rate = 0; };", "ledger.hook_rate", "1 to 6000" },
		{ HOST WELL "ledger = { hook_timeout = \"1h\"; };", "ledger.hook_timeout",
		  "1s to 10m" },
		{ HOST WELL "ledger = { client_address = \"half\"; };", "ledger.client_address",
		  "full, truncated, none" },
		{ HOST WELL "watch = { };", "watch.interfaces", "missing" },
		{ HOST WELL "watch = { interfaces = [\"a/b\"]; };", "watch.interfaces",
		  "no interface" },
		{ HOST WELL "watch = { interfaces = [\"abcdefghijklmnop\"]; };", "watch.interfaces",
		  "no interface" },
		{ HOST WELL "watch = { interfaces = [\"lo\", \"lo\"]; };", "watch.interfaces",
		  "twice" },
		{ HOST WELL "watch = { interfaces = [\"lo\"]; internal = [\"10/8\"]; };",
		  "watch.internal", "no network" },
		{ HOST WELL "watch = { interfaces = [\"lo\"]; ignore = [\"DNS\"]; };",
		  "watch.ignore", "as the reports do" },
		{ HOST WELL "watch = { interfaces = [\"lo\"]; as = \"wire\"; };", "watch.as",
		  "inside-tunnel" },
		{ HOST WELL "watch = { interfaces = [\"lo\"]; }; ledger = { keep = \"none\"; };",
		  "watch", "there is none" },
		{ HOST WELL MIRROR("smtp", "\"*:25\""), "mirror", "nothing is watched" },
		{ HOST WELL WATCHED MIRROR("smtp", "\"mx.example:25\""), "mirror.m.server",
		  "not looked up" },
		{ HOST WELL WATCHED MIRROR("smtp", "\"unix:/s\""), "mirror.m.server",
		  "never seen" },
		{ HOST WELL WATCHED MIRROR("finger", "\"*:25\""), "mirror.m.protocol", "smtp" },
		{ HOST WELL WATCHED
		  "mirror = { a = { protocol = \"imap\"; server = [\"*:143\"]; }; "
		  "b = { protocol = \"imap\"; server = [\"10.0.0.1:143\"]; }; };",
		  "mirror.b.server", "as well" },
		{ HOST WELL "cluster = { };", "cluster.servers", "missing" },
		{ HOST WELL "cluster = { servers = []; };", "cluster.servers", "empty" },
		{ HOST WELL "cluster = { servers = [\"127.0.0.1:6379\", \"10.0.0.5:6379\"]; };",
		  "cluster.servers", "tunnel" },
		{ HOST WELL "cluster = { servers = [\"store.example:6379\"]; };", "cluster.servers",
		  "in clear" },
		{ HOST WELL "cluster = { servers = [\"*:6379\"]; };", "cluster.servers",
		  "in clear" },
		{ HOST WELL "cluster = { servers = [\"[::1]:1\", \"[::1]:1\"]; };",
		  "cluster.servers", "twice" },
		{ HOST WELL "cluster = { servers = [\"unix:/s\"]; prefix = \"a{b}\"; };",
		  "cluster.prefix", "letters" },
		{ HOST WELL "cluster = { servers = [\"unix:/s\"]; prefix = \"\"; };",
		  "cluster.prefix", "empty" },
		{ HOST WELL "ledger = { keep = \"none\"; };"
		            "cluster = { servers = [\"unix:/s\"]; };",
		  "cluster", "keep" },
		{ HOST WELL "resolver = { trust_ad = true; };", "resolver.trust_ad", "127.0.0.1" },
		{ HOST WELL "resolver = { trust_ad = true; forward = [\"::1\", \"127.1.2.3@54\", "
		            "\"192.0.2.53\"]; };",
		  "resolver.forward", "192.0.2.53" },
		{ HOST WELL "resolver = { trust_ad = true; forward = \"2001:db8::1\"; };",
		  "resolver.forward", "validating resolver on 127.0.0.1" },
		{ HOST WELL "resolver = { trust_ad = true; forward = \"127.0.0.1\"; "
		            "stub = \"lab.test=127.0.0.1@54\"; };",
		  "resolver.stub", "take trust_ad out" },
		{ HOST "relay = { out = { }; };", "relay.out.listen", "no MTA" },
		{ HOST CERTIFICATE "relay = { out = { listen_tls = \"lmtp:192.0.2.1:24\"; }; };",
		  "relay.out.listen_tls", "add client_ca_file" },
		{ HOST "relay = { out = { listen_tls = \"lmtp:192.0.2.1:24\"; " CLIENT_CA "}; };",
		  "relay.out.listen_tls", "no certificate" },
		{ HOST CERTIFICATE "relay = { out = { listen_tls = \"lmtp:unix:/x\"; " CLIENT_CA
		                   "}; };",
		  "relay.out.listen_tls", "into listen" },
		{ HOST CERTIFICATE
		  "relay = { out = { listen_tls = \"lmtp:127.0.0.0/8:24\"; " CLIENT_CA "}; };",
		  "relay.out.listen_tls", "needs no TLS" },
		{ HOST CERTIFICATE
		  "relay = { out = { listen_tls = \"lmtp:a.example:24\"; " CLIENT_CA "}; };",
		  "relay.out.listen_tls", "an IP address" },
		{ HOST CERTIFICATE "relay = { out = { listen = \"lmtp:127.0.0.1:24\"; "
		                   "listen_tls = \"smtp:*:24\"; " CLIENT_CA "}; };",
		  "relay.out.listen_tls", "twice" },
		{ HOST CERTIFICATE
		  "relay = { out = { listen_tls = \"lmtp:192.0.2.1:24\"; " CLIENT_CA
		  "peer = [\"*\"]; }; };",
		  "relay.out.peer", "no host name" },
		{ HOST CERTIFICATE
		  "relay = { out = { listen_tls = \"lmtp:192.0.2.1:24\"; " CLIENT_CA
		  "certificates = [\"d\"]; }; };",
		  "relay.out.certificates", "no certificate" },
		{ HOST "relay = { out = { listen = \"lmtp:unix:/x\"; " CLIENT_CA "}; };",
		  "relay.out.client_ca_file", "listen_tls" },
		{ HOST "relay = { out = { listen = \"lmtp:unix:/x\"; peer = [\"a.example\"]; }; };",
		  "relay.out.peer", "listen_tls" },
		{ HOST "relay = { out = { listen = \"127.0.0.1:24\"; }; };", "relay.out.listen",
		  "lmtp:" },
		{ HOST "relay = { out = { listen = \"lmtp:127.0.0.0/8\"; }; };", "relay.out.listen",
		  "no place" },
		{ HOST
		  "relay = { out = { listen = [\"lmtp:127.0.0.0/8:24\", \"lmtp:127.0.0.1:24\"]; "
		  "}; };",
		  "relay.out.listen", "twice" },
		{ HOST "relay = { out = { listen = \"lmtp:*:24\"; }; };", "relay.out.listen",
		  "other hosts" },
		{ HOST "relay = { out = { listen = \"lmtp:127.0.0.1:24\"; "
		       "source = [\"192.0.2.0/24\"]; }; };",
		  "relay.out.source", "is a network" },
		{ HOST "relay = { out = { listen = \"lmtp:127.0.0.1:24\"; "
		       "source = [\"192.0.2.1\", \"2001:db8::1\", \"192.0.2.2\"]; }; };",
		  "relay.out.source", "second of its family" },
		{ HOST "relay = { out = { listen = \"smtp:192.0.2.1:24\"; }; };",
		  "relay.out.listen", "127.0.0.0/8" },
		{ HOST "relay = { out = { listen = \"lmtp:unix:/x\"; hold = [\"a b\"]; }; };",
		  "relay.out.hold", "no domain" },
		{ HOST WELL "route = ( { domain = \"a.example\"; } );", "route[0].host",
		  "missing" },
		{ HOST WELL "route = ( { domain = \"*\"; host = \"unix:/x\"; } );", "route[0].host",
		  "no place" },
		{ HOST WELL "route = ( { domain = \"*\"; host = \"192.0.2.1:25\"; } );",
		  "route[0].tls.name", "any certificate" },
		{ HOST WELL "route = ( { domain = \"*\"; host = \"a.example:25\"; tls = { mode = "
		            "\"none\"; }; } );",
		  "route[0].host", "in clear" },
		{ HOST WELL "route = ( { domain = \"*\"; host = \"a.example:25\"; tls = { verify = "
		            "\"none\"; }; } );",
		  "route[0].tls.verify", "pass for" },
		{ HOST WELL "route = ( { domain = \"*\"; host = \"a.example:25\"; tls = { verify = "
		            "\"pin\"; }; } );",
		  "route[0].tls.verify", "needs pins" },
		{ HOST WELL "route = ( { domain = \"*\"; host = \"a.example:25\"; tls = { verify = "
		            "\"file\"; }; } );",
		  "route[0].tls.verify", "needs the file" },
		{ HOST WELL "route = ( { domain = \"*\"; host = \"192.0.2.1:25\"; tls = { verify = "
		            "\"file\"; ca_file = \"/ca\"; }; } );",
		  "route[0].tls.name", "any certificate" },
		{ HOST WELL
		  "route = ( { domain = \"*\"; host = \"a.example:25\"; tls = { ca_file = "
		  "\"/ca\"; }; } );",
		  "route[0].tls.ca_file", "alone" },
		{ HOST WELL "route = ( { domain = \"*\"; host = \"a.example:25\"; tls = { verify = "
		            "\"internal\"; }; } );",
		  "route[0].tls.peer", "has to say which" },
		{ HOST WELL "route = ( { domain = \"*\"; host = \"a.example:25\"; tls = { peer = "
		            "\"a\"; }; } );",
		  "route[0].tls.peer", "alone" },
		{ HOST "relay = { a = { listen = \"lmtp:[::1]:24\"; }; b = { listen = "
		       "\"smtp:[::1]:24\"; }; };",
		  "relay.b.listen", "twice" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		refused(&cases[i]);
}

/* A policy service alone is something to do. */
static void test_outbound(void **state)
{
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		HOST "policy_service = { socketmap = \"unix:/run/x\"; group = \"postfix\"; };"
		     "resolver = { forward = [\"127.0.0.1@5300\", \"2001:db8::53\"];"
		     "stub = \"lab.test=192.0.2.53\"; };");
	CLEAN(conf_settings_freep)
	struct conf_settings *collector = read_well(HOST "tlsrpt = { collector = \"unix:/b\"; };");
	assert_true(conf_needs_resolver(s) && conf_needs_resolver(collector));
	assert_int_equal(collector->tlsrpt.collector_count, 1);
	assert_int_equal(collector->tlsrpt.mode, 0660);
	assert_false(collector->tlsrpt.sends);
	assert_string_equal(collector->tlsrpt.submit.text, "127.0.0.1:25");
	struct conf_settings *sender = read_well(
		HOST "tlsrpt = { send = true; from = \"tls-reports@example.org\"; submit ="
		     " \"unix:/a\"; private_networks = [\"10.0.0.0/8\"]; };");
	assert_true(sender->tlsrpt.sends && sender->tlsrpt.is_set);
	assert_null(sender->tlsrpt.contact);
	assert_int_equal(sender->tlsrpt.private_network_count, 1);
	assert_true(conf_resolver_differs(collector, sender));
	conf_settings_free(sender);
	assert_int_equal(s->policy_service.socketmap_count, 1);
	assert_string_equal(s->policy_service.socketmap[0].host, "/run/x");
	assert_string_equal(s->policy_service.group, "postfix");
	assert_int_equal(s->policy_service.mode, 0660);
	assert_int_equal(s->resolver.forward_count, 2);
	assert_string_equal(s->resolver.forwards[0].address, "127.0.0.1@5300");
	assert_string_equal(s->resolver.forwards[1].address, "2001:db8::53");
	assert_string_equal(s->resolver.stubs[0].zone, "lab.test");
	assert_string_equal(s->resolver.stubs[0].address, "192.0.2.53");
	assert_string_equal(s->resolver.trust_anchor, "/usr/share/dns/root.key");
	CLEAN(conf_settings_freep)
	struct conf_settings *out = read_well(
		HOST "relay = { out = { listen = [\"lmtp:127.0.0.1:24\", \"smtp:unix:/run/y\"]; "
		     "}; };");
	assert_true(conf_needs_resolver(out));
	assert_int_equal(out->relays[0].listen_count, 2);
	assert_true(out->relays[0].listen[0].is_lmtp);
	assert_false(out->relays[0].listen[1].is_lmtp);
	assert_string_equal(out->relays[0].hostname, "mx.example.org");
	assert_int_equal(out->relays[0].port, 25);
	CLEAN(conf_settings_freep)
	struct conf_settings *far =
		read_well(HOST CERTIFICATE
	                  "relay = { out = { listen_tls = [\"lmtp:192.0.2.1:24\"]; " CLIENT_CA
	                  "peer = [\"a.example\", \"b.example\"]; }; };");
	assert_int_equal(far->relays[0].listen_count, 0);
	assert_true(far->relays[0].listen_tls[0].is_lmtp);
	assert_string_equal(far->relays[0].client_ca_file, "/ca");
	assert_string_equal(far->relays[0].peers[1], "b.example");
	CLEAN(conf_settings_freep) struct conf_settings *plain = read_well(HOST WELL);
	assert_false(conf_needs_resolver(plain));
	assert_true(conf_resolver_differs(plain, s));
	assert_false(conf_resolver_differs(s, s));
}

/* On where nothing is written. */
static void test_ledger(void **state)
{
	CLEAN(conf_settings_freep) struct conf_settings *plain = read_well(HOST WELL);
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		HOST WELL "ledger = { keep = \"all\"; retention = \"90d\"; max_size = \"64M\"; "
			  "client_address = \"truncated\"; };");
	CLEAN(conf_settings_freep)
	struct conf_settings *off = read_well(HOST WELL "ledger = { keep = \"none\"; };");
	(void)state;
	assert_true(conf_needs_ledger(plain) && conf_needs_ledger(s) && !conf_needs_ledger(off));
	assert_int_equal(plain->ledger.keep, CONF_KEEP_NOTABLE);
	assert_int_equal(plain->ledger.retention_s, 30 * 86400);
	assert_true(plain->ledger.max_size == 2048UL << 20);
	assert_int_equal(plain->ledger.client_address, CONF_CLIENT_FULL);
	assert_int_equal(s->ledger.keep, CONF_KEEP_ALL);
	assert_int_equal(s->ledger.retention_s, 90 * 86400);
	assert_true(s->ledger.max_size == 64UL << 20);
	assert_int_equal(s->ledger.client_address, CONF_CLIENT_TRUNCATED);
	assert_true(conf_ledger_differs(plain, s) && conf_ledger_differs(plain, off));
	assert_int_equal(plain->ledger.hook_rate, 60);
	assert_int_equal(plain->ledger.hook_timeout_ms, 30000);
	assert_false(conf_needs_runner(plain));
	assert_false(conf_ledger_differs(s, s) || conf_resolver_differs(plain, s));
}

/* Which program it is matters to the runner alone; whether there is one, to the ledger too. */
static void test_hook(void **state)
{
#define HOOK(words) HOST WELL "ledger = { exposure_hook = [" words "]; };"
	CLEAN(conf_settings_freep) struct conf_settings *none = read_well(HOST WELL);
	CLEAN(conf_settings_freep) struct conf_settings *one = read_well(HOOK("\"/a\", \"--b\""));
	CLEAN(conf_settings_freep) struct conf_settings *other = read_well(HOOK("\"/a\""));
	CLEAN(conf_settings_freep)
	struct conf_settings *unread =
		read_well(HOST WELL "ledger = { keep = \"none\"; exposure_hook = [\"/a\"]; };");
	(void)state;
	assert_int_equal(one->ledger.exposure_hook_count, 2);
	assert_string_equal(one->ledger.exposure_hook[0], "/a");
	assert_string_equal(one->ledger.exposure_hook[1], "--b");
	assert_true(conf_needs_runner(one) && !conf_needs_runner(none));
	assert_false(conf_needs_runner(unread)); /* nobody records what it is for */
	assert_true(conf_hooks_differ(one, other) && !conf_ledger_differs(one, other));
	assert_true(conf_hooks_differ(none, one) && conf_ledger_differs(none, one));
	assert_false(conf_hooks_differ(one, one) || conf_ledger_differs(one, one));
}

static void test_cluster(void **state)
{
	CLEAN(conf_settings_freep) struct conf_settings *alone = read_well(HOST WELL);
	CLEAN(conf_settings_freep)
	struct conf_settings *s =
		read_well(HOST WELL "cluster = { servers = [\"127.0.0.1:6379\", \"[::1]:6380\", "
	                            "\"unix:/run/store\"]; password_file = \"/etc/store\"; };");
	(void)state;
	assert_false(alone->cluster.is_set);
	assert_true(s->cluster.is_set);
	assert_int_equal(s->cluster.server_count, 3);
	assert_string_equal(s->cluster.servers[2].host, "/run/store");
	assert_string_equal(s->cluster.prefix, "mailseal");
	assert_string_equal(s->cluster.password_file, "/etc/store");
	assert_true(conf_ledger_differs(alone, s));
	assert_false(conf_ledger_differs(s, s));
}

static void test_backends_refused(void **state)
{
	static const struct bad_case cases[] = {
		{ HOST "backend = { mta = { " REMOTE "}; }; " REST, "backend.mta.address",
		  "accept = [\"plain\"]" },
		{ HOST
		  "backend = { mta = { address = [\"127.0.0.1:26\", \"10.0.0.5:26\"]; }; }; " REST,
		  "backend.mta.address", "in clear" },
		{ HOST CERT "backend = { " MTA "}; edge = { x = { protocol = \"tcp\"; listen = "
		            "[\"*:636\"]; backend = \"mta\"; }; };",
		  "edge.x.listen", "write listen_tls" },
		{ HOST CERT "backend = { " MTA "}; edge = { x = { protocol = \"tcp\"; backend = "
		            "\"mta\"; }; };",
		  "edge.x.listen", "add listen_tls" },
		{ HOST CERT "backend = { mta = { address = [\"127.0.0.1:389\"]; tls = { mode = "
		            "\"starttls\"; verify = \"pin\"; pin = [" PIN
		            "]; }; }; }; edge = { x = { protocol = \"tcp\"; listen_tls = "
		            "[\"*:636\"]; backend = \"mta\"; }; };",
		  "backend.mta.tls.mode", "use mode = \"implicit\"" },
		{ HOST "backend = { mta = { address = [\"127.0.0.1:26\"]; client_info = \"none\"; "
		       "};};" REST,
		  "backend.mta.client_info", "no-client-info" },
		{ HOST "backend = { mta = { address = [\"127.0.0.1:26\"]; client_info = "
		       "\"xclient\"; }; };" REST,
		  "backend.mta.client_info", "use \"proxy\"" },
		{ HOST CERT "backend = { " MTA
		            "i = { address = [\"unix:/i\"]; client_info = \"xclient\";};"
		            "}; edge = { i = { protocol = \"imap\"; listen = [\"*:143\"]; backend "
		            "= \"i\"; }; };",
		  "backend.i.client_info", "imap" },
		{ HOST "backend = { " MTA
		       "i = { address = [\"127.0.0.1:26\"]; client_info = \"id\";"
		       "accept = [\"unverified-client-info\"]; }; }; " REST,
		  "backend.i.client_info", "from this host" },
		{ HOST "backend = { " MTA "i = { " REMOTE
		       "client_info = \"id\"; accept = [\"plain\"];"
		       "}; }; " REST,
		  "backend.i.client_info", "unverified-client-info" },
		{ HOST CERT "backend = { i = { " REMOTE "client_info = \"id\"; accept = [\"plain\","
		            "\"unverified-client-info\"]; }; }; edge = { p = { protocol = \"pop3\";"
		            "listen = [\"*:110\"]; backend = \"i\"; }; };",
		  "backend.i.client_info", "no ID" },
		{ HOST CERT
		  "backend = { i = { address = [\"127.0.0.1:26\"]; tls = { mode = "
		  "\"starttls\"; name = \"i.example\"; }; }; }; edge = { i = { protocol = \"imap\";"
		  "listen = [\"*:143\"]; backend = \"i\"; }; };",
		  "backend.i.tls.mode", "implicit" },
		{ HOST "backend = { " MTA "i = { " REMOTE
		       "tls = { mode = \"implicit\"; }; }; };" REST,
		  "backend.i.tls.name", "without a name" },
		{ HOST "backend = { " MTA "i = { " REMOTE "tls = { mode = \"implicit\"; verify = "
		       "\"file\"; name = \"i.example\"; }; }; };" REST,
		  "backend.i.tls.verify", "ca_file" },
		{ HOST "backend = { " MTA "i = { " REMOTE "tls = { mode = \"implicit\"; verify = "
		       "\"pin\"; }; }; };" REST,
		  "backend.i.tls.verify", "pins" },
		{ HOST "backend = { " MTA "i = { " REMOTE "tls = { mode = \"implicit\"; verify = "
		       "\"pin\"; pin = [\"sha256:xx\"]; }; }; };" REST,
		  "backend.i.tls.pin", "no pin" },
		{ HOST "backend = { " MTA "i = { " REMOTE "tls = { mode = \"implicit\"; pin = [" PIN
		       "]; name = \"i.example\"; }; }; };" REST,
		  "backend.i.tls.pin", "verify = \"pin\"" },
		{ HOST "backend = { " MTA "i = { " REMOTE
		       "tls = { mode = \"implicit\"; ca_file = \"/x\";"
		       "name = \"i.example\"; }; }; };" REST,
		  "backend.i.tls.ca_file", "file" },
		{ HOST "backend = { " MTA "i = { " REMOTE "tls = { mode = \"implicit\"; verify = "
		       "\"none\"; }; }; };" REST,
		  "backend.i.tls.verify", "unverified" },
		{ HOST "backend = { " MTA "i = { " REMOTE "tls = { mode = \"implicit\"; verify = "
		       "\"internal\"; }; }; };" REST,
		  "backend.i.tls.peer", "any of our own hosts" },
		{ HOST "backend = { " MTA "i = { " REMOTE "tls = { mode = \"implicit\"; verify = "
		       "\"internal\"; peer = \"imap1\"; name = \"i.example\"; }; }; };" REST,
		  "backend.i.tls.name", "peer = [" },
		{ HOST "backend = { " MTA "i = { " REMOTE "tls = { mode = \"implicit\"; peer = "
		       "\"imap1\"; name = \"i.example\"; }; }; };" REST,
		  "backend.i.tls.peer", "alone" },
		{ HOST "backend = { " MTA "i = { " REMOTE
		       "tls = { mode = \"tunnel\"; verify = \"system\"; }; }; };" REST,
		  "backend.i.tls.verify", "no TLS" },
		{ HOST "backend = { " MTA "i = { address = [\"127.0.0.1:26\"]; "
		       "tls = { mode = \"tunnel\"; interface = \"wg0\"; }; }; };" REST,
		  "backend.i.address", "on this host" },
		{ HOST "backend = { " MTA "i = { " REMOTE
		       "tls = { mode = \"tunnel\"; interface = \"wg/0\"; }; }; };" REST,
		  "backend.i.tls.interface", "no interface" },
		{ HOST "backend = { " MTA "i = { " REMOTE "tls = { mode = \"tunnel\"; interface = "
		       "\"abcdefghijklmnop\"; }; }; };" REST,
		  "backend.i.tls.interface", "no interface" },
		{ HOST "backend = { " MTA "i = { " REMOTE "tls = { mode = \"implicit\"; name = "
		       "\"i.example\"; interface = \"wg0\"; }; }; };" REST,
		  "backend.i.tls.interface", "mode = \"tunnel\"" },
		{ HOST "backend = { " MTA "i = { " REMOTE "accept = [\"unproven-tunnel\"]; "
		       "tls = { mode = \"tunnel\"; }; }; };" REST,
		  "backend.i.accept", "interface = " },
		{ HOST WELL "route = ( { domain = \"*\"; host = \"192.0.2.1:25\"; "
		            "tls = { mode = \"tunnel\"; name = \"a.example\"; }; } );",
		  "route[0].tls.mode", "not in this version" },
		{ HOST "backend = { " MTA "i = { address = [\"127.0.0.1:26\"]; tls = { verify = "
		       "\"system\"; }; }; };" REST,
		  "backend.i.tls.verify", "no TLS" },
		{ HOST "backend = { " MTA
		       "i = { address = [\"127.0.0.1:26\"]; accept = [\"plian\"];"
		       "}; };" REST,
		  "backend.i.accept", "did you mean \"plain\"" },
		{ HOST "backend = { mta = { address = [\"127.0.0.1:25\"]; }; }; " REST,
		  "backend.mta.address", "itself listens" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		refused(&cases[i]);
}

static void test_edges_refused(void **state)
{
	static const struct bad_case cases[] = {
		{ HOST "backend = { " MTA "}; edge = { " POP "};", "edge.pop.certificates",
		  "self-signed" },
		{ HOST "backend = { " MTA "}; edge = { x = { protocol = \"managesieve\";"
		       "listen = [\"*:4190\"]; backend = \"mta\"; }; };",
		  "edge.x.certificates", "users need" },
		{ HOST "backend = { " MTA "}; edge = { x = { protocol = \"lmtp\";"
		       "listen = [\"*:24\"]; backend = \"mta\"; }; };",
		  "edge.x.certificates", "MTAs need" },
		{ HOST CERT "backend = { b = { address = [\"127.0.0.1:26\"]; client_info = "
		            "\"xclient\"; }; }; edge = { x = { protocol = \"managesieve\";"
		            "listen = [\"*:4190\"]; backend = \"b\"; }; };",
		  "backend.b.client_info", "managesieve (edge \"x\") has no XCLIENT" },
		{ HOST CERT "backend = { b = { address = [\"127.0.0.1:26\"]; client_info = "
		            "\"xclient\"; }; }; edge = { x = { protocol = \"lmtp\";"
		            "listen = [\"*:24\"]; backend = \"b\"; }; };",
		  "backend.b.client_info", "lmtp (edge \"x\") is not in this version" },
		{ HOST CERT "backend = { b = { " REMOTE "tls = { mode = \"starttls\"; name = "
		            "\"b.example.org\"; }; }; }; edge = { x = { protocol = "
		            "\"managesieve\"; listen = [\"*:4190\"]; backend = \"b\"; }; };",
		  "backend.b.tls.mode", "managesieve servers refuse STARTTLS" },
		{ HOST CERT "backend = { " MTA "}; edge = { x = { protocol = \"lmtp\";"
		            "listen = [\"*:24\"]; backend = \"mta\"; }; };"
		            "exception = ( { edge = \"x\"; from = [\"192.0.2.1\"]; allow = "
		            "[\"plain-login\"]; until = \"2026-06-30\"; reason = \"x\"; } );",
		  "exception[0].edge", "takes no logins" },
		{ HOST "backend = { " MTA
		       "}; edge = { x = { protocol = \"smtp\"; backend = \"mta\";"
		       "}; };",
		  "edge.x.listen", "no client" },
		{ HOST "backend = { " MTA
		       "}; edge = { x = { protocol = \"smtp\"; backend = \"mta\";"
		       "listen = [\"*:25\"]; listen_tls = [\"*:465\"]; }; };",
		  "edge.x.listen_tls", "submission" },
		{ HOST "backend = { " MTA
		       "}; edge = { x = { protocol = \"smtp\"; backend = \"mta\";"
		       "listen = [\"25\"]; }; };",
		  "edge.x.listen", "port" },
		{ HOST "backend = { " MTA
		       "}; edge = { x = { protocol = \"smtp\"; backend = \"mta\";"
		       "listen = [\"mx.example.org:25\"]; }; };",
		  "edge.x.listen", "not looked up" },
		{ HOST "backend = { " MTA "}; edge = { " MX "x = { protocol = \"smtp\";"
		       "backend = \"mta\"; listen = [\"127.0.0.1:25\"]; }; };",
		  "edge.x.listen", "taken by" },
		{ HOST CERT
		  "backend = { " MTA "}; edge = { x = { protocol = \"imap\";"
		  "backend = \"mta\"; listen = [\"*:143\"]; listen_tls = [\"*:143\"]; }; };",
		  "edge.x.listen_tls", "taken by" },
		{ HOST "backend = { " MTA
		       "}; edge = { x = { protocol = \"smtp\"; backend = \"mta\";"
		       "listen = [\"*:25\"]; limits = { idle_timeout = 60; }; }; };",
		  "edge.x.limits.idle_timeout", "35m" },
		{ HOST "backend = { " MTA
		       "}; edge = { x = { protocol = \"smtp\"; backend = \"mta\";"
		       "listen = [\"*:25\"]; accept = [\"everything\"]; }; };",
		  "edge.x.accept", "known: self-signed" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		refused(&cases[i]);
}

static void test_self_signed_accepted(void **state)
{
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		HOST "backend = { " MTA "}; edge = { p = { protocol = \"pop3\"; backend = \"mta\";"
		     "listen = [\"*:110\"]; accept = [\"self-signed\"]; }; };");
	assert_true(s->edges[0].accepts_self_signed);
}

#define EXCEPTION(from, allow, until)                                                              \
	HOST CERT "backend = { " MTA "}; edge = { " MX POP "};\nexception = ( { edge = \"pop\"; "  \
		  "from = [" from "]; allow = [" allow "]; until = \"" until                       \
		  "\"; reason = \"tills\"; } );"

static void test_exceptions_refused(void **state)
{
	static const struct bad_case cases[] = {
		{ EXCEPTION("\"*\"", "\"plain-login\"", "2027-07-01"), "exception[0].until",
		  "181 days" },
		{ EXCEPTION("\"*\"", "\"plain-login\"", "soon"), "exception[0].until", "no date" },
		{ EXCEPTION("\"*\"", "\"everything\"", "2027-02-01"), "exception[0].allow",
		  "plain-login" },
		{ EXCEPTION("", "\"plain-login\"", "2027-02-01"), "exception[0].from", "empty" },
		{ EXCEPTION("\"tills\"", "\"plain-login\"", "2027-02-01"), "exception[0].from",
		  "no network" },
		{ HOST WELL "exception = ( { edge = \"mz\"; from = [\"*\"]; allow = [\"tls1.0\"];"
		            "until = \"2027-02-01\"; reason = \"r\"; } );",
		  "exception[0].edge", "\"mx\"" },
		{ HOST WELL
		  "exception = ( { edge = \"mx\"; from = [\"*\"]; allow = [\"plain-login\"];"
		  "until = \"2027-02-01\"; reason = \"r\"; } );",
		  "exception[0].edge", "no logins" },
		{ HOST WELL "exception = ( { edge = \"mx\"; from = [\"*\"]; allow = [\"tls1.0\"];"
		            "until = \"2027-02-01\"; } );",
		  "exception[0].reason", "missing" },
		{ HOST WELL "exception = ( 5 );", "exception[0]", "group" },
		{ HOST WELL "exception = { };", "exception", "another kind" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		refused(&cases[i]);
}

static void test_exceptions_accepted(void **state)
{
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		EXCEPTION("\"*\"", "\"tls1.1\", \"plain-login\", \"tls1.0\"", "2027-06-30"));
	assert_int_equal(s->exception_count, 1);
	assert_true(s->exceptions[0].any_from);
	assert_int_equal(s->exceptions[0].allow_version, TLS_1_0);
	assert_int_equal(s->exceptions[0].line, 2);
}

static void test_exceptions_for_networks_accepted(void **state)
{
	CLEAN(conf_settings_freep)
	struct conf_settings *s = read_well(
		EXCEPTION("\"192.0.2.0/24\", \"2001:db8::/32\"", "\"tls1.0\"", "2027-06-30"));
	assert_int_equal(s->exception_count, 1);
	assert_false(s->exceptions[0].any_from);
	assert_int_equal(s->exceptions[0].from_count, 2);
	assert_int_equal(s->exceptions[0].allow_version, TLS_1_0);
}

/* It opens nothing, and whoever reads it thinks that the edge is stricter than it is. */
static void test_exceptions_of_what_all_may_warned(void **state)
{
	CLEAN(conf_settings_freep) struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	const char *text =
		EXCEPTION("\"*\"", "\"tls1.1\"", "2027-06-30") " tls = { min_version = \"1.0\"; };";
	assert_int_equal(conf_read_text(&s, text, NOW_S, &errors), 0);
	assert_int_equal(errors.count, 1);
	assert_true(errors.items[0].is_warning);
	assert_non_null(strstr(errors.items[0].message, "to everybody"));
}

/* The last day counts to its end; the day after, the exception is gone. */
static void test_exceptions_end(void **state)
{
	static const struct {
		int64_t now_s;
		size_t count;
		const char *warning;
	} cases[] = {
		{ NOW_S - 1, 1, "ends in 2 days" },
		{ NOW_S, 1, "ends in 1 days" },
		{ NOW_S + 86400, 1, "ends in 0 days" },
		{ NOW_S + 2 * 86400 - 1, 1, "ends in 0 days" },
		{ NOW_S + 2 * 86400, 0, "ended on 2027-01-02" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(conf_settings_freep) struct conf_settings *s = NULL;
		CLEAN(conf_errors_deinit) struct conf_errors errors = {};
		const char *text = EXCEPTION("\"*\"", "\"plain-login\"", "2027-01-02");
		assert_int_equal(conf_read_text(&s, text, cases[i].now_s, &errors), 0);
		assert_int_equal(s->exception_count, cases[i].count);
		assert_int_equal(errors.count, 1);
		assert_true(errors.items[0].is_warning);
		assert_non_null(strstr(errors.items[0].message, cases[i].warning));
		assert_int_equal(errors.items[0].line, 2);
	}
}

static void test_every_error_in_one_run(void **state)
{
	static const char text[] = "hostname = \"mx.example.org\";\n"
				   "wrokers = 2;\n"
				   "limits = { line_max = 1;\n"
				   "\tidle_timeout = \"5m\"; };\n"
				   "backend = {\n"
				   "\tmta = { address = [\"127.0.0.1:10025\"]; };\n"
				   "\timap = { address = [\"10.0.0.5:143\"]; };\n"
				   "};\n"
				   "edge = {\n"
				   "\tmx = {\n"
				   "\t\tprotocol = \"smtp\";\n"
				   "\t\tlisten = [\"*:25\"];\n"
				   "\t\tbackend = \"mtaa\";\n"
				   "\t};\n"
				   "\timap = { protocol = \"imap\"; backend = \"imap\"; };\n"
				   "};\n";
	static const struct {
		int line;
		const char *setting;
	} expected[] = {
		{ 2, "wrokers" },
		{ 3, "limits.line_max" },
		{ 4, "limits.idle_timeout" },
		{ 7, "backend.imap.address" },
		{ 13, "edge.mx.backend" },
		{ 15, "edge.imap.listen" },
		{ 15, "edge.imap.certificates" },
	};
	struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	assert_int_equal(conf_read_text(&s, text, NOW_S, &errors), CONF_BAD);
	conf_errors_print(&errors, stderr);
	assert_int_equal(errors.count, COUNT_OF(expected));
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		assert_int_equal(errors.items[i].line, expected[i].line);
		assert_string_equal(errors.items[i].setting, expected[i].setting);
	}
}

static void test_syntax_errors_have_a_line(void **state)
{
	static const struct {
		const char *text, *fragment;
		int line;
	} cases[] = {
		{ "a = 1;\nb = ;\n", "syntax", 2 },
		{ "hostname = \"a\";\nhostname = \"b\";\n", "duplicate", 2 },
		{ "a = 1;\nb = \"no end\n", "must end on its line", 2 },
		{ "a = 1;\n/* no\n\nend", "no end", 2 },
		{ "mx.example.org = 1;\n", "syntax", 1 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_settings *s = NULL;
		CLEAN(conf_errors_deinit) struct conf_errors errors = {};
		assert_int_equal(conf_read_text(&s, cases[i].text, NOW_S, &errors), CONF_BAD);
		conf_errors_print(&errors, stderr);
		assert_int_equal(errors.count, 1);
		assert_non_null(strstr(errors.items[0].message, cases[i].fragment));
		assert_int_equal(errors.items[0].line, cases[i].line);
	}
}

static void test_no_effect_is_warned_of(void **state)
{
	CLEAN(conf_settings_freep) struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	const char *text = HOST CERT "backend = { " MTA "}; edge = { x = { protocol = \"imap\";"
				     "listen = [\"*:143\"]; backend = \"mta\"; received = \"off\"; "
				     "greet_delay = 5; require_tls_from = []; }; };";
	assert_int_equal(conf_read_text(&s, text, NOW_S, &errors), 0);
	assert_int_equal(errors.count, 3);
	assert_int_equal(errors.error_count, 0);
	assert_non_null(error_find(&errors, "edge.x.received", "does nothing"));
	assert_non_null(error_find(&errors, "edge.x.require_tls_from", "does nothing"));
}

static void test_errors_are_printed(void **state)
{
	struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	char *text = NULL;
	size_t len;
	assert_int_equal(conf_read_text(&s, HOST WELL "\nwrokers = 2;", NOW_S, &errors), CONF_BAD);
	FILE *out = open_memstream(&text, &len);
	conf_errors_print(&errors, out);
	fclose(out);
	assert_string_equal(text, "configuration:2: wrokers: there is no such setting; "
	                          "did you mean \"workers\"?\n");
	free(text);
}

/* A thousand errors are enough; the file stays refused. */
static void test_errors_are_bounded(void **state)
{
	static char text[100000];
	size_t len = 0;
	struct conf_settings *s = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	for (int i = 0; i < 3000; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "zzzzzzzz%d = %d;\n", i, i);
	assert_int_equal(conf_read_text(&s, text, NOW_S, &errors), CONF_BAD);
	assert_int_equal(errors.error_count, 1000);
}

static char *printed(const struct conf_settings *s)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	if (s)
		conf_print_settings(out, s);
	else
		conf_print_defaults(out);
	fclose(out);
	return text;
}

static void test_what_is_shown_can_be_read(void **state)
{
	static const char *const texts[] = {
		HOST WELL,
		EXCEPTION("\"192.0.2.0/24\", \"2001:db8::/32\"", "\"plain-login\"", "2027-06-30"),
		HOST CERT "backend = { a = { " REMOTE
			  "tls = { mode = \"implicit\"; verify = \"pin\";"
			  "pin = [" PIN "]; }; }; }; edge = { i = { protocol = \"imap\"; listen = "
			  "[\"*:143\"]; backend = \"a\"; certificates = [\"c\"]; }; };",
	};
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	for (size_t i = 0; i < COUNT_OF(texts) + 1; i++) {
		CLEAN(conf_settings_freep)
		struct conf_settings *first = read_well(i ? texts[i - 1] : conf_example());
		CLEAN(freep) char *shown = printed(first);
		CLEAN(conf_settings_freep) struct conf_settings *again = NULL;
		int r = conf_read_text(&again, shown, NOW_S, &errors);
		conf_errors_print(&errors, stderr);
		assert_int_equal(r, 0);
		assert_int_equal(errors.count, 0);
		CLEAN(freep) char *shown_again = printed(again);
		assert_string_equal(shown, shown_again);
		assert_int_equal(conf_reload_effect(first, again), 0);
		CLEAN(conf_settings_freep) struct conf_settings *worker = read_well(first->text);
		assert_int_equal(conf_reload_effect(first, worker), 0);
	}
}

static void test_defaults_shown_can_be_read(void **state)
{
	CLEAN(freep) char *defaults = printed(NULL);
	CLEAN(freep) char *text = NULL;
	assert_true(asprintf(&text, "%s%s", defaults, HOST WELL) > 0);
	CLEAN(conf_settings_freep) struct conf_settings *s = read_well(text);
	CLEAN(conf_settings_freep) struct conf_settings *plain = read_well(HOST WELL);
	assert_int_equal(conf_reload_effect(s, plain), 0);
}

static void test_reload_effect(void **state)
{
	static const struct {
		const char *text;
		unsigned effect;
	} cases[] = {
		{ HOST WELL, 0 },
		{ HOST WELL "workers = 3;", 1 << CONF_RELOAD_WORKERS },
		{ HOST WELL "user = \"other\";", 1 << CONF_RELOAD_RESTART },
		{ HOST WELL "limits = { errors_max = 3; };", 1 << CONF_RELOAD_NEW_SESSIONS },
		{ HOST CERT WELL, 1 << CONF_RELOAD_NEW_SESSIONS },
		{ HOST WELL "resolver = { queries = 2000; };", 1 << CONF_RELOAD_WORKERS },
		{ HOST WELL "policy_service = { socketmap = \"unix:/a\"; };",
		  1 << CONF_RELOAD_LISTENERS },
		{ HOST WELL "tlsrpt = { collector = \"unix:/a\"; };", 1 << CONF_RELOAD_LISTENERS },
		{ HOST "backend = { " MTA "}; edge = { mx = { protocol = \"smtp\"; listen = "
		       "[\"*:26\"]; backend = \"mta\"; }; };",
		  1 << CONF_RELOAD_LISTENERS },
		{ HOST "backend = { " MTA "}; edge = { my = { protocol = \"smtp\"; listen = "
		       "[\"*:25\"]; backend = \"mta\"; }; };",
		  1 << CONF_RELOAD_LISTENERS },
	};
	CLEAN(conf_settings_freep) struct conf_settings *now = read_well(HOST WELL);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(conf_settings_freep) struct conf_settings *next = read_well(cases[i].text);
		print_message("%s\n", cases[i].text);
		assert_int_equal(conf_reload_effect(now, next), cases[i].effect);
	}
}

/* Every row has its place in the manual, and no line is a roff request by accident. */
static void test_manual_is_whole(void **state)
{
	CLEAN(freep) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	conf_print_man(out);
	fclose(out);
	for (size_t i = 0; i < conf_root.group_count; i++)
		for (size_t j = 0; j < conf_root.groups[i]->row_count; j++) {
			char entry[128];
			snprintf(entry, sizeof(entry),
			         "\\fB%s\\fR = ", conf_root.groups[i]->rows[j].name);
			assert_non_null(strstr(text, entry));
		}
	for (const char *line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
		if (line[1] == '.')
			assert_non_null(strchr("PRSTnfB", line[2]));
	assert_null(strstr(text, "(null)"));
}

static void test_restart_names(void **state)
{
	(void)state;
	char names[64];
	CLEAN(conf_settings_freep) struct conf_settings *now = read_well(HOST WELL);
	CLEAN(conf_settings_freep)
	struct conf_settings *next =
		read_well(HOST WELL "user = \"mail\"; log_format = \"json\"; workers = 3;");
	conf_restart_names(now, next, names, sizeof(names));
	assert_string_equal(names, "user, log_format");
	conf_restart_names(next, next, names, sizeof(names));
	assert_string_equal(names, "");
	conf_restart_names(now, next, names, 3); /* no room: cut, not over */
	assert_string_equal(names, "us");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart_names),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_check_schedule),
		cmocka_unit_test(test_example_exception),
		cmocka_unit_test(test_inheritance),
		cmocka_unit_test(test_an_old_minimum_stays_at_the_edges),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_backend_tls_accepted),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_values_refused),
		cmocka_unit_test(test_names_refused),
		cmocka_unit_test(test_outbound_refused),
		cmocka_unit_test(test_outbound),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_hook),
		cmocka_unit_test(test_cluster),
		cmocka_unit_test(test_backends_refused),
		cmocka_unit_test(test_edges_refused),
		cmocka_unit_test(test_self_signed_accepted),
		cmocka_unit_test(test_exceptions_refused),
		cmocka_unit_test(test_exceptions_accepted),
		cmocka_unit_test(test_exceptions_for_networks_accepted),
		cmocka_unit_test(test_exceptions_of_what_all_may_warned),
		cmocka_unit_test(test_exceptions_end),
		cmocka_unit_test(test_every_error_in_one_run),
		cmocka_unit_test(test_syntax_errors_have_a_line),
		cmocka_unit_test(test_no_effect_is_warned_of),
		cmocka_unit_test(test_errors_are_printed),
		cmocka_unit_test(test_errors_are_bounded),
		cmocka_unit_test(test_what_is_shown_can_be_read),
		cmocka_unit_test(test_defaults_shown_can_be_read),
		cmocka_unit_test(test_reload_effect),
		cmocka_unit_test(test_manual_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
