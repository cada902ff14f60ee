/* The control socket in run_dir. */
#ifndef PARENT_CTL_H
#define PARENT_CTL_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct estate;
struct parent;

[[nodiscard]] int parent_ctl_open(struct parent *p, const char *run_dir);
/* Goes on with the socket of the build before, and those who wait in it. Takes the descriptors. */
[[nodiscard]] int parent_ctl_adopt(struct parent *p, const struct estate *e);
void parent_ctl_close(struct parent *p);
void parent_ctl_status_came(struct parent *p);
/* Workers and ledger say how much they did; parent_ctl_status_came() follows. */
void parent_ctl_numbers_ask(struct parent *p);
/* Ledger forgot somebody; it died before it answered. */
void parent_ctl_forgot_came(struct parent *p, struct slice answer);
void parent_ctl_forgot_lost(struct parent *p);
/* The next key is made and its plan kept, or why not. */
void parent_ctl_planned(struct parent *p, uint32_t request, const char *against);
/* To who asked for the upgrade, if still there. */
void parent_ctl_upgrade_answer(struct parent *p, bool is_well, const char *message);
/* Before another image goes on: who waits is answered, who said nothing yet is handed over. */
void parent_ctl_hand_over(struct parent *p, struct estate *e);

#endif
