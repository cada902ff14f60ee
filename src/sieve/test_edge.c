#include "base/clean.h"
#include "conv/test_transcript.h"
#include "sieve/edge.h"

#define NEEDED "C< \"IMPLEMENTATION\" \"mailseal\"\nC< \"SIEVE\" \"\"\nC< \"VERSION\" \"1.0\"\n"
#define READY "C< OK \"mail.example.org ready\"\n"
#define CAPS_CLEAR NEEDED "C< \"SASL\" \"\"\nC< \"STARTTLS\"\n"
#define GREETING CAPS_CLEAR READY
#define BEGIN "C> STARTTLS\nC< OK \"Begin TLS negotiation now\"\n!client-tls\n"
#define UPGRADE GREETING BEGIN "!connect\n"
#define BACKEND                                                                                    \
	"B> \"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\nB> \"SIEVE\" \"fileinto reject\"\n"         \
	"B> \"NOTIFY\" \"mailto\"\nB> \"SASL\" \"PLAIN LOGIN SCRAM-SHA-256-PLUS\"\n"               \
	"B> \"STARTTLS\"\nB> \"UNAUTHENTICATE\"\nB> \"XCLIENT\" \"ADDR\"\nB> \"VERSION\" "         \
	"\"1.0\"\nB> OK \"Dovecot ready.\"\n"
#define CLIENT                                                                                     \
	"C< \"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\nC< \"SIEVE\" \"fileinto reject\"\n"         \
	"C< \"VERSION\" \"1.0\"\nC< \"SASL\" \"PLAIN LOGIN\"\nC< \"NOTIFY\" \"mailto\"\n"
#define OPEN UPGRADE BACKEND CLIENT READY
#define LOST "C< BYE (TRYLATER) \"the mail server cannot be reached, try later\"\n"
#define ENCRYPT "C< NO (ENCRYPT-NEEDED) \"no login without TLS\"\n"
#define UNKNOWN "C< NO \"unknown command, or not before login\"\n"

