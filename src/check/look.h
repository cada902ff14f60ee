/*
 * The run over many endpoints: who is looked at when (check/budget.h), what is asked
 * (check/plan.h), the connections (check/probe.h). What was seen of an endpoint is shared by all
 * who ask for the same host, address, port and service: domains with the same MX.
 *
 * Nothing here blocks. An endpoint has a time of its own, counted while a connection to it is under
 * way, and so ends whatever its server does.
 */
#ifndef CHECK_LOOK_H
#define CHECK_LOOK_H

#include "check/budget.h"
#include "check/plan.h"

struct io_loop;
struct check_look;

struct check_look_settings {
	struct check_plan_settings plan;
	struct check_budget_settings budget;
	struct check_limits limits; /* of a connection */
	uint32_t endpoint_ms;       /* of an endpoint, in all */
	const char *hostname;       /* EHLO; copied */
	const char *from4, *from6;  /* addresses of ours; NULL: any; copied */
	struct slice ca_pem;        /* public CAs; empty: none is trusted */
	unsigned kept_max;          /* endpoints that are kept when nobody asks for them any more */
	uint32_t kept_ms;           /* ... and counted as seen for so long; 0: for good */
};
/* What a polite look has: DESIGN 9, reference 2.3. hostname and ca_pem are the caller's to set. */
void check_look_settings_init(struct check_look_settings *set, enum check_tier tier, bool is_mine);

/* 0, TLS_PROOF_BAD_CA (ret_error says why), or a negative. */
[[nodiscard]] int check_look_new(struct check_look **ret_look, struct io_loop *loop,
                                 const struct check_look_settings *set, char *ret_error,
                                 size_t error_cap);
/* Ends all that is under way; who asked is not told. */
void check_look_free(struct check_look *look);

/* Copied. The strings of the key are compared as they are: names in lower case. */
struct check_look_target {
	const char *host, *address;
	uint16_t port;
	enum check_service service;
	/* Of the host; those of who asks first hold (RFC 7672 3.2.2: names that count too). */
	const struct policy_tlsa *records; /* usable ones, secure */
	size_t record_count;
	const char *tlsa_base; /* SNI where there are records; NULL: the host */
	const char *names[TLS_PROOF_NAMES_MAX - 1];
	size_t name_count;
};

struct check_look_entry;

/* One who asks; embedded, zeroed but for fn and owner. */
struct check_look_asker {
	/* Once, from a turn of the loop, when all that can be known is. The endpoint lives until
	 * check_look_forget(), which may be called from inside. */
	void (*fn)(struct check_look_asker *asker, struct check_endpoint *endpoint);
	void *owner;
	/* Of the look. */
	struct check_look_entry *entry;
	struct check_look_asker *next;
	bool was_told;
};

/* 0, or -ENOMEM, or -EINVAL: the address is none. */
[[nodiscard]] int check_look_endpoint(struct check_look *look,
                                      const struct check_look_target *target,
                                      struct check_look_asker *asker);
/* Does not ask any more. When nobody does, what is under way ends, and what is done is kept for a
 * while. Twice does no harm. */
void check_look_forget(struct check_look *look, struct check_look_asker *asker);

struct check_look_progress {
	unsigned endpoints, done; /* asked for in all */
	unsigned connections;     /* made in all */
	unsigned under_way;       /* now */
};
struct check_look_progress check_look_progress(const struct check_look *look);

#endif
