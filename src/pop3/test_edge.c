#include "base/clean.h"
#include "conv/test_transcript.h"
#include "pop3/edge.h"

#define GREETING "C< +OK mail.example.org ready\n"
#define UPGRADE GREETING "C> STLS\nC< +OK Begin TLS negotiation now\n!client-tls\n!connect\n"
#define CAPS                                                                                       \
	"B< CAPA\nB> +OK\nB> TOP\nB> STLS\nB> USER\nB> SASL PLAIN SCRAM-SHA-256-PLUS LOGIN\n"      \
	"B> XCLIENT\nB> .\n"
#define OPEN UPGRADE "B> +OK Dovecot ready. <1.2.3@x>\n" CAPS
#define LOST "C< -ERR [SYS/TEMP] the mail server cannot be reached, try later\n"
#define STLS_FIRST "C< -ERR STLS is required first\n"

static const struct transcript before_tls[] = {
	{ "capabilities, noop, quit",
	  .steps =
	          GREETING "C> CAPA\nC< +OK capability list follows\nC< STLS\nC< RESP-CODES\nC< .\n"
	                   "C> noop\nC< +OK\nC> quit\nC< +OK bye\n!close ok\n!unexposed\n" },
	{ "no certificate, no STLS",
	  .steps = GREETING "C> CAPA\nC< +OK capability list follows\nC< RESP-CODES\nC< .\n"
	                    "C> STLS\nC< -ERR STLS is not possible now\n",
	  .has_no_certificate = true },
	{ "USER and PASS in clear", .steps = GREETING "C> USER joe\n" STLS_FIRST
	                                              "!exposed joe USER/PASS tried\n"
	                                              "C> PASS sec ret\n" STLS_FIRST
	                                              "!exposed joe USER/PASS sent\n!user joe\n" },
	{ "PASS alone in clear",
	  .steps = GREETING "C> PASS secret\n" STLS_FIRST "!exposed  USER/PASS sent\n" },
	{ "AUTH in clear, response sent along", .steps = GREETING
	                                        "C> AUTH PLAIN AGpvZQBzZWNyZXQ=\n" STLS_FIRST
	                                        "!exposed joe PLAIN sent\n" },
	{ "AUTH in clear, mechanism only",
	  .steps = GREETING "C> auth login\n" STLS_FIRST "!exposed  LOGIN tried\n" },
	{ "APOP in clear", .steps = GREETING
	                   "C> APOP joe c4c9334bac560ecc979e58001b3e22fb\n"
	                   "C< -ERR there is no APOP here\n!exposed joe APOP tried\n" },
	{ "injection behind STLS",
	  .steps = GREETING "C>=STLS\\r\\nUSER x\\r\\n\n"
	                    "C< -ERR input after STLS is refused\n!close starttls-injection\n",
	  .is_whole_only = true },
	{ "STLS with arguments",
	  .steps = GREETING "C> STLS now\nC< -ERR STLS is not possible now\n" },
	{ "bare LF",
	  .steps = GREETING "C>=NOOP\\n\nC< -ERR lines end in CRLF\n!close smuggling\n" },
	{ "bare CR",
	  .steps = GREETING "C>=PASS a\\rb\\r\\n\nC< -ERR lines end in CRLF\n!close smuggling\n" },
	{ "NUL", .steps = GREETING "C>=NOOP\\0\\r\\n\nC< -ERR invalid bytes\n" },
	{ "HTTP request",
	  .steps = GREETING "C> POST /secret HTTP/1.1\nC< -ERR this is POP3\n!close bad-syntax\n" },
	{ "PROXY header", .steps = GREETING
	                  "C> PROXY TCP6 ::1 ::1 1 2\nC< -ERR this is POP3\n!close bad-syntax\n" },
	{ "who the client is, it does not say",
	  .steps = GREETING
	  "C> XCLIENT ADDR=127.0.0.1\nC< -ERR unknown command, or not before login\n"
	  "C> PROXY\nC< -ERR unknown command, or not before login\n" },
	{ "too many errors", .steps = GREETING
	                     "C> LIST\nC< -ERR unknown command, or not before login\n"
	                     "C> \nC< -ERR unknown command, or not before login\n"
	                     "C> UTF8\nC< -ERR not now\nC> LANG\nC< -ERR not now\n"
	                     "C> USER\nC< -ERR USER takes a name\n"
	                     "C< -ERR too many errors\n!close bad-syntax\n" },
	{ "client leaves", .steps = GREETING "!eof client\n!close client-gone\n" },
	{ "idle", .steps = GREETING "!expire idle\nC< -ERR idle for too long\n!close timeout\n" },
	{ "drained", .steps = GREETING
	             "!expire drain\nC< -ERR [SYS/TEMP] shutting down, connect again\n"
	             "!close drained\n" },
	{ "nothing is said into a handshake",
	  .steps = GREETING "C> STLS\nC< +OK Begin TLS negotiation now\n!expire idle\n"
	                    "!close timeout\n" },
};

