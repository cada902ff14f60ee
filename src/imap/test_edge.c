#include "base/clean.h"
#include "conv/test_transcript.h"
#include "imap/edge.h"

#define GREETING                                                                                   \
	"C< * OK [CAPABILITY IMAP4rev1 LITERAL+ ID STARTTLS LOGINDISABLED] mail.example.org "      \
	"ready\n"
#define UPGRADE GREETING "C> s STARTTLS\nC< s OK Begin TLS negotiation now\n!client-tls\n!connect\n"
#define BACKEND_CAPS                                                                               \
	"IMAP4rev1 SASL-IR LITERAL+ ID STARTTLS LOGINDISABLED AUTH=PLAIN AUTH=SCRAM-SHA-256-PLUS"
#define CLIENT_CAPS "IMAP4rev1 SASL-IR LITERAL+ ID AUTH=PLAIN"
#define OPEN UPGRADE "B> * OK [CAPABILITY " BACKEND_CAPS "] Dovecot ready.\n"
#define OPEN_POOR UPGRADE "B> * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] poor\n"
#define LOST "C< * BYE [UNAVAILABLE] the mail server cannot be reached, try later\n"
#define PRIVACY " NO [PRIVACYREQUIRED] no login without TLS\n"

static const struct transcript before_tls[] = {
	{ "capability, noop, id, logout",
	  .steps = GREETING
	  "C> a CAPABILITY\n"
	  "C< * CAPABILITY IMAP4rev1 LITERAL+ ID STARTTLS LOGINDISABLED\n"
	  "C< a OK CAPABILITY completed\n"
	  "C> b noop\nC< b OK NOOP completed\n"
	  "C> c ID (\"name\" \"Mutt\" \"version\" \"2.2\" \"x-originating-ip\" \"1.2.3.4\")\n"
	  "C< * ID NIL\nC< c OK ID completed\n!software Mutt 2.2\n"
	  "C> d ID NIL\nC< * ID NIL\nC< d OK ID completed\n"
	  "C> e LOGOUT\nC< * BYE logging out\nC< e OK LOGOUT completed\n!close ok\n!unexposed\n" },
	{ "no certificate, no STARTTLS",
	  .steps = "C< * OK [CAPABILITY IMAP4rev1 LITERAL+ ID LOGINDISABLED] mail.example.org "
	           "ready\n"
	           "C> a STARTTLS\nC< a BAD STARTTLS is not possible now\n",
	  .has_no_certificate = true },
	{ "LOGIN in clear", .steps = GREETING "C> a LOGIN joe secret\nC< a" PRIVACY
	                                      "!user joe\n!exposed joe LOGIN sent\n" },
	{ "LOGIN in clear, quoted", .steps = GREETING
	                            "C> a LOGIN \"j\\\"oe\" \"sec ret\"\nC< a" PRIVACY
	                            "!exposed j\"oe LOGIN sent\n" },
	{ "LOGIN in clear, password not asked for",
	  .steps = GREETING "C> a LOGIN joe {6}\nC< a" PRIVACY "!exposed joe LOGIN tried\n" },
	{ "LOGIN in clear, name not asked for",
	  .steps = GREETING "C> a LOGIN {3}\nC< a" PRIVACY "!exposed  LOGIN tried\n" },
	{ "LOGIN in clear, literals unasked are swallowed",
	  .steps = GREETING "C>=a LOGIN {3+}\\r\\njoe {6+}\\r\\nsecret\\r\\n\nC< a" PRIVACY
	                    "!exposed joe LOGIN sent\nC> b NOOP\nC< b OK NOOP completed\n" },
	{ "LOGIN in clear, does not parse", .steps = GREETING
	                                    "C> a LOGIN joe \"sec\\ret\"\nC< a" PRIVACY
	                                    "!exposed joe LOGIN sent\n" },
	{ "LOGIN in clear, later try does not hide the password",
	  .steps = GREETING "C> a LOGIN joe secret\nC< a" PRIVACY "C> b LOGIN ann {3}\nC< b" PRIVACY
	                    "!exposed joe LOGIN sent\n" },
	{ "AUTHENTICATE in clear, response sent along",
	  .steps = GREETING "C> a AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\nC< a" PRIVACY
	                    "!exposed joe PLAIN sent\n" },
	{ "AUTHENTICATE in clear, mechanism only",
	  .steps = GREETING "C> a authenticate login\nC< a" PRIVACY "!exposed  LOGIN tried\n" },
	{ "LOGIN tried too often", .steps = GREETING
	                           "C> a LOGIN {3}\nC< a" PRIVACY "C> a LOGIN {3}\nC< a" PRIVACY
	                           "C> a LOGIN {3}\nC< a" PRIVACY "C> a LOGIN {3}\nC< a" PRIVACY
	                           "C> a LOGIN {3}\nC< a" PRIVACY
	                           "C< * BYE too many errors\n!close bad-syntax\n" },
	{ "injection behind STARTTLS",
	  .steps = GREETING "C>=a STARTTLS\\r\\nb NOOP\\r\\n\n"
	                    "C< * BYE input after STARTTLS is refused\n!close starttls-injection\n",
	  .is_whole_only = true },
	{ "injection behind STARTTLS, half a line",
	  .steps = GREETING "C>=a STARTTLS\\r\\nb\n"
	                    "C< * BYE input after STARTTLS is refused\n!close starttls-injection\n",
	  .is_whole_only = true },
	{ "STARTTLS with arguments",
	  .steps = GREETING "C> a STARTTLS now\nC< a BAD STARTTLS is not possible now\n" },
	{ "bare LF",
	  .steps = GREETING "C>=a NOOP\\n\nC< * BYE lines end in CRLF\n!close smuggling\n" },
	{ "bare CR", .steps = GREETING
	             "C>=a LOGIN joe\\rx y\\r\\n\nC< * BYE lines end in CRLF\n!close smuggling\n" },
	{ "HTTP request",
	  .steps = GREETING "C> GET /secret HTTP/1.1\nC< * BYE this is IMAP\n!close bad-syntax\n" },
	{ "PROXY header",
	  .steps = GREETING
	  "C> PROXY TCP4 1.2.3.4 1.2.3.4 1 2\nC< * BYE this is IMAP\n!close bad-syntax\n" },
	{ "no tag is reflected that is none",
	  .steps = GREETING "C> *\nC< * BAD invalid tag\nC> \nC< * BAD invalid tag\n"
	                    "C> a+ NOOP\nC< * BAD invalid tag\nC> {9}\nC< * BAD invalid tag\n" },
	{ "tag alone", .steps = GREETING "C> a\nC< a BAD unknown command, or not before login\n" },
	{ "unknown commands", .steps = GREETING
	                      "C> a SELECT INBOX\nC< a BAD unknown command, or not before login\n"
	                      "C> b ENABLE UTF8\nC< b BAD unknown command, or not before login\n"
	                      "C> c UNAUTHENTICATE\nC< c BAD unknown command, or not before login\n"
	                      "C> d APPEND x {3}\nC< d BAD no literal here\n"
	                      "C> e NOOP {3}\nC< e BAD no literal here\n"
	                      "C< * BYE too many errors\n!close bad-syntax\n" },
	{ "literal too large",
	  .steps =
	          GREETING "C> a ID {2049}\nC< a NO [TOOBIG] literal too large\n"
	                   "C> b ID {99999999999999999999999}\nC< b NO [TOOBIG] literal too large\n"
	                   "C> c NOOP\nC< c OK NOOP completed\n" },
	{ "literal too large, unasked",
	  .steps = GREETING
	  "C> a ID {2049+}\nC< * BYE [TOOBIG] literal too large\n!close too-long\n" },
	{ "literals too large in sum", .steps = GREETING
	                               "C>=a ID ({2+}\\r\\nab {2047+}\\r\\n\n"
	                               "C< * BYE [TOOBIG] literal too large\n!close too-long\n" },
	{ "ID with literals", .steps = GREETING
	                      "C> a ID ({4}\nC< + OK\nC>=name {4}\\r\\n\nC< + OK\nC>=Mutt)\\r\\n\n"
	                      "C< * ID NIL\nC< a OK ID completed\n!software Mutt\n" },
	{ "ID that is none",
	  .steps =
	          GREETING "C> a ID\nC< a BAD invalid ID\nC> a ID (\"name\")\nC< a BAD invalid ID\n"
	                   "C> a ID ((\"a\" \"b\"))\nC< a BAD invalid ID\n"
	                   "C> a ID \"a\nC< a BAD invalid arguments\n" },
	{ "client leaves", .steps = GREETING "!eof client\n!close client-gone\n" },
	{ "idle", .steps = GREETING "!expire idle\nC< * BYE idle for too long\n!close timeout\n" },
	{ "drained", .steps = GREETING
	             "!expire drain\nC< * BYE [UNAVAILABLE] shutting down, connect again\n!close "
	             "drained\n" },
	{ "nothing is said into a handshake",
	  .steps = GREETING
	  "C> s STARTTLS\nC< s OK Begin TLS negotiation now\n!expire drain\n!close "
	  "drained\n" },
};

