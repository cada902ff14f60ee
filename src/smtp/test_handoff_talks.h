/* The transcripts of test_handoff.c; how to read them stands there. */
#ifndef SMTP_TEST_HANDOFF_TALKS_H
#define SMTP_TEST_HANDOFF_TALKS_H

/* clang-format off */

#define GREETING "S: 220 relay.example LMTP mailseal\n"
#define OFFER \
	"S: 250-relay.example\n" \
	"S: 250-PIPELINING\n" \
	"S: 250-ENHANCEDSTATUSCODES\n" \
	"S: 250-8BITMIME\n" \
	"S: 250-SMTPUTF8\n" \
	"S: 250 SIZE\n"

#define HELLO GREETING "C: LHLO mta.example\n" OFFER
#define SMTP_HELLO "S: 220 relay.example ESMTP mailseal\nC: EHLO mta.example\n" OFFER

#define MAIL "C: MAIL FROM:<a@c.example>\n! mail <a@c.example>\nS: 250 2.1.0 ok\n"
#define RCPT_0 "C: RCPT TO:<b@d.example>\n! rcpt 0 <b@d.example> d.example\n"
#define RCPT_1 "C: RCPT TO:<c@e.example>\n! rcpt 1 <c@e.example> e.example\n"
#define RCPT_2 "C: RCPT TO:<d@f.example>\n! rcpt 2 <d@f.example> f.example\n"
#define YES_0 "R 0: 250 2.1.5 ok\nS: 250 2.1.5 ok\n"
#define YES_1 "R 1: 250 2.1.5 ok\nS: 250 2.1.5 ok\n"
#define GO "G:\nS: 354*\n"
#define DATA "C: DATA\n! data\n" GO

/* To the text, one recipient taken. */
#define TO_TEXT MAIL RCPT_0 YES_0 DATA
#define TEXT "C: hello\nC: .\nT: hello\nT: .\n! end\n"

