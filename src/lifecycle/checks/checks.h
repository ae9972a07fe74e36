// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Verification: is the database what it should be? Flow: load() reads checks/*.sql into values;
/// run() asks the built-in checks and those against a database, each in a read-only transaction
/// with a limit of time; the Report becomes text, JSON, JUnit or Markdown. script() gives the
/// platform's checks as one file for psql.

#include "lifecycle/checks/check.h"
#include "lifecycle/checks/report.h"
#include "lifecycle/checks/run.h"
#include "lifecycle/checks/script.h"
