/* Dates as mail has them (RFC 5322 3.3): names of days and months in no locale. */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdint.h>

extern const char date_months[12][4]; /* "Jan" */

/* "Tue, 24 Nov 2026 06:28:09 +0000". A time that no calendar has is 1970. */
enum { DATE_MAIL_CAP = 80 };
void date_mail_print(int64_t at_s, char ret_text[DATE_MAIL_CAP]);

#endif
