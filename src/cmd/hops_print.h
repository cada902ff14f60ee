/* How `mailseal hops` shows what it found. */
#ifndef CMD_HOPS_PRINT_H
#define CMD_HOPS_PRINT_H

#include "hops/peers.h"

#include <stdio.h>

/* Many messages. */
struct hops_sums {
	uint64_t messages;
	uint64_t results[HOPS_RESULT_COUNT];
	struct hops_peers peers; /* sorted */
};

/* 0 or -ENOMEM. */
[[nodiscard]] int hops_print_way(FILE *out, const struct hops_way *way, bool is_json);
[[nodiscard]] int hops_print_sums(FILE *out, const struct hops_sums *sums, bool is_json);

#endif
