/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lib/security/session_tells.c - the same of TLS and DTLS: what a mechanism's
 * state, which begins with a session, tells of it.                          */
#include "security/session.h"

static const struct sally_session *session_of(const void *state)
{
    return state;
}

enum sally_channel_state sally_session_tell_state(const void *state)
{
    return session_of(state)->state;
}

enum sally_err sally_session_tell_reason(const void *state)
{
    return session_of(state)->reason;
}

struct sally_span sally_session_tell_peer(const void *state)
{
    return sally_session_peer(session_of(state));
}

const char *sally_session_tell_suite(const void *state)
{
    return sally_session_suite(session_of(state));
}

bool sally_session_tell_resumed(const void *state)
{
    return session_of(state)->resumed;
}

int sally_session_tell_alert(const void *state)
{
    return sally_session_alert(session_of(state));
}
