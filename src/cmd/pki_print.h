/* What `mailseal pki list` and `show` say. */
#ifndef CMD_PKI_PRINT_H
#define CMD_PKI_PRINT_H

#include "pki/pki.h"

#include <stdio.h>

/* 0 or -ENOMEM. */
[[nodiscard]] int pki_list_print(FILE *out, const struct pki *p, int64_t now_s, bool is_json);

/* *ret_is_well: nothing of it needs a person. 0, PKI_FAILED (p->error) or -ENOMEM. */
[[nodiscard]] int pki_show_print(FILE *out, struct pki *p, int64_t now_s, bool is_json,
                                 bool *ret_is_well);

/* "2027-03-31". */
void pki_day_write(int64_t at_s, char ret_text[16]);

#endif
