/*
 * What witness saw of an MTA-STS policy of our own as strangers see it (PROC_MSG_STS_SEEN): its TXT
 * record and its file. It goes through the parent unread. Pure; unpacking believes nothing.
 */
#ifndef PROC_PUBLISHED_H
#define PROC_PUBLISHED_H

#include "policy/way.h"
#include "proc/msg.h"

enum {
	PROC_PUBLISHED_DOMAIN_CAP = 256,
	PROC_PUBLISHED_DOMAINS_MAX = 1000, /* that are looked at */
	PROC_PUBLISHED_FILE_MAX = 64 * 1024,
	PROC_PUBLISHED_PACKED_MAX = PROC_PUBLISHED_FILE_MAX + 1024,
};

struct proc_published {
	char domain[PROC_PUBLISHED_DOMAIN_CAP];
	enum policy_sts_state state;
	char id[POLICY_STS_ID_MAX + 1]; /* of the record; "": there is none */
	char why[POLICY_STS_WHY_CAP];   /* of BROKEN and LOST; strangers wrote some of it */
	struct slice text;              /* of the file, if IN_FORCE; borrowed */
};
void proc_published_pack(struct proc_packer *p, const struct proc_published *published);
/* False: it is none. */
bool proc_published_unpack(struct slice payload, struct proc_published *ret_published);

#endif
