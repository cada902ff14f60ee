#include "store/record.h"

#include "base/clean.h"

static const char *const leg_names[] = {
	[STORE_LEG_INBOUND] = "inbound",
	[STORE_LEG_OUTBOUND] = "outbound",
	[STORE_LEG_USER] = "user",
	[STORE_LEG_INTERNAL] = "internal",
};
_Static_assert(COUNT_OF(leg_names) == STORE_LEG_COUNT, "a leg without a name");

static const char *const seal_names[] = {
	[STORE_SEAL_NONE] = "none",
	[STORE_SEAL_PLAIN] = "plain",
	[STORE_SEAL_LEGACY] = "legacy",
	[STORE_SEAL_SEALED] = "sealed",
	[STORE_SEAL_AUTHENTICATED] = "authenticated",
	[STORE_SEAL_LOCAL] = "local",
};
_Static_assert(COUNT_OF(seal_names) == STORE_SEAL_COUNT, "a seal without a name");

static const char *const event_names[] = {
	[STORE_EVENT_LOST_TLS] = "lost-tls",
	[STORE_EVENT_FELL_TO_PLAIN] = "fell-to-plain",
	[STORE_EVENT_OLDER] = "older-tls",
	[STORE_EVENT_LOST_CA] = "lost-ca",
};
_Static_assert(COUNT_OF(event_names) == STORE_EVENT_COUNT, "an event without a name");

const char *store_leg_name(enum store_leg leg)
{
	return (unsigned)leg < STORE_LEG_COUNT ? leg_names[leg] : "unknown";
}

const char *store_seal_name(enum store_seal seal)
{
	return (unsigned)seal < STORE_SEAL_COUNT ? seal_names[seal] : "unknown";
}

const char *store_event_name(enum store_event_kind kind)
{
	return (unsigned)kind < STORE_EVENT_COUNT ? event_names[kind] : "unknown";
}