static const struct transcript opening[] = {
	{ "STARTTLS, capabilities in the greeting",
	  .steps = OPEN
	  "C> a CAPABILITY\nC< * CAPABILITY " CLIENT_CAPS "\nC< a OK CAPABILITY completed\n"
	  "!seen " BACKEND_CAPS "\nC> b STARTTLS\nC< b BAD STARTTLS is not possible now\n"
	  "C> c LOGOUT\nC< * BYE logging out\nC< c OK LOGOUT completed\nB< E9 LOGOUT\n!close "
	  "ok\n" },
	{ "commands wait for the backend",
	  .steps = GREETING "C> s STARTTLS\nC< s OK Begin TLS negotiation now\n!client-tls\n"
	                    "C> a CAPABILITY\n!connect\nC> b NOOP\n"
	                    "B> * OK [CAPABILITY IMAP4rev1 STARTTLS] x\n"
	                    "C< * CAPABILITY IMAP4rev1\nC< a OK CAPABILITY completed\n"
	                    "C< b OK NOOP completed\n" },
	{ "capabilities asked for",
	  .steps = UPGRADE "B> * OK hello\nB< E1 CAPABILITY\nB> * CAPABILITY IMAP4rev1 AUTH=PLAIN\n"
	                   "B> E1 OK done\n!seen IMAP4rev1 AUTH=PLAIN\n" },
	{ "capabilities refused", .steps = UPGRADE
	                          "B> * OK hello\nB< E1 CAPABILITY\nB> E1 BAD what\n" LOST
	                          "!close backend-broken\n" },
	{ "capabilities, none came", .steps = UPGRADE
	                             "B> * OK hello\nB< E1 CAPABILITY\nB> E1 OK done\n" LOST
	                             "!close backend-broken\n" },
	{ "implicit TLS: greeting behind the backend's",
	  .steps = "!connect\nB> * OK [CAPABILITY " BACKEND_CAPS "] Dovecot\n"
	           "C< * OK [CAPABILITY " CLIENT_CAPS "] mail.example.org ready\n",
	  .is_implicit = true },
	{ "-PLUS stays where the backend binds to our TLS",
	  .steps = "!connect\nB> * OK [CAPABILITY " BACKEND_CAPS "] Dovecot\n"
	           "C< * OK [CAPABILITY " CLIENT_CAPS
	           " AUTH=SCRAM-SHA-256-PLUS] mail.example.org ready\n"
	           "C> a AUTHENTICATE SCRAM-SHA-256-PLUS\nB< a AUTHENTICATE SCRAM-SHA-256-PLUS\n",
	  .is_implicit = true, .plus_is_bound = true },
	{ "implicit TLS: client speaks first",
	  .steps =
	          "C> a NOOP\n!connect\nB> * OK [CAPABILITY IMAP4rev1] x\n"
	          "C< * OK [CAPABILITY IMAP4rev1] mail.example.org ready\nC< a OK NOOP completed\n",
	  .is_implicit = true },
	{ "backend says BYE",
	  .steps = UPGRADE "B> * BYE too busy\nC< * BYE too busy\n!close backend-refused\n" },
	{ "backend says BYE with a referral",
	  .steps = UPGRADE
	  "B> * BYE [REFERRAL imap://evil/] go\nC< * BYE go\n!close backend-refused\n" },
	{ "backend says PREAUTH",
	  .steps = UPGRADE "B> * PREAUTH root here\n" LOST "!close backend-broken\n" },
	{ "backend says rubbish", .steps = UPGRADE "B> 220 smtp\n" LOST "!close backend-broken\n" },
	{ "backend ends lines wrongly",
	  .steps = UPGRADE "B>=* OK x\\n\n" LOST "!close backend-broken\n" },
	{ "backend closes", .steps = UPGRADE "!eof backend\n" LOST "!close backend-broken\n" },
	{ "backend is silent", .steps = UPGRADE "!expire idle\n" LOST "!close backend-broken\n" },
	{ "backend is down, implicit TLS", .steps = "!fail connect\n" LOST "!close backend-down\n",
	  .is_implicit = true },
	{ "backend does not expect PROXY", .steps = "!fail proxy\n" LOST "!close backend-blind\n",
	  .is_implicit = true },
};

