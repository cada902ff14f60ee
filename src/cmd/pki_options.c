#include "cmd/pki_options.h"

#include "base/clean.h"
#include "cmd/kept.h"
#include "identity/files.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { TOKEN_MAX_S = 7 * PKI_DAY_S };

static const char usage[] =
	"Usage: mailseal pki init [--ed25519] [--passphrase-file FILE | --ask-passphrase]\n"
	"       mailseal pki issue NAME [--dns HOST]... [--ip ADDRESS]... [--days N]\n"
	"                    [--request FILE] [--out DIR] [--again]\n"
	"       mailseal pki renew NAME|--due [--days N] [--request FILE] [--out DIR]\n"
	"       mailseal pki revoke NAME|SERIAL\n"
	"       mailseal pki list|show [--json]\n"
	"       mailseal pki root new|retire [--force]\n"
	"       mailseal pki request NAME\n"
	"       mailseal pki token NAME [--dns HOST]... [--ip ADDRESS]... [--days N] [--valid "
	"TIME]\n"
	"       mailseal pki serve --listen ADDRESS:PORT... [--grace TIME]\n"
	"       mailseal pki join HOST:PORT TOKEN\n"
	"       mailseal pki renew --self\n"
	"       mailseal pki second request|sign|take [--request FILE]\n"
	"\n"
	"The CA of our own hosts: certificates for links, backends and whatever else of ours\n"
	"speaks TLS inside. All of it is files that openssl reads.\n"
	"\n"
	"  init                   a root and an issuing key, in a directory of their own\n"
	"  issue NAME             a certificate for the node NAME, such as \"db1\", for server "
	"and\n"
	"                         client: node.key, node.crt, ca.crt and denied, in "
	"DIR/issued/NAME\n"
	"                         or --out. It says NAME.mailseal.internal and the names beside\n"
	"  request NAME           on the node: its key, which never leaves, and on standard output "
	"a\n"
	"                         request for \"issue NAME --request FILE\"\n"
	"  renew NAME, --due      another one with the same names and key; --due: for all that\n"
	"                         have lived a third of their life\n"
	"  revoke NAME, SERIAL    it is in \"denied\" and crl.pem from now on\n"
	"  token NAME             a token with which NAME joins once, in place of issue; good for "
	"a day\n"
	"  serve                  the desk at which nodes join and renew, in the foreground\n"
	"  join HOST:PORT TOKEN   on the node: makes its key, which never leaves, and gets its\n"
	"                         certificate from the desk, which it knows by the token\n"
	"  renew --self           on the node, for a timer, every hour: gets the list of those\n"
	"                         revoked from a desk, if it is another; once a third of its\n"
	"                         certificate's life is over, the next certificate\n"
	"  list, show             what was issued; how the CA is\n"
	"  root new               another root, which issues from now on; both are trusted\n"
	"  root retire            the older root is trusted no more\n"
	"  second                 another host that issues: \"second request\" there, \"second "
	"sign\"\n"
	"                         of that here, \"second take\" of the answer there\n"
	"\n"
	"  -d, --dir DIR          default " IDENTITY_DIR "\n"
	"  -o, --out DIR          where the node's files are to be\n"
	"  -n, --dns HOST         a name beside NAME.mailseal.internal; again for more\n"
	"  -i, --ip ADDRESS       the same for an address\n"
	"  -D, --days N           how long it is good (default 30)\n"
	"  -r, --request FILE     made by the node, with its own key (PKCS 10, - for standard "
	"input)\n"
	"  -l, --listen ADDRESS:PORT  where serve is; again for more\n"
	"  -g, --grace TIME       expired certificates so old may renew (default 7d)\n"
	"  -v, --valid TIME       how long a token is good (default 1d; 30m, 12h, 7d at most)\n"
	"  -a, --again            also where NAME has a certificate that is good\n"
	"  -e, --ed25519          for init and root new: Ed25519 in place of P-256\n"
	"  -p, --passphrase-file FILE  its first line seals root.key; - for standard input\n"
	"  -P, --ask-passphrase   the same, typed\n"
	"  -f, --force            for root retire: cut off who still needs the older root\n"
	"  -j, --json             list and show for programs\n"
	"  -h, --help             this text\n"
	"\n"
	"Exit: 0 well, 1 not well (refused; show: something is due), 2 could not tell.\n"
	"Example: mailseal pki init && mailseal pki issue db1 --dns db1.int.example.org\n";

int pki_usage_wrong(const char *why, const char *what)
{
	fprintf(stderr, "mailseal pki: %s%s\nmailseal pki --help says more\n", why, what);
	return 2;
}

void pki_options_deinit(struct pki_options *o)
{
	pki_names_deinit(&o->names);
}

