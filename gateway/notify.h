/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gateway/notify.h - tells the service manager how we are, sd_notify(3)'s
 * protocol: one datagram to the socket that NOTIFY_SOCKET names.            */
#ifndef SALLY_NOTIFY_H
#define SALLY_NOTIFY_H

/* "READY=1", "STOPPING=1". Nothing happens without a service manager. */
void sally_notify_manager(const char *state);

/* "RELOADING=1" with the time that it wants; READY=1 ends it. */
void sally_notify_reloading(void);

#endif
