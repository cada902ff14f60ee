/* Transcripts of LMTP (RFC 2033) for test_edge.c; how to read them stands there. */
#ifndef SMTP_TEST_TALKS_LMTP_H
#define SMTP_TEST_TALKS_LMTP_H

/* clang-format off */

#define LMTP_START(last) \
	"S: 220 mx.example LMTP\n" \
	"C: LHLO c.example\n" \
	"S: 250-mx.example\n" \
	"S: 250-PIPELINING\n" \
	"S: 250-SIZE 1000\n" \
	"S: 250-8BITMIME\n" \
	"S: " last

#define LMTP_SEALED LMTP_START("250 CHUNKING\n")

#define LMTP_OPENS \
	"! connect\n" \
	"< 220 be LMTP\n" \
	"> LHLO c.example\n" \
	"< 250-be\n" \
	"< 250-PIPELINING\n" \
	"< 250 CHUNKING\n"

/* Three recipients, of whom the second is refused. */
#define LMTP_RCPTS \
	"C: MAIL FROM:<a@c.example>\n" \
	"C: RCPT TO:<b@d.example>\n" \
	"C: RCPT TO:<full@d.example>\n" \
	"C: RCPT TO:<e@d.example>\n" \
	LMTP_OPENS \
	"> MAIL FROM:<a@c.example>\n" \
	"> RCPT TO:<b@d.example>\n" \
	"> RCPT TO:<full@d.example>\n" \
	"> RCPT TO:<e@d.example>\n" \
	"< 250 2.1.0 Ok\n" \
	"< 250 2.1.5 Ok\n" \
	"< 552 5.2.2 Full\n" \
	"< 250 2.1.5 Ok\n" \
	"S: 250 2.1.0 Ok\n" \
	"S: 250 2.1.5 Ok\n" \
	"S: 552 5.2.2 Full\n" \
	"S: 250 2.1.5 Ok\n"

#define LMTP_DATA "C: DATA\n> DATA\n< 354 Go\nS: 354 Go\n"

