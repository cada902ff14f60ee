/* A: names and DNS. */
#include "advice/mend_tables.h"

#define SIGN_ZONE                                                                                  \
	"# BIND 9.16 and later, in the zone's block:\n"                                            \
	"dnssec-policy default;\n"                                                                 \
	"inline-signing yes;\n"                                                                    \
	"# Knot DNS, in the zone's block:\n"                                                       \
	"dnssec-signing: on\n"                                                                     \
	"# then give the DS record to the registrar of the domain:\n"                              \
	"dig +short CDS example.org @127.0.0.1"

const struct advice_mend advice_mends_dns[] = {
	{ "A1", "DNS",
	  "mx.example.org.  3600 IN A    192.0.2.25\n"
	  "mx.example.org.  3600 IN AAAA 2001:db8::25" },
	{ "A2", "DNS",
	  "; a host name with records of its own, no CNAME, no address\n"
	  "example.org.     3600 IN MX   10 mx.example.org.\n"
	  "mx.example.org.  3600 IN A    192.0.2.25\n"
	  "mx.example.org.  3600 IN AAAA 2001:db8::25" },
	{ "A3", "DNS",
	  "; either no mail at all, and this MX record alone:\n"
	  "example.org.     3600 IN MX   0 .\n"
	  "; or without it:\n"
	  "example.org.     3600 IN MX   10 mx.example.org." },
	{ "A4", "mailseal",
	  "# one edge for all addresses of the host\n"
	  "edge = { mx = { protocol = \"smtp\"; listen = [\"*:25\"]; backend = \"mta\"; }; };" },
	{ "A4", "Postfix",
	  "# no listener of its own for an address in master.cf, and\n"
	  "postconf -e 'inet_interfaces = all' 'inet_protocols = all'" },
	{ "A4", "",
	  "# the criteria named above differ: mend them on the address that is worse, or\n"
	  "# take its A or AAAA record out of DNS" },
	{ "A5", "DNS", SIGN_ZONE },
	{ "A6", "DNS", SIGN_ZONE },
	{ "A7", "DNS",
	  "# the name servers have to answer for names that are not there too:\n"
	  "dig +dnssec TLSA _25._tcp.mx.example.org\n"
	  "# SERVFAIL: sign the zone anew; no answer: let the firewall pass queries of all types" },
	{ "A8", "DNS",
	  "# BIND, in dnssec-policy:\n"
	  "nsec3param iterations 0 optout no salt-length 0;\n"
	  "# Knot DNS, in policy:\n"
	  "nsec3-iterations: 0\n"
	  "nsec3-salt-length: 0" },
	{ "A9", "DNS",
	  "example.org.     3600 IN CAA  0 issue \"letsencrypt.org\"\n"
	  "example.org.     3600 IN CAA  0 iodef \"mailto:hostmaster@example.org\"" },
	{ "A11", "DNS",
	  "_submissions._tcp.example.org. 3600 IN SRV 0 1 465 mail.example.org.\n"
	  "_imaps._tcp.example.org.       3600 IN SRV 0 1 993 mail.example.org.\n"
	  "; what is not offered:\n"
	  "_submission._tcp.example.org.  3600 IN SRV 0 0 0 .\n"
	  "_imap._tcp.example.org.        3600 IN SRV 0 0 0 .\n"
	  "_pop3._tcp.example.org.        3600 IN SRV 0 0 0 ." },
	{ "A12", "",
	  "<!-- https://autoconfig.example.org/mail/config-v1.1.xml -->\n"
	  "<incomingServer type=\"imap\">\n"
	  "  <hostname>mail.example.org</hostname><port>993</port>\n"
	  "  <socketType>SSL</socketType><authentication>password-cleartext</authentication>\n"
	  "</incomingServer>\n"
	  "<outgoingServer type=\"smtp\">\n"
	  "  <hostname>mail.example.org</hostname><port>465</port>\n"
	  "  <socketType>SSL</socketType><authentication>password-cleartext</authentication>\n"
	  "</outgoingServer>" },
	{},
};
