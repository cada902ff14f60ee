/* The files of a rollover, in state_dir/certificates/NAME/. */
#ifndef PARENT_ROLLOVER_FILES_H
#define PARENT_ROLLOVER_FILES_H

#include "conf/settings.h"
#include "rollover/rollover.h"

/* 0, ROLLOVER_BAD or a negative. No file: 0, and there is no plan. */
[[nodiscard]] int parent_rollover_file_read(const struct conf_settings *s,
                                            const struct conf_certificate *c,
                                            struct rollover *ret_r);
/* 0 or a negative. */
[[nodiscard]] int parent_rollover_file_write(const struct conf_settings *s,
                                             const struct conf_certificate *c,
                                             const struct rollover *r);

/*
 * Where the next key is to be made. What an earlier plan left goes. 0, a negative, or
 * PARENT_ROLLOVER_IN_USE: next.pem is the key that the configuration names.
 */
enum { PARENT_ROLLOVER_IN_USE = 1 };
[[nodiscard]] int parent_rollover_key_prepare(const struct conf_settings *s,
                                              const struct conf_certificate *c, char *ret_path,
                                              size_t cap);
/* keys wrote it: it becomes next.pem; the request is kept beside it where the operator has to take
 * it to a CA. 0 or a negative. */
[[nodiscard]] int parent_rollover_key_keep(const struct conf_settings *s,
                                           const struct conf_certificate *c, struct slice request);
/* The next key and all of the plan, but not a key in use. */
void parent_rollover_files_remove(const struct conf_settings *s, const struct conf_certificate *c);

/* Of an ordered certificate: is there one for the next key, valid now? One that is not is removed.
 */
bool parent_rollover_is_issued(const struct conf_settings *s, const struct conf_certificate *c,
                               const uint8_t *spki);
/*
 * The next pair in place of the current one, of an ordered certificate: the old key is kept as
 * previous.pem, then next.pem becomes key.pem, then next-chain.pem chain.pem. Between the last two
 * key and chain do not fit; a next-chain.pem without next.pem shows that, and
 * parent_rollover_files_mend() goes on. 0 or a negative.
 */
[[nodiscard]] int parent_rollover_files_switch(const struct conf_settings *s,
                                               const struct conf_certificate *c);
void parent_rollover_files_mend(const struct conf_settings *s, const struct conf_certificate *c);
/* It is over: the old key is not needed any more. */
void parent_rollover_previous_remove(const struct conf_settings *s,
                                     const struct conf_certificate *c);

#endif
