#include "check/test_facts.h"

#include "tls/iana.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *host, *address;
	enum check_service service;
} places[] = {
	[FACTS_MX] = { "mx.example.org", "192.0.2.25", CHECK_SMTP },
	[FACTS_MX6] = { "mx.example.org", "2001:db8::25", CHECK_SMTP },
	[FACTS_MX2] = { "mx2.example.org", "192.0.2.26", CHECK_SMTP },
	[FACTS_SUBMISSION] = { "mail.example.org", "192.0.2.27", CHECK_SUBMISSION },
	[FACTS_SUBMISSIONS] = { "mail.example.org", "192.0.2.27", CHECK_SUBMISSIONS },
	[FACTS_IMAP] = { "mail.example.org", "192.0.2.27", CHECK_IMAP },
	[FACTS_IMAPS] = { "mail.example.org", "192.0.2.27", CHECK_IMAPS },
	[FACTS_POP3] = { "mail.example.org", "192.0.2.27", CHECK_POP3 },
	[FACTS_POP3S] = { "mail.example.org", "192.0.2.27", CHECK_POP3S },
	[FACTS_SIEVE] = { "mail.example.org", "192.0.2.27", CHECK_MANAGESIEVE },
	[FACTS_WEB] = { "webmail.example.org", "192.0.2.80", CHECK_HTTPS },
	[FACTS_STS] = { "mta-sts.example.org", "192.0.2.80", CHECK_HTTPS },
};

static void text_set(char *text, size_t cap, const char *what)
{
	snprintf(text, cap, "%s", what);
}

#define SET(field, text) text_set(field, sizeof(field), text)

static struct check_certificate good_certificate(const char *kind, bool is_rsa)
{
	struct check_certificate c = {
		.key_bits = is_rsa ? 4096 : 256,
		.key_is_rsa = is_rsa,
		.key_is_nist_or_edwards = !is_rsa,
		.sent_count = 2,
		.not_before_s = FACTS_NOW - 30 * FACTS_DAY,
		.not_after_s = FACTS_NOW + 60 * FACTS_DAY,
		.is_in_order = true,
		.is_stapled = CHECK_NO,
		.pkix = TLS_PROOF_HOLDS,
		.has_name = CHECK_YES,
	};
	SET(c.key, kind);
	SET(c.issuer, "CN=R11,O=Let's Encrypt,C=US");
	SET(c.signatures[0], "ecdsa-with-SHA384");
	SET(c.signatures[1], "sha256WithRSAEncryption");
	return c;
}

static void versions_fill(struct check_endpoint *e)
{
	struct check_suites *v = e->versions;
	for (enum check_version i = CHECK_SSL2; i < CHECK_VERSION_COUNT; i++)
		v[i].is_there = CHECK_NO;
	v[CHECK_TLS12] = (struct check_suites){ .is_there = CHECK_YES,
		                                .is_whole = true,
		                                .has_order = CHECK_YES,
		                                .chosen = 0xc02c,
		                                .accepted = { 0xc02c, 0xc030, 0xcca9 },
		                                .count = 3 };
	v[CHECK_TLS13] = (struct check_suites){ .is_there = CHECK_YES,
		                                .is_whole = true,
		                                .has_order = CHECK_YES,
		                                .chosen = 0x1302,
		                                .accepted = { 0x1302, 0x1303, 0x1301 },
		                                .count = 3 };
}

static void tls_fill(struct check_endpoint *e)
{
	e->has_tls = CHECK_YES;
	e->tolerates = CHECK_YES;
	e->honours_fallback_scsv = CHECK_YES;
	e->takes_bad_suites = CHECK_NO;
	e->groups[0] = 0x11ec;
	e->groups[1] = 23;
	e->groups[2] = 24;
	e->group_count = 3;
	e->groups_are_whole = true;
	e->has_pq = CHECK_YES;
	e->pq_group = 0x11ec;
	e->takes_sha1 = CHECK_NO;
	e->has_ems = CHECK_YES;
	e->has_secure_renegotiation = CHECK_YES;
	e->renegotiates = CHECK_NO;
	e->compresses = CHECK_NO;
	e->has_early_data = CHECK_NO;
	e->has_tickets = CHECK_YES;
	e->ticket_lifetime_s = 7200;
	e->alpn_is_strict = CHECK_YES;
	e->works_without_sni = CHECK_YES;
	e->no_sni_is_same = true;
	e->attacks = (struct check_attacks){ CHECK_NO, CHECK_NO, CHECK_NO, CHECK_NO };
	versions_fill(e);
	e->chain = good_certificate("EC P-256", false);
	e->has_chain = true;
	e->other_chain = good_certificate("RSA 4096", true);
	e->has_other_chain = true;
	e->other_chain_matches_dane = CHECK_YES;
}

static void talk_fill(struct check_endpoint *e)
{
	if (check_service_has_starttls(e->service)) {
		e->clear.was_heard = true;
		e->clear.offers_starttls = true;
		e->clear.login_disabled = true;
		e->injection = CHECK_NO;
	}
	e->sealed.was_heard = true;
	if (e->service != CHECK_SMTP)
		SET(e->sealed.auth, "PLAIN LOGIN");
	if (e->service == CHECK_SMTP)
		e->plain_mail = CHECK_YES;
}

