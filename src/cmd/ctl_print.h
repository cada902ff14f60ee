#ifndef CMD_CTL_PRINT_H
#define CMD_CTL_PRINT_H

struct json_t;

/* To stdout, in lines for a person: the daemon's answer to "status". */
void ctl_status_print(const struct json_t *answer);
/* To "bans": who is banned, a line each. */
void ctl_bans_print(const struct json_t *bans);
/* A line: one item of "rollovers", in the answer to "status" and to "tlsa-status". */
void ctl_rollover_print(const struct json_t *rollover);

#endif