static const struct transcript opening[] = {
	{ "STLS, capabilities of the backend",
	  .steps = OPEN "C> CAPA\nC< +OK capability list follows\nC< TOP\nC< USER\n"
	                "C< SASL PLAIN LOGIN\nC< .\n"
	                "!seen TOP/STLS/USER/SASL PLAIN SCRAM-SHA-256-PLUS LOGIN/XCLIENT\n"
	                "C> STLS\nC< -ERR STLS is not possible now\n"
	                "C> APOP joe x\nC< -ERR there is no APOP here\n!unexposed\n"
	                "C> QUIT\nC< +OK bye\nB< QUIT\n!close ok\n" },
	{ "-PLUS stays where the backend binds to our TLS",
	  .steps = OPEN "C> CAPA\nC< +OK capability list follows\nC< TOP\nC< USER\n"
	                "C< SASL PLAIN SCRAM-SHA-256-PLUS LOGIN\nC< .\n"
	                "C> AUTH SCRAM-SHA-256-PLUS\nB< AUTH SCRAM-SHA-256-PLUS\n",
	  .plus_is_bound = true },
	{ "only -PLUS: no SASL line", .steps = UPGRADE
	                              "B> +OK\nB< CAPA\nB> +OK\nB> SASL SCRAM-SHA-1-PLUS\nB> .\n"
	                              "C> CAPA\nC< +OK capability list follows\nC< .\n" },
	{ "backend without CAPA", .steps = UPGRADE
	                          "B> +OK\nB< CAPA\nB> -ERR what\nC> CAPA\n"
	                          "C< +OK capability list follows\nC< USER\nC< .\n" },
	{ "implicit TLS: greeting behind the backend's, without its timestamp",
	  .steps = "C> NOOP\n!connect\nB> +OK Dovecot <1.2.3@x>\n" CAPS GREETING "C< +OK\n",
	  .is_implicit = true },
	{ "backend refuses",
	  .steps = UPGRADE
	  "B> -ERR [SYS/TEMP] busy\nC< -ERR [SYS/TEMP] busy\n!close backend-refused\n" },
	{ "backend says rubbish", .steps = UPGRADE "B> * OK\n" LOST "!close backend-broken\n" },
	{ "backend ends lines wrongly",
	  .steps = UPGRADE "B>=+OK\\n\n" LOST "!close backend-broken\n" },
	{ "CAPA answered with rubbish",
	  .steps = UPGRADE "B> +OK\nB< CAPA\nB> TOP\n" LOST "!close backend-broken\n" },
	{ "backend closes", .steps = UPGRADE "!eof backend\n" LOST "!close backend-broken\n" },
	{ "backend is silent", .steps = UPGRADE "!expire idle\n" LOST "!close backend-broken\n" },
	{ "backend is down", .steps = "!fail timeout\n" LOST "!close backend-down\n",
	  .is_implicit = true },
};

