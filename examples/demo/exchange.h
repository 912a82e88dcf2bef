/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exchange.h - what client and server of the experiment `server` say to each other.
 *
 * A request is a line and two headers as of HTTP, always of one size, and names an id. The reply
 * begins with that id and a checksum, both as hexadecimal digits; the rest is a function of the id,
 * so that it can be computed by one and verified by the other.
 */
#ifndef DEMO_EXCHANGE_H
#define DEMO_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

#define REQUEST_SIZE 64
#define REPLY_HEADER 32
#define REPLY_MAX (1 << 20)
#define REPLY_BODIES 8 /* ids that are equal modulo this have the same checksum and rest */

void request_write(char request[REQUEST_SIZE], uint64_t id);

/* 0 or -EBADMSG. */
int request_parse(const char request[REQUEST_SIZE], uint64_t *id);

/* size is REPLY_HEADER .. REPLY_MAX. */
void reply_write(char *reply, size_t size, uint64_t id);

/* Only the id in the header of a reply to another request of the same body. */
void reply_rename(char *reply, uint64_t id);

#endif
