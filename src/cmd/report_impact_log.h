/* mailseal report impact --from-log FILE...: reads logs, plain or .gz. */
#ifndef CMD_REPORT_IMPACT_LOG_H
#define CMD_REPORT_IMPACT_LOG_H

#include <stdint.h>

struct impact_log;

/* "-" is stdin. ret_unread: lines that were too long are added. 0, or 1 with a line on stderr. */
int report_impact_log_read(struct impact_log *log, const char *path, uint64_t *ret_unread);

#endif
