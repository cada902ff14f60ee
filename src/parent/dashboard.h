/* What ledger is told for the dashboard; nothing where there is none. */
#ifndef PARENT_DASHBOARD_H
#define PARENT_DASHBOARD_H

struct json_t;
struct parent;

void parent_dashboard_begin(struct parent *p);    /* a new ledger */
void parent_dashboard_in_force(struct parent *p); /* a plan, or a file of a certificate */
void parent_dashboard_state(struct parent *p);
/* How many certificates, and which expires first. */
struct json_t *parent_certificates_json(const struct parent *p);

#endif
