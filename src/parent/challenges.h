/* What the order that is open lets a CA ask for. Inside of parent/ alone. */
#ifndef PARENT_CHALLENGES_H
#define PARENT_CHALLENGES_H

#include "acme/word.h"

struct parent;
struct parent_child;

/* 0: parent_acme_in_force() follows, when all workers answer it, or it cannot be. Or a negative. */
[[nodiscard]] int parent_challenge_put(struct parent *p, const struct acme_word *word);
void parent_challenge_take_out(struct parent *p, const struct acme_word *word);
/* The order has ended: nothing of it is answered any more. */
void parent_challenges_end(struct parent *p);
/* All of it, to one worker; nothing is answered until all workers have said so. */
void parent_challenges_send(struct parent *p, struct parent_child *worker);
void parent_challenges_free(struct parent *p);

/* A keys process that begins hears the keys of challenges that are in force. */
void parent_challenges_keys_send(struct parent_child *keys);
/* The one that makes them died: its successor is asked for what it was at. */
void parent_challenges_maker_lost(struct parent *p);

/* parent/acme.c */
void parent_acme_in_force(struct parent *p, bool is_in_force);

#endif
