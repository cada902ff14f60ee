/* The transcripts of test_edge.c; how to read them stands there. */
#ifndef SMTP_TEST_TALKS_H
#define SMTP_TEST_TALKS_H

/* clang-format off */

/* Greeting and EHLO in clear, the backend's capabilities known. */
#define PLAIN_START \
	"S: 220 mx.example ESMTP\n" \
	"C: EHLO c.example\n" \
	"S: 250-mx.example\n" \
	"S: 250-PIPELINING\n" \
	"S: 250-SIZE 1000\n" \
	"S: 250-8BITMIME\n" \
	"S: 250-CHUNKING\n" \
	"S: 250 STARTTLS\n"

/* The same inside TLS. */
#define TLS_START \
	"S: 220 mx.example ESMTP\n" \
	"C: EHLO c.example\n" \
	"S: 250-mx.example\n" \
	"S: 250-PIPELINING\n" \
	"S: 250-SIZE 1000\n" \
	"S: 250-8BITMIME\n" \
	"S: 250-CHUNKING\n" \
	"S: 250 AUTH PLAIN LOGIN\n"

/* The backend comes up behind the command that needs it. */
#define OPEN \
	"! connect\n" \
	"< 220 be ESMTP\n" \
	"> EHLO c.example\n" \
	"< 250-be\n" \
	"< 250-PIPELINING\n" \
	"< 250 CHUNKING\n"

#define MAIL_OPENS \
	"C: MAIL FROM:<a@c.example>\n" \
	OPEN \
	"> MAIL FROM:<a@c.example>\n" \
	"< 250 2.1.0 Ok\n" \
	"S: 250 2.1.0 Ok\n"

#define BINARY_MAIL_OPENS \
	"C: MAIL FROM:<a@c.example> BODY=BINARYMIME\n" \
	OPEN \
	"> MAIL FROM:<a@c.example> BODY=BINARYMIME\n" \
	"< 250 2.1.0 Ok\n" \
	"S: 250 2.1.0 Ok\n"

#define RCPT_DATA \
	"C: RCPT TO:<b@d.example>\n" \
	"C: DATA\n" \
	"> RCPT TO:<b@d.example>\n" \
	"> DATA\n" \
	"< 250 2.1.5 Ok\n" \
	"< 354 Go\n" \
	"S: 250 2.1.5 Ok\n" \
	"S: 354 Go\n"

/* REQUIRETLS (RFC 8689). */
#define REQUIRETLS_START \
	"S: 220 mx.example ESMTP\n" \
	"C: EHLO c.example\n" \
	"S: 250-mx.example\n" \
	"S: 250-PIPELINING\n" \
	"S: 250-SIZE 1000\n" \
	"S: 250-8BITMIME\n" \
	"S: 250-CHUNKING\n" \
	"S: 250-AUTH PLAIN LOGIN\n" \
	"S: 250 REQUIRETLS\n"

#define REQUIRETLS_OPEN \
	"! connect\n" \
	"< 220 be ESMTP\n" \
	"> EHLO c.example\n" \
	"< 250-be\n" \
	"< 250 REQUIRETLS\n"

