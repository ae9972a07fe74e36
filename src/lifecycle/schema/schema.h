// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a database consists of, as a value: taken from the catalogues, compared, remembered.
/// Flow: snapshot.h reads it, difference.h compares two, structure.h keeps the one that the
/// migrations led to in caisson.structure.

#include "lifecycle/schema/difference.h"
#include "lifecycle/schema/partitions.h"
#include "lifecycle/schema/snapshot.h"
#include "lifecycle/schema/structure.h"
