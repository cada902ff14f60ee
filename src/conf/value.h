/*
 * Single values as they are written in the configuration file: text in, a plain value out. Those of
 * more parts are in files of their own (address.h, network.h, date.h, server.h, watched.h). Pure.
 */
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
/* 1 to 65535. */
[[nodiscard]] int conf_port_parse(const char *text, uint16_t *ret_port);
/* "1.0" to "1.3". */
[[nodiscard]] int conf_version_parse(const char *text, enum tls_version *ret_version);
const char *conf_version_name(enum tls_version version);
/* "sha256:BASE64" (with or without its "=") or 64 hexadecimal digits. */
[[nodiscard]] int conf_pin_parse(const char *text, uint8_t ret_pin[32]);
/* "0660"; no more than 0777. */
[[nodiscard]] int conf_mode_parse(const char *text, unsigned *ret_mode);

bool conf_hostname_is_valid(const char *text);

#endif
