#include "advice/criteria.h"

#include "base/clean.h"

#include <string.h>

#define BETWEEN ADVICE_BETWEEN
#define PASSWORDS ADVICE_PASSWORDS
#define BOTH ADVICE_BOTH

/* A warning that does not weaken what is there (prepare for, tidy up, be found) costs no letter. */
enum { TIDY = false, SECURITY = true };

/* Ids are for ever: of a criterion that goes away the number is not given again. A10, D10 and A13
 * are no criteria of TLS, or are part of another. */
const struct advice_criterion advice_criteria[] = {
	/* Names and DNS */
	{ "A1", "Every MX host has an address", "RFC 5321 5.1",
	  "Senders try a host without an address in vain, and wait.", BETWEEN, TIDY },
	{ "A2", "MX records name hosts with public addresses", "RFC 5321 5.1, RFC 2181 10.3",
	  "Senders refuse or cannot reach what is no name of a public host.", BETWEEN, TIDY },
	{ "A3", "A null MX stands alone", "RFC 7505 3",
	  "Beside other MX records its meaning is anybody's guess.", BETWEEN, TIDY },
	{ "A4", "All addresses of a host do the same", "M3AAWG TLS for Mail",
	  "What the weakest address does, an attacker on the way makes everybody use.", BOTH,
	  SECURITY },
	{ "A5", "The MX records are signed (DNSSEC)", "RFC 7672 2.2.1",
	  "Who forges unsigned MX records leads mail to himself, and DANE does not count.", BETWEEN,
	  TIDY },
	{ "A6", "The addresses of MX hosts are signed (DNSSEC)", "RFC 7672 2.2.2",
	  "Senders look for TLSA records only where the addresses are signed.", BETWEEN, TIDY },
	{ "A7", "Questions for TLSA records are answered", "RFC 7672 2.1.1",
	  "A question that fails keeps senders with DANE from delivering at all.", BETWEEN,
	  SECURITY },
	{ "A8", "NSEC3 without extra iterations", "RFC 9276 3.1",
	  "Resolvers take a zone with many iterations for unsigned.", BETWEEN, TIDY },
	{ "A9", "CAA allows the CA that is used", "RFC 8659",
	  "Without CAA any CA may issue; with a wrong one the next renewal fails.", BOTH, TIDY },
	{ "A11", "SRV records name places with TLS", "RFC 6186, RFC 8314 5.1",
	  "Clients that set themselves up go where these records send them.", PASSWORDS, TIDY },
	{ "A12", "Autoconfig comes by HTTPS and names TLS alone", "RFC 8314 5, Mozilla autoconfig",
	  "A client that is told to log in without TLS does, and the user never learns.", PASSWORDS,
	  SECURITY },

	/* SMTP on port 25 */
	{ "B1", "STARTTLS is offered", "M3AAWG TLS for Mail 1, RFC 3207",
	  "Without it all mail to this host crosses in clear.", BETWEEN, SECURITY },
	{ "B2", "The TLS handshake ends well", "RFC 3207 4",
	  "Senders fall back to plaintext, or do not deliver; users do not get in.", BOTH,
	  SECURITY },
	{ "B3", "STARTTLS is offered by all MX hosts", "M3AAWG TLS for Mail 1",
	  "Who sits on the way makes senders use the host without.", BETWEEN, SECURITY },
	{ "B4", "The host answered every question", "RFC 5321 3.8",
	  "What was not seen is not judged, neither good nor bad.", BETWEEN, TIDY },
	{ "B5", "No login before TLS on port 25", "RFC 4954 4, RFC 8314 4.1",
	  "A client that is offered AUTH in clear sends its password in clear.", PASSWORDS,
	  SECURITY },
	{ "B6", "No login on port 25 at all", "RFC 8314 3.3, RFC 6409",
	  "Users belong on 465 and 587, where TLS can be demanded; on 25 guessing goes on.",
	  PASSWORDS, TIDY },
	{ "B7", "Commands behind STARTTLS are not run inside TLS", "RFC 3207 6, CVE-2011-0411",
	  "Who sits on the way puts words into the mouth of a client that trusts TLS.", BOTH,
	  SECURITY },
	{ "B8", "After STARTTLS all begins anew", "RFC 3207 4.2",
	  "What was said in clear must not count inside TLS.", BOTH, TIDY },
	{ "B9", "REQUIRETLS", "RFC 8689", "A sender can demand TLS for a message's whole way.",
	  BETWEEN, TIDY },
	{ "B10", "Mail without TLS", "RFC 3207 4",
	  "A public server that refuses it does not hear from senders without TLS.", BETWEEN,
	  TIDY },

	/* Versions */
	{ "C1", "SSL 2 and 3 are off", "RFC 6176, RFC 7568",
	  "Both are broken: what crosses can be read.", BOTH, SECURITY },
	{ "C2", "TLS 1.0 and 1.1 are off", "RFC 8996, RFC 8997",
	  "They stand on MD5 and SHA-1, and nobody mends them any more.", BOTH, SECURITY },
	{ "C3", "TLS 1.2 is there", "RFC 9325 3.1",
	  "Senders without TLS 1.3 fall back to plaintext.", BOTH, TIDY },
	{ "C4", "TLS 1.3 is there", "RFC 9325 3.1",
	  "It has no weak choices, and hides more of the handshake.", BOTH, TIDY },
	{ "C5", "What is unknown in a hello is passed over", "RFC 8701, RFC 7507",
	  "Clients of tomorrow do not get in, or fall back to less.", BOTH, TIDY },

	/* Suites, groups, handshake */
	{ "D1", "Suites below TLS 1.3", "RFC 9325 4.1", "What a client may get.", BOTH, TIDY },
	{ "D2", "Suites of TLS 1.3", "RFC 9325 4.2, NCSC-NL TLS 2025-05",
	  "Short tags are easier to forge; suites without encryption hide nothing.", BOTH, TIDY },
	{ "D3", "No NULL, anonymous, export, RC4, DES and 3DES suites", "RFC 9325 4.1",
	  "What crosses can be read, or the server be played by anybody.", BOTH, TIDY },
	{ "D4", "All suites have forward secrecy", "RFC 9325 4.1, M3AAWG TLS for Mail 1",
	  "Who records today and gets the key later reads it all.", BOTH, SECURITY },
	{ "D5", "AEAD suites alone", "RFC 9325 4.2, NCSC-NL TLS 2025-05",
	  "CBC suites have failed again and again in one implementation or other.", BOTH, TIDY },
	{ "D6", "The server chooses while it has suites to phase out", "NCSC-NL TLS 2025-05",
	  "A client that names the worst first gets it.", BOTH, TIDY },
	{ "D7", "Finite fields are large, and of RFC 7919", "RFC 9325 4.2, RFC 7919",
	  "Short ones have been broken, shared ones for everybody at once.", BOTH, TIDY },
	{ "D8", "Groups are those of the profile", "RFC 9325 4.2, RFC 8422 5.1.1",
	  "Small and odd curves are the weakest part of the handshake.", BOTH, TIDY },
	{ "D9", "Post-quantum key exchange", "Mozilla Server Side TLS 6.0, BSI TR-02102-2 2026-01",
	  "Traffic recorded today can be read by the computers of tomorrow.", BOTH, TIDY },
	{ "D11", "No handshake signed with SHA-1", "RFC 9155",
	  "Such signatures can be forged by who has means.", BOTH, TIDY },
	{ "D12", "Extended master secret", "RFC 7627, RFC 9325 3.5",
	  "Two sessions can be given the same keys.", BOTH, TIDY },
	{ "D13", "TLS compression is off", "RFC 9325 3.3", "Secrets are guessed by their length.",
	  BOTH, SECURITY },
	{ "D14", "Renegotiation is secure", "RFC 5746",
	  "What a stranger said first is taken for the client's.", BOTH, SECURITY },
	{ "D15", "Clients may not renegotiate without end", "RFC 9325 3.5",
	  "A handshake costs the server more than the client.", BOTH, TIDY },
	{ "D16", "Early data is off", "RFC 8446 8, RFC 9325 3.10", "Who saw it can send it again.",
	  BOTH, SECURITY },
	{ "D17", "Tickets are short-lived", "RFC 9325 3.4",
	  "Who gets a ticket's key reads all sessions that it resumed.", BOTH, TIDY },
	{ "D18", "Clients of other protocols are refused (ALPN)", "RFC 9325 3.8, ALPACA",
	  "A browser can be made to talk to the mail server in its user's name.", BOTH, TIDY },

	/* Certificates */
	{ "E1", "The certificate is from a CA that is trusted",
	  "RFC 7672 3.1, RFC 8461 4.1, RFC 7817",
	  "A client cannot tell the server from somebody on the way.", BOTH, SECURITY },
	{ "E2", "The certificate has the host's name", "RFC 9525, RFC 7817",
	  "A client cannot tell the server from any other with a certificate.", BOTH, TIDY },
	{ "E3", "The certificate is valid", "RFC 5280 4.1.2.5",
	  "Clients refuse it, or learn to click warnings away.", BOTH, TIDY },
	{ "E4", "Its key is long enough", "RFC 9325 4.5, NCSC-NL TLS 2025-05, BSI TR-02102-2",
	  "Who computes the key plays the server.", BOTH, SECURITY },
	{ "E5", "Its signatures are sound", "RFC 9155, RFC 9325 4.5",
	  "SHA-1 and MD5 signatures have been forged.", BOTH, SECURITY },
	{ "E6", "The other certificate is as good", "RFC 7671, RFC 7672",
	  "Clients with another taste get it, and nobody looks.", BOTH, SECURITY },
	{ "E7", "It is not revoked", "RFC 6960, RFC 7633",
	  "Its owner has said that it must not be believed.", BOTH, SECURITY },
	{ "E8", "Clients without SNI get a certificate", "RFC 7672 8.1, RFC 6066 3",
	  "Old senders name no host, and fall back to plaintext.", BOTH, TIDY },
	{ "E9", "Its key is not used in a weaker place", "DROWN (CVE-2016-0800)",
	  "A key is as safe as the worst server that has it.", BOTH, SECURITY },

	/* Downgrade protection */
	{ "F1", "All MX hosts have TLSA records", "RFC 7672 2",
	  "Who sits on the way leads mail to the host without.", BETWEEN, TIDY },
	{ "F2", "A TLSA record matches", "RFC 7672 2.2, 3",
	  "Senders with DANE do not deliver, now.", BETWEEN, SECURITY },
	{ "F3", "TLSA records count, and last", "RFC 7671, RFC 7672 3.1",
	  "Some do not count for mail, some break with the next renewal.", BETWEEN, TIDY },
	{ "F4", "The next key has its TLSA record", "RFC 7671 8",
	  "A key that is changed before its record is believed stops mail.", BETWEEN, TIDY },
	{ "F5", "There is one MTA-STS record, and it can be read", "RFC 8461 3.1",
	  "Otherwise there is no policy, whatever the file says.", BETWEEN, SECURITY },
	{ "F6", "The MTA-STS policy can be fetched", "RFC 8461 3.2, 3.3",
	  "Senders that cannot fetch it deliver without.", BETWEEN, SECURITY },
	{ "F7", "All MX hosts keep the MTA-STS policy", "RFC 8461 4",
	  "Senders with MTA-STS do not deliver to a host that does not.", BETWEEN, SECURITY },
	{ "F8", "A policy protects from downgrades", "RFC 8461 3.2, RFC 7672",
	  "Who sits on the way takes STARTTLS out of the answer, and mail crosses in clear.",
	  BETWEEN, TIDY },
	{ "F9", "TLS reports are asked for", "RFC 8460 3",
	  "Nobody tells you that mail to you fails, or crosses in clear.", BETWEEN, TIDY },

	/* Users */
	{ "G1", "Mail can be sent over TLS from the first byte", "RFC 8314 3.3",
	  "STARTTLS can be taken away by who sits on the way.", PASSWORDS, TIDY },
	{ "G2", "No login before TLS (submission)", "RFC 4954 4, RFC 8314 4.1",
	  "A client that is offered AUTH in clear sends its password in clear.", PASSWORDS,
	  SECURITY },
	{ "G3", "Mail can be read over TLS from the first byte", "RFC 8314 3.2",
	  "STARTTLS can be taken away by who sits on the way.", PASSWORDS, TIDY },
	{ "G4", "No login before TLS (IMAP)", "RFC 9051 6.2.3, 11.1",
	  "A client that may log in in clear sends its password in clear.", PASSWORDS, SECURITY },
	{ "G5", "No login before TLS (POP3)", "RFC 2595 4, RFC 8314 4.1",
	  "A client that may log in in clear sends its password in clear.", PASSWORDS, SECURITY },
	{ "G6", "No login before TLS (ManageSieve)", "RFC 5804 1.7",
	  "A client that may log in in clear sends its password in clear.", PASSWORDS, SECURITY },
	{ "G7", "No outdated login mechanisms", "RFC 8314 4.1, RFC 6331",
	  "They need passwords that can be read from the server, and are broken by now.", PASSWORDS,
	  TIDY },
	{ "G8", "Every port of users answered every question", "RFC 8314",
	  "What was not seen is not judged, neither good nor bad.", PASSWORDS, TIDY },
	{ "G9", "What SRV records name can be believed", "RFC 6186 6, RFC 7817, RFC 7673",
	  "Who forges an unsigned record sends users, and passwords, to himself.", PASSWORDS,
	  TIDY },

	/* Webmail and what stands beside it */
	{ "H1", "Webmail is on HTTPS alone", "RFC 6797",
	  "A first visit by http can be led anywhere.", PASSWORDS, TIDY },
	{ "H2", "The login form and its cookie stay on HTTPS", "RFC 6265 4.1.2.5",
	  "A password or a session that crosses in clear belongs to everybody.", PASSWORDS,
	  SECURITY },
	{ "H3", "TLS of mta-sts and autoconfig hosts is sound", "RFC 8461 3.3",
	  "What they say is worth as much as their TLS.", BOTH, TIDY },

	/* Known attacks */
	{ "I1", "No Heartbleed, early ChangeCipherSpec, Ticketbleed",
	  "CVE-2014-0160, CVE-2014-0224, CVE-2016-9244",
	  "Anybody reads the server's memory: keys and passwords.", BOTH, SECURITY },
	{ "I2", "No ROBOT", "CVE-2017-13099 and others",
	  "What was encrypted to its key can be read by asking it.", BOTH, SECURITY },
	{ "I3", "No DROWN, POODLE, FREAK, LOGJAM, RC4, SWEET32, BEAST",
	  "RFC 7457, CVE-2016-0800, CVE-2015-4000, CVE-2016-2183",
	  "Known attacks on what is accepted here.", BOTH, TIDY },
	{ "I4", "No oracles of padding, no Raccoon", "CVE-2019-1559, CVE-2020-1968",
	  "Answers, or their time, give plaintext away bit by bit.", BOTH, TIDY },
};
const size_t advice_criterion_count = COUNT_OF(advice_criteria);

const struct advice_criterion *advice_criterion_find(const char *id)
{
	for (size_t i = 0; i < advice_criterion_count; i++)
		if (!strcmp(advice_criteria[i].id, id))
			return &advice_criteria[i];
	return NULL;
}
