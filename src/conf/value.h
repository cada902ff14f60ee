/* Values as they are written in the configuration file: text in, a plain value out. Pure. */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf/settings.h"

enum { CONF_VALUE_BAD = 1 };

/* "5m", "35m", "90s", "500ms", "2h", "1d"; a number alone is seconds. 0 or CONF_VALUE_BAD. */
[[nodiscard]] int conf_duration_parse(const char *text, uint32_t *ret_ms);
/* The same in seconds: no "ms". */
[[nodiscard]] int conf_seconds_parse(const char *text, uint32_t *ret_s);
/* "64K", "2M", "1G" (1,024 each), or bytes. */
[[nodiscard]] int conf_size_parse(const char *text, size_t *ret_len);
[[nodiscard]] int conf_number_parse(const char *text, unsigned *ret_number);
/* "1.0" to "1.3". */
[[nodiscard]] int conf_version_parse(const char *text, enum tls_version *ret_version);
const char *conf_version_name(enum tls_version version);
/* "2027-03-31" as days since 1970-01-01; years 1970 to 9999. */
[[nodiscard]] int conf_date_parse(const char *text, int64_t *ret_days);
void conf_date_print(int64_t days, char ret_text[32]);
/* "sha256:BASE64" (with or without its "=") or 64 hexadecimal digits. */
[[nodiscard]] int conf_pin_parse(const char *text, uint8_t ret_pin[32]);

/* ret_why: what is wrong, in words, for CONF_VALUE_BAD. */
[[nodiscard]] int conf_address_parse(const char *text, struct conf_address *ret_address,
                                     const char **ret_why);
[[nodiscard]] int conf_network_parse(const char *text, struct conf_network *ret_network,
                                     const char **ret_why);
void conf_network_print(const struct conf_network *network, char ret_text[64]);

/* "ADDRESS" or "ADDRESS@PORT"; has_zone: "ZONE=" before it. */
[[nodiscard]] int conf_server_parse(const char *text, bool has_zone, struct conf_server *ret_server,
                                    const char **ret_why);
/* "lmtp:" or "smtp:" and an address, or "127.0.0.0/8:PORT". */
[[nodiscard]] int conf_handoff_parse(const char *text, struct conf_handoff *ret_handoff,
                                     const char **ret_why);
/* "HOST:PORT/PROTOCOL", with "=/FILE" behind it or not. */
[[nodiscard]] int conf_watched_parse(const char *text, struct conf_watched *ret_watched,
                                     const char **ret_why);
/* Not a name that has to be looked up. */
bool conf_watched_is_address(const struct conf_watched *watched);
/* "0660"; no more than 0777. */
[[nodiscard]] int conf_mode_parse(const char *text, unsigned *ret_mode);

/* On this host for certain: 127.0.0.0/8, ::1, a unix socket. */
bool conf_address_is_local(const struct conf_address *address);
bool conf_host_is_local(const char *host); /* an address without brackets or port */
bool conf_server_is_local(const struct conf_server *server);
/* A socket on one would take clients of the other: the same, or "*" and the same port. */
bool conf_address_overlaps(const struct conf_address *a, const struct conf_address *b);

bool conf_hostname_is_valid(const char *text);

/* Insertions, deletions, changes and swaps of neighbours to get from a to b. */
unsigned conf_edit_distance(const char *a, const char *b);

#endif
