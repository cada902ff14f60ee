/* Who listens on which TCP port of this host. */
#ifndef UP_PORTS_H
#define UP_PORTS_H

#include "up/plan.h"

struct up_ports {
	struct up_listening *items;
	unsigned long *sockets; /* inode of each */
	size_t count;
};

/* Reads /proc: programs of other users' processes only as root. 0 or a negative. */
[[nodiscard]] int up_ports_read(struct up_ports *ret_ports);
/* The same without the programs. */
[[nodiscard]] int up_ports_read_tables(struct up_ports *ret_ports);
void up_ports_deinit(struct up_ports *ports);

/* Somebody listens there. */
bool up_ports_have(const struct up_ports *ports, uint16_t port);
/* A program of that name does. */
bool up_ports_have_program(const struct up_ports *ports, uint16_t port, const char *program);
/* A program of that name listens anywhere. */
bool up_ports_program_runs(const struct up_ports *ports, const char *program);

/* Adds what a text as /proc/net/tcp has. Pure. 0 or -ENOMEM. */
[[nodiscard]] int up_ports_parse(struct up_ports *ports, struct slice text);

#endif
