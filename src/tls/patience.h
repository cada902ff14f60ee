/*
 * How many messages without data a peer may still send after the handshake. KeyUpdate, refused
 * renegotiation and the like cost us some and the peer little, so a storm of them ends a session.
 *
 * There are always some behind data of the peer. And there may be one for each record of ours: who
 * reads a large file and wants another key asks with each record that it reads until it has one
 * (Java does), and all those records may be on their way.
 */
#ifndef TLS_PATIENCE_H
#define TLS_PATIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TLS_PATIENCE = 32 };

/* The peer sent data. */
static inline void tls_patience_restore(uint16_t *patience)
{
	if (*patience < TLS_PATIENCE)
		*patience = TLS_PATIENCE;
}

/* We sent so many records with data. */
static inline void tls_patience_earn(uint16_t *patience, size_t records)
{
	size_t room = UINT16_MAX - (size_t)*patience;
	*patience = (uint16_t)(*patience + (records < room ? records : room));
}

/* The peer sent a message without data. False: it had none left. */
static inline bool tls_patience_spend(uint16_t *patience)
{
	if (!*patience)
		return false;
	--*patience;
	return true;
}

#endif
