/* open = "auth": the edge takes the credential, which opens the backend. */
#include "base/clean.h"
#include "conv/test_transcript.h"
#include "imap/edge.h"

#define GREETING                                                                                   \
	"C< * OK [CAPABILITY IMAP4rev1 LITERAL+ ID STARTTLS LOGINDISABLED] mail.example.org "      \
	"ready\n"
#define LOST "C< * BYE [UNAVAILABLE] the mail server cannot be reached, try later\n"
#define PRIVACY " NO [PRIVACYREQUIRED] no login without TLS\n"
#define OPEN_CAPS "IMAP4rev1 LITERAL+ ID SASL-IR AUTH=PLAIN AUTH=LOGIN AUTH=XOAUTH2 IDLE"
#define OPEN_LEARNT "IMAP4rev1 SASL-IR STARTTLS AUTH=PLAIN AUTH=LOGIN AUTH=XOAUTH2 IDLE"
#define OPEN_GREETING "C< * OK [CAPABILITY " OPEN_CAPS "] mail.example.org ready\n"
#define OPEN_BACKEND "!connect\nB> * OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL+ ID AUTH=PLAIN] hi\n"
#define OPEN_POOR_BACKEND "!connect\nB> * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\n"
#define BY_AUTH .learnt = OPEN_LEARNT, .is_implicit = true, .opens_by_auth = true

