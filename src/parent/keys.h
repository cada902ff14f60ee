/*
 * The processes with the private keys. Each has all keys; a worker asks one of them, so one that
 * dies takes along what its workers wait for alone, and they ask its successor.
 */
#ifndef PARENT_KEYS_H
#define PARENT_KEYS_H

#include "base/slice.h"
#include "proc/msg.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct parent;
struct parent_child;
struct parent_plan;

enum {
	PARENT_KEYS_MAX = 16,
	/* Of one keys process, where no key is RSA. A signature takes a tenth of what its worker
	 * has to do for a session (42 us of 468 with P-256), with RSA 2048 more than half (313 of
	 * 507). */
	PARENT_KEYS_WORKERS = 4,
};

/* One for the first plan, which loads the keys it has; parent_keys_adjust() may add more. */
[[nodiscard]] int parent_keys_begin(struct parent *p);
/* As many as the plan in force wants. Before its workers are told. */
void parent_keys_adjust(struct parent *p);
/* In the place of one that died. */
[[nodiscard]] int parent_keys_start(struct parent_child *keys);

/* A channel between a worker and the one that signs for it. */
void parent_keys_introduce(struct parent *p, struct parent_child *worker);

/*
 * The file goes to each. Returns how many will say KEY_LOADED or KEY_BAD, 0 if it cannot be opened
 * (errno says why).
 */
unsigned parent_keys_load(struct parent *p, uint32_t key_id, const char *path);
/* One alone is given a key. False: errno says why not. */
[[nodiscard]] bool parent_keys_load_one(struct parent_child *keys, uint32_t key_id,
                                        const char *path);
/* What it wanted is not to be had. */
void parent_keys_refuse(struct parent_child *keys, uint32_t key_id);
void parent_keys_forget(struct parent *p, uint32_t key_id);
/* The first of them makes keys, certificates and requests. Takes fd. */
void parent_keys_make(struct parent *p, enum proc_msg_type type, struct slice payload, int fd);
/* What the first made and wrote into fd, for one; fd stays the caller's. */
void parent_keys_send_made(struct parent_child *keys, uint32_t key_id, int fd);
/* The same for all others. */
void parent_keys_share(struct parent *p, uint32_t key_id, int fd);

/* Which of them has that pid; -1: none. */
int parent_keys_slot(const struct parent *p, pid_t pid);
bool parent_keys_are_quiet(const struct parent *p); /* parent/upgrade.c */
void parent_keys_end(struct parent *p);

#endif
