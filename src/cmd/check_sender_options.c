#include "cmd/check_sender_options.h"

#include "base/clean.h"
#include "cmd/check_options.h"
#include "cmd/kept.h"
#include "conf/address.h"
#include "conf/network.h"
#include "conf/value.h"
#include "dns/message.h"
#include "io/address.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>

static const char usage[] =
	"Usage: mailseal check --sender --zone ZONE --ca FILE --listen ADDRESS ... [OPTIONS]\n"
	"\n"
	"Tests a sender: bad MX hosts, each with one fault of its own, and one good one. Send a\n"
	"message to test@CASE.ZONE for each; what comes, and how, is judged by what opportunistic\n"
	"TLS, DANE and MTA-STS ask of a sender. Mail is taken for these domains alone, and thrown\n"
	"away.\n"
	"\n"
	"  -z, --zone ZONE          below it are the domains of the cases (test.example.org)\n"
	"  -l, --listen [CASE=]ADDRESS[:PORT][+N]\n"
	"                           one address for each case, port 25; again for more. Without\n"
	"                           CASE the next one that has none; +N: this one and those that\n"
	"                           follow, N in all\n"
	"  -w, --https ADDRESS[:PORT]  serve the MTA-STS policies here (443); without it your web\n"
	"                           server has to: --print-zone shows the files\n"
	"  -C, --ca FILE            key and certificate of a CA for tests, made if it is not "
	"there;\n"
	"                           the sender has to trust it for the cases of MTA-STS\n"
	"      --chain FILE, --key FILE  instead: what everybody trusts, with all names of MX\n"
	"                           hosts that have to be good and of the policies' web server\n"
	"  -o, --only CASE,...      these alone\n"
	"  -f, --from NETWORK       the sender's addresses (192.0.2.0/24); others hear 554 and do\n"
	"                           not count. Again for more\n"
	"  -t, --for TIME           how long at most (10m)\n"
	"      --settle TIME        who came without a message, and sent none for so long, will\n"
	"                           not (1m). When all cases are settled, it ends\n"
	"  -u, --user NAME          as root: who to be once the ports are open (nobody)\n"
	"      --print-zone         the records to publish, and end\n"
	"      --print-ca           the CA's certificate, and end\n"
	"      --cases              the cases, what is wanted, and why; and end\n"
	"  -j, --json               the result for programs\n"
	"  -h, --help               this text\n"
	"\n"
	"Exit: 0 well, 1 something failed, 2 could not tell (a case that nobody came to).\n"
	"Example: mailseal check --sender --zone test.example.org --ca ca.pem \\\n"
	"             --listen 2001:db8::100+17 --https 2001:db8::99 --from 192.0.2.25\n";

