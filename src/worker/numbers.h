/* What a worker counted, as the parent adds it up. */
#ifndef WORKER_NUMBERS_H
#define WORKER_NUMBERS_H

#include "proc/msg.h"

#include <stdint.h>

struct edge_pool;
struct proc_teller;
struct worker_services;
struct worker_signer;

/* Those who count. */
struct worker_counted {
	const struct edge_pool *pool;
	const struct worker_signer *signer;
	struct worker_services *services;
	const struct proc_teller *ledger;
};

/* Every one of enum proc_worker_number. */
void worker_numbers_take(const struct worker_counted *from,
                         uint64_t ret_numbers[PROC_WORKER_NUMBER_COUNT]);

#endif
