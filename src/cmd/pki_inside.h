/* Inside `mailseal pki` only. */
#ifndef CMD_PKI_INSIDE_H
#define CMD_PKI_INSIDE_H

#include "cmd/pki_options.h"

enum { PKI_WELL, PKI_NOT_WELL, PKI_UNKNOWN };

/* Of one run. */
struct pki_run {
	struct pki_options *o;
	struct pki pki;
	int64_t now_s;
};

/* Says what went wrong; the exit status. */
int pki_run_ended(const struct pki_run *run, int r);

/* cmd/pki_net.c */
int pki_token_run(struct pki_run *run);
int pki_join_run(struct pki_run *run);
int pki_self_renew(struct pki_run *run);
/* cmd/pki_serve.c */
int pki_serve_run(struct pki_run *run);

#endif
