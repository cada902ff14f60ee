/* The folders and files of ordered certificates, and of the client that orders them. */
#ifndef PARENT_ACME_FILES_H
#define PARENT_ACME_FILES_H

#include "acme/due.h"
#include "conf/conf.h"

enum { PARENT_ACME_PATH_CAP = 512 };

/* Of a certificate, for us alone. 0 or a negative. */
[[nodiscard]] int parent_acme_folder_make(const struct conf_settings *s, const char *name);
/* In place of what is there, at once or not at all. 0 or a negative. */
[[nodiscard]] int parent_acme_file_write(const char *path, struct slice bytes);

/* Of the client's folder, which belongs to "user". */
struct parent_acme_paths {
	char folder[PARENT_ACME_PATH_CAP];  /* all below it the client may replace, by links too */
	char home[PARENT_ACME_PATH_CAP];    /* with the account at this CA */
	char account[PARENT_ACME_PATH_CAP]; /* its key */
	char request[PARENT_ACME_PATH_CAP];
	char issued[PARENT_ACME_PATH_CAP]; /* where the client writes what it got for it */
};
void parent_acme_paths(const struct conf_settings *s, const struct conf_certificate *c,
                       struct parent_acme_paths *ret_paths);
/* The folders, and the request in there, alone. 0 or a negative. */
[[nodiscard]] int parent_acme_request_write(const struct conf_settings *s,
                                            const struct parent_acme_paths *paths,
                                            struct slice request);
/* What the client wrote: a plain file of a bounded size, else a negative. */
[[nodiscard]] int parent_acme_issued_read(const struct parent_acme_paths *paths,
                                          struct buf *ret_pem);

void parent_acme_record_read(const struct conf_settings *s, const struct conf_certificate *c,
                             struct acme_record *ret_record);
/* 0 or a negative. */
[[nodiscard]] int parent_acme_record_write(const struct conf_settings *s,
                                           const struct conf_certificate *c,
                                           const struct acme_record *record);

#endif
