/*
 * The process that runs the operator's programs: which, the parent says once; that one of them is
 * to be run now, and with which facts, ledger says. It has no box, for programs are to reach what
 * they need, but the daemon's user and no privileges; so it parses nothing that strangers wrote.
 *
 * When the parent is gone, or it is told to end, what is under way is waited for, by its deadline.
 */
#ifndef RUNNER_RUNNER_H
#define RUNNER_RUNNER_H

/* chan_fd: to the parent. Returns the exit status. */
int runner_main(int chan_fd);

#endif
