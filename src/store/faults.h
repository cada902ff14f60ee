/* What is wrong with the TLS of MX hosts (policy/fault.h), kept over restarts. */
#ifndef STORE_FAULTS_H
#define STORE_FAULTS_H

#include "base/buf.h"
#include "policy/fault.h"
#include "policy/shared.h"

struct store_faults;
struct store_opened;

enum { STORE_FAULTS_HOSTS_MAX = 100000 };

/* 0, or a negative: see store_open(). */
[[nodiscard]] int store_faults_open(struct store_faults **ret_f, const char *path,
                                    struct store_opened *ret_opened);
void store_faults_close(struct store_faults *f);

/* All zero if there is none. 0 or a negative. */
[[nodiscard]] int store_faults_get(struct store_faults *f, const char *mx, int64_t now_s,
                                   struct policy_fault *ret_fault);
/* ret_is_new: it needs the smaller ClientHello from now on. 0 or a negative. */
[[nodiscard]] int store_faults_note(struct store_faults *f, const char *mx,
                                    enum policy_fault_seen seen, int64_t now_s, bool *ret_is_new);
/* Hosts that need the smaller ClientHello, those last that need it longest: "MX UNTIL\n" each. 0
 * or a negative. */
[[nodiscard]] int store_faults_list(struct store_faults *f, int64_t now_s, unsigned count,
                                    struct buf *ret_list);
/* As other nodes are told of it; all zero if there is none. 0 or a negative. */
[[nodiscard]] int store_faults_tell(struct store_faults *f, const char *mx,
                                    struct policy_shared_fault *ret_fault);
/* Those that mean nothing any more. 0 or a negative. */
[[nodiscard]] int store_faults_prune(struct store_faults *f, int64_t now_s);

#endif
