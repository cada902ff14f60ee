/* `mailseal ctl status` as a monitoring plugin says it: one line, with numbers behind "|". Pure. */
#ifndef CMD_NAGIOS_H
#define CMD_NAGIOS_H

#include "base/buf.h"

#include <jansson.h>
#include <stdint.h>

/* The exit status of a plugin. */
enum nagios_state { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

enum {
	NAGIOS_EXPIRY_WARN_S = 21 * 24 * 3600, /* before a certificate expires */
	NAGIOS_EXPIRY_CRITICAL_S = 7 * 24 * 3600,
};

/*
 * status: the daemon's answer to "status". The worst of what is wrong decides, and all of it is
 * said. The line ends with a line end. 0 or -ENOMEM.
 */
[[nodiscard]] int nagios_judge(const json_t *status, int64_t now_s, enum nagios_state *ret_state,
                               struct buf *ret_line);

/* A line for what went wrong before there was an answer. */
const char *nagios_state_name(enum nagios_state state);

#endif
