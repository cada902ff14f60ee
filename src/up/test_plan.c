/* From files as servers have them to what changes. */
#include "base/clean.h"
#include "conf/conf.h"
#include "up/plan.h"
#include "up/published.h"

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

/* A machine's files in a folder of its own, read and planned. */
struct machine {
	char root[64];
	struct servers servers;
	struct up_facts facts;
	struct up_plan plan;
};

static int entry_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static void file_add(const struct machine *m, const char *path, const char *text)
{
	char whole[PATH_MAX];
	snprintf(whole, sizeof(whole), "%s%s", m->root, path);
	for (char *slash = whole + strlen(m->root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
	FILE *file = fopen(whole, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void machine_init(struct machine *m)
{
	*m = (struct machine){ .root = "/tmp/mailseal-plan-XXXXXX" };
	assert_non_null(mkdtemp(m->root));
	m->facts = (struct up_facts){ .servers = &m->servers,
		                      .takes_postfix = true,
		                      .takes_dovecot = true,
		                      .hostname = "host.example.org",
		                      .conf_path = "/etc/mailseal/mailseal.conf" };
}

static void machine_plan(struct machine *m)
{
	m->servers.root = m->root;
	assert_int_equal(servers_read(&m->servers), 0);
	assert_int_equal(up_plan_make(&m->plan, &m->facts), 0);
}

static void machine_deinit(struct machine *m)
{
	up_plan_deinit(&m->plan);
	servers_deinit(&m->servers);
	nftw(m->root, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static const char main_cf[] = "myhostname = mx.example.org\n"
			      "mydestination = $myhostname, Example.ORG, localhost\n"
			      "virtual_mailbox_domains = hash:/etc/postfix/domains example.net\n"
			      "smtpd_tls_cert_file=/etc/ssl/mx.pem\n"
			      "smtpd_tls_key_file=/etc/ssl/mx.key\n"
			      "smtpd_tls_security_level=may\n";
static const char master_cf[] = "smtp      inet  n       -       y       -       -       smtpd\n"
				"pickup    unix  n       -       y       60      1       pickup\n";
static const char dovecot_conf[] = "protocols = imap\n"
				   "ssl = required\n"
				   "ssl_cert = </etc/ssl/imap.pem\n"
				   "ssl_key = </etc/ssl/imap.key\n";

static void postfix_add(const struct machine *m, const char *more, const char *services)
{
	char text[2048];
	snprintf(text, sizeof(text), "%s%s", main_cf, more);
	file_add(m, "/etc/postfix/main.cf", text);
	file_add(m, "/etc/postfix/master.cf", services);
}

static const char *file_after(const struct machine *m, const char *path)
{
	static char text[8192];
	for (size_t i = 0; i < m->plan.work.file_count; i++) {
		const struct up_file *file = &m->plan.work.files[i];
		if (strcmp(file->path, path) != 0)
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)buf_len(&file->after),
		         (const char *)buf_slice(&file->after).data);
		return text;
	}
	return NULL;
}

static void expect_text(const struct up_texts *texts, const char *part)
{
	for (size_t i = 0; i < texts->count; i++)
		if (strstr(texts->items[i], part))
			return;
	for (size_t i = 0; i < texts->count; i++)
		print_message("%s\n", texts->items[i]);
	fail_msg("not said: %s", part);
}

static void expect_refusal(const struct machine *m, const char *part)
{
	expect_text(&m->plan.refusals, part);
}

static void expect_fine(const struct machine *m)
{
	for (size_t i = 0; i < m->plan.refusals.count; i++)
		print_message("%s\n", m->plan.refusals.items[i]);
	assert_int_equal(m->plan.refusals.count, 0);
}

/* What the plan writes is a configuration that mailseal takes. */
static void expect_conf(const struct machine *m)
{
	CLEAN(conf_settings_freep) struct conf_settings *settings = NULL;
	CLEAN(conf_errors_deinit) struct conf_errors errors = {};
	const char *text = file_after(m, "/etc/mailseal/mailseal.conf");
	assert_non_null(text);
	int r = conf_read_text(&settings, text, 1800000000, &errors);
	conf_errors_print(&errors, stderr);
	assert_int_equal(r, 0);
	assert_int_equal(settings->edge_count, m->plan.edge_count);
}

static void test_postfix_and_dovecot(void **state)
{
	CLEAN(machine_deinit) struct machine m;
	(void)state;
	machine_init(&m);
	postfix_add(&m, "", master_cf);
	file_add(&m, "/etc/dovecot/dovecot.conf", dovecot_conf);
	machine_plan(&m);
	expect_fine(&m);
	assert_string_equal(m.plan.hostname, "mx.example.org");
	assert_int_equal(m.plan.edge_count, 2);
	assert_int_equal(m.plan.edges[0].backend_port, 10025);
	assert_int_equal(m.plan.edges[0].doors[0].direct_port, 20025);
	assert_string_equal(m.plan.edges[0].doors[0].listen, "\"*:25\"");
	assert_int_equal(m.plan.edges[1].door_count, 2);
	assert_true(m.plan.edges[1].doors[1].is_tls);
	assert_int_equal(m.plan.certificate_count, 2);
	assert_string_equal(m.plan.certificates[1].chain, "/etc/ssl/imap.pem");
	assert_int_equal(m.plan.work.port_count, 3);
	assert_true(m.plan.work.has_postfix && m.plan.work.has_dovecot);
	assert_string_equal(
		file_after(&m, "/etc/postfix/master.cf"),
		"# mailseal up 1: begin; \"mailseal up --undo\" takes this block back\n"
		"#mailseal# smtp      inet  n       -       y       -       -       smtpd\n"
		"127.0.0.1:10025      inet  n       -       y       -       -       smtpd\n"
		"  -o smtpd_upstream_proxy_protocol=haproxy\n"
		"  -o smtpd_tls_security_level=none\n"
		"  -o smtpd_tls_wrappermode=no\n"
		"  -o smtpd_tls_auth_only=no\n"
		"127.0.0.1:20025      inet  n       -       y       -       -       smtpd\n"
		"# mailseal up 1: end\n"
		"pickup    unix  n       -       y       60      1       pickup\n");
	const char *dovecot = file_after(&m, "/etc/dovecot/dovecot.conf");
	assert_non_null(strstr(dovecot, "haproxy_trusted_networks = 127.0.0.0/8\n"));
	assert_non_null(strstr(dovecot, "  inet_listener imaps {\n    port = 0\n  }\n"));
	assert_non_null(strstr(dovecot, "  inet_listener mailseal {\n    address = 127.0.0.1\n"
	                                "    port = 10143\n    haproxy = yes\n  }\n"));
	assert_non_null(strstr(dovecot, "    port = 20993\n    ssl = yes\n"));
	expect_conf(&m);
}

static void test_dovecot_2_4_says_listen(void **state)
{
	CLEAN(machine_deinit) struct machine m;
	(void)state;
	machine_init(&m);
	file_add(&m, "/etc/dovecot/dovecot.conf",
	         "dovecot_config_version = 2.4.1\n"
	         "protocols = imap\n"
	         "haproxy_trusted_networks = 10.0.0.0/8\n"
	         "ssl_server_cert_file = /etc/ssl/imap.pem\n"
	         "ssl_server_key_file = /etc/ssl/imap.key\n");
	machine_plan(&m);
	expect_fine(&m);
	const char *dovecot = file_after(&m, "/etc/dovecot/dovecot.conf");
	assert_non_null(strstr(dovecot, "haproxy_trusted_networks = 10.0.0.0/8 127.0.0.0/8\n"));
	assert_non_null(strstr(dovecot, "    listen = 127.0.0.1\n    port = 10143\n"));
	assert_string_equal(m.plan.hostname, "host.example.org");
	expect_conf(&m);
}

static const char hand_made[] = "smtp inet n - y - - smtpd -v\n"
				"  -o smtpd_sasl_auth_enable=yes\n"
				"# a comment\n"
				"  -o { smtpd_client_restrictions = permit_mynetworks, reject }\n"
				"submission inet n - n - 50 smtpd\n"
				"  -o smtpd_tls_security_level=encrypt\n"
				"  -o smtpd_sasl_security_options=noanonymous,noplaintext\n"
				"  -o smtpd_sasl_tls_security_options=noanonymous\n"
				"465 inet n - y - - smtpd\n"
				"  -o smtpd_tls_wrappermode=yes\n"
				"192.0.2.7:2525 inet n - y - - smtpd\n"
				"127.0.0.1:10025 inet n - n - - smtpd\n";

static void test_services_keep_their_options(void **state)
{
	CLEAN(machine_deinit) struct machine m;
	(void)state;
	machine_init(&m);
	postfix_add(&m, "", hand_made);
	machine_plan(&m);
	expect_fine(&m);
	assert_int_equal(m.plan.edge_count, 4);
	assert_true(m.plan.edges[0].takes_auth);
	const char *text = file_after(&m, "/etc/postfix/master.cf");
	/* 10025 is what an amavis hands back to. */
	assert_non_null(strstr(text, "\n127.0.0.1:11025 inet n - y - - smtpd -v\n"
	                             "  -o smtpd_sasl_auth_enable=yes\n"
	                             "  -o { smtpd_client_restrictions = permit_mynetworks, "
	                             "reject }\n"
	                             "  -o smtpd_upstream_proxy_protocol=haproxy\n"));
	assert_non_null(strstr(text, "\n#mailseal# # a comment\n"));
	assert_non_null(strstr(text, "\n127.0.0.1:10587 inet n - n - 50 smtpd\n"));
	assert_non_null(strstr(text, "\n  -o { smtpd_sasl_security_options = noanonymous }\n"));
	assert_non_null(strstr(text, "\n127.0.0.1:10025 inet n - n - - smtpd\n"));
	assert_string_equal(m.plan.edges[2].doors[0].listen, "\"*:465\"");
	assert_true(m.plan.edges[2].doors[0].is_tls);
	assert_string_equal(m.plan.edges[3].doors[0].listen, "\"192.0.2.7:2525\"");
	expect_conf(&m);
	assert_non_null(
		strstr(file_after(&m, "/etc/mailseal/mailseal.conf"), "auth = \"after-tls\";"));
}

static void test_postscreen(void **state)
{
	CLEAN(machine_deinit) struct machine m;
	(void)state;
	machine_init(&m);
	postfix_add(&m, "",
	            "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n"
	            "tlsproxy unix - - y - 0 tlsproxy\n");
	machine_plan(&m);
	expect_fine(&m);
	assert_non_null(strstr(file_after(&m, "/etc/postfix/master.cf"),
	                       "127.0.0.1:10025 inet n - y - 1 postscreen\n"
	                       "  -o postscreen_upstream_proxy_protocol=haproxy\n"
	                       "127.0.0.1:20025 inet n - y - - smtpd\n"));
}

static void test_what_it_leaves_alone(void **state)
{
	static const struct {
		const char *more, *services, *said;
	} cases[] = {
		{ "", "smtp inet n - y - - smtpd\n  -o smtpd_upstream_proxy_protocol=haproxy\n",
		  "expects a PROXY header" },
		{ "smtpd_sender_restrictions = reject_plaintext_session\n",
		  "smtp inet n - y - - smtpd\n", "rejects sessions without TLS" },
		{ "", "mx.example.org:25 inet n - y - - smtpd\n", "written as a name" },
		{ "smtpd_tls_ask_ccert = yes\n", "smtp inet n - y - - smtpd\n",
		  "certificates of clients" },
		{ "",
		  "smtp inet n - y - - smtpd\n  -o smtpd_relay_restrictions=permit_mynetworks,"
		  "permit_tls_clientcerts,reject\n",
		  "certificates of clients" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(machine_deinit) struct machine m;
		machine_init(&m);
		postfix_add(&m, cases[i].more, cases[i].services);
		machine_plan(&m);
		expect_text(&m.plan.notes, cases[i].said);
		expect_refusal(&m, "could stand in front of");
		assert_null(file_after(&m, "/etc/postfix/master.cf"));
	}
}

static void test_loopback_is_not_public(void **state)
{
	CLEAN(machine_deinit) struct machine m;
	(void)state;
	machine_init(&m);
	postfix_add(&m, "inet_interfaces = loopback-only\n", master_cf);
	machine_plan(&m);
	assert_int_equal(m.plan.edge_count, 0);
	expect_refusal(&m, "could stand in front of");
}

static void test_addresses_of_interfaces(void **state)
{
	CLEAN(machine_deinit) struct machine m;
	(void)state;
	machine_init(&m);
	postfix_add(&m, "inet_interfaces = 192.0.2.1, 2001:db8::1\n", master_cf);
	machine_plan(&m);
	expect_fine(&m);
	assert_string_equal(m.plan.edges[0].doors[0].listen,
	                    "\"192.0.2.1:25\", \"[2001:db8::1]:25\"");
	expect_conf(&m);
}

static void test_port_25_that_takes_nothing_in_clear(void **state)
{
	CLEAN(machine_deinit) struct machine m;
	(void)state;
	machine_init(&m);
	postfix_add(&m, "", "smtp inet n - y - - smtpd -o smtpd_tls_security_level=encrypt\n");
	machine_plan(&m);
	expect_fine(&m);
	assert_true(m.plan.edges[0].requires_tls);
	expect_conf(&m);
}

static void test_only_one_of_them(void **state)
{
	CLEAN(machine_deinit) struct machine m;
	(void)state;
	machine_init(&m);
	postfix_add(&m, "", master_cf);
	file_add(&m, "/etc/dovecot/dovecot.conf", dovecot_conf);
	m.facts.takes_postfix = false;
	machine_plan(&m);
	expect_fine(&m);
	assert_int_equal(m.plan.edge_count, 1);
	assert_null(file_after(&m, "/etc/postfix/master.cf"));
	assert_false(m.plan.work.has_postfix);
}

static void test_refusals(void **state)
{
	static const struct up_listening exim = { 25, "exim4" };
	(void)state;
	{
		CLEAN(machine_deinit) struct machine m;
		machine_init(&m);
		postfix_add(&m, "", master_cf);
		m.facts.listening = &exim;
		m.facts.listening_count = 1;
		machine_plan(&m);
		expect_refusal(&m, "is held by \"exim4\"");
	}
	{
		CLEAN(machine_deinit) struct machine m;
		machine_init(&m);
		postfix_add(&m, "", master_cf);
		m.facts.conf_is_there = true;
		machine_plan(&m);
		expect_refusal(&m, "mailseal.conf is there already");
	}
	{
		CLEAN(machine_deinit) struct machine m;
		machine_init(&m);
		postfix_add(&m, "", "# mailseal up 1: begin\nsmtp inet n - y - - smtpd\n");
		machine_plan(&m);
		expect_refusal(&m, "has lines of mailseal up already");
	}
	{
		CLEAN(machine_deinit) struct machine m;
		machine_init(&m);
		file_add(&m, "/etc/dovecot/dovecot.conf", "protocols = imap\nssl = no\n");
		machine_plan(&m);
		expect_refusal(&m, "Dovecot has no certificate");
	}
	{
		CLEAN(machine_deinit) struct machine m;
		machine_init(&m);
		machine_plan(&m);
		expect_refusal(&m, "no Postfix and no Dovecot here");
	}
}

static void test_same_port_on_loopback(void **state)
{
	CLEAN(machine_deinit) struct machine m;
	(void)state;
	machine_init(&m);
	postfix_add(&m, "",
	            "192.0.2.7:25 inet n - y - - smtpd\n127.0.0.1:25 inet n - y - - smtpd\n");
	machine_plan(&m);
	expect_refusal(&m, "Postfix \"127.0.0.1:25:inet\" would keep it on 127.0.0.1");
}

static void test_ports_that_are_taken(void **state)
{
	static const struct up_listening others[] = { { 10025, "amavisd" }, { 20025, "x" } };
	CLEAN(machine_deinit) struct machine m;
	(void)state;
	machine_init(&m);
	postfix_add(&m, "", master_cf);
	m.facts.listening = others;
	m.facts.listening_count = 2;
	machine_plan(&m);
	expect_fine(&m);
	assert_int_equal(m.plan.edges[0].backend_port, 11025);
	assert_int_equal(m.plan.edges[0].doors[0].direct_port, 21025);
}

static void test_certificates_of_names(void **state)
{
	CLEAN(machine_deinit) struct machine m;
	(void)state;
	machine_init(&m);
	file_add(&m, "/etc/dovecot/dovecot.conf",
	         "protocols = imap\n"
	         "ssl_cert = </etc/ssl/\"odd\\.pem\n"
	         "ssl_key = </etc/ssl/imap.key\n"
	         "local_name imap.example.net {\n"
	         "  ssl_cert = </etc/ssl/net.pem\n"
	         "  ssl_key = </etc/ssl/net.key\n"
	         "}\n");
	machine_plan(&m);
	expect_fine(&m);
	assert_int_equal(m.plan.certificate_count, 2);
	assert_int_equal(m.plan.edges[0].certificate_count, 2);
	assert_string_equal(m.plan.certificates[m.plan.edges[0].certificates[1]].chain,
	                    "/etc/ssl/net.pem");
	expect_conf(&m);
}

static void test_domains(void **state)
{
	CLEAN(machine_deinit) struct machine m;
	struct up_domains domains = {};
	(void)state;
	machine_init(&m);
	postfix_add(&m, "", master_cf);
	machine_plan(&m);
	assert_int_equal(up_domains_find(&domains, &m.plan, &m.servers), 0);
	assert_int_equal(domains.count, 3);
	assert_string_equal(domains.names[0], "mx.example.org");
	assert_string_equal(domains.names[1], "example.org");
	assert_string_equal(domains.names[2], "example.net");
	expect_text(&m.plan.notes, "hash:/etc/postfix/domains");
	assert_true(up_domains_add(&domains, &m.servers, slice_str("EXAMPLE.org")));
	assert_int_equal(domains.count, 3);
	assert_false(up_domains_add(&domains, &m.servers, slice_str("no domain")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_postfix_and_dovecot),
		cmocka_unit_test(test_dovecot_2_4_says_listen),
		cmocka_unit_test(test_services_keep_their_options),
		cmocka_unit_test(test_postscreen),
		cmocka_unit_test(test_what_it_leaves_alone),
		cmocka_unit_test(test_loopback_is_not_public),
		cmocka_unit_test(test_addresses_of_interfaces),
		cmocka_unit_test(test_port_25_that_takes_nothing_in_clear),
		cmocka_unit_test(test_only_one_of_them),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_same_port_on_loopback),
		cmocka_unit_test(test_ports_that_are_taken),
		cmocka_unit_test(test_certificates_of_names),
		cmocka_unit_test(test_domains),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