static const struct talk talks[] = {
	/* Hello. */
	{ "a message", 0,
		HELLO TO_TEXT TEXT "E 0: 250 2.0.0 mx said: ok\nS: 250 2.0.0 mx said: ok\n= command\n"
		"C: QUIT\n! close\nS: 221 2.0.0 Bye\n= closed\n" },
	{ "by SMTP", SMTP,
		SMTP_HELLO TO_TEXT TEXT "E 0: 250 ok\nS: 250 ok\nC: QUIT\n! close\nS: 221*\n= closed\n" },
	{ "HELO", SMTP, "S: 220*\nC: HELO mta\nS: 250 relay.example\n= command\n" },
	{ "verbs in any case", 0, "S: 220*\nC: lhlo mta\n" OFFER "C: quit\n! close\nS: 221*\n" },
	{ "LMTP has no EHLO", 0,
		GREETING "C: EHLO mta\nS: 500 5.5.1*\nC: HELO mta\nS: 500 5.5.1*\n= start\n"
		"C: LHLO mta\n" OFFER "= command\n" },
	{ "SMTP has no LHLO", SMTP, "S: 220*\nC: LHLO mta\nS: 500 5.5.1*\n= start\n" },
	{ "REQUIRETLS is offered", REQUIRETLS,
		GREETING "C: LHLO mta\nS: 250-relay.example\nS: 250-PIPELINING\n"
		"S: 250-ENHANCEDSTATUSCODES\nS: 250-8BITMIME\nS: 250-SMTPUTF8\nS: 250-REQUIRETLS\n"
		"S: 250 SIZE\nC: MAIL FROM:<> REQUIRETLS\n! mail <> tls\nS: 250*\n" },
	{ "REQUIRETLS is not", 0, HELLO "C: MAIL FROM:<> REQUIRETLS\nS: 555 5.5.4*\n" },
	{ "hello without a name", 0, GREETING "C: LHLO\nS: 501 5.5.4*\nC: LHLO \nS: 501*\n= start\n" },
	{ "before hello", 0,
		GREETING "C: NOOP\nS: 250*\nC: RSET\nS: 250*\nC: VRFY anna\nS: 252*\n"
		"C: MAIL FROM:<>\nS: 503 5.5.1*\nC: DATA\nS: 503*\n= start\nC: QUIT\n! close\nS: 221*\n" },

	/* MAIL. */
	{ "parameters", 0,
		HELLO "C: mail from: <\xc3\xa9@c.example> SIZE=77 BODY=8BITMIME SMTPUTF8 AUTH=<>\n"
		"! mail <\xc3\xa9@c.example> size=77 8bit utf8\nS: 250 2.1.0 ok\n"
		"C: RCPT TO:<\xc3\xbc@\xc3\xa9.example>\n"
		"! rcpt 0 <\xc3\xbc@\xc3\xa9.example> \xc3\xa9.example\n" },
	{ "source routes are dropped", 0,
		HELLO "C: MAIL FROM:<@x,@y:a@c.example>\n! mail <a@c.example>\nS: 250*\n"
		"C: RCPT TO:<@x:\"b@x\"@d.example>\n! rcpt 0 <\"b@x\"@d.example> d.example\n" },
	{ "MAIL, refused", 0,
		HELLO "C: MAIL FROM:a@c\nS: 501 5.1.7*\nC: MAIL\nS: 501 5.1.7*\n"
		"C: MAIL FROM:<a>\nS: 501 5.1.7*\nC: MAIL FROM:<\xc3\xa9@c>\nS: 553 5.6.7*\n"
		"C: MAIL FROM:<> RET=HDRS\nS: 555 5.5.4*\nC: MAIL FROM:<> SIZE=x\nS: 501 5.5.4*\n"
		MAIL },
	{ "MAIL twice", 0, HELLO MAIL "C: MAIL FROM:<x@c>\nS: 503 5.5.1*\n" RCPT_0 },
	{ "a pipeline behind a refused MAIL", 0,
		HELLO "C: MAIL FROM:<a>\nC: RCPT TO:<b@d>\nC: RCPT TO:<c@d>\nC: RCPT TO:<d@d>\nC: DATA\n"
		"S: 501*\nS: 503 5.5.1*\nS: 503*\nS: 503*\nS: 503 5.5.1*\n= command\n" },

	/* RCPT. */
	{ "RCPT before MAIL", 0, HELLO "C: RCPT TO:<b@d>\nS: 503 5.5.1*\n" },
	{ "RCPT, refused, takes no number", 0,
		HELLO MAIL "C: RCPT TO:<b\nS: 501 5.1.3*\nC: RCPT TO:<>\nS: 501 5.1.3*\n"
		"C: RCPT TO:<postmaster>\nS: 550 5.1.2*\nC: RCPT TO:<b@d> NOTIFY=NEVER\nS: 555 5.5.4*\n"
		"C: RCPT TO:<\xc3\xa9@d>\nS: 553 5.6.7*\n" RCPT_0 RCPT_1 },
	{ "the later recipient is answered first", 0,
		HELLO MAIL RCPT_0 RCPT_1 RCPT_2
		"R 2: 450 4.2.0 two\nR 1: 250 2.1.5 one\n-\nR 0: 550 5.1.1 none\n"
		"S: 550 5.1.1 none\nS: 250 2.1.5 one\nS: 450 4.2.0 two\n" },
	{ "replies of our own wait for their turn", 0,
		HELLO MAIL RCPT_0
		"C: NOOP\nC: HOLA\nC: RCPT TO:<>\nC: MAIL FROM:<>\nC: VRFY x\n-\n" RCPT_1 "-\n" YES_0
		"S: 250 2.0.0 ok\nS: 500 5.5.2*\nS: 501 5.1.3*\nS: 503 5.5.1*\nS: 252*\n" YES_1 },
	{ "a pipeline", 0,
		HELLO "C: MAIL FROM:<>\nC: RCPT TO:<b@d>\nC: RCPT TO:<c@e>\nC: DATA\n"
		"! mail <>\nS: 250*\n! rcpt 0 <b@d> d\n! rcpt 1 <c@e> e\n-\n"
		"R 1: 250 one\n-\nR 0: 550 none\nS: 550 none\nS: 250 one\n! data\n" GO TEXT
		"E 1: 250 ok\nS: 250 ok\n" },
	{ "a reply that is not owed", 0,
		HELLO "R 0: 250 ok\n" MAIL "R 0: 250 ok\n" RCPT_0 "R 1: 250 ok\nE 0: 250 ok\nG:\n-\n"
		YES_0 "R 0: 250 again\n-\n" },

	/* RSET and a new hello. */
	{ "RSET", 0, HELLO "C: RSET\nS: 250 2.0.0 ok\n" MAIL "C: RSET\n! reset\nS: 250 2.0.0 ok\n"
		"C: RCPT TO:<b@d>\nS: 503*\n" MAIL RCPT_0 },
	{ "RSET waits for the recipients", 0,
		HELLO MAIL RCPT_0 RCPT_1 "C: RSET\n-\nR 1: 250 ok\n-\nR 0: 250 ok\n"
		"S: 250 ok\nS: 250 ok\n! reset\nS: 250 2.0.0 ok\n" MAIL RCPT_0 },
	{ "hello waits for the recipients", SMTP,
		SMTP_HELLO MAIL RCPT_0 "C: EHLO again\n-\n" YES_0 "! reset\n" OFFER "C: DATA\nS: 503*\n" },

	/* DATA. */
	{ "DATA without a recipient", 0, HELLO MAIL "C: DATA\nS: 503 5.5.1*\n= command\n" },
	{ "DATA with none that was taken", 0,
		HELLO MAIL RCPT_0 "C: DATA\n-\nR 0: 550 5.1.1 no\nS: 550 5.1.1 no\nS: 503 5.5.1*\n"
		"C: RSET\n! reset\nS: 250*\n" },
	{ "DATA with an argument", 0, HELLO MAIL RCPT_0 YES_0 "C: DATA now\nS: 501 5.5.4*\n= command\n" },
	{ "DATA, refused", 0,
		HELLO MAIL RCPT_0 YES_0 "C: DATA\n! data\n= at-data\nG: 451 4.4.1 none left\n"
		"S: 451 4.4.1 none left\n= command\nC: DATA\nS: 503*\n" MAIL RCPT_0 },
	{ "DATA, refused by what is no refusal", 0,
		HELLO MAIL RCPT_0 YES_0 "C: DATA\n! data\nG: 250 ok\nS: 451 4.3.0*\n= command\n" },
	{ "what is pipelined behind DATA is text", 0,
		HELLO MAIL RCPT_0 YES_0 "C: DATA\nC: RSET\nC: QUIT\nC: .\n! data\n-\n" GO
		"T: RSET\nT: QUIT\nT: .\n! end\n" },
	{ "what is pipelined behind a refused DATA are commands", 0,
		HELLO MAIL RCPT_0 YES_0 "C: DATA\nC: NOOP\n! data\n-\nG: 451 4.4.1 no\n"
		"S: 451 4.4.1 no\nS: 250 2.0.0 ok\n" },
	{ "BDAT ends the session", 0,
		HELLO MAIL RCPT_0 YES_0 "C: BDAT 6 LAST\nC: RSET\n! close\nS: 502 5.5.1*\n= closed\n" },

	/* Text. */
	{ "text is made canonical", 0,
		HELLO TO_TEXT "c: a\\nb\\rc\\0\\r\\n..d\\r\\n\\n.\\r\\n.\\r\\n\n"
		"T: a\nT: b c \nT: ..d\nT: \nT: ..\nT: .\n! end\n" },
	{ "an empty text", 0, HELLO TO_TEXT "C: .\nT: .\n! end\nE 0: 250 ok\nS: 250 ok\n" },
	{ "a spoilt text", REJECT,
		HELLO MAIL RCPT_0 YES_0 RCPT_1 "R 1: 550 no\nS: 550 no\n" RCPT_2 "R 2: 250 ok\nS: 250 ok\n"
		DATA "C: good\nT: good\nc: \\nbad\n! spoilt\n-\nC: more\nE 0: 250 ok\n-\n= in-text\n"
		"C: .\nS: 550 5.6.0*\nS: 550 5.6.0*\n= command\n" MAIL RCPT_0 },
	{ "a spoilt text, by SMTP", SMTP | REJECT,
		SMTP_HELLO TO_TEXT "c: \\n.\\n\\r\\n.\\r\\n\n! spoilt\nS: 550 5.6.0*\n= command\n" },
	{ "a spoilt text, all in one", REJECT,
		HELLO TO_TEXT "c: \\0\\r\\n.\\r\\nNOOP\\r\\n\n! spoilt\nS: 550 5.6.0*\nS: 250*\n= command\n" },
	{ "the text behind a spoilt one", REJECT,
		HELLO TO_TEXT "c: \\n\\r\\n.\\r\\n\n! spoilt\nS: 550*\n"
		TO_TEXT TEXT "E 0: 250 ok\nS: 250 ok\n" },

	/* The end. */
	{ "LMTP: one reply for each that was taken", 0,
		HELLO MAIL RCPT_0 YES_0 RCPT_1 "R 1: 550 no\nS: 550 no\n" RCPT_2 "R 2: 250 ok\nS: 250 ok\n"
		DATA TEXT "E 1: 250 not taken\nE 2: 450 4.2.0 two\n-\n= at-end\nE 2: 250 twice\n-\n"
		"E 0: 250 2.0.0 none\nS: 250 2.0.0 none\nS: 450 4.2.0 two\n= command\n" MAIL RCPT_0 },
	{ "who was taken before does not count", 0,
		HELLO MAIL RCPT_0 YES_0 RCPT_1 YES_1 DATA TEXT "E 0: 250 ok\nE 1: 250 ok\nS: 250 ok\nS: 250 ok\n"
		MAIL RCPT_0 "R 0: 550 no\nS: 550 no\n" RCPT_1 YES_1 DATA TEXT
		"E 0: 250 ok\n-\nE 1: 250 ok\nS: 250 ok\n= command\n" },
	{ "SMTP: one reply", SMTP,
		SMTP_HELLO MAIL RCPT_0 YES_0 RCPT_1 YES_1 DATA TEXT
		"E 1: 250 no such\n-\nE 0: 250 ok\nS: 250 ok\n= command\n" },
	{ "what is pipelined behind the end waits", 0,
		HELLO TO_TEXT "C: .\nC: MAIL FROM:<>\nC: QUIT\nT: .\n! end\n-\nE 0: 250 ok\nS: 250 ok\n"
		"! mail <>\nS: 250 2.1.0 ok\n! close\nS: 221*\n" },
	{ "QUIT waits for what is owed", 0,
		HELLO MAIL RCPT_0 "C: QUIT\nC: NOOP\n-\n" YES_0 "! close\nS: 221*\n= closed\n" },

	/* Lines. */
	{ "bare LF", 0, HELLO "c: NOOP\\nRSET\\r\\n\nS: 500 5.5.2*\nC: NOOP\nS: 250*\n" },
	{ "bare CR", 0, HELLO "c: NO\\rMAIL FROM:<x@c>\\r\\n\nS: 500 5.5.2*\nC: NOOP\nS: 250*\n" },
	{ "LF in a path", 0,
		HELLO MAIL RCPT_0 "c: RCPT TO:<b\\nRCPT TO:<x@d>\\r\\n\n-\n" YES_0 "S: 500 5.5.2*\n" },
	{ "control bytes", 0,
		HELLO "c: NOOP \\0\\r\\n\nS: 500 5.5.2*\nC: MAIL\tFROM:<>\nS: 500 5.5.2*\n" },
	{ "empty and unknown", 0, HELLO "C: \nS: 500 5.5.2*\nC: STARTTLS\nS: 500 5.5.2*\n" },
	{ "too many errors", 0,
		HELLO "C: A\nC: B\nC: C\nc: D\\n\\r\\n\nC: NOOP\nS: 500*\nS: 500*\nS: 500*\nS: 500*\n"
		"! close\nS: 421 4.7.0*\n= closed\n" },
	{ "too many errors, and replies are owed", 0,
		HELLO MAIL RCPT_0 "C: A\nC: B\nC: C\nC: D\nC: NOOP\n-\n" YES_0
		"S: 500*\nS: 500*\nS: 500*\nS: 500*\n! close\nS: 421 4.7.0*\n= closed\n" },
	{ "HTTP", 0, GREETING "C: GET / HTTP/1.1\nC: LHLO x\n! close\nS: 554 5.5.1*\n= closed\n" },
	{ "PROXY", 0, GREETING "C: PROXY TCP4 1.2.3.4 1.2.3.5 1 25\n! close\nS: 554 5.5.1*\n= closed\n" },
	{ "HTTP behind what is owed", 0,
		HELLO MAIL RCPT_0 "C: GET / HTTP/1.1\n-\n" YES_0 "! close\nS: 554*\n= closed\n" },

	/* Shutting. */
	{ "shut before hello", 0, GREETING "X: 421 4.3.2 bye\nS: 421 4.3.2 bye\n= closed\n" },
	{ "shut between messages", 0,
		HELLO TO_TEXT TEXT "X: 421 4.3.2 bye\n-\nE 0: 250 ok\nS: 250 ok\n"
		"X: 421 4.3.2 bye\nS: 421 4.3.2 bye\n= closed\nC: NOOP\n! close\n" },
	{ "not while a recipient is owed", 0, HELLO MAIL RCPT_0 "X: 421 4.3.2 bye\n-\n" YES_0 },
	{ "not at DATA", 0, HELLO MAIL RCPT_0 YES_0 "C: DATA\n! data\nX: 421 4.3.2 bye\n-\n" GO },
	{ "not in the text", 0, HELLO TO_TEXT "C: a\nT: a\nX: 421 4.3.2 bye\n-\n= in-text\n" },
};

/* clang-format on */

#endif