static const struct transcript before_tls[] = {
	{ "capability, noop, logout",
	  .steps = GREETING "C> CAPABILITY\n" CAPS_CLEAR "C< OK \"Capability completed\"\n"
	                    "C> noop\nC< OK \"Done\"\n"
	                    "C> NOOP \"RE-\\\"SYNC\"\nC< OK (TAG \"RE-\\\"SYNC\") \"Done\"\n"
	                    "C>=NOOP {3+}\\r\\nabc\\r\\n\nC< OK (TAG \"abc\") \"Done\"\n"
	                    "C> LOGOUT\nC< OK \"Logout completed\"\n!close ok\n!unexposed\n" },
	{ "capabilities that were learnt",
	  .steps = "C< \"IMPLEMENTATION\" \"Pigeonhole\"\nC< \"SIEVE\" \"a b\"\n"
	           "C< \"VERSION\" \"1.0\"\nC< \"SASL\" \"\"\nC< \"OWNER\" \"x\"\n"
	           "C< \"STARTTLS\"\n" READY,
	  .learnt = "IMPLEMENTATION Pigeonhole\nSIEVE a b\nSASL PLAIN\nOWNER x\nSTARTTLS" },
	{ "no certificate, no STARTTLS",
	  .steps = NEEDED "C< \"SASL\" \"\"\n" READY
	                  "C> STARTTLS\nC< NO \"STARTTLS is not possible now\"\n",
	  .has_no_certificate = true },
	{ "AUTHENTICATE in clear, response sent along",
	  .steps = GREETING "C> AUTHENTICATE \"PLAIN\" \"AGpvZQBzZWNyZXQ=\"\n" ENCRYPT
	                    "!user joe\n!exposed joe PLAIN sent\n" },
	{ "AUTHENTICATE in clear, response as a literal",
	  .steps = GREETING "C>=AUTHENTICATE \"PLAIN\" {16+}\\r\\nAGpvZQBzZWNyZXQ=\\r\\n\n" ENCRYPT
	                    "!exposed joe PLAIN sent\nC> NOOP\nC< OK \"Done\"\n" },
	{ "AUTHENTICATE in clear, mechanism only",
	  .steps = GREETING "C> authenticate \"login\"\n" ENCRYPT "!exposed  LOGIN tried\n" },
	{ "AUTHENTICATE in clear, not waiting for the answer",
	  .steps = GREETING "C> AUTHENTICATE \"PLAIN\"\n" ENCRYPT
	                    "C> \"AGpvZQBzZWNyZXQ=\"\n" UNKNOWN "!exposed joe PLAIN sent\n" },
	{ "AUTHENTICATE in clear, words without quotes",
	  .steps = GREETING "C> AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\n" ENCRYPT
	                    "!exposed joe PLAIN sent\n" },
	{ "AUTHENTICATE in clear, no base64", .steps = GREETING
	                                      "C> AUTHENTICATE \"PLAIN\" \"secret!\"\n" ENCRYPT
	                                      "!exposed  PLAIN sent\n" },
	{ "AUTHENTICATE in clear, quote not closed",
	  .steps = GREETING "C> AUTHENTICATE \"PLAIN\" \"AGpv\n" ENCRYPT "!exposed  PLAIN sent\n" },
	{ "AUTHENTICATE in clear, no mechanism",
	  .steps = GREETING "C> AUTHENTICATE\n" ENCRYPT "!unexposed\n" },
	{ "a string that nobody asked for is no credential",
	  .steps = GREETING "C> \"AGpvZQBzZWNyZXQ=\"\n" UNKNOWN "!unexposed\n" },
	{ "injection behind STARTTLS",
	  .steps = GREETING "C>=STARTTLS\\r\\nNOOP\\r\\n\n"
	                    "C< BYE \"input after STARTTLS is refused\"\n"
	                    "!close starttls-injection\n",
	  .is_whole_only = true },
	{ "injection behind STARTTLS, half a line",
	  .steps = GREETING "C>=STARTTLS\\r\\nN\n"
	                    "C< BYE \"input after STARTTLS is refused\"\n"
	                    "!close starttls-injection\n",
	  .is_whole_only = true },
	{ "STARTTLS with arguments",
	  .steps = GREETING "C> STARTTLS \"now\"\nC< NO \"STARTTLS is not possible now\"\n" },
	{ "bare LF",
	  .steps = GREETING "C>=NOOP\\n\nC< BYE \"lines end in CRLF\"\n!close smuggling\n" },
	{ "bare CR", .steps = GREETING
	             "C>=NOOP \"a\\rb\"\\r\\n\nC< BYE \"lines end in CRLF\"\n!close smuggling\n" },
	{ "HTTP request", .steps = GREETING "C> GET /secret HTTP/1.1\n"
	                                    "C< BYE \"this is ManageSieve\"\n!close bad-syntax\n" },
	{ "PROXY header", .steps = GREETING "C> PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"
	                                    "C< BYE \"this is ManageSieve\"\n!close bad-syntax\n" },
	{ "commands of those who are in, then too many errors",
	  .steps =
	          GREETING "C> LISTSCRIPTS\n" UNKNOWN "C> UNAUTHENTICATE\n" UNKNOWN
	                   "C> XCLIENT \"ADDR=127.0.0.1\"\n" UNKNOWN "C> \n" UNKNOWN "C> NOOP \"x\n"
	                   "C< NO \"invalid arguments\"\nC< BYE \"too many errors\"\n"
	                   "!close bad-syntax\n" },
	{ "a script before login is swallowed",
	  .steps = GREETING "C>=PUTSCRIPT \"x\" {6+}\\r\\nNOOP\\r\\n\\r\\n\n" UNKNOWN
	                    "C> NOOP\nC< OK \"Done\"\n" },
	{ "tags that are not said again",
	  .steps =
	          GREETING "C> NOOP <x>\nC< NO \"NOOP takes a string\"\n"
	                   "C> NOOP \"a\" \"b\"\nC< NO \"NOOP takes a string\"\n"
	                   "C> NOOP \"0123456789012345678901234567890123456789012345678901234567890"
	                   "1234\"\nC< NO \"a tag is short and ASCII\"\n"
	                   "C> NOOP \"\xc3\xa9\"\nC< NO \"a tag is short and ASCII\"\n" },
	{ "a literal that waits", .steps = GREETING "C> PUTSCRIPT \"x\" {6}\n"
	                                            "C< BYE \"a literal is announced with a "
	                                            "plus\"\n!close bad-syntax\n" },
	{ "a literal too large",
	  .steps = GREETING
	  "C> PUTSCRIPT \"x\" {1024+}\nC< BYE \"line too long\"\n!close too-long\n" },
	{ "a literal too large for numbers", .steps = GREETING
	                                     "C> PUTSCRIPT \"x\" {99999999999999999999999+}\n"
	                                     "C< BYE \"line too long\"\n!close too-long\n" },
	{ "client leaves", .steps = GREETING "!eof client\n!close client-gone\n" },
	{ "idle",
	  .steps = GREETING "!expire idle\nC< BYE \"idle for too long\"\n!close timeout\n" },
	{ "drained", .steps = GREETING
	             "!expire drain\nC< BYE (TRYLATER) \"shutting down, connect again\"\n"
	             "!close drained\n" },
	{ "nothing is said into a handshake",
	  .steps = GREETING "C> STARTTLS\nC< OK \"Begin TLS negotiation now\"\n!expire drain\n"
	                    "!close drained\n" },
};

