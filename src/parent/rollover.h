/*
 * Keys that are rolled by plan (rollover/rollover.h): the next key is made and kept beside the one
 * in force, witness is asked every "witness_every" whether its TLSA record is everywhere, and then
 * it is put in force. Inside of parent/ alone.
 */
#ifndef PARENT_ROLLOVER_H
#define PARENT_ROLLOVER_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct conf_certificate;
struct conf_settings;
struct json_t;
struct parent;

/* A plan of settings came into force: rollovers of its certificates go on. */
void parent_rollover_in_force(struct parent *p);
/* May a certificate with this key come into force, as far as plans have a say? */
bool parent_rollover_allows(const struct parent *p, const uint8_t *spki);
/* Witness asked everywhere. */
void parent_rollover_said(struct parent *p, struct slice payload);

/* For the control socket. NULL, or why not; parent_ctl_planned() follows for that request. */
const char *parent_rollover_plan(struct parent *p, const char *name, uint32_t request);
const char *parent_rollover_abort(struct parent *p, const char *name);
/* Each certificate: where its rollover is, and what is to be done. */
struct json_t *parent_rollovers_json(const struct parent *p);
void parent_rollovers_free(struct parent *p);

#endif
