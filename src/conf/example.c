/* The complete example. A test reads it. */
#include "conf/example.h"

#include "conf/conf.h"

static const char example[] =
	"# mailseal in front of Postfix and Dovecot on the same host, and of an IMAP server on\n"
	"# another. Each server listens on a port of its own and expects a PROXY header there:\n"
	"# postscreen_upstream_proxy_protocol = haproxy, smtpd_upstream_proxy_protocol = haproxy\n"
	"# (Postfix), haproxy = yes and haproxy_trusted_networks (Dovecot).\n"
	"hostname = \"mx.example.org\";\n"
	"\n"
	"certificate = {\n"
	"\tmx = {\n"
	"\t\tchain = \"/etc/ssl/mx/fullchain.pem\";\n"
	"\t\tkey = \"/etc/ssl/mx/privkey.pem\";\n"
	"\t};\n"
	"};\n"
	"\n"
	"backend = {\n"
	"\tmta = { address = [\"127.0.0.1:10025\"]; };\n"
	"\tmsa = { address = [\"127.0.0.1:10587\"]; };\n"
	"\tpop3 = { address = [\"127.0.0.1:10110\"]; };\n"
	"\tsieve = { address = [\"127.0.0.1:14190\"]; };\n"
	"\timap = {\n"
	"\t\taddress = [\"10.0.0.5:10993\", \"10.0.0.6:10993\"];\n"
	"\t\ttls = {\n"
	"\t\t\tmode = \"implicit\";\n"
	"\t\t\tverify = \"file\";\n"
	"\t\t\tca_file = \"/etc/mailseal/internal-ca.pem\";\n"
	"\t\t\tname = \"imap.int.example.org\";\n"
	"\t\t};\n"
	"\t};\n"
	"};\n"
	"\n"
	"edge = {\n"
	"\tmx = {\n"
	"\t\tprotocol = \"smtp\";\n"
	"\t\tlisten = [\"*:25\"];\n"
	"\t\tbackend = \"mta\";\n"
	"\t};\n"
	"\tsubmission = {\n"
	"\t\tprotocol = \"submission\";\n"
	"\t\tlisten = [\"*:587\"];\n"
	"\t\tlisten_tls = [\"*:465\"];\n"
	"\t\tbackend = \"msa\";\n"
	"\t};\n"
	"\timap = {\n"
	"\t\tprotocol = \"imap\";\n"
	"\t\tlisten = [\"*:143\"];\n"
	"\t\tlisten_tls = [\"*:993\"];\n"
	"\t\tbackend = \"imap\";\n"
	"\t};\n"
	"\tpop3 = {\n"
	"\t\tprotocol = \"pop3\";\n"
	"\t\tlisten = [\"*:110\"];\n"
	"\t\tlisten_tls = [\"*:995\"];\n"
	"\t\tbackend = \"pop3\";\n"
	"\t\tlimits = { connections_per_address = 50; };\n"
	"\t};\n"
	"\tsieve = {\n"
	"\t\tprotocol = \"managesieve\";\n"
	"\t\tlisten = [\"*:4190\"];\n"
	"\t\tbackend = \"sieve\";\n"
	"\t};\n"
	"};\n"
	"\n"
	"limits = { exempt = [\"192.0.2.0/24\", \"2001:db8::/32\"]; };\n"
	"\n"
	"check = { domains = [\"example.org\"]; };\n";

static const char exception[] = "exception = ( {\n"
				"\tedge = \"pop3\";\n"
				"\tfrom = [\"198.51.100.0/24\"];\n"
				"\tallow = [\"plain-login\"];\n"
				"\tuntil = \"2027-03-31\";\n"
				"\treason = \"tills\";\n"
				"} );\n";

const char *conf_example(void)
{
	return example;
}

const char *conf_example_exception(void)
{
	return exception;
}
