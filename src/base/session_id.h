/* What a session is called in the log, in Received and at the backend: 64 random bits in hex. */
#ifndef BASE_SESSION_ID_H
#define BASE_SESSION_ID_H

enum { SESSION_ID_CAP = 17 };

void session_id_make(char ret_id[SESSION_ID_CAP]);

#endif