static const struct transcript sealing[] = {
	{ "backend STLS",
	  .steps = "!connect\nB> +OK x\nB< STLS\nB> +OK go\n!backend-tls\n" CAPS GREETING,
	  .is_implicit = true, .backend_starttls = true },
	{ "backend refuses STLS",
	  .steps = "!connect\nB> +OK x\nB< STLS\nB> -ERR no\n" LOST "!close backend-unsealed\n",
	  .is_implicit = true, .backend_starttls = true },
	{ "backend injects behind its +OK",
	  .steps = "!connect\nB> +OK x\nB< STLS\nB>=+OK go\\r\\n+OK\\r\\n\n" LOST
	           "!close backend-unsealed\n",
	  .is_implicit = true, .backend_starttls = true, .is_whole_only = true },
	{ "what it says before TLS is not passed on",
	  .steps = "!connect\nB> -ERR go to evil.example\n" LOST "!close backend-refused\n",
	  .is_implicit = true, .backend_starttls = true },
	{ "handshake with the backend fails",
	  .steps = "!connect\nB> +OK x\nB< STLS\nB> +OK go\n!fail tls\n" LOST
	           "!close backend-unsealed\n",
	  .is_implicit = true, .backend_starttls = true },
};

#define TOLD "B< XCLIENT ADDR=192.0.2.7 PORT=4711 SESSION=s1d\n"

static const struct transcript telling[] = {
	{ "XCLIENT",
	  .steps = UPGRADE "B> +OK [XCLIENT] Dovecot ready.\n" TOLD "C> NOOP\nB> +OK Updated\n" CAPS
	                   "C< +OK\n",
	  .client_info = CONV_INFO_XCLIENT },
	{ "backend does not offer it",
	  .steps = UPGRADE "B> +OK Dovecot ready.\n" LOST "!close backend-blind\n",
	  .client_info = CONV_INFO_XCLIENT },
	{ "backend refuses it",
	  .steps = UPGRADE "B> +OK [XCLIENT] x\n" TOLD "B> -ERR no\n" LOST "!close backend-blind\n",
	  .client_info = CONV_INFO_XCLIENT },
	{ "XCLIENT inside the backend's TLS only",
	  .steps = "!connect\nB> +OK [XCLIENT] x\nB< STLS\nB> +OK go\n!backend-tls\n" TOLD,
	  .client_info = CONV_INFO_XCLIENT, .is_implicit = true, .backend_starttls = true },
};

