/*
 * What is looked at, and when: each target once in so many milliseconds, spread over them, so many
 * at a time; and once more soon after it if the parent wants a second look.
 */
#ifndef WITNESS_LOOKER_H
#define WITNESS_LOOKER_H

#include "witness/look.h"

struct looker;

enum {
	LOOKER_AT_ONCE = 16,
	LOOKER_AGAIN_MS = 10 * 1000, /* of every ms and less, where that is shorter */
};

struct looker_settings {
	struct look_tools tools;
	void (*on_seen)(void *owner, const struct proc_witness_sight *sight);
	void *owner;
};
/* 0 or -ENOMEM. */
[[nodiscard]] int looker_new(struct looker **ret_looker, const struct looker_settings *set);
/* NULL is fine. */
void looker_free(struct looker *looker);

/* The payload of PROC_MSG_WITNESS_TARGETS: all others are forgotten. 0 or a negative. */
[[nodiscard]] int looker_targets_set(struct looker *looker, struct slice payload);
/* One that is not known is of a list before. */
void looker_again(struct looker *looker, uint32_t id);

#endif
