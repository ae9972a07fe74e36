// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Migrations as files: folders in, values out. Opens no database.

#include "lifecycle/sources/create.h"
#include "lifecycle/sources/format.h"
#include "lifecycle/sources/load.h"
#include "lifecycle/sources/migration.h"
#include "lifecycle/sources/search.h"
#include "lifecycle/sources/sqitch_plan.h"
#include "lifecycle/sources/version.h"