int check_sender_fail(const char *format, ...)
{
	va_list list;
	fputs("mailseal check --sender: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputs("; --help says more\n", stderr);
	return CHECK_COULD_NOT_TELL;
}

enum { CHAIN = 256, KEY, SETTLE, PRINT_ZONE, PRINT_CA, CASES };

static const struct option table[] = {
	{ "zone", required_argument, NULL, 'z' },
	{ "listen", required_argument, NULL, 'l' },
	{ "https", required_argument, NULL, 'w' },
	{ "ca", required_argument, NULL, 'C' },
	{ "chain", required_argument, NULL, CHAIN },
	{ "key", required_argument, NULL, KEY },
	{ "only", required_argument, NULL, 'o' },
	{ "from", required_argument, NULL, 'f' },
	{ "for", required_argument, NULL, 't' },
	{ "settle", required_argument, NULL, SETTLE },
	{ "user", required_argument, NULL, 'u' },
	{ "print-zone", no_argument, NULL, PRINT_ZONE },
	{ "print-ca", no_argument, NULL, PRINT_CA },
	{ "cases", no_argument, NULL, CASES },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{},
};

/* What was written of places, put together when all is known. */
struct reading {
	struct check_sender_options *o;
	char *listens[CHECK_SENDER_PLACES_MAX];
	unsigned listen_count;
	char *https[4];
	unsigned https_count;
};

static int place_add(struct check_sender_site *site, const struct check_sender_case *c,
                     const struct sockaddr_storage *address)
{
	struct check_sender_place *p = &site->places[site->place_count];
	if (site->place_count == CHECK_SENDER_PLACES_MAX)
		return check_sender_fail("too many addresses: %d at most", CHECK_SENDER_PLACES_MAX);
	bool is_v6 = address->ss_family == AF_INET6;
	const void *at = is_v6 ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
	                       : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
	p->sender_case = c;
	p->address = *address;
	p->address_len = is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (!inet_ntop(address->ss_family, at, p->text, sizeof(p->text)))
		return check_sender_fail("an address is wanted");
	site->place_count++;
	return 0;
}

/* The number after it. */
static void address_step(struct sockaddr_storage *address)
{
	bool is_v6 = address->ss_family == AF_INET6;
	uint8_t *bytes = is_v6 ? ((struct sockaddr_in6 *)address)->sin6_addr.s6_addr
	                       : (uint8_t *)&((struct sockaddr_in *)address)->sin_addr;
	for (int i = is_v6 ? 15 : 3; i >= 0; i--)
		if (++bytes[i])
			return;
}

/* "ADDRESS[:PORT]"; an IPv6 address needs no brackets without a port. */
static int address_take(struct sockaddr_storage *ret_address, const char *text, uint16_t port)
{
	struct conf_address a = {};
	const char *why = "an address is wanted";
	if (io_address_take(text, port, ret_address))
		return 0;
	if (!conf_address_parse(text, &a, &why) && io_address_take(a.host, a.port, ret_address))
		return 0;
	return check_sender_fail("%s: %s", text, why);
}

/* The next case of the set that has no address; NULL: all have. */
static const struct check_sender_case *case_without(const struct check_sender_site *site)
{
	for (size_t i = 0; i < CHECK_SENDER_CASE_COUNT; i++) {
		bool has_one = !(site->set & (1U << i));
		for (unsigned p = 0; !has_one && p < site->place_count; p++)
			has_one = site->places[p].sender_case == &check_sender_cases[i];
		if (!has_one)
			return &check_sender_cases[i];
	}
	return NULL;
}

static int listen_add(struct check_sender_site *site, const char *name, char *text)
{
	struct sockaddr_storage address;
	char *plus = strrchr(text, '+');
	unsigned count = 1;
	if (plus) {
		*plus = '\0';
		if (name || conf_number_parse(plus + 1, &count) || !count ||
		    count > CHECK_SENDER_PLACES_MAX)
			return check_sender_fail("+%s: no number of addresses", plus + 1);
	}
	int r = address_take(&address, text, 25);
	for (unsigned i = 0; !r && i < count; i++, address_step(&address)) {
		const struct check_sender_case *c =
			name ? check_sender_case_find(name) : case_without(site);
		if (!c && name)
			r = check_sender_fail("no case \"%s\"; --cases has all of them", name);
		else if (c && (site->set & (1U << check_sender_number(c))))
			r = place_add(site, c, &address);
	}
	return r;
}

/* Those with a name first: what has none goes to the rest. */
static int listens_fill(struct reading *reading, bool has_name)
{
	int r = 0;
	for (unsigned i = 0; !r && i < reading->listen_count; i++) {
		char *text = reading->listens[i];
		char *equals = text ? strchr(text, '=') : NULL;
		if (!text || (equals != NULL) != has_name)
			continue;
		if (equals)
			*equals = '\0';
		r = listen_add(&reading->o->site, equals ? text : NULL, equals ? equals + 1 : text);
		reading->listens[i] = NULL;
	}
	return r;
}

static int places_fill(struct reading *reading)
{
	struct check_sender_site *site = &reading->o->site;
	int r = listens_fill(reading, true);
	if (!r)
		r = listens_fill(reading, false);
	for (unsigned i = 0; !r && i < reading->https_count; i++) {
		struct sockaddr_storage address;
		site->has_https = true;
		r = address_take(&address, reading->https[i], 443);
		if (!r)
			r = place_add(site, NULL, &address);
	}
	return r;
}

static int only_take(struct check_sender_options *o, char *names)
{
	char *rest;
	o->site.set = 0;
	for (char *name = strtok_r(names, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
		const struct check_sender_case *c = check_sender_case_find(name);
		if (!c)
			return check_sender_fail("no case \"%s\"; --cases has all of them", name);
		o->site.set |= 1U << check_sender_number(c);
	}
	return 0;
}

static int from_take(struct check_sender_options *o, const char *text)
{
	const char *why = "";
	if (o->from_count == CHECK_SENDER_NETWORKS_MAX)
		return check_sender_fail("too many --from");
	if (conf_network_parse(text, &o->from[o->from_count], &why))
		return check_sender_fail("--from %s: %s", text, why);
	o->from_count++;
	return 0;
}

static int duration_take(uint32_t *ret_ms, const char *text)
{
	return conf_duration_parse(text, ret_ms) || !*ret_ms
	               ? check_sender_fail("\"%s\" is no time, as 90s or 10m", text)
	               : 0;
}

static int keep(char **list, unsigned *count, unsigned cap, char *value)
{
	if (*count == cap)
		return check_sender_fail("too many addresses");
	list[(*count)++] = value;
	return 0;
}

static int cases_print(void)
{
	for (size_t i = 0; i < CHECK_SENDER_CASE_COUNT; i++) {
		const struct check_sender_case *c = &check_sender_cases[i];
		printf("%-16s %s\n                 wanted: %s (%s, %s)\n", c->name, c->fault,
		       c->wanted, check_sender_group_name(c->group), c->source);
	}
	return CHECK_WELL;
}

static int option_take(struct reading *reading, int letter, char *value)
{
	struct check_sender_options *o = reading->o;
	const struct kept list[] = {
		{ 'z', .text = &o->site.zone },      { 'C', .text = &o->ca },
		{ CHAIN, .text = &o->chain },        { KEY, .text = &o->key },
		{ 'u', .text = &o->user },           { PRINT_ZONE, .flag = &o->prints_zone },
		{ PRINT_CA, .flag = &o->prints_ca }, { 'j', .flag = &o->is_json },
	};
	if (kept_take(list, COUNT_OF(list), letter, value))
		return 0;
	switch (letter) {
	case 'l':
		return keep(reading->listens, &reading->listen_count, COUNT_OF(reading->listens),
		            value);
	case 'w':
		return keep(reading->https, &reading->https_count, COUNT_OF(reading->https), value);
	case 'o':
		return only_take(o, value);
	case 'f':
		return from_take(o, value);
	case 't':
		return duration_take(&o->duration_ms, value);
	default: /* SETTLE; the others are met by the caller */
		return duration_take(&o->settle_ms, value);
	}
}

static int options_judge(struct check_sender_options *o)
{
	if (!o->ca && !o->chain)
		return check_sender_fail("--ca FILE (or --chain and --key) is wanted");
	if (!o->chain != !o->key)
		return check_sender_fail("--chain and --key belong together");
	if (o->prints_ca)
		return o->ca ? -1 : check_sender_fail("--print-ca wants --ca FILE");
	if (!o->site.zone || strlen(o->site.zone) > CHECK_SENDER_ZONE_MAX ||
	    !dns_name_is_host(o->site.zone) || !strchr(o->site.zone, '.'))
		return check_sender_fail("--zone is wanted: a domain of your own");
	if (!o->site.place_count || case_without(&o->site))
		return check_sender_fail(
			"case %s has no address: one --listen for each (or --only)",
			case_without(&o->site) ? case_without(&o->site)->name : "good");
	return -1;
}

int check_sender_options_read(struct check_sender_options *ret_options, int argc, char **argv)
{
	struct check_sender_options *o = ret_options;
	struct reading reading = { .o = o };
	int letter, r = 0;
	*o = (struct check_sender_options){ .user = "nobody",
		                            .duration_ms = 600 * 1000,
		                            .settle_ms = 60 * 1000 };
	o->site.set = (1U << CHECK_SENDER_CASE_COUNT) - 1;
	while (!r && (letter = getopt_long(argc, argv, "z:l:w:C:o:f:t:u:jh", table, NULL)) != -1) {
		if (letter == 'h' || letter == '?') {
			fputs(usage, letter == 'h' ? stdout : stderr);
			return letter == 'h' ? CHECK_WELL : CHECK_COULD_NOT_TELL;
		}
		if (letter == CASES)
			return cases_print();
		r = option_take(&reading, letter, optarg);
	}
	if (!r && optind < argc)
		r = check_sender_fail("\"%s\": no argument is wanted", argv[optind]);
	if (!r)
		r = places_fill(&reading);
	return r ? r : options_judge(o);
}
