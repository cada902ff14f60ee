/* open = "auth": the transcripts of test_edge.c in which the credential opens the backend. */
#ifndef SMTP_TEST_TALKS_BY_AUTH_H
#define SMTP_TEST_TALKS_BY_AUTH_H

/* clang-format off */

#define BY_AUTH (SUBMISSION | IN_TLS | OPEN_AUTH)
#define JOE "AGpvZQBzZWNyZXQ="
#define NONE "S: 501 5.5.2 No credential came of it\n"
#define WRONG "535 5.7.8 Error: authentication failed\n"
#define REFUSED "< 535 5.7.8 No\nS: " WRONG "> QUIT\n! leave\n"

static const struct talk by_auth_talks[] = {
	{ "nobody is connected to before a login", BY_AUTH,
		TLS_START "C: NOOP\nS: 250 2.0.0*\nC: RSET\nS: 250 2.0.0*\n"
		"C: MAIL FROM:<a@c.example>\nS: 530 5.7.0*\nC: QUIT\nS: 221*\n= ok\n" },
	{ "in clear nothing is taken", SUBMISSION | OPEN_AUTH,
		PLAIN_START "C: AUTH PLAIN " JOE "\nS: 538 5.7.11*\n" },
	{ "PLAIN, all at once", BY_AUTH,
		TLS_START "C: AUTH PLAIN " JOE "\nM: joe\n" OPEN "> AUTH PLAIN\n< 334 \n> " JOE "\n"
		"< 235 2.7.0 Ok\nS: 235 2.7.0 Ok\nM: \n"
		"C: MAIL FROM:<a@c.example>\n> MAIL FROM:<a@c.example>\n< 250 2.1.0 Ok\nS: 250 2.1.0 Ok\n" },
	{ "who it is is known before anybody is asked", BY_AUTH,
		TLS_START "C: AUTH PLAIN " JOE "\n! wait\nU: joe\nF: homeless\nS: " WRONG
		"C: AUTH PLAIN AGFubgB5\n! wait\nU: ann\n" },
	{ "PLAIN, asked for", BY_AUTH,
		TLS_START "C: AUTH plain\nS: 334 \nC: " JOE "\nM: joe\n" OPEN "> AUTH PLAIN\n< 334 \n"
		"> " JOE "\n< 235 Ok\nS: 235 Ok\n" },
	{ "LOGIN goes on as PLAIN", BY_AUTH,
		TLS_START "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: am9l\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\n"
		"M: joe\n" OPEN "> AUTH PLAIN\n< 334 \n> " JOE "\n< 235 Ok\nS: 235 Ok\n" },
	{ "LOGIN with the name at once", BY_AUTH,
		TLS_START "C: AUTH LOGIN am9l\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\n"
		OPEN "> AUTH PLAIN\n< 334 \n> " JOE "\n< 235 Ok\nS: 235 Ok\n" },
	{ "PLAIN for a mailbox, by a master", BY_AUTH,
		TLS_START "C: AUTH PLAIN am9lAG1hc3RlcgB4\nM: joe\n" OPEN "> AUTH PLAIN\n< 334 \n"
		"> am9lAG1hc3RlcgB4\n< 235 Ok\nS: 235 Ok\n" },
	{ "a wrong password; then another user, at another server", BY_AUTH,
		TLS_START "C: AUTH PLAIN " JOE "\nM: joe\n" OPEN "> AUTH PLAIN\n< 334 \n> " JOE "\n" REFUSED
		"M: \nC: MAIL FROM:<a@c.example>\nS: 530 5.7.0*\n"
		"C: AUTH PLAIN AGFubgB5\nM: ann\n" OPEN "> AUTH PLAIN\n< 334 \n> AGFubgB5\n< 235 Ok\nS: 235 Ok\n" },
	{ "what the server says behind its refusal is not heard", BY_AUTH | WHOLE_ONLY,
		TLS_START "C: AUTH PLAIN " JOE "\n" OPEN "> AUTH PLAIN\n< 334 \n> " JOE "\n"
		"<< 535 5.7.8 No\\r\\n235 Ok\\r\\n\nS: " WRONG "> QUIT\n! leave\n"
		"C: MAIL FROM:<a@c.example>\nS: 530 5.7.0*\n" },
	{ "what waits behind the credential stays where it is when that is refused", BY_AUTH,
		TLS_START "C: AUTH PLAIN " JOE "\nC: MAIL FROM:<a@c.example>\n" OPEN
		"> AUTH PLAIN\n< 334 \n> " JOE "\n" REFUSED "S: 530 5.7.0*\n" },
	{ "the server takes it before it has it: nobody can be in", BY_AUTH,
		TLS_START "C: AUTH PLAIN " JOE "\n" OPEN "> AUTH PLAIN\n< 235 Ok\nS: 421 4.3.2*\n= backend-broken\n" },
	{ "why a token is refused is said to nobody", BY_AUTH,
		TLS_START "C: AUTH XOAUTH2 dXNlcj1qb2UBYXV0aD1CZWFyZXIgeAEB\nM: joe\n" OPEN
		"> AUTH XOAUTH2\n< 334 \n> dXNlcj1qb2UBYXV0aD1CZWFyZXIgeAEB\n< 334 eyJzdGF0dXMiOiI0MDAifQ==\n> \n"
		REFUSED },
	{ "the server does not know the mechanism", BY_AUTH,
		TLS_START "C: AUTH PLAIN " JOE "\n" OPEN "> AUTH PLAIN\n< 504 5.5.4 No\nS: 504 5.5.4 No\n"
		"> QUIT\n! leave\n" },
	{ "no such user, twice", BY_AUTH,
		TLS_START "C: AUTH PLAIN " JOE "\n! wait\nF: homeless\nS: " WRONG
		"C: AUTH PLAIN " JOE "\n! wait\nF: homeless\nS: 535 5.7.8*\nS: 421 4.7.0*\n= login-failed\n" },
	{ "nobody can say where he is; then the server is down", BY_AUTH,
		TLS_START "C: AUTH PLAIN " JOE "\n! wait\nF: lookup\nS: 454 4.7.0*\n"
		"C: AUTH PLAIN " JOE "\n! wait\nF: connect\nS: 421 4.3.2*\n= backend-down\n" },
	{ "cancelled, and responses that are none", BY_AUTH,
		TLS_START "C: AUTH PLAIN\nS: 334 \nC: *\nS: 501 5.7.0*\nC: AUTH PLAIN =\n" NONE
		"C: AUTH PLAIN\nS: 334 \nC: no base64\n" NONE },
	{ "a third NUL in PLAIN", BY_AUTH, TLS_START "C: AUTH PLAIN AGpvZQBhAGI=\n" NONE },
	{ "mechanisms with more than one message are not taken", BY_AUTH,
		TLS_START "C: AUTH SCRAM-SHA-256\nS: 504 5.5.4*\nC: AUTH CRAM-MD5\nS: 504 5.5.4*\n"
		"C: AUTH EXTERNAL am9l\nS: 504 5.5.4*\n" },
	{ "the server leaves while it has the credential", BY_AUTH,
		TLS_START "C: AUTH PLAIN " JOE "\n" OPEN "> AUTH PLAIN\n< 334 \n> " JOE "\n"
		"E: backend\nS: 421 4.3.2*\n= backend-broken\n" },
};

#undef NONE
#undef REFUSED
#undef JOE

#endif
