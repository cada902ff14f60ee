/* Inside parent/truth*.c: what is looked at, as it is kept. */
#ifndef PARENT_TRUTH_INSIDE_H
#define PARENT_TRUTH_INSIDE_H

#include "parent/state.h"
#include "parent/truth.h"
#include "proc/alarm.h"

enum { TRUTH_ADDRESSES_MAX = 8, TRUTH_SUBJECT_CAP = 256 };
#define TRUTH_NO_EDGE SIZE_MAX

/* One address of a target, and what was wrong there at the last look. */
struct truth_place {
	char address[64];
	bool is_there; /* seen in the look under way */
	bool was_wrong[PROC_ALARM_KIND_COUNT];
};

struct truth_target {
	struct proc_witness_target told;
	char subject[TRUTH_SUBJECT_CAP];
	size_t edge;    /* of the settings; TRUTH_NO_EDGE: it is not ours */
	char file[512]; /* the chain that should be served; "": not known */
	bool is_self_made;
	bool wants_again;
	struct truth_place places[TRUTH_ADDRESSES_MAX];
	size_t place_count;
};

struct parent_truth {
	struct truth_target *targets;
	size_t count;
	uint32_t ids;
	size_t turn;  /* the pair of listener and certificate that the next list begins with */
	size_t pairs; /* how many there are */
	bool takes_turns;
	uint64_t looks; /* that ended */
	int64_t looked_s;
};

/* parent/truth_list.c */
/* Has this listener TLS of ours that can be seen? */
bool truth_is_looked_at(const struct parent *p, const struct parent_listener *l);
/* May the edge show the certificate of this name? */
bool truth_is_served_by(const struct conf_edge *e, const char *certificate);

#endif