#define SEAL                                                                                       \
	"!connect\nB> * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=EVIL] x\nB< E2 STARTTLS\nB> E2 OK " \
	"go\n"

static const struct transcript sealing[] = {
	{ "backend STARTTLS, what it said before is forgotten",
	  .steps = SEAL
	  "!backend-tls\nB< E3 CAPABILITY\nB> * CAPABILITY IMAP4rev1 AUTH=PLAIN\nB> E3 OK done\n"
	  "C< * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] mail.example.org ready\n"
	  "!seen IMAP4rev1 AUTH=PLAIN\n",
	  .is_implicit = true, .backend_starttls = true },
	{ "backend STARTTLS, asked for",
	  .steps = "!connect\nB> * OK x\nB< E1 CAPABILITY\nB> * CAPABILITY IMAP4rev1 STARTTLS\nB> "
	           "E1 OK x\n"
	           "B< E2 STARTTLS\n!seen \n",
	  .is_implicit = true, .backend_starttls = true },
	{ "backend without STARTTLS",
	  .steps = "!connect\nB> * OK [CAPABILITY IMAP4rev1] x\n" LOST
	           "!close backend-unsealed\n!seen \n",
	  .is_implicit = true, .backend_starttls = true },
	{ "backend without STARTTLS, asked for",
	  .steps = "!connect\nB> * OK x\nB< E1 CAPABILITY\nB> * CAPABILITY IMAP4rev1\nB> E1 OK "
	           "x\n" LOST "!close backend-unsealed\n",
	  .is_implicit = true, .backend_starttls = true },
	{ "backend refuses STARTTLS",
	  .steps = "!connect\nB> * OK [CAPABILITY STARTTLS] x\nB< E2 STARTTLS\nB> E2 NO not "
	           "now\n" LOST "!close backend-unsealed\n",
	  .is_implicit = true, .backend_starttls = true },
	{ "backend injects behind its OK",
	  .steps = "!connect\nB> * OK [CAPABILITY STARTTLS] x\nB< E2 STARTTLS\n"
	           "B>=E2 OK go\\r\\n* CAPABILITY AUTH=EVIL\\r\\n\n" LOST
	           "!close backend-unsealed\n",
	  .is_implicit = true, .backend_starttls = true, .is_whole_only = true },
	{ "backend PREAUTH before TLS",
	  .steps = "!connect\nB> * PREAUTH x\n" LOST "!close backend-unsealed\n",
	  .is_implicit = true, .backend_starttls = true },
	{ "backend BYE before TLS is not passed on",
	  .steps = "!connect\nB> * BYE go to evil.example\n" LOST "!close backend-refused\n",
	  .is_implicit = true, .backend_starttls = true },
	{ "handshake with the backend fails",
	  .steps = SEAL "!fail tls\n" LOST "!close backend-unsealed\n", .is_implicit = true,
	  .backend_starttls = true },
};

