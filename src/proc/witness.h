/*
 * What witness is to look at (parent to witness), and what it saw there (back). Pure. Unpacking
 * believes nothing.
 */
#ifndef PROC_WITNESS_H
#define PROC_WITNESS_H

#include "proc/msg.h"

enum {
	PROC_WITNESS_TARGETS_MAX = 256, /* at a time */
	PROC_WITNESS_HOST_CAP = 256,
	PROC_WITNESS_WHY_CAP = 200,
	PROC_WITNESS_TOKEN_LEN = 15, /* printable; it fits an ALPN id of tls/session.h */
	PROC_WITNESS_PACKED_MAX = 4 + 2 + 2 + 16 + 1 + 2 * (2 + PROC_WITNESS_HOST_CAP),
};

/* A port that is asked what it serves. */
struct proc_witness_target {
	uint32_t id; /* of the parent's; another list has other ids */
	uint16_t port;
	char protocol[16]; /* as check/ calls services */
	bool is_own;       /* an edge of ours: it is shown the token */
	bool has_header;   /* a PROXY header is expected there */
	bool says_lhlo;    /* LMTP */
	/* To connect to: an address; or a host, all of whose addresses are looked at */
	char host[PROC_WITNESS_HOST_CAP];
	/* Asked for (SNI), to be in the certificate, and whose TLSA records count; "": none */
	char name[PROC_WITNESS_HOST_CAP];
};

/* The list: u32 milliseconds between two looks, the token, u16 count, then these. */
void proc_witness_target_pack(struct proc_packer *p, const struct proc_witness_target *target);
/* False: it is none. */
bool proc_witness_target_unpack(struct proc_unpacker *u, struct proc_witness_target *ret_target);

/* The numbers are the wire's: only append. */
enum proc_witness_end {
	PROC_WITNESS_SEEN,   /* a certificate was shown */
	PROC_WITNESS_NO_TLS, /* it answers, and has no TLS */
	PROC_WITNESS_SHUT,   /* no answer: refused, silent, turned away, broken off */
	PROC_WITNESS_LOST,   /* nothing is known: the fault is ours, or DNS does not answer */
	PROC_WITNESS_END_COUNT
};

enum proc_witness_tlsa {
	PROC_WITNESS_TLSA_NONE,    /* there is none, for certain or as far as anybody can say */
	PROC_WITNESS_TLSA_COVERS,  /* one matches */
	PROC_WITNESS_TLSA_MISSES,  /* there are some that count, and none matches */
	PROC_WITNESS_TLSA_UNKNOWN, /* DNS did not answer, or wrongly */
	PROC_WITNESS_TLSA_COUNT
};

/* Of one address; a look at a target ends with the last of them. */
struct proc_witness_sight {
	uint32_t id;
	bool is_last;
	enum proc_witness_end end;
	enum proc_witness_tlsa tlsa;
	bool has_name; /* the certificate is for the target's name; true if it has none */
	bool is_self_signed;
	bool is_incomplete; /* a public CA issued it, and what leads there was not sent */
	int64_t not_before_s, not_after_s;
	uint8_t sha256[32];             /* of the certificate */
	uint8_t spki[32];               /* of its public key */
	char address[64];               /* that was looked at; "": the host has none */
	char why[PROC_WITNESS_WHY_CAP]; /* of an end that is not SEEN, or of TLSA_MISSES; as a
	                                   stranger wrote it, made printable */
};
void proc_witness_sight_pack(struct proc_packer *p, const struct proc_witness_sight *sight);
/* False: it is none. */
bool proc_witness_sight_unpack(struct slice payload, struct proc_witness_sight *ret_sight);

#endif