static const struct transcript opening[] = {
	{ "STARTTLS: capabilities unasked, and of the backend",
	  .steps = OPEN "C> CAPABILITY\n" CLIENT "C< OK \"Capability completed\"\n"
	                "!seen IMPLEMENTATION Dovecot Pigeonhole/SIEVE fileinto reject/NOTIFY "
	                "mailto/SASL PLAIN LOGIN SCRAM-SHA-256-PLUS/STARTTLS/UNAUTHENTICATE/"
	                "XCLIENT ADDR/VERSION 1.0\n"
	                "C> STARTTLS\nC< NO \"STARTTLS is not possible now\"\n"
	                "C> LOGOUT\nC< OK \"Logout completed\"\nB< LOGOUT\n!close ok\n" },
	{ "commands wait for the backend", .steps = GREETING BEGIN
	                                   "C> NOOP \"x\"\n!connect\n" BACKEND CLIENT READY
	                                   "C< OK (TAG \"x\") \"Done\"\n" },
	{ "implicit TLS: greeting behind the backend's", .steps = "!connect\n" BACKEND CLIENT READY,
	  .is_implicit = true },
	{ "-PLUS stays where the backend binds to our TLS",
	  .steps = "!connect\nB> \"SASL\" \"X SCRAM-SHA-1-PLUS\"\nB> OK\n" NEEDED
	           "C< \"SASL\" \"X SCRAM-SHA-1-PLUS\"\n" READY
	           "C> AUTHENTICATE \"SCRAM-SHA-1-PLUS\"\nB< AUTHENTICATE \"SCRAM-SHA-1-PLUS\"\n",
	  .is_implicit = true, .plus_is_bound = true },
	{ "capabilities with literals, quotes and rubbish",
	  .steps = "!connect\nB>=\"SIEVE\" {3}\\r\\na\\\\b\\r\\n\nB>=\"IMPLEMENTATION\" "
	           "\"x\\\\\"\\\\\\\\\"\\r\\n\nB> \"a b\" \"c\"\nB> \"D\" \"e\" \"f\"\n"
	           "B> \"\"\nB> OK\nC< \"IMPLEMENTATION\" \"x\\\"\\\\\"\nC< \"SIEVE\" \"a\\\\b\"\n"
	           "C< \"VERSION\" \"1.0\"\nC< \"SASL\" \"\"\n" READY,
	  .is_implicit = true },
	{ "backend says BYE, with a referral: it is passed",
	  .steps = UPGRADE "B> BYE (REFERRAL \"sieve://other.example/\") \"go\"\n"
	                   "C< BYE (REFERRAL \"sieve://other.example/\") \"go\"\n"
	                   "!close backend-refused\n" },
	{ "backend says NO", .steps = UPGRADE "B> NO \"full\"\nC< NO \"full\"\n"
	                                      "!close backend-refused\n" },
	{ "backend offers nothing", .steps = UPGRADE "B> OK\n" LOST "!close backend-broken\n" },
	{ "backend says rubbish", .steps = UPGRADE "B> 220 smtp\n" LOST "!close backend-broken\n" },
	{ "backend ends lines wrongly",
	  .steps = UPGRADE "B>=OK\\n\n" LOST "!close backend-broken\n" },
	{ "backend's literal is too large",
	  .steps = UPGRADE "B> \"SIEVE\" {65536}\n" LOST "!close backend-broken\n" },
	{ "backend closes", .steps = UPGRADE "!eof backend\n" LOST "!close backend-broken\n" },
	{ "backend is silent", .steps = UPGRADE "!expire idle\n" LOST "!close backend-broken\n" },
	{ "backend is down",
	  .steps = GREETING BEGIN "!fail connect\n" LOST "!close backend-down\n" },
	{ "backend does not expect PROXY", .steps = "!fail proxy\n" LOST "!close backend-blind\n",
	  .is_implicit = true },
};