#define TOLD                                                                                       \
	"B< E4 ID (\"x-originating-ip\" \"192.0.2.7\" \"x-originating-port\" \"4711\""             \
	" \"x-connected-ip\" \"192.0.2.25\" \"x-connected-port\" \"143\" \"x-session-id\" "        \
	"\"s1d\")\n"

static const struct transcript telling[] = {
	{ "ID before anything of the client's",
	  .steps = OPEN TOLD "C> a NOOP\nB> * ID NIL\nB> E4 OK thanks\nC< a OK NOOP completed\n",
	  .client_info = CONV_INFO_ID },
	{ "backend has no ID", .steps = OPEN_POOR LOST "!close backend-blind\n",
	  .client_info = CONV_INFO_ID },
	{ "backend refuses ID",
	  .steps = OPEN TOLD "B> E4 NO who are you\n" LOST "!close backend-blind\n",
	  .client_info = CONV_INFO_ID },
	{ "client's ID goes on without x- fields",
	  .steps = OPEN
	  "C> a ID (\"name\" \"A \\\"B\\\"\" \"X-Originating-IP\" \"127.0.0.1\" \"os\" NIL"
	  " \"x-session-id\" \"f\")\n"
	  "B< a ID (\"name\" \"A \\\"B\\\"\" \"os\" NIL)\n"
	  "B> * ID (\"name\" \"Dovecot\")\nC< * ID (\"name\" \"Dovecot\")\n"
	  "B> a OK done\nC< a OK done\nC> b NOOP\nC< b OK NOOP completed\n" },
	{ "client's ID, x- fields only, as literals",
	  .steps = OPEN "C>=a ID ({10+}\\r\\nX-Proxy-Tl {1+}\\r\\n9)\\r\\n\nB< a ID NIL\n" },
	{ "client's ID, backend has none",
	  .steps = OPEN_POOR "C> a ID (\"name\" \"A\")\nC< * ID NIL\nC< a OK ID completed\n" },
};