static const struct transcript by_auth[] = {
	{ "nobody is connected to before a login",
	  .steps = OPEN_GREETING "C> a CAPABILITY\nC< * CAPABILITY " OPEN_CAPS "\n"
	                         "C< a OK CAPABILITY completed\nC> b NOOP\nC< b OK NOOP completed\n"
	                         "C> c ID NIL\nC< * ID NIL\nC< c OK ID completed\n"
	                         "C> d LOGOUT\nC< * BYE logging out\nC< d OK LOGOUT completed\n"
	                         "!close ok\n",
	  BY_AUTH },
	{ "in clear nothing is taken, behind STARTTLS it is",
	  .steps = GREETING "C> a LOGIN joe secret\nC< a" PRIVACY
	                    "C> s STARTTLS\nC< s OK Begin TLS negotiation now\n!client-tls\n"
	                    "C> b LOGIN joe secret\n!mailbox joe\n" OPEN_BACKEND
	                    "B< b LOGIN \"joe\" \"secret\"\nB> b OK in\nC< b OK in\n!splice\n",
	  .opens_by_auth = true },
	{ "LOGIN",
	  .steps = OPEN_GREETING
	  "C> a LOGIN \"Joe@Example.ORG\" secret\n!mailbox Joe@example.org\n" OPEN_BACKEND
	  "B< a LOGIN \"Joe@Example.ORG\" \"secret\"\n"
	  "B> a OK [CAPABILITY IMAP4rev1] in\nC< a OK [CAPABILITY IMAP4rev1] in\n"
	  "!user Joe@Example.ORG\n!mailbox \n!splice\n",
	  BY_AUTH },
	{ "LOGIN with literals",
	  .steps = OPEN_GREETING
	  "C> a LOGIN {3}\nC< + OK\nC>=joe {6+}\\r\\nsecret\\r\\n\n!mailbox joe\n" OPEN_POOR_BACKEND
	  "B< a LOGIN \"joe\" \"secret\"\nB> a OK in\nC< a OK in\n!splice\n",
	  BY_AUTH },
	{ "a name that is none",
	  .steps = OPEN_GREETING "C> a LOGIN \"\" secret\nC< a BAD invalid name\n"
	                         "C>=b LOGIN {5+}\\r\\na\\r\\nb! x\\r\\n\nC< b BAD invalid name\n"
	                         "C>=c LOGIN {3+}\\r\\na\\0b x\\r\\n\nC< c BAD invalid arguments\n",
	  BY_AUTH },
	{ "PLAIN, all at once",
	  .steps = OPEN_GREETING
	  "C> a AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\n!mailbox joe\n" OPEN_BACKEND
	  "B< a AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\nB> a OK in\nC< a OK in\n!splice\n",
	  BY_AUTH },
	{ "PLAIN, asked for, to a server without initial responses",
	  .steps = OPEN_GREETING "C> a AUTHENTICATE plain\nC< + \nC> AGpvZQBzZWNyZXQ=\n"
	                         "!mailbox joe\n" OPEN_POOR_BACKEND
	                         "B< a AUTHENTICATE PLAIN\nB> +\nB< AGpvZQBzZWNyZXQ=\n"
	                         "B> a OK in\nC< a OK in\n!splice\n",
	  BY_AUTH },
	{ "PLAIN for a mailbox, by a master",
	  .steps =
	          OPEN_GREETING "C> a AUTHENTICATE PLAIN am9lAG1hc3RlcgB4\n!mailbox joe\n"
	                        "!user master\n" OPEN_BACKEND
	                        "B< a AUTHENTICATE PLAIN am9lAG1hc3RlcgB4\nB> a OK in\nC< a OK in\n"
	                        "!splice\n",
	  BY_AUTH },
	{ "LOGIN's two responses go on as PLAIN",
	  .steps =
	          OPEN_GREETING "C> a AUTHENTICATE LOGIN\nC< + VXNlcm5hbWU6\nC> am9l\n"
	                        "C< + UGFzc3dvcmQ6\nC> c2VjcmV0\n!mailbox joe\n" OPEN_BACKEND
	                        "B< a AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\nB> a OK in\nC< a OK in\n"
	                        "!user joe\n!splice\n",
	  BY_AUTH },
	{ "LOGIN with the name at once",
	  .steps = OPEN_GREETING
	  "C> a AUTHENTICATE LOGIN am9l\nC< + UGFzc3dvcmQ6\nC> c2VjcmV0\n" OPEN_BACKEND
	  "B< a AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\nB> a OK in\nC< a OK in\n!splice\n",
	  BY_AUTH },
	{ "a token that the server does not like",
	  .steps = OPEN_GREETING
	  "C> a AUTHENTICATE XOAUTH2 dXNlcj1qb2UBYXV0aD1CZWFyZXIgeAEB\n"
	  "!mailbox joe\n" OPEN_BACKEND
	  "B< a AUTHENTICATE XOAUTH2 dXNlcj1qb2UBYXV0aD1CZWFyZXIgeAEB\n"
	  "B> + eyJzdGF0dXMiOiI0MDAifQ==\nB< \n"
	  "B> a NO no\nC< a NO [AUTHENTICATIONFAILED] Authentication failed.\nB< E9 "
	  "LOGOUT\n!leave\nC> b NOOP\nC< b OK NOOP completed\n",
	  BY_AUTH },
	{ "a server that was left speaks while the edge asks",
	  .steps = OPEN_GREETING
	  "C> a LOGIN joe x\n" OPEN_BACKEND "B< a LOGIN \"joe\" \"x\"\nB> a NO no\n"
	  "C< a NO [AUTHENTICATIONFAILED] Authentication failed.\nB< E9 LOGOUT\n!leave\n"
	  "C> b AUTHENTICATE PLAIN\nC< + \nB> * CAPABILITY IMAP4rev1\n" LOST
	  "!close backend-broken\n",
	  BY_AUTH },
	{ "another token, and a server that asks for more than a password",
	  .steps = OPEN_GREETING
	  "C> a AUTHENTICATE OAUTHBEARER bixhPWpvZSwBaG9zdD1oAWF1dGg9QmVhcmVyIHQwawEB\n"
	  "!mailbox joe\n" OPEN_BACKEND
	  "B< a AUTHENTICATE OAUTHBEARER bixhPWpvZSwBaG9zdD1oAWF1dGg9QmVhcmVyIHQwawEB\n"
	  "B> + eyJzdGF0dXMiOiI0MDAifQ==\nB< AQ==\n"
	  "B> a NO no\nC< a NO [AUTHENTICATIONFAILED] Authentication failed.\nB< E9 "
	  "LOGOUT\n!leave\nC> b AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\n" OPEN_BACKEND
	  "B< b AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\nB> + more\nB< *\n"
	  "B> b BAD no\nC< b BAD no\nB< E9 LOGOUT\n!leave\n",
	  BY_AUTH },
	{ "a wrong password; then another user, at another server",
	  .steps = OPEN_GREETING
	  "C> a LOGIN joe x\n" OPEN_BACKEND
	  "B< a LOGIN \"joe\" \"x\"\nB> a NO [AUTHENTICATIONFAILED] no\n"
	  "C< a NO [AUTHENTICATIONFAILED] Authentication failed.\nB< E9 LOGOUT\n!leave\n"
	  "!mailbox \nC> b LOGIN ann y\n!mailbox ann\n" OPEN_BACKEND
	  "B< b LOGIN \"ann\" \"y\"\nB> b OK in\nC< b OK in\n!splice\n",
	  BY_AUTH },
	{ "a reason of the server's is told",
	  .steps = OPEN_GREETING "C> a LOGIN joe x\n" OPEN_BACKEND
	                         "B< a LOGIN \"joe\" \"x\"\nB> a NO [EXPIRED] change it\n"
	                         "C< a NO [EXPIRED] change it\nB< E9 LOGOUT\n!leave\n",
	  BY_AUTH },
	{ "a second credential behind the first waits, and is another login",
	  .steps = OPEN_GREETING
	  "C>=a LOGIN joe x\\r\\nb LOGIN ann y\\r\\n\n!mailbox joe\n" OPEN_BACKEND
	  "B< a LOGIN \"joe\" \"x\"\nB> a NO no\nC< a NO [AUTHENTICATIONFAILED] Authentication "
	  "failed.\nB< E9 LOGOUT\n!leave\n"
	  "!mailbox ann\n" OPEN_BACKEND
	  "B< b LOGIN \"ann\" \"y\"\nB> b OK in\nC< b OK in\n!splice\n",
	  BY_AUTH },
	{ "what the server says behind its refusal is not heard",
	  .steps = OPEN_GREETING
	  "C> a LOGIN joe x\n" OPEN_BACKEND
	  "B< a LOGIN \"joe\" \"x\"\nB>=a NO no\\r\\nb OK in\\r\\n\n"
	  "C< a NO [AUTHENTICATIONFAILED] Authentication failed.\nB< E9 LOGOUT\n!leave\nC> b NOOP\n"
	  "C< b OK NOOP completed\n",
	  BY_AUTH, .is_whole_only = true },
	{ "three wrong passwords",
	  .steps = OPEN_GREETING "C> a LOGIN joe x\n!fail homeless\n"
	                         "C< a NO [AUTHENTICATIONFAILED] Authentication failed.\n"
	                         "C> b LOGIN joe y\n!fail homeless\n"
	                         "C< b NO [AUTHENTICATIONFAILED] Authentication failed.\n"
	                         "C> c LOGIN joe z\n!fail homeless\n"
	                         "C< c NO [AUTHENTICATIONFAILED] Authentication failed.\n"
	                         "C< * BYE too many failed logins\n!close login-failed\n",
	  BY_AUTH },
	{ "nobody can say where the user is now",
	  .steps = OPEN_GREETING "C> a AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\n!fail lookup\n"
	                         "C< a NO [UNAVAILABLE] no login now, try later\n"
	                         "C> b LOGIN joe x\n!mailbox joe\n!fail connect\n" LOST
	                         "!close backend-down\n",
	  BY_AUTH },
	{ "cancelled",
	  .steps = OPEN_GREETING
	  "C> a AUTHENTICATE PLAIN\nC< + \nC> *\nC< a BAD no AUTHENTICATE came of it\n"
	  "C> b AUTHENTICATE LOGIN\nC< + VXNlcm5hbWU6\nC> am9l\nC< + UGFzc3dvcmQ6\n"
	  "C> *\nC< b BAD no AUTHENTICATE came of it\n"
	  "C> c AUTHENTICATE LOGIN\nC< + VXNlcm5hbWU6\n",
	  BY_AUTH },
	{ "responses that are none",
	  .steps = OPEN_GREETING
	  "C> a AUTHENTICATE PLAIN =\nC< a BAD no AUTHENTICATE came of it\n"
	  "C> b AUTHENTICATE PLAIN\nC< + \nC> no base64\nC< b BAD no AUTHENTICATE came of it\n"
	  /* joe NUL x: a NUL is missing. NUL joe NUL a NUL b: one too many. */
	  "C> c AUTHENTICATE PLAIN am9lAHg=\nC< c BAD no AUTHENTICATE came of it\n",
	  BY_AUTH },
	{ "a third NUL in PLAIN",
	  .steps = OPEN_GREETING
	  "C> a AUTHENTICATE PLAIN AGpvZQBhAGI=\nC< a BAD no AUTHENTICATE came of it\n",
	  BY_AUTH },
	{ "mechanisms with more than one message are not taken",
	  .steps = OPEN_GREETING
	  "C> a AUTHENTICATE SCRAM-SHA-256\nC< a NO this mechanism is not offered\n"
	  "C> b AUTHENTICATE CRAM-MD5\nC< b NO this mechanism is not offered\n"
	  "C> c AUTHENTICATE EXTERNAL am9l\nC< c NO this mechanism is not offered\n"
	  "C> d AUTHENTICATE SCRAM-SHA-256-PLUS\nC< d NO this mechanism is not offered\n",
	  BY_AUTH },
	{ "the server leaves while it has the credential",
	  .steps = OPEN_GREETING "C> a LOGIN joe x\n" OPEN_BACKEND
	                         "B< a LOGIN \"joe\" \"x\"\n!eof backend\n" LOST
	                         "!close backend-broken\n",
	  BY_AUTH },
	{ "injection behind STARTTLS",
	  .steps = GREETING "C>=s STARTTLS\\r\\na LOGIN joe secret\\r\\n\n"
	                    "C< * BYE input after STARTTLS is refused\n!close starttls-injection\n",
	  .opens_by_auth = true, .is_whole_only = true },
	{ "capabilities are asked the same",
	  .steps = "!connect\nB> * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\nB< E9 LOGOUT\n!close "
	           "ok\n"
	           "!seen IMAP4rev1 AUTH=PLAIN\n",
	  .opens_by_auth = true, .is_learning = true },
	{ "an exception",
	  .steps = "C< * OK [CAPABILITY IMAP4rev1 LITERAL+ ID SASL-IR STARTTLS] "
	           "mail.example.org ready\nC> a LOGIN joe secret\n!mailbox joe\n" OPEN_BACKEND
	           "B< a LOGIN \"joe\" \"secret\"\nB> a OK in\nC< a OK in\n!splice\n"
	           "!exposed joe LOGIN sent\n",
	  .opens_by_auth = true, .may_login_plain = true },
};

static void test_by_auth(void **state)
{
	(void)state;
	transcripts_run(&imap_edge_ops, by_auth, COUNT_OF(by_auth));
}

/* A response may be as long as RFC 4954 4 says, and no longer. */
static void test_by_auth_long(void **state)
{
	(void)state;
	static char steps[32768];
	static char big[12289];
	memset(big, 'A', sizeof(big) - 1);
	snprintf(steps, sizeof(steps),
	         OPEN_GREETING "C> a AUTHENTICATE PLAIN\nC< + \nC> %.12284s\n"
	                       "C< a BAD no AUTHENTICATE came of it\n"
	                       "C> b AUTHENTICATE PLAIN\nC< + \nC> %s\n"
	                       "C< * BYE line too long\n!close too-long\n",
	         big, big);
	struct transcript t = { .name = "long", .steps = steps, BY_AUTH };
	transcripts_run(&imap_edge_ops, &t, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_auth),
		cmocka_unit_test(test_by_auth_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