#define POOR "B> \"SIEVE\" \"\"\nB> \"SASL\" \"PLAIN\"\nB> OK\n"
#define POOR_CLIENT NEEDED "C< \"SASL\" \"PLAIN\"\n" READY
#define SEAL "!connect\nB> \"SASL\" \"EVIL\"\nB> \"STARTTLS\"\nB> OK\nB< STARTTLS\nB> OK \"go\"\n"

static const struct transcript sealing[] = {
	{ "backend STARTTLS, what it said before is forgotten",
	  .steps = SEAL "!backend-tls\n" POOR POOR_CLIENT "!seen SIEVE /SASL PLAIN\n",
	  .is_implicit = true, .backend_starttls = true },
	{ "backend without STARTTLS",
	  .steps = "!connect\nB> \"SASL\" \"X\"\nB> OK\n" LOST "!close backend-unsealed\n!seen \n",
	  .is_implicit = true, .backend_starttls = true },
	{ "backend refuses STARTTLS",
	  .steps = "!connect\nB> \"STARTTLS\"\nB> OK\nB< STARTTLS\nB> NO \"not now\"\n" LOST
	           "!close backend-unsealed\n",
	  .is_implicit = true, .backend_starttls = true },
	{ "backend injects behind its OK",
	  .steps = "!connect\nB> \"STARTTLS\"\nB> OK\nB< STARTTLS\n"
	           "B>=OK\\r\\n\"SASL\" \"EVIL\"\\r\\nOK\\r\\n\n" LOST "!close backend-unsealed\n",
	  .is_implicit = true, .backend_starttls = true, .is_whole_only = true },
	{ "backend BYE before TLS is not passed on",
	  .steps =
	          "!connect\nB> BYE (REFERRAL \"sieve://evil/\")\n" LOST "!close backend-refused\n",
	  .is_implicit = true, .backend_starttls = true },
	{ "handshake with the backend fails",
	  .steps = SEAL "!fail tls\n" LOST "!close backend-unsealed\n", .is_implicit = true,
	  .backend_starttls = true },
	{ "backend speaks in clear where TLS is due",
	  .steps = SEAL "!backend-tls\nB> OK\n" LOST "!close backend-broken\n", .is_implicit = true,
	  .backend_starttls = true },
};

#define IN "C> AUTHENTICATE \"PLAIN\" \"AGpvZQBzZWNyZXQ=\"\n"
#define IN_BACKEND "B< AUTHENTICATE \"PLAIN\" \"AGpvZQBzZWNyZXQ=\"\n"