static const struct transcript login[] = {
	{ "LOGIN",
	  .steps = OPEN
	  "C> a LOGIN joe secret\nB< a LOGIN \"joe\" \"secret\"\n"
	  "B> * CAPABILITY IMAP4rev1 IDLE AUTH=X-PLUS\nC< * CAPABILITY IMAP4rev1 IDLE\n"
	  "B> a OK [CAPABILITY IMAP4rev1 IDLE] in\nC< a OK [CAPABILITY IMAP4rev1 IDLE] in\n"
	  "!splice\n!user joe\n!unexposed\n!eof client\n!close ok\n" },
	{ "LOGIN, quotes and backslashes",
	  .steps =
	          OPEN "C> a login \"jo\\\\e\" \"se\\\"c\"\nB< a LOGIN \"jo\\\\e\" \"se\\\"c\"\n" },
	{ "LOGIN, empty password", .steps = OPEN "C> a LOGIN joe \"\"\nB< a LOGIN \"joe\" \"\"\n" },
	{ "LOGIN with literals becomes quoted",
	  .steps = OPEN "C> a LOGIN {3}\nC< + OK\nC>=joe {6}\\r\\n\nC< + OK\nC> secret\n"
	                "B< a LOGIN \"joe\" \"secret\"\n" },
	{ "LOGIN with bytes that cannot be quoted, LITERAL+",
	  .steps = OPEN
	  "C>=a LOGIN joe {5+}\\r\\ns\\r\\nec\\r\\n\nB< a LOGIN \"joe\" {5+}\nB< s\nB< ec\n" },
	{ "LOGIN, eight bit, no LITERAL+",
	  .steps = OPEN_POOR
	  "C> a LOGIN \"jo\xc3\xa9\" \"s\xc3\xa9\"\nB< a LOGIN {4}\nB> + go\n"
	  "B< jo\xc3\xa9 {3}\nB> + go\nB< s\xc3\xa9\nB> a OK in\nC< a OK in\n!splice\n"
	  "!user jo??\n" },
	{ "LOGIN, backend refuses the literal",
	  .steps = OPEN_POOR "C> a LOGIN \"jo\xc3\xa9\" x\nB< a LOGIN {4}\nB> a NO no\nC< a NO no\n"
	                     "C> b NOOP\nC< b OK NOOP completed\n" },
	{ "LOGIN, backend is sure too early",
	  .steps = OPEN_POOR "C> a LOGIN \"jo\xc3\xa9\" x\nB< a LOGIN {4}\nB> a OK in\n" LOST
	                     "!close backend-broken\n" },
	{ "LOGIN, a literal with NUL",
	  .steps = OPEN "C>=a LOGIN joe {3+}\\r\\na\\0b\\r\\n\nC< a BAD invalid arguments\n" },
	{ "LOGIN with too little or too much",
	  .steps = OPEN "C> a LOGIN joe\nC< a BAD LOGIN takes name and password\n"
	                "C> a LOGIN joe a b\nC< a BAD LOGIN takes name and password\n"
	                "C> a LOGIN (joe a)\nC< a BAD LOGIN takes name and password\n" },
	{ "LOGIN fails, then too often",
	  .steps = OPEN
	  "C> a LOGIN joe 1\nB< a LOGIN \"joe\" \"1\"\nB> a NO [AUTHENTICATIONFAILED] no\n"
	  "C< a NO [AUTHENTICATIONFAILED] no\n"
	  "C> b LOGIN joe 2\nB< b LOGIN \"joe\" \"2\"\nB> b BAD no\nC< b BAD no\n"
	  "C> c LOGIN joe 3\nB< c LOGIN \"joe\" \"3\"\n"
	  "B> c NO [REFERRAL imap://evil/] moved\nC< c NO moved\n"
	  "C< * BYE too many failed logins\n!close login-failed\n" },
	{ "commands behind LOGIN stay for the splice",
	  .steps = OPEN "C>=a LOGIN joe x\\r\\nb SELECT INBOX\\r\\n\nB< a LOGIN \"joe\" \"x\"\n"
	                "B>=a OK in\\r\\n* 3 EXISTS\\r\\n\nC< a OK in\n!splice\n" },
	{ "wrong tag", .steps = OPEN "C> a LOGIN joe x\nB< a LOGIN \"joe\" \"x\"\nB> b OK in\n" LOST
	                             "!close backend-broken\n" },
	{ "mailbox data before login",
	  .steps = OPEN "C> a LOGIN joe x\nB< a LOGIN \"joe\" \"x\"\nB> * 3 EXISTS\n" LOST
	                "!close backend-broken\n" },
	{ "a + nobody waits for", .steps = OPEN
	                          "C> a LOGIN joe x\nB< a LOGIN \"joe\" \"x\"\nB> + \n" LOST
	                          "!close backend-broken\n" },
	{ "PREAUTH late", .steps = OPEN "B> * PREAUTH x\n" LOST "!close backend-broken\n" },
	{ "ID nobody asked for", .steps = OPEN "B> * ID NIL\n" LOST "!close backend-broken\n" },
	{ "backend says BYE later",
	  .steps = OPEN "B> * BYE idle\nC< * BYE idle\n!close backend-refused\n" },
	{ "backend warns",
	  .steps = OPEN
	  "B> * NO [ALERT] disk\nC< * NO [ALERT] disk\n"
	  "B> * OK [CAPABILITY IMAP4rev1 STARTTLS] x\nC< * OK [CAPABILITY IMAP4rev1] x\n" },
	{ "backend closes in the middle",
	  .steps = OPEN "C> a LOGIN joe x\nB< a LOGIN \"joe\" \"x\"\n!eof backend\n" LOST
	                "!close backend-broken\n" },
	{ "drained in the middle",
	  .steps = OPEN "C> a LOGIN joe x\nB< a LOGIN \"joe\" \"x\"\n!expire drain\n"
	                "C< * BYE [UNAVAILABLE] shutting down, connect again\n!close drained\n" },
};

