/* What a stranger may spend, at all edges and at one. */
#include "conf/tables_inside.h"

#define OF struct conf_limits
static const struct conf_row limits_rows[] = {
	ROW("connections_per_address", CONF_NUMBER, connections_per_address, "200", NEW_SESSIONS,
	    "Connections of one address at a time (IPv6: of one /64), in each worker. IMAP, POP3 "
	    "and ManageSieve count until the user is in. 0: no limit",
	    RANGE(0, 1000000)),
	ROW("handshakes_per_second", CONF_NUMBER, handshakes_per_second, "50", NEW_SESSIONS,
	    "New connections of one address (IPv6: of one /64) a second. 0: no limit",
	    RANGE(0, 1000000)),
	ROW("connections_per_user", CONF_NUMBER, connections_per_user, "100", NEW_SESSIONS,
	    "Connections at a time of one user from one address (IPv6: from one /64) after login, "
	    "in each worker. Who has more is told to come back later. Logins whose mechanism hides "
	    "the name (GSSAPI) are not counted. 0: no limit",
	    RANGE(0, 1000000)),
	LIST("exempt", CONF_NETWORKS, exempt, exempt_count, "", NEW_SESSIONS,
	     "Networks the three limits above do not count for: your own, big NATs, "
	     "monitoring. Balancers (\"proxy_from\") need not be here: whom they bring is counted"),
	ROW("max_sessions", CONF_NUMBER, max_sessions, "8000", NEW_SESSIONS,
	    "Sessions of one worker; each needs two descriptors. What comes above is told to come "
	    "back later",
	    RANGE(1, 1000000)),
	ROW("max_handshakes", CONF_NUMBER, max_handshakes, "1000", NEW_SESSIONS,
	    "TLS handshakes of one worker at a time. Who comes above waits in line, the first come "
	    "first, as long as \"handshake_timeout\"",
	    RANGE(1, 1000000)),
	ROW("handshake_wait", CONF_DURATION_MS, handshake_wait_ms, "5s", NEW_SESSIONS,
	    "Once the first in line has waited so long for a handshake, who connects is told to "
	    "come "
	    "back later (421, BYE, -ERR; without a word where TLS is first), until the line is "
	    "shorter. So those in line are served before they lose patience. 0: the line is as "
	    "long "
	    "as \"max_sessions\" lets it be",
	    RANGE(0, HOUR)),
	ROW("errors_max", CONF_NUMBER, errors_max, "20", NEW_SESSIONS,
	    "Bad commands that end a session", RANGE(1, 10000)),
	ROW("login_failures_max", CONF_NUMBER, login_failures_max, "3", NEW_SESSIONS,
	    "Failed logins that end a session", RANGE(1, 10000)),
	ROW("login_delay_after", CONF_NUMBER, login_delay_after, "3", NEW_SESSIONS,
	    "Failed logins of one user from one address (IPv6: from one /64) that are answered at "
	    "once; the answers to further ones wait 1s, 2s, 4s ... 30s, until a login succeeds or "
	    "an hour has passed. Neither other users of the address nor the user from elsewhere "
	    "are slowed; logins that show no name count as one user's. Each worker counts for "
	    "itself, but with \"cluster\". 0: never slow",
	    RANGE(0, 10000)),
	ROW("login_refuse_after", CONF_NUMBER, login_refuse_after, "20", NEW_SESSIONS,
	    "Failed logins of one user from one address (IPv6: from one /64), counted in the same "
	    "way, after which his further ones from there are refused without asking the backend, "
	    "until \"login_refuse_for\" has passed; each one that then fails begins it anew. From "
	    "elsewhere he is let in; logins that show no name are never refused. 0: never refuse",
	    RANGE(0, 10000)),
	ROW("login_refuse_for", CONF_DURATION_MS, login_refuse_for_ms, "15m", NEW_SESSIONS,
	    "How long the last failed login is held against him", RANGE(SECOND, HOUR)),
	LIST("login_exempt", CONF_NETWORKS, login_exempt, login_exempt_count, "", NEW_SESSIONS,
	     "Networks from which nobody's logins are slowed or refused for failed ones: what logs "
	     "in for many, such as webmail, and limits guesses itself"),
	ROW("line_max", CONF_SIZE, line_max, "4K", NEW_SESSIONS,
	    "Longest command line, its end included (RFC 5321 4.5.3.1.4 wants 512 at least)",
	    RANGE(512, 1 << 20)),
	ROW("auth_line_max", CONF_SIZE, auth_line_max, "12288", NEW_SESSIONS,
	    "Longest line of a login (RFC 4954 4 wants 12288)", RANGE(512, 1 << 20)),
	ROW("literal_max", CONF_SIZE, literal_max, "4K", NEW_SESSIONS,
	    "Longest IMAP literal before login. Those of ManageSieve count for \"line_max\"",
	    RANGE(64, 1 << 20)),
	ROW("handshake_timeout", CONF_DURATION_MS, handshake_timeout_ms, "30s", NEW_SESSIONS,
	    "End a TLS handshake that takes longer, on either side", DEADLINE),
	ROW("greeting_timeout", CONF_DURATION_MS, greeting_timeout_ms, "5m", NEW_SESSIONS,
	    "Give up on a backend that does not greet or answer before login (RFC 5321 4.5.3.2.1)",
	    DEADLINE),
	ROW("command_timeout", CONF_DURATION_MS, command_timeout_ms, "5m", NEW_SESSIONS,
	    "Close a connection whose client sends no command for this long (RFC 5321 4.5.3.2.7)",
	    DEADLINE),
	ROW("data_timeout", CONF_DURATION_MS, data_timeout_ms, "5m", NEW_SESSIONS,
	    "Close a connection whose client stops in the middle of a message for this long",
	    DEADLINE),
	ROW("reply_timeout", CONF_DURATION_MS, reply_timeout_ms, "10m", NEW_SESSIONS,
	    "Wait this long for the backend's answer to a whole message (RFC 5321 4.5.3.2.6)",
	    DEADLINE),
	ROW("login_timeout", CONF_DURATION_MS, login_timeout_ms, "3m", NEW_SESSIONS,
	    "IMAP, POP3 and ManageSieve: close a connection whose user is not in after this long",
	    DEADLINE),
	ROW("idle_timeout", CONF_DURATION_MS, idle_timeout_ms, "0", NEW_SESSIONS,
	    "Close a session that is silent for this long after login (for tcp and http: after TLS "
	    "is up): "
	    "35m at least, for those edges of any length, or 0, which leaves it to the backend",
	    RANGE(0, 24ULL * 7 * HOUR)),
};
#undef OF

#define OF struct conf_settings
const struct conf_group conf_group_limits = {
	.name = "limits",
	.kind = CONF_ONE,
	.help = "What a stranger may spend of our memory and time, at all edges",
	ROWS(limits_rows),
	.offset = offsetof(OF, limits),
};
#undef OF

#define OF struct conf_edge
const struct conf_group conf_group_edge_limits = {
	.name = "limits",
	.kind = CONF_ONE,
	.help = "Limits of this edge; what is not written is that of the limits group of the "
		"file",
	ROWS(limits_rows),
	.offset = offsetof(OF, limits),
	.inherits = true,
	.inherit_offset = offsetof(struct conf_settings, limits),
};
#undef OF