static const struct transcript login[] = {
	{ "PLAIN at once", .steps = OPEN IN IN_BACKEND
	                   "B> OK \"Logged in.\"\nC< OK \"Logged in.\"\n!splice\n"
	                   "!user joe\n!unexposed\n!eof client\n!close ok\n" },
	{ "PLAIN at once, as a literal and in small letters",
	  .steps = OPEN
	  "C>=authenticate {5+}\\r\\nplain {16+}\\r\\nAGpvZQBzZWNyZXQ=\\r\\n\n" IN_BACKEND
	  "B> OK\nC< OK\n!splice\n!user joe\n" },
	{ "PLAIN, asked for", .steps = OPEN "C> AUTHENTICATE \"PLAIN\"\nB< AUTHENTICATE \"PLAIN\"\n"
	                                    "B> \"\"\nC< \"\"\nC> \"AGpvZQBzZWNyZXQ=\"\n"
	                                    "B< \"AGpvZQBzZWNyZXQ=\"\nB> OK\nC< OK\n!splice\n"
	                                    "!user joe\n" },
	{ "challenges as literals",
	  .steps = OPEN "C> AUTHENTICATE \"LOGIN\"\nB< AUTHENTICATE \"LOGIN\"\n"
	                "B>={12}\\r\\nVXNlcm5hbWU6\\r\\n\nC< {12}\nC< VXNlcm5hbWU6\n"
	                "C>={4+}\\r\\nam9l\\r\\n\nB< \"am9l\"\nB> \"UGFzc3dvcmQ6\"\n"
	                "C< \"UGFzc3dvcmQ6\"\nC> \"c2VjcmV0\"\nB< \"c2VjcmV0\"\nB> OK\nC< OK\n"
	                "!splice\n!user joe\n" },
	{ "a final message of the server (SCRAM)",
	  .steps = OPEN "C> AUTHENTICATE \"SCRAM-SHA-1\" \"biwsbj1qb2Uscj1h\"\n"
	                "B< AUTHENTICATE \"SCRAM-SHA-1\" \"biwsbj1qb2Uscj1h\"\n"
	                "B> \"cj1hYg==\"\nC< \"cj1hYg==\"\nC> \"Yz1iaXdz\"\nB< \"Yz1iaXdz\"\n"
	                "B>=OK (SASL {4}\\r\\ndj1h) \"in\"\\r\\n\n"
	                "C< OK (SASL {4}\nC< dj1h) \"in\"\n!splice\n!user joe\n" },
	{ "cancelled", .steps = OPEN "C> AUTHENTICATE \"LOGIN\"\nB< AUTHENTICATE \"LOGIN\"\n"
	                             "B> \"\"\nC< \"\"\nC> \"*\"\nB< \"*\"\nB> NO \"aborted\"\n"
	                             "C< NO \"aborted\"\nC> NOOP\nC< OK \"Done\"\n" },
	{ "no base64, or no string: cancelled",
	  .steps = OPEN "C> AUTHENTICATE \"LOGIN\"\nB< AUTHENTICATE \"LOGIN\"\nB> \"\"\nC< \"\"\n"
	                "C> \"!!\"\nB< \"*\"\nB> NO\nC< NO\n"
	                "C> AUTHENTICATE \"LOGIN\"\nB< AUTHENTICATE \"LOGIN\"\nB> \"\"\nC< \"\"\n"
	                "C> am9l\nB< \"*\"\nB> NO\nC< NO\n" },
	{ "login fails, then too often", .steps = OPEN IN IN_BACKEND
	                                 "B> NO \"no\"\nC< NO \"no\"\n" IN IN_BACKEND
	                                 "B> NO (AUTH-TOO-WEAK) \"no\"\n"
	                                 "C< NO (AUTH-TOO-WEAK) \"no\"\n" IN IN_BACKEND
	                                 "B> NO\nC< NO\nC< BYE \"too many failed logins\"\n"
	                                 "!close login-failed\n" },
	{ "login fails with a referral: it is passed", .steps = OPEN IN IN_BACKEND
	                                               "B> NO (REFERRAL \"sieve://b/\")\n"
	                                               "C< NO (REFERRAL \"sieve://b/\")\n" },
	{ "BYE in the middle", .steps = OPEN IN IN_BACKEND "B> BYE \"down\"\nC< BYE \"down\"\n"
	                                                   "!close backend-refused\n" },
	{ "-PLUS is not for clients", .steps = OPEN "C> AUTHENTICATE \"SCRAM-SHA-256-PLUS\"\n"
	                                            "C< NO \"no channel binding here\"\n" },
	{ "invalid AUTHENTICATE",
	  .steps = OPEN "C> AUTHENTICATE\nC< NO \"invalid AUTHENTICATE\"\n"
	                "C> AUTHENTICATE \"\"\nC< NO \"invalid AUTHENTICATE\"\n"
	                "C> AUTHENTICATE \"PLAIN\" \"!\"\nC< NO \"invalid AUTHENTICATE\"\n"
	                "C> AUTHENTICATE \"PLAIN\" \"\" \"\"\nC< NO \"invalid AUTHENTICATE\"\n" },
	{ "OK before the response is no login",
	  .steps = OPEN "C> AUTHENTICATE \"PLAIN\"\nB< AUTHENTICATE \"PLAIN\"\nB> \"\"\nC< \"\"\n"
	                "B> OK\n" LOST "!close backend-broken\n" },
	{ "backend says something unasked",
	  .steps = OPEN "B> OK\n" LOST "!close backend-broken\n" },
	{ "backend says BYE unasked", .steps = OPEN "B> BYE (TRYLATER)\nC< BYE (TRYLATER)\n"
	                                            "!close backend-refused\n" },
	{ "commands behind a login wait",
	  .steps = OPEN IN IN_BACKEND "C> NOOP\nB> NO\nC< NO\nC< OK \"Done\"\n" },
};

