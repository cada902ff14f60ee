/*
 * The process that keeps the record of every session (store/ledger.h). Workers tell it in batches
 * over channels that come from the parent; it says which are in the file. It goes on while a worker
 * tells it something, also when its parent is gone (another build took over), and ends with a last
 * commit.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

/* chan_fd: to the parent. Returns the exit status. */
int ledger_main(int chan_fd);

#endif
