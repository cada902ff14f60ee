/* What `mailseal dns` says. */
#ifndef CMD_DNS_PRINT_H
#define CMD_DNS_PRINT_H

#include "publish/records.h"

#include <stdio.h>

struct sts_step;

struct dns_print_options {
	const char *domain;
	const struct sts_step *step; /* of its policy; NULL: not known */
	bool is_missing_only, is_json;
};

/* Lines of a zone file, with what is missing in comments; or JSON. */
void dns_print(FILE *out, const struct publish_records *records,
               const struct dns_print_options *options);

#endif