static const struct transcript exceptions[] = {
	{ "a login in clear that an exception allows",
	  .steps = NEEDED "C< \"SASL\" \"PLAIN\"\nC< \"STARTTLS\"\n" READY IN
	                  "!connect\n" POOR IN_BACKEND "B> OK\nC< OK\n!splice\n"
	                  "!exposed joe PLAIN sent\n",
	  .learnt = "SASL PLAIN X-PLUS", .may_login_plain = true },
	{ "who may, may still use STARTTLS", .steps = GREETING BEGIN "!connect\n" POOR POOR_CLIENT,
	  .may_login_plain = true },
};

static const struct transcript learning[] = {
	{ "asked",
	  .steps = "!connect\n" BACKEND "B< LOGOUT\n!close ok\n!seen IMPLEMENTATION "
	           "Dovecot Pigeonhole/SIEVE fileinto reject/NOTIFY mailto/SASL PLAIN "
	           "LOGIN SCRAM-SHA-256-PLUS/STARTTLS/UNAUTHENTICATE/XCLIENT ADDR/"
	           "VERSION 1.0\n",
	  .is_learning = true },
	{ "asked in TLS",
	  .steps = SEAL "!backend-tls\n" POOR "B< LOGOUT\n!close ok\n"
	                "!seen SIEVE /SASL PLAIN\n",
	  .is_learning = true, .backend_starttls = true },
	{ "nobody hears its BYE", .steps = "!connect\nB> BYE \"no\"\n!close backend-refused\n",
	  .is_learning = true },
	{ "down", .steps = "!fail connect\n!close backend-down\n", .is_learning = true },
};

#define RUN(transcripts)                                                                           \
	static void test_edge_##transcripts(void **state)                                          \
	{                                                                                          \
		(void)state;                                                                       \
		transcripts_run(&sieve_edge_ops, transcripts, COUNT_OF(transcripts));              \
	}
RUN(before_tls)
RUN(opening)
RUN(sealing)
RUN(login)
RUN(exceptions)
RUN(learning)

static void test_edge_long_response_is_a_literal(void **state)
{
	(void)state;
	enum { LEN = 1200 };
	char response[LEN + 1], steps[8192];
	memset(response, 'A', LEN);
	response[LEN] = '\0';
	snprintf(steps, sizeof(steps),
	         OPEN "C> AUTHENTICATE \"XOAUTH2\" \"%s\"\n"
	              "B< AUTHENTICATE \"XOAUTH2\" {%d+}\nB< %s\nB> OK\nC< OK\n!splice\n",
	         response, LEN, response);
	const struct transcript one = { "long", .steps = steps };
	transcripts_run(&sieve_edge_ops, &one, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edge_before_tls),
		cmocka_unit_test(test_edge_opening),
		cmocka_unit_test(test_edge_sealing),
		cmocka_unit_test(test_edge_login),
		cmocka_unit_test(test_edge_exceptions),
		cmocka_unit_test(test_edge_learning),
		cmocka_unit_test(test_edge_long_response_is_a_literal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
