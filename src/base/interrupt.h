// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Ctrl-C and SIGTERM, as something that waits can see. The handler only notes the signal; whoever
/// waits wakes up, leaves things consistent and throws. Threads: all functions may be called from
/// any thread.

namespace caisson::interrupt {

/// Catches SIGINT, SIGTERM and SIGHUP from now on, and ignores SIGPIPE.
void install();
bool requested();
/// Errors: interrupted, once one was requested.
void check();
/// Readable once an interrupt was requested: to be polled beside a socket. -1 before install().
int descriptor();

}  // namespace caisson::interrupt
