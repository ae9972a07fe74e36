// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Physical backups: the whole cluster by pgBackRest, its log archived and streamed, and any moment
/// of it restored. Flow: ensure_archiving() once; create() by the schedule; continuity() tells what
/// can be restored; plan_restore() says what it will cost, restore_to_…() does it. Stream runs in
/// the daemon.

#include "operations/backups/physical/archiving.h"
#include "operations/backups/physical/catalogue.h"
#include "operations/backups/physical/coverage.h"
#include "operations/backups/physical/create.h"
#include "operations/backups/physical/put_in_place.h"
#include "operations/backups/physical/restore.h"
#include "operations/backups/physical/stream.h"