static int name_add(char ***list, size_t *count, const char *text)
{
	if (*count == PKI_NAMES_MAX)
		return pki_usage_wrong("too many names; not taken: ", text);
	char **longer = reallocarray(*list, *count + 1, sizeof(*longer));
	char *copy = longer ? strdup(text) : NULL;
	if (longer)
		*list = longer;
	if (!copy)
		return pki_usage_wrong("out of memory", "");
	longer[(*count)++] = copy;
	return -1;
}

static int days_read(struct pki_options *o, const char *text)
{
	char *end;
	unsigned long days = strtoul(text, &end, 10);
	if (*end || !days || days > PKI_DAYS_MAX)
		return pki_usage_wrong("--days is 1 to 825, not ", text);
	o->days = (unsigned)days;
	return -1;
}

static int listen_add(struct pki_options *o, const char *text)
{
	if (o->listen_count == PKI_LISTEN_MAX)
		return pki_usage_wrong("too many listeners; not taken: ", text);
	o->listen[o->listen_count++] = text;
	return -1;
}

/* "30m", "12h", "7d". */
static int time_read(uint32_t *ret_s, const char *option, const char *text, uint32_t max_s)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = { { 'm', 60 }, { 'h', 3600 }, { 'd', PKI_DAY_S } };
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (end == text || *end != units[i].unit || end[1] || !number ||
		    number > max_s / units[i].seconds)
			continue;
		*ret_s = (uint32_t)number * units[i].seconds;
		return -1;
	}
	return pki_usage_wrong(option, " is a time such as 30m, 12h or 7d, and not that long");
}

static bool is_kept(struct pki_options *o, int c)
{
	const struct kept list[] = {
		{ 'd', .text = &o->dir },       { 'o', .text = &o->out },
		{ 'r', .text = &o->request },   { 'p', .text = &o->passphrase_file },
		{ 's', .flag = &o->is_self },   { 'P', .flag = &o->asks_passphrase },
		{ 'a', .flag = &o->is_again },  { 'u', .flag = &o->is_due },
		{ 'f', .flag = &o->is_forced }, { 'j', .flag = &o->is_json },
	};
	return kept_take(list, COUNT_OF(list), c, optarg);
}

/* -1: go on; else the exit status. */
static int option_take(struct pki_options *o, int c)
{
	if (is_kept(o, c))
		return -1;
	switch (c) {
	case 'n':
		return name_add(&o->names.dns, &o->names.dns_count, optarg);
	case 'i':
		return name_add(&o->names.addresses, &o->names.address_count, optarg);
	case 'D':
		return days_read(o, optarg);
	case 'l':
		return listen_add(o, optarg);
	case 'g':
		return time_read(&o->grace_s, "--grace", optarg, PKI_GRACE_MAX_S);
	case 'v':
		return time_read(&o->valid_s, "--valid", optarg, TOKEN_MAX_S);
	case 'e':
		o->algorithm = TLS_CA_ED25519;
		return -1;
	case 'h':
		fputs(usage, stdout);
		return 0;
	default: /* getopt said which */
		fputs("mailseal pki --help says more\n", stderr);
		return 2;
	}
}

static int words_take(struct pki_options *o, int argc, char **argv)
{
	for (; optind < argc; optind++) {
		if (o->word_count == COUNT_OF(o->words))
			return pki_usage_wrong("too much: ", argv[optind]);
		o->words[o->word_count++] = argv[optind];
	}
	return -1;
}

int pki_options_read(struct pki_options *ret_o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "out", required_argument, NULL, 'o' },
		{ "dns", required_argument, NULL, 'n' },
		{ "ip", required_argument, NULL, 'i' },
		{ "days", required_argument, NULL, 'D' },
		{ "request", required_argument, NULL, 'r' },
		{ "passphrase-file", required_argument, NULL, 'p' },
		{ "ask-passphrase", no_argument, NULL, 'P' },
		{ "ed25519", no_argument, NULL, 'e' },
		{ "again", no_argument, NULL, 'a' },
		{ "due", no_argument, NULL, 'u' },
		{ "self", no_argument, NULL, 's' },
		{ "listen", required_argument, NULL, 'l' },
		{ "grace", required_argument, NULL, 'g' },
		{ "valid", required_argument, NULL, 'v' },
		{ "force", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int c, status = -1;
	*ret_o = (struct pki_options){ .dir = IDENTITY_DIR,
		                       .days = PKI_DAYS_DEFAULT,
		                       .grace_s = 7 * PKI_DAY_S,
		                       .valid_s = PKI_DAY_S };
	while (status < 0 &&
	       (c = getopt_long(argc, argv, "d:o:n:i:D:r:p:l:g:v:Peausfjh", table, NULL)) != -1)
		status = option_take(ret_o, c);
	if (status >= 0)
		return status;
	if (ret_o->passphrase_file && ret_o->asks_passphrase)
		return pki_usage_wrong("--passphrase-file or --ask-passphrase, not both", "");
	return words_take(ret_o, argc, argv);
}
