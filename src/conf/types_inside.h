/* What the types of settings are made of. Inside of conf/types*.c. */
#ifndef CONF_TYPES_INSIDE_H
#define CONF_TYPES_INSIDE_H

#include "conf/tables.h"

#include <stdio.h>

/* By type; each is in one of them. */
extern const struct conf_type_ops conf_types_plain[CONF_TYPE_COUNT];
extern const struct conf_type_ops conf_types_list[CONF_TYPE_COUNT];
extern const struct conf_type_ops conf_types_names[CONF_TYPE_COUNT];

/* The row's field in base. */
void *conf_type_at(const struct conf_row *row, void *base);
const void *conf_type_at_const(const struct conf_row *row, const void *base);
char **conf_type_string_at(const struct conf_row *row, void *base);
const char *conf_type_string_of(const struct conf_row *row, const void *base);

/* What is wrong, and what to write instead. bad: always CONF_BAD. */
__attribute__((format(printf, 2, 3))) int conf_type_bad(struct conf_why *why, const char *format,
                                                        ...);
__attribute__((format(printf, 2, 3))) void conf_type_mend(struct conf_why *why, const char *format,
                                                          ...);

/* Room for one more item at the end of a list of the row; *ret_item is zeroed. 0 or -ENOMEM. */
[[nodiscard]] int conf_type_list_grow(const struct conf_row *row, void *base, size_t item_size,
                                      void **ret_item);
/* 0 or -ENOMEM. */
[[nodiscard]] int conf_type_list_copy(const struct conf_row *row, void *to, const void *from,
                                      size_t item_size);
void conf_type_list_clear(const struct conf_row *row, void *base);

/* A field that owns nothing. */
void conf_type_field_copy(const struct conf_row *row, void *to, const void *from);
[[nodiscard]] int conf_type_plain_copy(const struct conf_row *row, void *to, const void *from);

/* Numbers of any width: bool, enum, unsigned, size_t. */
void conf_type_number_store(const struct conf_row *row, void *base, uint64_t number);
uint64_t conf_type_number_load(const struct conf_row *row, const void *base);

/* Control characters, which no text of a setting may have. */
bool conf_type_has_control(const char *text);

/* In quotes, as the file has it. */
void conf_type_text_print(const char *text, FILE *out);
/* "a", "b" and "c" of all words that this version has. */
void conf_type_words_say(const struct conf_word *words, char *ret_text, size_t cap);

#endif
