/* open = "auth": the edge takes the credential, which opens the backend. */
#include "base/clean.h"
#include "conv/test_transcript.h"
#include "sieve/edge.h"

#define LEARNT "IMPLEMENTATION Pigeonhole\nSIEVE fileinto\nSASL PLAIN LOGIN XOAUTH2\nSTARTTLS"
#define CAPS                                                                                       \
	"C< \"IMPLEMENTATION\" \"Pigeonhole\"\nC< \"SIEVE\" \"fileinto\"\nC< \"VERSION\" "         \
	"\"1.0\"\n"
#define READY "C< OK \"mail.example.org ready\"\n"
#define GREETING CAPS "C< \"SASL\" \"PLAIN LOGIN XOAUTH2\"\n" READY
#define BACKEND                                                                                    \
	"!connect\nB> \"IMPLEMENTATION\" \"Pigeonhole\"\nB> \"SIEVE\" \"fileinto\"\nB> \"SASL\" "  \
	"\"PLAIN\"\nB> OK \"ready\"\n"
#define LOST "C< BYE (TRYLATER) \"the mail server cannot be reached, try later\"\n"
#define WRONG "C< NO \"Authentication failed.\"\n"
#define NONE "C< NO \"no AUTHENTICATE came of it\"\n"
#define NOT_OFFERED "C< NO \"this mechanism is not offered\"\n"
#define JOE "\"AGpvZQBzZWNyZXQ=\""
#define JOES "B< AUTHENTICATE \"PLAIN\" " JOE "\n"
#define BY_AUTH .learnt = LEARNT, .is_implicit = true, .opens_by_auth = true

