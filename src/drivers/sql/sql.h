// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// SQL as text: split into statements, and recognised as far as a runner must know them. Nothing
/// here refuses what a server would take.

#include "drivers/sql/scanner.h"
#include "drivers/sql/split.h"
#include "drivers/sql/statement.h"
#include "drivers/sql/syntax.h"
