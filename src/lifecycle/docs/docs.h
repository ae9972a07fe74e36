// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a platform says of itself, as documents: its schemas, its keys in Redis, its variables.
/// Flow: documents.h makes the texts, comparison.h tells how a file differs from one.

#include "lifecycle/docs/comparison.h"
#include "lifecycle/docs/documents.h"
