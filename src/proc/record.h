/*
 * What a worker tells the ledger (store/record.h), as it crosses between them: a batch is its head,
 * then entries, each a kind, a length and its bytes, so that one of a kind that is not known yet
 * can be left out. Pure. Unpacking believes nothing.
 */
#ifndef PROC_RECORD_H
#define PROC_RECORD_H

#include "proc/msg.h"
#include "store/record.h"

/* The numbers are the wire's. */
enum proc_record_kind {
	PROC_RECORD_SESSION = 1,
	PROC_RECORD_HELLO = 2,
	PROC_RECORD_EXPOSURE = 3,
};

enum {
	PROC_RECORD_HEAD_LEN = 8 + 8 + 4,
	PROC_RECORD_ENTRY_MAX = 8 * 1024, /* of any entry, its kind and length included */
};

struct proc_record_head {
	uint64_t worker; /* another for each process there ever was */
	uint64_t number; /* of the batch: 1, 2, 3 ... */
	uint32_t lost;   /* sessions between the batch before and this one */
};

void proc_record_head_pack(struct proc_packer *p, const struct proc_record_head *head);
bool proc_record_head_unpack(struct proc_unpacker *u, struct proc_record_head *ret_head);

/* The next entry of a batch. False: there is none, or it is not whole (u->has_failed). */
bool proc_record_entry_next(struct proc_unpacker *u, uint8_t *ret_kind, struct slice *ret_entry);

/* Each packs an entry, with its kind and length. Texts are cut at STORE_TEXT_MAX bytes, lists at
 * STORE_HELLO_LIST_MAX. p has to be over fixed room; PROC_RECORD_ENTRY_MAX bytes are enough. */
void proc_record_session_pack(struct proc_packer *p, const struct store_record *record);
void proc_record_hello_pack(struct proc_packer *p, const struct store_hello *hello);
void proc_record_exposure_pack(struct proc_packer *p, const struct store_exposure *exposure);

/* The bytes of an entry. What comes out borrows from it. False: it is none. */
bool proc_record_session_unpack(struct slice entry, struct store_record *ret_record);
bool proc_record_exposure_unpack(struct slice entry, struct store_exposure *ret_exposure);

struct proc_record_hello {
	struct store_hello hello; /* points into numbers */
	uint16_t numbers[4][STORE_HELLO_LIST_MAX];
};
bool proc_record_hello_unpack(struct slice entry, struct proc_record_hello *ret_hello);

#endif
