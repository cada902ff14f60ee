/* Workers and servants: started, told the plan in force, and started again when they die. */
#ifndef PARENT_CHILDREN_H
#define PARENT_CHILDREN_H

#include "proc/msg.h"

struct conf_settings;
struct parent;
struct parent_child;

[[nodiscard]] int parent_worker_start(struct parent *p, unsigned slot);
void parent_worker_configure(struct parent *p, struct parent_child *worker);
void parent_workers_configure(struct parent *p);
/* A channel between a servant and a worker, one end to each; nothing if one of them is not there.
 */
void parent_introduce(struct parent_child *servant, struct parent_child *worker);
/* A folder of state_dir, which "user" may write to. 0 or a negative, which was logged. */
[[nodiscard]] int parent_folder_make(const struct conf_settings *s, const char *name);
/* Resolver, ledger, runner and witness are started, replaced or ended, as the plan in force wants
 * it. */
void parent_servants_adjust(struct parent *p, const struct conf_settings *old);
/* A service that one process alone has, which gets its socket. */
void parent_service_listen(struct parent *p, struct parent_child *child, enum proc_service service);
/* The bytes of a file for a process: a number, a name where there is one. */
void parent_file_send(struct parent_child *child, enum proc_msg_type type, uint32_t number,
                      const char *name, struct slice bytes);
/* A socket of the dashboard. */
void parent_dashboard_listen(struct parent *p, struct parent_child *ledger);
void parent_children_reap(struct parent *p);

#endif