static const struct transcript authenticate[] = {
	{ "with initial response",
	  .steps = OPEN
	  "C> a AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\nB< a AUTHENTICATE PLAIN "
	  "AGpvZQBzZWNyZXQ=\nB> a OK in\nC< a OK in\n!splice\n!user joe\n!unexposed\n" },
	{ "with initial response, backend without SASL-IR",
	  .steps = OPEN_POOR
	  "C> a AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\nB< a AUTHENTICATE PLAIN\nB> + \n"
	  "B< AGpvZQBzZWNyZXQ=\nB> a OK in\nC< a OK in\n!splice\n" },
	{ "with empty initial response, backend without SASL-IR",
	  .steps = OPEN_POOR
	  "C> a AUTHENTICATE EXTERNAL =\nB< a AUTHENTICATE EXTERNAL\nB> + \nB< \n" },
	{ "response by response",
	  .steps =
	          OPEN "C> a AUTHENTICATE LOGIN\nB< a AUTHENTICATE LOGIN\nB> + VXNlcm5hbWU6\n"
	               "C< + VXNlcm5hbWU6\nC> am9l\nB< am9l\nB> + UGFzc3dvcmQ6\nC< + UGFzc3dvcmQ6\n"
	               "C> c2VjcmV0\nB< c2VjcmV0\nB> a OK in\nC< a OK in\n!splice\n!user joe\n" },
	{ "all sent at once",
	  .steps = OPEN
	  "C>=a AUTHENTICATE PLAIN\\r\\nAGpvZQBzZWNyZXQ=\\r\\n\nB< a AUTHENTICATE PLAIN\n"
	  "B> + \nC< + \nB< AGpvZQBzZWNyZXQ=\nB> a NO no\nC< a NO no\n!user joe\n" },
	{ "cancelled",
	  .steps = OPEN
	  "C> a AUTHENTICATE PLAIN\nB< a AUTHENTICATE PLAIN\nB> + \nC< + \nC> *\nB< *\n"
	  "B> a BAD cancelled\nC< a BAD cancelled\n" },
	{ "response does not decode: cancelled",
	  .steps = OPEN "C> a AUTHENTICATE PLAIN\nB< a AUTHENTICATE PLAIN\nB> + \nC< + \n"
	                "C> b SELECT INBOX\nB< *\nB> a BAD cancelled\nC< a BAD cancelled\n" },
	{ "response with a bare LF",
	  .steps = OPEN "C> a AUTHENTICATE PLAIN\nB< a AUTHENTICATE PLAIN\nB> + \nC< + \nC>=AG\\n\n"
	                "C< * BYE lines end in CRLF\n!close smuggling\n" },
	{ "backend gives up while the client thinks",
	  .steps = OPEN
	  "C> a AUTHENTICATE PLAIN\nB< a AUTHENTICATE PLAIN\nB> + \nC< + \nB> a NO late\n"
	  "C< a NO late\nC> b NOOP\nC< b OK NOOP completed\n" },
	{ "backend is sure while the client thinks",
	  .steps = OPEN
	  "C> a AUTHENTICATE PLAIN\nB< a AUTHENTICATE PLAIN\nB> + \nC< + \nB> a OK in\n" LOST
	  "!close backend-broken\n" },
	{ "-PLUS is not for us",
	  .steps = OPEN "C> a AUTHENTICATE SCRAM-SHA-256-PLUS\nC< a NO no channel binding here\n" },
	{ "makes no sense", .steps = OPEN
	                    "C> a AUTHENTICATE\nC< a BAD invalid AUTHENTICATE\n"
	                    "C> a AUTHENTICATE \"PLAIN\"\nC< a BAD invalid AUTHENTICATE\n"
	                    "C> a AUTHENTICATE PL*AIN\nC< a BAD invalid AUTHENTICATE\n"
	                    "C> a AUTHENTICATE PLAIN not64\nC< a BAD invalid AUTHENTICATE\n" },
};

#define EXCEPTION                                                                                  \
	"C< * OK [CAPABILITY IMAP4rev1 LITERAL+ ID STARTTLS AUTH=PLAIN] mail.example.org ready\n"