static const struct transcript by_auth[] = {
	{ "nobody is connected to before a login",
	  .steps = GREETING "C> CAPABILITY\n" CAPS "C< \"SASL\" \"PLAIN LOGIN XOAUTH2\"\n"
	                    "C< OK \"Capability completed\"\nC> NOOP\nC< OK \"Done\"\n"
	                    "C> LOGOUT\nC< OK \"Logout completed\"\n!close ok\n",
	  BY_AUTH },
	{ "in clear nothing is taken, behind STARTTLS it is",
	  .steps = CAPS "C< \"SASL\" \"\"\nC< \"STARTTLS\"\n" READY "C> AUTHENTICATE \"PLAIN\" " JOE
	                "\nC< NO (ENCRYPT-NEEDED) \"no login without TLS\"\n"
	                "C> STARTTLS\nC< OK \"Begin TLS negotiation now\"\n!client-tls\n" GREETING
	                "C> AUTHENTICATE \"PLAIN\" " JOE "\n!mailbox joe\n" BACKEND JOES
	                "B> OK \"in\"\nC< OK \"in\"\n!splice\n",
	  .learnt = LEARNT, .opens_by_auth = true },
	{ "PLAIN, asked for",
	  .steps = GREETING "C> AUTHENTICATE \"plain\"\nC< \"\"\nC> " JOE
	                    "\n!mailbox joe\n" BACKEND JOES "B> OK \"in\"\nC< OK \"in\"\n"
	                    "!user joe\n!mailbox \n!splice\n",
	  BY_AUTH },
	{ "PLAIN as a literal",
	  .steps = GREETING "C>=AUTHENTICATE \"PLAIN\" {16+}\\r\\nAGpvZQBzZWNyZXQ=\\r\\n\n"
	                    "!mailbox joe\n" BACKEND JOES "B> OK\nC< OK\n!splice\n",
	  BY_AUTH },
	{ "LOGIN goes on as PLAIN",
	  .steps = GREETING "C> AUTHENTICATE \"LOGIN\"\nC< \"VXNlcm5hbWU6\"\nC> \"am9l\"\n"
	                    "C< \"UGFzc3dvcmQ6\"\nC> \"c2VjcmV0\"\n!mailbox joe\n" BACKEND JOES
	                    "B> OK\nC< OK\n!user joe\n!splice\n",
	  BY_AUTH },
	{ "why a token is refused is said to nobody",
	  .steps = GREETING
	  "C> AUTHENTICATE \"XOAUTH2\" \"dXNlcj1qb2UBYXV0aD1CZWFyZXIgeAEB\"\n!mailbox joe\n" BACKEND
	  "B< AUTHENTICATE \"XOAUTH2\" \"dXNlcj1qb2UBYXV0aD1CZWFyZXIgeAEB\"\n"
	  "B> \"eyJzdGF0dXMiOiI0MDAifQ==\"\nB< \"\"\nB> NO \"no\"\n"
	  "C< NO \"Authentication failed.\"\nB< LOGOUT\n!leave\n",
	  BY_AUTH },
	{ "PLAIN for a mailbox, by a master",
	  .steps = GREETING "C> AUTHENTICATE \"PLAIN\" \"am9lAG1hc3RlcgB4\"\n!mailbox joe\n"
	                    "!user master\n" BACKEND
	                    "B< AUTHENTICATE \"PLAIN\" \"am9lAG1hc3RlcgB4\"\nB> OK\nC< OK\n"
	                    "!splice\n",
	  BY_AUTH },
	{ "a reason of the server's is told",
	  .steps = GREETING "C> AUTHENTICATE \"PLAIN\" " JOE "\n" BACKEND JOES
	                    "B> NO (TRYLATER) \"no\"\nC< NO (TRYLATER) \"no\"\nB< LOGOUT\n!leave\n",
	  BY_AUTH },
	{ "a wrong password; then another user, at another server",
	  .steps = GREETING
	  "C> AUTHENTICATE \"PLAIN\" " JOE "\n" BACKEND JOES
	  "B> NO \"no\"\nC< NO \"Authentication failed.\"\nB< LOGOUT\n!leave\n!mailbox \n"
	  "C> AUTHENTICATE \"PLAIN\" \"AGFubgB5\"\n!mailbox ann\n" BACKEND
	  "B< AUTHENTICATE \"PLAIN\" \"AGFubgB5\"\nB> OK\nC< OK\n!splice\n",
	  BY_AUTH },
	{ "what the server says behind its refusal is not heard",
	  .steps = GREETING
	  "C> AUTHENTICATE \"PLAIN\" " JOE "\n" BACKEND JOES
	  "B>=NO \"no\"\\r\\nOK \"in\"\\r\\n\nC< NO \"Authentication failed.\"\nB< LOGOUT\n!leave\n"
	  "C> NOOP\nC< OK \"Done\"\n",
	  BY_AUTH, .is_whole_only = true },
	{ "three wrong passwords",
	  .steps = GREETING "C> AUTHENTICATE \"PLAIN\" " JOE "\n!fail homeless\n" WRONG
	                    "C> AUTHENTICATE \"PLAIN\" " JOE "\n!fail homeless\n" WRONG
	                    "C> AUTHENTICATE \"PLAIN\" " JOE "\n!fail homeless\n" WRONG
	                    "C< BYE \"too many failed logins\"\n!close login-failed\n",
	  BY_AUTH },
	{ "nobody can say where the user is now; then the server is down",
	  .steps = GREETING "C> AUTHENTICATE \"PLAIN\" " JOE "\n!fail lookup\n"
	                    "C< NO (TRYLATER) \"no login now, try later\"\n"
	                    "C> AUTHENTICATE \"PLAIN\" " JOE "\n!fail connect\n" LOST
	                    "!close backend-down\n",
	  BY_AUTH },
	{ "cancelled, and responses that are none",
	  .steps = GREETING "C> AUTHENTICATE \"PLAIN\"\nC< \"\"\nC> \"*\"\n" NONE
	                    "C> AUTHENTICATE \"PLAIN\" \"\"\n" NONE
	                    "C> AUTHENTICATE \"PLAIN\" \"no base64\"\n"
	                    "C< NO \"invalid AUTHENTICATE\"\n"
	                    /* A third NUL. */
	                    "C> AUTHENTICATE \"PLAIN\" \"AGpvZQBhAGI=\"\n" NONE,
	  BY_AUTH },
	{ "mechanisms with more than one message are not taken",
	  .steps = GREETING "C> AUTHENTICATE \"SCRAM-SHA-256\"\n" NOT_OFFERED
	                    "C> AUTHENTICATE \"CRAM-MD5\"\n" NOT_OFFERED
	                    "C> AUTHENTICATE \"EXTERNAL\" \"am9l\"\n" NOT_OFFERED,
	  BY_AUTH },
	{ "the server leaves while it has the credential",
	  .steps = GREETING "C> AUTHENTICATE \"PLAIN\" " JOE "\n" BACKEND JOES "!eof backend\n" LOST
	                    "!close backend-broken\n",
	  BY_AUTH },
};

static void test_by_auth(void **state)
{
	(void)state;
	transcripts_run(&sieve_edge_ops, by_auth, COUNT_OF(by_auth));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_by_auth) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
