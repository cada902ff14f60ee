/* open = "auth": the edge takes the credential, which opens the backend. */
#include "base/clean.h"
#include "conv/test_transcript.h"
#include "pop3/edge.h"

#define GREETING "C< +OK mail.example.org ready\n"
#define LOST "C< -ERR [SYS/TEMP] the mail server cannot be reached, try later\n"
#define LEARNT "TOP\nUIDL\nUSER\nSASL PLAIN LOGIN\nRESP-CODES"
#define BACKEND "!connect\nB> +OK hi\nB< CAPA\nB> +OK\nB> USER\nB> SASL PLAIN\nB> .\n"
#define BY_AUTH .learnt = LEARNT, .is_implicit = true, .opens_by_auth = true

static const struct transcript by_auth[] = {
	{ "nobody is connected to before a login",
	  .steps = GREETING "C> CAPA\nC< +OK capability list follows\nC< TOP\nC< UIDL\nC< USER\n"
	                    "C< SASL PLAIN LOGIN\nC< RESP-CODES\nC< .\nC> NOOP\nC< +OK\n"
	                    "C> USER joe\nC< +OK\nC> QUIT\nC< +OK bye\n!close ok\n",
	  BY_AUTH },
	{ "in clear nothing is taken, behind STLS it is",
	  .steps = GREETING "C> USER joe\nC< -ERR STLS is required first\n"
	                    "C> STLS\nC< +OK Begin TLS negotiation now\n!client-tls\n"
	                    "C> CAPA\nC< +OK capability list follows\nC< RESP-CODES\nC< USER\n"
	                    "C< .\nC> USER joe\nC< +OK\nC> PASS secret\n!mailbox joe\n" BACKEND
	                    "B< USER joe\nB> +OK\nB< PASS secret\nB> +OK in\nC< +OK in\n!splice\n",
	  .opens_by_auth = true },
	{ "a name in another case, a password with spaces",
	  .steps = GREETING "C> user Joe@Example.ORG\nC< +OK\nC> pass  se cret \n"
	                    "!mailbox Joe@example.org\n" BACKEND
	                    "B< user Joe@Example.ORG\nB> +OK\nB< pass  se cret \nB> +OK in\n"
	                    "C< +OK in\n!user Joe@Example.ORG\n!splice\n",
	  BY_AUTH },
	{ "the last name counts",
	  .steps = GREETING
	  "C> USER joe\nC< +OK\nC> USER ann\nC< +OK\nC> PASS x\n!mailbox ann\n" BACKEND
	  "B< USER ann\nB> +OK\nB< PASS x\nB> +OK in\nC< +OK in\n!splice\n",
	  BY_AUTH },
	{ "PASS without a name; an AUTH between them",
	  .steps = GREETING "C> PASS x\nC< -ERR USER comes first\nC> USER joe\nC< +OK\n"
	                    "C> AUTH PLAIN\nC< + \nC> *\nC< -ERR no AUTH came of it\n"
	                    "C> PASS x\nC< -ERR USER comes first\n",
	  BY_AUTH },
	{ "a wrong password; then another user, at another server",
	  .steps = GREETING "C> USER joe\nC< +OK\nC> PASS x\n" BACKEND
	                    "B< USER joe\nB> +OK\nB< PASS x\nB> -ERR [AUTH] no\nC< -ERR [AUTH] "
	                    "Authentication failed.\n"
	                    "B< QUIT\n!leave\nC> PASS y\nC< -ERR USER comes first\n"
	                    "C> USER ann\nC< +OK\nC> PASS y\n!mailbox ann\n" BACKEND
	                    "B< USER ann\nB> +OK\nB< PASS y\nB> +OK in\nC< +OK in\n!splice\n",
	  BY_AUTH },
	{ "a reason of the server's is told",
	  .steps = GREETING "C> USER joe\nC< +OK\nC> PASS x\n" BACKEND
	                    "B< USER joe\nB> +OK\nB< PASS x\nB> -ERR [IN-USE] later\n"
	                    "C< -ERR [IN-USE] later\nB< QUIT\n!leave\n",
	  BY_AUTH },
	{ "the server does not like the name",
	  .steps = GREETING
	  "C> USER joe\nC< +OK\nC> PASS x\n" BACKEND
	  "B< USER joe\nB> -ERR nobody\nC< -ERR [AUTH] Authentication failed.\nB< QUIT\n!leave\n"
	  "C> NOOP\nC< +OK\n",
	  BY_AUTH },
	{ "in before the password went out: nobody can be",
	  .steps = GREETING "C> AUTH PLAIN AGpvZQBzZWNyZXQ=\n!mailbox joe\n" BACKEND
	                    "B< AUTH PLAIN\nB> +OK in\n" LOST "!close backend-broken\n",
	  BY_AUTH },
	{ "PLAIN, all at once, goes on in two lines",
	  .steps = GREETING "C> AUTH PLAIN AGpvZQBzZWNyZXQ=\n!mailbox joe\n" BACKEND
	                    "B< AUTH PLAIN\nB> +\nB< AGpvZQBzZWNyZXQ=\nB> +OK in\nC< +OK in\n"
	                    "!splice\n",
	  BY_AUTH },
	{ "LOGIN goes on as PLAIN",
	  .steps = GREETING "C> AUTH LOGIN\nC< + VXNlcm5hbWU6\nC> am9l\nC< + UGFzc3dvcmQ6\n"
	                    "C> c2VjcmV0\n!mailbox joe\n" BACKEND
	                    "B< AUTH PLAIN\nB> +\nB< AGpvZQBzZWNyZXQ=\nB> -ERR [AUTH] no\n"
	                    "C< -ERR [AUTH] Authentication failed.\nB< QUIT\n!leave\n",
	  BY_AUTH },
	{ "why a token is refused is said to nobody",
	  .steps = GREETING
	  "C> AUTH XOAUTH2 dXNlcj1qb2UBYXV0aD1CZWFyZXIgeAEB\n!mailbox joe\n" BACKEND
	  "B< AUTH XOAUTH2\nB> +\nB< dXNlcj1qb2UBYXV0aD1CZWFyZXIgeAEB\n"
	  "B> + eyJzdGF0dXMiOiI0MDAifQ==\nB< \nB> -ERR [AUTH] no\n"
	  "C< -ERR [AUTH] Authentication failed.\nB< QUIT\n!leave\n",
	  BY_AUTH },
	{ "a third NUL in PLAIN",
	  .steps = GREETING "C> AUTH PLAIN AGpvZQBhAGI=\nC< -ERR no AUTH came of it\n", BY_AUTH },
	{ "mechanisms with more than one message are not taken",
	  .steps = GREETING "C> AUTH SCRAM-SHA-256\nC< -ERR this mechanism is not offered\n"
	                    "C> AUTH CRAM-MD5\nC< -ERR this mechanism is not offered\n"
	                    "C> APOP joe 0123\nC< -ERR there is no APOP here\n",
	  BY_AUTH },
	{ "no such user; nobody can say",
	  .steps = GREETING
	  "C> USER joe\nC< +OK\nC> PASS x\n!fail homeless\n"
	  "C< -ERR [AUTH] Authentication failed.\nC> USER ann\nC< +OK\nC> PASS x\n"
	  "!fail lookup\nC< -ERR [SYS/TEMP] no login now, try later\n"
	  "C> USER ann\nC< +OK\nC> PASS x\n!fail connect\n" LOST "!close backend-down\n",
	  BY_AUTH },
	{ "a second credential behind the first",
	  .steps = GREETING
	  "C>=USER joe\\r\\nPASS x\\r\\nUSER ann\\r\\nPASS y\\r\\n\nC< +OK\n"
	  "!mailbox joe\n" BACKEND
	  "B< USER joe\nB> +OK\nB< PASS x\nB> -ERR no\nC< -ERR [AUTH] Authentication failed.\n"
	  "B< QUIT\n!leave\nC< +OK\n!mailbox ann\n" BACKEND
	  "B< USER ann\nB> +OK\nB< PASS y\nB> +OK in\nC< +OK in\n!splice\n",
	  BY_AUTH },
};

static void test_by_auth(void **state)
{
	(void)state;
	transcripts_run(&pop3_edge_ops, by_auth, COUNT_OF(by_auth));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_by_auth) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