static const struct transcript exception[] = {
	{ "LOGIN in clear by exception, counted",
	  .steps = EXCEPTION
	  "C> a LOGIN {3}\nC< + OK\nC>=joe secret\\r\\n\n!connect\nC> b NOOP\n"
	  "B> * OK [CAPABILITY IMAP4rev1 STARTTLS] x\nB< a LOGIN \"joe\" \"secret\"\n"
	  "B> a OK in\nC< a OK in\n!splice\n!exposed joe LOGIN sent\n",
	  .may_login_plain = true, .learnt = BACKEND_CAPS },
	{ "AUTHENTICATE in clear by exception, counted",
	  .steps = EXCEPTION
	  "C> a AUTHENTICATE LOGIN\n!connect\n!exposed  LOGIN tried\n"
	  "B> * OK [CAPABILITY IMAP4rev1] x\nB< a AUTHENTICATE LOGIN\nB> + \nC< + \n"
	  "C> am9l\nB< am9l\nB> + \nC< + \n!exposed joe LOGIN tried\n"
	  "C> c2VjcmV0\nB< c2VjcmV0\n!exposed joe LOGIN sent\nB> a NO no\nC< a NO no\n"
	  "C> b STARTTLS\nC< b BAD STARTTLS is not possible now\n",
	  .may_login_plain = true, .learnt = BACKEND_CAPS },
	{ "STARTTLS in spite of an exception",
	  .steps = EXCEPTION
	  "C> s STARTTLS\nC< s OK Begin TLS negotiation now\n!client-tls\n!unexposed\n",
	  .may_login_plain = true, .learnt = BACKEND_CAPS },
	{ "backend down under an exception",
	  .steps = EXCEPTION "C> a LOGIN joe secret\n!fail connect\n" LOST "!close backend-down\n",
	  .may_login_plain = true, .learnt = BACKEND_CAPS },
};

static void test_edge_before_tls(void **state)
{
	(void)state;
	transcripts_run(&imap_edge_ops, before_tls, COUNT_OF(before_tls));
}

/* Without a client; nobody hears of what fails. */
static const struct transcript learning[] = {
	{ "capabilities in the greeting",
	  .steps = "!connect\nB> * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] x\nB< E9 LOGOUT\n"
	           "!seen IMAP4rev1 AUTH=PLAIN\n!close ok\n",
	  .is_learning = true },
	{ "capabilities asked for; who is there is not said",
	  .steps = "!connect\nB> * OK x\nB< E1 CAPABILITY\nB> * CAPABILITY IMAP4rev1 ID\n"
	           "B> E1 OK done\nB< E9 LOGOUT\n!seen IMAP4rev1 ID\n!close ok\n",
	  .is_learning = true, .client_info = CONV_INFO_ID },
	{ "behind STARTTLS",
	  .steps = "!connect\nB> * OK [CAPABILITY IMAP4rev1 STARTTLS EVIL] x\nB< E2 STARTTLS\n"
	           "B> E2 OK go\n!backend-tls\nB< E3 CAPABILITY\nB> * CAPABILITY IMAP4rev1 "
	           "AUTH=PLAIN\nB> E3 OK done\nB< E9 LOGOUT\n!seen IMAP4rev1 AUTH=PLAIN\n"
	           "!close ok\n",
	  .is_learning = true, .backend_starttls = true },
	{ "without STARTTLS",
	  .steps = "!connect\nB> * OK [CAPABILITY IMAP4rev1] x\n!close backend-unsealed\n",
	  .is_learning = true, .backend_starttls = true },
	{ "refused", .steps = "!connect\nB> * BYE go away\n!close backend-refused\n",
	  .is_learning = true },
	{ "rubbish", .steps = "!connect\nB> +OK x\n!close backend-broken\n", .is_learning = true },
	{ "silent", .steps = "!connect\n!expire idle\n!close backend-broken\n",
	  .is_learning = true },
	{ "gone",
	  .steps = "!connect\nB> * OK x\nB< E1 CAPABILITY\n!eof backend\n"
	           "!close backend-broken\n",
	  .is_learning = true },
	{ "down", .steps = "!fail connect\n!close backend-down\n", .is_learning = true },
};

static void test_edge_learning(void **state)
{
	(void)state;
	transcripts_run(&imap_edge_ops, learning, COUNT_OF(learning));
}

static void test_edge_opening(void **state)
{
	(void)state;
	transcripts_run(&imap_edge_ops, opening, COUNT_OF(opening));
	transcripts_run(&imap_edge_ops, sealing, COUNT_OF(sealing));
	transcripts_run(&imap_edge_ops, telling, COUNT_OF(telling));
}

static void test_edge_login(void **state)
{
	(void)state;
	transcripts_run(&imap_edge_ops, login, COUNT_OF(login));
	transcripts_run(&imap_edge_ops, authenticate, COUNT_OF(authenticate));
	transcripts_run(&imap_edge_ops, exception, COUNT_OF(exception));
}