static const struct talk lmtp_talks[] = {
	{ "hello", LMTP | IN_TLS,
		"S: 220 mx.example LMTP\nC: EHLO c.example\nS: 500 5.5.1 This is LMTP, say LHLO\n"
		"C: HELO c.example\nS: 500 5.5.1 This is LMTP, say LHLO\nC: MAIL FROM:<a@c.example>\n"
		"S: 503 5.5.1 Send LHLO first\nC: LHLO\nS: 501 5.5.4*\nS: 421 4.7.0*\n= bad-syntax\n" },
	{ "SMTP has no LHLO", IN_TLS,
		"S: 220 mx.example ESMTP\nC: LHLO c.example\nS: 500 5.5.1 This is SMTP, say EHLO\n" },
	{ "no AUTH, but where it is asked for", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED "C: AUTH PLAIN AGEAYg==\nS: 503 5.5.1*\n" },
	{ "in clear nothing begins, and nothing bounces", LMTP | AUTH_OFF,
		LMTP_START("250-CHUNKING\nS: 250 STARTTLS\n") "C: MAIL FROM:<a@c.example>\nS: 451 4.7.0*\n"
		"C: DATA\nS: 451 4.7.0*\nC: AUTH PLAIN AGEAYg==\nS: 538 5.7.11*\n"
		"C: STARTTLS\nS: 220 2.0.0*\n! client-tls\nC: MAIL FROM:<a@c.example>\n"
		"S: 503 5.5.1 Send LHLO first\nS: 421 4.7.0*\n= bad-syntax\n" },
	{ "injection behind STARTTLS", LMTP | AUTH_OFF | WHOLE_ONLY,
		LMTP_START("250-CHUNKING\nS: 250 STARTTLS\n")
		"c: STARTTLS\\r\\nMAIL FROM:<a@c.example>\\r\\n\nS: 554 5.5.0*\n= starttls-injection\n" },
	{ "identities of a trusted peer", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED "C: XCLIENT ADDR=127.0.0.1\nS: 550 5.7.0*\n" },
	{ "a reply for each recipient that was accepted", LMTP | IN_TLS | AUTH_OFF | RECEIVED,
		LMTP_SEALED LMTP_RCPTS LMTP_DATA "C: a\nC: .\nC: NOOP\n"
		"> Received: from c.example ([IPv6:2001:db8::1])\n"
		"> \tby mx.example (mailseal) with LMTPS id s1\n"
		"> \ttls TLS_AES_128_GCM_SHA256 (TLSv1.3);\n> \t*\n> a\n> .\n"
		"< 250 2.0.0 <b@d.example> q1 Saved\nS: 250 2.0.0 <b@d.example> q1 Saved\n"
		"< 452 4.2.2 <e@d.example> Full\nS: 452 4.2.2 <e@d.example> Full\n"
		"> NOOP\n< 250 Ok\nS: 250 Ok\nC: QUIT\nS: 221*\n> QUIT\n= ok\n" },
	{ "replies that come together", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED LMTP_RCPTS LMTP_DATA "C: .\n> .\n<< 550 No\\r\\n250 Ok\\r\\n\nS: 550 No\nS: 250 Ok\n"
		"C: MAIL FROM:<x@c.example>\n> MAIL*\n< 250 Ok\nS: 250 Ok\n" },
	{ "421 for one recipient ends nothing", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED LMTP_RCPTS LMTP_DATA "C: .\n> .\n< 421 4.3.0 later\nS: 421 4.3.0 later\n"
		"< 250 Ok\nS: 250 Ok\n" },
	{ "421 for the last is the end", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED LMTP_RCPTS LMTP_DATA "C: .\n> .\n< 250 Ok\nS: 250 Ok\n< 421 4.3.0 bye\n"
		"S: 421 4.3.0 bye\n= backend-refused\n" },
	{ "the backend goes between two replies", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED LMTP_RCPTS LMTP_DATA "C: .\n> .\n< 250 Ok\nS: 250 Ok\nE: backend\nS: 421 4.3.2*\n"
		"= backend-broken\n" },
	{ "the backend goes in mid-text", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED LMTP_RCPTS LMTP_DATA "C: a\n> a\nE: backend\nC: .\nS: 421 4.3.2*\nS: 421 4.3.2*\n"
		"= backend-broken\n" },
	{ "a refused text is refused for each", LMTP | IN_TLS | AUTH_OFF | REJECT,
		LMTP_SEALED LMTP_RCPTS LMTP_DATA "c: a\\nb\\r\\n.\\r\\n\n>> a\nS: 550 5.6.0*\nS: 550 5.6.0*\n"
		"= smuggling\n" },
	{ "no recipient, no text", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED "C: MAIL FROM:<a@c.example>\n" LMTP_OPENS "> MAIL*\n< 250 Ok\nS: 250 Ok\n"
		"C: DATA\n> DATA\n< 503 5.5.1 No recipient\nS: 503 5.5.1 No recipient\n"
		"C: DATA\n> DATA\n< 354 Go\nS: 421 4.3.2*\n= backend-broken\n" },
	{ "recipients are forgotten with the transaction", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED LMTP_RCPTS "C: RSET\n> RSET\n< 250 Ok\nS: 250 Ok\nC: MAIL FROM:<a@c.example>\n"
		"C: RCPT TO:<b@d.example>\n> MAIL*\n> RCPT*\n< 250 Ok\n< 250 Ok\nS: 250 Ok\nS: 250 Ok\n"
		LMTP_DATA "C: .\n> .\n< 250 Ok\nS: 250 Ok\nC: NOOP\n> NOOP\n" },
	{ "chunks: behind the last a reply for each", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED LMTP_RCPTS "C: BDAT 3\nc: a\\r\\n\n> BDAT 3\n> a\n< 250 Ok\nS: 250 Ok\n"
		"C: BDAT 3 LAST\nc: b\\r\\n\nC: NOOP\n> BDAT 3 LAST\n> b\n< 250 One\nS: 250 One\n< 452 Two\n"
		"S: 452 Two\n> NOOP\n< 250 Ok\nS: 250 Ok\n" },
	{ "the backend goes between two replies to a chunk", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED LMTP_RCPTS "C: BDAT 3 LAST\nc: a\\r\\n\n> BDAT 3 LAST\n> a\n< 250 One\nS: 250 One\n"
		"E: backend\nS: 421 4.3.2*\n= backend-broken\n" },
	{ "the last chunk behind a refused one is refused for each", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED LMTP_RCPTS "C: BDAT 3\nc: a\\r\\n\n> BDAT 3\n> a\n< 452 No\nS: 452 No\n"
		"C: BDAT 3 LAST\nc: b\\r\\n\nS: 503 5.5.1*\nS: 503 5.5.1*\n" },
	{ "drain waits for all replies", LMTP | IN_TLS | AUTH_OFF,
		LMTP_SEALED LMTP_RCPTS LMTP_DATA "C: .\n> .\nX: drain\n< 250 Ok\nS: 250 Ok\n< 250 Ok\n"
		"S: 250 Ok\nS: 421 4.3.2*\n> QUIT\n= drained\n" },
	{ "asked for what it offers", LMTP | LEARN,
		"! connect\n< 220 be LMTP\n> LHLO mx.example\n< 250-be\n< 250 PIPELINING\n> QUIT\n= ok\n" },
	{ "asked in TLS", LMTP | LEARN | SEALED,
		"! connect\n< 220 be LMTP\n> LHLO mx.example\n< 250-be\n< 250 STARTTLS\n> STARTTLS\n"
		"< 220 go\n! backend-tls\n> LHLO mx.example\n< 250-be\n< 250 PIPELINING\n> QUIT\n= ok\n" },
};

/* clang-format on */

#endif