static void endpoint_fill(struct check_endpoint *e, enum facts_endpoint which)
{
	*e = (struct check_endpoint){ .service = places[which].service,
		                      .port = (uint16_t)check_service_port(places[which].service),
		                      .reach = CHECK_OPEN };
	SET(e->host, places[which].host);
	SET(e->address, places[which].address);
	SET(e->software, e->service == CHECK_SMTP ? "Postfix" : "Dovecot");
	tls_fill(e);
	talk_fill(e);
	e->chain.spki[0] = (uint8_t)(which + 1);
	e->handshake.is_done = CHECK_YES;
	SET(e->handshake.version, "TLSv1.3");
	SET(e->handshake.suite, "TLS_AES_256_GCM_SHA384");
	if (e->service == CHECK_SMTP) {
		e->has_proof = true;
		e->proof = (struct tls_proof){ .dane = TLS_PROOF_HOLDS,
			                       .pkix = TLS_PROOF_HOLDS,
			                       .dane_why = "",
			                       .pkix_why = "",
			                       .dane_usage = 3 };
	}
	if (e->service == CHECK_HTTPS)
		e->web = (struct check_web){ .redirects = CHECK_YES,
			                     .is_clear_open = CHECK_YES,
			                     .hsts_s = 63072000,
			                     .has_login = CHECK_YES,
			                     .login_in_clear = CHECK_NO,
			                     .cookie_is_safe = CHECK_YES,
			                     .status = 200 };
}

static void host_fill(struct facts *f, unsigned which, const char *name)
{
	struct policy_way_host *mx = &f->hosts[which];
	struct check_host *host = &f->domain.hosts[which];
	for (unsigned i = 0; i < 2; i++)
		f->tlsa[which][i] = (struct policy_tlsa){
			.usage = 3, .selector = 1, .matching = 1, .len = 32, .data = { (uint8_t)i }
		};
	SET(mx->name, name);
	mx->tlsa = f->tlsa[which];
	mx->tlsa_count = 2;
	mx->facts = (struct policy_host){ .name = mx->name,
		                          .address = POLICY_DNS_SECURE,
		                          .has_address = true,
		                          .was_asked = true,
		                          .tlsa = POLICY_DNS_SECURE,
		                          .records = mx->tlsa,
		                          .count = 2 };
	*host = (struct check_host){ .is_mx = true,
		                     .address = POLICY_DNS_SECURE,
		                     .has_address = true,
		                     .tlsa_probe = POLICY_DNS_SECURE,
		                     .tlsa_name_probe = POLICY_DNS_SECURE,
		                     .tlsa_was_asked = true,
		                     .tlsa_ttl_s = 3600,
		                     .caa_is_asked = true };
	SET(host->name, name);
	host->caa.count = 1;
	SET(host->caa.text, "letsencrypt.org");
}

static void dns_fill(struct check_domain *d)
{
	SET(d->name, "example.org");
	SET(d->webmail, "webmail.example.org");
	d->at_s = FACTS_NOW;
	d->way.end = POLICY_WAY_HOSTS;
	d->way.mx = POLICY_DNS_SECURE;
	d->zone = POLICY_DNS_SECURE;
	d->sts.state = POLICY_STS_IN_FORCE;
	d->sts.policy = (struct policy_sts){ .mode = POLICY_STS_ENFORCE,
		                             .max_age_s = 1209600,
		                             .mx_count = 1,
		                             .mx = { "*.example.org" } };
	d->sts_record.count = 1;
	SET(d->sts_record.text, "v=STSv1; id=1");
	d->tlsrpt_record.count = 1;
	SET(d->tlsrpt_record.text, "v=TLSRPTv1; rua=mailto:t@example.org");
}

static void services_fill(struct check_domain *d)
{
	d->srv_count = 2;
	d->srv[0] =
		(struct check_srv){ .is_there = true, .port = 465, .status = POLICY_DNS_INSECURE };
	SET(d->srv[0].label, "_submissions");
	SET(d->srv[0].target, "mail.example.org");
	d->srv[1] =
		(struct check_srv){ .is_there = true, .port = 993, .status = POLICY_DNS_INSECURE };
	SET(d->srv[1].label, "_imaps");
	SET(d->srv[1].target, "mail.example.org");
	d->autoconfig_count = 1;
	d->autoconfig[0] = (struct check_autoconfig){
		.is_there = CHECK_YES, .by_https = true, .is_trusted = true, .status = 200
	};
	SET(d->autoconfig[0].url, "https://autoconfig.example.org/mail/config-v1.1.xml");
}

struct facts *facts_new(void)
{
	struct facts *f = calloc(1, sizeof(*f));
	assert(f);
	dns_fill(&f->domain);
	services_fill(&f->domain);
	f->domain.way.hosts = f->hosts;
	f->domain.way.host_count = 2;
	f->domain.host_count = 2;
	host_fill(f, 0, "mx.example.org");
	host_fill(f, 1, "mx2.example.org");
	for (unsigned i = 0; i < FACTS_ENDPOINT_COUNT; i++) {
		endpoint_fill(&f->endpoints[i], (enum facts_endpoint)i);
		f->domain.endpoints[i] = &f->endpoints[i];
	}
	f->domain.endpoint_count = FACTS_ENDPOINT_COUNT;
	return f;
}