/* A line of len bytes in all, without end: refused as soon as it is over its limit. */
static void check_long_line(const char *start, size_t len, const char *said, const char *outcome)
{
	char *steps;
	CLEAN(freep) char *filler = malloc(len + 1);
	memset(filler, 'A', len);
	filler[len - strlen(start)] = '\0';
	assert_true(asprintf(&steps, GREETING "C>=%s%s\n%s!close %s\n", start, filler, said,
	                     outcome) > 0);
	struct transcript t = { .name = "long line", .steps = steps };
	transcripts_run(&imap_edge_ops, &t, 1);
	free(steps);
}

static void test_edge_long_lines(void **state)
{
	(void)state;
	static const char said[] = "C< * BYE line too long\n";
	check_long_line("a NOOP ", 1023, "", "open");
	check_long_line("a NOOP ", 1024, said, "too-long");
	check_long_line("a AUTHENTICATE PLAIN ", 12287, "", "open");
	check_long_line("a AUTHENTICATE PLAIN ", 12288, said, "too-long");
	/* The limit is for all lines of a command together. */
	check_long_line("a ID ({1+}\\r\\nx ", 1024 + 4, said, "too-long");
}

/* Neither small commands nor dripping bytes move the end of the time to log in. */
static void test_edge_login_deadline(void **state)
{
	(void)state;
	struct conv_settings set;
	struct transcript t = {};
	enum conv_todo todo;
	size_t used;
	CLEAN(conv_freep) struct conv *c = NULL;
	transcript_settings(&t, &set);
	assert_int_equal(conv_new(&c, &imap_edge_ops, &set, NULL), 0);
	c->facts.now_s = 1000;
	assert_int_equal(conv_start(c, &todo), 0);
	assert_int_equal(c->deadline_ms, 180000);
	uint32_t progress = c->progress;
	c->facts.now_s = 1100;
	assert_int_equal(conv_feed(c, CONV_CLIENT, slice_str("a NOOP\r\n"), &used, &todo), 0);
	assert_int_equal(c->progress, progress);
	assert_int_equal(conv_feed(c, CONV_CLIENT, slice_str("s STARTTLS\r\n"), &used, &todo), 0);
	assert_int_equal(c->deadline_ms, 81000);
	c->facts.is_tls = true;
	assert_int_equal(conv_tls_up(c, CONV_CLIENT, &todo), 0);
	assert_int_equal(c->deadline_ms, 30000);
	c->facts.now_s = 1179;
	assert_int_equal(conv_connected(c, &todo), 0);
	assert_int_equal(c->deadline_ms, 2000);
	c->facts.now_s = 1300;
	struct slice greeting = slice_str("* OK [CAPABILITY IMAP4rev1] x\r\n");
	assert_int_equal(conv_feed(c, CONV_BACKEND, greeting, &used, &todo), 0);
	assert_int_equal(c->deadline_ms, 1);
}

/* What a backend says late to one session is not what the others were offered. */
static void test_edge_shared_offer_stays(void **state)
{
	(void)state;
	struct conv_settings set;
	struct transcript t = {};
	enum conv_todo todo;
	size_t used;
	struct conv_offer *offer = NULL;
	CLEAN(conv_freep) struct conv *c = NULL;
	transcript_settings(&t, &set);
	assert_int_equal(conv_new(&c, &imap_edge_ops, &set, NULL), 0);
	c->facts.is_tls = c->facts.is_implicit = true;
	assert_int_equal(conv_start(c, &todo), 0);
	assert_int_equal(conv_connected(c, &todo), 0);
	struct slice greeting = slice_str("* OK [CAPABILITY IMAP4rev1] x\r\n");
	assert_int_equal(conv_feed(c, CONV_BACKEND, greeting, &used, &todo), 0);
	conv_share_seen(c, &offer);
	assert_non_null(offer);
	struct slice late = slice_str("* CAPABILITY IMAP4rev1 IDLE\r\n");
	assert_int_equal(conv_feed(c, CONV_BACKEND, late, &used, &todo), 0);
	assert_int_equal(used, late.len);
	assert_string_equal(offer->caps.text, "IMAP4rev1");
	conv_offer_unref(offer);
}

static void test_edge_backend_floods(void **state)
{
	(void)state;
	char steps[65536] = OPEN;
	for (int i = 0; i < 500; i++)
		strcat(steps, "B> * OK x\nC< * OK x\n");
	steps[strlen(steps) - sizeof("C< * OK x")] = '\0';
	strcat(steps, "\n" LOST "!close backend-broken\n");
	struct transcript t = { .name = "flood", .steps = steps };
	transcripts_run(&imap_edge_ops, &t, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edge_before_tls),
		cmocka_unit_test(test_edge_opening),
		cmocka_unit_test(test_edge_learning),
		cmocka_unit_test(test_edge_login),
		cmocka_unit_test(test_edge_long_lines),
		cmocka_unit_test(test_edge_login_deadline),
		cmocka_unit_test(test_edge_shared_offer_stays),
		cmocka_unit_test(test_edge_backend_floods),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
