// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Scripts as psql reads them, run over a connection of ours: variables, conditions, included
/// files, data of COPY.

#include "lifecycle/scripts/inspect.h"
#include "lifecycle/scripts/run.h"