static const struct transcript login[] = {
	{ "USER and PASS",
	  .steps = OPEN "C> USER joe\nB< USER joe\nB> +OK\nC< +OK\nC> PASS  sec ret \n"
	                "B< PASS  sec ret \nB> +OK in\nC< +OK in\n!splice\n!user joe\n!unexposed\n"
	                "!eof backend\n!close ok\n" },
	{ "all sent at once",
	  .steps = OPEN "C>=USER joe\\r\\nPASS x\\r\\nLIST\\r\\n\nB< USER joe\nB> +OK\nC< +OK\n"
	                "B< PASS x\nB>=+OK in\\r\\nmore\\r\\n\nC< +OK in\n!splice\n" },
	{ "PASS without USER", .steps = OPEN "C> PASS x\nC< -ERR USER comes first\n" },
	/* Else a guess at joe would be put down to another name. */
	{ "PASS after another name", .steps =
	                                     OPEN "C> USER joe\nB< USER joe\nB> +OK\nC< +OK\n"
	                                          "C> APOP bob 0\nC< -ERR there is no APOP here\n"
	                                          "C> PASS x\nC< -ERR USER comes first\n"
	                                          "C> USER joe\nB< USER joe\nB> +OK\nC< +OK\n"
	                                          "C> AUTH PLAIN AGJvYgB4\nB< AUTH PLAIN AGJvYgB4\n"
	                                          "B> -ERR no\nC< -ERR no\n"
	                                          "C> PASS x\nC< -ERR USER comes first\n" },
	{ "PASS after a refused USER", .steps = OPEN
	                               "C> USER joe\nB< USER joe\nB> -ERR no\nC< -ERR no\n"
	                               "C> PASS x\nC< -ERR USER comes first\n" },
	{ "login fails, then too often",
	  .steps = OPEN "C> USER a\nB< USER a\nB> +OK\nC< +OK\nC> PASS 1\nB< PASS 1\n"
	                "B> -ERR [AUTH] no\nC< -ERR [AUTH] no\n"
	                "C> PASS 2\nC< -ERR USER comes first\n"
	                "C> AUTH PLAIN AGpvZQBzZWNyZXQ=\nB< AUTH PLAIN AGpvZQBzZWNyZXQ=\n"
	                "B> -ERR no\nC< -ERR no\n!user joe\nC> USER b\nB< USER b\nB> -ERR no\n"
	                "C< -ERR no\nC< -ERR too many failed logins\n!close login-failed\n" },
	{ "AUTH response by response",
	  .steps = OPEN "C> AUTH LOGIN\nB< AUTH LOGIN\nB> + VXNlcm5hbWU6\nC< + VXNlcm5hbWU6\n"
	                "C> am9l\nB< am9l\nB> + UGFzc3dvcmQ6\nC< + UGFzc3dvcmQ6\n"
	                "C> c2VjcmV0\nB< c2VjcmV0\nB> +OK in\nC< +OK in\n!splice\n!user joe\n" },
	{ "AUTH cancelled",
	  .steps =
	          OPEN "C> AUTH PLAIN\nB< AUTH PLAIN\nB> + \nC< + \nC> *\nB< *\nB> -ERR cancelled\n"
	               "C< -ERR cancelled\n" },
	{ "AUTH response does not decode: cancelled",
	  .steps = OPEN "C> AUTH PLAIN\nB< AUTH PLAIN\nB> + \nC< + \nC> RETR 1\nB< *\n" },
	{ "AUTH, backend is sure while the client thinks",
	  .steps = OPEN "C> AUTH PLAIN\nB< AUTH PLAIN\nB> + \nC< + \nB> +OK in\n" LOST
	                "!close backend-broken\n" },
	{ "AUTH that makes no sense",
	  .steps = OPEN "C> AUTH\nC< -ERR invalid AUTH\nC> AUTH PL*AIN\nC< -ERR invalid AUTH\n"
	                "C> AUTH PLAIN not64\nC< -ERR invalid AUTH\n"
	                "C> AUTH PLAIN = x\nC< -ERR invalid AUTH\n" },
	{ "-PLUS is not for us",
	  .steps = OPEN "C> AUTH SCRAM-SHA-256-PLUS\nC< -ERR no channel binding here\n" },
	{ "UTF8 and LANG", .steps = OPEN
	                   "C> UTF8\nB< UTF8\nB> +OK\nC< +OK\nC> LANG de\nB< LANG de\nB> -ERR no\n"
	                   "C< -ERR no\nC> LANG\nB< LANG\nB> +OK list\nC< +OK list\nB> en English\n"
	                   "C< en English\nB> .\nC< .\nC> NOOP\nC< +OK\n" },
	{ "a + nobody waits for",
	  .steps = OPEN "C> USER a\nB< USER a\nB> + \n" LOST "!close backend-broken\n" },
	{ "a reply nobody waits for", .steps = OPEN "B> +OK\n" LOST "!close backend-broken\n" },
	{ "backend says goodbye", .steps = OPEN "B> -ERR idle\nC< -ERR idle\n!close "
	                                        "backend-refused\n" },
	{ "backend closes in the middle",
	  .steps = OPEN "C> USER a\nB< USER a\n!eof backend\n" LOST "!close backend-broken\n" },
};

static const struct transcript exception[] = {
	{ "USER and PASS in clear by exception, counted",
	  .steps = GREETING "C> CAPA\nC< +OK capability list follows\nC< STLS\nC< RESP-CODES\n"
	                    "C< USER\nC< SASL PLAIN\nC< .\n"
	                    "C> USER joe\n!connect\nC> PASS secret\nB> +OK x\n" CAPS
	                    "B< USER joe\n!exposed joe USER/PASS tried\nB> +OK\nC< +OK\n"
	                    "B< PASS secret\n!exposed joe USER/PASS sent\nB> -ERR no\nC< -ERR no\n"
	                    "C> STLS\nC< -ERR STLS is not possible now\n",
	  .may_login_plain = true, .learnt = "UIDL\nSASL PLAIN X-PLUS" },
	{ "AUTH in clear by exception, counted",
	  .steps = GREETING "C> AUTH PLAIN AGpvZQBzZWNyZXQ=\n!connect\nB> +OK x\n" CAPS
	                    "B< AUTH PLAIN AGpvZQBzZWNyZXQ=\nB> +OK in\nC< +OK in\n!splice\n"
	                    "!exposed joe PLAIN sent\n",
	  .may_login_plain = true },
};

