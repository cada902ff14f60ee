#include "relay/hop_wait.h"

enum {
	SECOND = 1000,
	COMMAND_MS = 300 * SECOND,
	DATA_MS = 100 * SECOND, /* less than an MTA waits for 354, and for room */
	QUIT_MS = 5 * SECOND,
	HANDSHAKE_MS = 30 * SECOND,
};
/* RFC 5321 4.5.3.2.4 to 4.5.3.2.6: an MTA that gave up first would send again what was taken. */
_Static_assert(DATA_MS < 120 * SECOND && RELAY_HOP_TEXT_MS < 180 * SECOND &&
                       RELAY_HOP_END_MS < 600 * SECOND,
               "the MTA gives up first");

/* The oldest command that was not answered. */
static uint32_t command_ms(const struct smtp_hop *smtp, uint32_t waited_ms)
{
	if (!smtp->count)
		return 0; /* nothing is awaited but the MTA */
	switch ((enum smtp_hop_command)smtp->pending[smtp->first].command) {
	case SMTP_HOP_END:
		return waited_ms < RELAY_HOP_END_MS ? RELAY_HOP_END_MS - waited_ms : 1;
	case SMTP_HOP_DATA:
		return DATA_MS;
	case SMTP_HOP_MAIL:
	case SMTP_HOP_RCPT:
	case SMTP_HOP_RSET:
	case SMTP_HOP_COMMAND_COUNT:
		break;
	}
	return COMMAND_MS;
}

uint32_t relay_hop_wait_ms(const struct smtp_hop *smtp, uint32_t waited_ms)
{
	switch (smtp->state) {
	case SMTP_HOP_GREETING:
	case SMTP_HOP_IN_EHLO:
	case SMTP_HOP_IN_HELO:
	case SMTP_HOP_IN_STARTTLS:
		return RELAY_HOP_GREETING_MS;
	case SMTP_HOP_IN_TLS:
		return HANDSHAKE_MS;
	case SMTP_HOP_BUSY:
		return command_ms(smtp, waited_ms);
	case SMTP_HOP_IN_TEXT:
		return RELAY_HOP_TEXT_MS;
	case SMTP_HOP_QUITTING:
		return QUIT_MS;
	case SMTP_HOP_CLEAR:
	case SMTP_HOP_IDLE:
	case SMTP_HOP_OVER:
	case SMTP_HOP_STATE_COUNT:
		break;
	}
	return 0;
}