static const struct talk talks[] = {
	/* What the edge answers itself. */
	{ "no backend needed", 0,
		PLAIN_START
		"C: NOOP\nS: 250 2.0.0 Ok\n"
		"C: NOOP with a word\nS: 250 2.0.0 Ok\n"
		"C: RSET\nS: 250 2.0.0 Ok\n"
		"C: HELP\nS: 214 2.0.0*\n"
		"C: QUIT\nS: 221 2.0.0 Bye\n= ok\n" },
	{ "HELO", 0,
		"S: 220*\nC: HELO c.example\nS: 250 mx.example\n" },
	{ "verbs in any case", 0,
		"S: 220*\nC: helo c.example\nS: 250 mx.example\nC: quit\nS: 221*\n= ok\n" },
	{ "nothing learnt", UNLEARNT,
		"S: 220*\nC: EHLO c.example\nS: 250-mx.example\nS: 250 STARTTLS\n" },
	{ "no certificate", UNLEARNT | NO_CERT,
		"S: 220*\nC: EHLO c.example\nS: 250 mx.example\n"
		"C: STARTTLS\nS: 502 5.5.1*\n" },
	{ "EHLO without a name", 0,
		"S: 220*\nC: EHLO\nS: 501 5.5.4*\nC: EHLO \nS: 501 5.5.4*\nC: HELO\nS: 501 5.5.4*\n" },
	{ "MAIL before EHLO", 0,
		"S: 220*\nC: MAIL FROM:<a@c.example>\nS: 503 5.5.1*\n" },
	{ "VRFY before EHLO", 0,
		"S: 220*\nC: VRFY anna\nS: 503 5.5.1*\n" },
	{ "unknown verbs end the session", 0,
		"S: 220*\nC: HOLA\nS: 500 5.5.2*\nC: \nS: 500 5.5.2*\nC: LHLO c.example\nS: 500*\n"
		"C: BURL imap\nS: 500*\nS: 421 4.7.0*\n= bad-syntax\n" },

	/* Lines. */
	{ "bare LF", 0, "S: 220*\nc: NOOP\\nNOOP\\r\\n\nS: 500 5.5.2*\n= smuggling\n" },
	{ "bare CR", 0, "S: 220*\nc: NO\\rOP\\r\\n\nS: 500 5.5.2*\n= smuggling\n" },
	{ "CR inside MAIL FROM", IN_TLS,
		TLS_START "c: MAIL FROM:<a\\r@c.example>\\r\\n\nS: 500 5.5.2*\n= smuggling\n" },
	{ "bare LF behind forwarded commands", IN_TLS,
		TLS_START MAIL_OPENS
		"C: RCPT TO:<b@d.example>\nc: RSET\\n\n> RCPT TO:<b@d.example>\n< 250 Ok\nS: 250 Ok\n"
		"S: 500 5.5.2*\n> QUIT\n= smuggling\n" },
	{ "line too long", 0,
		"S: 220*\n"
		"c: NOOP 0123456789012345678901234567890123456789012345678901234567890123456789\n"
		"c: 0123456789012345678901234567890123456789012345678901234567890123456789\n"
		"S: 500 5.5.6*\n= too-long\n" },
	{ "NUL", 0, "S: 220*\nc: NOOP \\0\\r\\n\nS: 500 5.5.2*\n" },
	{ "tab", IN_TLS, TLS_START "C: MAIL\tFROM:<a@c.example>\nS: 500 5.5.2*\n" },
	{ "PROXY v2 header", 0,
		"S: 220*\nc: \\r\\n\\r\\n\\0\\r\\nQUIT\\n\nS: 500*\nS: 500*\nS: 500*\nS: 500*\n"
		"= smuggling\n" },

	/* Who is who. */
	{ "XCLIENT from a client", IN_TLS,
		TLS_START "C: XCLIENT ADDR=127.0.0.1\nS: 550 5.7.0*\nC: xforward NAME=a\nS: 550 5.7.0*\n" },
	{ "XCLIENT with a backend open", IN_TLS,
		TLS_START MAIL_OPENS "C: XCLIENT ADDR=127.0.0.1\nS: 550 5.7.0*\n" },
	{ "PROXY", 0, "S: 220*\nC: PROXY TCP4 1.2.3.4 1.2.3.5 1 25\nS: 554*\n= bad-syntax\n" },
	{ "PROXY of another kind", 0, "S: 220*\nC: PROXY anything\nS: 554*\n= bad-syntax\n" },
	{ "HTTP", 0, "S: 220*\nC: GET / HTTP/1.1\nC: Host: mx.example\nS: 554*\n= bad-syntax\n" },
	{ "HTTP POST", 0, "S: 220*\nC: POST /x HTTP/1.1\nS: 554*\n= bad-syntax\n" },
	{ "HTTP CONNECT", IN_TLS,
		TLS_START "C: CONNECT mx.example:25 HTTP/1.1\nS: 554*\n= bad-syntax\n" },

	/* STARTTLS. */
	{ "STARTTLS", 0,
		PLAIN_START "C: STARTTLS\nS: 220 2.0.0*\n! client-tls\n"
		"C: MAIL FROM:<a@c.example>\nS: 503 5.5.1*\n"
		"C: STARTTLS\nS: 503 5.5.1*\n"
		"C: EHLO c.example\nS: 250-mx.example\nS: 250-PIPELINING\nS: 250-SIZE 1000\n"
		"S: 250-8BITMIME\nS: 250-CHUNKING\nS: 250 AUTH PLAIN LOGIN\n" },
	{ "STARTTLS with a parameter", 0, PLAIN_START "C: STARTTLS now\nS: 501 5.5.4*\n" },
	{ "injection", WHOLE_ONLY,
		PLAIN_START "C: STARTTLS\nC: MAIL FROM:<a@c.example>\nS: 554 5.5.0*\n"
		"= starttls-injection\n" },
	{ "injection of half a line", WHOLE_ONLY,
		PLAIN_START "C: STARTTLS\nc: R\nS: 554 5.5.0*\n= starttls-injection\n" },
	{ "STARTTLS when mail began in clear", 0,
		PLAIN_START MAIL_OPENS
		"C: STARTTLS\nS: 503 5.5.1*\n"
		"C: EHLO c.example\n> EHLO c.example\n< 250 be\nS: 250 mx.example\n" },

	/* REQUIRETLS. */
	{ "REQUIRETLS passes as it came", IN_TLS | SAFE,
		REQUIRETLS_START "C: MAIL FROM:<a@c.example> requiretls SIZE=9\n" REQUIRETLS_OPEN
		"> MAIL FROM:<a@c.example> requiretls SIZE=9\n< 250 Ok\nS: 250 Ok\n" },
	{ "REQUIRETLS is offered after STARTTLS alone", SAFE,
		PLAIN_START "C: STARTTLS\nS: 220*\n! client-tls\n"
		"C: EHLO c.example\nS: 250-mx.example\nS: 250-PIPELINING\nS: 250-SIZE 1000\n"
		"S: 250-8BITMIME\nS: 250-CHUNKING\nS: 250-AUTH PLAIN LOGIN\nS: 250 REQUIRETLS\n" },
	{ "REQUIRETLS in clear", SAFE,
		PLAIN_START "C: MAIL FROM:<a@c.example> REQUIRETLS\n" REQUIRETLS_OPEN "S: 555 5.5.4*\n"
		"C: MAIL FROM:<a@c.example>\n> MAIL FROM:<a@c.example>\n< 250 Ok\nS: 250 Ok\n" },
	{ "REQUIRETLS where it is not offered has no value either", SAFE,
		PLAIN_START "C: MAIL FROM:<a@c.example> REQUIRETLS=1\n" REQUIRETLS_OPEN "S: 555*\n" },
	{ "REQUIRETLS behind a path without brackets", SAFE,
		PLAIN_START "C: MAIL FROM: a@c.example REQUIRETLS\n" REQUIRETLS_OPEN "S: 555 5.5.4*\n" },
	{ "REQUIRETLS in a path", SAFE,
		PLAIN_START "C: MAIL FROM:<\"a> REQUIRETLS \"@c.example>\n" REQUIRETLS_OPEN
		"> MAIL FROM:<\"a> REQUIRETLS \"@c.example>\n< 250 Ok\nS: 250 Ok\n" },
	{ "REQUIRETLS and a way to the backend that others read", IN_TLS,
		TLS_START "C: MAIL FROM:<a@c.example> REQUIRETLS\n" REQUIRETLS_OPEN "S: 555 5.5.4*\n" },
	{ "REQUIRETLS and a backend that has it no more", IN_TLS | SAFE,
		REQUIRETLS_START "C: MAIL FROM:<a@c.example> REQUIRETLS\n" OPEN "S: 555 5.5.4*\n" },
	{ "REQUIRETLS behind HELO", IN_TLS | SAFE,
		"S: 220*\nC: HELO c.example\nS: 250*\nC: MAIL FROM:<a@c.example> REQUIRETLS\n"
		"! connect\n< 220 be\n> HELO c.example\n< 250 be\nS: 555 5.5.4*\n" },
	{ "REQUIRETLS with a value is the backend's business", IN_TLS | SAFE,
		REQUIRETLS_START "C: MAIL FROM:<a@c.example> REQUIRETLS=1\n" REQUIRETLS_OPEN
		"> MAIL FROM:<a@c.example> REQUIRETLS=1\n< 501 No\nS: 501 No\n" },

	/* Opening the backend. */
	{ "plain on port 25", 0, PLAIN_START MAIL_OPENS "C: QUIT\nS: 221*\n> QUIT\n= ok\n" },
	{ "VRFY opens", 0,
		PLAIN_START "C: VRFY anna\n" OPEN "> VRFY anna\n< 252 Maybe\nS: 252 Maybe\n" },
	{ "pipelined commands wait", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\nC: RCPT TO:<b@d.example>\n" OPEN
		"> MAIL FROM:<a@c.example>\n> RCPT TO:<b@d.example>\n< 250 Ok\n< 550 No\n"
		"S: 250 Ok\nS: 550 No\n" },
	{ "a backend without PIPELINING gets one at a time", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\nC: RCPT TO:<b@d.example>\n! connect\n"
		"< 220 be\n> EHLO c.example\n< 250 be\n> MAIL FROM:<a@c.example>\n< 250 Ok\nS: 250 Ok\n"
		"> RCPT TO:<b@d.example>\n< 250 Ok\nS: 250 Ok\n" },
	{ "EHLO opens when nothing is learnt", IN_TLS | UNLEARNT,
		"S: 220*\nC: EHLO c.example\n! connect\n< 220 be\n> EHLO c.example\n< 250-be\n"
		"< 250-STARTTLS\n< 250-XCLIENT NAME\n< 250-DSN\n< 250-X-NEW\n< 250 AUTH PLAIN\n"
		"S: 250-mx.example\nS: 250-DSN\nS: 250 AUTH PLAIN\n"
		"C: MAIL FROM:<a@c.example>\n> MAIL*\n< 250 Ok\nS: 250 Ok\n" },
	{ "HELO reaches the backend as it was", 0,
		"S: 220*\nC: HeLo c.example\nS: 250 mx.example\nC: MAIL FROM:<a@c.example>\n! connect\n"
		"< 220 be\n> HeLo c.example\n< 250 be\n> MAIL FROM:<a@c.example>\n< 250 Ok\nS: 250 Ok\n" },
	{ "greeting in many lines", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< 220-be\n< 220-go away\n< 220 be\n"
		"> EHLO c.example\n" },
	{ "backend down", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\nF: connect\nS: 421 4.3.2 mx.example*\n"
		"= backend-down\n" },
	{ "backend slow", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\nF: timeout\nS: 421 4.3.2*\n= backend-down\n" },
	{ "backend silent", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\nX: idle\nS: 421 4.3.2*\n"
		"= backend-down\n" },
	{ "backend's certificate is bad", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\nF: tls\nS: 451 4.7.5*\n= backend-unsealed\n" },
	{ "backend expects no PROXY", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\nF: not-proxy\nS: 421 4.3.2*\n= backend-blind\n" },
	{ "backend greets with an error", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< 554-go\n< 554 5.7.1 away\n"
		"S: 554-go\nS: 554 5.7.1 away\n= backend-refused\n" },
	{ "backend refuses EHLO", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n> EHLO c.example\n"
		"< 550 5.7.1 bad name\nS: 550 5.7.1 bad name\n= backend-refused\n" },
	{ "backend answers rubbish", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< SSH-2.0-x\nS: 421 4.3.2*\n"
		"= backend-broken\n" },
	{ "backend's bare LF", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n<< 220 be\\n\nS: 421 4.3.2*\n"
		"= backend-broken\n" },
	{ "backend closes before greeting", 0,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\nE: backend\nS: 421 4.3.2*\n"
		"= backend-broken\n" },

	/* Learning what the backend offers: without a client, and nobody hears of what fails. */
	{ "learn", LEARN,
		"! connect\n< 220 be\n> EHLO mx.example\n< 250-be\n< 250 SIZE 9\n> QUIT\n= ok\n" },
	{ "learn, submission", LEARN | SUBMISSION,
		"! connect\n< 220 be\n> EHLO mx.example\n< 250-be\n< 250 AUTH PLAIN\n> QUIT\n= ok\n" },
	{ "learn, who is there is not said", LEARN | XCLIENT,
		"! connect\n< 220 be\n> EHLO mx.example\n< 250-be\n< 250 XCLIENT ADDR\n> QUIT\n= ok\n" },
	{ "learn, STARTTLS", LEARN | SEALED,
		"! connect\n< 220 be\n> EHLO mx.example\n< 250-be\n< 250 STARTTLS\n> STARTTLS\n"
		"< 220 go\n! backend-tls\n> EHLO mx.example\n< 250 be\n> QUIT\n= ok\n" },
	{ "learn, stripped STARTTLS", LEARN | SEALED,
		"! connect\n< 220 be\n> EHLO mx.example\n< 250 be\n= backend-unsealed\n" },
	{ "learn, refused", LEARN, "! connect\n< 554 go away\n= backend-refused\n" },
	{ "learn, EHLO refused", LEARN,
		"! connect\n< 220 be\n> EHLO mx.example\n< 502 what\n= backend-refused\n" },
	{ "learn, rubbish", LEARN, "! connect\n< SSH-2.0-x\n= backend-broken\n" },
	{ "learn, silent", LEARN, "! connect\nX: idle\n= backend-down\n" },
	{ "learn, gone", LEARN,
		"! connect\n< 220 be\n> EHLO mx.example\nE: backend\n= backend-broken\n" },
	{ "learn, down", LEARN, "F: connect\n= backend-down\n" },
	/* The edge's own ask and a client's session may be offered different things. */
	{ "submission, no AUTH was learnt: the backend is asked for this client",
		SUBMISSION | IN_TLS | NO_AUTH,
		"S: 220*\nC: EHLO c.example\n! connect\n< 220 be\n> EHLO c.example\n< 250-be\n"
		"< 250 AUTH PLAIN\nS: 250-mx.example\nS: 250 AUTH PLAIN\n" },

	/* STARTTLS towards the backend. */
	{ "stripped STARTTLS", SEALED,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n> EHLO c.example\n"
		"< 250-be\n< 250 PIPELINING\nS: 451 4.7.5*\n= backend-unsealed\n" },
	{ "refused STARTTLS", SEALED,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n> EHLO c.example\n"
		"< 250-be\n< 250 STARTTLS\n> STARTTLS\n< 454 4.7.0 later\nS: 451 4.7.5*\n"
		"= backend-unsealed\n" },
	{ "response injection", SEALED | WHOLE_ONLY,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n> EHLO c.example\n"
		"< 250-be\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n< 250 be\nS: 451 4.7.5*\n"
		"= backend-unsealed\n" },
	{ "HELO, and the backend needs STARTTLS", SEALED,
		"S: 220*\nC: HELO c.example\nS: 250*\nC: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n"
		"> EHLO c.example\n< 250-be\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n! backend-tls\n"
		"> HELO c.example\n< 250 be\n> MAIL FROM:<a@c.example>\n" },

	/* XCLIENT towards the backend. */
	{ "XCLIENT", XCLIENT,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n> EHLO c.example\n"
		"< 250-be\n< 250 XCLIENT NAME ADDR PORT PROTO HELO REVERSE_NAME DESTADDR DESTPORT\n"
		"> XCLIENT ADDR=IPV6:2001:db8::1 PORT=4711 NAME=[TEMPUNAVAIL] REVERSE_NAME=[TEMPUNAVAIL]"
		" PROTO=ESMTP DESTADDR=IPV6:2001:db8::25 DESTPORT=25 HELO=c.example\n"
		"< 220 be\n> EHLO c.example\n< 250 be\n> MAIL FROM:<a@c.example>\n" },
	{ "XCLIENT, only what is listed", XCLIENT,
		"S: 220*\nC: EHLO a=b+c\nS: 250-mx.example\nS: 250-*\nS: 250-*\nS: 250-*\nS: 250-*\n"
		"S: 250 *\n"
		"C: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n> EHLO a=b+c\n"
		"< 250-be\n< 250 XCLIENT ADDR HELO\n> XCLIENT ADDR=IPV6:2001:db8::1 HELO=a+3Db+2Bc\n"
		"< 220 be\n> EHLO a=b+c\n" },
	{ "no XCLIENT", XCLIENT,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n> EHLO c.example\n"
		"< 250 be\nS: 421 4.3.2*\n= backend-blind\n" },
	{ "XCLIENT without ADDR", XCLIENT,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n> EHLO c.example\n"
		"< 250-be\n< 250 XCLIENT NAME\nS: 421 4.3.2*\n= backend-blind\n" },
	{ "XCLIENT refused", XCLIENT,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n> EHLO c.example\n"
		"< 250-be\n< 250 XCLIENT ADDR\n> XCLIENT ADDR=IPV6:2001:db8::1\n< 550 5.7.0 who?\n"
		"S: 421 4.3.2*\n= backend-blind\n" },
	{ "STARTTLS, then XCLIENT", SEALED | XCLIENT,
		PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n> EHLO c.example\n"
		"< 250-be\n< 250-XCLIENT ADDR\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n! backend-tls\n"
		"> EHLO c.example\n< 250-be\n< 250 XCLIENT ADDR\n> XCLIENT ADDR=IPV6:2001:db8::1\n"
		"< 220 be\n> EHLO c.example\n< 250 be\n> MAIL FROM:<a@c.example>\n" },

	/* Passing on. */
	{ "replies pass as they came", 0,
		PLAIN_START MAIL_OPENS "C: RCPT TO:<b@d.example> NOTIFY=NEVER\n"
		"> RCPT TO:<b@d.example> NOTIFY=NEVER\n< 550-5.1.1 one\n< 550 5.1.1 two\n"
		"S: 550-5.1.1 one\nS: 550 5.1.1 two\n" },
	{ "second EHLO", IN_TLS,
		TLS_START MAIL_OPENS "C: EHLO d.example\n> EHLO d.example\n< 250-be\n< 250-XFORWARD NAME\n"
		"< 250-STARTTLS\n< 250-SIZE 9\n< 250 AUTH PLAIN\nS: 250-mx.example\nS: 250-SIZE 9\n"
		"S: 250 AUTH PLAIN\n" },
	{ "HELO behind EHLO: no extension is left", IN_TLS,
		TLS_START MAIL_OPENS "C: HELO d.example\n> HELO d.example\n< 250 be\nS: 250 mx.example\n"
		"C: BDAT 1\nS: 502 5.5.1*\n> QUIT\n= bad-syntax\n" },
	{ "second EHLO, refused", IN_TLS,
		TLS_START MAIL_OPENS "C: EHLO d.example\n> EHLO d.example\n< 501 no\nS: 501 no\n" },
	{ "NOOP and RSET keep their place", IN_TLS,
		TLS_START MAIL_OPENS "C: RSET\nC: NOOP\n> RSET\n> NOOP\n< 250 one\n< 250 two\nS: 250 one\n"
		"S: 250 two\n" },
	{ "our answers wait for the backend's", IN_TLS,
		TLS_START MAIL_OPENS "C: RCPT TO:<b@d.example>\nC: HOLA\n> RCPT TO:<b@d.example>\n"
		"< 250 Ok\nS: 250 Ok\nS: 500 5.5.2*\n" },
	{ "QUIT waits too", IN_TLS,
		TLS_START MAIL_OPENS "C: RCPT TO:<b@d.example>\nC: QUIT\n> RCPT TO:<b@d.example>\n"
		"< 250 Ok\nS: 250 Ok\n> QUIT\nS: 221*\n= ok\n" },
	{ "control bytes in a reply", IN_TLS,
		TLS_START MAIL_OPENS "C: NOOP\n> NOOP\n<< 250 a\\0b\\r\\n\nS: 250 a?b\n" },
	{ "codes that differ", IN_TLS,
		TLS_START MAIL_OPENS "C: NOOP\n> NOOP\n< 250-a\n< 550 b\nS: 421 4.3.2*\n"
		"= backend-broken\n" },
	{ "354 to MAIL", IN_TLS,
		TLS_START "C: MAIL FROM:<a@c.example>\n" OPEN "> MAIL*\n< 354 Go\nS: 421 4.3.2*\n"
		"= backend-broken\n" },
	{ "250 to DATA", IN_TLS,
		TLS_START MAIL_OPENS "C: DATA\n> DATA\n< 250 Ok\nS: 421 4.3.2*\n= backend-broken\n" },
	{ "a reply too many", IN_TLS,
		TLS_START MAIL_OPENS "< 250 Ok\nS: 421 4.3.2*\n= backend-broken\n" },
	{ "the backend ends", IN_TLS,
		TLS_START MAIL_OPENS "< 421 4.4.2 be timeout\nS: 421 4.4.2 be timeout\n"
		"= backend-refused\n" },
	{ "421 to a command", IN_TLS,
		TLS_START MAIL_OPENS "C: NOOP\n> NOOP\n< 421 4.3.2 down\nS: 421 4.3.2 down\n"
		"= backend-refused\n" },
	{ "the backend closes when idle", IN_TLS,
		TLS_START MAIL_OPENS "E: backend\nS: 421 4.3.2*\n= backend-broken\n" },
	{ "the backend closes in mid-command", IN_TLS,
		TLS_START MAIL_OPENS "C: NOOP\n> NOOP\nE: backend\nS: 421 4.3.2*\n= backend-broken\n" },
	{ "the client goes", IN_TLS, TLS_START "E: client\n= client-gone\n" },
	{ "the client goes, replies owed", IN_TLS,
		TLS_START MAIL_OPENS "C: NOOP\n> NOOP\nE: client\n= client-gone\n" },

	/* TLS that must be. */
	{ "require_tls_from", MUST_TLS,
		PLAIN_START "C: MAIL FROM:<a@c.example>\nS: 530 5.7.0*\n" },
	{ "require_tls_from, behind VRFY", MUST_TLS,
		PLAIN_START "C: VRFY anna\nC: MAIL FROM:<a@c.example>\n" OPEN "> VRFY anna\n< 252 Maybe\n"
		"S: 252 Maybe\nS: 530 5.7.0*\n" },
	{ "require_tls_from, in TLS", MUST_TLS | IN_TLS, TLS_START MAIL_OPENS },
	{ "submission in clear", SUBMISSION,
		PLAIN_START "C: MAIL FROM:<a@c.example>\nS: 530 5.7.0*\nC: VRFY a\nS: 530 5.7.0*\n" },
	{ "submission, not logged in: the backend decides", SUBMISSION | IN_TLS,
		TLS_START "C: MAIL FROM:<a@c.example>\n" OPEN
		"> MAIL*\n< 530 5.7.0 Log in\nS: 530 5.7.0 Log in\n" },

	/* AUTH. */
	{ "AUTH in clear, submission", SUBMISSION,
		PLAIN_START "C: AUTH PLAIN AGEAYg==\nS: 538 5.7.11*\n" },
	{ "AUTH in clear, port 25", 0, PLAIN_START "C: AUTH PLAIN AGEAYg==\nS: 538 5.7.11*\n" },
	{ "port 25 knows no exception", EXEMPT,
		PLAIN_START "C: AUTH PLAIN AGEAYg==\nS: 538 5.7.11*\n" },
	{ "AUTH in clear where it is off", AUTH_OFF,
		PLAIN_START "C: AUTH PLAIN AGEAYg==\nS: 538 5.7.11*\n" },
	{ "AUTH off", AUTH_OFF | IN_TLS,
		"S: 220*\nC: EHLO c.example\nS: 250-mx.example\nS: 250-PIPELINING\nS: 250-SIZE 1000\n"
		"S: 250-8BITMIME\nS: 250 CHUNKING\nC: AUTH PLAIN AGEAYg==\nS: 503 5.5.1*\n" },
	{ "AUTH before EHLO", IN_TLS, "S: 220*\nC: AUTH PLAIN AGEAYg==\nS: 503 5.5.1*\n" },
	{ "AUTH without a mechanism", IN_TLS, TLS_START "C: AUTH\nS: 501 5.5.4*\n" },
	{ "-PLUS is not for us", IN_TLS,
		TLS_START "C: AUTH SCRAM-SHA-256-PLUS cD10bHM=\nS: 504 5.5.4*\n" },
	{ "-PLUS where the backend binds", IN_TLS | PLUS,
		"S: 220*\nC: EHLO c.example\nS: 250-mx.example\nS: 250-PIPELINING\nS: 250-SIZE 1000\n"
		"S: 250-8BITMIME\nS: 250-CHUNKING\nS: 250 AUTH PLAIN LOGIN SCRAM-SHA-256-PLUS\n" },
	{ "a response is no command", SUBMISSION | IN_TLS,
		TLS_START "C: AUTH LOGIN\n" OPEN "> AUTH LOGIN\n< 334 x\nS: 334 x\nC: QUIT\n> QUIT\n"
		"< 535 5.7.8 No\nS: 535 5.7.8 No\nC: QUIT\n> QUIT\nS: 221*\n= ok\n" },
	{ "what follows AUTH waits", SUBMISSION | IN_TLS,
		TLS_START "C: AUTH PLAIN AGEAYg==\nC: NOOP\n" OPEN "> AUTH PLAIN AGEAYg==\n"
		"< 235 Ok\nS: 235 Ok\n> NOOP\n< 250 Ok\nS: 250 Ok\n" },
	{ "failed logins end the session", SUBMISSION | IN_TLS,
		TLS_START "C: AUTH PLAIN AGEAYg==\n" OPEN "> AUTH PLAIN AGEAYg==\n< 535 No\nS: 535 No\n"
		"C: AUTH PLAIN AGEAYw==\n> AUTH PLAIN AGEAYw==\n< 535 No\nS: 535 No\nS: 421 4.7.0*\n"
		"> QUIT\n= login-failed\n" },
	{ "who tries is known before the backend answers", SUBMISSION | IN_TLS,
		TLS_START "C: AUTH PLAIN AGFubgB4\n" OPEN "> AUTH PLAIN AGFubgB4\nU: ann\n< 535 No\nS: 535 No\n"
		"C: AUTH LOGIN\n> AUTH LOGIN\nU: \n< 334 x\nS: 334 x\nC: am9l\n> am9l\nU: joe\n< 334 y\nS: 334 y\n"
		"C: eA==\n> eA==\nU: joe\n< 235 Ok\nS: 235 Ok\nU: joe\n" },
	{ "who is in stays who he is, whatever name he says", SUBMISSION | IN_TLS,
		TLS_START "C: AUTH PLAIN AGFubgB4\n" OPEN "> AUTH PLAIN AGFubgB4\n< 235 Ok\nS: 235 Ok\n"
		"C: AUTH PLAIN AGpvZQB4\n> AUTH PLAIN AGpvZQB4\nU: ann\n< 503 No\nS: 503 No\nU: ann\n" },
	{ "but the one whom the backend lets in", SUBMISSION | IN_TLS,
		TLS_START "C: AUTH PLAIN AGFubgB4\n" OPEN "> AUTH PLAIN AGFubgB4\n< 235 Ok\nS: 235 Ok\n"
		"C: AUTH PLAIN AGpvZQB4\n> AUTH PLAIN AGpvZQB4\n< 235 Ok\nS: 235 Ok\nU: joe\n" },
	{ "a long response", SUBMISSION | IN_TLS,
		TLS_START "C: AUTH GSSAPI\n" OPEN "> AUTH GSSAPI\n< 334 \nS: 334 \n"
		"c: 0123456789012345678901234567890123456789012345678901234567890123456789\n"
		"C: 0123456789012345678901234567890123456789012345678901234567890123456789\n"
		"> 01234567890123456789012345678901234567890123456789012345678901234567890123456789"
		"012345678901234567890123456789012345678901234567890123456789\n" },
	{ "a response too long", SUBMISSION | IN_TLS,
		TLS_START "C: AUTH GSSAPI\n" OPEN "> AUTH GSSAPI\n< 334 \nS: 334 \n"
		"c: 0123456789012345678901234567890123456789012345678901234567890123456789\n"
		"c: 0123456789012345678901234567890123456789012345678901234567890123456789\n"
		"c: 0123456789012345678901234567890123456789012345678901234567890123456789\n"
		"c: 0123456789012345678901234567890123456789012345678901234567890123456789\n"
		"S: 500 5.5.6*\n= too-long\n" },
	{ "bare LF in a response", SUBMISSION | IN_TLS,
		TLS_START "C: AUTH LOGIN\n" OPEN "> AUTH LOGIN\n< 334 \nS: 334 \nc: YQ==\\n\nS: 500*\n"
		"= smuggling\n" },
	{ "NUL in a response", SUBMISSION | IN_TLS,
		TLS_START "C: AUTH LOGIN\n" OPEN "> AUTH LOGIN\n< 334 \nS: 334 \nc: a\\0\\r\\n\nS: 554*\n"
		"= bad-syntax\n" },

	/* DATA. */
	{ "a message", IN_TLS | RECEIVED,
		TLS_START MAIL_OPENS RCPT_DATA
		"> Received: from c.example ([IPv6:2001:db8::1])\n"
		"> \tby mx.example (mailseal) with ESMTPS id s1\n"
		"> \ttls TLS_AES_128_GCM_SHA256 (TLSv1.3);\n> \tThu, 1 Jan 1970 00:00:00 +0000\n"
		"C: Subject: x\nC: \nC: ..dots\nC: .\nC: NOOP\n"
		"> Subject: x\n> \n> ..dots\n> .\n< 250 2.0.0 Ok\nS: 250 2.0.0 Ok\n> NOOP\n" },
	{ "only CRLF.CRLF ends", IN_TLS,
		TLS_START MAIL_OPENS RCPT_DATA
		"c: a\\n.\\r\\nb\\r\\n.\\nc\\n.\\nd\\r\\n.\\re\\r.\\r\\n\\r\\n.\\r\\r\\nf\\r\\n.\\r\\n\n"
		"> a\n> ..\n> b\n> ..\n> c\n> ..\n> d\n> . e .\n> \n> . \n> f\n> .\n" },
	{ "DATA refused", IN_TLS,
		TLS_START MAIL_OPENS "C: DATA\n> DATA\n< 554 5.5.1 No recipients\nS: 554*\n"
		"C: NOOP\n> NOOP\n" },
	{ "refused bare LF", IN_TLS | REJECT,
		TLS_START MAIL_OPENS RCPT_DATA "C: one\nc: a\\nb\\r\\n\nC: c\nC: .\n> one\n>> a\n"
		"S: 550 5.6.0*\n= smuggling\n" },
	{ "refused NUL", IN_TLS | REJECT,
		TLS_START MAIL_OPENS RCPT_DATA "c: \\0\\r\\n.\\r\\n\nS: 550 5.6.0*\n= smuggling\n" },
	{ "the backend refuses in mid-text", IN_TLS,
		TLS_START MAIL_OPENS RCPT_DATA "C: one\n> one\n< 552 5.3.4 Too big\nE: backend\n"
		"C: two\nC: .\nS: 552 5.3.4 Too big\n= backend-refused\n" },
	{ "the backend accepts in mid-text", IN_TLS,
		TLS_START MAIL_OPENS RCPT_DATA "C: one\n> one\n< 250 Ok\nC: two\nC: .\nS: 421 4.3.2*\n"
		"= backend-broken\n" },
	{ "the backend closes in mid-text", IN_TLS,
		TLS_START MAIL_OPENS RCPT_DATA "C: one\n> one\nE: backend\nC: two\nC: .\nS: 421 4.3.2*\n"
		"= backend-broken\n" },
	{ "the backend closes behind the dot", IN_TLS,
		TLS_START MAIL_OPENS RCPT_DATA "C: .\n> .\nE: backend\nS: 421 4.3.2*\n= backend-broken\n" },
	{ "the client goes in mid-text", IN_TLS,
		TLS_START MAIL_OPENS RCPT_DATA "C: one\nc: .\n> one\nE: client\n= client-gone\n" },

	/* BDAT. */
	{ "chunks", IN_TLS,
		TLS_START MAIL_OPENS "C: BDAT 3\nc: a\\r\\n\n> BDAT 3\n> a\n< 250 one\nS: 250 one\n"
		"C: BDAT 5 LAST\nc: .\\r\\nb\\n\n> BDAT 6 LAST\n> .\n> b\n< 250 two\nS: 250 two\n" },
	{ "Received leads the first chunk", IN_TLS | RECEIVED,
		TLS_START MAIL_OPENS "C: BDAT 0\n> BDAT 165\n> Received: from c.example*\n"
		"> \tby mx.example*\n> \ttls*\n> \tThu*\n< 250 Ok\nS: 250 Ok\n"
		"C: BDAT 3 LAST\nc: a\\r\\n\n> BDAT 3 LAST\n> a\n< 250 Ok\nS: 250 Ok\n" },
	{ "CR and LF in two chunks", IN_TLS,
		TLS_START MAIL_OPENS "C: BDAT 2\nc: a\\r\n> BDAT 1\n>> a\n< 250 one\nS: 250 one\n"
		"C: BDAT 2 LAST\nc: \\nb\n> BDAT 3 LAST\n>> \\r\\nb\n< 250 two\nS: 250 two\n" },
	{ "the client's bytes are no commands", IN_TLS,
		TLS_START MAIL_OPENS "C: BDAT 6 LAST\nC: QUIT\n> BDAT 6 LAST\n> QUIT\n< 250 Ok\nS: 250 Ok\n" },
	{ "a refused chunk", IN_TLS,
		TLS_START MAIL_OPENS "C: BDAT 3\nc: a\\r\\n\n> BDAT 3\n> a\n< 452 4.3.1 Full\n"
		"S: 452 4.3.1 Full\nC: BDAT 3 LAST\nc: b\\r\\n\nS: 503 5.5.1*\n"
		"C: RSET\n> RSET\n< 250 Ok\nS: 250 Ok\nC: MAIL FROM:<a@c.example>\n> MAIL*\n< 250 Ok\n"
		"S: 250 Ok\nC: BDAT 3 LAST\nc: c\\r\\n\n> BDAT 3 LAST\n> c\n< 250 Ok\nS: 250 Ok\n" },
	{ "BDAT for which the backend says 421", IN_TLS,
		TLS_START MAIL_OPENS "C: BDAT 3\nc: a\\r\\n\n> BDAT 3\n> a\n< 421 4.3.2 down\n"
		"S: 421 4.3.2 down\n> QUIT\n= backend-refused\n" },
	{ "the backend goes in mid-chunk", IN_TLS,
		TLS_START MAIL_OPENS "C: BDAT 8\nc: ab\nE: backend\nc: cdefgh\nS: 421 4.3.2*\n"
		"= backend-broken\n" },
	{ "the client goes in mid-chunk", IN_TLS,
		TLS_START MAIL_OPENS "C: BDAT 8 LAST\nc: ab\nE: client\n= client-gone\n" },
	{ "refused bare LF in a chunk", IN_TLS | REJECT,
		TLS_START MAIL_OPENS "C: BDAT 4 LAST\nc: a\\nbc\nS: 550 5.6.0*\n= smuggling\n" },
	{ "refused CR at the very end", IN_TLS | REJECT,
		TLS_START MAIL_OPENS "C: BDAT 2 LAST\nc: a\\r\nS: 550 5.6.0*\n= smuggling\n" },
	{ "BINARYMIME passes as it is", IN_TLS | REJECT,
		TLS_START BINARY_MAIL_OPENS
		"C: BDAT 6 LAST\nc: \\0\\n\\r\\0\\r\\n\n> BDAT 6 LAST\n"
		">> \\0\\n\\r\\0\\r\\n\n< 250 Ok\nS: 250 Ok\n" },
	{ "BINARYMIME that was refused", IN_TLS,
		TLS_START MAIL_OPENS "C: MAIL FROM:<b@c.example> BODY=BINARYMIME\n> MAIL*\n< 503 No\n"
		"S: 503 No\nC: BDAT 2 LAST\nc: a\\n\n> BDAT 3 LAST\n> a\n" },
	{ "BINARYMIME asked for behind another MAIL", IN_TLS,
		TLS_START "C: MAIL FROM:<a@c.example>\nC: MAIL FROM:<b@c.example> BODY=BINARYMIME\n" OPEN
		"> MAIL FROM:<a*\n< 250 Ok\nS: 250 Ok\n> MAIL FROM:<b*\n< 503 No\nS: 503 No\n"
		"C: BDAT 2 LAST\nc: a\\n\n> BDAT 3 LAST\n> a\n" },
	{ "BINARYMIME in a quoted local part", IN_TLS,
		TLS_START "C: MAIL FROM:<\"> BODY=BINARYMIME \"@c.example>\n" OPEN "> MAIL*\n< 250 Ok\n"
		"S: 250 Ok\nC: BDAT 2 LAST\nc: a\\n\n> BDAT 3 LAST\n> a\n" },
	{ "BDAT without CHUNKING", IN_TLS,
		TLS_START "C: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n> EHLO c.example\n< 250 be\n"
		"> MAIL*\n< 250 Ok\nS: 250 Ok\nC: BDAT 6 LAST\nC: QUIT\nS: 502 5.5.1*\n> QUIT\n"
		"= bad-syntax\n" },
	{ "BDAT before MAIL", IN_TLS,
		TLS_START "C: BDAT 6 LAST\nC: QUIT\nS: 503 5.5.1*\n= bad-syntax\n" },
	{ "BDAT of no number", IN_TLS,
		TLS_START MAIL_OPENS "C: BDAT 0x10\nS: 521 5.5.4*\n> QUIT\n= bad-syntax\n" },
	{ "BDAT of a sign", IN_TLS,
		TLS_START MAIL_OPENS "C: BDAT -\nS: 521 5.5.4*\n> QUIT\n= bad-syntax\n" },
	{ "BDAT of a number too large", IN_TLS,
		TLS_START MAIL_OPENS "C: BDAT 18446744073709551616\nS: 521 5.5.4*\n> QUIT\n= bad-syntax\n" },
	{ "BDAT with more words", IN_TLS,
		TLS_START MAIL_OPENS "C: BDAT 1 LAST x\nS: 521 5.5.4*\n> QUIT\n= bad-syntax\n" },

	/* Ends. */
	{ "idle", 0, PLAIN_START "X: idle\nS: 421 4.4.2 mx.example*\n= timeout\n" },
	{ "idle in data", IN_TLS,
		TLS_START MAIL_OPENS RCPT_DATA "C: a\n> a\nX: idle\nS: 421 4.4.2*\n= timeout\n" },
	{ "drain, idle", 0, PLAIN_START "X: drain\nS: 421 4.3.2 mx.example*\n= drained\n" },
	{ "drain, backend open", IN_TLS,
		TLS_START MAIL_OPENS "C: RSET\n> RSET\n< 250 Ok\nS: 250 Ok\nX: drain\nS: 421 4.3.2*\n"
		"> QUIT\n= drained\n" },
	{ "drain waits for the message", IN_TLS,
		TLS_START MAIL_OPENS "X: drain\n" RCPT_DATA "C: a\nC: .\n> a\n> .\nX: drain\n< 250 Ok\n"
		"S: 250 Ok\nS: 421 4.3.2*\n> QUIT\n= drained\n" },
	{ "drain in a handshake", 0,
		PLAIN_START "C: STARTTLS\nS: 220*\nX: drain\n! client-tls\nS: 421 4.3.2*\n= drained\n" },
	{ "drain in a login", SUBMISSION | IN_TLS,
		TLS_START "C: AUTH LOGIN\n" OPEN "> AUTH LOGIN\n< 334 \nS: 334 \nX: drain\nC: *\n> *\n"
		"< 501 Ok\nS: 501 Ok\nS: 421 4.3.2*\n> QUIT\n= drained\n" },
};

static const struct talk sealed_talk = { "STARTTLS towards the backend", SEALED,
	PLAIN_START "C: MAIL FROM:<a@c.example>\n! connect\n< 220 be\n> EHLO c.example\n"
	"< 250-be\n< 250-EVIL\n< 250 STARTTLS\n> STARTTLS\n< 220 go\n! backend-tls\n"
	"> EHLO c.example\n< 250-be\n< 250-PIPELINING\n< 250 AUTH PLAIN\n"
	"> MAIL FROM:<a@c.example>\n< 250 Ok\nS: 250 Ok\n" };

/* clang-format on */

#endif
