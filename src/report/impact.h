/*
 * Who would fall to plaintext or be cut off if a plan came into force: the judgement of one who
 * came, and what all of them come to. Pure; impact_ledger.c and impact_log.c bring who came.
 */
#ifndef REPORT_IMPACT_H
#define REPORT_IMPACT_H

#include "report/impact_door.h"
#include "store/ledger_uses.h"

/* The first three break. */
enum impact_kind {
	IMPACT_FALLS,         /* a provider's TLS would be refused: it would come in clear */
	IMPACT_CUT,           /* a user's or a host's TLS would be refused: it would not come */
	IMPACT_PLAIN_REFUSED, /* it comes in clear, and that would be refused */
	IMPACT_WEAKER,
	IMPACT_STRONGER, /* refused now, and let in: too */
	IMPACT_SAME,
	IMPACT_EXCEPTED, /* would break but for a dated exception */
	IMPACT_PLAIN,    /* in clear, as before */
	IMPACT_REFUSED,  /* its TLS is refused already */
	IMPACT_NOBODY,   /* would break, but never logged in, or never brought a message */
	IMPACT_UNKNOWN,  /* what it can do is not known */
	IMPACT_KIND_COUNT
};
const char *impact_kind_name(enum impact_kind kind); /* "falls to plaintext" */

static inline bool impact_kind_breaks(enum impact_kind kind)
{
	return kind <= IMPACT_PLAIN_REFUSED;
}

/* What a session had: texts as in records, "" where nothing is known. */
struct impact_tls {
	const char *version, *cipher, *group;
};

/* Greater is stronger: version, key exchange, AEAD, and a group that stands quantum computers. 0:
 * no TLS. knows_group: false leaves the last out. */
unsigned impact_strength(const struct impact_tls *tls, bool knows_group);

/* What the plan makes of a ClientHello. */
struct impact_verdict {
	int result; /* enum tls_replay_result, or 0 */
	struct tls_replay replay;
	enum tls_version allow; /* what an exception would have to allow; 0: none helps */
	int old_results[IMPACT_OLD_COUNT];
};
struct impact_verdict impact_judge(const struct impact_door *door, const struct store_hello *hello);

/* Weaker, stronger or the same: where the plan agrees with the ClientHello. */
enum impact_kind impact_compare(const struct impact_verdict *verdict,
                                const struct impact_tls *before);

/* One who came, with a ClientHello or (verdict NULL) in clear. */
struct impact_comer {
	const struct store_use_name *name;
	const char *address; /* where from; "": not known */
	const struct impact_verdict *verdict;
	struct impact_tls before; /* what that ClientHello had */
	int64_t now_s;
};
enum impact_kind impact_kind_of(const struct impact_door *door, const struct impact_comer *comer);

/* --- what all come to --- */

struct impact_count {
	uint64_t names, sessions, messages, bytes;
};

/* The same way from one TLS to another (or to none), at one edge. */
struct impact_change {
	const struct impact_door *door;
	enum impact_kind kind;
	char now[96];  /* "TLSv1.2 TLS_ECDHE_..." */
	char then[96]; /* the same, or why not */
	struct impact_count count;
	/* What it was made of. */
	const struct impact_verdict *verdict;
	char version[16], cipher[64];
};

struct impact_finding {
	const struct impact_door *door;
	enum impact_kind kind;
	enum tls_version allow; /* of an exception; 0: none would help */
	bool is_user;
	char now[96], then[96];
	char *who, *software; /* owned; software: NULL until it is told */
	struct impact_count count;
	uint64_t hello;
	int64_t last_s; /* 0 until it is told */
};
/* What came to be known of it: software, when it was seen last. 0 or -ENOMEM. */
[[nodiscard]] int impact_finding_tell(struct impact_finding *f,
                                      const struct store_use_detail *detail);

enum { IMPACT_CHANGES_MAX = 4096 };

struct impact {
	const struct impact_door *doors; /* borrowed */
	size_t door_count;
	size_t limit; /* findings to keep, the weightiest; 0: all */
	/* Owned. */
	struct impact_count (*counts)[IMPACT_KIND_COUNT]; /* of each door */
	struct impact_change *changes;
	size_t change_count, change_cap;
	size_t change_last; /* that was counted; whoever comes next is often of the same */
	struct impact_finding *findings;
	size_t finding_count, finding_cap;
	uint64_t findings_all; /* with those that were not kept */
	bool is_full;          /* the limit's worth are there, and stand sorted in front */
};

/* 0 or -ENOMEM. Doors are borrowed. */
[[nodiscard]] int impact_init(struct impact *ret_i, const struct impact_door *doors,
                              size_t door_count, size_t limit);
void impact_deinit(struct impact *i);

/* Many of one kind at once. verdict NULL: in clear, or not known; it stays where it is until all
 * are added, or is another one. */
struct impact_case {
	size_t door;
	enum impact_kind kind;
	const struct impact_verdict *verdict;
	struct impact_tls before;
	struct impact_count count;
	uint64_t hello;
	const char *then; /* what becomes of it, in words; NULL: as the verdict says */
};
/* 0 or -ENOMEM. */
[[nodiscard]] int impact_add(struct impact *i, const struct impact_case *c);
/* One of them, who is to be named. Counts too. 0 or -ENOMEM. */
[[nodiscard]] int impact_add_name(struct impact *i, const struct impact_case *c,
                                  const struct store_use_name *name);

/* Findings and changes by weight; only the limit's findings are left. */
void impact_sort(struct impact *i);

struct impact_count impact_total(const struct impact *i, size_t door);
/* Somebody breaks, at any door. */
bool impact_has_broken(const struct impact *i);

#endif
