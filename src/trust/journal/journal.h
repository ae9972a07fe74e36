// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What was done to a database, so that it can be proven later. A run reads so:
///     Writer writer(options_of(run, database));          // nothing is opened yet
///     writer.append({kinds::start, subject, detail});    // stands, whatever happens
///     ... writer.within({kinds::finish, subject, detail}) in the transaction of the work ...
///     writer.end();                                      // signed; the head is kept outside
/// and an audit so:
///     Verifier verifier({uuid, heads, trusted, known});
///     read(connection, {}, [&](const Entry& entry) { verifier.take(entry); });
///     report(verifier.finish());

#include "trust/journal/entry.h"
#include "trust/journal/head.h"
#include "trust/journal/keys.h"
#include "trust/journal/table.h"
#include "trust/journal/verify.h"
#include "trust/journal/writer.h"
