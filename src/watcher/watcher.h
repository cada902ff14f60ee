/*
 * The process that watches an interface, for the ledger. It begins with the right to open its
 * capture, opens it, and gives up that right and everything else; only then it hears of the
 * configuration and reads the first frame. Where it cannot capture (any more) it says why and ends:
 * the parent starts another, for it could not open anything again.
 */
#ifndef WATCHER_WATCHER_H
#define WATCHER_WATCHER_H

/* user: who it becomes. Takes chan_fd. Returns the exit status. */
int watcher_main(int chan_fd, const char *user, const char *interface);

#endif