static void test_edge_before_tls(void **state)
{
	(void)state;
	transcripts_run(&pop3_edge_ops, before_tls, COUNT_OF(before_tls));
}

/* Without a client; nobody hears of what fails. */
static const struct transcript learning[] = {
	{ "capabilities",
	  .steps = "!connect\nB> +OK x\nB< CAPA\nB> +OK\nB> UIDL\nB> SASL PLAIN\nB> .\nB< QUIT\n"
	           "!seen UIDL/SASL PLAIN\n!close ok\n",
	  .is_learning = true },
	{ "who is there is not said",
	  .steps = "!connect\nB> +OK [XCLIENT] x\nB< CAPA\nB> +OK\nB> .\nB< QUIT\n!close ok\n",
	  .is_learning = true, .client_info = CONV_INFO_XCLIENT },
	{ "a server without CAPA",
	  .steps = "!connect\nB> +OK x\nB< CAPA\nB> -ERR what\nB< QUIT\n!seen USER\n!close ok\n",
	  .is_learning = true },
	{ "behind STLS",
	  .steps = "!connect\nB> +OK x\nB< STLS\nB> +OK go\n!backend-tls\nB< CAPA\nB> +OK\n"
	           "B> UIDL\nB> .\nB< QUIT\n!seen UIDL\n!close ok\n",
	  .is_learning = true, .backend_starttls = true },
	{ "without STLS",
	  .steps = "!connect\nB> +OK x\nB< STLS\nB> -ERR no\n!close backend-unsealed\n",
	  .is_learning = true, .backend_starttls = true },
	{ "refused", .steps = "!connect\nB> -ERR go away\n!close backend-refused\n",
	  .is_learning = true },
	{ "silent", .steps = "!connect\n!expire idle\n!close backend-broken\n",
	  .is_learning = true },
	{ "down", .steps = "!fail connect\n!close backend-down\n", .is_learning = true },
};

static void test_edge_learning(void **state)
{
	(void)state;
	transcripts_run(&pop3_edge_ops, learning, COUNT_OF(learning));
}

static void test_edge_opening(void **state)
{
	(void)state;
	transcripts_run(&pop3_edge_ops, opening, COUNT_OF(opening));
	transcripts_run(&pop3_edge_ops, sealing, COUNT_OF(sealing));
	transcripts_run(&pop3_edge_ops, telling, COUNT_OF(telling));
}

static void test_edge_login(void **state)
{
	(void)state;
	transcripts_run(&pop3_edge_ops, login, COUNT_OF(login));
	transcripts_run(&pop3_edge_ops, exception, COUNT_OF(exception));
}

/* A line of len bytes in all, without end: refused as soon as it is over its limit. */
static void check_long_line(const char *start, size_t len, bool is_refused)
{
	char *steps;
	CLEAN(freep) char *filler = malloc(len + 1);
	memset(filler, 'A', len);
	filler[len - strlen(start)] = '\0';
	assert_true(asprintf(&steps, GREETING "C>=%s%s\n%s", start, filler,
	                     is_refused ? "C< -ERR line too long\n!close too-long\n" : "") > 0);
	struct transcript t = { .name = "long line", .steps = steps };
	transcripts_run(&pop3_edge_ops, &t, 1);
	free(steps);
}

static void test_edge_long_lines(void **state)
{
	(void)state;
	check_long_line("NOOP ", 1023, false);
	check_long_line("NOOP ", 1024, true);
	check_long_line("AUTH PLAIN ", 12287, false);
	check_long_line("AUTH PLAIN ", 12288, true);
}

static void test_edge_backend_floods(void **state)
{
	(void)state;
	char steps[16384] = UPGRADE "B> +OK\nB< CAPA\nB> +OK\n";
	for (int i = 0; i < 499; i++)
		strcat(steps, "B> X-LINE\n");
	strcat(steps, LOST "!close backend-broken\n");
	struct transcript t = { .name = "flood", .steps = steps };
	transcripts_run(&pop3_edge_ops, &t, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edge_before_tls),     cmocka_unit_test(test_edge_opening),
		cmocka_unit_test(test_edge_login),          cmocka_unit_test(test_edge_long_lines),
		cmocka_unit_test(test_edge_backend_floods), cmocka_unit_test(test_edge_learning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
