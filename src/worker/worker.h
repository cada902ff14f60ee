/*
 * A worker: accepts on the sockets the parent made and runs their sessions. No files, no private
 * key. What it needs comes as messages (proc/msg.h): configuration, chains, sockets, a channel to
 * keys. A reload is the same messages again; sessions go on with the world they began with.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

/* chan_fd: to the parent. Returns the exit status. */
int worker_main(int chan_fd);

#endif
