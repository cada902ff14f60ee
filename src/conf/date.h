/* Days of the calendar, as they are written in the configuration file. Pure. */
#ifndef CONF_DATE_H
#define CONF_DATE_H

#include <stdint.h>

/* "2027-03-31" as days since 1970-01-01; years 1970 to 9999. 0 or CONF_VALUE_BAD. */
[[nodiscard]] int conf_date_parse(const char *text, int64_t *ret_days);
void conf_date_print(int64_t days, char ret_text[32]);

#endif
